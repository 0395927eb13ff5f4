//! What the program prints instead of serving: completions, tried in the shells that are here, and the manual page.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::folder;
use support::program::{PATH, Program, onepoll, prepared, printed};

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "elvish", "powershell"];

/// The flags of `--help`.
fn flags() -> Vec<String> {
    let help = printed(onepoll().arg("--help"));
    let lines = help.lines().filter(|line| line.starts_with("  -") || line.starts_with("      --"));
    let flag =
        |line: &str| line.split([' ', '[', '.']).find(|word| word.starts_with("--")).map(str::to_owned);
    let flags: Vec<_> = lines.filter_map(flag).collect();
    assert!(flags.len() > 30, "{flags:?}");
    flags
}

/// Whether this machine has `shell`.
fn has(shell: &str) -> bool {
    let found =
        ["/bin", "/usr/bin", "/usr/local/bin"].iter().any(|folder| Path::new(folder).join(shell).exists());
    if !found {
        eprintln!("skipped: there is no {shell} here");
    }
    found
}

/// What `shell` prints that runs `script` in a folder with `page.html`, `site` and the script of its completions.
fn said_by(shell: &str, script: &str) -> String {
    let here = folder(&[("page.html", b""), ("site/index.html", b"")]);
    fs::write(here.path().join("script"), printed(onepoll().args(["--completions", shell]))).unwrap();
    let mut command = Command::new(shell);
    // No file of a user who runs this test plays a part.
    let options: &[&str] = match shell {
        "bash" => &["--norc", "--noprofile"],
        "zsh" => &["-f"],
        _ => &["--no-config"],
    };
    command.args(options).args(["-c", script]);
    let mut command = prepared(command);
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", here.path()).current_dir(here.path());
    printed(&mut command)
}

#[test]
fn each_script_names_every_flag_and_comes_alone() {
    for shell in SHELLS {
        let script = printed(onepoll().args(["--completions", shell]));
        for flag in flags() {
            // fish has the name alone behind `-l`, and elvish and PowerShell quote it.
            let name = flag.trim_start_matches('-');
            assert!(script.contains(&flag) || script.contains(&format!("-l {name} ")), "{shell}: {flag}");
        }
        assert!(!script.contains("[default"), "{shell}: what a flag does is enough");
    }
    let program = Program::spawn(onepoll().args(["--completions", "tcsh"]));
    let (status, error) = program.end();
    assert_eq!(status.code(), Some(2));
    let sentence = "invalid value 'tcsh' for --completions: bash, zsh, fish, elvish or powershell";
    assert!(error.contains(sentence) && error.lines().count() == 1, "{error}");
}

#[test]
fn bash_completes_flags_values_and_files() {
    if !has("bash") {
        return;
    }
    assert!(
        said_by("bash", "source ./script; complete -p onepoll").contains("-F _onepoll_words"),
        "it is registered"
    );
    for (words, expected) in [
        ("onepoll --gr", "--grace"),
        ("onepoll --listing ''", "on off"),
        ("onepoll --listing of", "off"),
        // bash takes `--listing=of` apart into three words.
        ("onepoll --listing = of", "off"),
        ("onepoll --listing =", "on off"),
        ("onepoll --port 0 --wat", "--watch"),
        ("onepoll --completions f", "fish"),
        // No file is meant by these, and nothing else is known of their values.
        ("onepoll --bind 1", "1"),
        ("onepoll --max-body p", "p"),
        // Nothing of its own: bash goes on to the names of files (`-o default`).
        ("onepoll pa", ""),
        ("onepoll ''", ""),
        ("onepoll --watch ''", ""),
        ("onepoll --cors ''", ""),
        ("onepoll --watch si", ""),
    ] {
        // As the shell calls the function when a user presses Tab.
        let script = format!(
            "source ./script; compopt() {{ :; }}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _onepoll_words onepoll \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; \
             echo \"${{COMPREPLY[@]}}\""
        );
        assert_eq!(said_by("bash", &script).trim(), expected, "{words}");
    }
    let all = "source ./script; COMP_WORDS=(onepoll --); COMP_CWORD=1; _onepoll_words onepoll -- onepoll; echo ${COMPREPLY[@]}";
    let offered = said_by("bash", all);
    let missed: Vec<_> =
        flags().into_iter().filter(|flag| !offered.split_whitespace().any(|it| it == flag)).collect();
    assert!(missed.is_empty(), "{missed:?} are not offered");
}

#[test]
fn fish_completes_flags_values_and_files() {
    if !has("fish") {
        return;
    }
    let offered = |words: &str| {
        let text = said_by("fish", &format!("source ./script; complete -C '{words}'"));
        text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(offered("onepoll --gr"), ["--grace"]);
    assert_eq!(offered("onepoll --listing "), ["off", "on"]);
    assert_eq!(offered("onepoll --listing=of"), ["--listing=off"]);
    assert_eq!(offered("onepoll --completions z"), ["zsh"]);
    assert_eq!(offered("onepoll pa"), ["page.html"]);
    assert_eq!(offered("onepoll --watch si"), ["site/"]);
}

/// What zsh offers can only be seen at a prompt; that it takes the script, and knows the command by it, can be asked.
#[test]
fn zsh_takes_its_script() {
    if !has("zsh") {
        return;
    }
    let script = "autoload -U compinit && compinit -D -u && source ./script && echo $_comps[onepoll] && which _onepoll";
    let said = said_by("zsh", script);
    assert!(said.starts_with("_onepoll\n"), "{said}");
    for part in ["--listing=", ":(on off)", "_files"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn the_manual_page_has_all_that_help_says() {
    let page = printed(onepoll().arg("--man"));
    let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    let expected = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "VALUES",
        "\"EXIT STATUS\"",
        "ENVIRONMENT",
        "EXAMPLES",
    ];
    assert_eq!(sections, expected);
    let groups: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SS ")).collect();
    let help = printed(onepoll().arg("--help"));
    let headings =
        help.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.strip_suffix(':'));
    let headings = headings.skip_while(|line| *line != "Where").take_while(|line| *line != "Values");
    assert_eq!(groups, headings.collect::<Vec<_>>());
    let text = page.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "");
    for flag in flags() {
        assert!(text.contains(&flag), "{flag}");
    }
    for example in help.lines().filter_map(|line| line.strip_prefix("      onepoll ")) {
        assert!(text.contains(&format!("onepoll {example}")), "{example}");
    }
    assert!(page.starts_with(".TH ONEPOLL 1 "), "{page}");
    let own = page.lines().filter(|line| line.starts_with(['.', '\'']));
    let known = [".TH", ".SH", ".SS", ".TP", ".PP", ".nh", ".ad", ".ie", ".el"];
    let strange: Vec<_> = own.filter(|line| !known.iter().any(|known| line.starts_with(known))).collect();
    assert!(strange.is_empty(), "these lines are no text: {strange:?}");
}

/// Nothing else of the command line, nor the environment, has a part in it, and no server is started.
#[test]
fn both_end_at_once_whatever_else_is_said() {
    let man = printed(onepoll().arg("--man"));
    for arguments in [&["--man", "--port", "80"][..], &["--man", "nowhere"], &["--watch", "--man"]] {
        assert_eq!(printed(onepoll().args(arguments)), man, "{arguments:?}");
    }
    let folder = folder(&[]);
    let script = printed(onepoll().args(["--completions", "bash"]));
    let mut command = onepoll();
    command.args(["--completions", "bash"]).current_dir(folder.path()).env("ONEPOLL_DIR", "nowhere");
    assert_eq!(printed(command.env("COLUMNS", "40").env("RUST_LOG", "trace")), script);
}

#[test]
fn a_reader_that_leaves_is_no_error_and_a_full_disk_is() {
    for arguments in [&["--man"][..], &["--completions", "zsh"], &["--help"], &["-h"], &["--version"]] {
        let words = arguments.join(" ");
        for end in ["| true", ">&-"] {
            // The exit code is that of the program, and not of the pipe.
            let script = format!("{{ \"$0\" {words}; echo $? >&2; }} {end}");
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", &script, PATH]);
            let program = Program::spawn(&mut prepared(shell));
            assert_eq!(program.end().1, "0\n", "{words} {end}");
        }
    }
    #[rustfmt::skip]
    let table = [
        (&["--man"][..],             "the manual page"),
        (&["--completions", "zsh"],  "the script"),
        (&["--help"],                "the help"),
        (&["-h"],                    "the help"),
        (&["--version"],             "the version"),
        (&["-V"],                    "the version"),
    ];
    for (arguments, what) in table {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = onepoll();
        let program = Program::of(command.args(arguments).stdout(Stdio::from(full)).spawn().unwrap());
        let (status, error) = program.end();
        assert_eq!((status.code(), error.lines().count()), (Some(1), 1), "{arguments:?}: {error}");
        let sentence = format!("onepoll: {what} cannot be written: No space left on device");
        assert!(error.starts_with(&sentence), "{arguments:?}: {error}");
    }
}
