//! Each step of the tour has something to try, and says what to expect. Here it is tried as it stands on the page, and each
//! word that is marked in what to expect is compared. What needs a browser or strace is in `tests/walk.rs`.

mod support;

use onepoll::inspect;
use onepoll::service::Service;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::site::{Policy, Site};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use support::html::{between, text_of};
use support::inspector::state;
use support::patience::until;
use support::program::{Program, onepoll, without_numbers};
use support::scripted::{Comes, Loop};
use support::service::get;
use support::visitor::Visitor;
use support::{Answer, connect, folder, read_answer};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A step of the tour.
struct Step(String);

fn step(id: &str) -> Step {
    let tour = read("www/tour.html");
    let step = between(&tour, &format!("<section id=\"{id}\""), "</section>").next().map(str::to_owned);
    Step(step.unwrap_or_else(|| panic!("no step is called {id}")))
}

impl Step {
    /// The commands that it tries.
    fn commands<const COUNT: usize>(&self) -> [String; COUNT] {
        let tried = between(&self.0, "<dt>Try</dt><dd>", "</dd>").next().unwrap();
        let commands: Vec<_> = between(tried, "<code>", "</code>").map(text_of).collect();
        commands.try_into().unwrap_or_else(|commands| panic!("these are no {COUNT} commands: {commands:?}"))
    }

    /// What is marked in what it expects: code, and words that are bold.
    fn expected<const COUNT: usize>(&self) -> [String; COUNT] {
        let expected = between(&self.0, "<dt>Expect</dt><dd>", "</dd>").next().unwrap();
        let marked = expected.replace("<b>", "<code>").replace("</b>", "</code>");
        let marked: Vec<_> = between(&marked, "<code>", "</code>").map(text_of).collect();
        marked.try_into().unwrap_or_else(|marked| panic!("these are no {COUNT} words: {marked:?}"))
    }
}

/// Starts what a command starts, on a free port.
fn run(command: &str) -> (Program, SocketAddr) {
    let flags = command.strip_prefix("onepoll").unwrap_or_else(|| panic!("{command}"));
    Program::start(onepoll().args(flags.split_whitespace()).current_dir(ROOT))
}

/// The method of a command, and what curl sends for it (these bytes are those of curl 7.88).
fn request(command: &str) -> (String, Vec<u8>) {
    let mut words = command.strip_prefix("curl ").unwrap_or_else(|| panic!("{command}")).split(' ');
    let (mut method, mut target) = ("GET", None);
    while let Some(word) = words.next() {
        match word {
            "-i" => {}
            "-X" => method = words.next().unwrap(),
            "-o" => assert_eq!(words.next(), Some("/dev/null")),
            "--limit-rate" => assert_eq!(words.next(), Some("10k")),
            url => {
                assert_eq!(target, None, "{command} has one URL");
                target =
                    Some(url.strip_prefix("localhost:8080").unwrap_or_else(|| panic!("{command}: {url}")));
            }
        }
    }
    let target = target.expect("it has a URL");
    let fields = "Host: localhost:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n";
    (method.to_owned(), format!("{method} {target} HTTP/1.1\r\n{fields}\r\n").into_bytes())
}

/// Sends what curl would, and leaves the answer where it is.
fn sent(command: &str, address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(&request(command).1).unwrap();
    stream
}

fn curl(command: &str, address: SocketAddr) -> Answer {
    read_answer(&mut sent(command, address), &request(command).0)
}

fn first_line(answer: &Answer) -> &str {
    answer.head.lines().next().unwrap()
}

/// A line of the log in the short form, without its time and its level.
fn without_time(line: &str) -> &str {
    let (_, said) = line.split_once(' ').unwrap_or_default();
    let level = ["trace ", "debug ", "info "].into_iter().find_map(|level| said.strip_prefix(level));
    level.unwrap_or(said).trim_start()
}

/// The log of `program` from here on, in that form.
fn lines(program: &Program) -> impl Iterator<Item = String> {
    std::iter::from_fn(|| Some(without_time(&program.told("")).to_owned()))
}

/// `program` that says all, in the form that a terminal has.
fn run_in_terminal(command: &str) -> (Program, SocketAddr) {
    run(&format!("{command} --log short"))
}

#[test]
fn the_bytes_of_a_socket_are_printed() {
    let step = step("print");
    let [start, ask] = step.commands();
    let [received, asked] = step.expected();
    let (program, address) = run(&start);
    curl(&ask, address);
    let line = program.told("recv(");
    assert!(line.ends_with(&received), "{line}");
    let line = program.told(" for ");
    assert!(line.ends_with(&asked), "{line}");
}

#[test]
fn the_start_page_is_answered_with_its_fields() {
    let step = step("answer");
    let [ask] = step.commands();
    let [status, field] = step.expected();
    let (_program, address) = run("onepoll");
    let answer = curl(&ask, address);
    assert_eq!(first_line(&answer), status);
    assert!(answer.head.lines().any(|line| line == field), "{}", answer.head);
    assert_eq!(answer.text(), read("www/index.html"));
}

#[test]
fn the_methods_that_it_names_are_those_that_are_answered() {
    let step = step("methods");
    let [ask] = step.commands();
    let [status, allow] = step.expected();
    let (_program, address) = run("onepoll");
    let answer = curl(&ask, address);
    assert_eq!(first_line(&answer), status);
    assert!(answer.head.lines().any(|line| line == allow), "{}", answer.head);
}

/// The calls by which the log tells of those that strace is asked for.
const CALLS: [(&str, &str); 5] = [
    ("epoll_wait", "epoll_wait("),
    ("accept4", "accept = "),
    ("recvfrom", " recv("),
    ("sendto", " send("),
    ("sendfile", " sendfile("),
];

#[test]
fn the_loop_sleeps_then_makes_calls_that_do_not_wait_then_sleeps() {
    let step = step("reactor");
    let [trace, flag] = step.commands();
    let [first, last] = step.expected();
    assert_eq!((flag.as_str(), first.as_str(), last.as_str()), ("sudo", "epoll_wait", "epoll_wait"));
    let named = between(&trace, "strace -e trace=", " ").next().unwrap();
    assert_eq!(named.split(',').collect::<Vec<_>>(), CALLS.map(|(name, _)| name));
    let (program, address) = run_in_terminal("onepoll -vv");
    let mut visitor = Visitor::of(address);
    visitor.get("/tour.html", "");
    let calls = lines(&program).filter_map(|line| CALLS.iter().find(|(_, said)| line.contains(said)));
    let calls = calls.map(|(name, _)| *name).skip_while(|name| *name != "epoll_wait");
    let calls = calls.scan(0, |waits, name| {
        *waits += usize::from(name == "epoll_wait");
        (*waits < 2).then_some(name)
    });
    assert_eq!(calls.collect::<Vec<_>>(), ["epoll_wait", "accept4", "recvfrom", "accept4", "sendto"]);
    let folder = format!("/proc/{}", program.number());
    let mut sockets = 0;
    for entry in std::fs::read_dir(format!("{folder}/fd")).unwrap().flatten() {
        let Ok(link) = std::fs::read_link(entry.path()) else { continue };
        if link.to_string_lossy().starts_with("socket:") {
            let info = read(&format!("{folder}/fdinfo/{}", entry.file_name().display()));
            let flags = between(&info, "flags:\t", "\n").next().unwrap();
            // O_NONBLOCK (open(2)): no call on the socket waits.
            assert_ne!(u32::from_str_radix(flags, 8).unwrap() & 0o4000, 0, "{info}");
            sockets += 1;
        }
    }
    assert!(sockets >= 2, "a listener and a connection");
}

#[test]
fn a_request_costs_one_recv() {
    assert!(step("edge").0.contains("so a request costs one <code>recv</code> and not two"));
    let (program, address) = run_in_terminal("onepoll -vv");
    let mut visitor = Visitor::of(address);
    for _ in 0..10 {
        visitor.get("/favicon.svg", "");
    }
    drop(visitor);
    let received =
        lines(&program).take_while(|line| !line.contains("closed")).filter(|line| line.contains(" recv("));
    let received: Vec<_> = received.collect();
    assert_eq!(received.len(), 11, "one for each, and one for the end: {received:#?}");
}

/// What *Burst* does, by the numbers in its script; the requests are here when the server wakes.
#[test]
fn a_burst_brings_many_requests_and_few_calls_in_vain() {
    let step = step("edge");
    let [start] = step.commands();
    let [count] = step.expected();
    let (program, address) = run_in_terminal(&format!("{start} -vv"));
    let count: u64 = count.parse().unwrap();
    let before = state(address);
    program.stop();
    let clients: Vec<_> = (0..count).map(|_| sent("curl localhost:8080/.onepoll/health", address)).collect();
    program.signal(rustix::process::Signal::CONT);
    for mut client in clients {
        read_answer(&mut client, "GET");
    }
    let after = state(address);
    let grown =
        |name: &str| after["counters"][name].as_u64().unwrap() - before["counters"][name].as_u64().unwrap();
    assert_eq!(grown("requests"), count + 1, "and the one for the counters");
    assert!(grown("would_block") < count / 2, "{}", grown("would_block"));
    assert!(grown("spurious") <= 2, "{}", grown("spurious"));
    // From the first look at the counters to the second, by the log.
    assert!(step.0.contains("one <em>accept</em> in vain, and that is most of what EAGAIN counts here"));
    let mut looks = 0;
    let between_looks =
        lines(&program).skip_while(|line| !line.contains("/.onepoll/state.json HTTP/")).take_while(|line| {
            looks += u32::from(line.contains("/.onepoll/state.json HTTP/"));
            looks < 2
        });
    let in_vain = between_looks.filter(|line| line.starts_with("accept = Resource temporarily unavailable"));
    let in_vain = in_vain.count() as u64;
    assert!(in_vain * 2 > grown("would_block"), "{in_vain} of {}", grown("would_block"));
}

#[test]
fn the_states_that_it_names_are_all_and_a_change_has_its_reason() {
    let step = step("states");
    let names = between(&step.0, "a place where it can wait or end: ", ".").next().unwrap();
    let state_rs = read("src/conn/state.rs");
    let known = between(&state_rs, "fn name(&self)", "\n    }\n").next().unwrap();
    let known: Vec<_> = known.split('"').skip(1).step_by(2).collect();
    assert_eq!(names.split(", ").collect::<Vec<_>>(), known);
    let [start] = step.commands();
    let expected: [String; 3] = step.expected();
    let (_program, address) = run(&start);
    get(address, "/.onepoll/health");
    let mut visitor = Visitor::of(address);
    visitor.get("/.onepoll/health", "");
    let state = state(address);
    let moves = state["moves"].as_array().unwrap().iter();
    let moves: Vec<_> = moves.map(|made| [3, 4, 5].map(|column| made[column].as_str().unwrap())).collect();
    assert!(moves.contains(&expected.each_ref().map(String::as_str)), "{moves:?}");
}

#[test]
fn the_life_of_a_request_is_all_that_the_log_says() {
    let step = step("life");
    let [start, ask] = step.commands();
    let shown = text_of(between(&step.0, "<pre class=\"trace\" tabindex=\"0\">", "</pre>").next().unwrap());
    // Numbers that are the same each time: of bytes, and of milliseconds until the line for the access log is due.
    assert!(step.0.contains("the line for the access log, which waits ten milliseconds for others"));
    let fixed = |line: &String| ["recv(", "send(", "(timeout 10 ms)"].iter().any(|part| line.contains(part));
    let numbers: Vec<_> = shown.lines().map(str::to_owned).filter(fixed).collect();
    assert_eq!(numbers.len(), 4, "{numbers:?}");
    let shown: Vec<_> = shown.lines().map(without_numbers).collect();
    // curl ends its connection at once, and the line for the access log is due ten milliseconds after the answer. Where the
    // machine was so busy that the line came before, or at once, it is tried with a fresh server.
    let due = "epoll_wait(timeout 0 ms) = 0 events";
    let (said, told) = until("the log of a request whose client leaves at once", || {
        let (program, address) = run_in_terminal(&start);
        program.told("contained");
        curl(&ask, address);
        let mut told: Vec<String> = Vec::new();
        while told.last().is_none_or(|line| !line.starts_with("GET / 200 ")) {
            told.extend(lines(&program).next());
        }
        let said: Vec<_> = told.iter().map(|line| without_numbers(line)).collect();
        let has_left = said.iter().any(|line| line.ends_with("Reading -> Closed"));
        match has_left && said.iter().any(|line| line == due) {
            true => Ok((said, told)),
            false => Err(said.join("\n")),
        }
    });
    assert_eq!(said, shown);
    for line in numbers.iter().filter(|line| !line.contains("timeout")) {
        assert!(told.contains(line), "{line} is not told:\n{}", told.join("\n"));
    }
}

#[test]
fn a_slow_reader_waits_for_writability_and_no_other_client_does() {
    let step = step("pressure");
    let [start, ask] = step.commands();
    let [name] = step.expected();
    let (_program, address) = run(&start);
    let _reads_nothing = sent(&ask, address);
    let waits = until("a connection that waits for writability", || {
        let state = state(address);
        let places = state["places"].as_array().unwrap().clone();
        let waits: Vec<_> = places.into_iter().filter(|place| place[4] == "Write").collect();
        if waits.is_empty() { Err(state["places"].to_string()) } else { Ok(waits) }
    });
    assert_eq!((waits.len(), waits[0][3].as_str()), (1, Some(name.as_str())));
    for _ in 0..20 {
        assert_eq!(get(address, "/").status, 200, "meanwhile");
    }
    assert!(state(address)["places"].as_array().unwrap().iter().any(|place| place[4] == "Write"));
}

#[test]
fn a_full_buffer_takes_fewer_bytes_or_none() {
    assert!(step("pressure").0.contains("takes fewer bytes than it was given, or none: <code>EAGAIN</code>"));
    let (program, address) = run_in_terminal("onepoll -vv --inspect");
    let _reads_nothing = sent("curl localhost:8080/.onepoll/large", address);
    let sends = lines(&program).filter(|line| line.contains(" send("));
    let sends: Vec<_> = sends.take_while(|line| !line.ends_with(" = WouldBlock")).collect();
    assert!(!sends.is_empty(), "some bytes went before");
    let parked = lines(&program).find(|line| line.contains("EPOLL_CTL_") || line.contains("epoll_wait("));
    assert!(parked.is_some(), "the connection waits");
}

#[test]
fn a_head_that_does_not_end_times_out() {
    let step = step("time");
    let [command] = step.commands();
    let [time, status] = step.expected();
    let said = between(&command, "printf '", "'").next().unwrap();
    assert_eq!((time.as_str(), Limits::default().head_timeout), ("ten seconds", Duration::from_secs(10)));
    let root = folder(&[]);
    let mut world = Loop::of(|script| {
        let site = Site::open(root.path(), Policy::default()).unwrap();
        inspect::reactor(script, Service::new(site).hosts(Hosts::Any))
    });
    let client = world.connect_saying(said.as_bytes());
    world.pass(Limits::default().head_timeout - Duration::from_millis(10));
    assert!(client.got().is_empty(), "not yet");
    world.pass(Duration::from_millis(20));
    assert_eq!(first_line(&client.answers()[0]), status);
    let asks = b"GET /.onepoll/state.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let inspector = world.connect([Comes::Bytes(asks.to_vec()), Comes::End]);
    world.run();
    let state: Value = serde_json::from_slice(&inspector.answers()[0].body).unwrap();
    assert_eq!(state["counters"]["timeouts"], 1);
}

/// The same by the command itself, which must end when the answer has come, and not before the time that the page says.
#[test]
#[ignore = "waits for ten seconds, and needs bash"]
fn the_command_for_a_timeout_ends_after_ten_seconds_with_its_answer() {
    let [command] = step("time").commands();
    let [_, status] = step("time").expected();
    let [start, _] = step("pressure").commands();
    let (_program, address) = run(&start);
    let here = format!("/dev/tcp/127.0.0.1/{}", address.port());
    assert!(command.contains("/dev/tcp/localhost/8080"), "{command}");
    let command = command.replace("/dev/tcp/localhost/8080", &here);
    let began = Instant::now();
    let output = Command::new("timeout").args(["60", "sh", "-c", &command]).output().unwrap();
    assert!(began.elapsed() >= Duration::from_secs(10), "{:?}", began.elapsed());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.lines().next() == Some(&status), "{output:?}");
    assert_eq!(state(address)["counters"]["timeouts"], 1);
}

#[test]
fn a_turn_sends_two_bounded_pieces_of_a_file() {
    let step = step("files");
    let [trace, ask] = step.commands();
    let [bytes, count] = step.expected();
    assert!(trace.starts_with("strace -e trace=sendfile "), "{trace}");
    assert_eq!(count, "two");
    let bytes: u64 = bytes.replace(',', "").parse().unwrap();
    let quoted = between(&step.0, "FILE_BYTES_A_PART: u64 = ", ";").next().unwrap().replace('_', "");
    assert_eq!(quoted.split(" * ").map(|factor| factor.parse::<u64>().unwrap()).product::<u64>(), bytes);
    let (program, address) = run_in_terminal("onepoll -vv");
    assert_eq!(curl(&ask, address).status, 200);
    let mut turns = vec![Vec::new()];
    for line in lines(&program).take_while(|line| !line.ends_with(" done")) {
        match line.split_once(" sendfile(at ") {
            // What a call may send; where sockets have little memory it sends less.
            Some((_, rest)) => {
                let asked = between(rest, ", ", ")").next().unwrap();
                turns.last_mut().unwrap().push(asked.parse::<u64>().unwrap());
            }
            None if line.starts_with("epoll_wait(") => turns.push(Vec::new()),
            None => {}
        }
    }
    assert_eq!(turns.concat().iter().max(), Some(&bytes), "{turns:?}");
    assert!(turns.concat().len() >= 2 && turns.iter().all(|turn| turn.len() <= 2), "{turns:?}");
}

#[test]
fn the_lab_has_the_flag_and_the_chart_says_what_is_said_of_it() {
    let step = step("threads");
    let [command] = step.commands();
    let [report] = step.expected();
    assert_eq!(command, "cargo bench --bench variants -- --quick");
    assert!(read("Cargo.toml").contains("[[bench]]\nname = \"variants\""));
    let flags = read("benches/variants/cli.rs");
    let quick = flags.split("pub quick: bool").next().unwrap().rsplit("/// ").next().unwrap();
    assert!(quick.contains("about four minutes"), "{quick}");
    let (folder, file) = report.rsplit_once('/').unwrap();
    assert!(flags.contains(&format!("Folder for results.json and {file} [default: {folder}]")), "{report}");
    // The figures are those of the chart; where that is drawn anew, this says what the page has to have.
    let chart = read("www/threads.svg");
    let words: Vec<_> =
        between(&chart, "<text", "</text>").map(|text| text_of(&format!("<text{text}"))).collect();
    let words: Vec<_> = words.iter().map(|word| word.trim()).collect();
    let figure = |text: &str| text.trim_start_matches('~').parse::<f64>().ok();
    let rows = words.windows(2).filter_map(|pair| Some((pair[0], pair[1], figure(pair[1])?)));
    let rows: Vec<_> = rows.filter(|(name, ..)| figure(name).is_none()).collect();
    let most = rows.iter().map(|(.., figure)| *figure).fold(0.0, f64::max);
    let row = |(name, text, figure): &(&str, &str, f64)| {
        format!("        <tr><th scope=\"row\">{name}</th><td style=\"--us: {figure}\">{text}</td></tr>\n")
    };
    let expected: String = rows.iter().map(row).collect();
    let bars = between(&step.0, "</caption>\n", "      </table>").next().unwrap();
    assert!(step.0.contains(&format!("style=\"--most: {most}\"")) && bars == expected, "{most}:\n{expected}");
    // The names are those of the models, and the load is the one that all others begin from.
    let [models, others, scenarios] =
        ["models/mod.rs", "running.rs", "scenarios.rs"].map(|file| read(&format!("benches/variants/{file}")));
    for (name, ..) in &rows {
        let name = name.trim_end_matches(|char: char| char.is_ascii_digit());
        let is_there = [&models, &others].iter().any(|file| file.contains(&format!("\"{name}")));
        assert!(is_there, "the lab has no {name}");
    }
    assert!(step.0.contains("<figcaption>64 connections ask for 1 KiB again and again."));
    assert!(scenarios.contains("base point: 64 connections that are kept alive and ask\n//! for 1 KiB."));
    let figure_of =
        |name: &str| rows.iter().find(|row| row.0 == name).unwrap_or_else(|| panic!("no {name}")).2;
    let ratio = figure_of("reactor") / figure_of("thread-per-connection");
    assert!(step.0.contains("The reactor takes about half of what a thread for each connection takes."));
    assert!((0.4..0.6).contains(&ratio), "{ratio}");
}

#[test]
fn the_port_is_the_default_and_names_in_the_inspector_are_there() {
    let tour = read("www/tour.html");
    assert!(
        tour.contains("The commands are for port 8080, where the server listens by default if it is free.")
    );
    let help = support::program::printed(onepoll().arg("--help").env_remove("ONEPOLL_PORT"));
    let (_, port) = help.split_once("--port <PORT>").unwrap();
    let (port, _) = port
        .split_once(
            "

",
        )
        .unwrap_or((port, ""));
    assert!(port.contains("[default: 8080, or the next free one]"), "{port}");
    let folder = Path::new(ROOT).join("src/inspect/page");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let pages = files.collect::<String>();
    let tries = between(&tour, "<dl class=\"try\">", "</dl>").collect::<String>();
    let names: BTreeSet<_> = between(&tries, "<em>", "</em>").collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        assert!(pages.contains(name), "the inspector has no {name}");
    }
}

/// What an answer names is there, and its lines are not. Whether the changes make these tests red is tried in `tests/edits.rs`.
#[test]
fn the_changes_name_what_is_there_and_tests_that_are() {
    let step = step("change");
    let [command] = step.commands();
    let [restore] = step.expected();
    assert_eq!((command.as_str(), restore.as_str()), ("cargo test --no-fail-fast", "git restore src"));
    let answers: Vec<_> = between(&step.0, "<details>", "</details>").collect();
    assert_eq!(answers.len(), 3, "a handler, a state, a limit");
    for answer in answers {
        let tests: Vec<_> = between(answer, "<code data-test=\"", "</code>").collect();
        assert!(!tests.is_empty(), "{answer}");
        for named in tests {
            let (file, name) = named.split_once("\">").unwrap();
            assert!(read(file).contains(&format!("#[test]\nfn {name}()")), "{file} has no test {name}");
        }
        let places: Vec<_> = between(answer, "<a href=\".onepoll/source/", "</a>").collect();
        assert!(!places.is_empty(), "{answer}");
        for place in places.iter().filter(|place| place.contains("data-name")) {
            let file = between(place, "data-file=\"", "\"").next().unwrap();
            let name = between(place, "data-name=\"", "\"").next().unwrap();
            assert!(read(file).contains(name), "{file} has no {name}");
            assert!(place.starts_with(&format!("{file}#{}\"", name.rsplit(' ').next().unwrap())), "{place}");
        }
        let (file, lines) =
            between(answer, "<pre data-into=\"", "</pre>").next().unwrap().split_once('"').unwrap();
        let lines = text_of(lines.split_once('>').unwrap().1);
        assert!(lines.lines().all(|line| !read(file).contains(line.trim())), "{file} has it already");
    }
}
