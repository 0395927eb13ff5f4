//! How pages learn of changes (`--watch`): what the stream tells whom, byte by byte. Which pages have the script is in
//! `watched.rs`, and that they reload in `reload.rs`.

mod support;

use onepoll::inspect;
use onepoll::service::Service;
use onepoll::service::hosts::Hosts;
use onepoll::service::reload::Reload;
use onepoll::site::{Hidden, Policy, Site, Watching};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use support::chunks::Chunks;
use support::patience::until;
use support::program::{Program, onepoll};
use support::service::{answer_to, get, serve_watched};
use support::{ask, connect, folder, listen, read_answers, read_answers_to, read_to_end, start};

/// The events of one client.
struct Events {
    lines: BufReader<Box<dyn Read>>,
    head: String,
    client: TcpStream,
}

/// An event: its name and its data.
type Event = (String, Value);

impl Events {
    /// Asks for the stream of `reader`, and reads the head of the answer.
    fn of(address: SocketAddr, reader: &str) -> Events {
        let request = format!("GET /.onepoll/reload?reader={reader} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Events::asked(address, request.into())
    }

    /// The same by this request, and what follows it.
    fn asked(address: SocketAddr, request: Vec<u8>) -> Events {
        let stream = connect(address);
        let mut sender = stream.try_clone().unwrap();
        // Perhaps not all of it is read.
        std::thread::spawn(move || sender.write_all(&request));
        let client = stream.try_clone().unwrap();
        let (mut stream, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).expect("a line comes") > 0, "no answer behind {head:?}");
        }
        let is_chunked = head.contains("\r\nTransfer-Encoding: chunked\r\n");
        let content: Box<dyn Read> = if is_chunked { Box::new(Chunks::of(stream)) } else { Box::new(stream) };
        Events { lines: BufReader::new(content), head, client }
    }

    /// The same, behind its first event.
    fn begun(address: SocketAddr, reader: &str) -> Events {
        let mut events = Events::of(address, reader);
        assert_eq!(events.next().0, "start");
        events
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line comes");
        assert!(line.ends_with('\n'), "the stream has ended behind {line:?}, {}", self.head);
        line
    }

    /// The next event.
    fn next(&mut self) -> Event {
        let (mut name, mut data) = (String::new(), Value::Null);
        loop {
            let line = self.line();
            match line.trim_end().split_once(": ") {
                Some(("event", value)) => name = value.to_owned(),
                Some(("data", value)) => data = serde_json::from_str(value).unwrap(),
                Some(("retry", value)) => assert!(value.parse::<u32>().is_ok_and(|ms| ms <= 1000)),
                Some(_) => panic!("{line:?} is no line of an event"),
                None => return (name, data),
            }
        }
    }

    /// Waits until the server ends the stream, and nothing comes before. An error if the stream was cut.
    fn end(mut self) -> Result<(), ErrorKind> {
        let mut rest = Vec::new();
        let end = self.lines.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{}", rest.escape_ascii());
        end.map(drop).map_err(|error| error.kind())
    }
}

/// Tells that `reader` uses `paths`, which are encoded here.
fn uses(address: SocketAddr, reader: &str, since: u64, paths: &[&str]) -> u16 {
    let path = |path: &&str| format!("&path={}", path.replace('%', "%25").replace('&', "%26"));
    let paths = paths.iter().map(path).collect::<String>();
    get(address, &format!("/.onepoll/reload/uses?reader={reader}&since={since}{paths}")).status
}

#[test]
fn a_stream_begins_with_the_start_of_the_server() {
    let root = folder(&[]);
    let address = serve_watched(root.path());
    let mut first = Events::of(address, "one");
    for line in [
        "HTTP/1.1 200 OK",
        "Content-Type: text/event-stream",
        "Cache-Control: no-store",
        "Transfer-Encoding: chunked",
    ] {
        assert!(first.head.contains(&format!("{line}\r\n")), "{line}: {}", first.head);
    }
    assert!(
        !first.head.contains("Access-Control") && !first.head.contains("Content-Length"),
        "{}",
        first.head
    );
    let (name, said) = first.next();
    let now = |said: &Value| said["now"].as_u64().unwrap();
    assert_eq!((&*name, said["start"].as_str().unwrap().len()), ("start", 16));
    let (_, later) = Events::of(address, "two").next();
    assert_eq!(later["start"], said["start"]);
    assert!(now(&later) >= now(&said) && now(&later) < 1_000_000, "milliseconds since the start");
    let (_, other) = Events::of(serve_watched(root.path()), "one").next();
    assert_ne!(other["start"], said["start"], "another start of a server");
}

#[test]
fn the_scripts_are_for_pages_of_this_server() {
    let root = folder(&[]);
    let address = serve_watched(root.path());
    for (name, text) in [
        ("reload.js", include_str!("../src/service/reload.js")),
        ("reload-worker.js", include_str!("../src/service/reload-worker.js")),
    ] {
        let target = format!("/.onepoll/{name}");
        let answer = get(address, &target);
        assert_eq!((answer.status, answer.text()), (200, text));
        for (field, value) in [
            ("content-type", "text/javascript; charset=utf-8"),
            ("cache-control", "no-cache"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.field(field), Some(value), "{name}");
        }
        let head = answer_to(address, "HEAD", target.as_bytes(), "");
        assert_eq!(head.field("content-length"), Some(text.len().to_string().as_str()));
        assert_eq!(get(address, &target.replace(".o", "%2eo")).text(), text);
        assert_eq!(get(address, &format!("{target}?v=1")).text(), text);
    }
}

#[test]
fn pages_of_other_servers_are_told_nothing() {
    let root = folder(&[]);
    let address = serve_watched(root.path());
    let _reader = Events::begun(address, "r");
    let table = [
        ("", true),
        ("Sec-Fetch-Site: same-origin", true),
        ("Sec-Fetch-Site: none", true),
        ("Origin: http://localhost", true),
        ("Origin: HTTPS://LOCALHOST", true),
        ("Sec-Fetch-Site: same-site", false),
        ("Sec-Fetch-Site: cross-site", false),
        ("Sec-Fetch-Site: Same-Origin", false),
        ("Sec-Fetch-Site:", false),
        ("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site", false),
        ("Origin: null", false),
        ("Origin:", false),
        ("Origin: localhost", false),
        ("Origin: http://localhost:81", false),
        ("Origin: http://localhost.", false),
        ("Origin: http://other.example", false),
        ("Origin: http://localhost, http://other.example", false),
        ("Origin: http://localhost\r\nOrigin: http://other.example", false),
        ("Origin: http://\u{e9}", false),
        ("Sec-Fetch-Site: same-origin\r\nOrigin: http://other.example", false),
    ];
    let targets = ["reload.js", "reload-worker.js", "reload?reader=x", "reload/uses?reader=r&since=0&path=/"];
    for (fields, is_told) in table {
        let end = if fields.is_empty() { "" } else { "\r\n" };
        for name in targets {
            let target = format!("/.onepoll/{name}");
            let answer = answer_to(address, "HEAD", target.as_bytes(), &format!("{fields}{end}"));
            assert_eq!(answer.status < 300, is_told, "{name} {fields}: {}", answer.status);
            assert!(is_told || answer.status == 403, "{name} {fields}: {}", answer.status);
            assert!(!answer.head.to_lowercase().contains("access-control"), "{}", answer.head);
        }
    }
    // HTTP/1.0 has no Host to compare with.
    let request = b"GET /.onepoll/reload.js HTTP/1.0\r\nOrigin: http://localhost\r\n\r\n";
    assert_eq!(read_answers(&ask(address, request)).remove(0).status, 403);
    let preflight = "Origin: http://other.example\r\nAccess-Control-Request-Method: GET\r\n";
    let answer = answer_to(address, "OPTIONS", b"/.onepoll/reload", preflight);
    assert_eq!((answer.status, answer.field("access-control-allow-origin")), (403, None));
}

#[test]
fn only_get_and_head_are_answered_and_only_by_their_names() {
    let root = folder(&[(".onepoll/reload.js", b"a file"), (".onepoll/reload/uses/x", b"x")]);
    let address = serve_watched(root.path());
    for name in ["reload.js", "reload-worker.js", "reload", "reload/uses"] {
        for (method, fields) in [
            ("POST", "Content-Length: 2\r\n\r\nab"),
            ("OPTIONS", ""),
            ("PUT", "Content-Length: 0\r\n"),
            ("DELETE", ""),
        ] {
            let request = format!("{method} /.onepoll/{name} HTTP/1.1\r\nHost: localhost\r\n{fields}");
            let request = request + if fields.ends_with("ab") { "" } else { "\r\n" };
            let answer = read_answers_to(&ask(address, request.as_bytes()), &[method]).remove(0);
            assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD")), "{method} {name}");
        }
    }
    let others =
        ["", "x", "reload/", "reload.js/", "reload/uses/", "reload/uses/x", "reload.js.gz", "Reload.js"];
    for name in others {
        let answer = get(address, &format!("/.onepoll/{name}"));
        assert_eq!(answer.status, 404, "{name}");
        assert!(answer.text().contains("There is nothing here by this name"), "{name}");
    }
    // A file of that name is not shown, and what is beside it is of the inspector, where there is one.
    let address = inspected(root.path());
    assert!(get(address, "/.onepoll/reload.js").text().starts_with("// Reloads this page"));
    assert!(get(address, "/.onepoll/").text().contains("inspector.js"));
    assert!(get(address, "/.onepoll/reload/uses/x").text().contains("The inspector has no such page"));
}

/// Serves `root` as it is with `--watch --inspect --hidden`.
fn inspected(root: &Path) -> SocketAddr {
    let (epoll, address) = listen();
    let policy = Policy { watching: Watching::On, hidden: Hidden::Served, ..Policy::default() };
    let service = Service::new(Site::open(root, policy).unwrap()).hosts(Hosts::Any).mount(Reload::default());
    start(inspect::reactor(epoll, service));
    address
}

#[test]
fn queries_that_no_script_makes_are_refused() {
    let root = folder(&[]);
    let address = serve_watched(root.path());
    let _reader = Events::begun(address, "r");
    let long = "x".repeat(65);
    let streams =
        ["", "?", "?reader", "?reader=", "?READER=r", "?reader=a/b", "?reader=a%2", "?reader=%", "?x=1"];
    for query in streams {
        let status = if query.ends_with('%') || query.ends_with("%2") { 200 } else { 404 };
        let answer = answer_to(address, "HEAD", format!("/.onepoll/reload{query}").as_bytes(), "");
        assert_eq!(answer.status, status, "{query}");
    }
    assert_eq!(get(address, &format!("/.onepoll/reload?reader={long}")).status, 404);
    for (query, status) in [
        ("reader=r&since=0", 204),
        ("reader=r&since=0&path=/a", 204),
        ("reader=r&since=0&path=%2Fa%2520b&path=/c", 204),
        ("path=/a&since=18446744073709551615&reader=r", 204),
        ("reader=r&since=0&path=/a&unknown=1", 204),
        ("reader=other&since=0&path=/a", 404),
        ("since=0&path=/a", 404),
        ("reader=r&path=/a", 404),
        ("reader=r&since=&path=/a", 404),
        ("reader=r&since=-1&path=/a", 404),
        ("reader=r&since=1.5&path=/a", 404),
        ("reader=r&since=18446744073709551616&path=/a", 404),
        ("reader=r&since=0&path=", 404),
        ("reader=r&since=0&path=a", 404),
        ("reader=r&since=0&path=%00", 404),
        ("reader=r&since=0&path=/%0d%0adata:x", 404),
        ("reader=r&since=0&path=/%ff", 404),
        ("reader=r&since=0&path=/%c3%a9", 404),
        ("reader=r&since=0&path=/a&path=http://a/", 404),
        ("reader=r&since=0&path=/a/../../../../etc/passwd", 204),
        ("reader=r&since=0&path=/%25ff%2500%252f..", 204),
    ] {
        let answer = get(address, &format!("/.onepoll/reload/uses?{query}"));
        assert_eq!(answer.status, status, "{query}");
        assert!(!answer.text().contains("reload.js"), "the pages of the server itself have no script");
    }
}

#[test]
fn what_is_asked_behind_a_stream_waits_for_its_end() {
    let root = folder(&[]);
    let address = serve_watched(root.path());
    // However much that is.
    let request = "GET /.onepoll/reload?reader=r HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let behind = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(10_000);
    let mut events = Events::asked(address, [request, &behind].concat().into());
    assert_eq!(events.next().0, "start");
    // HEAD opens none, and the connection goes on.
    let both = b"HEAD /.onepoll/reload?reader=h HTTP/1.1\r\nHost: localhost\r\n\r\n\
        GET /.onepoll/reload/uses?reader=h&since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answers = read_answers_to(&ask(address, both), &["HEAD", "GET"]);
    let told: Vec<_> =
        answers.iter().map(|answer| (answer.status, answer.field("content-length").is_some())).collect();
    assert_eq!(told, [(200, false), (404, true)]);
    // HTTP/1.0, and a request with content.
    for (request, is_last) in [
        ("GET /.onepoll/reload?reader=a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
        ("GET /.onepoll/reload?reader=b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab", false),
    ] {
        let mut events = Events::asked(address, request.into());
        assert_eq!(events.head.contains("Connection: close\r\n"), is_last, "{}", events.head);
        assert_eq!(events.next().0, "start");
    }
    // The next stream of this reader ends it when there is news, and then the connection goes on.
    let missing = "GET /missing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut client = connect(address);
    client.write_all([request.replace("=r", "=c"), missing.to_owned()].concat().as_bytes()).unwrap();
    let mut read = BufReader::with_capacity(1, client.try_clone().unwrap());
    let mut begun = String::new();
    while !begun.contains("\n\n") {
        assert!(read.read_line(&mut begun).unwrap() > 0, "{begun:?} and no event");
    }
    let _next = Events::begun(address, "c");
    assert_eq!(uses(address, "c", u64::MAX, &["/a.txt"]), 204);
    std::fs::write(root.path().join("a.txt"), "1").unwrap();
    let rest = String::from_utf8(read_to_end(client)).unwrap();
    let (end, next) = rest.split_at(b"\r\n0\r\n\r\n".len());
    assert_eq!((end, read_answers(next.as_bytes())[0].status), ("\r\n0\r\n\r\n", 404));
}

#[test]
fn a_stream_ends_with_its_client() {
    let root = folder(&[]);
    let address = serve_watched(root.path());
    let events = Events::begun(address, "r");
    assert_eq!(uses(address, "r", 0, &["/a"]), 204);
    // A client that is gone looks just so, and needs no last chunk.
    events.client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(events.end(), Err(ErrorKind::UnexpectedEof));
    assert_eq!(uses(address, "r", 0, &["/a"]), 404);
}

#[test]
fn there_are_only_so_many_streams_and_each_that_ends_makes_room() {
    let root = folder(&[]);
    let address = serve_watched(root.path());
    let mut open = Vec::new();
    let refused = loop {
        assert!(open.len() < 2000, "{} streams and no end", open.len());
        let events = Events::of(address, &format!("r{}", open.len()));
        if !events.head.starts_with("HTTP/1.1 200 ") {
            break events.head;
        }
        open.push(events);
    };
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("\r\nRetry-After: 5\r\n"), "{refused}");
    assert!(open.len() >= 16, "{}", open.len());
    open.pop();
    until("room for another", || {
        let events = Events::of(address, "another");
        if events.head.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(events.head) }
    });
}

#[test]
fn a_server_that_stops_ends_its_streams_at_once() {
    let root = folder(&[]);
    let (program, address) = Program::start(onepoll().args(["--watch", "--grace", "600"]).arg(root.path()));
    let events = Events::begun(address, "r");
    program.signal(Signal::TERM);
    assert_eq!(events.end(), Ok(()));
    assert!(program.end().0.success());
}

#[test]
fn a_reader_is_told_of_the_paths_that_it_named_and_of_no_others() {
    let root = folder(&[("a.txt", b"1"), ("b.txt", b"1"), ("c/index.html", b"1")]);
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
    let address = serve_watched(root.path());
    let [mut one, mut two, mut idle] = ["one", "two", "idle"].map(|reader| Events::begun(address, reader));
    assert_eq!(uses(address, "one", u64::MAX, &["/a.txt", "/%61.txt", "/missing.js", "/c/?x"]), 204);
    assert_eq!(uses(address, "two", u64::MAX, &["/b.txt", "/c/"]), 204);
    for (name, event) in [("b.txt", ["/b.txt"]), ("c/index.html", ["/c/"])] {
        write(name, "22");
        assert_eq!(two.next(), ("change".to_owned(), event.to_vec().into()));
    }
    // What is told now was told after that. Each path is told as it was named.
    write("a.txt", "22");
    let (name, told) = one.next();
    let mut paths: Vec<_> = told.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!((&*name, paths), ("change", vec!["/%61.txt", "/a.txt"]));
    write("missing.js", "1");
    assert_eq!(one.next(), ("change".to_owned(), vec!["/missing.js"].into()));
    // A reader that has named nothing is told nothing.
    assert_eq!(uses(address, "idle", u64::MAX, &["/a.txt"]), 204);
    write("a.txt", "333");
    assert_eq!(idle.next(), ("change".to_owned(), vec!["/a.txt"].into()));
}

/// `onepoll --watch FILE`: a page at `/` is told of the file, also of one with a hidden name, and of nothing beside it.
#[test]
fn a_file_that_is_served_alone_is_told_of_by_both_of_its_names() {
    let root = folder(&[(".a.html", b"1"), ("style.css", b"1"), ("index.html", b"1"), ("elsewhere/a", b"1")]);
    let path = |name: &str| root.path().join(name);
    let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    let (_program, address) = Program::start(onepoll().arg("--watch").arg(path(".a.html")));
    let mut reader = Events::begun(address, "r");
    assert_eq!(
        uses(address, "r", u64::MAX, &["/", "/.a.html", "/style.css", "/index.html", "/404.html"]),
        204
    );
    let mut is_told = |what: &str| {
        let (name, told) = reader.next();
        let mut paths: Vec<_> = told.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        paths.sort_unstable();
        assert_eq!((&*name, paths), ("change", vec!["/", "/.a.html"]), "{what}");
    };
    // What is beside it changes in vain, also where it comes in place of what is missing elsewhere.
    let change_beside = || {
        for name in ["style.css", "index.html", "404.html"] {
            write(name, "22");
        }
    };
    change_beside();
    write(".a.html", "22");
    is_told("written in place");
    change_beside();
    write("next", "333");
    std::fs::rename(path("next"), path(".a.html")).unwrap();
    is_told("replaced by a rename");
    std::fs::remove_file(path(".a.html")).unwrap();
    is_told("deleted");
    symlink("elsewhere/a", path(".a.html")).unwrap();
    is_told("a link");
    write("elsewhere/a", "22");
    is_told("where the link leads");
}

#[test]
fn a_change_counts_from_when_a_page_began_to_load() {
    let root = folder(&[("a.txt", b"1"), ("b.txt", b"1")]);
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
    let address = serve_watched(root.path());
    let [mut first, mut late, mut later] =
        ["first", "late", "later"].map(|reader| Events::begun(address, reader));
    assert_eq!(uses(address, "first", u64::MAX, &["/a.txt"]), 204);
    write("a.txt", "22");
    assert_eq!(first.next(), ("change".to_owned(), vec!["/a.txt"].into()));
    // The page of one reader began to load before the change, and that of the other after it.
    assert_eq!(uses(address, "late", 0, &["/a.txt"]), 204);
    assert_eq!(late.next(), ("change".to_owned(), vec!["/a.txt"].into()));
    assert_eq!(uses(address, "later", u64::MAX, &["/a.txt", "/b.txt"]), 204);
    write("b.txt", "22");
    assert_eq!(later.next(), ("change".to_owned(), vec!["/b.txt"].into()));
}

#[test]
fn a_stream_that_is_opened_again_takes_the_place_of_the_first() {
    let root = folder(&[("a.txt", b"1")]);
    let address = serve_watched(root.path());
    let first = Events::begun(address, "r");
    assert_eq!(uses(address, "r", u64::MAX, &["/a.txt"]), 204);
    let mut second = Events::begun(address, "r");
    // The new one knows of no path.
    assert_eq!(uses(address, "r", u64::MAX, &["/a.txt"]), 204);
    std::fs::write(root.path().join("a.txt"), "22").unwrap();
    assert_eq!(second.next(), ("change".to_owned(), vec!["/a.txt"].into()));
    assert_eq!(first.end(), Ok(()));
    assert_eq!(uses(address, "r", u64::MAX, &["/a.txt"]), 204, "the end of the first leaves the second");
}

#[test]
fn a_reader_that_names_too_many_paths_is_told_so() {
    let root = folder(&[]);
    let address = serve_watched(root.path());
    let _events = Events::begun(address, "r");
    let mut number = 0;
    let status = loop {
        assert!(number < 100_000, "{number} paths and no end");
        let paths: Vec<_> = (0..100).map(|_| (number += 1, format!("/{number:060}")).1).collect();
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        match uses(address, "r", u64::MAX, &paths) {
            204 => {}
            status => break status,
        }
    };
    assert_eq!(status, 503);
    // Another has room, and so has the same reader with a new stream.
    for reader in ["other", "r"] {
        let _events = Events::begun(address, reader);
        assert_eq!(uses(address, reader, u64::MAX, &["/a"]), 204);
    }
}
