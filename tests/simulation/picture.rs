//! The picture of the states in `src/lib.rs`: a drawing of some lives of a connection, and a table of all the arrows. The
//! worlds say whether it is true.

use std::collections::BTreeSet;

/// Changes of state: the name of the state before, and of the one after.
pub type Transitions = BTreeSet<(&'static str, &'static str)>;

const ARROW: &str = "──▶";

fn lines() -> impl Iterator<Item = &'static str> {
    let doc = include_str!("../../src/lib.rs").split("//! # The states of a connection").nth(1);
    let section = doc.expect("src/lib.rs draws the states").split("//! # ").next().unwrap_or_default();
    section.lines().map(|line| line.trim_start_matches("//!").trim())
}

/// The arrows of the table, whose rows are `| from | to | when |`.
pub fn arrows() -> Transitions {
    let rows = lines().filter_map(|line| line.strip_prefix('|')).skip(2);
    rows.map(|row| {
        let mut cells = row.split('|').map(str::trim);
        let (from, to) = (cells.next().unwrap(), cells.next().expect("a row has three cells"));
        assert!(cells.next().is_some_and(|when| !when.is_empty()), "{row}");
        (from, to)
    })
    .collect()
}

/// The arrows of the drawing.
fn drawn() -> Transitions {
    let mut drawn = Transitions::new();
    for line in lines().filter(|line| line.contains(ARROW)) {
        let names = line.split(ARROW).map(|part| part.split_whitespace().next().unwrap());
        drawn.extend(names.clone().zip(names.skip(1)));
    }
    drawn
}

#[test]
fn the_drawing_has_only_arrows_of_the_table() {
    let (drawn, arrows) = (drawn(), arrows());
    assert!(drawn.len() > 5, "only {} arrows are drawn", drawn.len());
    let wrong: Vec<_> = drawn.difference(&arrows).collect();
    assert!(wrong.is_empty(), "these arrows are drawn, and not in the table: {wrong:?}");
}
