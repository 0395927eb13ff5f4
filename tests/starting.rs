//! How the program starts: at which addresses it listens and by which rules, at which port, and which links it names.

mod support;

use onepoll::os::addresses::reachable;
use rqrr::PreparedImage;
use rustix::process::Signal;
use rustix::termios::{Winsize, tcsetwinsize};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use support::program::{Lines, PATH, Program, onepoll, prepared, terminal};
use support::{Answer, ask, folder, read_answer};
use tempfile::TempDir;

/// Words of a command line.
type Arguments<'a> = [&'a str];

/// A folder that has no index and lists another one.
fn root() -> TempDir {
    folder(&[("a.txt", b"here"), ("list/b.txt", b"")])
}

fn get(address: SocketAddr, path: &str, host: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    read_answer(&mut &ask(address, request.as_bytes())[..], "GET")
}

/// What the door at `address` grants: the statuses of a file, of a listing, and of a file of another host.
fn granted(address: SocketAddr) -> [u16; 3] {
    [("/a.txt", "localhost"), ("/list/", "localhost"), ("/a.txt", "evil.example")]
        .map(|(path, host)| get(address, path, host).status)
}

/// At a loopback address: only names of this machine are answered to, and folders are listed.
const LOOPBACK: [u16; 3] = [200, 200, 421];
/// At others: any name is answered to, and no folder is listed.
const NETWORK: [u16; 3] = [200, 404, 200];

fn v4(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn v6(port: u16) -> SocketAddr {
    (Ipv6Addr::LOCALHOST, port).into()
}

fn has_ipv6() -> bool {
    let has_it = TcpListener::bind(v6(0)).is_ok();
    if !has_it {
        eprintln!("skipped in part: there is no ::1 here");
    }
    has_it
}

/// An address of this machine by which others may reach it.
fn own_address() -> Option<SocketAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    // Nothing is sent.
    let own = socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).and_then(|()| socket.local_addr()).ok();
    let own = own.filter(|own| !own.ip().is_loopback() && !own.ip().is_unspecified());
    if own.is_none() {
        eprintln!("skipped: this machine has no way to others");
    }
    own
}

/// Everything that a program says on stdout and on stderr until it is stopped.
fn said(program: Program) -> (Vec<String>, String) {
    program.signal(Signal::TERM);
    let lines = std::iter::from_fn(|| program.said()).collect();
    (lines, program.end().1)
}

/// What the program itself says on stderr, which is no line of the log.
fn notes(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.starts_with("onepoll: ")).collect()
}

/// Runs a command that cannot serve. Gives what it says.
fn refused(command: &mut Command, code: i32) -> String {
    let (status, error) = Program::spawn(command).end();
    assert_eq!((status.code(), error.lines().count()), (Some(code), 1), "{command:?}: {error}");
    error
}

/// The program, which is told no port.
fn without_a_port(root: &Path) -> Command {
    let mut command = onepoll();
    command.env_remove("ONEPOLL_PORT").arg(root);
    command
}

// Addresses.

#[test]
fn without_flags_both_loopback_addresses_have_the_port() {
    let root = root();
    for _ in 0..5 {
        let (program, address) = Program::start(onepoll().arg(root.path()));
        assert_eq!(address, v4(address.port()));
        assert_eq!(granted(address), LOOPBACK);
        if has_ipv6() {
            assert_eq!(granted(v6(address.port())), LOOPBACK);
        }
        let (lines, log) = said(program);
        let second = format!(
            "Serving {} to this machine only; Ctrl-C stops it",
            root.path().canonicalize().unwrap().display()
        );
        assert_eq!((lines, notes(&log)), (vec![second], vec![]));
    }
}

/// In a network of its own, where no address but 127.0.0.1 is there. Not every system allows it.
#[test]
fn a_machine_without_ipv6_is_no_error_and_makes_no_noise() {
    let root = root();
    let path = root.path().to_str().unwrap();
    let spawn = |arguments: &Arguments| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", PATH, path]).args(arguments);
        let mut command = prepared(command);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("ONEPOLL_PORT", "8080");
        Program::try_to_start(&mut command)
    };
    for arguments in [&[][..], &["--bind", "localhost"]] {
        match spawn(arguments) {
            Err(error) if error.contains("unshare") || error.contains("No such file") => {
                return eprintln!("skipped: {error}");
            }
            Err(error) => panic!("{arguments:?}: {error}"),
            Ok((program, address)) => {
                assert_eq!(address, v4(8080));
                let (lines, log) = said(program);
                assert_eq!((lines.len(), notes(&log)), (1, vec![]), "{arguments:?}: {lines:?}");
            }
        }
    }
    // `::` is there where ::1 is not, and takes clients of IPv4.
    for list in ["::", "::,127.0.0.1", "0.0.0.0,::"] {
        assert_eq!(spawn(&["-b", list]).unwrap().1, v4(8080), "{list}");
    }
    let (program, _) = spawn(&["-b", "0.0.0.0", "--qr"]).unwrap();
    let none = "onepoll: no QR code, as no other machine can reach this one: it has no network";
    assert_eq!(notes(&said(program).1), [none]);
    // An address that was asked for is another matter.
    let error = spawn(&["-b", "::1,127.0.0.1"]).map(|(_, address)| address).unwrap_err();
    assert!(error.contains("onepoll: ::1 is no address of this machine; try --bind"), "{error}");
}

#[test]
fn several_addresses_are_listened_on_each_once() {
    let root = root();
    let [first, second] = ["127.77.0.1", "127.77.0.2"].map(str::to_owned);
    let both = format!("{first}, {second}");
    let commands: [(&Arguments, Option<&str>); 4] = [
        (&["-b", &first, "-b", &second], None),
        (&["--bind", &both, "-b", &second], None),
        (&[], Some(&both)),
        (&["-b", &first, "-b", &second], Some("192.0.2.1")),
    ];
    for (arguments, environment) in commands {
        let mut command = onepoll();
        command.arg(root.path()).args(arguments);
        command.envs(environment.map(|list| ("ONEPOLL_BIND", list)));
        let (program, address) = Program::start(&mut command);
        assert_eq!(address.ip().to_string(), first);
        let other = SocketAddr::new(second.parse().unwrap(), address.port());
        assert_eq!([address, other].map(granted), [LOOPBACK; 2], "{arguments:?}");
        let (lines, _) = said(program);
        let also = ["On this machine also at:".to_owned(), format!("  http://{other}")];
        assert_eq!(lines[1..], also, "{arguments:?}");
    }
}

#[test]
fn all_addresses_of_a_name_are_listened_on() {
    let root = root();
    let (_program, address) = Program::start(onepoll().arg(root.path()).args(["--bind", "localhost"]));
    let found = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", address.port())).unwrap();
    for address in found.filter(|address| TcpListener::bind((address.ip(), 0)).is_ok()) {
        assert_eq!(granted(address), LOOPBACK, "{address}");
    }
}

#[test]
fn each_door_has_the_rules_that_its_address_deserves() {
    let Some(own) = own_address() else { return };
    let root = root();
    let ip = own.ip().to_string();
    let mut command = onepoll();
    command.arg(root.path()).args(["-b", &ip, "-b", "127.0.0.1", "--inspect"]);
    let (program, address) = Program::start(&mut command);
    assert!(address.ip().is_loopback(), "the first line has an address of this machine alone: {address}");
    let other = SocketAddr::new(own.ip(), address.port());
    assert_eq!([address, other].map(granted), [LOOPBACK, NETWORK]);
    let (lines, _) = said(program);
    assert!(lines[0].ends_with(" to everyone who can reach this machine; Ctrl-C stops it"), "{lines:?}");
    let expected = [
        "The folder has no index.html, so / is 404 to others; --listing on lists folders".to_owned(),
        format!("Watch the loop at http://{address}/.onepoll/"),
        "From other machines:".to_owned(),
        format!("  http://{other}"),
    ];
    assert_eq!(lines[1..], expected);
    // The loop is shown to clients of loopback addresses only, and there is none.
    let (program, address) = Program::start(onepoll().arg(root.path()).args(["-b", &ip, "--inspect"]));
    assert_eq!((address.ip(), get(address, "/.onepoll/", "localhost").status), (own.ip(), 404));
    let (lines, _) = said(program);
    assert_eq!(lines[2], "The loop is shown at loopback addresses alone: add --bind 127.0.0.1");
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[test]
fn an_address_that_another_one_covers_is_no_error_and_the_other_ones_rules_hold() {
    let root = root();
    for (list, parts) in [
        ("127.0.0.1,0.0.0.0", &["127.0.0.1"][..]),
        ("0.0.0.0,127.0.0.2,0.0.0.0,127.0.0.2,127.0.0.3", &["127.0.0.2", "127.0.0.3"]),
        ("0.0.0.0,0.0.0.0", &[]),
    ] {
        let (program, address) = Program::start(onepoll().arg(root.path()).args(["-b", list]));
        assert_eq!((address.ip(), granted(address)), (Ipv4Addr::LOCALHOST.into(), NETWORK), "{list}");
        let told = |part: &&str| format!("onepoll: {part} is part of 0.0.0.0, whose rules hold");
        assert_eq!(notes(&said(program).1), parts.iter().map(told).collect::<Vec<_>>(), "{list}");
    }
}

#[test]
fn ipv4_and_ipv6_are_taken_together_or_apart() {
    if !has_ipv6() {
        return;
    }
    let root = root();
    let other: Ipv4Addr = "127.0.0.9".parse().unwrap();
    #[rustfmt::skip]
    let table: &[(&str, _, _, _)] = &[
        // --bind             127.0.0.1       127.0.0.9      ::1
        ("0.0.0.0",           Some(NETWORK),  Some(NETWORK), None),
        ("::",                Some(NETWORK),  Some(NETWORK), Some(NETWORK)),
        ("0.0.0.0,::",        Some(NETWORK),  Some(NETWORK), Some(NETWORK)),
        ("::,0.0.0.0",        Some(NETWORK),  Some(NETWORK), Some(NETWORK)),
        ("::,127.0.0.1",      Some(LOOPBACK), None,          Some(NETWORK)),
        ("127.0.0.1,::,::1",  Some(LOOPBACK), None,          Some(NETWORK)),
        ("0.0.0.0,::1",       Some(NETWORK),  Some(NETWORK), Some(LOOPBACK)),
        ("::ffff:127.0.0.1",  Some(LOOPBACK), None,          None),
        ("::,::ffff:127.0.0.1", Some(LOOPBACK), None,        Some(NETWORK)),
        ("[::ffff:127.0.0.1],127.0.0.1", Some(LOOPBACK), None, None),
    ];
    for (list, first, second, third) in table {
        let (_program, address) = Program::start(onepoll().arg(root.path()).args(["-b", list]));
        assert!(!address.to_string().contains("ffff"), "{list}: {address}");
        let port = address.port();
        for (address, expected) in [(v4(port), first), ((other, port).into(), second), (v6(port), third)] {
            let found = TcpStream::connect(address).is_ok().then(|| granted(address));
            assert_eq!(found, *expected, "{list}: {address}");
        }
    }
}

#[test]
fn the_one_that_cannot_be_opened_is_named() {
    let root = root();
    let held = TcpListener::bind("127.77.0.3:0").unwrap();
    let taken = held.local_addr().unwrap();
    let port = taken.port().to_string();
    let arguments = ["-b", "127.77.0.4", "-b", "127.77.0.3", "-p", &port];
    let error = refused(onepoll().arg(root.path()).args(arguments), 1);
    assert!(error.starts_with(&format!("onepoll: {taken} is in use by another program")), "{error}");
    let error = refused(onepoll().arg(root.path()).args(["-b", "127.77.0.4", "-b", "192.0.2.1"]), 1);
    assert!(error.starts_with("onepoll: 192.0.2.1 is no address of this machine; try"), "{error}");
    // At these, a socket may be opened, and no client can connect.
    for address in
        ["224.0.0.1", "255.255.255.255", "127.255.255.255", "ff02::1", "ff02::1%lo", "::ffff:224.0.0.1"]
    {
        let named = address.trim_start_matches("::ffff:").trim_end_matches("%lo");
        let error = refused(onepoll().arg(root.path()).args(["-b", "127.77.0.4", "-b", address]), 1);
        assert!(
            error.starts_with(&format!("onepoll: {named} is no address of this machine; try")),
            "{error}"
        );
    }
    let error = refused(onepoll().arg(root.path()).env("ONEPOLL_BIND", "fe80::5"), 1);
    let expected =
        "onepoll: fe80::5 may be on any link (from ONEPOLL_BIND); say which link: --bind fe80::5%eth0";
    assert_eq!(error.trim_end(), expected);
    let error = refused(onepoll().arg(root.path()).args(["-b", "fe80::5%lo"]), 1);
    assert!(error.starts_with("onepoll: fe80::5 is no address of this machine; try"), "{error}");
    let error = refused(onepoll().arg(root.path()).args(["-b", "127.77.0.4,"]), 1);
    assert!(error.starts_with("onepoll: \"\" is no address of this machine; try"), "{error}");
}

// Warnings.

/// In JSON the level says that it is a warning; people see the word.
#[test]
fn a_warning_says_so_once() {
    let root = root();
    let path = root.path().to_str().unwrap();
    let sentence = format!("--follow-links serves files outside of {path} where links lead to them");
    for (form, expected) in [
        ("combined", format!("onepoll: WARNING: {sentence}")),
        ("off", format!("onepoll: WARNING: {sentence}")),
        ("json", format!(r#""level":"warn","message":"{sentence}""#)),
    ] {
        let mut command = onepoll();
        let (program, _) = Program::start(command.arg(path).args(["--follow-links", "--log", form]));
        let (_, log) = said(program);
        assert!(log.lines().any(|line| line.contains(&expected)), "{form}: {log}");
    }
}

// Ports.

/// Takes these ports of `address`, or finds them taken: by another server on this machine.
fn take(address: &str, ports: impl Iterator<Item = u16>) -> Vec<TcpListener> {
    ports.filter_map(|port| TcpListener::bind((address, port)).ok()).collect()
}

#[test]
fn the_next_free_port_is_taken_where_none_is_asked_for_and_that_is_said() {
    let root = root();
    // An address where no other test listens.
    let here = "127.77.1.1";
    for last in [8080, 8082] {
        let held = take(here, 8080..=last);
        let (program, address) = Program::start(without_a_port(root.path()).args(["-b", here]));
        assert!((last + 1..=8099).contains(&address.port()), "{address}");
        assert_eq!(granted(address), LOOPBACK);
        let (_, log) = said(program);
        let port = address.port();
        let expected =
            format!("onepoll: port 8080 is in use, so port {port} serves; --port N sets a fixed one");
        assert_eq!(notes(&log), [expected]);
        drop(held);
    }
}

#[test]
fn both_loopback_addresses_have_the_port_or_neither() {
    if !has_ipv6() {
        return;
    }
    let root = root();
    let held = take("::1", 8080..=8080);
    let (program, address) = Program::start(&mut without_a_port(root.path()));
    assert!((8081..=8099).contains(&address.port()), "{address}");
    assert_eq!([address, v6(address.port())].map(granted), [LOOPBACK; 2]);
    drop(held);
    assert_eq!(notes(&said(program).1).len(), 1);
}

#[test]
fn a_port_that_was_asked_for_or_is_shared_is_that_one_or_none() {
    let root = root();
    let here = "127.77.1.2";
    let _held = take(here, 8080..=8099);
    for arguments in [&["-p", "8080"][..], &["--reuse-port"]] {
        let error = refused(without_a_port(root.path()).args(["-b", here]).args(arguments), 1);
        assert!(error.starts_with(&format!("onepoll: {here}:8080 is in use by another program;")), "{error}");
    }
    let error = refused(without_a_port(root.path()).args(["-b", here]).env("ONEPOLL_PORT", "8081"), 1);
    assert!(error.contains(":8081 is in use"), "{error}");
    let error = refused(without_a_port(root.path()).args(["-b", here]), 1);
    let expected = "onepoll: ports 8080 to 8099 are all in use; choose another one with --port, 0 for any";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_free_port_is_not_said_to_be_another() {
    let root = root();
    let here = "127.77.1.3";
    if take(here, 8080..=8080).is_empty() {
        return eprintln!("skipped: a server on this machine has port 8080 at every address");
    }
    let (program, address) = Program::start(without_a_port(root.path()).args(["-b", here]));
    assert_eq!(address.port(), 8080);
    assert_eq!(notes(&said(program).1), [""; 0]);
}

// Links.

#[test]
fn every_address_by_which_others_reach_this_machine_is_a_link_that_works() {
    let Some(own) = own_address() else { return };
    let root = root();
    let addresses = reachable().unwrap();
    assert!(addresses.contains(&own.ip()), "{own} is not in {addresses:?}");
    for (list, prefix) in
        [("0.0.0.0", ""), ("::", ""), ("0.0.0.0,::", "/repo/"), ("::,0.0.0.0", ""), ("127.0.0.1,::", "")]
    {
        if list.contains("::") && !has_ipv6() {
            continue;
        }
        let is_meant = |ip: &IpAddr| match list {
            "0.0.0.0" => ip.is_ipv4(),
            "127.0.0.1,::" => ip.is_ipv6(),
            _ => true,
        };
        let expected: BTreeSet<_> = addresses.iter().copied().filter(is_meant).collect();
        let mut command = onepoll();
        command.arg(root.path()).args(["-b", list, "--listing", "on"]);
        let (program, address) = Program::start(command.args(["--prefix", prefix]));
        assert!(address.ip().is_loopback());
        assert!(program.said().unwrap().contains(" to everyone who can reach this machine;"));
        if !expected.is_empty() {
            assert_eq!(program.said().unwrap(), "From other machines:");
        }
        let linked: Vec<SocketAddr> = expected
            .iter()
            .map(|_| {
                let line = program.said().unwrap();
                let link = line.strip_prefix("  http://").and_then(|link| link.strip_suffix(prefix));
                link.expect(&line).parse().expect(&line)
            })
            .collect();
        for link in &linked {
            assert_eq!(link.port(), address.port());
            assert_eq!(
                get(*link, &format!("{}a.txt", if prefix.is_empty() { "/" } else { prefix }), "x").text(),
                "here"
            );
        }
        assert!(
            list.starts_with("127") || linked[0].ip() == own.ip(),
            "the way to the world is first: {linked:?}"
        );
        assert_eq!(linked.iter().map(SocketAddr::ip).collect::<BTreeSet<_>>(), expected, "{list}");
        assert_eq!(said(program).0, [""; 0], "{list}");
    }
}

#[test]
fn addresses_that_no_browser_opens_are_left_out() {
    for address in reachable().unwrap() {
        let is_of_one_link = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
        assert!(!address.is_loopback() && !address.is_unspecified() && !is_of_one_link, "{address}");
    }
}

// The code for phones.

/// What a camera reads in the code that these lines show.
fn scanned(lines: &[String]) -> String {
    let shown =
        |line: &String| Some(line.strip_prefix("\x1b[30;47m")?.strip_suffix("\x1b[0m")?.chars().collect());
    let code: Vec<Vec<char>> = lines.iter().filter_map(shown).collect();
    let is_dark = |x: usize, y: usize| match code[y / 2][x] {
        '\u{2588}' => true,
        '\u{2580}' => y.is_multiple_of(2),
        '\u{2584}' => !y.is_multiple_of(2),
        _ => false,
    };
    let pixel = |x, y| if is_dark(x / 3, y / 3) { 0 } else { 255 };
    let mut image = PreparedImage::prepare_from_greyscale(3 * code[0].len(), 6 * code.len(), pixel);
    image.detect_grids()[0].decode().expect("a code").1
}

/// All that the program shows on a terminal until it is stopped, and what it says on stderr.
fn shown(command: &mut Command) -> (Vec<String>, String) {
    shown_in(0, command)
}

/// The same on a terminal of so many columns; with 0, it does not say how many it has.
fn shown_in(columns: u16, command: &mut Command) -> (Vec<String>, String) {
    let (ours, theirs) = terminal();
    let size = Winsize { ws_row: 5, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&theirs, size).unwrap();
    let program = Program::spawn(command.stdout(theirs));
    // The terminal belongs to the program alone, so that it ends with the program.
    command.stdout(Stdio::null());
    let lines = Lines::of(ours);
    let first = lines.next().unwrap();
    // It is ready, since that is said last.
    program.signal(Signal::TERM);
    let rest = std::iter::from_fn(|| lines.next());
    let all = std::iter::once(first).chain(rest).map(|line| line.trim_end_matches('\r').to_owned()).collect();
    (all, program.end().1)
}

#[test]
fn the_code_on_a_terminal_is_the_first_link_that_others_can_reach() {
    let Some(own) = own_address() else { return };
    let root = root();
    // The last one finds no browser here.
    for (arguments, site, path) in [
        (&["-b", "0.0.0.0"][..], "", ""),
        (&["-b", "0.0.0.0", "--prefix", "/repo/"], "/repo/", "/repo/"),
        (&["-b", "127.0.0.1,0.0.0.0", "--prefix", "repo", "--open=a b/"], "/repo/", "/repo/a%20b/"),
    ] {
        for locale in [&[][..], &[("LANG", "de_DE.UTF-8")], &[("LANG", "C"), ("LC_ALL", "en_US.utf8")]] {
            let mut command = onepoll();
            command.arg(root.path()).args(arguments).arg("--qr").envs(locale.iter().copied());
            let (lines, log) = shown(&mut command);
            let port = lines[0].rsplit(':').next().unwrap().parse().unwrap();
            let other = SocketAddr::new(own.ip(), port);
            assert_eq!(scanned(&lines), format!("http://{other}{path}"), "{lines:?}");
            let link = format!("http://{other}{site}");
            assert!(lines.contains(&format!("  {link}")), "the link is there as text, too: {lines:?}");
            assert!(lines.len() <= 24, "it fits a screen: {lines:#?}");
            assert!(!log.contains("QR"), "{log}");
        }
    }
}

/// A name may lead to this machine, which is known when it was looked up: getaddrinfo(3) takes 127.1 for one.
#[test]
fn no_code_is_for_this_machine() {
    let why = "is for other machines, and only this one can reach the server; add --bind 0.0.0.0";
    let error = refused(onepoll().args(["--qr", "-b", "127.1"]), 1);
    assert!(error.starts_with(&format!("onepoll: --qr {why}")), "{error}");
    let error = refused(onepoll().env("ONEPOLL_QR", "yes").args(["-b", "127.1"]), 1);
    assert!(error.starts_with(&format!("onepoll: --qr (from ONEPOLL_QR) {why}")), "{error}");
}

#[test]
fn where_no_code_can_be_shown_there_is_the_link() {
    let Some(own) = own_address() else { return };
    let root = root();
    let command = |environment: &[(&str, &str)]| {
        let mut command = onepoll();
        command.arg(root.path()).args(["-b", "0.0.0.0", "--qr"]).envs(environment.iter().copied());
        command
    };
    let is_told = |lines: &[String], log: &str, why: &str| {
        let link = lines.iter().find(|line| line.starts_with("  http://")).expect("a link");
        assert!(link.contains(&own.ip().to_string()) && !lines.iter().any(|line| line.contains('\x1b')));
        let why = format!("onepoll: no QR code, as {why}: {}", link.trim());
        assert_eq!(notes(log), [why]);
    };
    let no_terminal = "stdout is no terminal with UTF-8";
    for environment in [("LANG", "C"), ("LC_ALL", "de_DE.ISO-8859-1"), ("TERM", "dumb")] {
        let (lines, log) = shown(&mut command(&[environment]));
        is_told(&lines, &log, no_terminal);
    }
    // Too few rows are no hindrance, since lines scroll: there are 5.
    let (wide, log) = shown_in(80, &mut command(&[]));
    assert!(scanned(&wide).contains(&own.ip().to_string()) && notes(&log).is_empty(), "{wide:?} {log}");
    let columns = wide.iter().find_map(|line| line.strip_prefix("\x1b[30;47m")).unwrap();
    let columns = columns.trim_end_matches("\x1b[0m").chars().count() as u16;
    let (lines, _) = shown_in(columns, &mut command(&[]));
    assert!(scanned(&lines).contains(&own.ip().to_string()), "it fits just so");
    let (lines, log) = shown_in(columns - 1, &mut command(&[]));
    is_told(&lines, &log, "the terminal is too narrow");
    let (program, _) = Program::start(&mut command(&[("LANG", "C.UTF-8")]));
    let (lines, log) = said(program);
    is_told(&lines, &log, no_terminal);
}
