//! `--open`: which program opens the browser, at which link, and that neither ends or holds up the other.

mod support;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, geteuid, getsid};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
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

/// A program that stands for a browser: it writes down what it was given, and stays until it may end. It needs nothing but
/// a shell. The lines come in one write.
const FAKE: &str = r#"#!/bin/sh
echo "${0##*/} $*
$$
$(ulimit -S -n)" >"$FAKE_NOTES"
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
    descriptors: String,
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
        mknodat(CWD, folder.path().join("end"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
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
        command.current_dir(self.path("site")).env("PATH", self.path("bin"));
        command.env("FAKE_NOTES", self.path("notes")).env("FAKE_END", self.path("end"));
        command
    }

    /// Waits until a browser was opened.
    fn opened(&self) -> Opened {
        let notes = until("a browser that is opened", || match fs::read_to_string(self.path("notes")) {
            Ok(notes) if notes.ends_with('\n') => Ok(notes),
            other => Err(format!("{other:?}")),
        });
        let [command, pid, descriptors] = notes.lines().collect::<Vec<_>>().try_into().unwrap();
        let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
        fs::remove_file(self.path("notes")).unwrap();
        Opened { command: command.to_owned(), pid, descriptors: descriptors.to_owned() }
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

/// What the descriptors of a process lead to.
fn descriptors(pid: Pid) -> BTreeMap<u32, String> {
    let folder = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).unwrap().flatten();
    let all = folder.filter_map(|entry| {
        let target = fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned();
        Some((entry.file_name().to_str()?.parse().ok()?, target))
    });
    all.collect()
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
    assert_eq!(getsid(Some(opened.pid)), Ok(opened.pid), "a session of its own");
    // Its stdout leads to the notes until it has written them.
    let all = until("no stream of ours", || {
        let all = descriptors(opened.pid);
        let streams = [0, 1, 2].map(|number| all.get(&number).map(String::as_str));
        if streams == [Some("/dev/null"); 3] { Ok(all) } else { Err(format!("{all:?}")) }
    });
    assert!(!all.values().any(|target| target.starts_with("socket:")), "no socket of ours: {all:?}");
    let status = fs::read_to_string(format!("/proc/{}/status", opened.pid.as_raw_nonzero())).unwrap();
    assert!(status.lines().any(|line| line == "NoNewPrivs:\t0"), "no right was given up: {status}");
    assert_eq!(opened.descriptors, "200", "no limit was raised");
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
        assert!(!machine.path("notes").exists(), "{arguments:?}");
    }
}
