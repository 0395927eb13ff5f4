//! Listings of folders, as a page and as JSON: what is shown, in which order, where the links lead, and that a large
//! folder delays no other client.

mod support;

use onepoll::http::date::date_and_clock;
use onepoll::inspect::{Observed, Observer};
use onepoll::reactor::Reactor;
use onepoll::reactor::epoll::Epoll;
use onepoll::reactor::kernel::Ready;
use onepoll::service::Door;
use onepoll::service::door::Folders;
use onepoll::service::limits::Limits;
use onepoll::site::{Hidden, Policy};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::reference::resolved;
use support::service::{answer_to, get, serve_by_doors};
use support::{Answer, connect, folder, listen, reactor, read_answer, read_answers, serve, serve_by};

/// Names with a special meaning in HTML, in a link, in a shell or on a terminal.
#[rustfmt::skip]
const ODD_NAMES: [&str; 46] = [
    "<b>bold<b>", "<script>alert(1)<", "a&b", "a&amp;b", "&lt;", "quote\"s", "it's", "`tick`", "#hash", "a#b", "quest?ion",
    "?a=b", "per%cent", "%41", "%2e%2e", "%", "sp ace", "two  spaces", " before", "behind ", "new\nline", "\r\nfeed",
    "\ttab", "control\u{1}\u{7f}\u{1b}[31m", "\u{1f642}\u{1f468}\u{200d}\u{1f469}", "\u{fc}n\u{ef}\u{301}", "\u{202e}txt.exe",
    "a:b", "javascript:alert(1)", "http:", "C:", "-dash", "--", "+plus", "*", "~tilde", "a=b;c", "back\\slash", "\\",
    "a,b@c!d$e", "[1]{2}|^", "\u{ff0e}\u{ff0e}", "\u{2066}\u{2069}\u{200f}\u{61c}", "zero\u{200b}width", "c1\u{9b}31m",
    "\u{5d0}\u{5d1}\u{5d2}.txt",
];

/// How a name of [`ODD_NAMES`] is shown: invisible characters are escaped.
fn seen(name: &str) -> String {
    let mut seen = String::new();
    for char in name.chars() {
        match char {
            '\u{202e}' | '\u{2066}' | '\u{2069}' | '\u{200f}' | '\u{61c}' | '\u{200b}' => {
                seen.extend(char.escape_unicode());
            }
            _ if char.is_control() => seen.extend(char.escape_default()),
            _ => seen.push(char),
        }
    }
    seen
}

/// A row of a page, as a browser shows it.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    link: String,
    name: String,
    size: String,
    modified: String,
}

fn rows(page: &Answer) -> Vec<Row> {
    let row = |html: &str| {
        let (link, rest) = html.split_once("\">").unwrap();
        let (name, rest) = rest.split_once("</a></td><td>").unwrap();
        let (size, modified) = rest.split_once("</td><td>").unwrap();
        let (modified, _) = modified.split_once("</td></tr>\n").unwrap();
        let [size, modified] = [size, modified].map(str::to_owned);
        Row { link: unescape(link), name: unescape(name), size, modified }
    };
    page.text().split("<tr><td><a href=\"").skip(1).map(row).collect()
}

fn names(page: &Answer) -> Vec<String> {
    rows(page).into_iter().map(|row| row.name).collect()
}

/// The links in `text` before `end`, each with its text.
fn links_before(page: &Answer, end: &str) -> Vec<(String, String)> {
    let html = page.text().split(end).next().unwrap();
    let link = |html: &str| {
        let (link, rest) = html.split_once('"').unwrap();
        let name = rest.split_once('>').unwrap().1.split("</a>").next().unwrap();
        (unescape(link), unescape(name))
    };
    html.split("<a href=\"").skip(1).map(link).collect()
}

/// Decodes character references. Others than these fail the test, since all other characters must have been escaped.
fn unescape(html: &str) -> String {
    assert!(!html.contains(['<', '>', '"', '\'']), "{html}");
    let mut parts = html.split('&');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').expect(html);
        let known = [("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"'), ("#x27", '\''), ("#x2F", '/')];
        text.push(known.iter().find(|(known, _)| *known == name).expect(html).1);
        text.push_str(rest);
    }
    text
}

#[test]
fn every_name_is_shown_and_its_link_leads_to_it() {
    let root = folder(&[]);
    for at in ["", "inner <&\"'#?%/"] {
        fs::create_dir_all(root.path().join(at)).unwrap();
        for name in ODD_NAMES {
            fs::write(root.path().join(at).join(name), name).unwrap();
            let beside = root.path().join(at).join(format!("{name} folder"));
            fs::create_dir(&beside).unwrap();
            fs::write(beside.join("file"), name).unwrap();
        }
    }
    let address = serve(root.path(), Limits::default());
    for (at, others) in [("/", 1), ("/inner%20%3C%26%22%27%23%3F%25/", 0)] {
        let page = get(address, at);
        let rows = rows(&page);
        assert_eq!(rows.len(), 2 * ODD_NAMES.len() + others, "{at}");
        for name in ODD_NAMES {
            let name_seen = seen(name);
            let row = rows.iter().find(|row| row.name == name_seen);
            let row = row.unwrap_or_else(|| panic!("no {name:?} in {at}"));
            assert!(row.link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-._~".contains(&byte)));
            assert_eq!(get(address, &format!("{at}{}", row.link)).text(), name);
            let row = rows.iter().find(|row| row.name == format!("{name_seen} folder/")).unwrap();
            let inside = get(address, &format!("{at}{}", row.link));
            assert_eq!(names(&inside), ["file"]);
            assert_eq!(get(address, &format!("{at}{}file", row.link)).text(), name);
        }
    }
}

#[test]
fn breadcrumbs_lead_to_every_folder_above() {
    let root = folder(&[("one/<two> & \"2\"/#3?%/\u{1f642}/file", b"")]);
    let address = serve(root.path(), Limits::default());
    let path = "/one/%3Ctwo%3E%20%26%20%222%22/%233%3F%25/%F0%9F%99%82/";
    let page = get(address, path);
    let crumbs = links_before(&page, "</h1>");
    let expected: Vec<_> = ["/", "one/", "<two> & \"2\"/", "#3?%/", "\u{1f642}/"].map(str::to_owned).into();
    assert_eq!(crumbs.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>(), expected);
    let links: Vec<_> = crumbs.iter().map(|(link, _)| link.as_str()).collect();
    assert_eq!(links, ["../../../../", "../../../", "../../", "../", "./"]);
    assert_eq!(page.text().matches(" aria-current=\"page\"").count(), 1);
    for (at, (link, _)) in crumbs.iter().enumerate() {
        let above = get(address, &resolved(path, link));
        let expected_above: Vec<_> =
            crumbs[crumbs.len() - 1 - at..].iter().map(|(link, _)| link).zip(&expected).collect();
        let crumbs_above = links_before(&above, "</h1>");
        assert_eq!(
            crumbs_above.iter().map(|(link, name)| (link, name)).collect::<Vec<_>>(),
            expected_above,
            "{link}"
        );
        let title = above.text().split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        assert_eq!(unescape(title), expected[..=at].concat());
        let below = expected.get(at + 1).map_or("file", |name| name);
        assert_eq!(names(&above), [below], "{link}");
    }
    // The links lead to the same, however the path of the folder is written.
    for spelling in ["//one//", "/./one/.", "/%6fne/", "/one/?x=y", "/x/..//one/", "/one///"] {
        let crumbs = links_before(&get(address, spelling), "</h1>");
        assert_eq!(crumbs.iter().map(|(_, name)| name).collect::<Vec<_>>(), ["/", "one/"], "{spelling}");
        for (link, name) in crumbs {
            let led = names(&get(address, &resolved(spelling, &link)));
            assert_eq!(led, [if name == "/" { "one/" } else { "<two> & \"2\"/" }], "{spelling} {link}");
        }
    }
}

/// Folders and files whose orders by name, size and time all differ.
fn unsorted() -> tempfile::TempDir {
    let root = folder(&[
        ("beta.txt", &[b'x'; 3]),
        ("Alpha.txt", &[b'x'; 20_000]),
        ("\u{e4}.txt", b""),
        ("gamma.txt", &[b'x'; 1024]),
        ("alpha.txt", &[b'x'; 3]),
        ("Zebra/file", b""),
        ("apple/file", b""),
        ("Mango/file", b""),
    ]);
    for (days, name) in
        ["gamma.txt", "Mango", "alpha.txt", "Zebra", "Alpha.txt", "\u{e4}.txt", "beta.txt", "apple"]
            .iter()
            .enumerate()
    {
        set_modified(&root.path().join(name), UNIX_EPOCH + Duration::from_secs(86_400 * (days as u64 + 1)));
    }
    root
}

fn set_modified(path: &Path, time: SystemTime) {
    File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn folders_come_first_and_each_column_sorts_both_ways() {
    let root = unsorted();
    let address = serve(root.path(), Limits::default());
    #[rustfmt::skip]
    let table: &[(&[&str], &[&str], &[&str])] = &[
        // queries                                              folders                          files
        (&["", "?", "?sort=name", "?sort=name&order=asc", "?sort=nonsense", "?order=up", "?x&sort=name&y", "?sort=Size"],
                                                                &["apple", "Mango", "Zebra"],    &["Alpha.txt", "alpha.txt", "beta.txt", "gamma.txt", "\u{e4}.txt"]),
        (&["?order=desc", "?sort=name&order=desc"],             &["Zebra", "Mango", "apple"],    &["\u{e4}.txt", "gamma.txt", "beta.txt", "alpha.txt", "Alpha.txt"]),
        (&["?sort=size", "?order=asc&sort=size"],               &["apple", "Mango", "Zebra"],    &["\u{e4}.txt", "alpha.txt", "beta.txt", "gamma.txt", "Alpha.txt"]),
        (&["?sort=size&order=desc"],                            &["Zebra", "Mango", "apple"],    &["Alpha.txt", "gamma.txt", "beta.txt", "alpha.txt", "\u{e4}.txt"]),
        (&["?sort=time"],                                       &["Mango", "Zebra", "apple"],    &["gamma.txt", "alpha.txt", "Alpha.txt", "\u{e4}.txt", "beta.txt"]),
        (&["?order=desc&sort=time"],                            &["apple", "Zebra", "Mango"],    &["beta.txt", "\u{e4}.txt", "Alpha.txt", "alpha.txt", "gamma.txt"]),
    ];
    for (queries, folders, files) in table {
        for query in *queries {
            let folders = folders.iter().map(|name| format!("{name}/"));
            let expected: Vec<_> = folders.chain(files.iter().map(|name| (*name).to_owned())).collect();
            assert_eq!(names(&get(address, &format!("/{query}"))), expected, "{query}");
            let json = answer_to(address, "GET", format!("/{query}").as_bytes(), JSON);
            let listed: Value = serde_json::from_slice(&json.body).unwrap();
            let in_json = listed.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap());
            assert!(in_json.eq(expected.iter().map(|name| name.trim_end_matches('/'))), "{query}: {listed}");
        }
    }
}

#[test]
fn buttons_above_the_columns_sort_without_script_and_are_no_links() {
    let root = unsorted();
    let address = serve(root.path(), Limits::default());
    // Which column is sorted, and how, after a click on a button.
    let mut page = get(address, "/");
    assert_eq!(sorted(&page), ("Name".to_owned(), "ascending"));
    for (click, direction) in [
        ("Name", "descending"),
        ("Name", "ascending"),
        ("Size", "ascending"),
        ("Size", "descending"),
        ("Size", "ascending"),
        ("Modified", "ascending"),
        ("Modified", "descending"),
        ("Name", "ascending"),
    ] {
        let head = page.text().split("<thead>").nth(1).unwrap().split("<tbody>").next().unwrap();
        assert!(!head.contains("href"), "wget -r would take every folder again: {head}");
        let form =
            head.split("<form>").find(|form| form.contains(&format!(">{click}</button></form>"))).unwrap();
        let before = names(&page);
        page = get(address, &format!("/?{}", submitted(form)));
        assert_eq!(sorted(&page), (click.to_owned(), direction));
        assert_ne!(names(&page), before, "{click}");
    }

    fn sorted(page: &Answer) -> (String, &str) {
        let [_, rest] = page.text().split(" aria-sort=\"").collect::<Vec<_>>()[..] else {
            panic!("one column")
        };
        let (direction, rest) = rest.split_once('"').unwrap();
        (rest.split("</button>").next().unwrap().rsplit('>').next().unwrap().to_owned(), direction)
    }

    /// The query that a browser makes from the hidden fields and the button of a form.
    fn submitted(form: &str) -> String {
        let pair = |part: &str| {
            let (name, rest) = part.split_once("\" value=\"").unwrap();
            format!("{name}={}", rest.split('"').next().unwrap())
        };
        form.split(" name=\"").skip(1).map(pair).collect::<Vec<_>>().join("&")
    }
}

#[test]
fn numbers_in_names_count_and_times_before_1970_come_first() {
    let root = folder(&[]);
    let names_in_order = ["File1", "file2.txt", "FILE010", "file11", "file11a", "x9", "x10"];
    for (at, name) in names_in_order.iter().enumerate() {
        let file = File::create(root.path().join(name)).unwrap();
        let time =
            UNIX_EPOCH + Duration::from_secs(100_000_000) - Duration::from_secs(30_000_000 * at as u64);
        file.set_modified(time).unwrap();
    }
    let address = serve(root.path(), Limits::default());
    assert_eq!(names(&get(address, "/")), names_in_order);
    let mut backwards = names_in_order;
    backwards.reverse();
    assert_eq!(names(&get(address, "/?order=desc")), backwards);
    assert_eq!(names(&get(address, "/?sort=time")), backwards);
}

const JSON: &str = "Accept: application/json\r\n";

/// What Kodi (`HTTPDirectory.cpp`) reads as an item: the text of the link is the name, and size and date follow in
/// the row.
#[test]
fn programs_that_read_listings_find_items() {
    let root = folder(&[("a b.mkv", &[b'x'; 1536]), ("1 & 2/file", b""), ("it's.txt", b"")]);
    for name in ["a b.mkv", "1 & 2", "it's.txt"] {
        set_modified(&root.path().join(name), UNIX_EPOCH + Duration::from_secs(784_111_777));
    }
    let address = serve(root.path(), Limits::default());
    let page = get(address, "/");
    let lines: Vec<_> = page.text().lines().filter(|line| line.contains("<td>")).collect();
    assert_eq!(
        lines,
        [
            "<tr><td><a href=\"1%20%26%202/\">1 &amp; 2/</a></td><td></td><td>1994-11-06 08:49</td></tr>",
            "<tr><td><a href=\"a%20b.mkv\">a b.mkv</a></td><td>1.5 KiB</td><td>1994-11-06 08:49</td></tr>",
            "<tr><td><a href=\"it%27s.txt\">it&#x27;s.txt</a></td><td>0 B</td><td>1994-11-06 08:49</td></tr>",
        ]
    );
    // Other programs use the titles of the columns.
    for head in ["Name", "Size", "Modified"] {
        assert_eq!(page.text().matches(&format!(">{head}</button>")).count(), 1, "{head}");
    }
}

#[test]
fn json_says_names_as_they_are_and_fools_no_terminal() {
    let root =
        folder(&[("gpj\u{202e}.exe", b"1"), ("\u{1b}[2J\u{7f}\u{9b}\u{feff}/file", b""), ("\u{e4}", b"2")]);
    fs::write(root.path().join(OsStr::from_bytes(b"\xe4 \xff")), "3").unwrap();
    let address = serve(root.path(), Limits::default());
    let json = answer_to(address, "GET", b"/", JSON);
    let is_plain =
        |char: char| char == '\n' || (' '..='~').contains(&char) || "\u{e4}\u{fffd}".contains(char);
    assert!(json.text().chars().all(is_plain), "{:?}", json.text());
    let listed: Vec<Value> = serde_json::from_slice(&json.body).unwrap();
    let mut said: Vec<_> = listed.iter().map(|item| item["name"].as_str().unwrap()).collect();
    said.sort_unstable();
    assert_eq!(said, ["\u{1b}[2J\u{7f}\u{9b}\u{feff}", "gpj\u{202e}.exe", "\u{e4}", "\u{fffd} \u{fffd}"]);
    for item in &listed {
        let link = item["link"].as_str().unwrap();
        assert_eq!(link.ends_with('/'), item["type"] == "folder", "{link}");
        assert_eq!(get(address, &format!("/{link}")).status, 200, "{link}");
    }
    assert!(listed.iter().any(|item| item["link"] == "%E4%20%FF"), "{listed:?}");
}

/// A name that turns the direction of writing is shown with an escape everywhere: in its row, in the title and in the
/// path. The link itself keeps the name.
#[test]
fn a_name_cannot_look_like_another() {
    let root = folder(&[("a\u{202e}gpj/b\u{2067}c/exe\u{202e}txt", b"")]);
    let address = serve(root.path(), Limits::default());
    let page = get(address, "/a%E2%80%AEgpj/b%E2%81%A7c/");
    let hides = |text: &str| text.contains(['\u{202e}', '\u{2067}']);
    assert!(page.status == 200 && !hides(page.text()), "{}", page.text());
    assert!(page.text().contains("<title>/a\\u{202e}gpj/b\\u{2067}c/</title>"), "{}", page.text());
    let crumbs: Vec<_> = links_before(&page, "</h1>").into_iter().map(|(_, name)| name).collect();
    assert_eq!(crumbs, ["/", "a\\u{202e}gpj/", "b\\u{2067}c/"]);
    let row = &rows(&page)[0];
    assert_eq!((row.link.as_str(), row.name.as_str()), ("exe%E2%80%AEtxt", "exe\\u{202e}txt"));
}

#[test]
fn sizes_and_times_are_for_people_and_json_says_the_same() {
    let root = folder(&[("folder/file", b""), ("<\"odd\\\" & name>\n", b"12345")]);
    #[rustfmt::skip]
    let files: [(&str, u64, i64, &str, &str); 8] = [
        // name       bytes              seconds since 1970   size         modified
        ("empty",     0,                 0,                   "0 B",       "1970-01-01 00:00"),
        ("byte",      1,                 784_111_777,         "1 B",       "1994-11-06 08:49"),
        ("almost",    1023,              951_782_400,         "1023 B",    "2000-02-29 00:00"),
        ("kibi",      1024,              1_735_689_599,       "1.0 KiB",   "2024-12-31 23:59"),
        ("page",      1536,              1_735_689_600,       "1.5 KiB",   "2025-01-01 00:00"),
        ("mebi",      5 << 20,           2_145_916_800,       "5.0 MiB",   "2038-01-01 00:00"),
        ("gibi",      5 << 30,           -86_400,             "5.0 GiB",   "1969-12-31 00:00"),
        ("tebi",      3 << 40,           2_147_483_647,       "3.0 TiB",   "2038-01-19 03:14"),
    ];
    for (name, bytes, seconds, ..) in files {
        let file = File::create(root.path().join(name)).unwrap();
        file.set_len(bytes).unwrap();
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let time = if seconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
        file.set_modified(time).unwrap();
    }
    let address = serve(root.path(), Limits::default());
    let page = get(address, "/");
    let rows = rows(&page);
    assert!(page.text().contains("<p>1 folder, 9 files\n"), "{}", page.text());
    for (name, _, _, size, modified) in files {
        let row = rows.iter().find(|row| row.name == name).unwrap();
        assert_eq!((row.size.as_str(), row.modified.as_str()), (size, modified), "{name}");
    }
    assert_eq!((rows[0].name.as_str(), rows[0].size.as_str()), ("folder/", ""));

    let answer = answer_to(address, "GET", b"/", JSON);
    assert_eq!(answer.field("content-type"), Some("application/json"));
    let listed: Value = serde_json::from_slice(&answer.body).unwrap();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), rows.len());
    let is_said_alike =
        |at: usize| date_and_clock(listed[at]["modified"].as_i64().unwrap()) == rows[at].modified;
    assert!((0..rows.len()).all(is_said_alike), "{listed:?} {rows:?}");
    for (item, row) in listed.iter().zip(&rows) {
        let slash = if item["type"] == "folder" { "/" } else { "" };
        assert_eq!(format!("{}{slash}", seen(item["name"].as_str().unwrap())), row.name);
        if let Some((_, bytes, seconds, ..)) = files.iter().find(|(name, ..)| *name == row.name) {
            assert_eq!(item["type"], "file");
            assert_eq!((item["size"].as_u64(), item["modified"].as_i64()), (Some(*bytes), Some(*seconds)));
        }
    }
    assert_eq!((&listed[0]["type"], &listed[0]["size"]), (&Value::from("folder"), &Value::Null));
}

#[test]
fn who_asks_for_json_gets_it() {
    let root = folder(&[("sub/file", b"")]);
    fs::create_dir(root.path().join("empty")).unwrap();
    let address = serve(root.path(), Limits::default());
    for (accept, is_json) in [
        ("application/json", true),
        ("APPLICATION/JSON;q=0.5", true),
        ("application/json, text/html;q=0.9", true),
        ("text/html, application/json", false),
        ("text/html, application/json;q=0.9", false),
        ("application/json;q=0", false),
        ("*/*", false),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
        ("", false),
    ] {
        let answer = answer_to(address, "GET", b"/sub/", &format!("Accept: {accept}\r\n"));
        let kind = if is_json { "application/json" } else { "text/html; charset=utf-8" };
        assert_eq!((answer.status, answer.field("content-type")), (200, Some(kind)), "{accept}");
        assert_eq!(answer.field("vary"), Some("Accept"), "{accept}");
        assert_eq!(answer.field("cache-control"), Some("no-cache"), "{accept}");
    }
    let empty = answer_to(address, "GET", b"/empty/", JSON);
    assert_eq!(serde_json::from_slice::<Value>(&empty.body).unwrap(), Value::Array(vec![]));
    let empty = get(address, "/empty/");
    assert!(rows(&empty).is_empty() && empty.text().contains("<p>This folder is empty"), "{}", empty.text());
}

#[test]
fn only_what_is_served_is_shown() {
    let outer = folder(&[
        ("secret", b"secret"),
        ("root/file", b"file"),
        ("root/folder/index.html", b"index"),
        ("root/.hidden", b"hidden"),
        ("root/.git/config", b"hidden"),
        ("root/.well-known/security.txt", b"shown"),
    ]);
    let root = outer.path().join("root");
    for (link, target) in [
        ("link", "file"),
        ("folder-link", "folder"),
        ("here", "."),
        ("outside", "../secret"),
        ("outside-folder", ".."),
        ("absolute", "/etc/passwd"),
        ("dangling", "nowhere"),
        ("circle", "circle"),
        ("fifo-link", "fifo"),
        ("zero", "/dev/zero"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"no\xfftext")), "").unwrap();
    let shown = [".well-known/", "folder/", "folder-link/", "here/", "file", "link", "no\u{fffd}text"];
    let hidden = [
        ".git/",
        ".well-known/",
        "folder/",
        "folder-link/",
        "here/",
        ".hidden",
        "file",
        "link",
        "no\u{fffd}text",
    ];
    for (policy, shown) in [
        (Policy::default(), &shown[..]),
        (Policy { hidden: Hidden::Served, ..Policy::default() }, &hidden[..]),
    ] {
        let address = serve_by(&root, policy);
        let page = get(address, "/");
        assert_eq!(names(&page), shown);
        let json = answer_to(address, "GET", b"/", JSON);
        let listed: Value = serde_json::from_slice(&json.body).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), shown.len(), "{listed}");
        for row in rows(&page) {
            assert_eq!(get(address, &format!("/{}", row.link)).status, 200, "{}", row.name);
        }
    }
}

#[test]
fn an_index_that_is_no_file_does_not_stand_for_its_folder() {
    let outer = folder(&[
        ("secret", b"secret"),
        ("root/folder/index.html/inside", b"inside"),
        ("root/folder/shown", b""),
        ("root/pipe/shown", b""),
        ("root/dangling/shown", b""),
        ("root/outside/shown", b""),
        ("root/circle/shown", b""),
        ("root/inside/index.html", b""),
    ]);
    let root = outer.path().join("root");
    mknodat(CWD, root.join("pipe/index.html"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    symlink("nowhere", root.join("dangling/index.html")).unwrap();
    symlink("../../secret", root.join("outside/index.html")).unwrap();
    symlink("index.html", root.join("circle/index.html")).unwrap();
    let doors = [Folders::Listed, Folders::NotListed].map(|folders| Door { folders, ..Door::default() });
    let [on, off] = serve_by_doors(doors, &root);
    for (path, shown) in [
        ("/folder/", &["index.html/", "shown"][..]),
        ("/pipe/", &["shown"]),
        ("/dangling/", &["shown"]),
        ("/outside/", &["shown"]),
        ("/circle/", &["shown"]),
        ("/folder/index.html/", &["inside"]),
    ] {
        assert_eq!(names(&get(on, path)), shown, "{path}");
        assert_eq!(get(off, path).status, 404, "{path}");
    }
    for address in [on, off] {
        assert_eq!(get(address, "/inside/").status, 200);
        assert_eq!(get(address, "/folder/index.html/inside").text(), "inside");
        assert_eq!(get(address, "/nowhere/").status, 404);
    }
}

#[test]
fn head_says_what_get_would() {
    let root = unsorted();
    let address = serve(root.path(), Limits::default());
    for fields in ["", JSON] {
        let [mut get, mut head] =
            ["GET", "HEAD"].map(|method| answer_to(address, method, b"/?sort=size", fields));
        assert!(!get.body.is_empty() && head.body.is_empty());
        let length = get.body.len().to_string();
        assert_eq!(head.field("content-length"), Some(length.as_str()));
        for answer in [&mut get, &mut head] {
            let date = answer.field("date").unwrap().to_owned();
            answer.head = answer.head.replace(&date, "");
        }
        assert_eq!(get.head, head.head);
    }
}

#[test]
fn pipelined_listings_are_answered_in_their_order() {
    let root = folder(&[("a/one", b""), ("b/two", b""), ("file", b"three")]);
    let address = serve(root.path(), Limits::default());
    let get = |path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let requests: String = ["/a/", "/file", "/b/", "/a/", "/b/", "/file"].map(get).concat();
    let answers = read_answers(&support::ask(address, requests.as_bytes()));
    let shown = ["one", "three", "two", "one", "two", "three"];
    assert_eq!(answers.len(), shown.len());
    for (answer, shown) in answers.iter().zip(shown) {
        assert!(answer.text().contains(shown), "{shown}: {}", answer.text());
    }
}

#[test]
fn the_page_is_whole_plain_and_for_everyone() {
    let root = folder(&[("file", b""), ("sub/file", b"")]);
    let address = serve(root.path(), Limits::default());
    let page = get(address, "/sub/");
    let html = page.text();
    for part in [
        "<!doctype html>\n<html lang=\"en\">",
        "<meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width\">",
        "<meta name=\"color-scheme\" content=\"light dark\">",
        "<title>/sub/</title>",
        "<link rel=\"icon\" href=\"data:,\">",
        "@media (prefers-color-scheme: dark)",
        "<nav aria-label=\"Path\">",
        "<main>",
        "<th scope=\"col\"",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    for tag in ["h1", "nav", "main", "table", "style", "title", "footer"] {
        let [opened, closed] = [format!("<{tag}"), format!("</{tag}>")].map(|tag| html.matches(&tag).count());
        assert_eq!((opened, closed), (1, 1), "{tag} in {html}");
    }
    for absent in ["<script", "http:", "https:", "url(", "@import", "src=", "{{", "}}", "onclick"] {
        assert!(!html.contains(absent), "{absent} in {html}");
    }
}

/// More names than one turn reads or writes.
const MANY: usize = 10_000;

/// Time is measured on the processor by this thread, so that other processes do not count. A debug build may take
/// several times what is promised.
const TURN_MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 60 } else { 10 });

#[test]
fn nobody_waits_for_a_listing_of_ten_thousand_names() {
    let root = folder(&[("file", b"here")]);
    let many = root.path().join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..MANY {
        let name = format!("A file with quite a <long> name & number {number:05}.txt");
        fs::hard_link(root.path().join("file"), many.join(name)).unwrap();
    }
    let mut served = Served::new(root.path());
    for (query, fields) in [("", ""), ("?sort=time&order=desc", ""), ("?sort=size", JSON)] {
        let (answer, turns, longest) = served.list(&format!("/many/{query}"), fields, |_| {});
        eprintln!("{MANY} names{query} {fields:?}: {turns} turns, the longest {longest:?}");
        assert!(turns >= 20, "the whole in {turns} turns");
        assert!(longest <= TURN_MOST, "{longest:?} in one turn");
        let count = match fields {
            "" => rows(&answer).len(),
            _ => serde_json::from_slice::<Value>(&answer.body).unwrap().as_array().unwrap().len(),
        };
        assert_eq!(count, MANY);
    }
}

#[test]
fn names_that_cannot_be_shown_are_passed_over_a_part_a_turn() {
    const NAMES: usize = 3000;
    let root = folder(&[("file", b"here"), ("many/shown", b"")]);
    for number in 0..NAMES {
        let name = root.path().join("many").join(format!(".{number}"));
        fs::hard_link(root.path().join("file"), name).unwrap();
    }
    let (answer, turns, _) = Served::new(root.path()).list("/many/", "", |_| {});
    assert_eq!(names(&answer), ["shown"]);
    assert!(turns >= 10, "{NAMES} names in {turns} turns");
}

#[test]
fn a_folder_may_change_and_vanish_while_it_is_listed() {
    const NAMES: usize = 400;
    let root = folder(&[("file", b"here")]);
    let many = root.path().join("many");
    let add = |number: usize| fs::hard_link(root.path().join("file"), many.join(number.to_string())).unwrap();
    let fill = || {
        fs::create_dir(&many).unwrap();
        (0..NAMES).for_each(add);
    };
    let vanish = || fs::remove_dir_all(&many).unwrap();
    let shrink =
        || (0..NAMES).step_by(2).for_each(|number| fs::remove_file(many.join(number.to_string())).unwrap());
    let grow = || (NAMES..2 * NAMES).for_each(add);
    let swap = || {
        fs::rename(&many, root.path().join("aside")).unwrap();
        symlink("..", &many).unwrap();
    };
    let changes: [&dyn Fn(); 4] = [&vanish, &shrink, &grow, &swap];
    for (number, change) in changes.iter().enumerate() {
        for at in [1, 2, 4] {
            fill();
            let mut served = Served::new(root.path());
            let (answer, ..) = served.list("/many/", "", |turn| {
                if turn == at {
                    change();
                }
            });
            assert_eq!(answer.status, 200, "change {number} in turn {at}");
            assert!(answer.text().ends_with("</footer>\n"), "change {number} in turn {at}");
            let names = names(&answer);
            let numbers: Vec<_> = names.iter().map(|name| name.parse().unwrap_or(usize::MAX)).collect();
            assert!(numbers.iter().all(|number| *number < 2 * NAMES), "{names:?}");
            assert!(numbers.is_sorted_by(|a, b| a < b), "each once, in order: {names:?}");
            let _ = fs::remove_dir_all(root.path().join("aside"));
            let _ = fs::remove_file(&many).or_else(|_| fs::remove_dir_all(&many));
        }
    }
}

/// A server in the thread of its test, which makes its turns, and a client that wants an answer from every turn.
struct Served {
    reactor: Reactor<Observed<Epoll, Timed>>,
    address: SocketAddr,
    woke: Rc<Cell<Duration>>,
    other: TcpStream,
}

impl Served {
    fn new(root: &Path) -> Served {
        let (epoll, address) = listen();
        let woke = Rc::new(Cell::default());
        let kernel = Observed::new(epoll, Timed(woke.clone()));
        let reactor = reactor(kernel, root, Limits::default());
        let mut other = connect(address);
        // A client that sends a byte is accepted at once; a silent client a second later.
        write!(other, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut served = Served { reactor, address, woke, other };
        served.turn();
        assert_eq!(read_answer(&mut served.other, "GET").text(), "here");
        served
    }

    /// Asks for `target`: the answer, the number of turns that it took, and the time of the longest turn. `between`
    /// is called after each turn.
    fn list(&mut self, target: &str, fields: &str, between: impl Fn(usize)) -> (Answer, usize, Duration) {
        let mut client = connect(self.address);
        write!(client, "GET {target} HTTP/1.1\r\nHost: a\r\n{fields}Connection: close\r\n\r\n").unwrap();
        client.set_nonblocking(true).unwrap();
        let (mut bytes, mut turns, mut longest) = (Vec::new(), 0, Duration::ZERO);
        loop {
            write!(self.other, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            longest = longest.max(self.turn());
            assert_eq!(read_answer(&mut self.other, "GET").text(), "here", "served in every turn");
            match client.read_to_end(&mut bytes) {
                Ok(_) => return (read_answer(&mut &bytes[..], "GET"), turns, longest),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            turns += 1;
            between(turns);
        }
    }

    /// Makes one turn of the loop. Gives the time on the processor that it took, without the wait.
    fn turn(&mut self) -> Duration {
        self.reactor.turn(&mut Vec::new()).unwrap();
        processor_time() - self.woke.get()
    }
}

fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// When the last wait was over.
#[derive(Clone)]
struct Timed(Rc<Cell<Duration>>);

impl Observer for Timed {
    fn woke(&mut self, _: Instant, _: &mut Vec<Ready>) {
        self.0.set(processor_time());
    }
}
