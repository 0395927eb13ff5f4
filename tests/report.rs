//! The report of the lab never takes noise for a finding: which rounds count, and what the page says where the machine
//! did other work. The code is in `benches/variants`.

#[path = "../benches/variants/cores.rs"]
#[allow(dead_code)]
mod cores;
#[path = "../benches/variants/counted.rs"]
#[allow(dead_code)]
mod counted;
#[path = "../benches/variants/load/mod.rs"]
#[allow(dead_code)]
mod load;
#[path = "../benches/variants/meters.rs"]
#[allow(dead_code)]
mod meters;
#[path = "../benches/variants/quiet.rs"]
#[allow(dead_code)]
mod quiet;
#[path = "../benches/variants/report/mod.rs"]
#[allow(dead_code)]
mod report;
#[path = "../benches/variants/results.rs"]
#[allow(dead_code)]
mod results;
#[path = "../benches/variants/scenarios.rs"]
#[allow(dead_code)]
mod scenarios;
#[path = "../benches/variants/statistics.rs"]
#[allow(dead_code)]
mod statistics;
mod support;
#[path = "../benches/variants/table.rs"]
#[allow(dead_code)]
mod table;

use cores::Cores;
use load::plan::{Outcome, Phase};
use meters::Used;
use quiet::{Beside, Watch, needs_one_more};
use results::{CameOfIt, Cell, Figure, Machine, Results, Sample};
use scenarios::BASE;
use std::process::Command;
use std::time::Instant;
use support::patience::until;

const QUIET: Option<Beside> = Some(Beside { other: 0.01, steal: 0.0 });
const BUSY: Option<Beside> = Some(Beside { other: 0.2, steal: 0.0 });
const THREADS: &str = "thread-per-connection";

/// A run of one load with two servers: for each server its rounds, by the processor time of a request and by what
/// happened beside them.
fn run(asked: usize, reactor: &[(f64, Option<Beside>)], threads: &[(f64, Option<Beside>)]) -> Results {
    let cells = [("reactor", reactor), (THREADS, threads)].into_iter().flat_map(|(server, rounds)| {
        let cell = move |(round, (cpu, beside)): (usize, &(f64, Option<Beside>))| Cell {
            scenario: BASE.to_owned(),
            server: server.to_owned(),
            round,
            came_of_it: CameOfIt::Sample(Box::new(sample(*cpu))),
            beside: *beside,
        };
        rounds.iter().enumerate().map(cell)
    });
    let scenarios = scenarios::all().into_iter().filter(|scenario| scenario.name == BASE).collect();
    Results {
        machine: Machine { processor: String::new(), cores: 2, memory_gib: 1.0, kernel: String::new() },
        command: String::new(),
        date: String::new(),
        took: 1.0,
        onepoll: String::new(),
        rounds: asked,
        window: 1.0,
        cores: Cores::all().share(),
        scenarios,
        servers: vec!["reactor".to_owned(), THREADS.to_owned()],
        cells: cells.collect(),
    }
}

/// A second in which all 64 connections were answered: ten thousand requests, each for this many microseconds.
fn sample(cpu: f64) -> Sample {
    let phase = Phase {
        seconds: 1.0,
        answered: 10_000,
        connections_answered: 64,
        latencies: vec![(1_000_000, 10_000)],
        ..Phase::default()
    };
    let outcome =
        Outcome { connected: 64, beside_connected: 0, work_alone: None, closed: phase.clone(), open: phase };
    let closed = Used { user_us: cpu * 1e4, ..Used::default() };
    Sample { outcome, empty: Default::default(), full: Default::default(), closed, open: Used::default() }
}

/// The text between the headline and the first section, and the summary.
fn top_and_advice(results: &Results) -> (String, String) {
    let page = report::page(results, None);
    let mut parts = page.split("<section>").map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}

const VERDICT: &str = "64 connections: thread-per-connection has 46.8 µs of processor time a request";

#[test]
fn a_busy_machine_is_named_at_the_top_and_gives_no_verdict() {
    let (reactor, threads) = ([(8789.0, BUSY); 9], [(46.8, BUSY); 9]);
    let (top, advice) = top_and_advice(&run(3, &reactor, &threads));
    assert!(
        top.contains("The machine was busy: 18 of 18 rounds had other work beside them; 2 servers"),
        "{top}"
    );
    assert!(!advice.contains(VERDICT), "{advice}");
    assert!(
        advice.contains("no verdict: the machine was busy (the reactor 8,789, thread-per-connection 46.8)")
    );
}

#[test]
fn a_quiet_machine_gives_verdicts_and_says_nothing_of_itself() {
    let (top, advice) = top_and_advice(&run(3, &[(8789.0, QUIET); 3], &[(46.8, QUIET); 3]));
    assert!(!top.contains("busy"), "{top}");
    assert!(advice.contains(VERDICT), "{advice}");
}

#[test]
fn rounds_that_differ_widely_give_no_verdict() {
    let reactor = [(8789.0, QUIET), (244.0, QUIET), (4000.0, QUIET)];
    let (_, advice) = top_and_advice(&run(3, &reactor, &[(46.8, QUIET); 3]));
    assert!(!advice.contains(VERDICT), "{advice}");
    assert!(advice.contains("no verdict: spread 214 %"), "{advice}");
}

#[test]
fn a_machine_that_tells_nothing_gives_no_verdict() {
    let (top, advice) = top_and_advice(&run(3, &[(8789.0, None); 3], &[(46.8, None); 3]));
    assert!(top.contains("Nothing tells whether this machine did other work"), "{top}");
    assert!(!advice.contains(VERDICT), "{advice}");
}

#[test]
fn the_quietest_rounds_count_whatever_they_show() {
    let rounds = [(1.0, BUSY), (9.0, QUIET), (2.0, BUSY), (8.0, Some(Beside { other: 0.0, steal: 0.005 }))];
    let results = run(2, &rounds, &[(1.0, QUIET); 2]);
    let spread = results.spread(BASE, "reactor", Figure::Cpu).unwrap();
    assert_eq!((spread.least, spread.most, spread.machine), (8.0, 9.0, statistics::Machine::Quiet));
    let (top, _) = top_and_advice(&results);
    assert!(top.contains("2 of 6 rounds had other work beside them; quiet rounds took their place"), "{top}");
}

#[test]
fn rounds_are_made_again_within_bounds() {
    for (made, quiet, needs) in
        [(0, 0, true), (2, 2, true), (3, 3, false), (3, 2, true), (8, 2, true), (9, 2, false), (9, 0, false)]
    {
        assert_eq!(needs_one_more(made, quiet, 3), needs, "{quiet} of {made}");
    }
}

/// The kernel counts in steps, so the work must be some steps long.
#[test]
fn work_of_other_processes_is_seen_and_the_own_is_not() {
    let spin = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let mut child = spin();
    let watch = Watch::begin();
    let used = |process| meters::processor_seconds(process);
    let (begin, before, mut seen) = (Instant::now(), used(child.id()), None);
    until("a fifth of a second of work", || match used(child.id()) - before {
        work if work >= 0.2 => {
            seen = watch.end(&[]).zip(watch.end(&[child.id()]));
            Ok(())
        }
        work => Err(work),
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let (beside, without) = seen.expect("Linux has /proc/stat");
    let capacity = begin.elapsed().as_secs_f64() * quiet::cores().unwrap() as f64;
    let seconds = (beside.other - without.other) * capacity;
    assert!(seconds > 0.1, "{seconds} s of work: {beside:?} {without:?}");
}

/// What is said of small requests beside work: the reactor's half and one in a hundred, then those of a thread for each.
fn said_of_work(machine: statistics::Machine, half: [f64; 2], rare: [f64; 2]) -> String {
    let spread = |median: f64, machine| {
        let spread = statistics::Spread::of([median * 0.99, median, median * 1.01]).unwrap();
        statistics::Spread { machine, ..spread }
    };
    let both = |[ours, theirs]: [f64; 2]| (spread(ours, machine), spread(theirs, statistics::Machine::Quiet));
    report::loses::compared(both(half), both(rare))
}

#[test]
fn what_is_said_of_work_turns_with_the_data() {
    let lost = said_of_work(statistics::Machine::Quiet, [0.3, 0.06], [0.5, 4.0]);
    for part in
        ["at most 0.30 ms under the reactor and 0.06 ms", "one loop loses", "than one of the loop's pieces"]
    {
        assert!(lost.contains(part), "{part}: {lost}");
    }
    let turned = said_of_work(statistics::Machine::Quiet, [0.06, 0.3], [4.0, 0.5]);
    for part in ["the loop loses nothing", "loses at the slow end, too"] {
        assert!(turned.contains(part), "{part}: {turned}");
    }
    let level = said_of_work(statistics::Machine::Quiet, [0.3, 0.3], [3.5, 3.5]);
    assert_eq!(level.matches("which is level").count(), 2, "{level}");
    assert!(!level.contains("loses"), "{level}");
    let busy = said_of_work(statistics::Machine::Busy, [0.3, 0.06], [0.5, 4.0]);
    assert_eq!(busy.matches("no verdict").count(), 2, "{busy}");
    assert!(!busy.contains("0.3") && !busy.contains("loses"), "{busy}");
}

#[test]
fn how_much_work_it_was_is_said() {
    let said = report::loses::introduced(4, Some(2.1));
    assert!(said.contains("again, which takes 2.10 ms where no other client asks."), "{said}");
    assert!(report::loses::introduced(4, None).contains("again and again. What"));
}
