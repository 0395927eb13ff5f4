//! Listings of folders, as a page and as JSON: what is shown, in which order, where the links lead, and that a large
//! folder delays no other client.

mod support;

use onepoll::http::date::date_and_clock;
use onepoll::inspect::{Observed, Observer};
use onepoll::os::files::Links;
use onepoll::reactor::Reactor;
use onepoll::reactor::epoll::Epoll;
use onepoll::reactor::kernel::Ready;
use onepoll::service::door::Folders;
use onepoll::service::limits::Limits;
use onepoll::service::prefix::Prefix;
use onepoll::service::{Door, Service};
use onepoll::site::{Hidden, Policy, Site};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::reference::resolved;
use support::service::{answer_to, get, serve_by_doors, serve_watched};
use support::{Answer, connect, folder, listen, reactor, read_answer, read_answers, serve, serve_by, start};

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

/// A row of a page, as a browser without scripts shows it. The row of the folder above is left out.
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
        let (modified, _) = modified.split_once("</time></td></tr>\n").unwrap();
        let (attributes, modified) = modified.split_once("\">").unwrap();
        // The same time stands there three times: for scripts, for a pointer, and for a user who has neither.
        let (exact, title) =
            attributes.strip_prefix("<time datetime=\"").unwrap().split_once("Z\" title=\"").unwrap();
        assert_eq!(format!("{} UTC", exact.replace('T', " ")), title);
        assert!(title.starts_with(modified), "{title}");
        let [size, modified] = [size, modified].map(str::to_owned);
        Row { link: unescape(link), name: unescape(name), size, modified }
    };
    let rows = page.text().split("<tr><td><a href=\"").skip(1);
    rows.filter(|html| !html.contains(ABOVE)).map(row).collect()
}

/// What stands in the row of the folder above.
const ABOVE: &str = "\" title=\"The folder above\">../</a></td><td></td><td></td></tr>\n";

/// The link in the row of the folder above, if there is such a row.
fn link_above(page: &Answer) -> Option<&str> {
    page.text()
        .split(ABOVE)
        .next()?
        .rsplit_once("<tr><td><a href=\"")
        .map(|(_, link)| link)
        .filter(|_| page.text().contains(ABOVE))
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

#[test]
fn the_first_row_leads_to_the_folder_above() {
    let root = folder(&[("file", b""), ("a/b/c d/file", b"")]);
    let address = serve(root.path(), Limits::default());
    for (path, above) in [
        ("/", None),
        ("/?q=f", None),
        ("/a/..", None),
        ("/a/", Some("/")),
        ("/a/?sort=size&order=desc&q=b", Some("/")),
        ("/a/b/c%20d/", Some("/a/b/")),
        ("//a//b//", Some("//a/")),
        ("/a/./b/.", Some("/a/")),
        ("/a/b/../b/c%20d/.", Some("/a/b/")),
    ] {
        let page = get(address, path);
        assert_eq!(page.status, 200, "{path}");
        let link = link_above(&page).map(|link| resolved(path, link));
        assert_eq!(link.as_deref(), above, "{path}");
        assert!(page.text().matches(ABOVE).count() < 2, "{path}");
        if let Some(above) = above {
            assert_eq!(get(address, above).status, 200, "{path}");
        }
    }
}

/// The title of a page.
fn title(page: &Answer) -> String {
    unescape(page.text().split("<title>").nth(1).unwrap().split("</title>").next().unwrap())
}

#[test]
fn below_a_prefix_a_listing_names_the_whole_path_and_leads_no_higher() {
    let root = folder(&[("file", b""), ("sub/<x>/file", b"")]);
    for (prefix, at, root_name) in [
        ("/repo/", "/repo", "/repo/"),
        ("/a/%C3%A9%20%3C\u{202e}/", "/a/%C3%A9%20%3C%E2%80%AE", "/a/\u{e9} <\\u{202e}/"),
    ] {
        let address = serve_below(root.path(), prefix);
        let start = get(address, &format!("{at}/"));
        assert_eq!((title(&start).as_str(), link_above(&start)), (root_name, None));
        let crumbs = links_before(&start, "</h1>");
        assert_eq!(crumbs, [("./".to_owned(), root_name.to_owned())]);
        let path = format!("{at}/sub/%3Cx%3E/");
        let deep = get(address, &path);
        assert_eq!(title(&deep), format!("{root_name}sub/<x>/"));
        let crumbs = links_before(&deep, "</h1>");
        let expected = [("../../", root_name), ("../", "sub/"), ("./", "<x>/")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!((crumbs.as_slice(), link_above(&deep)), (&expected[..], Some("../")));
        // However the prefix is written.
        let spelled = get(address, &format!("/x/..{at}//sub/"));
        assert_eq!((title(&spelled), link_above(&spelled)), (format!("{root_name}sub/"), Some("../../")));
    }
}

/// Serves `root` below `prefix`, until the test process ends.
fn serve_below(root: &Path, prefix: &str) -> SocketAddr {
    let (epoll, address) = listen();
    let service =
        Service::new(Site::open(root, Policy::default()).unwrap()).below(Prefix::parse(prefix).unwrap());
    start(Reactor::new(epoll, service));
    address
}

/// What the page says of how many names match.
fn matching(page: &Answer) -> &str {
    page.text().split("<output for=\"q\">").nth(1).unwrap().split("</output>").next().unwrap()
}

#[test]
fn the_text_of_a_query_filters_names_in_any_case_and_json_too() {
    let root = folder(&[
        ("Alpha.txt", b"1"),
        ("beta.TXT", b"22"),
        ("a&b+c", b""),
        ("100%.txt", b""),
        ("\u{c4}rger", b""),
        ("\u{39f}\u{3a3}", b""),
        ("turn\u{202e}ed", b""),
        ("new\nline", b""),
        ("\u{130}", b""),
        ("folder.txt/x", b""),
        ("Other/x", b""),
    ]);
    fs::write(root.path().join(OsStr::from_bytes(b"no\xfftext")), "").unwrap();
    let address = serve(root.path(), Limits::default());
    let all = 12;
    #[rustfmt::skip]
    let table: &[(&str, &[&str])] = &[
        ("q=.txt",                  &["folder.txt/", "100%.txt", "Alpha.txt", "beta.TXT"]),
        ("q=.TxT&sort=size&order=desc", &["folder.txt/", "beta.TXT", "Alpha.txt", "100%.txt"]),
        ("sort=size&q=.txt",        &["folder.txt/", "100%.txt", "Alpha.txt", "beta.TXT"]),
        ("q=%2etxt&q=alpha",        &["folder.txt/", "100%.txt", "Alpha.txt", "beta.TXT"]),
        ("q=ALPHA",                 &["Alpha.txt"]),
        ("q=%41l&x",                &["Alpha.txt"]),
        ("q=/",                     &["folder.txt/", "Other/"]),
        ("q=r%2F",                  &["Other/"]),
        ("q=a%26b%2Bc",             &["a&b+c"]),
        ("q=a%26b+c",               &[]),
        ("q=100%",                  &["100%.txt"]),
        ("q=%C3%A4RG",              &["\u{c4}rger"]),
        ("q=%CE%BF%CF%83",          &["\u{39f}\u{3a3}"]),
        ("q=%C4%B0",                &["\u{130}"]),
        // As a name is shown.
        ("q=u%7b202e",              &["turn\\u{202e}ed"]),
        ("q=%E2%80%AE",             &[]),
        ("q=w%5Cnl",                &["new\\nline"]),
        ("q=o%0A",                  &[]),
        ("q=%EF%BF%BDtext",         &["no\u{fffd}text"]),
        // Bytes that are not UTF-8, and what is no percent-encoding.
        ("q=%ff",                   &["no\u{fffd}text"]),
        ("q=%f",                    &[]),
        ("q=%zz",                   &[]),
        ("q=%00",                   &["no\u{fffd}text"]),
        ("q=nothing",               &[]),
        ("q=<script>",              &[]),
    ];
    for (query, expected) in table {
        let page = get(address, &format!("/?{query}"));
        assert_eq!(names(&page), *expected, "{query}");
        assert!(page.text().contains("<p>2 folders, 10 files\n"), "{query}");
        let said = match expected.len() {
            0 => "No name matches".to_owned(),
            1 => "1 name matches".to_owned(),
            count => format!("{count} names match"),
        };
        assert_eq!(matching(&page), said, "{query}");
        let json = answer_to(address, "GET", format!("/?{query}").as_bytes(), JSON);
        let listed: Vec<Value> = serde_json::from_slice(&json.body).unwrap();
        assert_eq!(listed.len(), expected.len(), "{query}");
    }
    for query in ["", "q=", "q", "q=&q=x", "Q=x", "qq=x", "x=q=x", "%71=x"] {
        let page = get(address, &format!("/?{query}"));
        assert_eq!((rows(&page).len(), matching(&page)), (all, ""), "{query}");
    }
    let long = get(address, &format!("/?q={}", "%22".repeat(2000)));
    assert_eq!((long.status, rows(&long).len()), (200, 0));
}

#[test]
fn the_filter_keeps_the_order_and_the_order_keeps_the_filter() {
    let root = unsorted();
    let address = serve(root.path(), Limits::default());
    let forms = |page: &Answer| {
        let forms =
            page.text().split("<form").skip(1).map(|form| form.split("</form>").next().unwrap().to_owned());
        forms.collect::<Vec<_>>()
    };
    let hidden = |form: &str| {
        let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
        inputs
            .map(|input| input.split("\">").next().unwrap().replace("\" value=\"", "="))
            .collect::<Vec<_>>()
            .join("&")
    };
    // The query, and the hidden fields of the filter, and of the buttons that sort by name, size and time.
    for (query, expected) in [
        ("", ["", "order=desc", "", ""]),
        ("sort=size", ["sort=size", "", "order=desc", ""]),
        ("sort=time&order=desc", ["sort=time&order=desc", "", "", ""]),
        ("order=desc", ["order=desc", "", "", ""]),
        ("q=a", ["", "q=a&order=desc", "q=a", "q=a"]),
        ("sort=size&order=desc&q=a", ["sort=size&order=desc", "q=a", "q=a", "q=a"]),
        (
            "q=%22%3E%3Cb%3E%27+%26",
            [
                "",
                "q=&quot;&gt;&lt;b&gt;' &amp;&order=desc",
                "q=&quot;&gt;&lt;b&gt;' &amp;",
                "q=&quot;&gt;&lt;b&gt;' &amp;",
            ],
        ),
    ] {
        let page = get(address, &format!("/?{query}"));
        let forms = forms(&page);
        let by = |button: &str| {
            let form = forms.iter().find(|form| form.contains(button));
            hidden(form.unwrap_or_else(|| panic!("no {button} in {forms:?}")))
        };
        let buttons =
            ["role=\"search\"", "value=\"name\">Name<", "value=\"size\">Size<", "value=\"time\">Modified<"];
        assert_eq!(buttons.map(by), expected, "{query}");
        let typed = page
            .text()
            .split("name=\"q\" value=\"")
            .find_map(|rest| rest.split_once("\" autocomplete=\"off\""));
        let expected = query
            .split("q=")
            .nth(1)
            .map_or("", |q| if q == "a" { "a" } else { "&quot;&gt;&lt;b&gt;' &amp;" });
        assert_eq!(typed.map(|(value, _)| value), Some(expected), "{query}");
    }
}

/// A folder, its files, each with its content, and the name and the text of the one that is shown.
type Shown<'a> = (&'a str, Files<'a>, Option<(&'a str, &'a str)>);
type Files<'a> = &'a [(&'a str, &'a [u8])];

#[test]
fn a_button_and_no_link_asks_for_an_archive() {
    const BUTTON: &str = "<form><button name=\"archive\" value=\"zip\">Download as zip</button></form>\n";
    let root = folder(&[("sub/file", b"")]);
    fs::create_dir(root.path().join("empty")).unwrap();
    let address = serve(root.path(), Limits::default());
    for (target, count) in [("/", 1), ("/sub/?q=x&sort=size", 1), ("/empty/", 0)] {
        let page = get(address, target);
        assert_eq!(page.text().matches(BUTTON).count(), count, "{target}");
        assert_eq!(page.text().matches("archive").count(), count, "{target}: wget -r would take it");
    }
}

#[test]
fn a_readme_is_shown_as_text_below_the_rows() {
    let outer = folder(&[("secret/README.md", b"secret"), ("root/plain/file", b"")]);
    let root = outer.path().join("root");
    let long = format!("{}\u{e4}\u{e4}rest", "x".repeat((32 << 10) - 1));
    let exact = "y".repeat(32 << 10);
    #[rustfmt::skip]
    let table: &[Shown] = &[
        // folder      files                                                          name, text
        ("md",        &[("README.md", b"# Hello\n\n<b>you</b> & me\n")],              Some(("README.md", "# Hello\n\n&lt;b&gt;you&lt;/b&gt; &amp; me\n"))),
        ("txt",       &[("README.txt", b"hello")],                                    Some(("README.txt", "hello"))),
        ("both",      &[("README.txt", b"txt"), ("README.md", b"md")],                Some(("README.md", "md"))),
        ("cases",     &[("readme.md", b"low"), ("README.md", b"high"), ("Readme.md", b"mid")], Some(("README.md", "high"))),
        ("low",       &[("readme.MD", b"low"), ("README.txt", b"txt")],               Some(("readme.MD", "low"))),
        ("none",      &[("README", b"x"), ("README.html", b"x"), ("xREADME.md", b"x"), (".README.md", b"x")], None),
        ("folder",    &[("README.md/inside", b"x"), ("README.txt", b"txt")],          Some(("README.txt", "txt"))),
        ("empty",     &[("README.md", b"")],                                          Some(("README.md", ""))),
        ("invisible", &[("README.md", b"\xef\xbb\xbfa\x1b[31m\xe2\x80\xaeb\x08\r\n\tc\\n\n")], Some(("README.md", "a\\u{1b}[31m\\u{202e}b\\u{8}\r\n\tc\\n\n"))),
        ("not-utf-8", &[("README.md", b"text \xff text")],                            None),
        ("cut-utf-8", &[("README.md", b"text \xc3")],                                 None),
        ("nul",       &[("README.md", b"text\0text")],                                None),
        ("utf-16-le", &[("README.md", b"\xff\xfea\0b\0")],                            None),
        ("utf-16-be", &[("README.md", b"\xfe\xff\0a\0b")],                            None),
        ("tags",      &[("README.md", b"</pre></section><script>alert(1)</script><a href=\"x\">")], Some(("README.md", "&lt;/pre&gt;&lt;/section&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;a href=\"x\"&gt;"))),
        ("exact",     &[("README.md", exact.as_bytes())],                             Some(("README.md", &exact))),
        ("long",      &[("README.md", long.as_bytes())],                              Some(("README.md", &long[..(32 << 10) - 1]))),
    ];
    for (at, files, _) in table {
        for (name, content) in *files {
            let path = root.join(at).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    for at in ["pipe", "outside", "inside", "refused"] {
        fs::create_dir(root.join(at)).unwrap();
    }
    mknodat(CWD, root.join("pipe/README.md"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    symlink("../../secret/README.md", root.join("outside/README.md")).unwrap();
    symlink("../txt/README.txt", root.join("inside/README.md")).unwrap();
    fs::write(root.join("refused/README.md"), "refused").unwrap();
    fs::set_permissions(root.join("refused/README.md"), fs::Permissions::from_mode(0o000)).unwrap();
    let address = serve(&root, Limits::default());
    let shown = |page: &Answer| {
        let (_, section) = page.text().split_once("<h2 id=\"readme\">")?;
        let (name, rest) = section.split_once("</h2>\n<pre>\n").unwrap();
        let (text, rest) = rest.split_once("</pre>\n").unwrap();
        let is_cut = rest.starts_with("<p>\u{2026} These are the first 32 KiB of this file\n");
        assert_eq!(is_cut, !rest.starts_with("</section>"), "{rest}");
        Some((name.to_owned(), text.to_owned(), is_cut))
    };
    for (at, _, expected) in table {
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned(), *at == "long"));
        assert_eq!(shown(&get(address, &format!("/{at}/"))), expected, "{at}");
    }
    for (at, expected) in
        [("plain", None), ("pipe", None), ("outside", None), ("inside", Some("hello")), ("refused", None)]
    {
        let text = shown(&get(address, &format!("/{at}/"))).map(|(_, text, _)| text);
        assert_eq!(text.as_deref(), expected, "{at}");
    }
    assert_eq!(shown(&get(address, "/md/?q=read")), None, "a user looks for something else");
    assert!(shown(&get(address, "/md/?q=&sort=size")).is_some());
    let json = answer_to(address, "GET", b"/md/", JSON);
    assert!(!json.text().contains("you"), "{}", json.text());
    // A link is served by a policy that follows it, and by no other.
    let follows = serve_by(&root, Policy { links: Links::Anywhere, ..Policy::default() });
    assert_eq!(shown(&get(follows, "/outside/")).map(|(_, text, _)| text).as_deref(), Some("secret"));
    let no_links = serve_by(&root, Policy { links: Links::None, ..Policy::default() });
    assert_eq!(shown(&get(no_links, "/inside/")), None);
}

/// With `--watch`, the script that reloads pages comes behind all else, in a listing and in an error.
#[test]
fn where_the_server_watches_its_pages_end_with_the_script_that_reloads() {
    const SCRIPT: &str = "<script async src=\"/.onepoll/reload.js\"></script>";
    let root = folder(&[("sub/README.md", b"text"), ("sub/file", b"")]);
    let (watched, plain) = (serve_watched(root.path()), serve(root.path(), Limits::default()));
    let page = |address, target: &str, fields| answer_to(address, "GET", target.as_bytes(), fields);
    for (target, end) in [("/sub/", END), ("/sub/?q=f&sort=size", END), ("/missing", "</main>\n")] {
        let without = page(plain, target, "Accept: text/html\r\n").text().to_owned();
        assert!(without.ends_with(end), "{target}: {without}");
        let with = page(watched, target, "Accept: text/html\r\n");
        assert_eq!(with.text(), without + SCRIPT, "{target}");
        // What the script of a listing fetches is not a page that a user sees.
        let fetched =
            page(watched, target, "Accept: */*\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n");
        assert!(!fetched.text().contains(SCRIPT), "{target}");
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
fn folders_come_first_by_name_and_each_column_sorts_files_both_ways() {
    let root = unsorted();
    let address = serve(root.path(), Limits::default());
    #[rustfmt::skip]
    let table: &[(&[&str], &[&str], &[&str])] = &[
        // queries                                              folders                          files
        (&["", "?", "?sort=name", "?sort=name&order=asc", "?sort=nonsense", "?order=up", "?x&sort=name&y", "?sort=Size"],
                                                                &["apple", "Mango", "Zebra"],    &["Alpha.txt", "alpha.txt", "beta.txt", "gamma.txt", "\u{e4}.txt"]),
        (&["?order=desc", "?sort=name&order=desc"],             &["apple", "Mango", "Zebra"],    &["\u{e4}.txt", "gamma.txt", "beta.txt", "alpha.txt", "Alpha.txt"]),
        (&["?sort=size", "?order=asc&sort=size"],               &["apple", "Mango", "Zebra"],    &["\u{e4}.txt", "alpha.txt", "beta.txt", "gamma.txt", "Alpha.txt"]),
        (&["?sort=size&order=desc"],                            &["apple", "Mango", "Zebra"],    &["Alpha.txt", "gamma.txt", "beta.txt", "alpha.txt", "\u{e4}.txt"]),
        (&["?sort=time"],                                       &["apple", "Mango", "Zebra"],    &["gamma.txt", "alpha.txt", "Alpha.txt", "\u{e4}.txt", "beta.txt"]),
        (&["?order=desc&sort=time"],                            &["apple", "Mango", "Zebra"],    &["beta.txt", "\u{e4}.txt", "Alpha.txt", "alpha.txt", "gamma.txt"]),
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
/// the row. It takes the first text that looks like a date, so that must be the one in UTC.
#[test]
fn programs_that_read_listings_find_items() {
    let root = folder(&[("a b.mkv", &[b'x'; 1536]), ("1 & 2/file", b""), ("it's.txt", b"")]);
    for name in ["a b.mkv", "1 & 2", "it's.txt"] {
        set_modified(&root.path().join(name), UNIX_EPOCH + Duration::from_secs(784_111_777));
    }
    let address = serve(root.path(), Limits::default());
    const TIME: &str =
        "<time datetime=\"1994-11-06T08:49:37Z\" title=\"1994-11-06 08:49:37 UTC\">1994-11-06 08:49</time>";
    let page = get(address, "/");
    let lines: Vec<_> = page.text().lines().filter(|line| line.contains("<td>")).collect();
    assert_eq!(
        lines,
        [
            format!("<tr><td><a href=\"1%20%26%202/\">1 &amp; 2/</a></td><td></td><td>{TIME}</td></tr>"),
            format!("<tr><td><a href=\"a%20b.mkv\">a b.mkv</a></td><td>1.5 KiB</td><td>{TIME}</td></tr>"),
            format!("<tr><td><a href=\"it%27s.txt\">it&#x27;s.txt</a></td><td>0 B</td><td>{TIME}</td></tr>"),
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
    for tag in ["h1", "nav", "main", "table", "style", "title", "footer", "script"] {
        let [opened, closed] = [format!("<{tag}"), format!("</{tag}>")].map(|tag| html.matches(&tag).count());
        assert_eq!((opened, closed), (1, 1), "{tag} in {html}");
    }
    for absent in ["http:", "https:", "url(", "@import", "src=", "{{", "}}", "onclick"] {
        assert!(!html.contains(absent), "{absent} in {html}");
    }
}

/// What a page ends with. Without its script a user is told of the zone in which times are.
const END: &str = "<footer>Times are UTC</footer>\n";

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

/// A page has a bounded number of rows, and says so; JSON has all. The server keeps no more names than it shows.
#[test]
fn a_page_has_the_first_ten_thousand_names_and_the_filter_finds_the_others() {
    const NAMES: usize = MANY + 1234;
    let root = folder(&[("file", b"here")]);
    let many = root.path().join("many");
    (0..5).for_each(|number| fs::create_dir_all(many.join(format!("sub{number}"))).unwrap());
    for number in 0..NAMES {
        fs::hard_link(root.path().join("file"), many.join(format!("{number}.txt"))).unwrap();
    }
    let mut served = Served::new(root.path());
    let cut = |page: &Answer| {
        let (_, notice) = page.text().split_once("<p id=\"cut\">")?;
        Some(notice.split(". ").next().unwrap().to_owned())
    };
    let files = MANY - 5;
    for (query, count, first, last, notice) in [
        ("", MANY, 0, files - 1, Some("These are the first 10,000 of 11,239 names")),
        ("?order=desc", MANY, NAMES - 1, NAMES - files, Some("These are the first 10,000 of 11,239 names")),
        ("?q=.txt", MANY, 0, MANY - 1, Some("These are the first 10,000 of 11,234 names that match")),
        ("?q=112", 0, 112, 11_233, None),
    ] {
        let (page, turns, longest) = served.list(&format!("/many/{query}"), "", |_| {});
        eprintln!("{NAMES} names{query}: {turns} turns, the longest {longest:?}");
        assert!(page.text().contains("<p>5 folders, 11,234 files\n"), "{query}");
        assert_eq!(cut(&page).as_deref(), notice, "{query}");
        let names = names(&page);
        let shown: Vec<usize> =
            names.iter().filter_map(|name| name.strip_suffix(".txt")?.parse().ok()).collect();
        assert_eq!((shown.first(), shown.last()), (Some(&first), Some(&last)), "{query}");
        assert!(count == 0 || names.len() == count, "{query}: {}", names.len());
        assert!(shown.is_sorted_by(|a, b| if query.ends_with("desc") { a > b } else { a < b }), "{query}");
        assert!(turns >= 20 && longest <= TURN_MOST, "{query}: {longest:?} of {turns} turns");
    }
    let (json, turns, longest) = served.list("/many/?order=desc", JSON, |_| {});
    let listed: Vec<Value> = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(listed.len(), NAMES + 5);
    assert!(turns >= 20 && longest <= TURN_MOST, "{longest:?} of {turns} turns");
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
            assert!(answer.text().ends_with(END), "change {number} in turn {at}");
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
