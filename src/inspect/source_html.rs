//! How the source looks as pages: HTML without script. This file does not know how the source is kept.

use super::source::{self, File};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter, Write};

/// What stands before the title of a page.
const BEFORE_TITLE: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
     <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
     <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>";

/// The words before the name of an item. Some can stand before others, as in `pub const fn`.
const BEFORE_NAMES: [&str; 9] =
    ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules!"];

/// Words that can stand before those.
const BEFORE_ITEMS: [&str; 4] = ["async", "unsafe", "default", "mut"];

/// The page `name`: the index, which has no name, or a file. `None` if there is no such page. A name is looked up in the index
/// and nowhere else, so no name leads to the disk.
pub fn page(name: &str) -> Option<String> {
    let known = source::index();
    let files = source::files(&known);
    if name.is_empty() {
        return Some(index(&files));
    }
    let at = files.iter().position(|file| file.path == name)?;
    source::text_of(&files, at).map(|text| file(&files[at], &text))
}

/// The list of all files.
fn index(files: &[File<'_>]) -> String {
    let mut html = begun("../", "The source of onepoll");
    html += "<p class=\"way\"><a href=\"../\">The reactor at work</a></p>\n<h1>The source</h1>\n\
             <p>This is the Rust source of this program, as it was built, and of the models of the lab. Begin with \
             <a href=\"src/lib.rs\">src/lib.rs</a>: it is the map, and says in which order to read.</p>\n</header>\n<main>\n";
    let mut room = None;
    for file in files {
        let this = file.room;
        if room != Some(this) {
            let end = if room.is_some() { "</dl>\n</section>\n" } else { "" };
            let _ = writeln!(html, "{end}<section>\n<h2 id=\"{this}\">{this}/</h2>\n<dl>");
            room = Some(this);
        }
        let name = file.path.strip_prefix(this).unwrap_or(file.path).trim_start_matches('/');
        let (path, sentence) = (Escaped(file.path), Escaped(file.sentence));
        let _ = writeln!(html, "<div><dt><a href=\"{path}\">{name}</a></dt><dd>{sentence}</dd></div>");
    }
    html + "</dl>\n</section>\n</main>\n</body>\n</html>\n"
}

/// A file with its lines. Line 12 is at `#L12`, and an item is at its name; where several have one name, the second is
/// `name-2`.
fn file(file: &File<'_>, text: &str) -> String {
    let up = "../".repeat(file.path.matches('/').count());
    let mut html = begun(&format!("../{up}"), file.path);
    let room = file.room;
    let _ = write!(
        html,
        "<p class=\"way\"><a href=\"../{up}\">The reactor at work</a> / <a href=\"{up}#{room}\">The source</a></p>\n\
         <h1>{}</h1>\n",
        Escaped(file.path)
    );
    let mut items = Items::default();
    let mut code = String::with_capacity(2 * text.len());
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let kind = if line.trim_start().starts_with("//") { " class=\"c\"" } else { "" };
        let _ =
            write!(code, "<span id=\"L{number}\"{kind}><a href=\"#L{number}\" tabindex=\"-1\">{number}</a>");
        items.write(line, &mut code);
        code += "\n</span>";
    }
    if !items.list.is_empty() {
        let count = items.count;
        let _ = writeln!(
            html,
            "<details><summary>Names in this file: {count}</summary>\n<ul>{}</ul></details>",
            items.list
        );
    }
    let _ = write!(html, "</header>\n<main>\n<pre>{code}</pre>\n");
    if file.lines_left_out > 0 {
        let _ = writeln!(
            html,
            "<p class=\"end\">In the file itself, {} lines of unit tests follow. They are not shown here.</p>",
            file.lines_left_out
        );
    }
    html + "</main>\n</body>\n</html>\n"
}

/// The beginning of a page. `up` leads to the page of the inspector.
fn begun(up: &str, title: &str) -> String {
    let title = Escaped(title);
    format!(
        "{BEFORE_TITLE}{title}</title>\n<link rel=\"stylesheet\" href=\"{up}source.css\">\n</head>\n<body>\n<header>\n"
    )
}

/// The items of a file, in order.
#[derive(Default)]
struct Items {
    /// How often each name was met.
    met: BTreeMap<String, usize>,
    count: usize,
    /// The rows of the list, in HTML.
    list: String,
}

impl Items {
    /// Writes a line in HTML, and the anchor of the item that it declares.
    fn write(&mut self, line: &str, html: &mut String) {
        let Some((before, name, after)) = item_in(line) else {
            let _ = write!(html, "{}", Escaped(line));
            return;
        };
        let met = self.met.entry(name.to_owned()).or_default();
        *met += 1;
        let id = if *met == 1 { name.to_owned() } else { format!("{name}-{met}") };
        let (before, after) = (Escaped(before), Escaped(after));
        let _ = write!(html, "{before}<b id=\"{id}\">{name}</b>{after}");
        let _ = write!(self.list, "<li><a href=\"#{id}\">{name}</a></li>");
        self.count += 1;
    }
}

/// The name of the item that a line declares, with what stands before and behind it.
fn item_in(line: &str) -> Option<(&str, &str, &str)> {
    let mut rest = line.trim_start();
    let mut is_named = false;
    loop {
        let end = rest.find(|char: char| !is_of_name(char)).unwrap_or(rest.len());
        let (word, after) = match rest.strip_prefix("macro_rules!") {
            Some(after) => ("macro_rules!", after),
            None => rest.split_at(end),
        };
        match word {
            "" => return None,
            "pub" => {
                rest = after
                    .strip_prefix('(')
                    .map_or(after, |scope| scope.split_once(')').map_or("", |(_, rest)| rest))
            }
            _ if BEFORE_NAMES.contains(&word) => (is_named, rest) = (true, after),
            _ if BEFORE_ITEMS.contains(&word) => rest = after,
            // `_` is no name, and one like that of a line would be taken for it.
            _ if is_named && word != "_" && !is_line(word) => {
                let begin = line.len() - rest.len();
                return Some((&line[..begin], word, after));
            }
            _ => return None,
        }
        rest = rest.trim_start();
    }
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// Whether a name is that of a line, such as `L12`.
fn is_line(name: &str) -> bool {
    name.strip_prefix('L').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Text in HTML. Quotes are escaped, too, so that it can be an attribute.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"']) {
            out.write_str(&rest[..at])?;
            out.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                _ => "&quot;",
            })?;
            rest = &rest[at + 1..];
        }
        out.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_by_their_names() {
        for (line, name) in [
            ("fn main() {", Some("main")),
            ("    pub(super) fn step(&mut self) {", Some("step")),
            ("pub const fn of(a: u8) -> u8 {", Some("of")),
            ("const A_MAX: usize = 1;", Some("A_MAX")),
            ("    pub async unsafe fn a<T>()", Some("a")),
            ("static mut B: u8 = 0;", Some("B")),
            ("pub struct Io<T> {", Some("Io")),
            ("macro_rules! table {", Some("table")),
            ("const _: () = assert!(true);", None),
            ("    // fn no()", None),
            ("    let fn_ = 1;", None),
            ("type L12 = u8;", None),
            ("impl Display for A {", None),
            ("pub(crate", None),
            ("", None),
        ] {
            let found = item_in(line);
            assert_eq!(found.map(|(_, name, _)| name), name, "{line}");
            if let Some((before, name, after)) = found {
                assert_eq!([before, name, after].concat(), line);
            }
        }
    }

    #[test]
    fn the_second_of_a_name_has_a_number_and_text_is_escaped() {
        let (mut items, mut html) = (Items::default(), String::new());
        items.write("fn a(x: &Vec<u8>)", &mut html);
        items.write("fn a() { \"\" }", &mut html);
        let expected = "fn <b id=\"a\">a</b>(x: &amp;Vec&lt;u8&gt;)fn <b id=\"a-2\">a</b>() { &quot;&quot; }";
        assert_eq!(html, expected);
    }

    #[test]
    fn the_index_has_the_room_of_each_file() {
        let index = source::index();
        let files = source::files(&index);
        for (path, room) in [
            ("src/lib.rs", "src"),
            ("src/conn/io.rs", "src/conn"),
            ("src/service/listing/html.rs", "src/service"),
            ("benches/variants/models/mod.rs", "benches/variants/models"),
        ] {
            let file = files.iter().find(|file| file.path == path).unwrap();
            assert_eq!(file.room, room, "{path}");
        }
    }
}
