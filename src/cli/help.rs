//! What `-h` and `--help` print. `-h` is one screen with the flags that people use most, and `--help` explains all of them.

use clap::builder::StyledStr;
use clap::{Arg, Command};
use std::io;

/// The flags that `-h` shows, by the names of their fields in `Cli`, and `help`, which is `-h` itself.
const USED_MOST: [&str; 11] =
    ["dir", "port", "bind", "open", "qr", "listing", "watch", "spa", "cors", "log", "help"];

/// The columns that a line of `-h` has for what a flag does, beside the longest flag.
const SHORT_MAX: usize = 55;

/// The columns that a line of `-h` has for what DIR|FILE is.
const SHORT_MAX_OF_DIR: usize = 66;

/// The lines below the flags of `-h`.
const SHORT_END: &str = "\
To share a folder with a phone: onepoll --bind 0.0.0.0 --listing on --qr DIR
--help shows all flags, and what each of them does.";

/// What is to say of all flags: a title, and lines that are short enough for `--help`.
pub const SECTIONS: [(&str, &str); 3] = [
    ("Values", "A SIZE is written as 65536, 64KiB or 10MB, and SECONDS as 10 or 0.5."),
    (
        "Exit status",
        "\
0 after Ctrl-C or SIGTERM, 1 where it cannot serve, and 2 where a flag or a
variable makes no sense. With 1 and 2 a line on stderr says why.",
    ),
    (
        "Environment",
        "\
Each flag but those of the group Help may be a variable instead: ONEPOLL_PORT
is --port, and ONEPOLL_DIR is DIR or FILE. The command line wins over it.
RUST_LOG=debug is -v, and wins over -q and -v.",
    ),
];

/// What people do with the program, and the command for it.
pub const EXAMPLES: [(&str, &str); 7] = [
    ("Serve this folder, to this machine only:", "onepoll ."),
    ("Serve one file, and nothing beside it:", "onepoll page.html"),
    (
        "Share a folder with a phone in the same network, which reads the QR code:",
        "onepoll --bind 0.0.0.0 --listing on --qr DIR",
    ),
    ("Serve an app of a single page, whose router makes its pages:", "onepoll --spa dist"),
    ("Serve a site as it will be below /repo/ where it is published:", "onepoll --prefix /repo/ site"),
    ("Write pages that reload by themselves, in a browser that is opened:", "onepoll --watch --open site"),
    ("Serve for a script, which finds the free port in the first line:", "onepoll --port 0 --log off DIR"),
];

/// Prints the help of `command` in place of `rendered`, which is what clap made of it. Only by this it can be told whether the
/// user asked for it by `-h` or by `--help`.
pub fn print(command: &Command, rendered: &StyledStr) -> io::Result<()> {
    let is_short = command.clone().render_help().to_string() == rendered.to_string();
    let mut command = explained(command.clone());
    match is_short {
        true => command.mut_args(without_group).print_help(),
        false => command.print_long_help(),
    }
}

/// In `-h` there is no room for groups.
fn without_group(arg: Arg) -> Arg {
    arg.help_heading(None::<&str>)
}

/// The command with all that is said of it: `command` itself has the comments of the flags.
pub fn explained(command: Command) -> Command {
    let section = |(title, text): (&str, &str)| format!("{title}:\n  {}\n\n", text.replace('\n', "\n  "));
    let example = |(what, line): (&str, &str)| format!("  {what}\n      {line}\n");
    let end = format!("{}Examples:\n{}", SECTIONS.map(section).concat(), EXAMPLES.map(example).concat());
    let text = |text: Option<&StyledStr>| text.map(ToString::to_string).unwrap_or_default();
    let (line, all) = (text(command.get_about()), text(command.get_long_about()));
    let command = command.long_about(all.replacen(&line, &format!("{line}."), 1));
    let command = command.after_help(SHORT_END).after_long_help(end.trim_end().to_owned());
    command.mut_args(|arg| {
        let is_used_most = USED_MOST.contains(&arg.get_id().as_str());
        let said = Said::of(&arg);
        let room = if arg.is_positional() { SHORT_MAX_OF_DIR } else { SHORT_MAX };
        let arg = arg.help(said.in_short(room)).long_help(said.in_full());
        let has_value = arg.get_action().takes_values();
        arg.hide_short_help(!is_used_most).hide_env(true).hide_default_value(has_value)
    })
}

/// What a flag does, in a line.
pub fn line_of(arg: &Arg) -> String {
    Said::of(arg).line
}

/// How an argument is spelt.
pub fn flags_of(arg: &Arg) -> impl Iterator<Item = String> {
    let long = arg.get_long().map(|long| format!("--{long}"));
    let short = arg.get_short().map(|short| format!("-{short}"));
    long.into_iter().chain(short)
}

/// What the comment of a flag says.
struct Said {
    /// What the flag does.
    line: String,
    /// What else there is to say.
    more: String,
    default: Option<String>,
}

impl Said {
    fn of(arg: &Arg) -> Said {
        let text = |text: Option<&StyledStr>| text.map(StyledStr::to_string).unwrap_or_default();
        let (line, all) = (text(arg.get_help()), text(arg.get_long_help()));
        let more = all.strip_prefix(&line).unwrap_or_default().trim().to_owned();
        let (line, default) = match line.split_once(" [default: ") {
            Some((line, default)) => (line.to_owned(), Some(default.trim_end_matches(']').to_owned())),
            None => (line, default_of(arg)),
        };
        Said { line, more, default: default.map(|default| format!("[default: {default}]")) }
    }

    /// In a line of `-h` with so much room, and with the default if that fits in it.
    fn in_short(&self, room: usize) -> String {
        let with_default = self.default.as_ref().map(|default| format!("{} {default}", self.line));
        with_default.filter(|line| line.len() <= room).unwrap_or_else(|| self.line.clone())
    }

    /// In whole sentences, and the default at their end.
    fn in_full(&self) -> String {
        let line = format!("{}.", self.line);
        let parts = [&line, &self.more].into_iter().chain(&self.default);
        parts.filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

fn default_of(arg: &Arg) -> Option<String> {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    (arg.get_action().takes_values() && !values.is_empty()).then(|| values.join(","))
}
