//! A user who looks for a file that is not served is told the reason, once, and the flag that serves it.

mod support;

use rustix::process::Signal;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use support::program::{Program, onepoll};
use support::service::get;
use support::visitor::Visitor;
use support::{connect, folder, read_answers_to, read_to_end};

/// Words of a command line.
type Arguments<'a> = [&'a str];
/// Names and values.
type Environment<'a> = [(&'a str, &'a str)];

#[test]
fn a_folder_that_is_not_listed_to_others_says_how_it_would_be() {
    let root = folder(&[("a/file", b""), ("b/file", b"")]);
    let indexed = folder(&[("index.html", b"here"), ("a/file", b""), ("b/file", b"")]);
    let everywhere: &[_] = &["-b", "0.0.0.0"];
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, &Path, _, _, _)] = &[
        //                                                                       the start says so, the page, the log
        (everywhere,                                &[],                           root.path(),    true,  true,  1),
        (everywhere,                                &[],                           indexed.path(), false, true,  1),
        // With `off` the user has decided it, and clients need not know that there is a folder.
        (&["-b", "0.0.0.0", "--listing", "off"],    &[],                           root.path(),    false, false, 0),
        (everywhere,                                &[("ONEPOLL_LISTING", "off")], root.path(),    false, false, 0),
        (&["-b", "0.0.0.0", "--listing", "on"],     &[],                           root.path(),    false, false, 0),
        (&["-b", "127.0.0.1"],                      &[],                           root.path(),    false, false, 0),
    ];
    for (arguments, environment, root, at_the_start, on_the_page, in_the_log) in table {
        let mut command = onepoll();
        command.arg(root).args(*arguments).envs(environment.iter().copied());
        let (program, address) = Program::start(&mut command);
        for path in ["/a/", "/b/", "/a/"] {
            let answer = get(address, path);
            assert_eq!(
                answer.text().contains("--listing on"),
                *on_the_page,
                "{arguments:?}: {}",
                answer.text()
            );
            assert_eq!(
                answer.status,
                if arguments.contains(&"on") || !arguments.contains(&"0.0.0.0") { 200 } else { 404 }
            );
        }
        assert!(!get(address, "/none/").text().contains("--listing"), "{arguments:?}");
        program.signal(Signal::TERM);
        let lines: Vec<_> = std::iter::from_fn(|| program.said()).collect();
        assert_eq!(
            lines.iter().any(|line| line.contains("--listing on")),
            *at_the_start,
            "{arguments:?}: {lines:?}"
        );
        let (_, log) = program.end();
        assert_eq!(log.matches("--listing on").count(), *in_the_log, "{arguments:?}: {log}");
    }
}

#[test]
fn what_is_there_and_not_served_is_told_once_with_its_flag() {
    let outer = folder(&[
        ("secret", b"outside"),
        ("root/.env", b"hidden"),
        ("root/.git/config", b"hidden"),
        ("root/.git/HEAD", b"hidden"),
        ("root/.\x1b[31m", b"hidden"),
        ("root/listed/.left", b"hidden"),
        ("root/listed/.out", b"hidden"),
        ("root/.well-known/a", b"known"),
    ]);
    let root = outer.path().join("root");
    symlink("../secret", root.join("link")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("../../secret", root.join("listed/link")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    // Scanners ask for names such as /.aws/credentials all day. These do not exist, and cause no notice.
    let ask_all = |address| {
        for path in [
            "/.env",
            "/.git/config",
            "/.git/HEAD",
            "/.git/",
            "/.%1b[31m",
            "/.aws/credentials",
            "/.well-known/a",
            "/.env/../none",
            "/.well-known/.b",
            "/link",
            "/up/secret",
            "/loop",
            "/listed/",
        ] {
            for _ in 0..2 {
                get(address, path);
            }
        }
    };
    let told = |flags: &[&str]| {
        let (program, address) = Program::start(onepoll().arg(&root).args(flags));
        ask_all(address);
        program.signal(Signal::TERM);
        let (_, log) = program.end();
        let lines =
            log.lines().filter(|line| line.contains("; --")).map(|line| line.split_once("INFO  ").unwrap().1);
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let hidden = |name| format!("{name} is not served, as its name begins with a dot; --hidden serves it");
    let leads_out =
        |name| format!("{name} is not served, as a link leads out of the folder; --follow-links follows it");
    let lines = told(&[]);
    let (left_out, others): (Vec<_>, Vec<_>) =
        lines.into_iter().partition(|line| line.contains("listed, nor"));
    let expected = [
        hidden("/.env"),
        hidden("/.git"),
        hidden("/.\\x1B[31m"),
        leads_out("/link"),
        leads_out("/up/secret"),
        leads_out("/listed/link"),
    ];
    assert_eq!(others, expected);
    let [line] = &left_out[..] else { panic!("{left_out:?}") };
    let names = ["/listed/.left", "/listed/.out"];
    assert!(
        names.iter().any(|name| *line
            == format!(
                "{name} is not listed, nor are other names that begin with a dot; --hidden shows them"
            )),
        "{line}"
    );
    assert_eq!(told(&["--hidden"]), [leads_out("/link"), leads_out("/up/secret"), leads_out("/listed/link")]);
    assert!(told(&["--hidden", "--follow-links"]).is_empty());
}

#[test]
fn a_root_that_is_replaced_says_nothing_again() {
    let outer = folder(&[("1/.env", b"hidden"), ("2/.env", b"hidden"), ("2/.netrc", b"hidden")]);
    let current = outer.path().join("current");
    symlink("1", &current).unwrap();
    let (program, address) = Program::start(onepoll().arg(&current));
    get(address, "/.env");
    fs::remove_file(&current).unwrap();
    symlink("2", &current).unwrap();
    assert_eq!(["/.env", "/.netrc"].map(|path| get(address, path).status), [404; 2]);
    program.signal(Signal::TERM);
    let log = program.end().1;
    assert_eq!(
        ["/.env is not served", "/.netrc is not served"].map(|words| log.matches(words).count()),
        [1, 1],
        "{log}"
    );
}

#[test]
fn no_client_fills_the_log_with_what_is_not_served() {
    let root = folder(&[]);
    for number in 0..200 {
        fs::write(root.path().join(format!(".{number}")), "").unwrap();
    }
    let (program, address) = Program::start(onepoll().arg(root.path()));
    let mut visitor = Visitor::of(address);
    for number in 0..200 {
        assert_eq!(visitor.get(&format!("/.{number}"), "").status, 404);
    }
    program.signal(Signal::TERM);
    assert_eq!(program.end().1.matches("; --hidden").count(), 64);
}

/// The beginning of what curl sends for https:// (RFC 8446 §4.1.2).
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x1d\x0a\x20GET / HTTP/1.1\r\n";

#[test]
fn tls_on_the_plain_port_is_called_by_its_name() {
    let root = folder(&[("index.html", b"here")]);
    for cut in 1..CLIENT_HELLO.len() {
        let (program, address) = Program::start(onepoll().arg(root.path()).env("RUST_LOG", "debug"));
        for before in [&b""[..], b"", b"\r\n"] {
            let mut stream = connect(address);
            stream.write_all(before).unwrap();
            stream.write_all(&CLIENT_HELLO[..cut]).unwrap();
            let answer = read_answers_to(&read_to_end(stream), &["GET"]).remove(0);
            assert_eq!(answer.status, 400);
            assert!(
                answer.text().contains("This is TLS, and the port speaks plain HTTP"),
                "{}",
                answer.text()
            );
        }
        // Other control bytes are not TLS.
        let mut stream = connect(address);
        stream.write_all(b"\x15\x03\x01").unwrap();
        assert!(!read_answers_to(&read_to_end(stream), &["GET"]).remove(0).text().contains("TLS"));
        program.signal(Signal::TERM);
        let log = program.end().1;
        assert_eq!(log.matches("] \"TLS on a plain port\" 400 ").count(), 3, "{log}");
        assert_eq!(log.matches("a client speaks TLS on this plain port").count(), 1, "{log}");
        assert_eq!(log.matches("refused with 400: this is TLS").count(), 3, "{log}");
        assert!(!log.contains("\\x16"), "{log}");
    }
}
