//! What the program prints instead of serving: scripts that complete its flags in a shell, and its manual page. Nothing here is
//! made before it is asked for.

use super::help::{EXAMPLES, SECTIONS, explained, flags_of, line_of};
use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use std::io::{self, Write};

/// What the program is called.
const NAME: &str = "onepoll";

/// The shells for which there is a script, as a user names them.
const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "elvish", "powershell"];

/// The flags of which all values are known, by the names of their fields. For parsing they have functions, which say in a
/// sentence what is wrong with another value.
const KNOWN: [(&str, &[&str]); 3] =
    [("listing", &["on", "off"]), ("log", &["short", "combined", "json", "off"]), ("completions", &SHELLS)];

/// The end of the script for bash. The script that the crate makes offers flags where a user wants the names of files, and knows
/// nothing of `--listing=on`. FLAGS are the flags that take the next word as their value.
const BASH_END: &str = r#"
# A word that is neither a flag nor the value of one is the folder or the file to
# serve: where there is no reply, bash completes the names of files.
_onepoll_words() {
    local cur="$2" prev="$3"
    if [[ $cur == "=" ]]; then
        cur=""
    elif [[ $prev == "=" ]]; then
        prev="${COMP_WORDS[COMP_CWORD - 2]}"
    fi
    _onepoll "$1" "$cur" "$prev"
    case "$cur,$prev" in
        -*|FLAGS) ;;
        *) COMPREPLY=() ;;
    esac
}

complete -F _onepoll_words -o bashdefault -o default onepoll
"#;

/// A shell.
pub fn shell(text: &str) -> Result<Shell, String> {
    text.parse().map_err(|_| "bash, zsh, fish, elvish or powershell".to_owned())
}

/// The script by which `shell` completes the words of `command`.
pub fn completions(shell: Shell, command: Command) -> Vec<u8> {
    let mut command = command.mut_args(hinted);
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    if shell == Shell::Bash {
        script.extend(BASH_END.replace("FLAGS", &patterns(&command)).into_bytes());
    }
    script
}

/// The flags that take the next word as their value, as patterns of bash for a word and the word before it.
fn patterns(command: &Command) -> String {
    let takes_next = |arg: &&Arg| arg.get_action().takes_values() && !arg.is_require_equals_set();
    let flags = command.get_arguments().filter(takes_next).flat_map(flags_of);
    flags.map(|flag| format!("*,{flag}")).collect::<Vec<_>>().join("|")
}

/// An argument with what a shell may offer as its value. No value but DIR|FILE is the name of a file.
fn hinted(arg: Arg) -> Arg {
    let line = line_of(&arg);
    let arg = arg.help(line);
    let id = arg.get_id().as_str();
    if let Some((_, values)) = KNOWN.iter().find(|(known, _)| *known == id) {
        return arg.value_parser(PossibleValuesParser::new(*values));
    }
    let hint = if id == "dir" { ValueHint::AnyPath } else { ValueHint::Other };
    if arg.get_action().takes_values() { arg.value_hint(hint) } else { arg }
}

/// The manual page, for man(1).
pub fn manual(command: Command) -> io::Result<Vec<u8>> {
    let command = explained(command);
    let version = command.get_version().unwrap_or_default().to_owned();
    let groups: Vec<_> =
        command.get_arguments().filter_map(Arg::get_help_heading).map(str::to_owned).collect();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let man = Man::new(command.about(about.replacen("Serves", "serves", 1)));
    // The crate leaves out a date that is empty, and then the version stands in its place. Words are not hyphenated, since
    // some of them are flags.
    let title = format!(".TH ONEPOLL 1 \"\" \"{NAME} {version}\" \"User Commands\"\n.nh\n.ad l\n");
    let mut page = title.into_bytes();
    man.render_name_section(&mut page)?;
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]);
    synopsis.text([bold(NAME), roman(" ["), italic("OPTIONS"), roman("] ["), italic("DIR|FILE"), roman("]")]);
    synopsis.to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    // A section FILES would be about the files that the program needs.
    let of_options = |text: String, group: &String| {
        text.replace(&format!(".SH {}\n", group.to_uppercase()), &format!(".SS {group}\n"))
    };
    let options = groups.iter().fold(String::from_utf8_lossy(&options).into_owned(), of_options);
    page.extend(options.into_bytes());
    let mut rest = Roff::new();
    for (title, text) in SECTIONS {
        rest.control("SH", [title.to_uppercase().as_str()]);
        rest.text([roman(text.replace('\n', " "))]);
    }
    rest.control("SH", ["EXAMPLES"]);
    for (what, line) in EXAMPLES {
        rest.control("TP", []);
        rest.text([roman(what)]);
        rest.text([bold(line)]);
    }
    rest.to_writer(&mut page)?;
    Ok(page)
}

/// Prints `text`, which is `what`, and ends the process.
pub fn end(what: &str, text: io::Result<Vec<u8>>) -> ! {
    end_of(what, text.and_then(|text| io::stdout().lock().write_all(&text)))
}

/// Ends the process after `what` was printed, or could not be.
pub fn end_of(what: &str, printed: io::Result<()>) -> ! {
    let code = match printed.and_then(|()| io::stdout().lock().flush()) {
        // A user who closed stdout does not want to know more.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "{NAME}: {what} cannot be written: {error}");
            1
        }
        _ => 0,
    };
    std::process::exit(code)
}
