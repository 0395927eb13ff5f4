//! The program itself: its first line, its flags, its errors, its log, its end, and what it costs.

mod support;

use onepoll::service::limits::Limits;
use rustix::process::{Resource, Rlimit, Signal, geteuid, prlimit};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::misbehaviour::half_a_post;
use support::patience::until;
use support::program::{PATH, Program, onepoll, prepared, printed};
use support::visitor::Visitor;
use support::{Answer, ask, connect, folder, read_answer};

/// Words of a command line.
type Arguments<'a> = [&'a str];
/// Names and values.
type Environment<'a> = [(&'a str, &'a str)];

// What the program serves, and where.

#[test]
fn the_first_line_names_the_real_port() {
    let root = folder(&[("index.html", b"here")]);
    for (bind, shown) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("[::1]", "[::1]")] {
        if TcpListener::bind(format!("{shown}:0")).is_err() {
            eprintln!("skipped: {shown} cannot be bound here");
            continue;
        }
        let program = Program::spawn(onepoll().arg(root.path()).args(["--port", "0", "-b", bind]));
        // The program goes on, so this line only came because it was flushed.
        let first = program.said().unwrap();
        let port = first.strip_prefix(&format!("Server is running on http://{shown}:")).expect(&first);
        assert!(port.parse::<u16>().is_ok_and(|port| port > 0), "{first}");
        let address = format!("{shown}:{port}").parse().unwrap();
        assert_eq!(get(address, "/").text(), "here");
        let second = program.said().unwrap();
        assert!(second.contains(root.path().to_str().unwrap()), "{second}");
    }
}

/// A browser cannot open `http://[::]:8080`.
#[test]
fn the_address_that_is_said_is_one_to_open() {
    let root = folder(&[("index.html", b"here")]);
    for (bind, shown) in
        [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("[::]", "[::1]"), ("127.0.0.2", "127.0.0.2")]
    {
        if TcpListener::bind(format!("{shown}:0")).is_err() {
            eprintln!("skipped: {shown} cannot be bound here");
            continue;
        }
        let mut command = onepoll();
        let (program, address) = Program::start(command.arg(root.path()).args(["--inspect", "-b", bind]));
        assert_eq!(format!("{shown}:{}", address.port()), address.to_string());
        assert_eq!(get(address, "/").text(), "here");
        let lines = std::iter::from_fn(|| program.said());
        let watched = lines
            .map(|line| line.strip_prefix("Watch the loop at http://").map(str::to_owned))
            .find(Option::is_some);
        assert_eq!(watched, Some(Some(format!("{address}/.onepoll/"))));
    }
}

#[test]
fn the_folder_is_www_or_here_or_the_one_that_is_named() {
    let both: &[(&str, &[u8])] = &[
        ("index.html", b"here"),
        ("www/index.html", b"www"),
        ("www/other.html", b"other"),
        ("site/index.html", b"site"),
        ("env/index.html", b"env"),
    ];
    let no_www: &[(&str, &[u8])] = &[("index.html", b"here")];
    let www_is_a_file: &[(&str, &[u8])] = &[("index.html", b"here"), ("www", b"a file")];
    #[rustfmt::skip]
    let table: &[(_, &Arguments, &Environment, _)] = &[
        (both,          &[],                        &[],                                "www"),
        (no_www,        &[],                        &[],                                "here"),
        (www_is_a_file, &[],                        &[],                                "here"),
        (both,          &["."],                     &[],                                "here"),
        (both,          &["site"],                  &[],                                "site"),
        (both,          &[],                        &[("ONEPOLL_DIR", "env")],          "env"),
        (both,          &["site"],                  &[("ONEPOLL_DIR", "env")],          "site"),
        (both,          &["--index", "other.html"], &[],                                "other"),
        (both,          &[],                        &[("ONEPOLL_INDEX", "other.html")], "other"),
        (both,          &[],                        &[("ONEPOLL_INDEX", "a.html, other.html")], "other"),
        (both,          &["--index", "index.html"], &[("ONEPOLL_INDEX", "other.html")], "www"),
    ];
    for (files, arguments, environment, body) in table {
        let here = folder(files);
        let mut command = onepoll();
        command.current_dir(here.path()).args(*arguments).envs(environment.iter().copied());
        let (_program, address) = Program::start(&mut command);
        assert_eq!(get(address, "/").text(), *body, "{arguments:?} {environment:?}");
    }
}

#[test]
fn a_folder_may_have_a_name_that_is_no_text() {
    let parent = folder(&[]);
    let root = parent.path().join(OsStr::from_bytes(b"\xff and a space"));
    fs::create_dir(&root).unwrap();
    fs::write(root.join("index.html"), "odd").unwrap();
    let (_program, address) = Program::start(onepoll().arg(root));
    assert_eq!(get(address, "/").text(), "odd");
}

#[test]
fn a_flag_wins_over_the_environment() {
    let root = folder(&[]);
    let four_kibibytes =
        [&b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4096\r\n\r\n"[..], &[b'x'; 4096]].concat();
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, _)] = &[
        (&[],                      &[],                              200),
        (&[],                      &[("ONEPOLL_MAX_BODY", "2KiB")],  413),
        (&["--max-body", "2KiB"],  &[],                              413),
        (&["--max-body", "8KiB"],  &[("ONEPOLL_MAX_BODY", "2KiB")],  200),
        (&["--bind", "127.0.0.1"], &[("ONEPOLL_BIND", "192.0.2.1")], 200),
        (&["--port", "0"],         &[("ONEPOLL_PORT", "nonsense")],  200),
    ];
    for (arguments, environment, status) in table {
        let mut command = onepoll();
        let (_program, address) =
            Program::start(command.arg(root.path()).args(*arguments).envs(environment.iter().copied()));
        let mut answer = &ask(address, &four_kibibytes)[..];
        assert_eq!(read_answer(&mut answer, "POST").status, *status, "{arguments:?} {environment:?}");
    }
}

#[test]
fn every_flag_is_read_from_the_environment() {
    for (variable, value, flag) in [
        ("ONEPOLL_PORT", "nonsense", "--port"),
        ("ONEPOLL_BIND", "[::1]:80", "--bind"),
        ("ONEPOLL_OPEN", "http://a/", "--open"),
        ("ONEPOLL_QR", "nonsense", "--qr"),
        ("ONEPOLL_REUSE_PORT", "nonsense", "--reuse-port"),
        ("ONEPOLL_INDEX", "a/b", "--index"),
        ("ONEPOLL_LISTING", "nonsense", "--listing"),
        ("ONEPOLL_HIDDEN", "nonsense", "--hidden"),
        ("ONEPOLL_FOLLOW_LINKS", "nonsense", "--follow-links"),
        ("ONEPOLL_PREFIX", "/a//b/", "--prefix"),
        ("ONEPOLL_WATCH", "nonsense", "--watch"),
        ("ONEPOLL_CACHE", "nonsense", "--cache"),
        ("ONEPOLL_CACHE_MEMORY", "nonsense", "--cache-memory"),
        ("ONEPOLL_NO_COMPRESS", "nonsense", "--no-compress"),
        ("ONEPOLL_MIME", "nonsense", "--mime"),
        ("ONEPOLL_HEADER", "nonsense", "--header"),
        ("ONEPOLL_CORS", "nonsense", "--cors"),
        ("ONEPOLL_ISOLATE", "nonsense", "--isolate"),
        ("ONEPOLL_MAX_CONNECTIONS", "nonsense", "--max-connections"),
        ("ONEPOLL_MAX_REQUEST_LINE", "nonsense", "--max-request-line"),
        ("ONEPOLL_MAX_HEAD", "nonsense", "--max-head"),
        ("ONEPOLL_MAX_FIELDS", "nonsense", "--max-fields"),
        ("ONEPOLL_MAX_BODY", "nonsense", "--max-body"),
        ("ONEPOLL_HEAD_TIMEOUT", "nonsense", "--head-timeout"),
        ("ONEPOLL_BODY_TIMEOUT", "nonsense", "--body-timeout"),
        ("ONEPOLL_WRITE_TIMEOUT", "nonsense", "--write-timeout"),
        ("ONEPOLL_IDLE_TIMEOUT", "nonsense", "--idle-timeout"),
        ("ONEPOLL_GRACE", "nonsense", "--grace"),
    ] {
        let error = refused(onepoll().env(variable, value), 2);
        assert!(error.contains(flag) && error.contains(value), "{variable}: {error}");
    }
}

/// Both programs have the port, and both answer. The kernel picks one for each connection by a hash of its addresses,
/// so the chance that all of fifty go to one program is 1 in 2^49.
#[test]
fn several_share_a_port_where_all_of_them_say_so() {
    let [one, other] = [folder(&[("name", b"one")]), folder(&[("name", b"other")])];
    let (_first, address) = Program::start(onepoll().arg(one.path()).arg("--reuse-port"));
    let port = address.port().to_string();
    let (_second, same) = Program::start(onepoll().arg(other.path()).args(["--reuse-port", "-p", &port]));
    assert_eq!(same, address);
    let names: BTreeSet<_> = (0..50).map(|_| get(address, "/name").text().to_owned()).collect();
    assert_eq!(names, ["one", "other"].map(str::to_owned).into());
    let error = refused(onepoll().arg(one.path()).args(["-p", &port]), 1);
    assert!(error.contains("is in use"), "who does not share finds it taken: {error}");
}

// Which files are served, how, and to which clients.

#[test]
fn flags_say_what_is_served() {
    let outer = folder(&[
        ("secret", b"outside"),
        ("site/index.html", b"here"),
        ("site/.env", b"hidden"),
        ("site/.well-known/a", b"known"),
        ("site/bare/file", b""),
    ]);
    let root = outer.path().join("site");
    symlink("../secret", root.join("link")).unwrap();
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, [u16; 5])] = &[
        //                                                      /    /.env /.well-known/a /link /bare/
        (&[],                   &[],                               [200, 404,  200,           404,  200]),
        (&["--hidden"],         &[],                               [200, 200,  200,           404,  200]),
        (&[],                   &[("ONEPOLL_HIDDEN", "1")],        [200, 200,  200,           404,  200]),
        (&[],                   &[("ONEPOLL_HIDDEN", "true")],     [200, 200,  200,           404,  200]),
        (&[],                   &[("ONEPOLL_HIDDEN", "0")],        [200, 404,  200,           404,  200]),
        (&[],                   &[("ONEPOLL_HIDDEN", "false")],    [200, 404,  200,           404,  200]),
        (&["--follow-links"],   &[],                               [200, 404,  200,           200,  200]),
        (&[],                   &[("ONEPOLL_FOLLOW_LINKS", "1")],  [200, 404,  200,           200,  200]),
        (&["--listing", "off"], &[],                               [200, 404,  200,           404,  404]),
        (&["--listing", "on"],  &[("ONEPOLL_LISTING", "off")],     [200, 404,  200,           404,  200]),
        (&[],                   &[("ONEPOLL_LISTING", "off")],     [200, 404,  200,           404,  404]),
    ];
    for (arguments, environment, expected) in table {
        let mut command = onepoll();
        command.arg(&root).args(*arguments).envs(environment.iter().copied());
        let (_program, address) = Program::start(&mut command);
        let paths = ["/", "/.env", "/.well-known/a", "/link", "/bare/"];
        let statuses = paths.map(|path| get(address, path).status);
        assert_eq!(statuses, *expected, "{arguments:?} {environment:?}");
    }
}

#[test]
fn links_that_are_followed_outside_are_warned_of_however_quiet_the_log_is() {
    let root = folder(&[]);
    for (arguments, environment, is_warned) in [
        (&["--follow-links"][..], &[("RUST_LOG", "error")][..], true),
        (&[], &[("RUST_LOG", "off"), ("ONEPOLL_FOLLOW_LINKS", "yes")], true),
        (&["--hidden"], &[("ONEPOLL_FOLLOW_LINKS", "no")], false),
    ] {
        let mut command = onepoll();
        command.arg(root.path()).args(arguments).envs(environment.iter().copied());
        let (program, _) = Program::start(&mut command);
        program.signal(Signal::TERM);
        let (_, log) = program.end();
        let warnings: Vec<_> = log.lines().filter(|line| line.contains("WARNING")).collect();
        assert_eq!(warnings.len(), usize::from(is_warned), "{log}");
        for word in ["--follow-links", "outside", root.path().to_str().unwrap()] {
            assert!(warnings.iter().all(|line| line.contains(word)), "{word}: {log}");
        }
    }
}

#[test]
fn flags_say_how_files_are_kept_and_sent() {
    let root = folder(&[("text.txt", &b"text ".repeat(1000))]);
    let whole = fs::read(root.path().join("text.txt")).unwrap();
    let (fresh, gzip) = (Some("no-cache"), Some("gzip"));
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, _, _)] = &[
        //                                                          Cache-Control         Content-Encoding, in the end
        (&[],                          &[],                               fresh,                gzip),
        (&["--cache", "60"],           &[],                               Some("max-age=60"),   gzip),
        (&["--cache", "0"],            &[("ONEPOLL_CACHE", "60")],        Some("max-age=0"),    gzip),
        (&[],                          &[("ONEPOLL_CACHE", "31536000")],  Some("max-age=31536000"), gzip),
        (&["--no-compress"],           &[],                               fresh,                None),
        (&[],                          &[("ONEPOLL_NO_COMPRESS", "1")],   fresh,                None),
        (&["--cache-memory", "1MiB"],  &[],                               fresh,                gzip),
        (&["--cache-memory", "1KiB"],  &[],                               fresh,                None),
        (&["--cache-memory", "0"],     &[],                               fresh,                None),
        (&[],                          &[("ONEPOLL_CACHE_MEMORY", "0")],  fresh,                None),
    ];
    for (arguments, environment, cache_control, coding) in table {
        let mut command = onepoll();
        command.arg(root.path()).args(*arguments).envs(environment.iter().copied());
        let (_program, address) = Program::start(&mut command);
        let mut stream = connect(address);
        let mut ask = || {
            let request = b"GET /text.txt HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n";
            stream.write_all(request).unwrap();
            read_answer(&mut stream, "GET")
        };
        // A file is cached once it has a strong tag, and compressed for later requests.
        let answer = until(format_args!("a tag that stays with {arguments:?} {environment:?}"), || {
            let answer = ask();
            let is_strong = answer.field("etag").unwrap().starts_with('"');
            let is_coded = coding.is_none() || answer.field("content-encoding").is_some();
            if is_strong && is_coded { Ok(answer) } else { Err(answer.head) }
        });
        // Without a cache, or without compression, the answer stays the same.
        for answer in [answer, ask(), ask(), ask()] {
            assert_eq!(answer.field("cache-control"), *cache_control, "{arguments:?} {environment:?}");
            assert_eq!(answer.field("content-encoding"), *coding, "{arguments:?} {environment:?}");
            assert!(coding.is_some() || answer.body == whole);
        }
    }
}

#[test]
fn a_host_that_is_refused_is_told_how_to_be_allowed() {
    let root = folder(&[("index.html", b"here")]);
    let get_for = |address, host: &str| {
        let bytes = ask(address, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        read_answer(&mut &bytes[..], "GET").status
    };
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, &[&str], &[&str])] = &[
        (&[],                                           &[],                               &["localhost", "127.0.0.1:1"],       &["dev.example", "b"]),
        (&["--allow-host", "dev.example"],              &[],                               &["localhost", "DEV.example:80"],    &["b", "a.dev.example"]),
        (&["--allow-host", "dev.example:80,b."],        &[],                               &["[::1]", "dev.example", "b"],      &["dev"]),
        (&["--allow-host", "a.b", "--allow-host", "b"], &[("ONEPOLL_ALLOW_HOST", "c")],    &["a.b", "b:1", "b."],               &["c"]),
        (&[],                                           &[("ONEPOLL_ALLOW_HOST", "b,c")],  &["b", "c", "x.localhost"],          &["d"]),
        (&["--allow-host", "*"],                        &[],                               &["b", "dev.example", "127.1"],      &[]),
    ];
    for (arguments, environment, allowed, refused) in table {
        let mut command = onepoll();
        command.arg(root.path()).args(*arguments).envs(environment.iter().copied());
        let (_program, address) = Program::start(&mut command);
        for host in *allowed {
            assert_eq!(get_for(address, host), 200, "{arguments:?} {environment:?} {host}");
        }
        for host in *refused {
            assert_eq!(get_for(address, host), 421, "{arguments:?} {environment:?} {host}");
        }
    }

    let (program, address) = Program::start(onepoll().arg(root.path()));
    let long = "a".repeat(5000);
    #[rustfmt::skip]
    let table = [
        // Host                        the advice in the log
        ("dev.example",                "--allow-host dev.example allows it"),
        ("two.example:8080",           "--allow-host two.example allows it"),
        ("Three.Example.:80",          "--allow-host Three.Example allows it"),
        // A user who follows the advice in a shell must not run anything else by it.
        ("evil;id",                    "--allow-host NAME allows it"),
        ("$(id)",                      "--allow-host NAME allows it"),
        ("'&id&'",                     "--allow-host NAME allows it"),
        ("*",                          "--allow-host NAME allows it"),
        ("%1b%5b31m",                  "--allow-host NAME allows it"),
    ];
    for (host, advice) in table {
        // The advice is logged once: a second line would come before the next one that this test expects.
        assert_eq!([(); 2].map(|()| get_for(address, host)), [421; 2], "{host}");
        let line = program.told("was refused");
        assert!(line.contains("WARN") && line.ends_with(advice), "{host}: {line}");
        assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{host}: {line}");
    }
    assert_eq!(get_for(address, &long), 421);
    assert!(program.told("was refused").len() < 3000, "what a client says is bounded");
}

// What the program says when it cannot serve, and when it is asked.

#[test]
fn what_cannot_be_served_is_one_line_that_names_it_and_the_way_out() {
    let root = folder(&[("file", b"")]);
    let path = root.path().to_str().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap();
    let (port, taken) = (taken.port().to_string(), taken.to_string());
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, &str, &str)] = &[
        (&["-p", &port],       &[],                              &taken,               "--port"),
        (&[],                  &[("ONEPOLL_PORT", &port)],       &taken,               "--port"),
        (&["nowhere"],         &[],                              "nowhere:",           "onepoll DIR"),
        (&[],                  &[("ONEPOLL_DIR", "nowhere")],    "nowhere:",           "onepoll DIR"),
        (&["file/below"],      &[],                              "file/below:",        "onepoll DIR"),
        (&["-b", "192.0.2.1"], &[],                              "192.0.2.1",          "--bind 127.0.0.1"),
        (&[],                  &[("ONEPOLL_BIND", "192.0.2.1")], "192.0.2.1",          "--bind 127.0.0.1"),
    ];
    for (arguments, environment, thing, way_out) in table {
        let mut command = onepoll();
        command.current_dir(path).args(*arguments).envs(environment.iter().copied());
        assert_sentence(&refused(&mut command, 1), thing, way_out);
    }
}

#[test]
fn what_it_has_no_permission_for_is_said_at_the_start() {
    let Some(nobody) = Nobody::new() else { return };
    let root =
        folder(&[("closed/index.html", b""), ("nameless/index.html", b"by name"), ("secret.txt", b"closed")]);
    let set = |name, mode| set_mode(&root.path().join(name), mode);
    set(".", 0o755);
    set("nameless", 0o711);
    set("closed", 0o000);
    for name in ["closed", "closed/below"] {
        assert_sentence(&refused(nobody.onepoll().arg(root.path().join(name)), 1), name, "another");
    }
    set("secret.txt", 0o000);
    let secret = refused(nobody.onepoll().arg(root.path().join("secret.txt")), 1);
    assert_sentence(&secret, "secret.txt: no permission to read this file;", "another");
    set("closed", 0o644);
    assert_sentence(&refused(nobody.onepoll().arg(root.path().join("closed")), 1), "closed", "another");
    // Only a listing would need this permission, and listings are off.
    let (_program, address) = Program::start(nobody.onepoll().arg(root.path().join("nameless")));
    assert_eq!(get(address, "/").text(), "by name");
    set("closed", 0o755);

    let free_from = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if !free_from.is_ok_and(|port| port.trim().parse::<u16>().is_ok_and(|port| port > 1)) {
        return eprintln!("skipped: every port is free for everyone here");
    }
    assert_sentence(
        &refused(nobody.onepoll().arg(root.path()).args(["-p", "1"]), 1),
        "port 1;",
        "--port 8080",
    );
}

#[test]
fn a_file_that_may_not_be_read_is_403() {
    let Some(nobody) = Nobody::new() else { return };
    let root = folder(&[("index.html", b"open"), ("secret.txt", b"closed"), ("folder/a.txt", b"closed")]);
    for (name, mode) in [(".", 0o755), ("index.html", 0o644), ("secret.txt", 0o000), ("folder", 0o000)] {
        set_mode(&root.path().join(name), mode);
    }
    let (_program, address) = Program::start(nobody.onepoll().arg(root.path()));
    for (path, status) in [("/secret.txt", 403), ("/folder/a.txt", 403), ("/folder/", 403), ("/", 200)] {
        let answer = get(address, path);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.text().contains("<h1>403 Forbidden</h1>"), status == 403, "{path}");
    }
    set_mode(&root.path().join("folder"), 0o755);
}

#[test]
fn usage_errors_exit_with_2() {
    #[rustfmt::skip]
    let table: &[&[&str]] = &[
        &["--nonsense"], &["one", "two"], &["--port"], &["--port", "65536"], &["--port", "-1"], &["--max-body", "many"],
        &["--listing", "maybe"], &["--cache", "-1"], &["--cache", "soon"], &["--cache-memory", "-1"],
        &["--hidden=yes"], &["--allow-host"], &["--max-connections", "0"], &["--grace", "-1"], &["--index", "../x"], &["--index", ""],
    ];
    for arguments in table {
        let error = refused(onepoll().args(*arguments), 2);
        assert!(error.starts_with("error: ") && error.contains("--help"), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_slip_of_the_pen_is_told_the_way_out() {
    let root = folder(&[]);
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, i32, &str)] = &[
        (&["--prot", "80"],              &[],                                   2, "no flag --prot; the nearest is --port"),
        (&["-P", "80"],                  &[],                                   2, "no flag -P; the nearest is -p"),
        (&["--Port", "80"],              &[],                                   2, "no flag --Port; the nearest is --port"),
        (&["--listings", "on"],          &[],                                   2, "no flag --listings; the nearest is --listing"),
        (&["-port", "80"],               &[],                                   2, "no flag -port; the nearest is --port"),
        (&["-bind", "127.0.0.1"],        &[],                                   2, "no flag -bind; the nearest is --bind"),
        (&["--nonsense"],                &[],                                   2, "no flag --nonsense;"),
        (&["--bind", "127.0.0.1:9000"],  &[],                                   2, "the port goes to --port: --bind 127.0.0.1 --port 9000"),
        (&["--bind", "[::1]:9000"],      &[],                                   2, "the port goes to --port: --bind ::1 --port 9000"),
        (&["--bind", "http://a:9000/"],  &[],                                   2, "the port goes to --port: --bind a --port 9000"),
        (&["--port", "0.0.0.0:9000"],    &[],                                   2, "the address goes to --bind: --bind 0.0.0.0 --port 9000"),
        (&["--port", "abc"],             &[],                                   2, "'abc' for --port: a number from 0 to 65535"),
        (&["--port", "70000"],           &[],                                   2, "'70000' for --port: a number from 0 to 65535"),
        (&["--port", "-1"],              &[],                                   2, "'-1' for --port: a number from 0 to 65535"),
        (&["--port"],                    &[],                                   2, "a value is missing for --port"),
        (&["--port", "1", "--port", "2"], &[],                                  2, "--port is there more than once"),
        (&["--cache", "soon"],           &[],                                   2, "'soon' for --cache: whole seconds"),
        (&["--prefix", "/repo/?q"],      &[],                                   2, "'/repo/?q' for --prefix: a path alone, such as /repo/"),
        (&["--prefix", "/.onepoll/"],    &[],                                   2, "for --prefix: a path of names that do not begin with a dot"),
        (&["--open=http://a/"],          &[],                                   2, "'http://a/' for --open: a path of the site, such as docs/"),
        (&["-open"],                     &[],                                   2, "no flag -open; the nearest is --open"),
        (&["--qr"],                      &[],                                   2, "only this one can reach the server; add --bind 0.0.0.0"),
        (&["--qr", "-b", "localhost,::1"], &[],                                 2, "only this one can reach the server; add --bind 0.0.0.0"),
        (&["-b", "127.0.0.2"],           &[("ONEPOLL_QR", "yes")],              2, "--qr (from ONEPOLL_QR) is for other machines"),
        (&["--hidden=yes"],              &[],                                   2, "--hidden takes no value, such as 'yes'"),
        (&[".", "9000"],                 &[],                                   2, "'9000' is one argument too many, as one folder or one file is served; try --port 9000"),
        (&["9000"],                      &[],                                   1, "9000: no such folder or file; to listen there: onepoll --port 9000"),
        (&["127.0.0.1:9000"],            &[],                                   1, "to listen there: onepoll --bind 127.0.0.1 --port 9000"),
        (&["http://localhost:9000/"],    &[],                                   1, "to listen there: onepoll --port 9000"),
        // A user may have set a variable long ago and forgotten it.
        (&[],                            &[("ONEPOLL_PORT", "abc\n")],          2, "ONEPOLL_PORT: invalid value 'abc\\n' for --port: a number"),
        (&[],                            &[("ONEPOLL_BIND", "127.0.0.1:9000")], 2, "ONEPOLL_BIND: invalid value"),
        (&[],                            &[("ONEPOLL_HIDDEN", "some")],         2, "ONEPOLL_HIDDEN: invalid value 'some' for --hidden: yes or no"),
        (&["--port", "70000"],           &[("ONEPOLL_PORT", "abc")],            2, "error: invalid value '70000'"),
        (&[],                            &[("ONEPOLL_DIR", "")],                2, "ONEPOLL_DIR: a value is missing"),
        (&[],                            &[("ONEPOLL_DIR", "nowhere")],         1, "nowhere: no such folder or file (from ONEPOLL_DIR)"),
        (&[],                            &[("ONEPOLL_BIND", "192.0.2.1")],      1, "(from ONEPOLL_BIND); try --bind 127.0.0.1"),
    ];
    for (arguments, environment, code, way_out) in table {
        let mut command = onepoll();
        command.current_dir(root.path()).args(*arguments).envs(environment.iter().copied());
        let error = refused(&mut command, *code);
        assert!(
            error.lines().count() == 1 && error.contains(way_out),
            "{arguments:?} {environment:?}: {error}"
        );
        assert!(!error.contains("-- -"), "{error}");
    }
}

#[test]
fn a_value_that_makes_no_sense_is_told_what_would() {
    let table = [
        (["--max-body", "12xyz"], "a size, such as 65536, 64KiB or 10MB"),
        (["--cache-memory", "-5"], "a size, such as 65536, 64KiB or 10MB"),
        (["--max-head", "0"], "from 1 byte to 1 TiB"),
        (["--grace", "-1"], "seconds, such as 0.5, up to a year of them"),
        (["--idle-timeout", "soon"], "seconds, such as 0.5, up to a year of them"),
        // Some users would mean "no timeout" by 0, and others "at once".
        (["--idle-timeout", "0"], "more than 0 seconds"),
        (["--write-timeout", "0.0"], "more than 0 seconds"),
        (["--max-connections", "-1"], "a number from 1 on"),
        // A `Host` of a client can never equal one of these.
        (["--allow-host", "http://dev.example"], "a name such as dev.example, without http://"),
        (["--allow-host", "dev.example/"], "without a path"),
        (["--allow-host", "*.example"], "* for any"),
        (["--allow-host", "a,"], "a name such as dev.example"),
        (["--allow-host", "b\u{fc}ro.example"], "a name such as dev.example"),
    ];
    for (arguments, meant) in table {
        let error = refused(onepoll().args(arguments), 2);
        let [flag, value] = arguments;
        let is_named = error.contains(flag) && error.contains(value.trim_start_matches("a,"));
        assert!(is_named && error.contains(meant), "{arguments:?}: {error}");
    }
}

#[test]
fn a_field_that_is_not_for_the_user_to_set_is_refused_with_the_reason() {
    let frames = "frames a message or belongs to the connection";
    let decided = "is decided for each answer";
    #[rustfmt::skip]
    let table = [
        ("",                                    "a name, a colon and a value, such as 'X-Frame-Options: DENY'"),
        ("X-A",                                 "a name, a colon and a value"),
        (": b",                                 "the name before the colon is missing"),
        ("X A: b",                              "the name of a field is letters, digits and hyphens"),
        ("X-A : b",                             "with a colon at once behind it"),
        (" X-A: b",                             "the name of a field"),
        ("b\u{fc}ro: b",                        "the name of a field"),
        ("X-A: b\rX-B: c",                      "the value of X-A holds a control byte"),
        ("X-A: b\r\nX-B: c",                    "the value of X-A holds a control byte"),
        ("X-A: b\nX-B: c",                      "a line feed ends a field; give --header again for the next"),
        ("X-A: b\n",                            "a line feed ends a field"),
        ("X-A: b\tc",                           "the value of X-A holds a control byte"),
        ("X-A: \x7f",                           "the value of X-A holds a control byte"),
        ("X-A: \u{9b}31m",                      "the value of X-A holds a control byte"),
        ("Connection: close",                   frames),
        ("content-length: 5",                   frames),
        ("TRANSFER-ENCODING: chunked",          frames),
        ("Upgrade: websocket",                  frames),
        ("Trailer: X-A",                        frames),
        ("TE: trailers",                        frames),
        ("Keep-Alive: timeout=5",               frames),
        ("Proxy-Connection: close",             frames),
        ("Content-Encoding: gzip",              decided),
        ("Content-Range: bytes 0-1/2",          decided),
        ("ETag: \"a\"",                         decided),
        ("Last-Modified: now",                  decided),
        ("Date: now",                           decided),
        ("Allow: GET",                          decided),
        ("Location: /",                         decided),
        ("Accept-Ranges: none",                 decided),
        ("Retry-After: 1",                      decided),
        ("Age: 1",                              decided),
        ("Content-Type: text/html",             "depends on the file; --mime EXT=TYPE sets it"),
        ("Host: a",                             "is a field of requests"),
        ("Vary: a b",                           "Vary is a list of names"),
        ("Vary:",                               "Vary is a list of names"),
        ("Access-Control-Allow-Origin: *",      "is set by --cors"),
        ("access-control-max-age: 5",           "is set by --cors"),
        ("Access-Control-Allow-Credentials: 1", "is true, or is not sent"),
        // Without `--cors`; the next test has it.
        ("Access-Control-Allow-Credentials: true", "--cors=ORIGIN does, and goes with it"),
    ];
    for (value, why) in table {
        let error = refused(onepoll().args(["--header", "X-Good: a", "--header", value]), 2);
        let is_one_line = error.lines().count() == 1 && error.starts_with("error: invalid value ");
        assert!(is_one_line && error.contains("for --header") && error.contains(why), "{value:?}: {error}");
        if !value.contains('\n') && !value.is_empty() {
            let lines = format!("X-Good: a\n{value}");
            let error = refused(onepoll().env("ONEPOLL_HEADER", lines), 2);
            let is_one_line = error.lines().count() == 1 && error.contains("ONEPOLL_HEADER");
            assert!(is_one_line && error.contains(why), "{value:?}: {error}");
        }
    }
}

#[test]
fn an_origin_that_no_browser_sends_is_refused_with_the_reason() {
    let credentials = ["--header", "access-control-allow-credentials: true"];
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, &str)] = &[
        (&["--cors=null"],                      &[],                              "null is the origin of many pages"),
        (&["--cors="],                          &[],                              "an origin begins with its scheme"),
        (&["--cors=app.example"],               &[],                              "an origin begins with its scheme"),
        (&["--cors=https://app.example/path"],  &[],                              "an origin has no path"),
        (&["--cors", "https://app.example/a"],  &[],                              "an origin has no path"),
        (&["--cors", "localhost:3000"],         &[],                              "an origin begins with its scheme"),
        (&["--cors=https://user@app.example"],  &[],                              "an origin names no user"),
        (&["--cors=https://*.example"],         &[],                              "* alone is any origin"),
        (&["--cors", "--cors=https://a"],       &[],                              "for any origin or for those it names, and not for both"),
        (&["--cors=*", "--cors=https://a"],     &[],                              "and not for both"),
        (&["--cors=https://a,*"],               &[],                              "and not for both"),
        (&["--cors=https://a", "--cors=no"],    &[],                              "and not for both"),
        (&[],                                   &[("ONEPOLL_CORS", "https://a,*")], "--cors (from ONEPOLL_CORS) is for any origin"),
        (&[],                                   &[("ONEPOLL_CORS", "a")],         "ONEPOLL_CORS: invalid value 'a' for --cors: an origin"),
        (&["--cors=b"],                         &[("ONEPOLL_CORS", "a")],         "error: invalid value 'b' for --cors: an origin"),
        (&["--cors", "http://b/c"],             &[("ONEPOLL_CORS", "a")],         "error: invalid value 'http://b/c' for --cors: an origin"),
        (&["--cors", credentials[0], credentials[1]], &[],                        "and never for any origin"),
        (&credentials,                          &[("ONEPOLL_CORS", "*")],         "and never for any origin"),
        (&credentials,                          &[("ONEPOLL_CORS", "no")],        "--cors=ORIGIN does, and goes with it"),
        (&["--cors"],                           &[("ONEPOLL_HEADER", credentials[1])], "for --header (from ONEPOLL_HEADER): credentials"),
    ];
    for (arguments, environment, why) in table {
        let error = refused(onepoll().args(*arguments).envs(environment.iter().copied()), 2);
        let is_one_line = error.lines().count() == 1 && error.starts_with("error: ");
        assert!(is_one_line && error.contains(why), "{arguments:?} {environment:?}: {error}");
    }
}

/// What `flags` mean in an answer, and what the start says of it.
#[test]
fn flags_say_which_fields_answers_have_and_whose_pages_read_them() {
    let root = folder(&[("index.html", b"here")]);
    let here = root.path().to_str().unwrap();
    let credentials = "Access-Control-Allow-Credentials: true";
    let origins =
        |more| format!("Pages of https://a.example, http://b:8080 may read what is served{more} (--cors)");
    let any = Some("Pages of any site may read what is served (--cors)".to_owned());
    let named = || Some(origins(""));
    let both = "HTTPS://a.example:443/,http://b:8080";
    let [own, own_any] =
        ["https://a.example", "*"].map(|origin| ("access-control-allow-origin", Some(origin)));
    #[rustfmt::skip]
    let table: &[(&Arguments, &Environment, _, Option<String>)] = &[
        (&[here],                                 &[],                                (own.0, None),                     None),
        (&[here, "--header", "X-A: b"],           &[],                                ("x-a", Some("b")),                None),
        (&["--header", "X-B: a", "--header=X-A:b", here], &[],                        ("x-a", Some("b")),                None),
        (&[here],                                 &[("ONEPOLL_HEADER", "X-B: a\nX-A: b, c\n")], ("x-a", Some("b, c")),   None),
        (&[here, "--header", "X-B: a"],           &[("ONEPOLL_HEADER", "X-A: b")],    ("x-a", None),                     None),
        (&[here, "--header", "Cache-Control: no-store"], &[],                         ("cache-control", Some("no-store")), None),
        (&[here, "--isolate"],                    &[],                                ("cross-origin-opener-policy", Some("same-origin")), None),
        (&[here],                                 &[("ONEPOLL_ISOLATE", "yes")],      ("cross-origin-embedder-policy", Some("require-corp")), None),
        (&["--cors", here],                       &[],                                own_any,                           any.clone()),
        (&["--cors", "*", here],                  &[],                                own_any,                           any.clone()),
        (&["--cors=*", "--cors", here],           &[],                                own_any,                           any.clone()),
        (&[here],                                 &[("ONEPOLL_CORS", "*")],           own_any,                           any.clone()),
        (&[here],                                 &[("ONEPOLL_CORS", "Yes")],         own_any,                           any),
        (&[here],                                 &[("ONEPOLL_CORS", "0")],           (own.0, None),                     None),
        (&["--cors=no", here],                    &[("ONEPOLL_CORS", "1")],           (own.0, None),                     None),
        (&["--cors=https://a.example/", "--cors=http://b:8080", here], &[],           own,                               named()),
        (&["--cors", "https://a.example", "--cors", "http://b:8080", here], &[],      own,                               named()),
        (&[here],                                 &[("ONEPOLL_CORS", both)],          own,                               named()),
        (&[here],                                 &[("ONEPOLL_CORS", "https://a.example, http://b:8080 ")], own,     named()),
        (&["--cors=http://b:8080", here],         &[("ONEPOLL_CORS", "*")],           (own.0, None),                     Some("Pages of http://b:8080 may read what is served (--cors)".into())),
        (&["--header", credentials, here],        &[("ONEPOLL_CORS", both)],          ("access-control-allow-credentials", Some("true")), Some(origins(", with credentials too"))),
    ];
    for (arguments, environment, (name, value), said) in table {
        let mut command = onepoll();
        command.args(*arguments).envs(environment.iter().copied());
        // The inspector has the last line of the start.
        let (program, address) = Program::start(command.arg("--inspect"));
        let lines: Vec<_> = std::iter::from_fn(|| program.said())
            .take_while(|line| !line.starts_with("Watch the loop"))
            .filter(|line| line.starts_with("Pages of"))
            .collect();
        assert_eq!(lines, said.iter().cloned().collect::<Vec<_>>(), "{arguments:?} {environment:?}");
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example\r\n\r\n";
        let answer = read_answer(&mut &ask(address, request)[..], "GET");
        assert_eq!(answer.field(name), *value, "{arguments:?} {environment:?}: {}", answer.head);
    }
}

#[test]
fn the_help_fits_80_columns_and_explains_each_flag_in_its_group() {
    for terminal in [&[][..], &[("COLUMNS", "80")], &[("COLUMNS", "200")]] {
        let help = printed(onepoll().arg("--help").envs(terminal.iter().copied()));
        let widest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80 && !help.contains("[default:\n"), "{help}");
        assert!(!help.contains(" \n") && !help.contains("\n\n\n") && !help.contains('\u{1b}'), "{help}");
        let mut group = "";
        let mut found = BTreeSet::new();
        let mut texts: Vec<String> = Vec::new();
        for line in help.lines() {
            let text = line.trim_start();
            match (line.len() - text.len(), line.strip_suffix(':')) {
                (0, Some(heading)) => group = heading,
                (2 | 6, _) if text.starts_with('-') => {
                    let names = text.split([' ', ',', '[', '.']).filter(|word| word.starts_with("--"));
                    found.extend(names.map(|flag| (group, flag)));
                    texts.push(String::new());
                }
                (10, _) => texts.iter_mut().last().into_iter().for_each(|it| it.extend([text, " "])),
                _ => {}
            }
        }
        let flags = |group, flags: &'static str| flags.split(' ').map(move |flag| (group, flag));
        let expected = flags("Where", "--port --bind --open --qr --allow-host --reuse-port")
            .chain(flags(
                "Files",
                "--listing --watch --spa --clean-urls --index --prefix --hidden --follow-links",
            ))
            .chain(flags("Answers", "--cors --header --cache --mime --no-compress --isolate"))
            .chain(flags("Log", "--inspect --log --quiet --verbose"))
            .chain(flags(
                "Limits",
                "--max-connections --max-request-line --max-head --max-fields --max-body --cache-memory",
            ))
            .chain(flags("Timeouts", "--head-timeout --body-timeout --write-timeout --idle-timeout --grace"))
            .chain(flags("Help", "--completions --man --help --version"));
        assert_eq!(found, expected.collect::<BTreeSet<_>>(), "{help}");
        let (_, examples) = help.split_once("\nExamples:\n").expect(&help);
        let named = examples.split_whitespace().filter(|word| word.starts_with("--"));
        let unknown: Vec<_> = named.filter(|word| !found.iter().any(|(_, flag)| flag == word)).collect();
        assert!(unknown.is_empty(), "examples have flags that are unknown: {unknown:?}");
        let is_whole =
            |text: &&String| text.split(" [default: ").next().is_some_and(|it| it.trim_end().ends_with('.'));
        let cut: Vec<_> = texts.iter().filter(|text| !is_whole(text)).collect();
        assert!(cut.is_empty() && texts.len() > 30, "these are no whole sentences: {cut:#?}");
        for word in ["[DIR|FILE]", "www", "8080", "127.0.0.1", "index.html", "ONEPOLL_PORT", "RUST_LOG"] {
            assert!(help.contains(word), "{word}: {help}");
        }
        assert!(help.contains("onepoll --bind 0.0.0.0 --listing on --qr DIR\n"), "how to share a folder");
    }
    assert_eq!(printed(onepoll().arg("-V")), format!("onepoll {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(printed(onepoll().arg("--version")), printed(onepoll().arg("-V")));
}

#[test]
fn the_short_help_is_one_screen() {
    let long = printed(onepoll().arg("--help"));
    for terminal in [&[][..], &[("COLUMNS", "80")], &[("COLUMNS", "200")]] {
        let help = printed(onepoll().arg("-h").envs(terminal.iter().copied()));
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        assert!(help.lines().count() <= 24, "{} lines: {help}", help.lines().count());
        assert!(help.lines().last().unwrap().starts_with("--help shows all"), "{help}");
        // Each flag is in a line of its own, which is none of a text.
        let flags = help.lines().filter(|line| line.starts_with("  "));
        let flags: Vec<_> =
            flags.filter_map(|line| line.split_whitespace().find(|it| it.starts_with("--"))).collect();
        for flag in ["--port", "--bind", "--listing", "--watch", "--spa", "--help"] {
            assert!(flags.contains(&flag), "{flag}: {help}");
        }
        assert!(help.contains("[DIR|FILE]") && help.contains("--cors[="), "{help}");
        assert!(
            flags.len() <= 10
                && flags.len() == help.matches("\n  -").count() + help.matches("\n      --").count()
        );
        let named: Vec<_> = flags.iter().map(|flag| flag.split('[').next().unwrap()).collect();
        assert!(named.iter().all(|flag| long.contains(flag)), "{named:?}");
    }
    // With other words beside it, and twice.
    assert_eq!(printed(onepoll().args(["--watch", "-h", "--help"])), printed(onepoll().arg("-h")));
    assert_eq!(printed(onepoll().args(["--help", "-h"])), long);
}

// How the program ends.

#[test]
fn a_signal_lets_what_is_in_flight_finish() {
    let large = patterned(24 << 20);
    let root = folder(&[("index.html", b"here"), ("large.bin", &large)]);
    for signal in [Signal::INT, Signal::TERM] {
        // An address where no other test listens, so that no other test takes the port when it is free.
        let mut command = onepoll();
        command.arg(root.path()).args(["--bind", "127.0.0.2", "--grace", "600"]).env("RUST_LOG", "trace");
        let (program, address) = Program::start(&mut command);
        let [mut head, mut body, mut download, mut kept, mut silent] = [(); 5].map(|()| connect(address));
        let came = |id, bytes: &[u8]| program.told(&format!("#{id} recv(65536) = Bytes({})", bytes.len()));

        let half_a_head = b"GET / HTTP/1.1\r\nHo";
        head.write_all(half_a_head).unwrap();
        came(0, half_a_head);
        let half_a_body = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345";
        body.write_all(half_a_body).unwrap();
        came(1, half_a_body);
        download.write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut start = [0; 12];
        download.read_exact(&mut start).unwrap();
        assert_eq!(read_kept(&mut kept, "/").text(), "here");
        program.told("#4 accepted");

        program.signal(signal);
        for idle in [&mut kept, &mut silent] {
            assert_eq!(idle.read(&mut [0]).unwrap(), 0, "an idle connection ends at once");
        }
        let refused = TcpStream::connect(address).map(drop).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::ConnectionRefused));

        head.write_all(b"st: localhost\r\n\r\n").unwrap();
        let answer = read_last(head, "GET");
        assert_eq!((answer.status, answer.field("connection")), (200, Some("close")));
        body.write_all(b"67890").unwrap();
        let answer = read_last(body, "POST");
        assert_eq!((answer.status, answer.field("connection")), (200, Some("close")));
        assert!(answer.text().contains("POST Request Received"));
        let answer = read_last(start.chain(download), "GET");
        assert!(answer.body == large, "the download is whole");

        let (status, log) = program.end();
        assert_eq!(status.code(), Some(0), "{log}");
    }
}

#[test]
fn with_nothing_in_flight_a_signal_ends_it_at_once() {
    let root = folder(&[]);
    for signal in [Signal::INT, Signal::TERM] {
        // None of these connections would end by itself during the test.
        let patient = ["--grace", "3600", "--idle-timeout", "3600"];
        let (program, address) = Program::start(onepoll().arg(root.path()).args(patient));
        let mut kept: Vec<_> = (0..10).map(|_| connect(address)).collect();
        kept.iter_mut().for_each(|stream| assert_eq!(read_kept(stream, "/missing").status, 404));
        program.signal(signal);
        assert_eq!(program.end().0.code(), Some(0));
    }
}

#[test]
fn grace_bounds_what_is_in_flight() {
    let root = folder(&[]);
    let grace = Duration::from_millis(400);
    let mut command = onepoll();
    command.arg(root.path()).args(["--grace", "0.4", "--body-timeout", "3600"]);
    let (program, address) = Program::start(&mut command);
    let mut unfinished = half_a_post(address);
    let start = Instant::now();
    program.signal(Signal::TERM);
    let (status, log) = program.end();
    assert!(start.elapsed() >= grace, "it was granted");
    assert_eq!(status.code(), Some(0), "{log}");
    let mut answer = Vec::new();
    let _ = unfinished.read_to_end(&mut answer);
    assert_eq!(answer.escape_ascii().to_string(), "", "never answered early");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let root = folder(&[]);
    for (first, second) in
        [(Signal::INT, Signal::INT), (Signal::TERM, Signal::TERM), (Signal::TERM, Signal::INT)]
    {
        let patient = ["--grace", "3600", "--body-timeout", "3600"];
        let (program, address) = Program::start(onepoll().arg(root.path()).args(patient));
        let _unfinished = half_a_post(address);
        program.signal(first);
        program.told("stopping");
        program.signal(second);
        assert_eq!(program.end().0.code(), Some(0));
    }
}

// What the program logs.

#[test]
fn by_default_a_request_is_a_line_in_the_combined_log_format() {
    let large = patterned(300_000);
    let root = folder(&[("a.txt", b"hello"), ("large.bin", &large)]);
    let (program, address) = Program::start(onepoll().arg(root.path()));
    #[rustfmt::skip]
    let table: &[(&str, &str, &str)] = &[
        ("GET /a.txt HTTP/1.1", "Host: localhost\r\nReferer: http://b/?c\r\nUser-Agent: curl/8 \"x\"\r\n",
            r#"200 5 "http://b/?c" "curl/8 \"x\"""#),
        ("HEAD /a.txt HTTP/1.1", "Host: localhost\r\n", r#"200 - "-" "-""#),
        ("GET /large.bin?q=1 HTTP/1.0", "", r#"200 300000 "-" "-""#),
        ("GET /none HTTP/1.1", "Host: localhost\r\n", r#"404 LENGTH "-" "-""#),
        ("POST /a.txt HTTP/1.1", "Host: localhost\r\nContent-Length: 0\r\n", r#"200 30 "-" "-""#),
        ("OPTIONS * HTTP/1.1", "Host: localhost\r\n", r#"204 - "-" "-""#),
        ("BREW /pot HTTP/1.1", "Host: localhost\r\n", r#"501 LENGTH "-" "-""#),
        ("GET / HTTP/1.1", "User-Agent: without host\r\n", r#"400 LENGTH "-" "-""#),
        ("junk", "", r#"400 LENGTH "-" "-""#),
    ];
    for (line, fields, tail) in table {
        let bytes = ask(address, format!("{line}\r\n{fields}\r\n").as_bytes());
        let method = line.split(' ').next().unwrap();
        let answer = read_answer(&mut &bytes[..], method);
        let tail = tail.replace("LENGTH", &answer.body.len().to_string());
        let date = clf_date(answer.field("date").unwrap());
        assert_eq!(program.told(line), format!(r#"127.0.0.1 - - [{date}] "{line}" {tail}"#));
    }
    program.signal(Signal::TERM);
    let (_, rest) = program.end();
    assert_eq!(rest.lines().count(), 1, "only the good-bye is left: {rest}");
}

#[test]
fn a_download_that_was_broken_off_is_logged_with_what_went() {
    let large = patterned(24 << 20);
    let root = folder(&[("large.bin", &large)]);
    let (program, address) = Program::start(onepoll().arg(root.path()));
    let mut stream = connect(address);
    stream.write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 100_000]).unwrap();
    drop(stream);
    let line = program.told("GET /large.bin");
    let went: usize = line.split(' ').rev().nth(2).unwrap().parse().expect(&line);
    assert!((90_000..large.len()).contains(&went), "{line}");
}

#[test]
fn each_level_tells_its_story() {
    let root = folder(&[("a.txt", b"hello")]);
    let request = b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let stopped: &[&str] = &["INFO  stopping"];
    let served: &[&str] = &["DEBUG #0 accepted from 127.0.0.1:", "DEBUG #0 GET ", "DEBUG #0 closed: "];
    let refused: &[&str] = &["DEBUG #1 accepted from ", "DEBUG #1 refused with 400: ", "DEBUG #1 closed: "];
    let looped: &[&str] = &["TRACE epoll_wait(", "TRACE the listener is ready", "TRACE a signal came"];
    let watched: &[&str] =
        &["#0 accepted from", "TRACE #0 epoll_ctl(EPOLL_CTL_ADD, ", "TRACE #0 is readable"];
    let moved: &[&str] = &[
        "TRACE #0 recv(65536) = Bytes(REQUEST)",
        "TRACE #0 Reading -> Writing",
        "TRACE #0 send(ANSWER) = Bytes(ANSWER)",
        "TRACE #0 Writing -> Reading",
        "TRACE #0 recv(65536) = End",
        "TRACE #0 Reading -> Closed",
    ];
    let drained: &[&str] =
        &["TRACE #1 shutdown(SHUT_WR)", "TRACE #1 Writing -> Closing", "TRACE #1 recv(65536) = End"];
    let levels = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
    let stories = [
        vec![],
        vec![],
        vec![stopped],
        vec![stopped, served, refused],
        vec![stopped, served, refused, looped, watched, moved, drained],
    ];
    for (bound, (level, stories)) in levels.iter().zip(stories).enumerate() {
        let mut command = onepoll();
        let (program, address) =
            Program::start(command.arg(root.path()).env("RUST_LOG", level.to_lowercase()));
        let mut stream = connect(address);
        stream.write_all(request).unwrap();
        let answer = read_answer(&mut stream, "GET");
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        assert!(ask(address, b"junk\r\n\r\n").starts_with(b"HTTP/1.1 400 "));
        program.signal(Signal::TERM);
        let (status, log) = program.end();
        assert_eq!(status.code(), Some(0));
        // Where there are no lines about requests, the program says why.
        let notice = format!("onepoll: the log is off: RUST_LOG={}\n", level.to_lowercase());
        let log = if stories.is_empty() { log.strip_prefix(&*notice).expect(&log) } else { &log };

        let (access, own): (Vec<_>, Vec<_>) =
            log.lines().partition(|line| line.starts_with("127.0.0.1 - - ["));
        assert_eq!(access.len(), if stories.is_empty() { 0 } else { 2 }, "{level}: {log}");
        for line in &own {
            let told = line.split_whitespace().nth(1).unwrap();
            assert!(levels[..=bound].contains(&told), "{level} tells {line}");
        }
        for story in &stories {
            let mut lines = own.iter();
            for words in *story {
                let words = words.replace("REQUEST", &request.len().to_string());
                let words = words.replace("ANSWER", &(answer.head.len() + answer.body.len()).to_string());
                assert!(lines.any(|line| line.contains(&words)), "{level}: {words:?} at its place in {log}");
            }
        }
        assert_eq!(own.is_empty(), stories.is_empty(), "{level}: {log}");
    }
}

#[test]
fn control_bytes_of_a_client_never_reach_the_terminal() {
    let root = folder(&[("index.html", b"")]);
    // A line end that would forge a record, escape sequences in one byte and in two, DEL, NUL, and bytes that are not
    // UTF-8.
    let hostile: &[&[u8]] = &[
        b"\x1b[2J\x07",
        b"\n127.0.0.1 - - [forged",
        b"\r",
        b"\x9b31m",
        "\u{9b}31m\u{202e}".as_bytes(),
        b"\x7f\0\xff",
    ];
    #[rustfmt::skip]
    let places: &[(&[u8], &[u8])] = &[
        (b"GET /",                                                          b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (b"GET /?",                                                         b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (b"GET http://",                                                    b"/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (b"CONNECT ",                                                       b":1 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (b"",                                                               b" / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (b"GET / ",                                                         b"\r\nHost: localhost\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: ",                                       b"\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nReferer: ",                         b"\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ",                      b"\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX",                                 b": 1\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: ",                          b"\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: ",                      b"\r\n\r\n"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ",                 b"\r\n\r\n"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: ",              b"\r\n\r\n"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"\r\nx\r\n0\r\n\r\n"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: ", b"\r\n\r\n"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Length: 0\r\nContent-Type: ", b"\r\n\r\n"),
    ];
    for level in ["info", "debug", "trace"] {
        let mut command = onepoll();
        command.arg(root.path()).env("RUST_LOG", level);
        let (program, address) = Program::start(&mut command);
        let mut answers = 0;
        for (before, after) in places {
            for bytes in hostile {
                let request = [before, *bytes, after].concat();
                let answer = ask(address, &request);
                answers += String::from_utf8_lossy(&answer).matches("HTTP/1.1 ").count();
            }
        }
        // A target that is too long is refused before the whole of it came.
        let long = [b"GET /\x1b[31m", &[b'\x1b'; 9000][..], b" HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat();
        answers += String::from_utf8_lossy(&ask(address, &long)).matches("HTTP/1.1 ").count();
        program.signal(Signal::TERM);
        let (_, log) = program.end();
        for line in log.lines() {
            let visible = line.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(visible, "{level}: {}", line.escape_debug());
        }
        let lines = log.lines().filter(|line| line.starts_with("127.0.0.1 ")).count();
        assert_eq!(lines, answers, "{level}: a line an answer, and none is forged");
        assert!(log.contains(r"\x1B[2J\x07"), "{level}: escaped, not dropped");
    }
}

#[test]
fn nobody_has_to_listen_to_it() {
    let root = folder(&[("index.html", b"here")]);
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let closed = |streams: &str| {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(format!(r#"exec "$0" "$@" {streams}"#)).arg(PATH);
        prepared(shell)
    };
    let (reader, broken) = std::io::pipe().unwrap();
    drop(reader);
    let broken = || Stdio::from(broken.try_clone().unwrap());
    let mut commands =
        [onepoll(), onepoll(), onepoll(), closed(">&-"), closed("2>&-"), closed("<&- >&- 2>&-")];
    commands[0].stdout(broken()).stderr(broken());
    commands[1].stdout(full()).stderr(full());
    commands[2].stdin(broken());
    for (number, command) in commands.iter_mut().enumerate() {
        let program = Program::spawn(command.arg(root.path()).env("RUST_LOG", "trace"));
        let address = SocketAddr::from(([127, 0, 0, 1], program.port()));
        for _ in 0..3 {
            assert_eq!(get(address, "/").text(), "here", "command {number}");
        }
        program.signal(Signal::TERM);
        assert_eq!(program.end().0.code(), Some(0), "command {number}");
    }
}

// What the program costs.

#[test]
fn a_limit_of_64_descriptors_serves_200_clients() {
    let root = folder(&[("index.html", b"here")]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"ulimit -n 64; exec "$0" "$@""#, PATH]).arg(root.path());
    let (program, address) = Program::start(&mut prepared(shell));
    let places = Limits::connections_for(64);
    let mut busy: Vec<_> = (0..places).map(|_| half_a_post(address)).collect();
    let mut waiting: Vec<_> = (places..200).map(|_| connect(address)).collect();
    for client in &mut waiting {
        client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }
    program.told("every connection allowed is in use");
    let ticks = program.ticks_in_a_second();
    assert!(ticks <= 2, "it spins: {ticks} ticks in a second");
    // No client disconnects: an idle client loses its connection to the next one.
    for client in &mut busy {
        client.write_all(b"6789").unwrap();
        assert_eq!(read_answer(client, "POST").status, 200);
    }
    for client in &mut waiting {
        assert_eq!(read_answer(client, "GET").text(), "here");
    }
}

#[test]
fn whoever_has_more_to_be_answered_makes_no_room() {
    let root = folder(&[]);
    let (_program, address) = Program::start(onepoll().arg(root.path()).args(["--max-connections", "1"]));
    let mut busy = connect(address);
    // The second answer shows that the turn which accepted this client has ended and looks for no other client.
    assert_eq!([(); 2].map(|()| read_kept(&mut busy, "/missing").status), [404; 2]);
    // The answer takes more than one turn.
    busy.write_all(&b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500)).unwrap();
    let mut next = connect(address);
    for _ in 0..500 {
        assert_eq!(read_answer(&mut busy, "OPTIONS").status, 204);
    }
    assert_eq!(read_kept(&mut next, "/missing").status, 404);
}

#[test]
fn descriptors_that_run_out_neither_end_nor_spin_it() {
    let root = folder(&[]);
    let (program, address) = Program::start(onepoll().arg(root.path()));
    // The limit is lowered after the start, so that the program does not know it.
    let low = Rlimit { current: Some(64), maximum: Some(64) };
    prlimit(Some(program.pid()), Resource::Nofile, low).unwrap();
    let mut clients: Vec<_> = (0..100).map(|_| connect(address)).collect();
    for client in &mut clients {
        client.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi").unwrap();
    }
    program.told("accepting pauses");
    let ticks = program.ticks_in_a_second();
    assert!(ticks <= 2, "it spins: {ticks} ticks in a second");
    // Each client that disconnects makes room for the next.
    for mut client in clients {
        assert_eq!(read_answer(&mut client, "POST").status, 200);
    }
    program.signal(Signal::TERM);
    assert_eq!(program.end().0.code(), Some(0));
}

#[test]
fn a_root_that_was_replaced_is_closed() {
    let outside = folder(&[("root/file", b"here")]);
    let [root, next, last] = ["root", "next", "last"].map(|name| outside.path().join(name));
    let (program, address) = Program::start(onepoll().arg(&root));
    let mut visitor = Visitor::of(address);
    // A bundler makes a new folder each time, and gives its files names that no client asks for again.
    let mut replace = |version: usize| {
        fs::create_dir(&next).unwrap();
        fs::write(next.join(format!("{version}.js")), "here").unwrap();
        fs::rename(&root, &last).unwrap();
        fs::rename(&next, &root).unwrap();
        fs::remove_dir_all(&last).unwrap();
        assert_eq!(visitor.get_settled(&format!("/{version}.js"), "").text(), "here");
        assert_eq!(visitor.get(&format!("/{version}.css"), "").status, 404);
    };
    replace(0);
    let before = program.descriptors();
    (1..30).for_each(replace);
    program.has_descriptors(before + 1);
}

#[test]
fn idle_connections_cost_no_processor_time() {
    // Not directly in the folder of all temporary files: each file that other tests delete there wakes a server that watches for
    // the end of its root.
    let outer = folder(&[("site/index.html", b"here")]);
    let root = outer.path().join("site");
    for flags in [&[][..], &["--watch"]] {
        let (program, address) = Program::start(onepoll().arg(&root).args(flags));
        let mut clients: Vec<_> = (0..200).map(|_| connect(address)).collect();
        for client in &mut clients {
            assert_eq!(read_kept(client, "/").text(), "here");
        }
        let ticks = program.ticks_in_a_second();
        assert!(ticks <= 1, "{ticks} ticks in a second, with {flags:?}");
        for client in &mut clients {
            assert_eq!(read_kept(client, "/").text(), "here", "all of them were kept");
        }
    }
}

#[test]
fn a_site_is_watched_by_one_process_alone() {
    let table: &[(&Arguments, &Environment, &str)] = &[
        (&["--watch", "--reuse-port"], &[], "--watch and --reuse-port do not go together"),
        (
            &["--reuse-port"],
            &[("ONEPOLL_WATCH", "1")],
            "--watch (from ONEPOLL_WATCH) and --reuse-port do not",
        ),
        (&["--watch"], &[("ONEPOLL_REUSE_PORT", "1")], "--reuse-port (from ONEPOLL_REUSE_PORT) do not"),
    ];
    for (arguments, environment, expected) in table {
        let mut command = onepoll();
        command.args(*arguments).envs(environment.iter().copied());
        let (status, error) = Program::spawn(command.args(["--port", "0"])).end();
        assert_eq!((status.code(), error.lines().count()), (Some(2), 1), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_site_that_is_watched_says_so_and_is_asked_for_every_file() {
    let root = folder(&[("index.html", b"here")]);
    let kept = Some("With --watch clients ask for every file again, whatever --cache and --header say");
    for (flags, next) in [
        (&["--inspect"][..], None),
        (&["--cache", "3600"], kept),
        (&["--header", "cache-control: max-age=3600"], kept),
        (&["--header", "X-A: b", "--header", "Cache-Control: public", "--cache", "1"], kept),
    ] {
        let (program, address) = Program::start(onepoll().arg(root.path()).arg("--watch").args(flags));
        let said = [program.said(), program.said(), program.said()].map(Option::unwrap_or_default);
        assert_eq!(said[1], "Pages reload when what they use changes", "{said:?}");
        assert!(next.is_none_or(|next| said[2] == next), "{said:?}");
        assert!(next.is_some() || said[2].starts_with("Watch the loop"), "{said:?}");
        assert_eq!(get(address, "/").field("cache-control"), Some("no-cache"), "a reload finds no old copy");
    }
}

// Helpers.

/// Asks for `path` on a connection of its own.
fn get(address: SocketAddr, path: &str) -> Answer {
    read_kept(&mut connect(address), path)
}

/// Asks for `path` on a keep-alive connection.
fn read_kept(stream: &mut TcpStream, path: &str) -> Answer {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    read_answer(stream, "GET")
}

/// Reads an answer, and the end of the connection after it.
fn read_last(mut stream: impl Read, method: &str) -> Answer {
    let answer = read_answer(&mut stream, method);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "that was the last");
    answer
}

/// Runs a command that must fail with `code` and print nothing on stdout. Gives what it printed on stderr.
fn refused(command: &mut Command, code: i32) -> String {
    let program = Program::spawn(command);
    assert_eq!(program.said(), None, "{command:?}");
    let (status, error) = program.end();
    assert_eq!(status.code(), Some(code), "{command:?}: {error}");
    error
}

fn assert_sentence(error: &str, thing: &str, way_out: &str) {
    let one_line = error.lines().count() == 1 && error.starts_with("onepoll: ");
    assert!(one_line && error.contains(thing) && error.contains(way_out), "{thing}, {way_out}: {error}");
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `06/Nov/1994:08:49:37 +0000`.
fn clf_date(date: &str) -> String {
    let [_, day, month, year, time, _] = date.split(' ').collect::<Vec<_>>()[..] else { panic!("{date}") };
    format!("{day}/{month}/{year}:{time} +0000")
}

/// Bytes in which a part that is lost, doubled or moved can be seen.
fn patterned(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A user to whom the file system refuses access: the current user, or the user nobody if the tests run as root.
enum Nobody {
    Ourselves,
    Other(File),
}

impl Nobody {
    /// `None`, with a note on the terminal, if the test cannot run as another user.
    fn new() -> Option<Nobody> {
        if !geteuid().is_root() {
            return Some(Nobody::Ourselves);
        }
        let nobody = Nobody::Other(File::open(PATH).unwrap());
        match nobody.onepoll().arg("--version").spawn() {
            Ok(child) => {
                drop(Program::of(child));
                Some(nobody)
            }
            Err(error) => {
                eprintln!("skipped: the program cannot be run as nobody: {error}");
                None
            }
        }
    }

    /// The program, run by this user. The user may not enter the folder of the program, so it is started by a
    /// descriptor.
    fn onepoll(&self) -> Command {
        match self {
            Nobody::Ourselves => onepoll(),
            Nobody::Other(program) => {
                let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
                command.uid(65534).gid(65534).current_dir("/");
                prepared(command)
            }
        }
    }
}
