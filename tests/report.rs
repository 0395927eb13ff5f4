//! The report of the lab never takes noise for a finding: which rounds count, and what the page says where the machine
//! did other work. The code is in `benches/variants`.

#[path = "../benches/variants/compared.rs"]
#[allow(dead_code)]
mod compared;
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

use compared::Pair;
use cores::Cores;
use load::plan::{Outcome, Phase, Readers};
use meters::{Held, Used};
use quiet::{Beside, Watch, needs_one_more};
use results::{Bound, CameOfIt, Cell, Figure, Machine, Results, Sample, Service, Wrk, WrkCell};
use scenarios::{BASE, Scenario};
use statistics::Doubt;
use std::process::Command;
use std::time::Instant;
use support::patience::until;

const QUIET: Option<Beside> = Some(Beside { other: 0.01, steal: 0.0, core: 0.0, waited: 0.0 });
const BUSY: Option<Beside> = Some(Beside { other: 0.2, steal: 0.0, core: 0.0, waited: 0.0 });
const THREADS: &str = "thread-per-connection";
const POOL: &str = "thread-pool-2";
const NEITHER: &str = "no verdict: the machine was busy";

/// What one server showed in one round.
type Round = (Sample, Option<Beside>);

/// A run of these loads with these servers: the rounds of each load and server.
fn run(
    asked: usize,
    loads: &[&str],
    servers: &[&str],
    rounds: &dyn Fn(&Scenario, &str) -> Vec<Round>,
) -> Results {
    let is_of_run = |scenario: &Scenario| loads.contains(&scenario.name.as_str());
    let scenarios: Vec<_> = scenarios::all().into_iter().filter(is_of_run).collect();
    let mut cells = Vec::new();
    for (scenario, server) in scenarios.iter().flat_map(|it| servers.iter().map(move |server| (it, *server)))
    {
        for (round, (sample, beside)) in rounds(scenario, server).into_iter().enumerate() {
            let (came_of_it, scenario) = (CameOfIt::Sample(Box::new(sample)), scenario.name.clone());
            cells.push(Cell { scenario, server: server.to_owned(), round, came_of_it, beside });
        }
    }
    Results {
        machine: Machine { processor: String::new(), cores: 2, memory_gib: 1.0, kernel: String::new() },
        command: String::new(),
        date: String::new(),
        took: 1.0,
        onepoll: String::new(),
        rounds: asked,
        window: 1.0,
        warm_up: 0.2,
        cores: Cores::all().share(),
        scenarios,
        servers: servers.iter().map(|server| (*server).to_owned()).collect(),
        cells,
        wrk: None,
    }
}

/// A run of the base point: the rounds of the reactor, and of a thread for each connection, each by the processor time
/// of a request and by what happened beside it.
fn base(asked: usize, reactor: &[(f64, Option<Beside>)], threads: &[(f64, Option<Beside>)]) -> Results {
    run(asked, &[BASE], &["reactor", THREADS], &|scenario, server| {
        let rounds = if server == "reactor" { reactor } else { threads };
        rounds
            .iter()
            .map(|(cpu, beside)| (sample(scenario, Shown { cpu: *cpu, ..Shown::SOME }), *beside))
            .collect()
    })
}

/// What a sample shows.
#[derive(Clone, Copy)]
struct Shown {
    /// Requests in a second.
    rate: u64,
    /// Microseconds of processor time a request, of which the kernel's are a share.
    cpu: f64,
    kernel: f64,
    /// Milliseconds of every request.
    latency: f64,
    /// KiB a connection.
    memory: f64,
    /// Connections without an answer.
    starved: usize,
}

impl Shown {
    const SOME: Shown =
        Shown { rate: 10_000, cpu: 40.0, kernel: 0.6, latency: 1.0, memory: 10.0, starved: 0 };

    fn times(self, factor: f64) -> Shown {
        Shown {
            rate: (self.rate as f64 * factor) as u64,
            cpu: self.cpu * factor,
            latency: self.latency * factor,
            memory: self.memory * factor,
            ..self
        }
    }
}

fn sample(scenario: &Scenario, shown: Shown) -> Sample {
    let connections = scenario.connections;
    let unanswered = if shown.starved > 0 { 1_000 } else { 0 };
    let phase = Phase {
        seconds: 1.0,
        answered: shown.rate,
        unanswered,
        connections_answered: connections - shown.starved,
        latencies: vec![((shown.latency * 1e6) as u64, 10_000)],
        ..Phase::default()
    };
    let outcome = Outcome {
        connected: connections,
        beside_connected: 0,
        readers: None,
        work_alone: None,
        closed: phase.clone(),
        open: phase,
    };
    let used = shown.cpu * shown.rate as f64;
    let closed =
        Used { user_us: used * (1.0 - shown.kernel), system_us: used * shown.kernel, ..Used::default() };
    let full = Held {
        resident_kib: (shown.memory * scenario.connections_in_all() as f64) as u64,
        ..Held::default()
    };
    Sample { outcome, empty: Held::default(), full, closed, open: Used::default() }
}

/// The text between the headline and the first section, and the summary.
fn top_and_advice(results: &Results) -> (String, String) {
    let page = report::page(results, None);
    let mut parts = page.split("<section>").map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}

/// The sentences under the charts, in their order.
fn sentences(results: &Results) -> Vec<String> {
    let page = report::page(results, None);
    let captions = page.split("<figcaption>").skip(1);
    captions.map(|it| it.split("</figcaption>").next().unwrap().to_owned()).collect()
}

const VERDICT: &str = "64 connections: µs of processor time a request — better than the reactor (80): \
                       thread-per-connection 46.8";

#[test]
fn a_busy_machine_is_named_at_the_top_and_gives_no_verdict() {
    let (reactor, threads) = ([(80.0, BUSY); 9], [(46.8, BUSY); 9]);
    let (top, advice) = top_and_advice(&base(3, &reactor, &threads));
    for words in [
        "The machine was busy: 18 of 18 measurements had other work beside them, which took 20 % of their cores",
        "By round: 1 to 9 (all)",
        "no verdict at all",
    ] {
        assert!(top.contains(words), "{top}");
    }
    assert!(!advice.contains(VERDICT), "{advice}");
    assert!(advice.contains("<li>64 connections: no verdict: the machine was busy."), "{advice}");
    assert!(!advice.contains("46.8"), "no figure of it is named: {advice}");
}

/// The page says which rounds were disturbed.
#[test]
fn the_rounds_beside_other_work_are_named() {
    let rounds = [(80.0, QUIET), (80.0, BUSY), (80.0, BUSY), (80.0, QUIET), (80.0, QUIET)];
    let threads = [(80.0, QUIET), (80.0, BUSY), (80.0, QUIET), (80.0, QUIET), (80.0, QUIET)];
    let (top, _) = top_and_advice(&base(3, &rounds, &threads));
    assert!(top.contains("By round: 2 (all), 3 (1 of 2). Quiet rounds took their place."), "{top}");
}

#[test]
fn a_quiet_machine_gives_verdicts_and_says_nothing_of_itself() {
    let (top, advice) = top_and_advice(&base(3, &[(80.0, QUIET); 3], &[(46.8, QUIET); 3]));
    assert!(!top.contains("busy"), "{top}");
    assert!(advice.contains(VERDICT), "{advice}");
}

#[test]
fn rounds_that_differ_widely_give_no_verdict() {
    let reactor = [(8789.0, QUIET), (244.0, QUIET), (4000.0, QUIET)];
    let (_, advice) = top_and_advice(&base(3, &reactor, &[(46.8, QUIET); 3]));
    assert!(!advice.contains(VERDICT), "{advice}");
    assert!(advice.contains("no verdict: spread 214 %"), "{advice}");
}

#[test]
fn a_machine_that_tells_nothing_gives_no_verdict() {
    let (top, advice) = top_and_advice(&base(3, &[(80.0, None); 3], &[(46.8, None); 3]));
    assert!(top.contains("Nothing tells whether this machine did other work"), "{top}");
    assert!(!advice.contains(VERDICT), "{advice}");
}

/// Each kind of chart.
const LOADS: [&str; 6] = ["connections-1", BASE, "connections-1024", "slow-readers", "idle", "work"];

/// A run of every kind of chart, in which the reactor's figures are so many times those of a thread for each.
fn factor(factor: f64, beside: Option<Beside>) -> Results {
    run(3, &LOADS, &["reactor", THREADS], &|scenario, server| {
        let shown = if server == "reactor" { Shown::SOME.times(factor) } else { Shown::SOME };
        // The server's core is busy throughout, however fast it is.
        let shown = Shown {
            cpu: if scenario.is_of_sweep() && scenario.name != BASE {
                1e6 / shown.rate as f64
            } else {
                shown.cpu
            },
            ..shown
        };
        vec![(sample(scenario, shown), beside); 3]
    })
}

/// A sentence that stayed the same with the figures turned would say nothing of them.
#[test]
fn the_sentence_under_each_chart_follows_the_figures() {
    let runs = [
        ("the reactor has less", factor(0.5, QUIET)),
        ("level", factor(1.0, QUIET)),
        ("between level and more", factor(1.07, QUIET)),
        ("the reactor has more", factor(2.0, QUIET)),
        ("beside other work", factor(2.0, BUSY)),
        ("no reactor", run(3, &LOADS, &[THREADS], &|it, _| vec![(sample(it, Shown::SOME), QUIET); 3])),
    ];
    let said = runs.each_ref().map(|(name, results)| (*name, sentences(results)));
    let count = said[0].1.len();
    assert_eq!(
        count, 8,
        "three over connections, the base point twice, two beside others, work: {:?}",
        said[0].1
    );
    for chart in 0..count {
        for (place, (name, these)) in said.iter().enumerate() {
            assert!(!these[chart].is_empty(), "{name}: chart {chart} has no sentence");
            for (other, those) in &said[..place] {
                assert_ne!(these[chart], those[chart], "{name} and {other}: chart {chart}");
            }
        }
    }
    let busy = &said[4].1;
    assert!(busy.iter().all(|sentence| sentence.contains(NEITHER)), "{busy:#?}");
}

/// Numbers beside other work are those of the other work.
#[test]
fn no_sentence_of_a_busy_run_names_a_figure() {
    let figures = [factor(2.0, BUSY), factor(0.5, BUSY)].map(|results| sentences(&results));
    assert_eq!(figures[0], figures[1]);
}

/// Which servers leave clients without an answer is said only where all rounds agree.
#[test]
fn who_starves_is_said_only_where_all_rounds_agree() {
    let with = |starved: &[usize], beside| {
        run(3, &["slow-readers", "connections-1024", BASE], &["reactor", POOL], &|scenario, server| {
            let of = |starved: &usize| match server {
                POOL if scenario.name != BASE => Shown { starved: *starved, ..Shown::SOME },
                _ => Shown::SOME,
            };
            starved.iter().map(|starved| (sample(scenario, of(starved)), beside)).collect()
        })
    };
    let words = [
        "thread-pool-2, some clients were never answered",
        "Every client was served under reactor.",
        "from 1024",
    ];
    let all = sentences(&with(&[62, 60, 61], QUIET)).concat();
    words.iter().for_each(|words| assert!(all.contains(words), "{words}: {all}"));
    let some = sentences(&with(&[62, 0, 61], QUIET)).concat();
    assert!(
        some.contains("Of thread-pool-2: no verdict: all clients were served in some rounds only."),
        "{some}"
    );
    let busy = sentences(&with(&[62, 60, 61], BUSY)).concat();
    for said in [&some, &busy] {
        assert!(!said.contains("never answered:") && !said.contains("from 1024"), "{said}");
    }
    assert!(!busy.contains("was served under"), "{busy}");
}

/// The window of a load with slow readers is one only once their buffers are full.
#[test]
fn readers_that_still_filled_give_no_verdict() {
    let filling = |filling| {
        run(3, &["slow-readers"], &["reactor", THREADS], &|scenario, _| {
            let mut sample = sample(scenario, Shown::SOME);
            sample.outcome.readers = Some(Readers { full: 1000 - filling, filling, empty: 0 });
            vec![(sample, QUIET); 3]
        })
    };
    let service = |results: &Results| results.service(&results.scenarios[0], "reactor");
    assert_eq!(service(&filling(0)), Service::All);
    assert_eq!(service(&filling(9)), Service::Unknown(Doubt::Filling));
    assert!(report::page(&filling(9), None).contains("the buffers of 9 slow readers were not full yet"));
}

/// The core of a single thread is busy for the processor time of its requests.
#[test]
fn whether_the_load_was_the_limit_is_said_only_where_all_rounds_agree() {
    let bound = |cpus: &[f64], beside| {
        let rounds: Vec<_> = cpus.iter().map(|cpu| (*cpu, beside)).collect();
        let results = base(3, &rounds, &rounds);
        results.bound(&results.scenarios[0], "reactor")
    };
    assert_eq!(bound(&[80.0, 82.0, 81.0], QUIET), Bound::Load);
    assert_eq!(bound(&[95.0, 97.0, 96.0], QUIET), Bound::Server);
    assert_eq!(bound(&[88.0, 91.0, 92.0], QUIET), Bound::Unknown(Doubt::Load));
    assert_eq!(bound(&[80.0, 82.0, 81.0], BUSY), Bound::Unknown(Doubt::Busy));
}

/// To name the best of several is a verdict on each of them.
#[test]
fn the_reactor_is_better_only_than_all_of_the_threads() {
    let against = |pool: [f64; 3]| {
        let results = run(3, &[BASE], &["reactor", THREADS, POOL], &|scenario, server| {
            let cpus = match server {
                "reactor" => [40.0; 3],
                THREADS => [80.0; 3],
                _ => pool,
            };
            cpus.iter().map(|cpu| (sample(scenario, Shown { cpu: *cpu, ..Shown::SOME }), QUIET)).collect()
        });
        top_and_advice(&results).1
    };
    let better =
        "µs of processor time a request — the reactor 40, and worse than that: thread-per-connection 80";
    assert!(against([90.0; 3]).contains(better));
    assert!(!against([70.0, 90.0, 80.0]).contains(better), "the rounds of the pool spread");
    assert!(
        against([41.0; 3])
            .contains("µs of processor time a request — level with the reactor (40): thread-pool-2 41.")
    );
    assert!(against([20.0; 3]).contains("better than the reactor (40): thread-pool-2 20."));
}

#[test]
fn wrk_is_laid_beside_the_load_by_the_same_rule() {
    let page = |rates: [f64; 3], beside| {
        let mut results = base(3, &[(80.0, QUIET); 3], &[(80.0, QUIET); 3]);
        let cell = |(round, rate): (usize, &f64)| WrkCell {
            server: "reactor".to_owned(),
            round,
            rate: Ok(*rate),
            busy: 0.91,
            beside,
        };
        let cells = rates.iter().enumerate().map(cell).collect();
        results.wrk = Some(Wrk { command: "wrk -t1".to_owned(), version: "wrk 4.1.0".to_owned(), cells });
        let page = report::page(&results, None);
        page.split("The same by wrk")
            .nth(1)
            .expect("there is a section")
            .split("</section>")
            .next()
            .unwrap()
            .to_owned()
    };
    let level = page([10_100.0, 10_200.0, 10_300.0], QUIET);
    for words in ["within 5 % for reactor.", "<td>0.98<td>91 %<td>level", "<code>wrk -t1</code>", "<td>n/a"] {
        assert!(level.contains(words), "{words}: {level}");
    }
    assert!(
        page([8_000.0, 8_100.0, 8_200.0], QUIET)
            .contains("This load gets more answers a second than wrk from reactor.")
    );
    assert!(
        page([12_000.0, 12_100.0, 12_200.0], QUIET)
            .contains("wrk gets more answers a second than this load from reactor.")
    );
    assert!(
        page([8_000.0, 8_100.0, 8_200.0], BUSY).contains("Of reactor: no verdict: the machine was busy.")
    );
    assert!(!report::page(&base(3, &[(80.0, QUIET); 3], &[]), None).contains("The same by wrk"));
}

#[test]
fn another_run_is_compared_by_the_same_rule() {
    let now = base(3, &[(95.0, QUIET); 3], &[(96.0, QUIET); 3]);
    let beside = |past: &Results| table::beside(&now, past, BASE, "reactor");
    let slower = base(3, &[(190.0, QUIET); 3], &[]);
    assert_eq!(beside(&slower), "  since then: requests/s level, CPU µs -50 %, p99 level");
    assert_eq!(
        beside(&base(3, &[(98.0, QUIET); 3], &[])),
        "  since then: requests/s level, CPU µs level, p99 level"
    );
    let busy = base(3, &[(190.0, BUSY); 9], &[]);
    assert_eq!(beside(&busy), format!("  since then: {NEITHER}"));
    assert!(
        table::beside(&now, &run(3, &[BASE], &[], &|_, _| vec![]), BASE, "reactor")
            .contains("not in the other run")
    );
    let mut elsewhere = slower.clone();
    elsewhere.machine.processor = "another".to_owned();
    assert_eq!(beside(&elsewhere), "  since then: no verdict: it was another machine");
    assert!(
        report::page(&now, Some(&elsewhere)).contains("nothing is compared, since it was another machine")
    );
    let mut heavier = slower;
    heavier.scenarios[0].rate *= 2.0;
    assert_eq!(beside(&heavier), "  since then: no verdict: it was another load");
}

/// The lines of a chart are told apart without colour, and are named.
#[test]
fn each_line_of_a_chart_has_a_name_and_a_shape() {
    let servers = [
        "reactor",
        THREADS,
        "thread-per-request",
        POOL,
        "thread-pool-64",
        "iterative",
        "nginx",
        "a",
        "b",
        "c",
    ];
    let results = run(3, &LOADS, &servers, &|it, _| vec![(sample(it, Shown::SOME), QUIET); 3]);
    let page = report::page(&results, None);
    let chart = page.split("<div class=narrow>").nth(1).unwrap().split("</div>").next().unwrap();
    let servers = servers
        .map(|server| server.strip_prefix("thread-per-").map_or(server, |_| &server["thread-".len()..]));
    for server in servers {
        assert!(chart.contains(&format!("\n{server}\n")), "{server} is not named: {chart}");
    }
    assert!(chart.contains("logarithmic"));
    // All lines lie on each other, and their names do not.
    let names =
        chart.split("<text ").filter(|text| servers.iter().any(|it| text.contains(&format!("\n{it}\n"))));
    let attribute = |text: &str, name: &str| {
        text.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap()
    };
    let mut heights: Vec<_> = names.map(|text| attribute(text, " y").max(attribute(text, "y"))).collect();
    heights.sort_by(f64::total_cmp);
    assert_eq!(heights.len(), servers.len());
    assert!(heights.windows(2).all(|two| two[1] - two[0] >= 12.0), "{heights:?}");
    for text in chart.split("<text ").skip(1) {
        assert!(attribute(text, "font-size") >= 11.9, "{text}");
    }
}

#[test]
fn the_quietest_rounds_count_whatever_they_show() {
    let quieter = Some(Beside { other: 0.0, steal: 0.005, core: 0.0, waited: 0.0 });
    let rounds = [(1.0, BUSY), (9.0, QUIET), (2.0, BUSY), (8.0, quieter)];
    let results = base(2, &rounds, &[(1.0, QUIET); 2]);
    let spread = results.spread(BASE, "reactor", Figure::Cpu).unwrap();
    assert_eq!((spread.least, spread.most, spread.machine), (8.0, 9.0, statistics::Machine::Quiet));
    let (top, _) = top_and_advice(&results);
    assert!(top.contains("2 of 6 measurements had other work beside them"), "{top}");
    assert!(top.contains("Quiet rounds took their place"), "{top}");
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
    let (watch, division) = (Watch::begin(), Cores::all().share());
    let used = |process| meters::processor_seconds(process);
    let (begin, before, mut seen) = (Instant::now(), used(child.id()), None);
    until("a fifth of a second of work", || match used(child.id()) - before {
        work if work >= 0.2 => {
            seen = watch.end(None, None, &division).zip(watch.end(None, Some(child.id()), &division));
            Ok(())
        }
        work => Err(work),
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let (beside, without) = seen.expect("Linux has /proc/stat");
    let capacity = begin.elapsed().as_secs_f64() * std::thread::available_parallelism().unwrap().get() as f64;
    let seconds = (beside.other - without.other) * capacity;
    assert!(seconds > 0.1, "{seconds} s of work: {beside:?} {without:?}");
}

/// What is said of small requests beside work: the reactor's half and one in a hundred, then those of a thread for each.
fn said_of_work(machine: statistics::Machine, half: [f64; 2], rare: [f64; 2]) -> String {
    let spread = |median: f64, machine| {
        let spread = statistics::Spread::of([median * 0.99, median, median * 1.01]).unwrap();
        statistics::Spread { machine, ..spread }
    };
    let both = |[ours, theirs]: [f64; 2]| {
        let (ours, theirs) = (spread(ours, machine), spread(theirs, statistics::Machine::Quiet));
        Pair { difference: ours.against(&theirs), ours, theirs }
    };
    report::loses::compared(&both(half), Some(&("One in a hundred", both(rare))))
}

#[test]
fn what_is_said_of_work_turns_with_the_data() {
    let lost = said_of_work(statistics::Machine::Quiet, [0.3, 0.06], [0.5, 4.0]);
    for part in [
        "at most 0.30 ms under the reactor and 0.06 ms",
        "one loop loses",
        "4 ms with a thread for each: the threads lose",
    ] {
        assert!(lost.contains(part), "{part}: {lost}");
    }
    let turned = said_of_work(statistics::Machine::Quiet, [0.06, 0.3], [4.0, 0.5]);
    for part in ["the loop loses nothing", "the loop loses there"] {
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

/// A process that has ended is no process any more, but its work was done.
#[test]
fn work_of_processes_that_have_ended_is_seen() {
    let watch = Watch::begin();
    let begin = Instant::now();
    // The shell in the middle ends first, so that nobody here is told of the work.
    let spin = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
    let out = Command::new("sh").args(["-c", &format!("sh -c '{spin}; times' & true")]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let work =
        said.split_whitespace().next().and_then(|it| it.strip_prefix("0m")?.strip_suffix('s')?.parse().ok());
    let work: f64 = work.unwrap_or_else(|| panic!("times(1) said {said:?}"));
    let beside = watch.end(None, None, &Cores::all().share()).expect("Linux has /proc/stat");
    let capacity = begin.elapsed().as_secs_f64() * std::thread::available_parallelism().unwrap().get() as f64;
    assert!(beside.other * capacity >= work - 0.05, "{work} s of work: {beside:?}");
}
