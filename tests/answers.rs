//! What is answered: files and their types, the methods, and the fields that every answer carries.

mod support;

use onepoll::service::limits::Limits;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};
use support::patience::until;
use support::{Answer, ask, folder, read_answers_to, serve};
use tempfile::TempDir;

/// A file larger than the limit for the cache, than a socket's buffers, and than one turn sends.
const LARGE_BYTES: usize = 5 << 20;

fn large() -> Vec<u8> {
    (0..LARGE_BYTES).map(|at| (at / 7 % 251) as u8).collect()
}

/// A site with one file of each kind, and its server.
struct Site {
    address: SocketAddr,
    _root: TempDir,
}

impl Site {
    fn serve() -> Site {
        let cut_character = [&[b'a'; 511][..], "\u{e9}".as_bytes()].concat();
        let root = folder(&[
            ("index.html", b"<p>start"),
            ("page.htm", b"<p>page"),
            ("style.css", b"p {}"),
            ("page.js", b"1"),
            ("module.mjs", b"1"),
            ("data.json", b"{}"),
            ("module.wasm", b"\0asm"),
            ("picture.PNG", b"\x89PNG"),
            ("picture.svg", b"<svg/>"),
            ("font.woff2", b"wOF2"),
            ("notes.txt", b"notes"),
            ("README", b"read me\n"),
            ("notes.unheard-of", "caf\u{e9}".as_bytes()),
            ("empty", b""),
            ("binary", b"\x7fELF\0"),
            ("latin-1", b"caf\xe9"),
            ("cut", &cut_character),
            ("large.bin", &large()),
            ("caf\u{e9} & co.txt", b"cafe"),
            ("100%.txt", b"all"),
            ("%41.txt", b"percent"),
            ("sub/index.html", b"<p>sub"),
            ("sub/page.html", b"<p>sub page"),
            ("bare/page.html", b"<p>bare"),
            ("caf\u{e9} folder/index.html", b""),
            ("evil.example/index.html", b""),
            ("\\evil.example/index.html", b""),
            ("secret.txt", b"secret"),
            ("secrets/index.html", b"secret"),
        ]);
        for name in ["secret.txt", "secrets"] {
            std::fs::set_permissions(root.path().join(name), PermissionsExt::from_mode(0o000)).unwrap();
        }
        Site { address: serve(root.path(), Limits::default()), _root: root }
    }

    /// The answer to `request`, whose method ends at its first space.
    fn answer(&self, request: &str) -> Answer {
        let method = request.split(' ').next().unwrap();
        read_answers_to(&ask(self.address, request.as_bytes()), &[method]).remove(0)
    }

    /// The answer to a request for `target` without content.
    fn answer_to(&self, method: &str, target: &str) -> Answer {
        self.answer(&format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n"))
    }
}

#[test]
fn names_lead_to_files_with_their_types() {
    let site = Site::serve();
    let table: &[(&str, &str, &[u8])] = &[
        ("/", "text/html; charset=utf-8", b"<p>start"),
        ("/?query", "text/html; charset=utf-8", b"<p>start"),
        ("/index.html?query=/../", "text/html; charset=utf-8", b"<p>start"),
        ("/sub/", "text/html; charset=utf-8", b"<p>sub"),
        ("/sub/page.html", "text/html; charset=utf-8", b"<p>sub page"),
        ("//sub/./page.html", "text/html; charset=utf-8", b"<p>sub page"),
        ("/page.htm", "text/html; charset=utf-8", b"<p>page"),
        ("/style.css", "text/css; charset=utf-8", b"p {}"),
        ("/page.js", "text/javascript; charset=utf-8", b"1"),
        ("/module.mjs", "text/javascript; charset=utf-8", b"1"),
        ("/data.json", "application/json", b"{}"),
        ("/module.wasm", "application/wasm", b"\0asm"),
        ("/picture.PNG", "image/png", b"\x89PNG"),
        ("/picture.svg", "image/svg+xml", b"<svg/>"),
        ("/font.woff2", "font/woff2", b"wOF2"),
        ("/notes.txt", "text/plain; charset=utf-8", b"notes"),
        ("/README", "text/plain; charset=utf-8", b"read me\n"),
        ("/notes.unheard-of", "text/plain; charset=utf-8", "caf\u{e9}".as_bytes()),
        ("/empty", "text/plain; charset=utf-8", b""),
        ("/binary", "application/octet-stream", b"\x7fELF\0"),
        ("/latin-1", "text/plain", b"caf\xe9"),
        ("/caf%C3%A9%20&%20co.txt", "text/plain; charset=utf-8", b"cafe"),
        ("/%63af%c3%a9%20%26%20co%2Etxt", "text/plain; charset=utf-8", b"cafe"),
        ("/100%25.txt", "text/plain; charset=utf-8", b"all"),
        ("/%2541.txt", "text/plain; charset=utf-8", b"percent"),
    ];
    for (target, content_type, body) in table {
        let answer = site.answer_to("GET", target);
        assert_eq!((answer.status, answer.field("content-type")), (200, Some(*content_type)), "{target}");
        assert_eq!(answer.body, *body, "{target}");
    }
    let cut = site.answer_to("GET", "/cut");
    assert_eq!(cut.field("content-type"), Some("text/plain; charset=utf-8"), "a character may be cut");
}

#[test]
fn what_is_not_there_or_not_below_the_folder_is_404() {
    let site = Site::serve();
    for target in [
        "/missing",
        "/sub/missing",
        "/missing/",
        "/index.html/",
        "/index.html/x",
        "/..",
        "/../index.html",
        "/sub/../../index.html",
        "/%2e%2e/index.html",
        "/sub%2Fpage.html",
        "/index.html%00",
        "/caf%E9%20&%20co.txt",
        "/INDEX.HTML",
    ] {
        let answer = site.answer_to("GET", target);
        assert_eq!(answer.status, 404, "{target}");
        assert!(answer.text().contains("<h1>404 Not Found</h1>\n<p>There is nothing here"), "{target}");
    }
    assert_eq!(site.answer_to("GET", &format!("/{}", "x".repeat(300))).status, 404, "longer than any name");
}

#[test]
fn what_may_not_be_read_is_403() {
    let site = Site::serve();
    for target in ["/secret.txt", "/secrets/", "/secrets/index.html"] {
        let answer = site.answer_to("GET", target);
        assert_eq!(answer.status, 403, "{target}");
        assert!(answer.text().contains("<h1>403 Forbidden</h1>"), "{target}");
        assert!(answer.text().contains(&format!("<code>{target}</code>")), "{target}: what was asked for");
        assert!(!answer.text().replace(target, "").contains("secret"), "{target}");
    }
}

#[test]
fn a_folder_without_its_slash_is_moved_to_it() {
    let site = Site::serve();
    for (target, location) in [
        ("/sub", "sub/"),
        ("/sub?x=1&y=/?", "sub/?x=1&y=/?"),
        ("/sub?", "sub/?"),
        ("/bare", "bare/"),
        ("/caf%c3%a9%20folder?q", "caf%C3%A9%20folder/?q"),
        ("http://a/sub?q", "sub/?q"),
        ("//sub", "sub/"),
        ("//evil.example", "evil.example/"),
        ("///evil.example", "evil.example/"),
        ("/.//evil.example", "evil.example/"),
        ("http://a//evil.example", "evil.example/"),
        ("/\\evil.example", "%5Cevil.example/"),
        ("/%5cevil.example", "%5Cevil.example/"),
    ] {
        let answer = site.answer_to("GET", target);
        assert_eq!((answer.status, answer.field("location")), (301, Some(location)), "{target}");
        assert!(answer.text().contains("<h1>301 Moved Permanently</h1>"), "{target}");
    }
}

#[test]
fn a_large_file_arrives_whole_though_the_client_has_shut_its_side() {
    let site = Site::serve();
    let answer = site.answer_to("GET", "/large.bin");
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/octet-stream")));
    assert!(answer.body == large(), "{} of {LARGE_BYTES} bytes came, or others", answer.body.len());
}

/// Requests for each status that a test can cause at once.
const ONE_OF_EACH: &[(u16, &str)] = &[
    (200, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (200, "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"),
    (200, "GET /empty HTTP/1.0\r\n\r\n"),
    (200, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (200, "POST / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (200, "POST / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n"),
    (204, "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (301, "GET /sub HTTP/1.1\r\nHost: a\r\n\r\n"),
    (400, "GET / HTTP/1.1\r\n\r\n"),
    (403, "GET /secret.txt HTTP/1.1\r\nHost: a\r\n\r\n"),
    (404, "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n"),
    (405, "PUT / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"),
    (417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"),
    (501, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
];

#[test]
fn every_answer_carries_its_date_its_server_and_its_length() {
    let site = Site::serve();
    for (status, request) in ONE_OF_EACH {
        let answer = site.answer(request);
        assert_eq!(answer.status, *status, "{request}");
        let mut counts = BTreeMap::new();
        for line in answer.head.lines().skip(1).filter(|line| !line.is_empty()) {
            let (name, _) = line.split_once(": ").expect("a field line has a colon and a space");
            *counts.entry(name.to_lowercase()).or_insert(0) += 1;
        }
        assert!(counts.values().all(|&count| count == 1), "a field twice in {}", answer.head);
        assert_eq!(answer.field("server"), Some("onepoll"), "{request}");
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"), "{request}");
        let date = answer.field("date").unwrap();
        let time = httpdate::parse_http_date(date).unwrap();
        assert_eq!(httpdate::fmt_http_date(time), date, "as RFC 9110 writes it");
        let age = SystemTime::now().duration_since(time).unwrap();
        assert!(age < Duration::from_secs(60), "{date} is {age:?} ago");
        let has_length = answer.field("content-length").is_some();
        assert_eq!((has_length, counts.contains_key("content-type")), (*status != 204, *status != 204));
    }
}

#[test]
fn an_error_is_a_page_that_a_person_can_read() {
    let site = Site::serve();
    for (status, request) in ONE_OF_EACH.iter().filter(|(status, _)| *status >= 300) {
        let answer = site.answer(request);
        assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"), "{request}");
        let heading = answer.head.lines().next().unwrap().trim_start_matches("HTTP/1.1 ");
        assert!(heading.starts_with(&status.to_string()));
        assert!(answer.text().starts_with("<!doctype html>"), "{request}");
        assert!(answer.text().contains(&format!("<h1>{heading}</h1>\n<p>")), "{request}");
    }
}

#[test]
fn head_is_answered_with_the_head_that_get_gets() {
    let site = Site::serve();
    let of = |method: &str, request: &str| {
        let answer = site.answer(&request.replacen("GET", method, 1));
        let lines = answer.head.split("\r\n").filter(|line| !line.starts_with("Date: "));
        (lines.collect::<Vec<_>>().join("\r\n"), answer.body)
    };
    let gets = ONE_OF_EACH.iter().filter(|(_, request)| request.starts_with("GET"));
    for (_, request) in gets {
        // The tag of a file that was written just now differs at every look.
        let (head, body) = until("a tag that stays", || match of("HEAD", request) {
            (head, _) if head.contains("ETag: W/") => Err(head),
            settled => Ok(settled),
        });
        assert_eq!(head, of("GET", request).0, "{request}");
        assert_eq!(body, b"");
    }
}

#[test]
fn post_is_acknowledged_at_every_path() {
    let site = Site::serve();
    for target in ["/", "/index.html", "/missing", "/sub", "/../x", "/secret.txt", "http://a/x?y"] {
        for content in ["\r\n", "Content-Length: 3\r\n\r\nabc"] {
            let answer = site.answer(&format!("POST {target} HTTP/1.1\r\nHost: a\r\n{content}"));
            assert_eq!((answer.status, answer.text()), (200, "<h1>POST Request Received</h1>"), "{target}");
            assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"));
        }
    }
}

#[test]
fn post_is_acknowledged_in_json_to_those_who_ask_for_it() {
    let site = Site::serve();
    let receipt = |path: &str, content_type: Value, bytes: u64| json!({ "method": "POST", "path": path, "content_type": content_type, "bytes_received": bytes });
    let large = format!("Content-Length: {}\r\n\r\n{}", 1 << 20, "x".repeat(1 << 20));
    for (target, rest, expected) in [
        ("/", "\r\n", receipt("/", Value::Null, 0)),
        ("/a%20b?q", "Content-Length: 3\r\n\r\nabc", receipt("/a%20b", Value::Null, 3)),
        ("/", "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\na", receipt("/", "text/plain".into(), 1)),
        ("/\"\\", "Content-Type: \"\\\t\u{e9}\r\n\r\n", receipt("/\"\\", "\"\\\t\u{e9}".into(), 0)),
        (
            "/",
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            receipt("/", Value::Null, 5),
        ),
        ("/", &large, receipt("/", Value::Null, 1 << 20)),
    ] {
        let answer =
            site.answer(&format!("POST {target} HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n{rest}"));
        assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/json")));
        assert_eq!(serde_json::from_str::<Value>(answer.text()).unwrap(), expected);
    }
    let turns =
        "POST / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nContent-Type: a\u{202e}\u{9b}\r\n\r\n";
    let answer = site.answer(turns);
    assert!(answer.text().contains("\"a\\u202e\\u009b\""), "fools no terminal: {}", answer.text());
    for accept in ["text/html", "*/*", "text/html, application/json;q=0.5", "application/json;q=0"] {
        let answer = site.answer(&format!("POST / HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n"));
        assert_eq!(answer.text(), "<h1>POST Request Received</h1>", "{accept}");
    }
}

#[test]
fn options_names_the_methods_without_content() {
    let site = Site::serve();
    for target in ["/", "/missing", "*", "http://a/x"] {
        for content in ["\r\n", "Content-Length: 3\r\n\r\nabc"] {
            let answer = site.answer(&format!("OPTIONS {target} HTTP/1.1\r\nHost: a\r\n{content}"));
            let allow = answer.field("allow");
            assert_eq!((answer.status, allow), (204, Some("GET, HEAD, POST, OPTIONS")), "{target}");
            assert_eq!((answer.field("content-length"), answer.field("content-type")), (None, None));
        }
    }
}

#[test]
fn a_method_that_is_known_and_not_answered_is_405_and_any_other_token_501() {
    let site = Site::serve();
    for (method, target, status) in [
        ("PUT", "/", 405),
        ("DELETE", "/missing", 405),
        ("TRACE", "/", 405),
        ("PATCH", "/", 405),
        ("CONNECT", "a:443", 405),
        ("CONNECT", "[::1]:443", 405),
        ("BREW", "/", 501),
        ("get", "/", 501),
        ("Get", "/", 501),
        ("GETS", "/", 501),
        ("PROPFIND", "/missing", 501),
        ("!#$%&'*+-.^_`|~09aZ", "/", 501),
    ] {
        let answer = site.answer_to(method, target);
        assert_eq!(answer.status, status, "{method}");
        let allow = (status == 405).then_some("GET, HEAD, POST, OPTIONS");
        assert_eq!(answer.field("allow"), allow, "{method}");
        let heading = if status == 405 { "405 Method Not Allowed" } else { "501 Not Implemented" };
        assert!(answer.text().contains(&format!("<h1>{heading}</h1>")), "{method}");
        assert_eq!(answer.field("connection"), None, "{method} is no error of the connection");
    }
}

/// An error in JSON (RFC 9457) for a client that prefers it. Every error that has a path says `Vary: Accept`.
#[test]
fn errors_are_json_for_clients_that_prefer_it() {
    let site = Site::serve();
    let ask = |method: &str, target: &str, accept: &str| {
        site.answer(&format!("{method} {target} HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n"))
    };
    for (method, target, status, reason) in [
        ("GET", "/nowhere/%22%3Cb%3E?q", 404, "Not Found"),
        ("GET", "/secret.txt", 403, "Forbidden"),
        ("DELETE", "/index.html", 405, "Method Not Allowed"),
        ("BREW", "/pot", 501, "Not Implemented"),
    ] {
        for accept in ["application/json", "application/problem+json", "application/json, text/html;q=0.5"] {
            let answer = ask(method, target, accept);
            assert_eq!((answer.status, answer.field("vary")), (status, Some("Accept")), "{target} {accept}");
            assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{target} {accept}");
            let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((&problem["status"], &problem["title"]), (&status.into(), &reason.into()), "{target}");
            assert_eq!(problem["instance"], target.split('?').next().unwrap());
            assert!(problem["detail"].is_string());
        }
        for accept in ["*/*", "text/html", "text/html, application/json;q=0.9"] {
            let answer = ask(method, target, accept);
            assert_eq!((answer.status, answer.field("vary")), (status, Some("Accept")), "{target} {accept}");
            assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"), "{target} {accept}");
            let path = if status == 404 { "/nowhere/\"&lt;b&gt;" } else { target };
            assert!(answer.text().contains(&format!("<code>{path}</code>")), "{}", answer.text());
        }
    }
    let connect = ask("CONNECT", "a:80", "application/json");
    let problem: serde_json::Value = serde_json::from_slice(&connect.body).unwrap();
    assert_eq!((connect.status, problem.get("instance")), (405, None), "it has no path");
    let moved = ask("GET", "/sub", "application/json");
    assert_eq!((moved.status, moved.field("vary")), (301, None), "a redirect is no error");
}

/// What a client asked for is shown as a person would write it, and can do nothing on the page.
#[test]
fn an_error_says_what_was_asked_for() {
    let site = Site::serve();
    #[rustfmt::skip]
    let table = [
        // request line                         what the page shows
        ("GET /nowhere",                        "<p><code>/nowhere</code>\n<p><a href"),
        ("GET /nowhere?q=1",                    "<p><code>/nowhere</code>\n<p><a href"),
        ("GET /caf%C3%A9%20au/lait",            "<p><code>/caf\u{e9} au/lait</code>\n"),
        ("GET /%3Cb%3E%26%22",                  "<p><code>/&lt;b&gt;&amp;\"</code>\n"),
        ("GET /%26lt%3B",                       "<p><code>/&amp;lt;</code>\n"),
        ("GET /a%E2%80%AEb%0A%00",              "<p><code>/a\\u{202e}b\\n\\u{0}</code>\n"),
        ("GET /%ff",                            "<p><code>/\u{fffd}</code>\n"),
        // An encoded slash parts no names.
        ("GET /sub%2Fpage.html",                "<p><code>/sub%2Fpage.html</code>\n"),
        ("HEADER /x%20y",                       "<p><code>HEADER</code> <code>/x y</code>\n<p><a href"),
        ("DELETE /index.html",                  "<p><code>DELETE</code> <code>/index.html</code>\n"),
        ("BR&W'E /",                            "<p><code>BR&amp;W'E</code> <code>/</code>\n"),
        ("CONNECT a:80",                        "<p><code>CONNECT</code>\n</main>"),
        // A method is named where it matters.
        ("GET /secret.txt",                     "<p><code>/secret.txt</code>\n"),
    ];
    for (line, shown) in table {
        let answer = site.answer(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(answer.text().contains(shown), "{line}: {}", answer.text());
    }
    // Where there is no request, there is nothing to be shown.
    let answer = site.answer("GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.status == 400 && !answer.text().contains("<code>"), "{}", answer.text());
}

/// The same of a request that is refused while it is read, with a sentence as on any other page.
#[test]
fn a_refusal_says_what_was_asked_for() {
    let site = Site::serve();
    let long = "x".repeat(9000);
    let line = |target: &str| format!("{target} HTTP/1.1\r\nHost: a\r\n");
    let shown = |path: &str, way: &str| {
        format!("<p><code>{path}</code>\n<p><a href=\"{way}\">Start page</a>\n</main>")
    };
    let nothing = || "</main>".to_owned();
    #[rustfmt::skip]
    let table = [
        // status, request, sentence, what the page shows behind it
        (413, line("POST /a%20b/c?q=1") + "Content-Length: 99999999\r\n\r\n", "The content is longer than this server reads", shown("/a b/c", "../")),
        (417, line("GET /%3Cb%3E%E2%80%AE") + "Expect: tea\r\n\r\n",           "Only 100-continue can be expected", shown("/&lt;b&gt;\\u{202e}", "./")),
        (431, line("GET /a/") + &format!("A: {long}{long}\r\n\r\n"),           "The head is longer than this server reads", shown("/a/", "../")),
        (414, line(&format!("GET /a/b?{long}")),                              "The request line is longer than this server reads", shown("/a/b", "../")),
        (414, line(&format!("GET /a/{long}")),                                "The request line is longer than this server reads", format!("<p><code>/a/{}\u{2026}</code>\n</main>", &long[..197])),
        (414, line(&format!("GET /{}%20{long}", &long[..198])),               "The request line is longer than this server reads", format!("<p><code>/{}\u{2026}</code>\n</main>", &long[..198])),
        (414, line(&format!("GET http://a/{long}")),                          "The request line is longer than this server reads", format!("<p><code>/{}\u{2026}</code>\n</main>", &long[..199])),
        (414, line(&format!("GET {long}")),                                   "The request line is longer than this server reads", nothing()),
        (505, "GET /a HTTP/2.0\r\n\r\n".to_owned(),                           "This server speaks HTTP/1.0 and HTTP/1.1", shown("/a", "./")),
        (505, "PRI * HTTP/2.0\r\n\r\n".to_owned(),                            "This server speaks HTTP/1.0 and HTTP/1.1", nothing()),
        (400, "GET /a HTTP/1.1\r\n\r\n".to_owned(),                           "A Host field is missing", shown("/a", "./")),
        (400, line("GET /a/%zz<b>") + "\r\n",                                 "A % in the path without two hexadecimal digits", shown("/a/%zz&lt;b&gt;", "../")),
        (400, line("GET http://u@b/c") + "\r\n",                              "This is not a request target", nothing()),
        (400, line("GET /a b") + "\r\n",                                      "A request line is a method, a target and a version", nothing()),
        (400, line("GET /\u{e9}") + "\r\n",                                   "A target holds visible ASCII characters only", nothing()),
        (400, line("GET /\x01"),                                              "A control byte in the head", nothing()),
        (400, "\x16\x03\x01".to_owned(),                                      "This is TLS, and the port speaks plain HTTP: its addresses begin with http://, not with https://", nothing()),
    ];
    for (status, request, sentence, shown) in table {
        let answer = site.answer(&request);
        assert_eq!(answer.status, status, "{request}");
        let end = format!("</h1>\n<p>{sentence}.\n{shown}\n");
        assert!(answer.text().ends_with(&end), "{request}: {}", answer.text());
    }
}

/// Errors and listings have one style between them, and ask no other server for anything.
#[test]
fn an_error_looks_like_a_listing() {
    let site = Site::serve();
    let style = |answer: &Answer| {
        let (_, style) = answer.text().split_once("<style>\n").unwrap();
        style.split_once("</style>").unwrap().0.to_owned()
    };
    let error = site.answer_to("GET", "/missing");
    let listing = site.answer_to("GET", "/bare/");
    assert_eq!(listing.status, 200);
    assert!(style(&listing).starts_with(&style(&error)), "{}", style(&error));
    for part in ["color-scheme: light dark", "prefers-color-scheme: dark", "overflow-wrap: anywhere"] {
        assert!(style(&error).contains(part), "{part}");
    }
    for absent in ["http:", "https:", "url(", "@import", "src=", "<script"] {
        assert!(!error.text().contains(absent), "{absent} in {}", error.text());
    }
    assert!(error.body.len() < 2 << 10, "{} bytes, of which clients ask many", error.body.len());
}
