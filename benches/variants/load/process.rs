//! The load as a process of its own: a plan on stdin, and reports on stdout, each a line. After a mark it waits for a
//! line on stdin, so that the lab reads the server's meters while no latency is measured. At the end it stays
//! connected until its stdin ends.

use super::Load;
use super::plan::{Outcome, Plan, Word};
use onepoll::os;
use std::io::{self, BufRead, Write};

pub fn run() {
    os::raise_descriptor_limit();
    let mut input = io::stdin().lock();
    let mut load = None;
    say(&match apply(&mut input, &mut load) {
        Ok(outcome) => Word::Done(Box::new(outcome)),
        Err(error) => Word::Failed(error.to_string()),
    });
    let _ = io::copy(&mut input, &mut io::sink());
}

fn apply(input: &mut impl BufRead, load: &mut Option<Load>) -> io::Result<Outcome> {
    let plan: Plan = serde_json::from_str(&line(input)?)?;
    let load = load.insert(Load::connect(plan)?);
    load.run(&mut |mark| {
        say(&Word::Mark(mark));
        line(input).map(drop)
    })
}

fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line)
}

fn say(word: &Word) {
    let mut out = io::stdout().lock();
    let line = serde_json::to_string(word).expect("words can be written");
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
