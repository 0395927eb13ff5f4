//! A site below a prefix (`--prefix`): what is below it is answered as the site at a root is, `/` leads there, and all else is
//! not found. A proxy that takes a prefix away is the subject of `prefix.rs`.

mod support;

use onepoll::inspect;
use onepoll::service::Service;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::service::prefix::Prefix;
use onepoll::site::{Policy, Site};
use std::net::SocketAddr;
use std::path::Path;
use support::program::{Program, onepoll};
use support::reference::{remove_dot_segments, resolved};
use support::service::answer_to;
use support::visitor::Visitor;
use support::{Answer, ask, folder, listen, read_answers_to, serve, start};
use tempfile::TempDir;

/// The prefix of most tests.
const PREFIX: &str = "/repo";

fn site() -> TempDir {
    folder(&[
        ("index.html", b"start"),
        ("page.txt", b"0123456789"),
        ("repo/page.txt", b"within"),
        ("sub/index.html", b"sub"),
        ("bare/a b.txt", b"text"),
        ("bare/deep/file.txt", b"text"),
        (".hidden", b"secret"),
    ])
}

/// Serves `root` below `prefix`, with the inspector, until the test process ends.
fn serve_below(prefix: &str, root: &Path) -> SocketAddr {
    let (epoll, address) = listen();
    let site = Site::open(root, Policy::default()).unwrap();
    let prefix = Prefix::parse(prefix).unwrap();
    start(inspect::reactor(epoll, Service::new(site).hosts(Hosts::Any).below(prefix)));
    address
}

/// The answer without what differs between any two: the date, the tag of a young file, of an error the path that it shows and
/// its links, and of a listing its title and the path above it.
fn compared(answer: &Answer) -> (u16, Vec<&str>, &str) {
    let is_html = answer.field("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let is_listing = is_html && answer.field("vary") == Some("Accept");
    let is_page = answer.status >= 300 || is_listing;
    let is_same = |line: &&str| {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        let differs = name == "date" || name == "etag" || is_page && name == "content-length";
        !differs
    };
    let body = match answer.status {
        300.. => "",
        _ if is_listing => answer.text().split_once("</nav>").map_or("", |(_, body)| body),
        _ => answer.text(),
    };
    (answer.status, answer.head.lines().filter(is_same).collect(), body)
}

#[test]
fn the_page_of_every_404_is_that_outside_too() {
    let root = folder(&[("404.html", b"lost")]);
    let address = serve_below(PREFIX, root.path());
    for (method, target, expected) in [
        ("GET", "/repo/nothing", "lost"),
        ("GET", "/nothing", "lost"),
        ("GET", "/404.html", "lost"),
        ("GET", "/repository/", "lost"),
        ("HEAD", "/nothing", ""),
        ("POST", "/nothing", "lost"),
        ("POST", "/", "lost"),
        ("OPTIONS", "/repo", "lost"),
    ] {
        let answer =
            answer_to(address, method, target.as_bytes(), "If-None-Match: *\r\nRange: bytes=0-1\r\n");
        assert_eq!((answer.status, answer.text()), (404, expected), "{target}");
        assert_eq!(answer.field("content-length"), Some("4"), "{target}");
    }
    let answer = answer_to(address, "GET", b"/repo/404.html", "");
    assert_eq!((answer.status, answer.text()), (200, "lost"));
    let answer = answer_to(address, "GET", b"/nothing", "Accept: application/json\r\n");
    assert_eq!(answer.field("content-type"), Some("application/problem+json"));
}

#[test]
fn what_is_below_is_answered_as_the_same_at_a_root() {
    let root = site();
    let (below, at_root) = (serve_below("/repo/", root.path()), serve(root.path(), Limits::default()));
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, u16)] = &[
        ("GET",     "/",                     "",                                            200),
        ("HEAD",    "/",                     "",                                            200),
        ("GET",     "/page.txt",             "",                                            200),
        ("GET",     "/page.txt?q=/../",      "",                                            200),
        ("HEAD",    "/page.txt",             "",                                            200),
        ("GET",     "/repo/page.txt",        "",                                            200),
        ("GET",     "/sub/",                 "",                                            200),
        ("GET",     "/sub",                  "",                                            301),
        ("HEAD",    "/sub?q=1",              "",                                            301),
        ("GET",     "/bare/deep",            "",                                            301),
        ("GET",     "/bare/a%20b.txt",       "",                                            200),
        ("GET",     "/bare/",                "",                                            200),
        ("GET",     "/bare/?sort=size",      "",                                            200),
        ("HEAD",    "/bare/",                "",                                            200),
        ("GET",     "/bare/",                "Accept: application/json\r\n",                200),
        ("GET",     "/page.txt",             "Range: bytes=2-4\r\n",                        206),
        ("GET",     "/page.txt",             "Range: bytes=99-\r\n",                        416),
        ("GET",     "/page.txt",             "If-Match: \"other\"\r\n",                     412),
        ("GET",     "/page.txt",             "Accept-Encoding: identity;q=0\r\n",           406),
        ("GET",     "/missing",              "",                                            404),
        ("HEAD",    "/missing",              "",                                            404),
        ("GET",     "/missing",              "Accept: application/json\r\n",                404),
        ("GET",     "/.hidden",              "",                                            404),
        ("GET",     "/page.txt/",            "",                                            404),
        ("POST",    "/form",                 "",                                            200),
        ("POST",    "/form",                 "Content-Length: 0\r\n",                       200),
        ("OPTIONS", "/page.txt",             "",                                            204),
        ("PUT",     "/page.txt",             "",                                            405),
        ("BREW",    "/page.txt",             "",                                            501),
    ];
    for (method, rest, fields, status) in table {
        let [here, there] = [(below, PREFIX), (at_root, "")].map(|(address, prefix)| {
            answer_to(address, method, format!("{prefix}{rest}").as_bytes(), fields)
        });
        assert_eq!(here.status, *status, "{method} {rest} {fields}");
        assert_eq!(compared(&here), compared(&there), "{method} {rest} {fields}");
        let absolute = format!("http://a{PREFIX}{rest}");
        assert_eq!(
            compared(&answer_to(below, method, absolute.as_bytes(), fields)),
            compared(&there),
            "{absolute}"
        );
    }
}

#[test]
fn a_file_that_is_held_is_304_below_too() {
    let root = site();
    let mut visitor = Visitor::of(serve_below("repo", root.path()));
    let tag = visitor.get_settled("/repo/page.txt", "").tag().to_owned();
    for target in ["/repo/page.txt", "/%72epo/page.txt", "//repo//page.txt", "/x/../repo/page.txt"] {
        let answer = visitor.get(target, &format!("If-None-Match: {tag}"));
        assert_eq!((answer.status, answer.tag()), (304, &*tag), "{target}");
    }
}

#[test]
fn every_spelling_of_a_path_is_below_or_is_not() {
    let root = site();
    let address = serve_below("/repo/", root.path());
    for target in [
        "/repo/page.txt",
        "/%72epo/page.txt",
        "/re%70%6F/page.txt",
        "//repo/page.txt",
        "/repo//page.txt",
        "/./repo/page.txt",
        "/repo/./page.txt",
        "/repo/%2e/page.txt",
        "/repo/p%61ge.txt",
        "/x/../repo/page.txt",
        "/repo/x/../page.txt",
        "/repo/../repo/page.txt",
        "/repo/%2e%2E/repo/page.txt",
        "/.git/../repo/page.txt",
        "/repo/.git/../page.txt",
        "http://a/repo/page.txt",
        "http://a//repo/page.txt?q",
    ] {
        let answer = answer_to(address, "GET", target.as_bytes(), "");
        assert_eq!((answer.status, answer.text()), (200, "0123456789"), "{target}");
    }
    for target in [
        "/page.txt",
        "//page.txt",
        "/repo/../page.txt",
        "/repo/%2e%2e/page.txt",
        "/repo/../repo/../page.txt",
        "/Repo/page.txt",
        "/repository/page.txt",
        "/rep/page.txt",
        "/repopage.txt",
        "/x/repo/page.txt",
        "/repo.txt",
        "/repo%2fpage.txt",
        "/repo%2Fpage.txt",
        "/repo/%2fpage.txt",
        "/repo%00/page.txt",
        "/repo/page.txt%00",
        "/x%2f/../repo/page.txt",
        "/x%00/../repo/page.txt",
        "/repo\\page.txt",
        "/repo%5c..%5cpage.txt",
        "/%2572epo/page.txt",
        "/../repo/page.txt",
        "/..",
        "/repo/../..",
        "/repo/../../repo/page.txt",
        "/repo/../../../etc/passwd",
        "/repo/%2e%2e/%2e%2e/etc/passwd",
        "/repo/..%2f..%2fetc/passwd",
        "/repo/.hidden",
        "/repo/%2ehidden",
        "/repo/sub/../.hidden",
        "/.onepoll/../page.txt",
        "http://repo/page.txt",
        "http://a/page.txt",
    ] {
        let answer = answer_to(address, "GET", target.as_bytes(), "");
        assert_eq!(answer.status, 404, "{target}: {}", answer.text());
        assert!(!answer.text().contains("0123"), "{target}");
    }
    for target in [
        format!("/repo/{}page.txt", "x/../".repeat(1000)),
        format!("/repo{}page.txt", "/.".repeat(2000) + "/"),
    ] {
        assert_eq!(answer_to(address, "GET", target.as_bytes(), "").status, 200);
    }
    for target in [format!("/repo/{}page.txt", "../".repeat(2000)), format!("/{}", "repo/".repeat(1500))] {
        assert_eq!(answer_to(address, "GET", target.as_bytes(), "").status, 404);
    }
}

#[test]
fn the_root_leads_to_the_prefix() {
    let root = site();
    for prefix in ["/repo/", "/a/b%20c/"] {
        let address = serve_below(prefix, root.path());
        for target in
            ["/", "//", "///", "/.", "/./", "/%2e", "/x/..", "/x/../", "//./", "http://a", "http://a/"]
        {
            let path = target.strip_prefix("http://a").unwrap_or(target);
            let path = remove_dot_segments(if path.is_empty() { "/" } else { path });
            for (method, query) in
                [("GET", ""), ("HEAD", ""), ("GET", "?"), ("GET", "?q=1&/../"), ("HEAD", "?%")]
            {
                let target = format!("{target}{query}");
                let answer = answer_to(address, method, target.as_bytes(), "");
                assert_eq!(answer.status, 302, "{method} {target}");
                assert_eq!(answer.field("cache-control"), Some("no-cache"), "{method} {target}");
                let location = answer.field("location").unwrap();
                assert!(!location.starts_with('/') && !location.contains("//"), "{location}");
                assert_eq!(resolved(&path, location), format!("{prefix}{query}"), "{target}: {location}");
            }
        }
    }
}

#[test]
fn the_prefix_without_its_slash_is_moved_to_it() {
    let root = site();
    let address = serve_below("/a/b/", root.path());
    for target in ["/a/b", "//a/b", "/a//b", "/%61/b", "/a/./b", "/a/x/../b", "/a/b/../b", "http://a/a/b"] {
        for (method, query) in [("GET", ""), ("HEAD", "?q=1")] {
            let target = format!("{target}{query}");
            let answer = answer_to(address, method, target.as_bytes(), "");
            assert_eq!(answer.status, 301, "{method} {target}");
            let path = target.strip_prefix("http://a").unwrap_or(&target);
            let led = resolved(path, answer.field("location").unwrap());
            let led = answer_to(address, "GET", led.as_bytes(), "");
            assert_eq!((led.status, led.text()), (200, "start"), "{target}");
        }
    }
    for target in ["/a", "/a/", "/a/c", "/b"] {
        assert_eq!(answer_to(address, "GET", target.as_bytes(), "").status, 404, "{target}");
    }
}

#[test]
fn outside_of_the_prefix_every_method_finds_nothing() {
    let root = site();
    let address = serve_below("/repo/", root.path());
    for target in ["/page.txt", "/", "/repo", "/repo/../page.txt"] {
        for (method, fields, status) in [
            ("POST", "", 404),
            ("POST", "Content-Length: 0\r\n", 404),
            ("OPTIONS", "", 404),
            ("PUT", "", 405),
            ("DELETE", "", 405),
            ("BREW", "", 501),
        ] {
            let answer = answer_to(address, method, target.as_bytes(), fields);
            assert_eq!(answer.status, status, "{method} {target}");
            assert_eq!(answer.field("allow").is_some(), status == 405, "{method} {target}");
        }
    }
    let answer = answer_to(address, "OPTIONS", b"*", "");
    assert_eq!((answer.status, answer.field("allow")), (204, Some("GET, HEAD, POST, OPTIONS")));
    for fields in ["Range: bytes=0-1\r\n", "If-None-Match: *\r\n", "If-Match: *\r\n"] {
        assert_eq!(answer_to(address, "GET", b"/page.txt", fields).status, 404, "{fields}");
    }
    let json = answer_to(address, "GET", b"/page.txt", "Accept: application/problem+json\r\n");
    assert_eq!(json.field("content-type"), Some("application/problem+json"));
    assert!(json.text().contains("\"instance\":\"/page.txt\""), "{}", json.text());
}

/// Content is read to its end, whatever becomes of the request, and requests behind it are answered.
#[test]
fn content_outside_is_read_and_the_connection_goes_on() {
    let root = site();
    let address = serve_below("/repo/", root.path());
    const NEXT: &str = "GET /repo/page.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for content in [
        "Content-Length: 5\r\n\r\nGET /",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n",
        "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nGET /",
    ] {
        for (path, status) in [("/form", 404), ("/", 404), ("/repo/form", 200)] {
            let request = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{content}{NEXT}");
            let answers = read_answers_to(&ask(address, request.as_bytes()), &["POST", "GET"]);
            assert_eq!(answers[0].status, status, "{path} {content}");
            assert_eq!(answers[1].text(), "0123456789", "{path} {content}");
        }
    }
    let mut visitor = Visitor::of(address);
    visitor.send("POST", "/form", "Expect: 100-continue\r\nContent-Length: 5");
    assert_eq!(
        visitor.read("POST").status,
        100,
        "content is asked for before the path is judged, as everywhere"
    );
}

#[test]
fn a_receipt_names_the_path_that_was_sent() {
    let root = site();
    let address = serve_below("/repo/", root.path());
    for (target, path) in
        [("/repo/form?q", "/repo/form"), ("/%72epo//form", "/%72epo//form"), ("http://a/repo/x", "/repo/x")]
    {
        let answer = answer_to(address, "POST", target.as_bytes(), "Accept: application/json\r\n");
        assert!(answer.text().contains(&format!("\"path\":\"{path}\"")), "{}", answer.text());
    }
}

/// The references of a page, as targets that a client would ask for.
fn led(address: SocketAddr, target: &str) -> Vec<String> {
    let answer = answer_to(address, "GET", target.as_bytes(), "");
    let references = answer.text().split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    references.filter(|link| !link.starts_with("data:")).map(|link| resolved(target, link)).collect()
}

#[test]
fn links_lead_to_the_start_of_the_site_and_no_higher() {
    let root = site();
    let address = serve_below("/a/repo/", root.path());
    for target in [
        "/a/repo/missing",
        "/a/repo/x/y/missing",
        "//a/repo//missing",
        "/a/repo/x/../missing",
        "/a/repo/bare",
        "/missing",
        "/x/y/missing",
        "/a/",
        "/a",
        "/",
        "/a/repo",
        "/..",
        "/a/repo/../../..",
        "/a%2frepo/x",
    ] {
        let start = led(address, target).pop().unwrap_or_else(|| panic!("{target} has no link"));
        // Between two slashes in a row is a segment that a client counts.
        assert_eq!(start.replace("//", "/"), "/a/repo/", "{target}");
        let page = answer_to(address, "GET", start.as_bytes(), "");
        assert_eq!((page.status, page.text()), (200, "start"), "{target}: {start}");
    }
    for (target, crumbs) in [
        ("/a/repo/bare/", &["/a/repo/", "/a/repo/bare/"][..]),
        ("/a/repo/bare/deep/", &["/a/repo/", "/a/repo/bare/", "/a/repo/bare/deep/"]),
        ("/a//repo/bare/", &["/a//repo/", "/a//repo/bare/"]),
        ("/a/./repo/bare/deep/.", &["/a/repo/", "/a/repo/bare/", "/a/repo/bare/deep/"]),
        ("/%61/repo/bare/?sort=size", &["/%61/repo/", "/%61/repo/bare/"]),
    ] {
        let led = led(address, target);
        assert_eq!(led[..crumbs.len()], *crumbs, "{target}");
        // The row of the folder above leads there, but never out of the site.
        let above = crumbs.len().checked_sub(2).map(|at| crumbs[at]);
        assert_eq!(above, led.get(crumbs.len()).map(String::as_str), "{target}");
        for target in led {
            assert_eq!(answer_to(address, "GET", target.as_bytes(), "").status, 200, "{target}");
        }
    }
    let listing = answer_to(address, "GET", b"/a/repo/bare/", "");
    // The buttons are in a form without an action: they ask for the path of the page.
    assert!(listing.text().contains("<form><button name=\"sort\""), "{}", listing.text());
    let json = answer_to(address, "GET", b"/a/repo/bare/", "Accept: application/json\r\n");
    assert!(json.text().contains("\"link\":\"deep/\""), "{}", json.text());
}

#[test]
fn the_inspector_stays_where_it_is() {
    let root = site();
    let address = serve_below("/repo/", root.path());
    for target in ["/.onepoll/", "/.onepoll/health", "/repo/../.onepoll/health"] {
        assert_eq!(answer_to(address, "GET", target.as_bytes(), "").status, 200, "{target}");
    }
    assert_eq!(answer_to(address, "GET", b"/repo/.onepoll/", "").status, 404);
    let start = led(address, "/.onepoll/missing").pop().unwrap();
    assert_eq!(start, "/repo/");
}

#[test]
fn the_program_says_where_the_site_is() {
    let root = site();
    for (flag, prefix) in [
        (&["--prefix", "/repo/"][..], "/repo/"),
        (&["--prefix", "a/b c"], "/a/b%20c/"),
        (&["--prefix", "/"], ""),
        (&[], ""),
    ] {
        let (program, address) = Program::start(onepoll().arg(root.path()).args(flag));
        let second = program.said().unwrap();
        let shown = format!(" at http://{address}{prefix} to this machine only");
        assert_eq!(second.contains(&shown), !prefix.is_empty(), "{flag:?}: {second}");
        let start = if prefix.is_empty() { "/" } else { prefix };
        assert_eq!(answer_to(address, "GET", start.as_bytes(), "").text(), "start", "{flag:?}");
        assert_eq!(answer_to(address, "GET", b"/", "").status, if prefix.is_empty() { 200 } else { 302 });
        // The log shows what came.
        program.told(&format!("\"GET {start} HTTP/1.1\" 200"));
    }
    let bare = folder(&[("file", b"")]);
    let (program, _) =
        Program::start(onepoll().arg(bare.path()).args(["--prefix", "/repo/", "--bind", "0.0.0.0"]));
    let lines: Vec<_> = [(); 2].iter().map_while(|()| program.said()).collect();
    assert!(lines[1].contains("so /repo/ is 404"), "{lines:?}");
}
