//! The tour quotes the source and the log, names places and links to them: these tests fail where that is no longer so. What
//! its steps try is tried in `tests/tries.rs`, and in a browser in `tests/walk.rs`.

mod support;

use std::path::Path;
use support::html::between;
use support::program::{Program, onepoll, without_numbers};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn tour() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("www/tour.html")).unwrap()
}

fn source(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn unescaped(html: &str) -> String {
    html_escape::decode_html_entities(html).into_owned()
}

/// Removes up to `spaces` spaces before every line, since quotes in the tour begin at the margin.
fn outdented(text: &str, spaces: usize) -> String {
    let margin = " ".repeat(spaces);
    let line = |line: &'_ str| line.strip_prefix(&margin).unwrap_or(line.trim_start()).to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_it_quotes_stands_in_the_source() {
    let tour = tour();
    let mut count = 0;
    for step in between(&tour, "<section ", "</section>") {
        let named = between(step, "data-file=\"", "\"").next().unwrap();
        for quote in between(step, "<pre class=\"code\" data-from=\"", "</pre>") {
            let (path, rest) = quote.split_once('"').unwrap();
            let (_, code) = rest.split_once('>').unwrap();
            let code = unescaped(code);
            assert_eq!(path, named, "a step quotes the file that it names:\n{code}");
            let is_there = (0..4).any(|level| outdented(&source(path), 4 * level).contains(&code));
            assert!(is_there, "{path} has no such lines any more:\n{code}");
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} quotes");
}

#[test]
fn every_place_that_it_names_is_there() {
    let tour = tour();
    let mut count = 0;
    let root = support::folder(&[]);
    let (_program, address) = Program::start(onepoll().arg("--inspect").arg(root.path()));
    for place in between(&tour, "<p class=\"open\">", "</p>") {
        let path = between(place, "data-file=\"", "\"").next().unwrap();
        let name = unescaped(between(place, "data-name=\"", "\"").next().unwrap());
        assert!(source(path).contains(&name), "{path} has no {name}");
        let link = between(place, "href=\"", "\"").next().unwrap();
        let (page, anchor) = link.split_once('#').expect("it leads to a line");
        assert_eq!(page, format!(".onepoll/source/{path}"));
        assert_eq!(Some(anchor), name.rsplit(' ').next());
        count += 1;
    }
    let mut visitor = support::visitor::Visitor::of(address);
    for link in between(&tour, "href=\".onepoll/source/", "\"") {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let page = visitor.get(&format!("/.onepoll/source/{path}"), "");
        let has_it = anchor.is_empty() || page.text().contains(&format!("<b id=\"{anchor}\">"));
        assert!(page.status == 200 && has_it, "{link} leads nowhere");
    }
    assert_eq!(count, tour.matches("<section ").count(), "each step names a place");
    assert_eq!(count, tour.matches("<dt>Expect</dt>").count(), "and says what to expect");
}

#[test]
fn its_steps_are_listed_and_counted() {
    let tour = tour();
    let listed = between(&tour, "<li><a href=\"#", "</a>").map(|step| step.split_once("\">").unwrap());
    let listed: Vec<_> =
        listed.enumerate().map(|(index, (id, title))| (id, format!("{}. {title}", index + 1))).collect();
    let steps = between(&tour, "<section id=\"", "</h2>").map(|step| {
        let title = step.split_once("<h2 ").unwrap().1.split_once('>').unwrap().1;
        (step.split_once('"').unwrap().0, title.to_owned())
    });
    assert_eq!(listed, steps.collect::<Vec<_>>());
    assert_eq!(listed.len(), 12);
    for page in ["README.md", "www/index.html"] {
        let page = source(page);
        assert!(page.contains("twelve steps from a socket that prints its"), "{page}");
    }
    // Each has a place and one thing to try.
    let tries = between(&tour, "<section ", "</section>").map(|step| step.matches("<dt>Try</dt>").count());
    assert!(tries.eq([1; 12]));
}

#[test]
fn the_page_about_the_log_says_what_it_says() {
    let page = source("docs/logs.md");
    let trace = between(&page, "$ RUST_LOG=trace cargo run --release\n", "```").next().unwrap();
    assert!(trace.lines().count() > 10, "{trace}");
    is_logged(trace);
}

/// Asks for the start page, and finds these lines in the log, one after the other.
fn is_logged(trace: &str) {
    let (program, address) =
        Program::start(onepoll().arg(Path::new(ROOT).join("www")).env("RUST_LOG", "trace"));
    let asked = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    support::ask(address, asked);
    for line in trace.lines() {
        let wanted = without_numbers(line);
        loop {
            let said = program.told("");
            if without_numbers(&said).contains(&wanted) {
                break;
            }
            assert!(!said.contains("closed"), "the log never said {line:?}");
        }
    }
}
