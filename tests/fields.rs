//! Fields that every answer of the site and of the gate carries, and those of the server itself do not.

mod support;

use onepoll::http::origin::Origin;
use onepoll::inspect;
use onepoll::service::Service;
use onepoll::service::cors::{Cors, Credentials};
use onepoll::service::fields::CommonFields;
use onepoll::site::{Policy, Site};
use support::visitor::{Visitor, gzip};
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

/// Fields in the answers of the site and of the gate, and their values.
const REQUESTS: [(&str, u16); 8] = [
    ("GET / HTTP/1.1\r\nHost: localhost", 200),
    ("GET /coded.bin HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip", 200),
    ("GET /folder/ HTTP/1.1\r\nHost: localhost", 200),
    ("OPTIONS * HTTP/1.1\r\nHost: localhost", 204),
    ("GET /nowhere HTTP/1.1\r\nHost: localhost", 404),
    ("GET / HTTP/1.1\r\nHost: foreign.example", 421),
    ("GET / HTTP/1.1", 400),
    ("FOO / HTTP/1.1\r\nHost: localhost", 501),
];

/// Serves a small site and the inspector with these fields, and gives the answers to [`REQUESTS`] and to one for the inspector.
fn answers_with(fields: CommonFields) -> (Vec<Answer>, Answer) {
    let root = folder(&[
        ("index.html", b"<p>start"),
        ("folder/a", b"a"),
        ("coded.bin", b"coded"),
        ("coded.bin.gz", &gzip(b"coded")),
    ]);
    let service = Service::new(Site::open(root.path(), Policy::default()).unwrap());
    let (epoll, address) = listen();
    start(inspect::reactor(epoll, service.fields(fields)));
    let mut visitor = Visitor::of(address);
    visitor.get_settled("/", "");
    let is_settled = |it: &Answer| it.field("content-encoding").is_some() && it.tag().starts_with('"');
    visitor.get_until("/coded.bin", "Accept-Encoding: gzip", is_settled);
    let ask = |request: &str, status: u16| {
        let method = request.split(' ').next().unwrap().to_owned();
        // Heads are shared from the third answer on.
        let answers = [(); 3].map(|()| {
            read_answers_to(&ask(address, format!("{request}\r\n\r\n").as_bytes()), &[&method]).remove(0)
        });
        let [first, .., last] = answers;
        assert_eq!((first.status, fields_of(&first)), (status, fields_of(&last)), "{request}");
        last
    };
    let of_site = REQUESTS.map(|(request, status)| ask(request, status));
    (of_site.into(), ask("GET /.onepoll/ HTTP/1.1\r\nHost: localhost", 200))
}

/// The fields of an answer, without the one that tells the time.
fn fields_of(answer: &Answer) -> Vec<(&str, &str)> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(name, _)| *name != "Date").collect()
}

/// All values of a field.
fn values<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let fields = fields_of(answer).into_iter();
    fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

#[test]
fn a_name_that_is_set_twice_is_sent_twice_in_the_place_of_ours() {
    let fields = CommonFields::default();
    let fields =
        fields.set("Link", "</a>; rel=preload").set("Set-Cookie", "a=b").set("link", "</b>; rel=icon");
    let fields = fields.set("SERVER", "one").set("server", "two").set("X-Content-Type-Options", "");
    let (answers, of_server) = answers_with(fields);
    for answer in answers {
        assert_eq!(values(&answer, "Link"), ["</a>; rel=preload", "</b>; rel=icon"], "{}", answer.head);
        assert_eq!(values(&answer, "Server"), ["one", "two"], "{}", answer.head);
        assert_eq!(values(&answer, "Set-Cookie"), ["a=b"]);
        assert_eq!(values(&answer, "X-Content-Type-Options"), [""]);
    }
    assert_eq!((values(&of_server, "Link").len(), values(&of_server, "Server")), (0, vec!["onepoll"]));
}

#[test]
fn vary_is_one_field_with_ours_and_has_each_name_once() {
    let set = CommonFields::default().set("Vary", "Cookie,accept-encoding").set("vary", " cookie, Origin");
    let named = Cors::Named(vec![Origin::parse("https://a.example").unwrap()], Credentials::NotAllowed);
    for (fields, of_site, of_gate) in [
        (set.clone(), ", Origin", ", Origin"),
        (set.open_to(named.clone()), ", Origin", ", Origin"),
        (CommonFields::default().set("Vary", "Cookie").open_to(named), ", Origin", ""),
    ] {
        let (answers, of_server) = answers_with(fields.clone());
        for (answer, (request, status)) in answers.iter().zip(REQUESTS) {
            let asks = "Access-Control-Request-Method, Access-Control-Request-Headers";
            let has_coding = of_gate == ", Origin";
            let coding = if has_coding { ", accept-encoding" } else { "" };
            let origin = if matches!(status, 400 | 421) { of_gate } else { of_site };
            let expected = match request {
                _ if request.contains("coded.bin") => format!("Accept-Encoding, Cookie{origin}"),
                _ if request.starts_with("OPTIONS") && *fields.cors() != Cors::Off => {
                    format!("{asks}, Cookie{coding}{origin}")
                }
                _ if request.contains("/folder/") || matches!(status, 404 | 421 | 501) => {
                    format!("Accept, Cookie{coding}{origin}")
                }
                _ => format!("Cookie{coding}{origin}"),
            };
            assert_eq!(values(answer, "vary"), [expected], "{request}");
        }
        assert_eq!(values(&of_server, "vary"), [""; 0]);
    }
}

#[test]
fn pages_are_isolated_and_a_field_of_the_user_takes_the_place_of_one_of_the_three() {
    let names =
        ["Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Resource-Policy"];
    for (fields, expected) in [
        (CommonFields::default(), [None; 3]),
        (CommonFields::default().isolate(), [Some("same-origin"), Some("require-corp"), Some("same-origin")]),
        (
            CommonFields::default().set("cross-origin-embedder-policy", "credentialless").isolate(),
            [Some("same-origin"), Some("credentialless"), Some("same-origin")],
        ),
    ] {
        let (answers, of_server) = answers_with(fields);
        for answer in answers {
            let got = names.map(|name| values(&answer, name));
            assert_eq!(got, expected.map(|value| value.into_iter().collect::<Vec<_>>()), "{}", answer.head);
        }
        assert_eq!(names.map(|name| of_server.field(name)), [None; 3]);
    }
}
