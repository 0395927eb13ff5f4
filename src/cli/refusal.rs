//! A command line that makes no sense, in one line: what is wrong with it, and the way out.

use super::help::{self, flags_of};
use super::place::flags_for;
use super::printed;
use super::words::words;
use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, Error};
use std::error::Error as _;
use std::io::{self, Write};
use std::path::Path;

/// Says what is wrong, and ends the process. What is asked for by `--help` or `--version` is no error.
pub fn end(error: &Error, command: &Command) -> ! {
    if error.kind() == ErrorKind::DisplayHelp {
        printed::end_of("the help", help::print(command, &error.render()));
    }
    if error.kind() == ErrorKind::DisplayVersion {
        printed::end_of("the version", error.print());
    }
    say(&sentence(error, command), error.exit_code())
}

/// Ends the process where values that make sense alone make none together.
pub fn end_saying(sentence: &str) -> ! {
    say(sentence, USAGE)
}

/// Ends the process where a flag of a word was given with one dash: clap takes `-bind` for `-b` with `ind`.
pub fn end_where_a_dash_is_missing(command: &Command) {
    let given = std::env::args_os().skip(1).filter_map(|word| word.into_string().ok());
    let words = given.take_while(|word| word != "--").filter(|word| !word.starts_with("--"));
    let mut flags = words.map(|word| format!("-{}", word.split('=').next().unwrap_or_default()));
    if let Some(flag) = flags.find(|flag| flag.len() > "--p".len() && argument(command, flag).is_some()) {
        say(&no_flag(&flag[1..], Some(&flag)), USAGE);
    }
}

/// The exit code of a command line that makes no sense.
const USAGE: i32 = 2;

fn say(sentence: &str, code: i32) -> ! {
    // A user who closed stderr does not want to know.
    let _ = writeln!(io::stderr(), "error: {sentence}; --help lists all flags");
    std::process::exit(code);
}

fn no_flag(unknown: &str, nearest: Option<&str>) -> String {
    let nearest = nearest.map(|flag| format!("; the nearest is {flag}")).unwrap_or_default();
    format!("there is no flag {}{nearest}", in_one_line(unknown))
}

fn sentence(error: &Error, command: &Command) -> String {
    let what = what(error, command);
    match variable(error, command) {
        Some(variable) => format!("{variable}: {what}"),
        None => what,
    }
}

/// clap's own tips are left out: they end in `-- --flag`, which serves a folder of that name.
fn what(error: &Error, command: &Command) -> String {
    let named = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let flag = without_value(&named);
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let value = in_one_line(&value);
    match error.kind() {
        ErrorKind::UnknownArgument if named.starts_with('-') => {
            no_flag(&named, nearest(&named, error, command).as_deref())
        }
        ErrorKind::UnknownArgument => {
            let hint = flags_for(&named).map(|flags| format!("; try {flags}")).unwrap_or_default();
            format!(
                "'{}' is one argument too many, as one folder or one file is served{hint}",
                in_one_line(&named)
            )
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("a value is missing for {named}"),
        ErrorKind::ValueValidation => {
            let is_switch = argument(command, flag).is_some_and(is_switch);
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            let why = if is_switch { "yes or no".to_owned() } else { why };
            format!("invalid value '{value}' for {flag}: {why}")
        }
        ErrorKind::TooManyValues => format!("{flag} takes no value, such as '{value}'"),
        ErrorKind::ArgumentConflict => format!("{flag} is there more than once"),
        _ => {
            let rendered = error.render().to_string();
            let first = rendered.lines().next().unwrap_or_default();
            first.strip_prefix("error: ").unwrap_or(first).to_owned()
        }
    }
}

/// Which flag may be meant by one that does not exist.
fn nearest(unknown: &str, error: &Error, command: &Command) -> Option<String> {
    let lower = unknown.to_ascii_lowercase();
    let in_another_case = command.get_arguments().flat_map(flags_of).find(|flag| *flag == lower);
    in_another_case.or_else(|| text(error, ContextKind::SuggestedArg))
}

/// The variable that a value came from: without the environment the command line makes sense, or is wrong elsewhere.
fn variable(error: &Error, command: &Command) -> Option<String> {
    let named = text(error, ContextKind::InvalidArg)?;
    let variable = argument(command, without_value(&named))?.get_env()?.to_str()?.to_owned();
    let alone = command.clone().mut_args(|arg| arg.env(Resettable::Reset));
    let again =
        alone.try_get_matches_from(words()).err().and_then(|error| text(&error, ContextKind::InvalidArg));
    (again.as_ref() != Some(&named)).then_some(variable)
}

/// The argument that is called `flag`: `--port`, or `[DIR]`.
fn argument<'a>(command: &'a Command, flag: &str) -> Option<&'a Arg> {
    command
        .get_arguments()
        .find(|arg| arg.is_positional() && flag.starts_with('[') || flags_of(arg).any(|spelt| spelt == flag))
}

/// A flag without the value behind it: of `--port <PORT>`, and of `--cors[=<ORIGIN>]`; and without the dots of one that may
/// stand there more than once, such as `--verbose...`.
fn without_value(named: &str) -> &str {
    let flag = named.split(' ').next().unwrap_or_default();
    let flag = flag.trim_end_matches("...");
    flag.split_once("[=").map_or(flag, |(flag, _)| flag)
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

/// A path in one line, whatever it is made of.
pub fn shown(path: &Path) -> String {
    in_one_line(&path.to_string_lossy())
}

/// `text` without control characters.
pub fn in_one_line(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { char.escape_default().to_string() } else { char.into() })
        .collect()
}
