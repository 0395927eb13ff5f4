//! The lab's flags. What the flags are.

use crate::running::Foreign;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// One reactor against threaded variants of itself, on this machine
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench variants --", max_term_width = 80)]
pub struct Cli {
    #[command(subcommand)]
    pub part: Option<Part>,
    /// Fewer scenarios, shorter: two minutes at most
    #[arg(long)]
    pub quick: bool,
    /// Rounds; medians are of these [default: 3]
    #[arg(long, value_name = "N")]
    pub rounds: Option<usize>,
    /// Of each loop [default: 0.7, quick 0.2]
    #[arg(long)]
    pub seconds: Option<f64>,
    /// Only these scenarios, by their names
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub scenarios: Vec<String>,
    /// Only these servers, by their names; so a --command is to be named, too
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub variants: Vec<String>,
    /// Another server: {port} and {root} stand for where and what it serves
    #[arg(long, value_name = "NAME=COMMAND", value_parser = command)]
    pub command: Vec<Foreign>,
    /// Also nginx and python's, where installed [default: in a full run]
    #[arg(long)]
    pub others: bool,
    /// The results.json of another run, to be laid beside this one
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Write the report of a results.json again, and measure nothing
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where results.json and report.html go [default: target/variants]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Name the scenarios and the variants, and end
    #[arg(long)]
    pub list: bool,
    /// What cargo bench says to a benchmark
    #[arg(long, hide = true)]
    pub bench: bool,
}

/// The lab runs itself again for those.
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
