//! The flags of the lab. What they change is decided elsewhere.

use crate::running::Foreign;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// One reactor against threaded variants of itself, on this machine
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench variants --", max_term_width = 80)]
pub struct Cli {
    #[command(subcommand)]
    pub part: Option<Part>,
    /// Run fewer and shorter scenarios: about four minutes on a quiet machine
    #[arg(long)]
    pub quick: bool,
    /// Number of rounds that count; three times as many are made if the machine does other work [default: 3]
    #[arg(long, value_name = "N", value_parser = rounds)]
    pub rounds: Option<usize>,
    /// Seconds of each loop [default: 0.7, quick 0.2]
    #[arg(long, value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Run only the scenarios with these names
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub scenarios: Vec<String>,
    /// Run only the servers with these names; a --command must be named, too
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub variants: Vec<String>,
    /// Measure another server, too; {port} and {root} stand for its port and its folder
    #[arg(long, value_name = "NAME=COMMAND", value_parser = command)]
    pub command: Vec<Foreign>,
    /// Measure nginx and python's server, too, if installed [default: in a full run]
    #[arg(long)]
    pub others: bool,
    /// Lay wrk beside the load generator, at 64 connections [default: in a full run, if installed]
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub wrk: Option<bool>,
    /// Show the results.json of another run beside this one
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Write the report of a results.json again, without measuring
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Folder for results.json and report.html [default: target/variants]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// List the scenarios and the variants, and exit
    #[arg(long)]
    pub list: bool,
    /// Passed by cargo bench to every benchmark
    #[arg(long, hide = true)]
    pub bench: bool,
}

/// Parts of the lab that run in processes of their own: the lab starts itself again with these words.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// One of the variants
    #[command(hide = true)]
    Serve { model: String, root: PathBuf, load: String },
    /// The load generator
    #[command(hide = true)]
    Load,
}

fn command(text: &str) -> Result<Foreign, String> {
    let (name, command) = text.split_once('=').ok_or("a name, =, and a command")?;
    Ok(Foreign { name: name.to_owned(), command: command.to_owned() })
}

fn rounds(text: &str) -> Result<usize, String> {
    let rounds = text.parse().map_err(|_| "no number of rounds")?;
    (1..=100).contains(&rounds).then_some(rounds).ok_or("from 1 to 100 rounds".into())
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().map_err(|_| "no number of seconds")?;
    (0.01..=60.0).contains(&seconds).then_some(seconds).ok_or("from 0.01 to 60 seconds".into())
}
