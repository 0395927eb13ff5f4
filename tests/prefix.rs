//! A site behind a proxy that adds a prefix to its paths, and removes the prefix from requests. No reference of the
//! server leads out of the prefix, and each leads where it says.

mod support;

use onepoll::inspect;
use onepoll::service::Service;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::site::{Hidden, Policy, Site};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::reference::resolved;
use support::service::answer_to;
use support::{Answer, ask, folder, listen, read_answers, serve, start};
use tempfile::TempDir;

/// The prefix that the proxy removes.
const PREFIX: &str = "/files";

fn site() -> TempDir {
    let root = folder(&[
        ("file.txt", b"text"),
        ("a/b/c d/file.txt", b"text"),
        ("a:b/http:/x", b"text"),
        ("javascript:alert(1)/x", b"text"),
        ("evil.example/x", b"text"),
        ("secret/x", b"text"),
    ]);
    std::fs::set_permissions(root.path().join("secret"), PermissionsExt::from_mode(0o000)).unwrap();
    root
}

/// The same with the inspector.
fn inspected(root: &Path) -> SocketAddr {
    let (epoll, address) = listen();
    let site = Site::open(root, Policy { hidden: Hidden::Served, ..Policy::default() }).unwrap();
    start(inspect::reactor(epoll, Service::new(site).hosts(Hosts::Any)));
    address
}

/// Every reference in an answer: in its page, and in its `Location`.
fn references(answer: &Answer) -> Vec<String> {
    let html = String::from_utf8_lossy(&answer.body);
    let mut references: Vec<_> = answer.field("location").map(str::to_owned).into_iter().collect();
    for attribute in [" href=\"", " src=\"", " action=\"", " formaction=\"", " poster=\""] {
        let values = html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        references.extend(values);
    }
    references.retain(|reference| !reference.starts_with("data:"));
    references
}

/// Where the references in the answer to `target` lead a client that sees the site below the prefix: the targets as
/// the proxy would pass them on.
fn led(address: SocketAddr, method: &str, target: &str, fields: &str) -> (Answer, Vec<String>) {
    let answer = answer_to(address, method, target.as_bytes(), fields);
    let path = target.strip_prefix("http://a").unwrap_or(target);
    let lead = |reference: &String| {
        let led = resolved(&format!("{PREFIX}{path}"), reference);
        let inside = led.strip_prefix(PREFIX).filter(|inside| inside.starts_with('/'));
        inside.unwrap_or_else(|| panic!("{reference} on {target} leads to {led}")).to_owned()
    };
    let led = references(&answer).iter().map(lead).collect();
    (answer, led)
}

#[test]
fn a_folder_without_its_slash_is_moved_to_it_below_the_prefix() {
    let root = site();
    let address = serve(root.path(), Limits::default());
    for (target, moved) in [
        ("/a", "/a/"),
        ("/a?q=1&/", "/a/?q=1&/"),
        ("/a/b", "/a/b/"),
        ("/a/b/c%20d?", "/a/b/c%20d/?"),
        ("//a", "//a/"),
        ("/a//b", "/a//b/"),
        ("/a/./b", "/a/b/"),
        ("/a/b/../b", "/a/b/"),
        ("/a:b", "/a%3Ab/"),
        ("/a:b/http:", "/a:b/http%3A/"),
        ("/javascript:alert(1)", "/javascript%3Aalert%281%29/"),
        ("//evil.example", "//evil.example/"),
        ("http://a/a/b", "/a/b/"),
    ] {
        let (answer, led) = led(address, "GET", target, "");
        assert_eq!((answer.status, led[0].as_str()), (301, moved), "{target}");
        assert_eq!(answer_to(address, "GET", moved.as_bytes(), "").status, 200, "{moved}");
    }
}

#[test]
fn the_start_page_of_every_page_for_errors_is_the_root_below_the_prefix() {
    let root = site();
    let address = serve(root.path(), Limits::default());
    for (method, target, fields, status) in [
        ("GET", "/missing", "", 404),
        ("GET", "/a/b/missing", "", 404),
        ("GET", "/a/b/missing?q=/../..", "", 404),
        ("GET", "/missing/", "", 404),
        ("GET", "//missing", "", 404),
        ("GET", "/a//missing///", "", 404),
        ("GET", "/a/./b/../missing", "", 404),
        ("GET", "/a%2fb/missing", "", 404),
        ("GET", "/%2e%2e%2f/missing", "", 404),
        ("GET", "http://a/a/missing", "", 404),
        ("GET", "/secret/", "", 403),
        ("GET", "/a/b", "", 301),
        ("GET", "/file.txt", "If-Match: \"x\"\r\n", 412),
        ("GET", "/a/b/c%20d/file.txt", "Range: bytes=9-\r\n", 416),
        ("DELETE", "/a/b/", "", 405),
        ("BREW", "/a/b", "", 501),
    ] {
        let (answer, led) = led(address, method, target, fields);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(led.last().map(String::as_str), Some("/"), "{target}: {}", answer.text());
    }
    for request in
        [&b"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n"[..], b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"]
    {
        let answer = read_answers(&ask(address, request)).remove(0);
        assert_eq!(
            references(&answer),
            Vec::<String>::new(),
            "no way is known from {}",
            request.escape_ascii()
        );
    }
}

#[test]
fn a_listing_stays_below_the_prefix() {
    let root = site();
    let address = serve(root.path(), Limits::default());
    for (target, above) in [
        ("/", &["/"][..]),
        ("/?sort=size&order=desc", &["/"]),
        ("/a/", &["/", "/a/"]),
        ("/a/b/c%20d/", &["/", "/a/", "/a/b/", "/a/b/c%20d/"]),
        ("/a:b/http:/", &["/", "/a:b/", "/a:b/http:/"]),
        ("//a//b/", &["/", "//a/", "//a//b/"]),
        ("/a/./b/.", &["/", "/a/", "/a/b/"]),
    ] {
        let (answer, led) = led(address, "GET", target, "");
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(led[..above.len()], *above, "{target}");
        for target in led {
            let status = answer_to(address, "GET", target.as_bytes(), "").status;
            assert!(status == 200 || target == "/secret/", "{target}: {status}");
        }
    }
}

#[test]
fn so_do_the_pages_that_come_with_it() {
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("www");
    let address = inspected(&www);
    let mut count = 0;
    for target in
        ["/", "/index.html", "/tour.html", "/.onepoll/", "/.onepoll/missing", "/.onepoll", "/a/../.onepoll"]
    {
        for (target, led) in led(address, "GET", target, "").1.into_iter().map(|led| (target, led)) {
            if !["/no-such-file", "/any/path", "/.onepoll/events"].contains(&led.as_str()) {
                let path = led.as_bytes();
                assert_eq!(answer_to(address, "GET", path, "").status, 200, "{led} on {target}");
            }
            count += 1;
        }
    }
    assert!(count > 30, "only {count} references");
}

/// Without an icon, browsers ask for `/favicon.ico`, and report on the console that it is missing.
#[test]
fn every_page_names_an_icon() {
    let root = site();
    let site = serve(root.path(), Limits::default());
    let own = inspected(&Path::new(env!("CARGO_MANIFEST_DIR")).join("www"));
    for (address, target) in [
        (site, "/"),
        (site, "/a/b/"),
        (site, "/a"),
        (site, "/missing"),
        (site, "/secret/"),
        (own, "/"),
        (own, "/tour.html"),
        (own, "/.onepoll/"),
        (own, "/.onepoll/missing"),
    ] {
        let page = answer_to(address, "GET", target.as_bytes(), "");
        assert!(page.text().contains("<link rel=\"icon\" href=\""), "{target}: {}", page.text());
    }
}

/// Checks the rules for references that the other tests use.
#[test]
fn the_examples_of_rfc_3986() {
    for (reference, expected) in [
        ("g", "/b/c/g"),
        ("./g", "/b/c/g"),
        ("g/", "/b/c/g/"),
        ("/g", "/g"),
        ("//g", "//g"),
        ("?y", "/b/c/d;p?y"),
        ("g?y", "/b/c/g?y"),
        ("#s", "/b/c/d;p?q"),
        ("", "/b/c/d;p?q"),
        (".", "/b/c/"),
        ("./", "/b/c/"),
        ("..", "/b/"),
        ("../", "/b/"),
        ("../g", "/b/g"),
        ("../..", "/"),
        ("../../g", "/g"),
        ("../../../g", "/g"),
        ("/./g", "/g"),
        ("/../g", "/g"),
        ("g.", "/b/c/g."),
        ("..g", "/b/c/..g"),
        ("./g/.", "/b/c/g/"),
        ("g/../h", "/b/c/h"),
        ("g:h", "g:h"),
    ] {
        assert_eq!(resolved("/b/c/d;p?q", reference), expected, "{reference}");
    }
}
