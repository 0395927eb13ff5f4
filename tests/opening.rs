//! `--open`: which program opens the browser, at which link, and that neither ends or holds up the other.

mod support;

use rustix::process::{Pid, Signal, geteuid};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::folder;
use support::patience::until;
use support::program::{PATH, Program, onepoll, prepared};
use support::service::get;
use tempfile::TempDir;

/// Words of a command line.
type Arguments<'a> = [&'a str];
/// Names and values.
type Environment<'a> = [(&'a str, &'a str)];

/// A program that stands for a browser: it writes down what it was given and how it was started, and stays until it may end.
const FAKE: &str = r#"#!/bin/sh
streams=$(for descriptor in 0 1 2; do readlink /proc/$$/fd/$descriptor; done)
others=$(ls -l /proc/$$/fd | grep -c socket:)
{
    echo "${0##*/} $*"
    echo $$
    cut -d' ' -f6 /proc/$$/stat
    echo "$streams"
    echo "$others"
    sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status
    ulimit -S -n
} >"$FAKE_NOTES.part"
mv "$FAKE_NOTES.part" "$FAKE_NOTES"
read -r _ <"$FAKE_END"
"#;

/// A machine with a site and with programs that stand for browsers.
struct Machine {
    folder: TempDir,
}

/// What a program that stands for a browser wrote down.
struct Opened {
    command: String,
    pid: Pid,
    lines: Vec<String>,
}

impl Machine {
    fn with(programs: &[&str]) -> Machine {
        let folder =
            folder(&[("site/index.html", b"here"), ("site/docs/index.html", b"docs"), ("bin/none", b"")]);
        for program in programs {
            let path = folder.path().join("bin").join(program);
            fs::write(&path, FAKE).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let status = Command::new("mkfifo").arg(folder.path().join("end")).status().unwrap();
        assert!(status.success());
        Machine { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program. It finds the fakes, and no browser of this machine.
    fn onepoll(&self) -> Command {
        self.prepared(onepoll())
    }

    /// The same for a command that leads to it.
    fn prepared(&self, mut command: Command) -> Command {
        command.current_dir(self.path("site")).env("PATH", self.tools());
        command.env("FAKE_NOTES", self.path("notes")).env("FAKE_END", self.path("end"));
        command
    }

    /// The folder of the fakes, with the tools that they need.
    fn tools(&self) -> PathBuf {
        let bin = self.path("bin");
        for tool in ["sh", "cut", "readlink", "ls", "grep", "sed", "mv"] {
            let place = ["/bin", "/usr/bin"].map(|folder| Path::new(folder).join(tool));
            let place = place.iter().find(|place| place.exists()).expect(tool);
            let _ = std::os::unix::fs::symlink(place, bin.join(tool));
        }
        bin
    }

    /// Waits until a browser was opened.
    fn opened(&self) -> Opened {
        let notes = until("a browser that is opened", || fs::read_to_string(self.path("notes")));
        let mut lines = notes.lines().map(str::to_owned);
        let command = lines.next().unwrap();
        let pid = Pid::from_raw(lines.next().unwrap().parse().unwrap()).unwrap();
        fs::remove_file(self.path("notes")).unwrap();
        Opened { command, pid, lines: lines.collect() }
    }

    /// Lets the browser end.
    fn close(&self, opened: &Opened) {
        drop(OpenOptions::new().write(true).open(self.path("end")).unwrap());
        // What it leaves is for init, which takes its time.
        until("the end of the browser", || match state(opened.pid) {
            None | Some('Z') => Ok(()),
            Some(state) => Err(state),
        });
    }
}

/// The state of a process; `None` if it is gone.
fn state(pid: Pid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// What the program says on stderr beside its log, until it is stopped.
fn notes(program: Program) -> Vec<String> {
    program.signal(Signal::TERM);
    let (status, log) = program.end();
    assert_eq!(status.code(), Some(0), "{log}");
    let notes: Vec<_> = log.lines().filter(|line| line.starts_with("onepoll: ")).map(str::to_owned).collect();
    let warning = "onepoll: WARNING: --open starts the browser as root";
    let (warnings, others): (Vec<_>, Vec<_>) = notes.into_iter().partition(|note| note.contains("WARNING"));
    assert_eq!(warnings, vec![warning; usize::from(geteuid().is_root())], "{log}");
    others
}

const SCREEN: (&str, &str) = ("DISPLAY", ":7");

#[test]
fn the_browser_is_opened_at_the_first_link() {
    let machine = Machine::with(&["xdg-open", "mine"]);
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, &str, &str)] = &[
        (&["-o"],                            &[SCREEN],                                "xdg-open", ""),
        (&["-o", "docs"],                    &[SCREEN],                                "xdg-open", ""),
        (&["--open", "--port", "0"],         &[("WAYLAND_DISPLAY", "wayland-0")],      "xdg-open", ""),
        (&["-o=docs/"],                      &[SCREEN],                                "xdg-open", "/docs/"),
        (&["--open=/docs/"],                 &[SCREEN],                                "xdg-open", "/docs/"),
        (&["--open=a b.html?q#x"],           &[SCREEN],                                "xdg-open", "/a%20b.html?q#x"),
        (&["-o", "--prefix", "/repo/"],      &[SCREEN],                                "xdg-open", "/repo/"),
        (&["--open=docs/", "--prefix=repo"], &[SCREEN],                                "xdg-open", "/repo/docs/"),
        (&["--open=/repo/docs/", "--prefix=repo"], &[SCREEN],                          "xdg-open", "/repo/docs/"),
        (&["--open=/repo", "--prefix=repo"], &[SCREEN],                                "xdg-open", "/repo/"),
        (&["-b", "127.0.0.3", "-o"],         &[SCREEN],                                "xdg-open", ""),
        (&["-ob", "0.0.0.0"],                &[SCREEN],                                "xdg-open", ""),
        (&[],                                &[SCREEN, ("ONEPOLL_OPEN", "yes")],       "xdg-open", ""),
        (&[],                                &[SCREEN, ("ONEPOLL_OPEN", "docs/")],     "xdg-open", "/docs/"),
        (&["-o"],                            &[("BROWSER", "mine")],                   "mine",     ""),
        (&["-o"],                            &[SCREEN, ("BROWSER", "mine %s")],        "mine",     ""),
        (&["-o"],                            &[SCREEN, ("BROWSER", "missing:mine")],   "mine",     ""),
        (&["-o"],                            &[SCREEN, ("BROWSER", "missing")],        "xdg-open", ""),
        (&["-o"],                            &[("BROWSER", "mine --new %s")],          "xdg-open", ""),
    ];
    for (arguments, environment, name, path) in table {
        let mut command = machine.onepoll();
        let (program, address) = Program::start(command.args(*arguments).envs(environment.iter().copied()));
        let opened = machine.opened();
        assert_eq!(opened.command, format!("{name} http://{address}{path}"), "{arguments:?} {environment:?}");
        machine.close(&opened);
        assert_eq!(notes(program), [""; 0], "{arguments:?} {environment:?}");
    }
}

#[test]
fn the_browser_and_the_server_live_each_for_itself() {
    let machine = Machine::with(&["xdg-open"]);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"ulimit -S -n 200; exec "$0" "$@""#, PATH, "--open"]);
    let mut command = machine.prepared(prepared(command));
    let (program, address) = Program::start(command.envs([SCREEN]));
    let opened = machine.opened();
    // It has not ended yet: the server did not wait for that.
    assert_eq!(get(address, "/").text(), "here");
    let session = opened.pid.as_raw_nonzero().to_string();
    let null = "/dev/null";
    assert_eq!(
        opened.lines[..4],
        [&session, null, null, null],
        "a session of its own, and no stream of ours"
    );
    assert_eq!(opened.lines[4], "0", "no socket of ours");
    assert_eq!(opened.lines[5..], ["0", "200"], "no right was given up, no limit raised");
    assert_eq!(children(&program), [0; 0], "it is no child, which could become a zombie");
    let threads = fs::read_dir(format!("/proc/{}/task", program.number())).unwrap().count();
    assert_eq!(threads, 1, "no thread waits for it");
    assert_eq!(notes(program), [""; 0]);
    assert!(!matches!(state(opened.pid), None | Some('Z')), "it goes on without the server");
    machine.close(&opened);
}

/// The processes that have `program` as their parent, ended ones that nothing waited for among them.
fn children(program: &Program) -> Vec<u32> {
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1).map(str::to_owned)
    };
    let names = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name());
    let pids = names.filter_map(|name| name.to_str()?.parse().ok());
    pids.filter(|pid| parent(*pid) == Some(program.number())).collect()
}

#[test]
fn where_no_browser_can_be_opened_one_line_has_the_link_and_the_server_goes_on() {
    let machine = Machine::with(&[]);
    let no_screen = "there is no screen";
    let no_program = "none was found";
    for (environment, why) in [
        (&[][..], no_screen),
        (&[("DISPLAY", "")], no_screen),
        (&[SCREEN], no_program),
        (&[("BROWSER", "none:missing")], no_program),
    ] {
        let mut command = machine.onepoll();
        command.args(["--open=docs/"]).envs(environment.iter().copied());
        let (program, address) = Program::start(&mut command);
        assert_eq!(get(address, "/docs/").text(), "docs");
        let expected = format!("onepoll: no browser was opened, as {why}: http://{address}/docs/");
        assert_eq!(notes(program), [expected], "{environment:?}");
    }
}

#[test]
fn without_the_flag_no_browser_is_opened() {
    let machine = Machine::with(&["xdg-open"]);
    for (arguments, environment) in [(&[][..], None), (&["--open=no"], Some("yes")), (&[], Some("0"))] {
        let mut command = machine.onepoll();
        command.args(arguments).envs([SCREEN]).envs(environment.map(|value| ("ONEPOLL_OPEN", value)));
        let (program, address) = Program::start(&mut command);
        assert_eq!(get(address, "/").text(), "here");
        program.signal(Signal::TERM);
        let (_, log) = program.end();
        assert!(!log.contains("onepoll: "), "{log}");
        assert!(!machine.path("notes").exists() && !machine.path("notes.part").exists(), "{arguments:?}");
    }
}
