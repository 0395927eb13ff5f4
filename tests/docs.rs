//! README.md and the pages in `docs/` say what is so: their links lead somewhere, their flags are those of `--help`, the
//! files and commands that they name exist, and no sentence stands in two places.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::program::{Program, onepoll};
use support::{folder, service};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A page, by its path in the project.
type Pages = BTreeMap<String, String>;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn names_in(folder: &str) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
}

fn pages() -> Pages {
    let docs = names_in("docs").map(|name| format!("docs/{name}"));
    let pages: Pages = docs.chain(["README.md".to_owned()]).map(|path| (path.clone(), read(&path))).collect();
    assert!(pages.len() > 5, "only {} pages", pages.len());
    pages
}

fn is_there(path: &str) -> bool {
    Path::new(ROOT).join(path).exists()
}

/// What stands in code: in backticks within a line, or behind the `$` of a block.
fn code_in(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_block = false;
    for line in page.lines() {
        match line.starts_with("```") {
            true => is_block = !is_block,
            false if is_block => found.extend(line.strip_prefix("$ ")),
            false => found.extend(line.split('`').skip(1).step_by(2)),
        }
    }
    found
}

/// A page whose tables have the flags of other servers in their first column, without that column.
fn ours_in(page: &str) -> String {
    let ours = |line: &str| match line.strip_prefix("| ").and_then(|row| row.split_once(" | ")) {
        Some((_, ours)) => ours.to_owned(),
        None => line.to_owned(),
    };
    page.lines().map(ours).collect::<Vec<_>>().join("\n")
}

/// The text of a page without its blocks of code.
fn prose_of(page: &str) -> String {
    let parts: Vec<_> = page.split("```").step_by(2).collect();
    parts.concat()
}

#[test]
fn the_readme_begins_with_what_it_is_and_takes_one_reading() {
    let readme = read("README.md");
    let first = readme.split("\n\n").nth(1).unwrap();
    assert!(first.contains("static files") && first.contains("Linux"), "{first}");
    assert!(readme.lines().count() <= 150, "{} lines", readme.lines().count());
    assert!(readme.contains("(www/tour.html)"), "it names the tour");
    assert!(read("src/lib.rs").contains("www/tour.html"), "and so does the library");
}

// Links.

/// The targets of the links and pictures of a page.
fn links_in(page: &str) -> Vec<String> {
    let prose = prose_of(page);
    let targets = prose.split("](").skip(1).map(|rest| rest.split_once(')').expect("a link ends").0);
    targets.map(str::to_owned).collect()
}

/// The anchors of a page, made of its headings as GitHub makes them.
fn anchors_in(page: &str) -> BTreeSet<String> {
    let prose = prose_of(page);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| -> String {
        let text = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        text.chars().filter(|char| char.is_alphanumeric() || matches!(char, '-' | '_')).collect()
    };
    headings.map(anchor).collect()
}

/// Where a relative link of `page` leads, from the folder of the project.
fn led_to(page: &str, target: &str) -> String {
    let mut at = PathBuf::from(page);
    at.pop();
    for part in target.split('/') {
        match part {
            ".." => assert!(at.pop(), "{page}: {target} leads out of the project"),
            _ => at.push(part),
        }
    }
    at.to_str().unwrap().to_owned()
}

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let pages = pages();
    let mut wrong = Vec::new();
    let mut linked = BTreeSet::new();
    for (page, text) in &pages {
        for target in links_in(text).iter().filter(|target| !target.starts_with("https://")) {
            let (file, anchor) =
                target.split_once('#').map_or((&**target, None), |(file, at)| (file, Some(at)));
            let file = if file.is_empty() { page.clone() } else { led_to(page, file) };
            let has_it =
                |anchor: &str| pages.get(&file).is_some_and(|page| anchors_in(page).contains(anchor));
            if !is_there(&file) || anchor.is_some_and(|anchor| !has_it(anchor)) {
                wrong.push(format!("{page}: {target}"));
            }
            if page == "README.md" {
                linked.insert(file);
            }
        }
    }
    assert!(wrong.is_empty(), "these links lead nowhere: {wrong:#?}");
    let missed: Vec<_> =
        pages.keys().filter(|page| page.starts_with("docs/") && !linked.contains(*page)).collect();
    assert!(missed.is_empty(), "README.md does not lead to {missed:?}");
}

// Flags, files and commands.

/// The names of each flag, such as `-p, --port`, with its default, as `--help` lists them.
fn flags_in_help() -> BTreeMap<String, String> {
    let program = Program::spawn(onepoll().arg("--help"));
    let help: Vec<String> = std::iter::from_fn(|| program.said()).collect();
    let mut flags: Vec<String> = Vec::new();
    for line in &help {
        let text = line.trim_start();
        // What a flag does stands further right.
        let is_left = line.len() - text.len() <= 6;
        match is_left && text.starts_with("-") || text.starts_with("[DIR|FILE]") {
            true => flags.push(text.to_owned()),
            false if !line.starts_with(' ') => flags.push(String::new()),
            false => *flags.last_mut().unwrap() += &format!(" {text}"),
        }
    }
    let flag = |text: &String| {
        let names = text.split([' ', ',']).take_while(|word| word.is_empty() || word.starts_with(['-', '[']));
        let names: Vec<_> = names
            .filter(|word| !word.is_empty())
            .map(|name| name.split("[=").next().unwrap().trim_matches(['[', ']', '.']))
            .collect();
        let default = text.split_once("[default: ").map_or("", |(_, default)| default.trim_end_matches(']'));
        (names.join(", ").replace('|', ", "), default.to_owned())
    };
    let mut flags: BTreeMap<_, _> =
        flags.iter().filter(|text| text.starts_with(['-', '['])).map(flag).collect();
    for every_program_has in ["-h, --help", "-V, --version"] {
        assert!(flags.remove(every_program_has).is_some(), "{flags:?}");
    }
    flags
}

#[test]
fn the_page_about_flags_says_what_help_says() {
    let page = read("docs/using.md");
    let (_, table) = page.split_once("| flag | default |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().replace('`', "")).collect();
        (cells[1].clone(), cells[2].clone())
    };
    assert_eq!(rows.map(row).collect::<BTreeMap<_, _>>(), flags_in_help());
}

#[test]
fn each_flag_that_is_named_exists() {
    let known: String = flags_in_help().into_keys().map(|names| names + ",").collect();
    let others = read("benches/peers/measure.py") + &read("benches/variants/cli.rs");
    let mut wrong = Vec::new();
    for (page, text) in pages() {
        let text = if page == "docs/coming-from.md" { ours_in(&text) } else { text };
        for code in
            code_in(&text).into_iter().filter(|code| code.starts_with("--") || code.starts_with("onepoll "))
        {
            let flags = code.split([' ', '=']).filter(|word| word.starts_with("--"));
            for flag in flags.filter(|flag| !matches!(*flag, "--help" | "--version")) {
                let is_of_others = others.contains(&format!("\"{flag}\""))
                    || others.contains(&format!("pub {}:", &flag[2..]));
                if !known.contains(&format!("{flag},")) && !is_of_others {
                    wrong.push(format!("{page}: {code}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "there are no such flags: {wrong:#?}");
}

#[test]
fn files_and_commands_that_are_named_exist() {
    let manifest = read("Cargo.toml");
    let rooms: BTreeSet<_> = [".", "src"].into_iter().flat_map(names_in).collect();
    let variables = read("src/cli.rs")
        + &read("src/cli/flags.rs")
        + &["support/mod.rs", "soak.rs", "simulation/main.rs"]
            .map(|name| read(&format!("tests/{name}")))
            .concat();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (page, text) in pages() {
        for code in code_in(&text) {
            let words: Vec<_> = code.split_whitespace().collect();
            let named = words.windows(2).filter_map(|pair| match pair[0] {
                "--test" => Some(
                    [format!("tests/{}.rs", pair[1]), format!("tests/{}/main.rs", pair[1])]
                        .iter()
                        .any(|path| is_there(path)),
                ),
                "--bench" => Some(manifest.contains(&format!("[[bench]]\nname = \"{}\"", pair[1]))),
                _ => None,
            });
            let paths = words.iter().filter(|word| {
                let first = word.split('/').next().unwrap_or_default();
                word.ends_with(".rs") || (word.contains('/') && first != "target" && rooms.contains(first))
            });
            let paths = paths.map(|path| is_there(path) || is_there(&format!("src/{path}")));
            let variables = words
                .iter()
                .filter(|word| word.starts_with("ONEPOLL_"))
                .map(|word| variables.contains(word.split('=').next().unwrap()));
            let found: Vec<bool> = named.chain(paths).chain(variables).collect();
            count += found.len();
            if found.contains(&false) {
                wrong.push(format!("{page}: {code}"));
            }
        }
    }
    assert!(wrong.is_empty(), "these do not exist: {wrong:#?}");
    assert!(count > 30, "only {count} files and commands");
}

// What it says.

#[test]
fn the_error_that_is_shown_is_what_a_client_gets() {
    let root = folder(&[]);
    let address = support::serve(root.path(), Default::default());
    let page = read("docs/answers.md");
    let (_, example) =
        page.split_once("$ curl -H 'Accept: application/problem+json' localhost:8080/nowhere\n").unwrap();
    let answer = service::answer_to(address, "GET", b"/nowhere", "Accept: application/problem+json\r\n");
    assert_eq!(example.lines().next(), Some(answer.text()));
}

/// Text in small letters, with single spaces and without marks.
fn in_short(sentence: &str) -> String {
    let words = sentence.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

#[test]
fn no_sentence_stands_in_two_places() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut twice = Vec::new();
    for (page, text) in pages() {
        let prose = prose_of(&text).replace("\n- ", "\n\n").replace("|\n", "|\n\n");
        let blocks = prose
            .split("\n\n")
            .flat_map(|block| block.split([';', '|']))
            .map(|block| block.replace('\n', " "));
        let sentences = blocks.flat_map(|block| block.split(". ").map(in_short).collect::<Vec<_>>());
        for sentence in sentences.filter(|sentence| sentence.len() > 40) {
            if let Some(other) = seen.insert(sentence.clone(), page.clone()) {
                twice.push(format!("{page} and {other}: {sentence}"));
            }
        }
    }
    assert!(twice.is_empty(), "{twice:#?}");
    assert!(seen.len() > 100, "only {} sentences", seen.len());
}

/// Words that leave out of whom or of what they speak, or that a reader of another mother tongue reads twice.
const UNCLEAR: [&str; 9] = [
    "whoever",
    "whatever is none",
    "somebody",
    "nobody",
    "everybody",
    "that which",
    "what is none",
    "those that",
    "those who",
];

#[test]
fn sentences_name_what_they_speak_of() {
    let program = Program::spawn(onepoll().arg("--help"));
    let help: String = std::iter::from_fn(|| program.said()).map(|line| line + "\n").collect();
    let mut texts = pages();
    texts.insert("--help".to_owned(), help);
    for path in ["www/index.html", "www/tour.html", "www/loop.vtt", "src/inspect/page/index.html"] {
        let html = read(path);
        // Code that a page quotes has its own rules.
        let parts: Vec<_> = html.split("<pre").map(|part| part.rsplit("</pre>").next().unwrap()).collect();
        texts.insert(path.to_owned(), parts.concat());
    }
    let mut wrong = Vec::new();
    for (name, text) in texts {
        let text = in_short(&text);
        wrong.extend(
            UNCLEAR.iter().filter(|words| text.contains(**words)).map(|words| format!("{name}: {words}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
