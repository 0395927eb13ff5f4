//! A whole connection: the same bytes get the same answers however they were cut, and answers can be told apart. Pages of
//! other origins may read those answers that they are meant to, and no bytes of a client's but tokens come back.

use super::pieces::{answer, context_of};
use onepoll::conn::context::Context;
use onepoll::http::HeadLimits;
use onepoll::http::fields::is_token;
use onepoll::http::origin::Origin;
use onepoll::http::request::Request;
use onepoll::http::status::Status;
use onepoll::service::cors::{Cors, Credentials};
use onepoll::service::fields::CommonFields;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::service::pages::page;
use onepoll::service::reload::Reload;
use onepoll::service::{Client, Mounted, Reply, Service};
use onepoll::site::{CleanUrls, Policy, Site, Spa, Watching};
use std::cell::RefCell;
use tempfile::TempDir;

const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The origins that are named.
const ORIGINS: [&str; 2] = ["https://a", "http://b:8"];

thread_local! {
    static PLAIN: RefCell<(TempDir, [Context; 3])> = RefCell::new(site(&Policy::default()));
    static APP: RefCell<(TempDir, [Context; 3])> = RefCell::new(site(&app()));
    static WATCHED: RefCell<(TempDir, [Context; 3])> = RefCell::new(site(&watched()));
    static ALONE: RefCell<(TempDir, [Context; 3])> = RefCell::new(site(&alone()));
}

/// A policy by which paths stand for others.
fn app() -> Policy {
    let index = ["index.htm", "index.html"].map(str::to_owned).into();
    Policy { index, clean_urls: CleanUrls::On, spa: Spa::On, ..Policy::default() }
}

/// The policy of a site whose pages reload.
fn watched() -> Policy {
    Policy { watching: Watching::On, ..app() }
}

/// The policy of a site that is one file.
fn alone() -> Policy {
    Policy { only: Some("note".into()), ..watched() }
}

/// A page of the server itself.
struct Own;

impl Mounted for Own {
    fn answer(&self, request: &Request<'_>, _: &Client, _: &Service) -> Option<Reply> {
        let is_own = request.target.path() == Some("/.own");
        is_own.then(|| page(Status::NOT_FOUND, OWN).of_server().into())
    }
}

const OWN: &str = "This is a page of the server itself";

/// Whose pages may read the site, by the number of the context.
fn readers() -> [Cors; 3] {
    let origins = ORIGINS.map(|origin| Origin::parse(origin).expect("it is one"));
    [Cors::Off, Cors::Any, Cors::Named(origins.into(), Credentials::Allowed)]
}

/// A few files, and limits so low that few bytes reach them.
fn site(policy: &Policy) -> (TempDir, [Context; 3]) {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("sub")).unwrap();
    for (name, length) in [
        ("index.html", 9),
        ("note", 300),
        ("sub/x", 0),
        ("sub/<b>&\"' +%", 7),
        ("sub/README.md", 40),
        ("large.bin", 70_000),
        ("note.html", 8),
        ("404.html", 300),
    ] {
        std::fs::write(root.path().join(name), vec![b'x'; length]).unwrap();
    }
    let head = HeadLimits { request_line_bytes_max: 60, head_bytes_max: 200, fields_max: 5 };
    let limits = Limits { head, content_bytes_max: 30, ..Limits::default() };
    let contexts = readers().map(|cors| {
        let site = Site::open(root.path(), policy.clone()).unwrap();
        let service = Service::new(site).hosts(Hosts::Named(vec!["a".into()])).limits(limits.clone());
        let service = service.fields(CommonFields::default().open_to(cors)).mount(Own);
        context_of(if policy.watching == Watching::On { service.mount(Reload::default()) } else { service })
    });
    (root, contexts)
}

pub fn keeps(bytes: &[u8]) {
    let (seed, bytes) = super::varied(bytes);
    let site = [&PLAIN, &APP, &WATCHED, &ALONE][usize::from(seed) / 64];
    site.with_borrow_mut(|(_, contexts)| {
        let number = usize::from(seed) % contexts.len();
        let context = &mut contexts[number];
        let whole = without_time(without_interim(answer([bytes].into_iter(), context)));
        let cut = without_time(without_interim(answer(super::cut(bytes, seed).into_iter(), context)));
        assert!(cut == whole, "cut:\n{}\nwhole:\n{}", shown(&cut), shown(&whole));
        assert_answers(&whole, &readers()[number]);
    });
}

/// The first event of a stream says which time it is: the milliseconds since the start.
fn without_time(mut answered: Vec<u8>) -> Vec<u8> {
    let name = b"\ndata: {\"now\":";
    if let Some(at) = answered.windows(name.len()).position(|window| window == name) {
        let digits = answered[at + name.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        answered.drain(at + name.len()..at + name.len() + digits);
    }
    answered
}

/// Takes answers apart to the last byte; only the last one may end the connection. No content here begins as an
/// answer does, so that those to HEAD show.
fn assert_answers(mut bytes: &[u8], cors: &Cors) {
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head ends");
        let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
        bytes = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect(head);
        let code: u16 = status.split(' ').next().and_then(|code| code.parse().ok()).expect(head);
        assert!((200..600).contains(&code), "{head}");
        let fields: Vec<_> = lines.map(|line| line.split_once(": ").expect(head)).collect();
        let values = |name| {
            let fields = fields.iter().filter(move |field| field.0.eq_ignore_ascii_case(name));
            fields.map(|(_, value)| *value).collect::<Vec<_>>()
        };
        let is_chunked = match values("transfer-encoding")[..] {
            [] => false,
            ["chunked"] => true,
            _ => panic!("{head}"),
        };
        let is_to_head = bytes.starts_with(b"HTTP/1.1 ") || bytes.is_empty();
        let length: usize = match values("content-length")[..] {
            [] if is_chunked && !is_to_head => chunked_bytes(bytes),
            // For a client of HTTP/1.0 an archive has the end of the connection.
            [] if values("content-type") == ["application/zip"] && bytes.starts_with(b"PK") => bytes.len(),
            [] => 0,
            [length] if !is_chunked => length.parse().expect(head),
            _ => panic!("{head}"),
        };
        assert!(!matches!(code, 204 | 304) || length == 0, "{head}");
        let content = if is_to_head { &[][..] } else { &bytes[..length.min(bytes.len())] };
        if values("content-type") == ["text/html; charset=utf-8"] {
            assert_escaped(content);
        }
        assert_readers(code, &fields, content, cors);
        assert!(
            !matches!(code, 400 | 408 | 414 | 431 | 501 | 505)
                || code == 501
                || values("connection") == ["close"]
        );
        if values("connection") == ["close"] {
            // Events have no length: for a client of HTTP/1.0 the end of the connection ends them.
            let are_events =
                values("content-type") == ["text/event-stream"] && values("content-length").is_empty();
            let is_end =
                bytes.is_empty() || bytes.len() == length || are_events && bytes.starts_with(b"retry: ");
            assert!(is_end, "something follows the last answer: {head}");
            if are_events {
                return;
            }
        }
        if !bytes.starts_with(b"HTTP/1.1 ") {
            bytes = if bytes.is_empty() { bytes } else { bytes.get(length..).expect(head) };
        }
    }
}

/// The bytes of the chunks at the front of `bytes`, each with the line of its size. Events have no last chunk where the
/// client has ended: then nothing follows them.
fn chunked_bytes(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let line = bytes[at..].windows(2).position(|two| two == b"\r\n").expect("the size of a chunk ends");
        let size = std::str::from_utf8(&bytes[at..at + line]).expect("a size is text");
        let count = usize::from_str_radix(size, 16).expect("a size is a number");
        assert_eq!(size, format!("{count:x}"));
        at += line + 2 + count + 2;
        assert_eq!(bytes.get(at - 2..at), Some(&b"\r\n"[..]), "a chunk ends where its size says");
        if count == 0 {
            break;
        }
    }
    at
}

/// What a page of the server shows of a request, or of a name, makes no element and no attribute: it has the elements that the
/// server writes, and each of their attributes is whole.
fn assert_escaped(page: &[u8]) {
    // Of the user's own pages nothing is known; here none has an element.
    let Some(start) = page.windows(7).position(|bytes| bytes == b"</style") else { return };
    let page = std::str::from_utf8(&page[start..]).expect("a page is UTF-8");
    // The scripts are the same for all, so they are looked for as they are.
    let (above, below) = page.split_once("<script type=\"module\">").unwrap_or((page, ""));
    let below = below.split_once("</script>").map_or("", |(_, below)| below);
    for tag in [above, below].iter().flat_map(|part| part.split('<').skip(1)) {
        let (tag, _) = tag.split_once('>').expect(tag);
        let parts: Vec<_> = tag.split('"').collect();
        let name = parts[0].split(' ').next().unwrap_or_default().trim_start_matches('/');
        assert!(ELEMENTS.contains(&name), "<{tag}>");
        assert!(parts.len() % 2 == 1, "<{tag}>");
        // Between two values there is the name of the next attribute, and behind the last one nothing.
        for between in parts.iter().step_by(2) {
            let plain = |byte: u8| byte.is_ascii_lowercase() || b" =-/12".contains(&byte);
            assert!(between.bytes().all(plain), "<{tag}>");
        }
    }
}

/// The elements of pages that the server writes.
const ELEMENTS: [&str; 29] = [
    "a", "button", "code", "div", "footer", "form", "h1", "h2", "input", "label", "main", "nav", "output",
    "p", "pre", "script", "section", "style", "table", "tbody", "td", "th", "thead", "time", "tr", "wbr",
    "title", "meta", "link",
];

/// Only answers of the site are read by pages of other origins, and credentials go to named ones alone.
fn assert_readers(code: u16, fields: &[(&str, &str)], content: &[u8], cors: &Cors) {
    let value = |name: &str| {
        let mut values = fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| *value);
        assert!(values.next().is_none(), "{name} twice: {fields:?}");
        value
    };
    let origin = value("access-control-allow-origin");
    match cors {
        Cors::Off => assert_eq!(origin, None),
        Cors::Any => assert!(origin.is_none_or(|origin| origin == "*")),
        Cors::Named(..) => assert!(origin.is_none_or(|origin| ORIGINS.contains(&origin))),
    }
    let is_named = origin.is_some_and(|origin| origin != "*");
    assert_eq!(value("access-control-allow-credentials"), is_named.then_some("true"), "{fields:?}");
    assert_eq!(value("access-control-expose-headers").is_some(), origin.is_some(), "{fields:?}");
    for name in ["access-control-allow-methods", "access-control-allow-headers"] {
        let is_good = |value: &str| value.split(", ").all(|member| is_token(member.as_bytes()));
        let granted = value(name);
        assert!(
            granted.is_none_or(|granted| code == 204 && origin.is_some() && is_good(granted)),
            "{fields:?}"
        );
    }
    let vary = value("vary").unwrap_or_default();
    let depends = vary.split(", ").filter(|name| name.eq_ignore_ascii_case("origin")).count();
    let is_of_gate = matches!(code, 400 | 408 | 413 | 414 | 417 | 421 | 431 | 505);
    let is_of_server = code == 404 && content.windows(OWN.len()).any(|it| it == OWN.as_bytes());
    match is_of_gate || is_of_server {
        true => assert_eq!((origin, depends), (None, 0), "{fields:?}"),
        false => assert!(depends <= 1 && (depends == 1 || !is_named), "{fields:?}"),
    }
}

/// `100 Continue` is for who waits, so whether it is sent does depend on the cut.
fn without_interim(mut answered: Vec<u8>) -> Vec<u8> {
    while let Some(at) = answered.windows(INTERIM.len()).position(|window| window == INTERIM) {
        answered.drain(at..at + INTERIM.len());
    }
    answered
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(3000)].escape_ascii().to_string()
}
