//! Fields that every answer of the site carries.

mod support;

use onepoll::inspect;
use onepoll::service::Service;
use onepoll::site::{Policy, Site};
use support::visitor::Visitor;
use support::{Answer, ask, folder, listen, read_answers_to, start};

/// A field that is set for the site replaces the field of an answer. It is on every answer of the site, and on no
/// answer of the server itself.
#[test]
fn a_field_that_is_set_for_the_site_stands_on_every_answer_of_it() {
    let root = folder(&[("index.html", b"<p>start"), ("folder/a", b"a"), ("large.bin", &[b'x'; 70_000])]);
    let service = Service::new(Site::open(root.path(), Policy::default()).unwrap())
        .field("Cache-Control", "max-age=5")
        .field("X-Of-Site", "yes")
        .field("server", "another");
    let (epoll, address) = listen();
    start(inspect::reactor(epoll, service));
    let ask = |request: &str| {
        let method = request.split(' ').next().unwrap().to_owned();
        read_answers_to(&ask(address, format!("{request}\r\n\r\n").as_bytes()), &[&method]).remove(0)
    };
    let count = |answer: &Answer, name: &str| {
        let names = answer.head.lines().filter_map(|line| line.split_once(": "));
        names.filter(|(field, _)| field.eq_ignore_ascii_case(name)).count()
    };
    let tag = Visitor::of(address).get_settled("/", "").tag().to_owned();
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: localhost", 200),
        ("GET / HTTP/1.1\r\nHost: localhost", 200),
        ("HEAD / HTTP/1.1\r\nHost: localhost", 200),
        ("GET /large.bin HTTP/1.1\r\nHost: localhost", 200),
        ("GET /large.bin HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-9", 206),
        (&format!("GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {tag}"), 304),
        ("GET /folder HTTP/1.1\r\nHost: localhost", 301),
        ("GET /folder/ HTTP/1.1\r\nHost: localhost", 200),
        ("GET /nowhere HTTP/1.1\r\nHost: localhost", 404),
        ("GET /nowhere HTTP/1.1\r\nHost: localhost\r\nAccept: application/json", 404),
        ("GET / HTTP/1.1\r\nHost: foreign.example", 421),
        ("DELETE / HTTP/1.1\r\nHost: localhost", 405),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0", 200),
        ("OPTIONS / HTTP/1.1\r\nHost: localhost", 204),
        ("GET / HTTP/1.1", 400),
    ] {
        let answer = ask(request);
        assert_eq!(answer.status, status, "{request}");
        for (name, value) in [("cache-control", "max-age=5"), ("x-of-site", "yes"), ("server", "another")] {
            assert_eq!(
                (answer.field(name), count(&answer, name)),
                (Some(value), 1),
                "{request}: {}",
                answer.head
            );
        }
        assert_eq!(count(&answer, "x-content-type-options"), 1, "{request}");
    }
    for (path, status) in [("", 200), ("nowhere", 404), ("state.json", 200)] {
        let answer = ask(&format!("GET /.onepoll/{path} HTTP/1.1\r\nHost: localhost"));
        assert_eq!((answer.status, answer.field("x-of-site")), (status, None), "{path}");
        assert_eq!((answer.field("server"), count(&answer, "cache-control")), (Some("onepoll"), 1), "{path}");
        assert_ne!(answer.field("cache-control"), Some("max-age=5"), "{path}");
    }
}
