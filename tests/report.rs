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

use compared::{Pair, compare};
use cores::Cores;
use load::plan::{Outcome, Phase, Readers};
use meters::{Held, Used};
use quiet::{Beside, Watch, needs_one_more};
use results::{Bound, CameOfIt, Cell, Figure, Machine, Results, Sample, Service, Wrk, WrkCell};
use scenarios::{BASE, Scenario};
use statistics::{Difference, Doubt};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;
use support::dice::Dice;
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
        beside_connected: scenario.connections_in_all() - connections,
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
    let reactor = [(879.0, QUIET), (24.4, QUIET), (400.0, QUIET)];
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
const LOADS: [&str; 7] =
    ["connections-1", BASE, "connections-1024", "slow-readers", "idle", "work", "beside-work"];

/// A run of every kind of chart, in which the reactor's figures are so many times those of a thread for each.
fn factor(factor: f64, beside: Option<Beside>) -> Results {
    run(3, &LOADS, &["reactor", THREADS], &|scenario, server| {
        let shown = if server == "reactor" { Shown::SOME.times(factor) } else { Shown::SOME };
        // The server's core is busy throughout, however fast it is.
        let shown =
            Shown { cpu: if scenario.name != BASE { 1e6 / shown.rate as f64 } else { shown.cpu }, ..shown };
        vec![(sample(scenario, shown), beside); 3]
    })
}

/// What a sentence says beside its figures.
fn without_figures(sentence: &str) -> String {
    sentence.replace(|it: char| it.is_ascii_digit() || ".,".contains(it), "")
}

/// A sentence that stayed the same with the figures turned, but for the figures, would say nothing of them.
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
        count, 9,
        "three over connections, the base point twice, three beside others, work: {:?}",
        said[0].1
    );
    for chart in 0..count {
        for (place, (name, these)) in said.iter().enumerate() {
            assert!(!these[chart].is_empty(), "{name}: chart {chart} has no sentence");
            for (other, those) in &said[..place] {
                let [these, those] = [these, those].map(|it| without_figures(&it[chart]));
                assert_ne!(these, those, "{name} and {other}: chart {chart}");
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
    let apart = against([70.0, 90.0, 80.0]);
    assert!(apart.contains(better), "the rounds of the pool spread, and are farther away than that: {apart}");
    let near = against([45.0, 60.0, 52.0]);
    let words = "no verdict: spread 29 % (thread-pool-2); worse than the reactor (40): thread-connection 80"
        .replace("thread-connection", THREADS);
    assert!(!near.contains(better) && near.contains(&words), "{near}");
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
    let busy = page([8_000.0, 8_100.0, 8_200.0], BUSY);
    assert!(busy.contains("Of reactor: no verdict: the machine was busy."), "{busy}");
    assert!(busy.contains("<tr><td>reactor<td><td>10,000"), "figures without a verdict are left out: {busy}");
    assert!(busy.contains("<td><td><td>no verdict: the machine was busy"), "{busy}");
    assert!(!report::page(&base(3, &[(80.0, QUIET); 3], &[]), None).contains("The same by wrk"));
}

/// wrk does not tell whether all clients were served, but the load does.
#[test]
fn a_server_that_starves_clients_is_not_compared_with_wrk() {
    let mut results = run(3, &[BASE], &["reactor"], &|scenario, _| {
        vec![(sample(scenario, Shown { starved: 9, ..Shown::SOME }), QUIET); 3]
    });
    let cell = |rate, beside| WrkCell { server: "reactor".to_owned(), round: 0, rate, busy: 0.9, beside };
    let wrk = |cells| Some(Wrk { command: String::new(), version: String::new(), cells });
    results.wrk = wrk(vec![cell(Ok(10_000.0), QUIET); 3]);
    let page = report::page(&results, None);
    assert!(page.contains("Of reactor: no verdict: not all clients were served."), "{page}");
    // A round of wrk that failed beside other work is made again like others; one that failed without is a finding.
    let failed = || Err("socket errors".to_owned());
    assert!(cell(failed(), BUSY).is_disturbed() && !cell(failed(), QUIET).is_disturbed());
    let mut cells = vec![cell(Ok(10_000.0), QUIET); 3];
    cells.push(cell(failed(), BUSY));
    results.wrk = wrk(cells.clone());
    assert!(results.by_wrk("reactor").is_some());
    let noise = report::noise(&results).unwrap();
    assert!(
        noise.contains("1 of 7 measurements") && noise.contains("By round of wrk: 1 (1 of 4)."),
        "{noise}"
    );
    cells[0] = cell(failed(), QUIET);
    results.wrk = wrk(cells);
    assert!(results.by_wrk("reactor").is_none());
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

/// What is said of listings on one core: the reactor's requests a second, processor time and latency, by those of a thread for
/// each.
#[test]
fn what_is_said_of_work_on_one_core_turns_with_the_data() {
    let said = |factor: f64, beside| {
        let results = run(3, &[scenarios::WORK_ON_ONE_CORE], &["reactor", THREADS], &|scenario, server| {
            let shown = Shown { rate: 400, latency: 3.0, ..Shown::SOME };
            let shown = if server == "reactor" { shown.times(factor) } else { shown };
            // The core is busy throughout.
            vec![(sample(scenario, Shown { cpu: 1e6 / shown.rate as f64, ..shown }), beside); 3]
        });
        sentences(&results).concat()
    };
    for (factor, words) in [
        (1.0, "Level in requests a second with the reactor (400): thread-per-connection (400)."),
        (0.5, "More requests a second than under the reactor (200): thread-per-connection (400)."),
        (2.0, "Fewer requests a second than under the reactor (800): thread-per-connection (400)."),
        (1.07, "Of thread-per-connection: no verdict: the medians differ by 7.0 %."),
    ] {
        let said = said(factor, QUIET);
        assert!(said.contains(words), "{words}: {said}");
        assert_eq!(said.matches("requests a second").count(), usize::from(factor != 1.07), "{said}");
    }
    let half = said(0.5, QUIET);
    assert!(half.contains("a listing that takes 5 ms under the reactor. 4 connections ask"), "{half}");
    assert!(half.contains("At a fixed rate, half of the requests take 1.5"), "{half}");
    let busy = said(0.5, BUSY);
    assert!(busy.contains(NEITHER) && !busy.contains("5 ms") && !busy.contains("(200)"), "{busy}");
}

/// Most of a server's time goes to the clients beside, so no cost of a measured request is known, and what is left for it
/// depends on how much was done for them.
#[test]
fn small_requests_beside_work_are_compared_where_the_work_is_level() {
    let with = |listings: u64| {
        run(3, &[scenarios::BESIDE_WORK], &["reactor", THREADS], &|scenario, server| {
            let mut sample =
                sample(scenario, if server == "reactor" { Shown::SOME.times(0.5) } else { Shown::SOME });
            for phase in [&mut sample.outcome.closed, &mut sample.outcome.open] {
                phase.work_answered = if server == "reactor" { listings } else { 400 };
            }
            vec![(sample, QUIET); 3]
        })
    };
    let (level, apart) = (with(404), with(300));
    for results in [&level, &apart] {
        let cost = |figure| results.spread(scenarios::BESIDE_WORK, "reactor", figure);
        for figure in [Figure::Cpu, Figure::User, Figure::System, Figure::Calls, Figure::Switches] {
            assert_eq!(cost(figure), None, "{figure:?}");
        }
        assert!(!top_and_advice(results).1.contains("processor time a request"));
    }
    assert!(
        sentences(&level)
            .concat()
            .contains("(404 under the reactor and 400 with a thread for each). Half of them")
    );
    assert!(top_and_advice(&level).1.contains("ms at p99 — the reactor 0.50"));
    let said = sentences(&apart).concat();
    assert!(said.contains("300 listings a second under the reactor and 400"), "{said}");
    assert!(said.contains("the waits are not compared") && !said.contains("Half of them"), "{said}");
    let advice = top_and_advice(&apart).1;
    let words = "no verdict: nothing shows that the work beside was the same";
    assert!(advice.contains(words), "{advice}");
    assert!(
        sentences(&with(430)).concat().contains(&format!("Half of them: {words}.")),
        "it is near, and not level"
    );
}

/// A load without some of its clients is another load.
#[test]
fn clients_beside_that_are_missing_are_told() {
    let results = run(3, &["idle", scenarios::BESIDE_WORK], &["reactor"], &|scenario, _| {
        let mut sample = sample(scenario, Shown::SOME);
        sample.outcome.beside_connected -= 1;
        vec![(sample, QUIET); 3]
    });
    for (place, words) in ["9,999 of 10,000 clients beside", "3 of 4 clients beside"].iter().enumerate() {
        let scenario = &results.scenarios[place];
        assert_eq!(results.service(scenario, "reactor"), Service::Short);
        let words = words.replace(',', "");
        assert!(results.shortcoming(&scenario.name, "reactor").unwrap().starts_with(&words), "{words}");
    }
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
    // The shell in the middle ends first, so that no process here is told of the work.
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

/// The servers of a run beside other work: what each really shows is in [`really`].
const REAL: [&str; 4] = ["reactor", "tokio", THREADS, POOL];

/// What a server shows on a quiet machine: level with the reactor, or apart from it, or in between.
fn really(scenario: &Scenario, server: &str) -> Shown {
    let reactor = Shown { cpu: 100.0, memory: 1_000.0, ..Shown::SOME };
    let shown = match server {
        "reactor" => reactor,
        "tokio" => reactor.times(0.97),
        THREADS => reactor.times(if scenario.name == "work" { 1.7 } else { 0.7 }),
        _ => reactor.times(0.92),
    };
    let starves = server == POOL && scenario.beside.is_some();
    // A server that is the limit is busy throughout.
    let cpu = if scenario.name == BASE { 60.0 } else { 1e6 / shown.rate as f64 };
    Shown {
        cpu: cpu * shown.cpu / 100.0,
        starved: if starves { scenario.connections / 2 } else { 0 },
        ..shown
    }
}

/// A round of which other work took a share of the core, of the closed loop and of the open one. It has less time for
/// requests, they cost more, some of them wait for long, and with very much of it clients get no answer, or the round
/// fails. What is known of the other work is short of it by a step of the kernel's counters.
fn disturbed(scenario: &Scenario, server: &str, [closed, open]: [f64; 2], dice: &mut Dice) -> Cell {
    let chance = |dice: &mut Dice, most: f64| dice.below(1_001) as f64 / 1_000.0 * most;
    let jitter = |dice: &mut Dice| 0.985 + chance(dice, 0.03);
    let real = really(scenario, server);
    let mut sample = sample(
        scenario,
        Shown {
            rate: (real.rate as f64 * jitter(dice) * (1.0 - closed)) as u64,
            cpu: real.cpu * jitter(dice) * (1.0 + closed / 3.0),
            latency: real.latency * jitter(dice),
            memory: real.memory * jitter(dice),
            starved: if closed > 0.3 && dice.one_in(2) { real.starved.max(1) } else { real.starved },
            ..real
        },
    );
    let late = (open * 10_000.0) as u64;
    // The kernel gives out a core in steps of a few milliseconds.
    let slow = real.latency + 3.0 * jitter(dice);
    let usual = sample.outcome.open.latencies[0].0;
    sample.outcome.open.latencies = vec![(usual, 10_000 - late), ((slow * 1e6) as u64, late)];
    let fails = closed > 0.4 && dice.one_in(3);
    let came_of_it = match fails {
        true => CameOfIt::Failure("the server ended under the load".to_owned()),
        false => CameOfIt::Sample(Box::new(sample)),
    };
    let core = (closed.max(open) - 0.01 / 0.7).max(0.0);
    let beside = Some(Beside { other: core * 0.4, steal: 0.0, core, waited: chance(dice, core) });
    Cell { scenario: scenario.name.clone(), server: server.to_owned(), round: 0, came_of_it, beside }
}

/// A run as the lab makes it: more rounds where some were disturbed. `much` is the largest share of a loop that other
/// work takes.
fn run_beside(much: u64, dice: &mut Dice) -> Results {
    let mut results = run(3, &LOADS, &REAL, &|_, _| vec![]);
    for (scenario, server) in results.scenarios.iter().flat_map(|it| REAL.map(|server| (it, server))) {
        let mut made: Vec<Cell> = Vec::new();
        while needs_one_more(made.len(), made.iter().filter(|it| !it.is_disturbed()).count(), 3) {
            // A compile has busy and idle times, which are longer than a loop, or shorter.
            let mut share = || if dice.one_in(3) { 0.0 } else { dice.size(much * 10) as f64 / 1_000.0 };
            let shares = [share(), share()];
            made.push(Cell { round: made.len(), ..disturbed(scenario, server, shares, dice) });
        }
        results.cells.extend(made);
    }
    results
}

/// All that the report may say of a run, by what it is said of: no doubts.
fn said(results: &Results) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    for (scenario, server) in results.scenarios.iter().flat_map(|it| REAL.map(|server| (it, server))) {
        let about = format!("{}, {server}", scenario.name);
        let service = results.service(scenario, server);
        said.insert(format!("{about}: service"), format!("{service:?}"));
        said.insert(format!("{about}: limit"), format!("{:?}", results.bound(scenario, server)));
        for (figure, other) in [
            Figure::Throughput,
            Figure::Cpu,
            Figure::Latency(50.0),
            Figure::Latency(99.0),
            Figure::MemoryPerConnection,
        ]
        .into_iter()
        .flat_map(|figure| REAL.map(|other| (figure, other)))
        {
            let difference = compare(results, scenario, figure, server, other).map(|it| it.difference);
            let words = difference.map_or("Unknown".to_owned(), |it| format!("{it:?}"));
            said.insert(format!("{about} against {other}: {figure:?}"), words);
        }
    }
    for finding in report::verdicts::findings(results) {
        let (about, _) = finding.sentence.split_once(" — ").unwrap_or((&finding.sentence, ""));
        said.insert(about.to_owned(), format!("{:?}", finding.winner));
    }
    said.retain(|_, words| !words.starts_with("Unknown"));
    said
}

/// What the lab is for: whatever it says beside other work, a quiet run does not contradict. Some of the other work is too
/// little to be seen.
#[test]
fn nothing_said_beside_other_work_is_contradicted_by_a_quiet_run() {
    for seed in 0..4 {
        let mut dice = Dice::of(seed);
        let quiet = run_beside(0, &mut dice);
        let known = said(&quiet);
        let figures = known.len();
        assert!(figures > 200, "seed {seed}: the quiet run says {figures} things");
        for much in [8, 30, 60] {
            let busy = run_beside(much, &mut dice);
            let all = said(&busy);
            assert!(all.len() > 20, "seed {seed}: beside {much} % it says {} things", all.len());
            for (about, words) in all {
                let quiet = known.get(&about).unwrap_or(&words);
                assert_eq!(&words, quiet, "seed {seed}, beside {much} %, against the quiet run: {about}");
            }
            // The same servers, so no figure has changed.
            for (scenario, server) in busy.scenarios.iter().flat_map(|it| REAL.map(|server| (it, server))) {
                let changed = table::beside(&busy, &quiet, &scenario.name, server);
                assert!(!changed.contains(['+', '-']), "seed {seed}: {} {server}: {changed}", scenario.name);
            }
        }
    }
}

fn failure(scenario: &str, server: &str, beside: Option<Beside>) -> Cell {
    let came_of_it = CameOfIt::Failure("the server ended under the load".to_owned());
    Cell { scenario: scenario.to_owned(), server: server.to_owned(), round: 0, came_of_it, beside }
}

/// Other work may be why a round failed, so it is made again, and quiet rounds take its place.
#[test]
fn a_round_that_failed_is_judged_by_what_was_beside_it() {
    let with = |rounds: usize, failures: usize, beside| {
        let mut results = base(3, &vec![(80.0, QUIET); rounds], &[]);
        results.cells.extend((0..failures).map(|_| failure(BASE, "reactor", beside)));
        results
    };
    let service = |results: &Results| results.service(&results.scenarios[0], "reactor");
    assert!(failure(BASE, "reactor", BUSY).is_disturbed());
    assert!(
        !failure(BASE, "reactor", QUIET).is_disturbed() && !failure(BASE, "reactor", None).is_disturbed()
    );
    assert_eq!(service(&with(3, 1, BUSY)), Service::All);
    assert_eq!(service(&with(2, 1, BUSY)), Service::Unknown(Doubt::Busy));
    let mixed = with(2, 1, QUIET);
    assert_eq!(service(&mixed), Service::Unknown(Doubt::Mixed));
    let words = "1 of 3 rounds fell short, such as: failed: the server ended under the load";
    assert!(table::table(&mixed, None).contains(words), "{}", table::table(&mixed, None));
    let failed = with(0, 3, QUIET);
    assert_eq!(service(&failed), Service::Failed);
    assert!(table::table(&failed, None).contains("  failed: the server ended under the load\n"));
    assert_eq!(report::noise(&failed), None, "the machine told that it was quiet");
    assert!(report::noise(&with(0, 9, BUSY)).unwrap().starts_with("The machine was busy: 9 of 9"));
}

/// A run of small requests beside work, in which this many clients of this server starve.
fn beside_work(server: &str, starved: usize) -> Results {
    run(3, &["beside-work"], &["reactor", THREADS, POOL, "nginx"], &|scenario, name| {
        let starved = if name == server { starved } else { 0 };
        let latency = if name == "reactor" { 3.0 } else { 1.0 };
        vec![(sample(scenario, Shown { starved, latency, ..Shown::SOME }), QUIET); 3]
    })
}

#[test]
fn the_latency_of_a_server_that_starves_clients_is_not_compared() {
    let said = sentences(&beside_work(THREADS, 2)).concat();
    assert!(said.contains("no verdict: not all clients were served."), "{said}");
    assert!(!said.contains("Half of them take"), "{said}");
    assert!(said.contains("Under thread-per-connection, some clients were never answered."), "{said}");
    let said = sentences(&beside_work(THREADS, 0)).concat();
    assert!(said.contains("here one loop loses") && said.contains("Every variant served"), "{said}");
}

/// Why a server starves clients is known of threads that stay with their connection, and not of every server.
#[test]
fn a_cause_is_named_only_where_it_is_known() {
    let why = "each thread stays with a connection";
    let pool = sentences(&beside_work(POOL, 2)).concat();
    assert!(pool.contains(&format!("Under {POOL}, some clients were never answered: {why}")), "{pool}");
    let nginx = sentences(&beside_work("nginx", 2)).concat();
    assert!(
        nginx.contains("Under nginx, some clients were never answered.") && !nginx.contains(why),
        "{nginx}"
    );
    // That a thread for each is switched to more often, or has more cores at work, is a figure or it is not said.
    let with = |switches: u64, cores: f64| {
        run(3, &["connections-1", BASE, "work"], &["reactor", THREADS], &|scenario, server| {
            let is_one = server == "reactor";
            let rate = if is_one == (scenario.name == "work") { 5_000 } else { 10_000 };
            let cores = if is_one { 1.0 } else { cores };
            let mut sample = sample(scenario, Shown { rate, cpu: cores * 1e6 / rate as f64, ..Shown::SOME });
            sample.closed.voluntary_switches = if is_one { rate } else { rate * switches };
            vec![(sample, QUIET); 3]
        })
    };
    let (switched, cores) =
        ("is switched to 3 times for a request", "They had 1.9 cores at work, and the reactor 1.0.");
    let known = sentences(&with(3, 1.9)).concat();
    assert!(known.matches(switched).count() == 2 && known.contains(cores), "{known}");
    let unknown = sentences(&with(1, 1.0)).concat();
    assert!(unknown.contains("threads are the better choice"), "{unknown}");
    assert!(!unknown.contains("switched to") && !unknown.contains("at work, and"), "{unknown}");
}

/// What the load held down is a lower bound, whichever of the two it was.
#[test]
fn the_load_may_have_been_the_limit_of_either() {
    let against = |ours: Shown, theirs: Shown| {
        let results = run(3, &[BASE], &["reactor", "tokio"], &|scenario, server| {
            vec![(sample(scenario, if server == "reactor" { ours } else { theirs }), QUIET); 3]
        });
        compare(&results, &results.scenarios[0], Figure::Throughput, "reactor", "tokio").unwrap().difference
    };
    let (idle, busy) = (Shown { cpu: 40.0, ..Shown::SOME }, Shown { cpu: 100.0, ..Shown::SOME });
    let half = |shown: Shown| Shown { rate: 5_000, cpu: shown.cpu * 2.0, ..shown };
    let limit = Difference::Unknown(Doubt::Limit);
    for (ours, theirs, difference) in [
        (busy, half(busy), Difference::More),
        (idle, half(busy), Difference::More),
        (busy, half(idle), limit),
        (half(idle), busy, limit),
        (half(busy), idle, Difference::Less),
        (busy, idle, limit),
        (idle, busy, limit),
        (busy, busy, Difference::Level),
    ] {
        assert_eq!(against(ours, theirs), difference);
    }
}

#[test]
fn runs_that_were_made_in_another_way_are_not_compared() {
    let now = base(3, &[(95.0, QUIET); 3], &[]);
    let change = |change: &dyn Fn(&mut Results)| {
        let mut past = now.clone();
        change(&mut past);
        table::beside(&now, &past, BASE, "reactor")
    };
    for (past, why) in [
        (change(&|past| past.window = 0.2), "its loops had another length"),
        (change(&|past| past.warm_up = 0.1), "its loops had another length"),
        (change(&|past| past.rounds = 5), "it had another number of rounds"),
        (change(&|past| past.machine.memory_gib = 2.0), "it was another machine"),
    ] {
        assert_eq!(past, format!("  since then: no verdict: {why}"));
    }
    let starving = run(3, &[BASE], &["reactor"], &|scenario, _| {
        vec![(sample(scenario, Shown { starved: 9, cpu: 95.0, ..Shown::SOME }), QUIET); 3]
    });
    let said = table::beside(&now, &starving, BASE, "reactor");
    assert_eq!(said.matches("no verdict: not all clients were served").count(), 3, "{said}");
}

/// A figure from which nothing follows is marked wherever it stands.
#[test]
fn what_has_no_verdict_is_marked() {
    let of = |cpus: [f64; 3], beside| base(3, &cpus.map(|cpu| (cpu, beside)), &[(46.8, QUIET); 3]);
    let (quiet, wide, busy) = (of([80.0; 3], QUIET), of([80.0, 60.0, 90.0], QUIET), of([80.0; 3], BUSY));
    let row = |results: &Results| {
        let table = table::table(results, None);
        let row = table.lines().find(|line| line.starts_with("reactor")).unwrap().to_owned();
        (row, table.contains("\n~ no verdict follows"))
    };
    let (marked, legend) = row(&quiet);
    assert!(!marked.contains('~') && !legend, "{marked}");
    let (marked, legend) = row(&wide);
    assert!(marked.contains(" ~80 ") && marked.matches('~').count() == 1 && legend, "{marked}");
    assert_eq!(row(&busy).0.matches('~').count(), 7, "{}", row(&busy).0);
    assert!(report::page(&busy, None).contains("<td>~32<small>32–32</small>"));
    assert!(!report::page(&quiet, None).contains("<td>~"));
    let legend =
        |results: &Results| report::page(results, None).contains("</figure>\n<p class=soft>~ no verdict");
    assert!(legend(&busy) && !legend(&quiet));
    // The points of charts, too: each cross has two bars. Two charts over connections, for wide screens and for narrow
    // ones, have two servers at three places each.
    let bars = |beside, section: &str| {
        let page = report::page(&factor(1.0, beside), None);
        let section = page.split(section).nth(1).unwrap().split("</section>").next().unwrap().to_owned();
        section.matches("stroke=\"#222223\" stroke-width=\"1\"").count()
    };
    for (section, crosses) in [("How it grows", 2 * 2 * 2 * 3), ("How long requests take", 2 * 2 * 6)] {
        assert_eq!(bars(BUSY, section), bars(QUIET, section) + 2 * crosses, "{section}");
    }
}

/// The chart shows a percentile only if enough latencies lie beyond it.
#[test]
fn a_chart_of_latencies_ends_where_they_are_too_few() {
    let circles = |count: u64| {
        let results = run(3, &["beside-work"], &["reactor"], &|scenario, _| {
            let mut sample = sample(scenario, Shown::SOME);
            sample.outcome.open.latencies = vec![(1_000_000, count)];
            vec![(sample, QUIET); 3]
        });
        let page = report::page(&results, None);
        page.split("<div class=wide>")
            .nth(1)
            .unwrap()
            .split("</div>")
            .next()
            .unwrap()
            .matches("<circle")
            .count()
    };
    // Each point has two circles, and so has the name of the line.
    assert_eq!(circles(10_000), 2 * (6 + 1));
    assert_eq!(circles(140), 2 * (4 + 1), "420 in all: up to p90, and the largest");
    assert_eq!(circles(30), 2 * (3 + 1));
}

/// A percentile is not one of the server where as many requests may have waited for other work.
#[test]
fn rare_waits_are_compared_only_beside_hardly_any_other_work() {
    let against = |beside: Beside, percentile| {
        let results = run(3, &[BASE], &["reactor", THREADS], &|scenario, server| {
            let latency = if server == "reactor" { 1.0 } else { 2.0 };
            vec![(sample(scenario, Shown { latency, ..Shown::SOME }), Some(beside)); 3]
        });
        let figure = Figure::Latency(percentile);
        compare(&results, &results.scenarios[0], figure, "reactor", THREADS).unwrap().difference
    };
    let touched = Difference::Unknown(Doubt::Touched);
    for (beside, rare) in [
        (Beside { core: 0.004, waited: 0.004, ..Beside::default() }, Difference::Less),
        (Beside { core: 0.006, ..Beside::default() }, touched),
        (Beside { waited: 0.006, ..Beside::default() }, touched),
    ] {
        assert_eq!(against(beside, 99.0), rare, "{beside:?}");
        assert_eq!(against(beside, 50.0), Difference::Less, "{beside:?}");
    }
}
