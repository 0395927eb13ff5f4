//! The limits in the tests themselves: a wait has a limit, a test that hangs ends its process, and both say what they
//! saw.

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;
use support::folder;
use support::patience::{joined_within, within};
use support::program::Program;

const SHORT: Duration = Duration::from_millis(20);

#[test]
#[should_panic(expected = "waited 20ms for 60 descriptors, and saw 41")]
fn what_never_comes_is_told_with_what_was_seen() {
    within(SHORT, "60 descriptors", || Err::<(), _>(41));
}

#[test]
fn what_comes_is_given_however_late() {
    let mut looks = 0;
    let look = || {
        looks += 1;
        if looks == 10 { Ok("here") } else { Err(looks) }
    };
    assert_eq!(within(Duration::MAX, "the tenth look", look), "here");
}

#[test]
#[should_panic(expected = "waited 20ms for the end of the reader, and saw that it still runs")]
fn a_thread_that_never_ends_is_told() {
    let (_sender, receiver) = channel::<()>();
    let _ = joined_within(SHORT, "the reader", thread::spawn(move || receiver.recv()));
}

#[test]
#[should_panic(expected = "a word of it")]
fn the_panic_of_a_thread_is_that_of_its_test() {
    let thread = thread::spawn(|| -> () { std::panic::resume_unwind(Box::new("a word of it")) });
    joined_within(Duration::MAX, "the thread", thread);
}

#[test]
#[should_panic(expected = "it ended without a word of \"more\", and saw 2 lines, which end:\none\ntwo")]
fn a_program_that_ends_without_the_line_is_told_with_its_last_lines() {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "echo one >&2; echo two >&2"]).stdin(Stdio::null()).stderr(Stdio::piped());
    Program::spawn(&mut shell).told("more");
}

#[test]
fn a_test_that_hangs_ends_its_process_and_is_named() {
    let root = folder(&[]);
    let times = root.path().join("times");
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(["--include-ignored", "--test-threads", "2", "it_hangs", "what_comes_"]);
    tests.env("ONEPOLL_TEST_LIMIT", "1").env("ONEPOLL_TEST_TIMES", &times);
    tests.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // The program that the test started holds the same stderr open, so the end of stderr shows that both have ended.
    let (status, error) = Program::spawn(&mut tests).end();
    assert!(!status.success());
    assert!(error.contains("it_hangs has run for 1s and does not end\n"), "{error}");
    let times = fs::read_to_string(times).unwrap();
    let (seconds, test) = times.trim_end().split_once(' ').unwrap();
    assert!(seconds.parse::<f64>().is_ok(), "{times}");
    assert_eq!(test, "patience what_comes_is_given_however_late");
}

#[test]
#[ignore = "it hangs, for a_test_that_hangs_ends_its_process_and_is_named"]
fn it_hangs() {
    let _folder = folder(&[]);
    let _program = Program::spawn(Command::new("sleep").arg("1000"));
    let (_sender, receiver) = channel::<()>();
    let _ = receiver.recv();
}
