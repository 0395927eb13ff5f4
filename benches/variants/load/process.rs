//! The load in a process of its own: a plan on stdin, words on stdout, each a line. When it is done it stays connected
//! until its stdin ends, so that somebody can look at the server meanwhile.

use super::Load;
use super::plan::{Outcome, Plan, Word};
use onepoll::os;
use std::io::{self, BufRead, Write};

pub fn run() {
    let mut line = String::new();
    let mut input = io::stdin().lock();
    let plan = input.read_line(&mut line).map(|_| line);
    os::raise_descriptor_limit();
    let mut load = None;
    say(&match plan.and_then(|line| apply(&line, &mut load)) {
        Ok(outcome) => Word::Done(outcome),
        Err(error) => Word::Failed(error.to_string()),
    });
    let _ = io::copy(&mut input, &mut io::sink());
}

fn apply(line: &str, load: &mut Option<Load>) -> io::Result<Outcome> {
    let plan: Plan = serde_json::from_str(line)?;
    let load = load.insert(Load::connect(plan)?);
    load.run(&mut |mark| say(&Word::Mark(mark)))
}

fn say(word: &Word) {
    let mut out = io::stdout().lock();
    let line = serde_json::to_string(word).expect("words can be written");
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
