//! Every text that lists the methods this server answers is told by the dispatch table: a method that is added there makes
//! these tests name the places that do not know of it yet.

mod support;

use onepoll::service::limits::Limits;
use std::fs;
use std::path::Path;
use support::{folder, pieces, read_answers_to};

/// The methods of the dispatch table, as OPTIONS gives them.
fn answered() -> Vec<String> {
    let root = folder(&[]);
    let mut context = pieces::context(root.path(), Limits::default());
    let request: &[u8] = b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer =
        read_answers_to(&pieces::answer([request].into_iter(), &mut context), &["OPTIONS"]).remove(0);
    answer.field("allow").unwrap().split(", ").map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// README.md, and the pages of `docs` where there are any.
fn pages_for_users() -> Vec<String> {
    let docs = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).into_iter().flatten();
    let names = docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().display()));
    names.chain(["README.md".to_owned()]).filter(|name| name.ends_with(".md")).collect()
}

/// What stands in `text` between `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before:?} is in no such text"));
    rest.split_once(after).map_or(rest, |(found, _)| found)
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|char: char| !char.is_alphanumeric()).any(|other| other == word)
}

#[test]
fn texts_that_list_methods_list_every_one_that_is_answered() {
    const TABLE: &str = "| request | answer |";
    let pages: Vec<_> = pages_for_users().iter().map(|page| read(page)).collect();
    let page = pages.iter().find(|text| text.contains(TABLE)).expect("a page with the table of requests");
    let places = [
        ("the table of requests for users", between(page, TABLE, "\n\n").to_owned()),
        (
            "the table of files in src/lib.rs",
            between(&read("src/lib.rs"), "# In which order to read", "\n//!\n//! The binary").to_owned(),
        ),
        (
            "the step of the tour about methods",
            between(between(&read("www/tour.html"), "id=\"methods\"", "</section>"), "<p>", "</p>")
                .to_owned(),
        ),
    ];
    let mut missed = Vec::new();
    for (place, text) in places {
        let methods = answered().into_iter().filter(|method| !has_word(&text, method));
        missed.extend(methods.map(|method| format!("{place}: {method}")));
    }
    assert!(missed.is_empty(), "these do not say what becomes of a method that is answered: {missed:#?}");
}

#[test]
fn a_method_that_is_shown_as_refused_is_refused() {
    let mut count = 0;
    for place in [".ci/run", "README.md", "www/tour.html", "www/index.html"] {
        for line in read(place).lines().filter(|line| line.contains("405")) {
            let words: Vec<_> = line.split([' ', '<', '"']).collect();
            for pair in words.windows(2).filter(|pair| matches!(pair[0], "-X" | "--request")) {
                assert!(
                    !answered().iter().any(|method| method == pair[1]),
                    "{place}: {} is answered",
                    pair[1]
                );
                count += 1;
            }
        }
    }
    assert!(count >= 2, "only {count} lines");
}
