//! Containment: a planted attempt to read or write elsewhere fails.

mod support;

use onepoll::os::containment::{Containment, around, contain};
use rustix::process::{Signal, getppid, test_kill_process};
use rustix::system::uname;
use std::fs::{self, File, read_dir};
use std::io::ErrorKind::PermissionDenied;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use support::folder;
use support::patience::joined;
use support::program::{PATH, Program, onepoll, prepared};
use support::visitor::Visitor;

/// Only the thread of the server is contained, so the test itself goes on freely (landlock(7)).
#[test]
fn what_is_given_up_is_gone_and_nothing_else() {
    let outer =
        folder(&[("secret", b"outside"), ("parent/site/file", b"inside"), ("parent/next/file", b"built")]);
    let parent = outer.path().join("parent");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut open_before = File::open(outer.path().join("secret")).unwrap();
    let path = outer.path().to_owned();
    let contained = std::thread::spawn(move || {
        let folders = around(&parent.join("site"), None).unwrap();
        if contain(&folders).unwrap() == Containment::Missing {
            return eprintln!("skipped: this kernel has no Landlock");
        }
        assert_eq!(fs::read(parent.join("site/file")).unwrap(), b"inside");
        assert_eq!(read_dir(parent.join("site")).unwrap().count(), 1);
        // The root is deleted and made again.
        fs::read(parent.join("next/file")).unwrap();
        // Open files stay open, and a connection that was accepted is answered.
        std::io::copy(&mut open_before, &mut std::io::sink()).unwrap();

        let denied = |error: std::io::Error| assert_eq!(error.kind(), PermissionDenied);
        denied(fs::read(path.join("secret")).unwrap_err());
        denied(fs::read(parent.join("site/../../secret")).unwrap_err());
        denied(fs::read("/etc/passwd").unwrap_err());
        denied(read_dir("/proc/self").map(drop).unwrap_err());
        denied(fs::write(parent.join("site/file"), "").unwrap_err());
        denied(fs::remove_file(parent.join("site/file")).unwrap_err());
        denied(fs::create_dir(parent.join("site/new")).unwrap_err());
        denied(Command::new("/bin/true").status().unwrap_err());
        denied(fs::read("/proc/thread-self/status").unwrap_err());
        // Permissions that newer versions of Landlock know (landlock(7), "Landlock ABI versions").
        if kernel() >= (6, 7) {
            denied(TcpStream::connect(address).unwrap_err());
            denied(TcpListener::bind("127.0.0.1:0").unwrap_err());
        }
        if kernel() >= (6, 12) {
            denied(test_kill_process(getppid().unwrap()).unwrap_err().into());
        }
    });
    joined("the thread that is contained", contained);
}

/// The version of the running kernel.
fn kernel() -> (u32, u32) {
    let uname = uname();
    let mut numbers =
        uname.release().to_str().unwrap().split(['.', '-']).map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// The kernel takes the folders that are watched by paths below `/proc`, of which nothing may be read.
#[test]
fn changes_are_noticed_by_a_process_that_gave_up_the_rest() {
    let outer = folder(&[("parent/site/file", b"one"), ("parent/site/sub/file", b"one")]);
    let site = outer.path().join("parent/site");
    let (program, address) = Program::start(onepoll().arg(&site).arg("--watch").env("RUST_LOG", "trace"));
    if !is_contained(&program) {
        return;
    }
    let mut visitor = Visitor::of(address);
    let mut edit = |content: &str, names: &[&str]| {
        for name in names {
            visitor.get(&format!("/{name}"), "");
            fs::write(site.join(name), content).unwrap();
            program.told(&format!("inotify: /{name} was touched"));
            assert_eq!(visitor.get(&format!("/{name}"), "").text(), content);
        }
    };
    edit("two", &["file", "sub/file"]);
    fs::create_dir(site.join("later")).unwrap();
    edit("three", &["later/file"]);
    fs::remove_dir_all(&site).unwrap();
    fs::create_dir_all(site.join("sub")).unwrap();
    edit("four", &["file", "sub/file"]);
}

/// An attacker who can write beside the root replaces it by a link that leads elsewhere. The server looks up its root
/// anew by its path, as it must, and would follow the link.
#[test]
fn a_root_that_becomes_a_link_to_elsewhere_is_not_read() {
    let outer = folder(&[("elsewhere/secret", b"outside"), ("parent/site/file", b"inside")]);
    let site = outer.path().join("parent/site");
    let (program, address) = Program::start(onepoll().arg(&site).env("RUST_LOG", "debug"));
    if !is_contained(&program) {
        return;
    }
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get("/file", "").text(), "inside");
    fs::rename(&site, outer.path().join("parent/old")).unwrap();
    symlink(outer.path().join("elsewhere"), &site).unwrap();
    assert_eq!(["/secret", "/file"].map(|path| visitor.get(path, "").status), [403, 404]);
    assert_eq!(visitor.get("/", "").status, 403);
    program.told("start onepoll again");
    // A link to a folder beside the root is allowed: it is how sites are deployed by links.
    fs::remove_file(&site).unwrap();
    symlink("old", &site).unwrap();
    assert_eq!(visitor.get("/file", "").text(), "inside");
}

#[test]
fn a_root_that_is_a_link_is_read_beside_the_link_and_where_it_leads() {
    let outer = folder(&[("releases/1/file", b"one"), ("releases/2/file", b"two"), ("web/3/file", b"three")]);
    let current = outer.path().join("web/current");
    let point = |to: &str| {
        let _ = fs::remove_file(&current);
        symlink(to, &current).unwrap();
    };
    point("../releases/1");
    let (_program, address) = Program::start(onepoll().arg(&current));
    let mut visitor = Visitor::of(address);
    assert_eq!(visitor.get("/file", "").text(), "one");
    point("../releases/2");
    assert_eq!(visitor.get("/file", "").text(), "two");
    point("3");
    assert_eq!(visitor.get("/file", "").text(), "three");
}

/// `cargo clean && cargo doc` replaces `target` and `target/doc`.
#[test]
fn a_root_whose_parents_are_built_again_below_the_folder_of_the_start_is_found() {
    let outer = folder(&[("secret", b"outside"), ("project/target/doc/file", b"first")]);
    let project = outer.path().join("project");
    let root = project.join("target/doc");
    // Started elsewhere, the program may read the folder that held the root at the start.
    for (start, again) in
        [(&*project, (200, "second")), (outer.path().join("project/target").as_path(), (403, ""))]
    {
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("file"), "first").unwrap();
        let mut command = onepoll();
        let name = root.strip_prefix(start).unwrap();
        command.current_dir(start).arg(name).env("HOME", outer.path()).env("RUST_LOG", "debug");
        let (program, address) = Program::start(&mut command);
        if !is_contained(&program) {
            return;
        }
        let mut visitor = Visitor::of(address);
        assert_eq!(visitor.get("/file", "").text(), "first");
        fs::remove_dir_all(project.join("target")).unwrap();
        assert_eq!(visitor.get("/file", "").status, 404, "it is gone for now");
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("file"), "second").unwrap();
        let answer = visitor.get("/file", "");
        assert_eq!(answer.status, again.0, "started in {}", start.display());
        assert!(answer.text().contains(again.1));
        // A folder outside the folder of the start is not read, however the root comes to lead there.
        fs::remove_dir_all(&root).unwrap();
        symlink(outer.path(), &root).unwrap();
        assert_eq!(visitor.get("/secret", "").status, 403);
        fs::remove_file(&root).unwrap();
    }
}

/// A home holds keys, and a service is started in `/`.
#[test]
fn a_start_in_a_home_or_in_the_root_of_all_opens_no_more_than_is_beside_the_root() {
    let home = folder(&[("key", b"secret"), ("project/site/file", b"inside")]);
    let root = home.path().join("project/site");
    for start in [home.path(), Path::new("/")] {
        let mut command = onepoll();
        command.current_dir(start).arg(&root).env("HOME", home.path()).env("RUST_LOG", "debug");
        let (program, address) = Program::start(&mut command);
        if !is_contained(&program) {
            return;
        }
        let mut visitor = Visitor::of(address);
        assert_eq!(visitor.get("/file", "").text(), "inside");
        let kept = home.path().join("project/kept");
        fs::rename(&root, &kept).unwrap();
        symlink(home.path(), &root).unwrap();
        assert_eq!(visitor.get("/key", "").status, 403, "started in {}", start.display());
        fs::remove_file(&root).unwrap();
        fs::rename(&kept, &root).unwrap();
    }
}

#[test]
fn links_that_may_be_followed_lead_anywhere_still() {
    let outer = folder(&[("elsewhere/file", b"outside"), ("parent/site/file", b"inside")]);
    symlink("../../elsewhere/file", outer.path().join("parent/site/link")).unwrap();
    let (_program, address) =
        Program::start(onepoll().arg("--follow-links").arg(outer.path().join("parent/site")));
    assert_eq!(Visitor::of(address).get("/link", "").text(), "outside");
}

#[test]
fn the_program_gains_no_rights() {
    let root = folder(&[]);
    let (program, _) = Program::start(onepoll().arg(root.path()).env("RUST_LOG", "debug"));
    is_contained(&program);
    let status = fs::read_to_string(Path::new("/proc").join(program.number()).join("status")).unwrap();
    assert!(status.lines().any(|line| line == "NoNewPrivs:\t1"), "{status}");
    program.signal(Signal::TERM);
    assert_eq!(program.end().0.code(), Some(0));
}

/// Both lines go into one pipe, so that their order is the one in which they were written.
#[test]
fn the_line_that_says_running_comes_when_all_is_given_up() {
    let root = folder(&[]);
    for flags in [&[][..], &["--inspect"]] {
        let mut shell = prepared(Command::new("/bin/sh"));
        shell.args(["-c", r#"exec "$0" "$@" 2>&1"#, PATH]).args(flags).arg(root.path());
        let program = Program::spawn(shell.env("RUST_LOG", "debug"));
        let lines = std::iter::from_fn(|| program.said());
        let before: Vec<_> = lines.take_while(|line| !line.starts_with("Server is running on ")).collect();
        assert!(before.iter().any(|line| line.contains("contained: ")), "{before:?}");
        let status = fs::read_to_string(Path::new("/proc").join(program.number()).join("status")).unwrap();
        assert!(status.lines().any(|line| line == "NoNewPrivs:\t1"), "{status}");
    }
}

/// Waits for the log line that says so.
fn is_contained(program: &Program) -> bool {
    let is_contained = program.told("contained").contains(" contained: ");
    if !is_contained {
        eprintln!("skipped: this kernel has no Landlock");
    }
    is_contained
}
