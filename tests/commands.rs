//! What the start page says of requests and commands is so. Each command of curl is taken as it stands on the page, and what
//! curl would send for it is sent.

mod support;

use std::net::SocketAddr;
use std::path::Path;
use support::html::{between, text_of};
use support::program::{Program, onepoll, printed};
use support::{Answer, ask, read_answers};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn page() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("www/index.html")).unwrap()
}

fn served() -> (Program, SocketAddr) {
    Program::start(onepoll().arg(Path::new(ROOT).join("www")))
}

/// The words of a command, as a shell takes them apart.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in command.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// The answer to what a command of curl sends.
fn curl(address: SocketAddr, command: &str) -> Answer {
    let mut words = words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{command}");
    let (mut method, mut fields, mut body, mut target) = (None, String::new(), String::new(), None);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{command}: {word} has no value"));
        match word.as_str() {
            "-i" | "-O" => {}
            "-D" | "-o" => drop(value()),
            "-C" => assert_eq!(value(), "-"),
            "-X" => method = Some(value()),
            "-H" => fields += &format!("{}\r\n", value()),
            "-r" => fields += &format!("Range: bytes={}\r\n", value()),
            "-d" => body = value(),
            url => {
                let path = url.strip_prefix("http://127.0.0.1:8080");
                target = Some(path.unwrap_or_else(|| panic!("{command}: {url}")).to_owned());
            }
        }
    }
    let method = method.unwrap_or_else(|| if body.is_empty() { "GET" } else { "POST" }.to_owned());
    send(address, &method, &target.unwrap(), &fields, &body)
}

fn send(address: SocketAddr, method: &str, target: &str, fields: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    );
    let bytes = ask(address, request.as_bytes());
    // The content of an answer to HEAD is not there, whatever its length.
    let mut answers = read_answers(&bytes);
    answers.remove(0)
}

/// The values that a list of the page offers.
fn options(page: &str, id: &str) -> Vec<String> {
    let begin = format!("<select id=\"{id}\">");
    let list = between(page, &begin, "</select>").next().unwrap();
    let option = |option: &str| match option.split_once("value=\"") {
        Some((_, value)) => value.split_once('"').unwrap().0.to_owned(),
        None => option.split_once('>').unwrap().1.to_owned(),
    };
    between(list, "<option", "</option>").map(option).collect()
}

#[test]
fn commands_for_curl_give_what_is_said_beside_them() {
    let (_program, address) = served();
    let page = page();
    let rows = between(&page, "<div><dt><code>", "</div>").map(|row| {
        let (command, said) = row.split_once("</code></dt>").unwrap();
        (text_of(command), text_of(between(said, "<dd>", "</dd>").next().unwrap()))
    });
    let (curls, others): (Vec<_>, Vec<_>) = rows.partition(|(command, _)| command.starts_with("curl "));
    let mut said = Vec::new();
    for (command, beside) in &curls {
        let answer = curl(address, command);
        said.push((
            beside.as_str(),
            answer.status,
            answer.body.len(),
            answer.field("content-type").unwrap().to_owned(),
        ));
    }
    let whole = std::fs::read(Path::new(ROOT).join("www/loop.webm")).unwrap().len();
    let said: Vec<_> = said
        .iter()
        .map(|(beside, status, length, kind)| (*beside, *status, *length, kind.as_str()))
        .collect();
    let html = "text/html; charset=utf-8";
    assert_eq!(
        said,
        [
            ("this page, with its status line and fields", 200, page.len(), html),
            ("a POST, acknowledged in HTML", 200, said[1].2, html),
            ("the same, acknowledged in JSON", 200, said[2].2, "application/json"),
            ("an unknown method: 501", 501, said[3].2, html),
            ("the first 64 bytes of a file: 206", 206, 64, "text/css; charset=utf-8"),
            ("a download that goes on where it was interrupted", 200, whole, "video/webm"),
        ]
    );
    let json = curl(address, &curls[2].0);
    assert!(json.text().contains("\"bytes_received\":5"), "{}", json.text());
    let rest = send(address, "GET", "/loop.webm", &format!("Range: bytes={}-\r\n", whole - 9), "");
    assert_eq!((rest.status, rest.body.len()), (206, 9), "where it was interrupted");
    // Two ways to start the server, and the flags.
    let commands: Vec<_> = others.iter().map(|(command, _)| command.as_str()).collect();
    assert_eq!(commands, ["RUST_LOG=trace onepoll", "onepoll --inspect", "onepoll --help"]);
    assert!(page.contains("two ways to start the server, and its flags."));
    let help = printed(onepoll().arg("--help"));
    assert!(help.contains("--inspect") && others[1].1.contains("/.onepoll/"), "{help}");
}

#[test]
fn other_commands_and_what_the_lists_offer_are_answered_so() {
    let (_program, address) = served();
    let page = page();
    let plain: Vec<_> = between(&page, "In a terminal:<br><code>", "</code>")
        .map(|code| curl(address, &text_of(code)))
        .collect();
    let plain: Vec<_> = plain.iter().map(|answer| (answer.status, answer.body.len())).collect();
    assert_eq!((plain.len(), plain[0].0, plain[1]), (2, 405, (206, 100)));

    for file in options(&page, "file") {
        let status = if file == "/no-such-file" { 404 } else { 200 };
        assert_eq!(send(address, "GET", &file, "", "").status, status, "{file}");
    }
    for method in options(&page, "method").iter().filter(|method| *method != "HEAD") {
        let answer = send(address, method, "/", "", "");
        let status = if method == "OPTIONS" { 204 } else { 405 };
        assert_eq!(
            (answer.status, answer.field("allow")),
            (status, Some("GET, HEAD, POST, OPTIONS")),
            "{method}"
        );
    }
    let ranges = options(&page, "range");
    let answers =
        ranges.iter().map(|range| send(address, "GET", "/loop.webm", &format!("Range: {range}\r\n"), ""));
    let answers: Vec<_> = answers.map(|answer| (answer.status, answer.body.len())).collect();
    let whole = std::fs::metadata(Path::new(ROOT).join("www/loop.webm")).unwrap().len() as usize;
    let two = answers[3].1;
    assert!(two > 20, "two parts, with what tells them apart");
    assert_eq!(answers[..4], [(206, 100), (206, 100), (206, whole - 100_000), (206, two)]);
    assert_eq!((ranges.len(), answers[4].0), (5, 416));
    assert_eq!(send(address, "POST", "/any/path", "", "Hello, one thread.").status, 200, "every path");
}

#[test]
fn the_page_loads_nothing_from_another_server() {
    let page = page();
    let loaded = ["src=\"", "href=\"", "poster=\"", "action=\""];
    let mut all = loaded.iter().flat_map(|name| between(&page, name, "\""));
    assert!(all.all(|url| !url.contains(':') && !url.starts_with("//")));
}
