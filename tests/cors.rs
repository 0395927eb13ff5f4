//! Pages of other origins: which answers they may read, and what a browser is granted that asks before it sends a request.

mod support;

use onepoll::http::origin::Origin;
use onepoll::inspect;
use onepoll::service::Service;
use onepoll::service::cors::{Cors, Credentials};
use onepoll::service::fields::CommonFields;
use onepoll::service::limits::Limits;
use onepoll::site::{Policy, Site};
use std::net::SocketAddr;
use std::time::Duration;
use support::visitor::{Visitor, gzip};
use support::{Answer, ask, ask_until_closed, folder, listen, read_answers_to, start};
use tempfile::TempDir;

const A: &str = "https://a.example";
const B: &str = "http://localhost:3000";

const EXPOSED: &str = "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, Date, ETag";

fn named(origins: &[&str], credentials: Credentials) -> Cors {
    Cors::Named(origins.iter().map(|origin| Origin::parse(origin).unwrap()).collect(), credentials)
}

/// A site with these fields, and the inspector beside it.
fn site(fields: CommonFields, limits: Limits) -> (TempDir, SocketAddr) {
    let coded = gzip(b"coded");
    let root = folder(&[
        ("index.html", b"<p>start"),
        ("folder/a", b"a"),
        ("coded.bin", b"coded"),
        ("coded.bin.gz", &coded),
        ("large.bin", &[b'x'; 70_000]),
    ]);
    let service = Service::new(Site::open(root.path(), Policy::default()).unwrap());
    let (epoll, address) = listen();
    start(inspect::reactor(epoll, service.fields(fields).limits(limits)));
    (root, address)
}

fn opened(cors: Cors) -> (TempDir, SocketAddr) {
    site(CommonFields::default().open_to(cors), Limits::default())
}

/// All values of a field.
fn values<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

/// To whom an answer belongs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Whose {
    Site,
    Gate,
    Server,
}

/// Requests of which each gets another kind of answer: the lines of the head but for `Origin`, the status, and whose answer it
/// is.
fn requests(tag: &str) -> Vec<(String, u16, Whose)> {
    let here = |line: &str, fields: &str| format!("{line} HTTP/1.1\r\nHost: localhost\r\n{fields}");
    let long = format!("X: {}\r\n", "x".repeat(20_000));
    #[rustfmt::skip]
    let table = [
        (here("GET /", ""),                                                     200, Whose::Site),
        (here("HEAD /", ""),                                                    200, Whose::Site),
        (here("GET /large.bin", ""),                                            200, Whose::Site),
        (here("GET /coded.bin", "Accept-Encoding: gzip\r\n"),                   200, Whose::Site),
        (here("GET /folder/", ""),                                              200, Whose::Site),
        (here("GET /folder/", "Accept: application/json\r\n"),                  200, Whose::Site),
        (here("POST /", "Content-Length: 0\r\n"),                               200, Whose::Site),
        (here("POST /", "Content-Length: 1\r\n"),                               400, Whose::Gate),
        (here("OPTIONS /", ""),                                                 204, Whose::Site),
        (here("OPTIONS *", ""),                                                 204, Whose::Site),
        (here("GET /large.bin", "Range: bytes=0-9\r\n"),                        206, Whose::Site),
        (here("GET /large.bin", "Range: bytes=0-9,20-29\r\n"),                  206, Whose::Site),
        (here("GET /folder", ""),                                               301, Whose::Site),
        (here("GET /", &format!("If-None-Match: {tag}\r\n")),                   304, Whose::Site),
        (here("GET /nowhere", ""),                                              404, Whose::Site),
        (here("GET /nowhere", "Accept: application/json\r\n"),                  404, Whose::Site),
        (here("DELETE /", ""),                                                  405, Whose::Site),
        (here("PUT /", "Content-Length: 1\r\nExpect: 100-continue\r\n"),        405, Whose::Gate),
        (here("GET /large.bin", "Accept-Encoding: identity;q=0\r\n"),           406, Whose::Site),
        (here("GET /", "If-Match: \"other\"\r\n"),                              412, Whose::Site),
        (here("POST /", "Content-Length: 99999999\r\n"),                        413, Whose::Gate),
        (here("GET /large.bin", "Range: bytes=70000-\r\n"),                     416, Whose::Site),
        (here("GET /", "Expect: tea\r\n"),                                      417, Whose::Gate),
        ("GET / HTTP/1.1\r\nHost: foreign.example\r\n".to_owned(),              421, Whose::Gate),
        ("GET / HTTP/1.1\r\n".to_owned(),                                       400, Whose::Gate),
        ("GET / HTTP/2.0\r\nHost: a\r\n".to_owned(),                            505, Whose::Gate),
        (here("GET /", &long),                                                  431, Whose::Gate),
        (here("FOO /", ""),                                                     501, Whose::Site),
        (here("GET /.onepoll/", ""),                                            200, Whose::Server),
        (here("GET /.onepoll/state.json", ""),                                  200, Whose::Server),
        (here("GET /.onepoll/nowhere", ""),                                     404, Whose::Server),
        (here("OPTIONS /.onepoll/", ""),                                        204, Whose::Server),
    ];
    table.into()
}

/// The lines of `Origin` in a request, and the origin that counts.
const ORIGINS: [(&str, Option<&str>); 11] = [
    ("", None),
    ("Origin: https://a.example\r\n", Some(A)),
    ("origin:  http://localhost:3000 \r\n", Some(B)),
    ("Origin: https://other.example\r\n", Some("https://other.example")),
    ("Origin: null\r\n", Some("null")),
    ("Origin: https://a.example:443\r\n", Some("another text than a browser sends")),
    ("Origin: HTTPS://A.example\r\n", Some("another text than a browser sends")),
    ("Origin: https://a.example\r\nOrigin: https://a.example\r\n", None),
    ("Origin: https://a.example http://localhost:3000\r\n", None),
    ("Origin: https://a.example/\r\n", None),
    ("Origin: \x01\r\n", None),
];

/// Asks for everything from every origin, and compares the fields with what this `cors` means.
fn is_read_by(cors: Cors) {
    let (_root, address) = opened(cors.clone());
    let mut visitor = Visitor::of(address);
    let tag = visitor.get_settled("/", "").tag().to_owned();
    // By then the neighbour was compared with its file.
    visitor.get_until("/coded.bin", "Accept-Encoding: gzip", |it| it.field("content-encoding").is_some());
    for (request, status, whose) in requests(&tag) {
        for (lines, origin) in ORIGINS {
            let bytes = format!("{request}{lines}\r\n");
            let method = request.split(' ').next().unwrap();
            let shown = format!("{cors:?} {whose:?} {}", &bytes[..bytes.len().min(200)]);
            // A control byte makes the whole head malformed.
            let (status, whose) =
                if lines.contains('\x01') && status != 431 { (400, Whose::Gate) } else { (status, whose) };
            let answer = read_answers_to(&ask(address, bytes.as_bytes()), &[method]).remove(0);
            assert_eq!(answer.status, status, "{shown}");
            assert_fields(&answer, &cors, origin, whose, &shown);
        }
    }
}

fn assert_fields(answer: &Answer, cors: &Cors, origin: Option<&str>, whose: Whose, shown: &str) {
    let is_of_site = whose == Whose::Site;
    let (allowed, credentials) = match cors {
        Cors::Any => (Some("*"), false),
        Cors::Named(origins, credentials) => {
            let found = origins.iter().map(Origin::text).find(|named| Some(*named) == origin);
            (found, *credentials == Credentials::Allowed)
        }
        Cors::Off => (None, false),
    };
    let allowed = allowed.filter(|_| is_of_site);
    let one_if = |is: bool, value| if is { vec![value] } else { vec![] };
    assert_eq!(
        values(answer, "access-control-allow-origin"),
        allowed.into_iter().collect::<Vec<_>>(),
        "{shown}"
    );
    assert_eq!(
        values(answer, "access-control-expose-headers"),
        one_if(allowed.is_some(), EXPOSED),
        "{shown}"
    );
    let credentials = one_if(allowed.is_some() && credentials, "true");
    assert_eq!(values(answer, "access-control-allow-credentials"), credentials, "{shown}");
    let vary = values(answer, "vary");
    assert!(vary.len() <= 1, "{shown}: {}", answer.head);
    let members: Vec<_> = vary.iter().flat_map(|vary| vary.split(", ")).collect();
    let is_option = shown.contains(" OPTIONS ");
    let depends = is_of_site && (matches!(cors, Cors::Named(..)) || (is_option && *cors != Cors::Off));
    let count = |name: &str| members.iter().filter(|member| member.eq_ignore_ascii_case(name)).count();
    assert_eq!(count("origin"), usize::from(depends), "{shown}: {}", answer.head);
    assert!(members.iter().all(|name| count(name) == 1), "{shown}: {}", answer.head);
    if shown.contains("coded.bin") && is_of_site {
        assert_eq!(count("accept-encoding"), 1, "{shown}: {}", answer.head);
    }
}

#[test]
fn without_it_no_answer_lets_a_page_of_another_origin_read_it() {
    is_read_by(Cors::Off);
}

#[test]
fn pages_of_any_origin_read_all_answers_of_the_site_and_no_others() {
    is_read_by(Cors::Any);
}

#[test]
fn pages_of_named_origins_read_all_answers_of_the_site_and_no_others() {
    is_read_by(named(&[A, B], Credentials::NotAllowed));
    is_read_by(named(&[A], Credentials::Allowed));
}

#[test]
fn who_is_too_slow_is_told_so_without_them() {
    for cors in [Cors::Any, named(&[A], Credentials::Allowed)] {
        let limits = Limits { head_timeout: Duration::from_millis(50), ..Limits::default() };
        let (_root, address) = site(CommonFields::default().open_to(cors.clone()), limits);
        let bytes = ask_until_closed(address, format!("GET / HTTP/1.1\r\nOrigin: {A}\r\n").as_bytes());
        let answer = read_answers_to(&bytes, &["GET"]).remove(0);
        assert_eq!(answer.status, 408);
        assert_fields(&answer, &cors, Some(A), Whose::Gate, "408");
    }
}

/// Answers on one connection share heads, and each is for its own request.
#[test]
fn each_of_several_requests_on_one_connection_gets_what_is_for_its_origin() {
    let cors = named(&[A, B], Credentials::NotAllowed);
    let (_root, address) = opened(cors.clone());
    Visitor::of(address).get_settled("/", "");
    let origins = [Some(A), None, Some("https://other.example"), Some(B), Some(A), None];
    let paths = ["/", "/nowhere", "/folder/", "/large.bin"];
    let asked: Vec<_> =
        paths.iter().flat_map(|path| origins.iter().map(move |origin| (path, *origin))).collect();
    let request = |(path, origin): &(&&str, Option<&str>)| {
        let line = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{line}\r\n")
    };
    let bytes: String = asked.iter().map(request).collect();
    let answers = read_answers_to(&ask(address, bytes.as_bytes()), &vec!["GET"; asked.len()]);
    for (answer, (path, origin)) in answers.iter().zip(&asked) {
        assert_fields(answer, &cors, *origin, Whose::Site, &format!("{path} {origin:?}"));
    }
}

/// What is granted to a browser that asks: methods and fields.
fn granted(answer: &Answer) -> [Vec<&str>; 2] {
    ["access-control-allow-methods", "access-control-allow-headers"].map(|name| values(answer, name))
}

#[test]
fn a_browser_is_granted_the_method_and_the_fields_that_it_asks_for() {
    let method = "Access-Control-Request-Method: PUT\r\n";
    let fields = |names: &str| format!("{method}Access-Control-Request-Headers: {names}\r\n");
    let long = |count: usize| vec!["x-23456789"; count].join(", ");
    #[rustfmt::skip]
    let table: Vec<(String, Option<&str>, Option<String>)> = vec![
        (String::new(),                                                    None,        None),
        (method.to_owned(),                                                Some("PUT"), None),
        (fields("x-a"),                                                    Some("PUT"), Some("x-a".into())),
        (fields("x-a,X-B ,\tcontent-type"),                                Some("PUT"), Some("x-a, X-B, content-type".into())),
        (fields(",x-a,,"),                                                 Some("PUT"), Some("x-a".into())),
        (fields(""),                                                       Some("PUT"), None),
        (fields(" , "),                                                    Some("PUT"), None),
        (fields("x-a, x b"),                                               Some("PUT"), None),
        (fields("x-a, x(b"),                                               Some("PUT"), None),
        (fields("x-a: b"),                                                 Some("PUT"), None),
        (fields("x-\u{e9}"),                                               Some("PUT"), None),
        (fields("<script>"),                                               Some("PUT"), None),
        (fields(&format!("{}Access-Control-Request-Headers: x-b", "x-a\r\n")), Some("PUT"), Some("x-a, x-b".into())),
        (fields(&long(170)),                                               Some("PUT"), Some(long(170))),
        (fields(&long(180)),                                               Some("PUT"), None),
        ("Access-Control-Request-Headers: x-a\r\n".to_owned(),             None,        None),
        (format!("{method}{method}"),                                      None,        None),
        ("Access-Control-Request-Method:\r\n".to_owned(),                  None,        None),
        ("Access-Control-Request-Method: PUT, GET\r\n".to_owned(),         None,        None),
        ("Access-Control-Request-Method: P\u{e9}\r\n".to_owned(),          None,        None),
        (format!("Access-Control-Request-Method: {}\r\n", "X".repeat(65)), None,        None),
        ("Access-Control-Request-Method: FROB!\r\n".to_owned(),            Some("FROB!"), None),
    ];
    for cors in
        [Cors::Off, Cors::Any, named(&[A], Credentials::NotAllowed), named(&[B, A], Credentials::Allowed)]
    {
        let (_root, address) = opened(cors.clone());
        for (asked, methods, names) in &table {
            for (line, origin) in ORIGINS.iter().filter(|(line, _)| !line.contains('\x01')) {
                for target in ["/", "*", "/nowhere"] {
                    let head = format!("OPTIONS {target} HTTP/1.1\r\nHost: localhost\r\n{line}{asked}\r\n");
                    let answer = read_answers_to(&ask(address, head.as_bytes()), &["OPTIONS"]).remove(0);
                    assert_eq!((answer.status, answer.field("content-length")), (204, None), "{head}");
                    assert_eq!(answer.field("allow"), Some("GET, HEAD, POST, OPTIONS"), "{head}");
                    let is_allowed = match &cors {
                        Cors::Off => false,
                        Cors::Any => origin.is_some(),
                        Cors::Named(origins, _) => origins.iter().any(|named| Some(named.text()) == *origin),
                    };
                    let names = names.as_deref().filter(|_| is_allowed);
                    let expected =
                        [methods.filter(|_| is_allowed), names].map(|it| it.into_iter().collect::<Vec<_>>());
                    assert_eq!(granted(&answer), expected, "{cors:?} {head}");
                    assert_fields(&answer, &cors, *origin, Whose::Site, &format!("{cors:?} {head}"));
                    let asks = "Access-Control-Request-Method, Access-Control-Request-Headers";
                    let vary = answer.field("vary").unwrap_or_default();
                    assert_eq!(vary.contains(asks), cors != Cors::Off, "{head} {}", answer.head);
                }
            }
        }
    }
    let (_root, address) = opened(Cors::Any);
    let preflight = format!("Origin: {A}\r\nAccess-Control-Request-Method: GET\r\n\r\n");
    for (line, host) in
        [("GET /", "localhost"), ("OPTIONS /", "foreign.example"), ("OPTIONS /.onepoll/", "localhost")]
    {
        let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\n{preflight}");
        let answer = read_answers_to(&ask(address, head.as_bytes()), &["GET"]).remove(0);
        assert_eq!(granted(&answer), [(); 2].map(|()| Vec::<&str>::new()), "{head}");
    }
}

#[test]
fn answers_to_the_byte() {
    let (_root, address) = opened(named(&[A, B], Credentials::Allowed));
    let without_date = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let (start, date) = text.split_once("Date: ").unwrap();
        format!("{start}{}", date.split_once("\r\n").unwrap().1)
    };
    let asked = format!(
        "OPTIONS /x HTTP/1.1\r\nHost: localhost\r\nOrigin: {B}\r\nAccess-Control-Request-Method: DELETE\r\n\
         Access-Control-Request-Headers: x-a,range\r\n\r\n"
    );
    let expected = format!(
        "HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, OPTIONS\r\n\
         Vary: Access-Control-Request-Method, Access-Control-Request-Headers, Origin\r\n\
         Access-Control-Allow-Methods: DELETE\r\nAccess-Control-Allow-Headers: x-a, range\r\nServer: onepoll\r\n\
         X-Content-Type-Options: nosniff\r\nAccess-Control-Allow-Origin: {B}\r\n\
         Access-Control-Expose-Headers: {EXPOSED}\r\nAccess-Control-Allow-Credentials: true\r\n\r\n"
    );
    assert_eq!(without_date(ask(address, asked.as_bytes())), expected);
    let asked = "HEAD /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let got = without_date(ask(address, asked.as_bytes()));
    let (start, end) = got.split_once("Content-Length: ").unwrap();
    let expected = "HTTP/1.1 404 Not Found\r\nCache-Control: no-cache\r\nVary: Accept, Origin\r\n\
        Content-Type: text/html; charset=utf-8\r\n";
    assert_eq!(start, expected);
    let (_, end) = end.split_once("\r\n").unwrap();
    assert_eq!(end, "Server: onepoll\r\nX-Content-Type-Options: nosniff\r\n\r\n");
}
