//! What answers in place of a path that names no file: a page without its extension, one of several indexes, the index of an
//! app, the site's own 404. Each change shows in the very next answer.

mod support;

use onepoll::service::limits::Limits;
use onepoll::service::{Door, Service, door::Folders};
use onepoll::site::{CleanUrls, Policy, Site, Spa};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};
use support::patience::until;
use support::program::{Program, onepoll};
use support::scripted::Loop;
use support::service::answer_to;
use support::visitor::{Visitor, gunzip, gzip};
use support::{Answer, ask, folder, listen, pattern, reactor_by, read_answers_to, serve_by, start};

/// Longer than two changes can have the same time stamp.
const STEP: Duration = Duration::from_millis(30);

/// What a browser sends when it opens a page.
const BROWSER: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn clean() -> Policy {
    Policy { clean_urls: CleanUrls::On, ..Policy::default() }
}

fn spa() -> Policy {
    Policy { spa: Spa::On, ..Policy::default() }
}

fn indexes(names: &[&str]) -> Policy {
    Policy { index: names.iter().map(|name| (*name).to_owned()).collect(), ..Policy::default() }
}

/// Serves `root` by a door that shows of folders what `folders` says.
fn serve_listing(root: &Path, policy: Policy, folders: Folders) -> SocketAddr {
    let (epoll, address) = listen();
    let site = Site::open(root, policy).unwrap();
    start(onepoll::reactor::Reactor::new(
        epoll,
        Service::new(site).doors([Door { folders, ..Door::default() }]),
    ));
    address
}

/// Time passes until each later change has another time stamp than all before.
fn grow_old(outside: &Path) {
    let probe = outside.join("probe");
    let now = || {
        fs::write(&probe, "").unwrap();
        fs::metadata(&probe).unwrap().modified().unwrap()
    };
    let before = now().max(SystemTime::now());
    until("the clock of the file system", || match now() {
        time if time > before + STEP => Ok(()),
        time => Err(format!("{time:?}")),
    });
}

/// The status of an answer, and its text where that is short, as those of the test's own files are.
fn shown(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let is_ours = answer.body.len() > 100 || text.is_empty() || text.starts_with('{');
    if is_ours { answer.status.to_string() } else { format!("{} {text}", answer.status) }
}

/// A change of the site, and what the very next requests must see.
type Step<'a> = (&'a dyn Fn(&Path), &'a [(&'a str, &'a str)]);

/// Runs these steps with young files, and with files that are old enough to be kept before each change. Every target is
/// asked for by two clients.
fn each_step_shows(policy: &Policy, files: &[(&str, &[u8])], steps: &[Step<'_>]) {
    for is_old in [false, true] {
        let (outside, root) = (folder(&[]), folder(files));
        let address = serve_by(root.path(), policy.clone());
        let mut visitors = [(); 2].map(|()| Visitor::of(address));
        for (number, (change, sees)) in steps.iter().enumerate() {
            change(root.path());
            for when in ["at once", "to be kept", "as it is kept"] {
                for (target, expected) in *sees {
                    for visitor in &mut visitors {
                        let answer = visitor.get(target, BROWSER);
                        assert_eq!(
                            shown(&answer),
                            *expected,
                            "old: {is_old}, step {number}, {when}: {target}"
                        );
                    }
                }
                if !is_old {
                    break;
                }
                if when == "at once" {
                    grow_old(outside.path());
                }
            }
        }
    }
}

fn write<'a>(name: &'a str, content: &'a str) -> impl Fn(&Path) + 'a {
    move |root| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn remove(name: &str) -> impl Fn(&Path) + '_ {
    move |root| {
        let path = root.join(name);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
}

fn nothing(_: &Path) {}

#[test]
fn a_page_is_sent_for_its_name_without_extension() {
    let page = |text: &'static str| text.as_bytes();
    each_step_shows(
        &clean(),
        &[("about.html", page("page")), ("a/b c.html", page("deep"))],
        &[
            (&nothing, &[("/about", "200 page"), ("/about.html", "200 page"), ("/a/b%20c", "200 deep")]),
            (
                &nothing,
                &[
                    ("/about/", "404"),
                    ("/about.htm", "404"),
                    ("/a/../about", "200 page"),
                    ("/about?x", "200 page"),
                ],
            ),
            (&write("about", "file"), &[("/about", "200 file"), ("/about.html", "200 page")]),
            (&remove("about"), &[("/about", "200 page")]),
            (&write("about/index.html", "index"), &[("/about", "200 page"), ("/about/", "200 index")]),
            (&remove("about.html"), &[("/about", "301"), ("/about.html", "404")]),
            (&write("about.html", "again"), &[("/about", "200 again")]),
            (&remove("about"), &[("/about", "200 again"), ("/about/", "404")]),
            (&write("about.html", "third!"), &[("/about", "200 third!")]),
            (&remove("about.html"), &[("/about", "404")]),
            (&write("about.html/x", "x"), &[("/about", "404"), ("/about.html", "301")]),
        ],
    );
}

#[test]
fn the_first_index_that_is_there_stands_for_its_folder() {
    let policy = indexes(&["index.html", "index htm", "\u{e9}.txt"]);
    each_step_shows(
        &policy,
        &[("index htm", b"second"), ("a/\u{e9}.txt", b"third"), ("a/b/x", b"x")],
        &[
            (
                &nothing,
                &[("/", "200 second"), ("/a/", "200 third"), ("/a", "301"), ("/a/b/", "200"), ("/c/", "404")],
            ),
            (
                &nothing,
                &[
                    ("/a/..", "200 second"),
                    ("/a/b/%2E%2e", "200 third"),
                    ("/a/.", "200 third"),
                    ("/../", "404"),
                ],
            ),
            (&write("index.html", "first"), &[("/", "200 first"), ("/a/..", "200 first")]),
            (&write("index.html", "other"), &[("/", "200 other")]),
            (&remove("index.html"), &[("/", "200 second")]),
            (&write("index.html/x", "x"), &[("/", "200 second")]),
            (&remove("index htm"), &[("/", "200")]),
            (&write("\u{e9}.txt", "third"), &[("/", "200 third")]),
            (&remove("a/\u{e9}.txt"), &[("/a/", "200")]),
            (&remove("a"), &[("/a/", "404")]),
            (&write("a/index htm", "new"), &[("/a/", "200 new")]),
        ],
    );
}

#[test]
fn an_app_gets_its_index_for_each_of_its_pages() {
    each_step_shows(
        &spa(),
        &[("index.html", b"app"), ("a/x", b"x")],
        &[
            (
                &nothing,
                &[("/b/c", "200 app"), ("/b/c/", "200 app"), ("/john.doe", "200 app"), ("/v1.2", "200 app")],
            ),
            (
                &nothing,
                &[
                    ("/assets/x.js", "404"),
                    ("/x.HTML", "404"),
                    ("/a", "301"),
                    ("/a/", "200"),
                    ("/a/x/y", "200 app"),
                ],
            ),
            (&write("b/c", "file"), &[("/b/c", "200 file"), ("/b/d", "200 app")]),
            (&remove("b"), &[("/b/c", "200 app")]),
            (&write("index.html", "app 2"), &[("/b/c", "200 app 2")]),
            (&remove("index.html"), &[("/b/c", "404"), ("/", "200")]),
            (&write("404.html", "none"), &[("/b/c", "404 none"), ("/b.js", "404 none")]),
            (&write("index.html", "app 3"), &[("/b/c", "200 app 3"), ("/b.js", "404 none")]),
        ],
    );
}

#[test]
fn the_page_of_every_404_comes_changes_and_goes() {
    each_step_shows(
        &Policy::default(),
        &[("index.html", b"index"), ("a/x", b"x")],
        &[
            (&nothing, &[("/b", "404"), ("/a/b", "404"), ("/404.html", "404")]),
            (
                &write("404.html", "lost"),
                &[("/b", "404 lost"), ("/a/b", "404 lost"), ("/404.html", "200 lost")],
            ),
            (&write("404.html", "lost again"), &[("/b", "404 lost again"), ("/404.html", "200 lost again")]),
            (&remove("404.html"), &[("/b", "404"), ("/404.html", "404")]),
            (&write("404.html/x", "x"), &[("/b", "404"), ("/404.html", "301")]),
            (&remove("404.html"), &[("/b", "404")]),
            (&write("a/404.html", "deep"), &[("/a/b", "404"), ("/a/404.html", "200 deep")]),
            (&write("404.html", "new"), &[("/../b", "404 new"), ("/.git/x", "404 new"), ("/%2f", "404 new")]),
            (&write("b", "here"), &[("/b", "200 here")]),
        ],
    );
}

#[test]
fn the_root_is_built_again_with_its_404() {
    let outside = folder(&[]);
    let root = outside.path().join("root");
    let build = |text: &str| {
        fs::create_dir(&root).unwrap();
        if !text.is_empty() {
            fs::write(root.join("404.html"), text).unwrap();
        }
    };
    build("");
    let mut visitor = Visitor::of(serve_by(&root, Policy::default()));
    for text in ["", "one", "", "two"] {
        fs::remove_dir_all(&root).unwrap();
        build(text);
        for _ in 0..2 {
            let answer = visitor.get("/b", "");
            assert_eq!((answer.status, answer.text() == text), (404, !text.is_empty()), "{text}");
            grow_old(outside.path());
        }
    }
}

#[test]
fn accept_decides_who_gets_which_page() {
    let root = folder(&[("index.html", b"app"), ("404.html", b"lost"), ("a/x", b"x")]);
    let address = serve_by(root.path(), spa());
    const APP: (u16, &str) = (200, "app");
    const LOST: (u16, &str) = (404, "lost");
    const OURS: (u16, &str) = (404, "");
    let table = [
        (BROWSER, APP),
        ("Accept: text/html", APP),
        ("Accept: text/html;q=0.1", APP),
        ("Accept: application/json, text/html", APP),
        ("Accept: */*\r\nAccept: text/html", APP),
        ("", LOST),
        ("Accept:", LOST),
        ("Accept: */*", LOST),
        ("Accept: text/*;q=0.1", LOST),
        ("Accept: text/html;q=0.5, */*", LOST),
        ("Accept: text/html;q=0.9, image/png", LOST),
        ("Accept: application/json, text/html;q=0.9", OURS),
        ("Accept: application/problem+json, */*", OURS),
        ("Accept: application/json", OURS),
        ("Accept: text/html;q=0, */*", OURS),
        ("Accept: image/png", OURS),
        ("Accept: */*;q=0", OURS),
    ];
    for (accept, (status, text)) in table {
        for method in ["GET", "HEAD"] {
            let fields = if accept.is_empty() { String::new() } else { format!("{accept}\r\n") };
            let answer = answer_to(address, method, b"/b", &fields);
            assert_eq!(answer.status, status, "{method} {accept}: {}", answer.head);
            assert!(vary(&answer).contains(&"Accept"), "{method} {accept}: {}", answer.head);
            if method == "GET" {
                let is_ours = answer.body.len() > 50;
                assert!(
                    if text.is_empty() { is_ours } else { answer.text() == text },
                    "{accept}: {}",
                    answer.text()
                );
            }
        }
    }
    let post = answer_to(address, "POST", b"/b", &format!("{BROWSER}\r\nContent-Length: 0\r\n"));
    assert!(post.text().contains("POST"), "{}", post.text());
    let own = answer_to(address, "GET", b"/", &format!("{BROWSER}\r\n"));
    assert_eq!((own.status, vary(&own)), (200, vec![]), "the index itself is the same for all");
}

fn vary(answer: &Answer) -> Vec<&str> {
    let count = answer.head.to_ascii_lowercase().matches("\r\nvary: ").count();
    assert!(count <= 1, "{}", answer.head);
    answer.field("vary").map_or(Vec::new(), |vary| vary.split(", ").collect())
}

#[test]
fn the_404_of_a_site_is_always_whole_and_always_404() {
    let large = pattern(300_000);
    let text = "lost ".repeat(100);
    for content in [b"lost".as_slice(), text.as_bytes(), b"", &large] {
        let root = folder(&[("404.html", content), ("index.html", b"index")]);
        let outside = folder(&[]);
        let mut visitor = Visitor::of(serve_by(root.path(), Policy::default()));
        for round in 0..3 {
            let own = visitor.get("/404.html", "");
            assert_eq!((own.status, own.body == content), (200, true));
            let tag = own.tag().to_owned();
            let date = own.field("last-modified").unwrap_or("Mon, 30 Nov 2026 00:00:00 GMT").to_owned();
            for fields in [
                "".to_owned(),
                format!("If-None-Match: {tag}"),
                "If-None-Match: *".to_owned(),
                "If-Match: \"x\"".to_owned(),
                format!("If-Modified-Since: {date}"),
                "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT".to_owned(),
                "Range: bytes=0-1".to_owned(),
                "Range: bytes=999999-".to_owned(),
                "Range: bytes=0-1,3-4".to_owned(),
                format!("If-Range: {tag}\r\nRange: bytes=0-1"),
            ] {
                for method in ["GET", "HEAD"] {
                    let answer = visitor.ask(method, "/nothing/here.png", &fields);
                    let shown = format!("round {round}, {method} {fields}: {}", answer.head);
                    assert_eq!(answer.status, 404, "{shown}");
                    assert_eq!(answer.body, if method == "GET" { content } else { b"" }, "{shown}");
                    let length = content.len().to_string();
                    assert_eq!(answer.field("content-length"), Some(&*length), "{shown}");
                    for absent in ["etag", "last-modified", "accept-ranges", "content-range"] {
                        assert_eq!(answer.field(absent), None, "{shown}");
                    }
                    assert_eq!(answer.field("cache-control"), Some("no-cache"), "{shown}");
                    assert_eq!(answer.field("content-type"), own.field("content-type"), "{shown}");
                    assert!(vary(&answer).contains(&"Accept"), "{shown}");
                    let depends = vary(&own).contains(&"Accept-Encoding");
                    assert_eq!(vary(&answer).contains(&"Accept-Encoding"), depends, "{shown}");
                }
            }
            grow_old(outside.path());
        }
    }
}

#[test]
fn the_404_of_a_site_is_compressed_like_any_page() {
    let text = "lost and found ".repeat(100);
    let root = folder(&[
        ("404.html", text.as_bytes()),
        ("a.html", text.as_bytes()),
        ("a.html.gz", &gzip(text.as_bytes())),
    ]);
    let outside = folder(&[]);
    let mut visitor = Visitor::of(serve_by(root.path(), clean()));
    grow_old(outside.path());
    let coded = |answer: &Answer| answer.field("content-encoding") == Some("gzip");
    let answer = visitor.get_until("/b", "Accept-Encoding: gzip", coded);
    assert_eq!((answer.status, gunzip(&answer.body) == text.as_bytes()), (404, true));
    assert_eq!(vary(&answer), ["Accept-Encoding", "Accept"]);
    let page = visitor.get("/a", "Accept-Encoding: gzip");
    assert_eq!((page.status, coded(&page), vary(&page)), (200, true, vec!["Accept-Encoding"]));
    fs::write(root.path().join("404.html.gz"), gzip(text.as_bytes())).unwrap();
    let answer = visitor.get("/b", "Accept-Encoding: gzip");
    assert_eq!((answer.status, gunzip(&answer.body) == text.as_bytes()), (404, true));
    let refused = visitor.get("/b", "Accept-Encoding: identity;q=0");
    assert!(refused.status == 404 && refused.text().contains("There is nothing here"), "our own page");
}

#[test]
fn what_stands_in_is_a_page_like_any_other() {
    let root = folder(&[("index.html", b"0123456789"), ("about.html", b"0123456789")]);
    let outside = folder(&[]);
    let address = serve_by(root.path(), Policy { spa: Spa::On, ..clean() });
    grow_old(outside.path());
    for (target, stands_in) in [("/about", "/about.html"), ("/some/page", "/")] {
        let mut visitor = Visitor::of(address);
        let own = visitor.get_settled(stands_in, BROWSER);
        let answer = visitor.get(target, BROWSER);
        assert_eq!((answer.status, answer.tag(), &answer.body), (200, own.tag(), &own.body));
        for name in ["last-modified", "content-type", "cache-control", "accept-ranges", "content-length"] {
            assert_eq!(answer.field(name), own.field(name), "{name}");
        }
        let tag = own.tag();
        let by_accept = if stands_in == "/" { vec!["Accept"] } else { vec![] };
        let pages: &[&str] = &["Accept"];
        for (fields, status, body, varies) in [
            (format!("If-None-Match: {tag}"), 304, "", &*by_accept),
            (format!("If-Match: {tag}"), 200, "0123456789", &by_accept),
            ("Range: bytes=2-4".to_owned(), 206, "234", &by_accept),
            (format!("If-Range: {tag}\r\nRange: bytes=-2"), 206, "89", &by_accept),
            ("If-Match: \"x\"".to_owned(), 412, "", pages),
            ("Range: bytes=99-".to_owned(), 416, "", pages),
            ("Accept-Encoding: identity;q=0".to_owned(), 406, "", pages),
        ] {
            for method in ["GET", "HEAD"] {
                if method == "HEAD" && matches!(status, 206 | 416) {
                    continue;
                }
                let answer = visitor.ask(method, target, &format!("{BROWSER}\r\n{fields}"));
                assert_eq!(answer.status, status, "{method} {target} {fields}: {}", answer.head);
                if status == 406 {
                    assert!(vary(&answer).contains(&"Accept"), "{}", answer.head);
                } else {
                    assert_eq!(vary(&answer), varies, "{method} {target} {fields}");
                }
                if method == "GET" && !body.is_empty() {
                    assert_eq!(answer.text(), body, "{target} {fields}");
                }
            }
        }
    }
}

#[test]
fn vary_is_one_field_however_often_the_app_is_asked_for() {
    let root = folder(&[("index.html", "text ".repeat(200).as_bytes())]);
    let outside = folder(&[]);
    let mut visitor = Visitor::of(serve_by(root.path(), spa()));
    grow_old(outside.path());
    for _ in 0..4 {
        assert_eq!(vary(&visitor.get("/", BROWSER)), ["Accept-Encoding"]);
        assert_eq!(vary(&visitor.get("/some/page", BROWSER)), ["Accept-Encoding", "Accept"]);
    }
}

#[test]
fn folders_that_are_not_listed_are_pages_of_an_app_or_404() {
    let root = folder(&[("a/x", b"x"), ("404.html", b"lost")]);
    for folders in [Folders::Listed, Folders::NotListed, Folders::Offered] {
        let is_listed = folders == Folders::Listed;
        let get = |policy, target: &[u8]| {
            let address = serve_listing(root.path(), policy, folders);
            shown(&answer_to(address, "GET", target, &format!("{BROWSER}\r\n")))
        };
        let without = if is_listed { "200" } else { "404 lost" };
        for policy in [Policy::default(), spa(), indexes(&["i", "j"])] {
            assert_eq!(get(policy.clone(), b"/a/"), without, "{folders:?}");
            assert_eq!(get(policy, b"/"), without, "{folders:?}");
        }
        fs::write(root.path().join("index.html"), "app").unwrap();
        assert_eq!(get(spa(), b"/a/"), if is_listed { "200" } else { "200 app" }, "{folders:?}");
        fs::remove_file(root.path().join("index.html")).unwrap();
    }
}

#[test]
fn what_cannot_be_read_is_no_404() {
    let forbid = |root: &Path, name: &str| {
        fs::set_permissions(root.join(name), fs::Permissions::from_mode(0o000)).unwrap();
    };
    let root = folder(&[("about.html", b"a"), ("404.html", b"lost"), ("index.html", b"app"), ("i", b"i")]);
    for name in ["about.html", "index.html"] {
        forbid(root.path(), name);
    }
    let address = serve_by(root.path(), Policy { spa: Spa::On, ..clean() });
    let status = |target: &[u8]| answer_to(address, "GET", target, &format!("{BROWSER}\r\n")).status;
    assert_eq!([status(b"/about"), status(b"/"), status(b"/a/page"), status(b"/x.js")], [403, 403, 403, 404]);
    let several = serve_by(root.path(), indexes(&["index.html", "i"]));
    assert_eq!(
        answer_to(several, "GET", b"/", "").status,
        403,
        "the first that is there stands for its folder"
    );
    forbid(root.path(), "404.html");
    let answer = answer_to(address, "GET", b"/x.js", "");
    assert!(answer.status == 404 && answer.text().contains("There is nothing here"), "{}", answer.text());
}

#[test]
fn several_requests_in_one_write_each_get_their_own() {
    let root =
        folder(&[("index.html", b"app"), ("about.html", b"about"), ("404.html", b"lost"), ("b/j", b"j")]);
    let policy = Policy { spa: Spa::On, index: indexes(&["index.html", "j"]).index, ..clean() };
    let address = serve_by(root.path(), policy);
    let table = [
        ("GET", "/about", BROWSER, "200 about"),
        ("HEAD", "/page", BROWSER, "200"),
        ("GET", "/x.js", BROWSER, "404 lost"),
        ("GET", "/page", BROWSER, "200 app"),
        ("GET", "/page", "Accept: application/json", "404"),
        ("HEAD", "/x.js", BROWSER, "404"),
        ("GET", "/b/", BROWSER, "200 j"),
        ("GET", "/about/", BROWSER, "200 app"),
        ("GET", "/", "Accept: */*", "200 app"),
    ];
    for rounds in [1, 3] {
        let all = table.repeat(rounds);
        let one = |(method, target, fields, _): &(&str, &str, &str, &str)| {
            format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n")
        };
        let bytes = all.iter().map(one).collect::<String>();
        let methods: Vec<_> = all.iter().map(|(method, ..)| *method).collect();
        let answers = read_answers_to(&ask(address, bytes.as_bytes()), &methods);
        for ((method, target, _, expected), answer) in all.iter().zip(&answers) {
            assert_eq!(shown(answer), *expected, "{method} {target}");
        }
    }
}

/// Nothing is old enough to be remembered here, so each path that stands for another is looked up anew.
#[test]
fn a_request_that_needs_many_lookups_is_answered_and_others_have_their_turn() {
    const NAMES: usize = 30;
    let names: Vec<_> = (0..9).map(|number| format!("index{number}.html")).collect();
    let policy = Policy { index: names, spa: Spa::On, ..clean() };
    let root = folder(&[("index8.html", b"app"), ("x.txt", b"x")]);
    let mut world = Loop::of(|script| reactor_by(script, root.path(), policy, Limits::default()));
    let asking = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n{BROWSER}\r\n\r\n");
    let targets = ["/", "/page", "/nothing.js"];
    let all: String = (0..NAMES).map(|number| asking(targets[number % targets.len()])).collect();
    let greedy = world.connect_saying(all.as_bytes());
    let other = world.connect_saying(asking("/x.txt").as_bytes());
    world.turn([]);
    assert_eq!(other.statuses(), [200], "in the turn in which it asked");
    let mut answered = vec![greedy.statuses()];
    while answered.iter().flatten().count() < NAMES {
        assert!(answered.len() < NAMES, "the answers came in turns so: {answered:?}");
        world.turn([]);
        answered.push(greedy.statuses());
    }
    let expected: Vec<_> = (0..NAMES).map(|number| [200, 200, 404][number % targets.len()]).collect();
    assert_eq!(answered.concat(), expected);
    assert!(answered.iter().all(|turn| turn.len() <= 4), "{answered:?}");
}

#[test]
fn hostile_paths_get_no_page_of_an_app_and_no_other_file() {
    let root = folder(&[
        ("site/index.html", b"app"),
        ("site/.env.html", b"SECRET"),
        ("site/.git/index.html", b"SECRET"),
        ("site/.well-known/a", b"known"),
        ("site/.well-known.html", b"SECRET"),
        ("site/a/..html", b"SECRET"),
        ("site/a/.html", b"SECRET"),
        ("site/a/...html", b"SECRET"),
        ("SECRET.html", b"SECRET"),
        ("SECRET", b"SECRET"),
    ]);
    let index = indexes(&["index.html", "index.htm"]).index;
    let policy = Policy { spa: Spa::On, index, ..clean() };
    let address = serve_by(&root.path().join("site"), policy);
    let get = |target: &str| answer_to(address, "GET", target.as_bytes(), &format!("{BROWSER}\r\n"));
    for target in [
        "/.env",
        "/%2eenv",
        "/.git/",
        "/.git",
        "/.git/x",
        "/a/.b",
        "/a/.b/c",
        "/.well-known/b",
        "/...",
        "/a/...",
        "/../",
        "/..",
        "/../SECRET",
        "/%2e%2e/SECRET",
        "/a/../../SECRET",
        "/..%2fSECRET",
        "/a%2f..%2f..%2fSECRET",
        "/a%00",
        "/SECRET%00.html",
        "/a%2fb",
        "/%2f",
        "/./../SECRET",
        "/.%2e/",
        "//../../SECRET",
        "/a/.b/../.c",
        "/..\u{5c}SECRET",
        "/.hidden/page",
    ] {
        let answer = get(target);
        assert_eq!(answer.status, 404, "{target}: {}", answer.text());
        assert!(
            !answer.text().contains("<p>SECRET") && answer.body != b"SECRET" && answer.body != b"app",
            "{target}"
        );
    }
    let long = format!("/{}", "a".repeat(251));
    let longer = format!("/{}", "a/".repeat(2000));
    for target in [
        "/.x/../b",
        "/a/./",
        "/a/%2e",
        "/%2e",
        "/%ff%fe",
        "/%E2%80%AE",
        "//evil.example",
        "/\\x",
        "/a:b",
        &long,
        &longer,
    ] {
        let answer = get(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.head);
        assert!(answer.body == b"app" || answer.text().contains("<table>"), "{target}: {}", answer.text());
    }
}

#[test]
fn the_start_names_the_indexes_and_refuses_a_hidden_one_among_several() {
    let root = folder(&[]);
    let offered = |flags: &[&str]| {
        let mut command = onepoll();
        command.args(["--bind", "0.0.0.0", "--port", "0"]).args(flags).arg(root.path());
        let program = Program::spawn(&mut command);
        let said: Vec<_> = std::iter::from_fn(|| program.said()).take(3).collect();
        said.join("\n")
    };
    let said = offered(&["--index", "a.html,b.html"]);
    assert!(said.contains("The folder has no a.html or b.html, so / is 404"), "{said}");
    let refused = |flags: &[&str]| {
        let program = Program::spawn(onepoll().args(["--port", "0"]).args(flags).arg(root.path()));
        let (status, error) = program.end();
        (status.code(), error)
    };
    let (code, error) = refused(&["--index", "a.html", "--index", ".b"]);
    assert!(code == Some(2) && error.contains("\".b\"") && error.contains("--hidden"), "{error}");
}
