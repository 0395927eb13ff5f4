//! The lab: one reactor against threaded variants of itself, `cargo bench --bench variants`.
//!
//! | file | what it owns |
//! |---|---|
//! | `models/` | the variants, a page each, to be read beside the reactor |
//! | `scenarios.rs`, `site.rs` | the loads, and the files that are served |
//! | `load/` | the clients: closed loop and open loop, slow clients and idle clients |
//! | `lab.rs` | the run: each server and each load in a process of its own |
//! | `server.rs`, `running.rs`, `cores.rs` | a variant as a process; any server as a process; which process uses which core |
//! | `counted.rs`, `meters.rs`, `machine.rs` | system calls, processor time, memory; the machine |
//! | `wrk.rs`, `said.rs` | wrk beside the load generator; what a command prints |
//! | `quiet.rs` | whether the machine did other work meanwhile, and which rounds count |
//! | `statistics.rs`, `results.rs` | percentiles, medians, spreads, verdicts; `results.json` |
//! | `compared.rs` | which figures may be compared |
//! | `report/`, `table.rs` | `report.html`; the table on the terminal |
//! | `cli.rs`, `progress.rs` | flags; time left |

#![forbid(unsafe_code)]

mod cli;
mod compared;
mod cores;
mod counted;
mod lab;
mod load;
mod machine;
mod meters;
mod models;
mod progress;
mod quiet;
mod report;
mod results;
mod running;
mod said;
mod scenarios;
mod server;
mod site;
mod statistics;
mod table;
mod wrk;

use clap::Parser;
use cli::{Cli, Part};
use cores::Cores;
use lab::Lab;
use models::Model;
use onepoll::http::date::Date;
use progress::Progress;
use results::Results;
use running::{Foreign, Server};
use scenarios::{Length, Scenario};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.part {
        Some(Part::Serve { model, root, load }) => serve(model, root, load),
        Some(Part::Load) => {
            load::process::run();
            Ok(())
        }
        // `cargo test` runs benchmarks only to see that they start.
        None if !cli.bench && !cli.list && cli.report.is_none() => {
            println!("run it by: cargo bench --bench variants");
            Ok(())
        }
        None => measure(&cli),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("variants: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(model: &str, root: &Path, load: &str) -> Result<()> {
    let model: Model = model.parse()?;
    Ok(server::run(model, root.to_owned(), &load.parse()?)?)
}

fn measure(cli: &Cli) -> Result<()> {
    let out = cli.out.clone().unwrap_or_else(default_folder);
    let past = cli.compare.as_deref().map(Results::read).transpose()?;
    let results = match &cli.report {
        Some(path) => Results::read(path)?,
        None => {
            let lab = lab(cli)?;
            if let Some(why) = Model::left_out() {
                eprintln!("{why}");
            }
            if cli.list {
                lab.scenarios.iter().for_each(|scenario| println!("{:16} {}", scenario.name, scenario.title));
                lab.servers.iter().for_each(|server| println!("{server}"));
                return Ok(());
            }
            let results = run(&lab, wrk_version(cli, &lab)?)?;
            fs::create_dir_all(&out)?;
            results.write(&out.join("results.json"))?;
            results
        }
    };
    fs::create_dir_all(&out)?;
    let report = out.join("report.html");
    fs::write(&report, report::page(&results, past.as_ref()))?;
    for (name, size) in [("chart.svg", report::WIDE), ("chart-narrow.svg", report::NARROW)] {
        match report::chart(&results, size) {
            Some(chart) => fs::write(out.join(name), chart)?,
            // One of another run would be taken for one of this run.
            None => drop(fs::remove_file(out.join(name))),
        }
    }
    if let Some(noise) = report::noise(&results) {
        println!("\n{noise}");
    }
    println!("{}", table::table(&results, past.as_ref()));
    println!("{}\n{}", out.join("results.json").display(), report.display());
    Ok(())
}

/// The version of wrk, if it is to be laid beside.
fn wrk_version(cli: &Cli, lab: &Lab) -> Result<Option<String>> {
    if !wrk::applies(lab) || !cli.wrk.unwrap_or(!cli.quick) {
        return Ok(None);
    }
    match wrk::version() {
        None if cli.wrk.is_some() => Err("--wrk: wrk is not installed".into()),
        version => Ok(version),
    }
}

fn default_folder() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).join("variants")
}

/// What the flags ask for.
fn lab(cli: &Cli) -> Result<Lab> {
    let cores = Cores::all();
    let mut scenarios = scenarios::all();
    match cli.scenarios.as_slice() {
        [] => scenarios.retain(|scenario| !cli.quick || scenario.length == Length::Quick),
        names => scenarios = named(names, &scenarios)?,
    }
    let variants = Model::all(cores.count()).into_iter().map(Server::Variant);
    let usual = Foreign::installed().into_iter().map(Server::Foreign);
    let known = variants.clone().chain(usual.clone()).map(|server| server.to_string());
    check_names(&cli.command, known.collect())?;
    let own = cli.command.iter().cloned().map(Server::Foreign);
    let servers = match cli.variants.as_slice() {
        [] if cli.quick && !cli.others => variants.chain(own).collect(),
        [] => variants.chain(usual).chain(own).collect(),
        names => {
            let known: Vec<_> = variants.chain(usual).chain(own).collect();
            names.iter().map(|name| server(name, &known)).collect::<Result<_>>()?
        }
    };
    let (rounds, warm_up, window) = if cli.quick { (3, 0.1, 0.2) } else { (3, 0.2, 0.7) };
    let (rounds, window) = (cli.rounds.unwrap_or(rounds), cli.seconds.unwrap_or(window));
    Ok(Lab { scenarios, servers, rounds, warm_up, window, cores })
}

/// Results are kept by the names of the servers, and some names say what kind of server it is.
fn check_names(commands: &[Foreign], mut known: Vec<String>) -> Result<()> {
    for Foreign { name, .. } in commands {
        if known.contains(name) || ["thread-", "multi-"].iter().any(|kind| name.starts_with(kind)) {
            return Err(
                format!("--command: {name:?} is the name of another server; choose another one").into()
            );
        }
        known.push(name.clone());
    }
    Ok(())
}

fn named(names: &[String], scenarios: &[Scenario]) -> Result<Vec<Scenario>> {
    let find = |name: &String| {
        let found = scenarios.iter().find(|scenario| scenario.name == *name);
        found.cloned().ok_or_else(|| format!("no scenario is called {name:?}; --list names them").into())
    };
    names.iter().map(find).collect()
}

/// The server in `known` with this name, or a variant with another number of threads.
fn server(name: &str, known: &[Server]) -> Result<Server> {
    let found = known.iter().find(|server| server.to_string() == name);
    found.cloned().map_or_else(|| Ok(Server::Variant(name.parse()?)), Ok)
}

fn run(lab: &Lab, wrk: Option<String>) -> Result<Results> {
    let (root, work) = (tempfile::tempdir()?, tempfile::tempdir()?);
    site::build(root.path())?;
    let cores = lab.cores.divide();
    let date = Date::new(SystemTime::now()).text().to_owned();
    eprintln!(
        "server on core {}, load on core {}; let the machine do nothing else",
        cores.server, cores.load
    );
    if let Some(busy) = quiet::now() {
        eprintln!("{busy}");
    }
    let by_wrk = if wrk.is_some() { wrk::count(lab) } else { 0 };
    let (progress, begin) = (Progress::of(lab.count() + by_wrk), Instant::now());
    let cells = lab.run(root.path(), work.path(), &progress);
    let wrk = wrk.map(|version| wrk::run(lab, version, root.path(), work.path(), &progress));
    progress.close();
    Ok(Results {
        machine: machine::this(lab.cores.count()),
        command: command(),
        date,
        took: begin.elapsed().as_secs_f64(),
        onepoll: env!("CARGO_PKG_VERSION").to_owned(),
        rounds: lab.rounds,
        window: lab.window,
        warm_up: lab.warm_up,
        cores,
        scenarios: lab.scenarios.clone(),
        servers: lab.servers.iter().map(Server::to_string).collect(),
        cells,
        wrk,
    })
}

/// The command line that repeats this run.
fn command() -> String {
    let flags: Vec<_> = std::env::args().skip(1).filter(|flag| flag != "--bench").collect();
    let flags = flags.iter().map(|flag| if flag.contains(' ') { format!("'{flag}'") } else { flag.clone() });
    let command = "cargo bench --bench variants".to_owned();
    std::iter::once(command)
        .chain((flags.len() > 0).then(|| "--".to_owned()))
        .chain(flags)
        .collect::<Vec<_>>()
        .join(" ")
}
