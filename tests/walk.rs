//! The start page, the tour and the source, walked through in a real browser, and what the tour tries with buttons and strace.
//! Needs Chromium and strace.

mod support;

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use support::browser::Page;
use support::inspector::{click, inspected, inspector, key, state};
use support::patience::until;
use support::program::{Lines, Program, onepoll};
use support::service::get;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

const DESK: [u32; 2] = [1280, 900];
const PHONE: [u32; 2] = [390, 844];

/// `path` in a window of this size, once it knows whether the inspector is shown.
fn opened(address: SocketAddr, path: &str, size: [u32; 2]) -> Page {
    let mut page = Page::open(&format!("http://{address}{path}"), size, 1.0);
    page.wait_for("document.documentElement.dataset.inspector !== undefined");
    page
}

/// Whether the first element of these is drawn.
fn is_seen(page: &mut Page, selector: &str) -> bool {
    page.value(&format!("document.querySelector({selector:?}).checkVisibility()")) == true
}

fn texts(page: &mut Page, selector: &str) -> Vec<String> {
    let texts =
        page.value(&format!("[...document.querySelectorAll({selector:?})].map(node => node.textContent)"));
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs Chromium"]
fn places_lead_to_their_lines() {
    let (_program, address) = inspected();
    let mut page = opened(address, "/tour.html", PHONE);
    let links = page.value("[...document.querySelectorAll('.open a')].map(link => link.href)");
    let links = links.as_array().unwrap().clone();
    assert_eq!(links.len() as u64, page.value("document.querySelectorAll('section .open').length"));
    for link in &links {
        page.go(link.as_str().unwrap());
        let line = "document.querySelector('pre span:has(:target)')";
        page.wait_for(&format!(
            "(({{ top, bottom }}) => top > 0 && bottom < innerHeight)({line}.getBoundingClientRect())"
        ));
        let ground =
            |page: &mut Page, line: &str| page.value(&format!("getComputedStyle({line}).backgroundColor"));
        let [here, elsewhere] =
            [line, "document.querySelector('pre span')"].map(|line| ground(&mut page, line));
        assert_ne!(here, elsewhere, "{link}: the line stands out");
        let name = page.value("document.querySelector(':target').textContent");
        assert!(link.as_str().unwrap().ends_with(&format!("#{}", name.as_str().unwrap())), "{link}");
    }
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn the_pages_know_whether_the_inspector_is_shown() {
    let links = "document.querySelectorAll('a[href*=\".onepoll/\"]').length";
    let (_program, address) = inspected();
    for path in ["/", "/tour.html"] {
        let mut page = opened(address, path, DESK);
        assert!(is_seen(&mut page, ".when-shown") && !is_seen(&mut page, ".when-absent"), "{path}");
        assert!(!is_seen(&mut page, ".when-unknown") && page.value(links).as_u64() > Some(0), "{path}");
        page.is_quiet();
    }
    let (_program, address) = Program::start(onepoll().arg(Path::new(ROOT).join("www")));
    for path in ["/", "/tour.html"] {
        let mut page = opened(address, path, DESK);
        assert!(!is_seen(&mut page, ".when-shown") && is_seen(&mut page, ".when-absent"), "{path}");
        assert!(!is_seen(&mut page, ".when-unknown") && page.value(links).as_u64() == Some(0), "{path}");
        // A server with the inspector looks the same to a browser that may not see it.
        let said = texts(&mut page, ".when-absent").join(" ");
        assert!(said.contains("It is shown on the machine of the server, at localhost"), "{path}: {said}");
        assert!(!said.contains("without"), "{path}: {said}");
        // A browser that tells of an error on its console would be told of it here.
        page.is_quiet();
    }
}

/// The inspector is at the root of the server, wherever the pages are.
#[test]
#[ignore = "needs Chromium"]
fn the_links_lead_to_the_inspector_at_the_root() {
    let www = Path::new(ROOT).join("www");
    let (_program, below) = Program::start(onepoll().args(["--inspect", "--prefix", "/a/b"]).arg(www));
    let (_program, beside) = Program::start(onepoll().arg("--inspect").arg(ROOT));
    for (address, path) in [(below, "/a/b/"), (below, "/a/b/tour.html"), (beside, "/www/tour.html")] {
        let mut page = opened(address, path, DESK);
        assert!(is_seen(&mut page, ".when-shown") && !is_seen(&mut page, ".when-absent"), "{path}");
        let links = page.value(
            "[...document.querySelectorAll('a')].map(a => a.href).filter(a => a.includes('.onepoll'))",
        );
        let links = links.as_array().unwrap();
        let is_at_root =
            |link: &Value| link.as_str().unwrap().starts_with(&format!("http://{address}/.onepoll/"));
        assert!(!links.is_empty() && links.iter().all(is_at_root), "{path}: {links:?}");
        page.is_quiet();
    }
}

#[test]
#[ignore = "needs Chromium"]
fn without_script_the_pages_say_what_the_links_and_commands_need() {
    let (_program, address) = inspected();
    let mut page = Page::open("about:blank", PHONE, 1.0);
    page.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    for path in ["/", "/tour.html"] {
        page.go(&format!("http://{address}{path}"));
        assert!(is_seen(&mut page, ".when-unknown") && !is_seen(&mut page, ".when-absent"), "{path}");
        assert!(!is_seen(&mut page, ".when-shown"), "{path}");
    }
    assert!(texts(&mut page, ".origin").iter().all(|origin| origin == "localhost:8080"));
    let said = page.value("document.querySelector('header').innerText");
    assert!(said.as_str().unwrap().contains("The commands are for port 8080"), "{said}");
    let beside = page
        .value("[...document.querySelectorAll('.open')].every(open => open.innerText.includes('--inspect'))");
    assert_eq!(beside, true, "the words stand beside each link");
}

#[test]
#[ignore = "needs Chromium"]
fn commands_carry_the_address_of_the_server() {
    let (_program, address) = inspected();
    for path in ["/", "/tour.html"] {
        let mut page = opened(address, path, DESK);
        let origins = texts(&mut page, ".origin");
        assert!(
            origins.len() > 3 && origins.iter().all(|origin| *origin == format!("http://{address}")),
            "{origins:?}"
        );
    }
    let mut page = opened(address, "/tour.html", DESK);
    let commands = texts(&mut page, ".try code");
    let has = |end: String| commands.iter().any(|command| command.ends_with(&end));
    assert!(has(format!("onepoll --inspect -vv --port {}", address.port())), "{commands:?}");
    let place = format!("/dev/tcp/127.0.0.1/{};", address.port());
    assert!(commands.iter().any(|command| command.contains(&place)), "{commands:?}");
    assert!(has(format!("curl http://{address}/")), "{commands:?}");
}

/// The size of the smallest letters in `nodes`.
fn smallest(page: &mut Page, nodes: &str) -> f64 {
    let sizes = format!("[...{nodes}].map(node => parseFloat(getComputedStyle(node).fontSize))");
    page.value(&format!("Math.min(...{sizes})")).as_f64().expect("there are letters")
}

#[test]
#[ignore = "needs Chromium"]
fn the_chart_can_be_read_on_a_phone() {
    let (_program, address) = inspected();
    for size in [[320, 700], PHONE, DESK] {
        let mut page = opened(address, "/tour.html", size);
        page.fits();
        let prose = "[...document.querySelectorAll('main *')].filter(node => node.innerText)";
        let letters = smallest(&mut page, prose);
        assert!(letters >= 12.0, "{size:?}: {letters} px");
        let table = "document.querySelector('.bars')";
        let letters = smallest(&mut page, &format!("{table}.querySelectorAll('caption, th, td')"));
        assert!(letters >= 12.0, "{size:?}: the letters of the chart are {letters} px large");
        // No bar or figure is out of view, and bars are as long as their figures say.
        assert_eq!(page.value(&format!("{table}.scrollWidth <= {table}.clientWidth")), true, "{size:?}");
        let ratio = "(() => {
            const length = (row) => parseFloat(getComputedStyle(row.cells[1], '::before').width);
            const figure = (row) => parseFloat(row.cells[1].textContent.replace('~', ''));
            const [first, second] = document.querySelectorAll('.bars tr');
            return length(first) / length(second) / (figure(first) / figure(second));
        })()";
        let ratio = page.value(ratio).as_f64().unwrap();
        assert!((0.97..1.03).contains(&ratio), "{size:?}: {ratio}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_video_has_a_picture_before_it_plays() {
    let (_program, address) = inspected();
    let mut page = opened(address, "/", PHONE);
    let sizes = page.value(
        "(async () => {
            const video = document.querySelector('video');
            const picture = new Image();
            picture.src = video.poster;
            await picture.decode();
            const bytes = (await (await fetch(video.poster)).arrayBuffer()).byteLength;
            return [picture.naturalWidth, picture.naturalHeight, video.width, video.height, bytes];
        })()",
    );
    assert_eq!((&sizes[0], &sizes[1]), (&sizes[2], &sizes[3]), "it has the form of the video");
    assert!(sizes[4].as_u64().unwrap() <= 40 << 10, "{sizes}");
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn the_source_fits_and_is_copied_without_its_numbers() {
    let (_program, address) = inspected();
    for size in [[320, 700], PHONE, DESK] {
        for path in ["", "src/lib.rs", "src/conn/io.rs", "benches/variants/models/reactor.rs"] {
            let mut page = Page::open(&format!("http://{address}/.onepoll/source/{path}"), size, 1.0);
            page.fits();
            page.is_quiet();
        }
    }
    let mut page = Page::open(&format!("http://{address}/.onepoll/source/src/conn/io.rs"), DESK, 1.0);
    let copied = page.value(
        "(() => { getSelection().selectAllChildren(document.querySelector('pre')); return getSelection().toString(); })()",
    );
    let text = std::fs::read_to_string(Path::new(ROOT).join("src/conn/io.rs")).unwrap();
    let copied: Vec<_> = copied.as_str().unwrap().lines().collect();
    assert_eq!(copied, text.lines().take(copied.len()).collect::<Vec<_>>());
    page.value("document.querySelector('a[href=\"#L12\"]').click()");
    page.wait_for("location.hash === '#L12' && document.querySelector(':target').id === 'L12'");
}

/// What the tour says of *Burst*.
#[test]
#[ignore = "needs Chromium"]
fn a_burst_grows_the_counters_as_the_tour_says() {
    let (_program, address) = inspected();
    let mut page = inspector(address, DESK);
    let tour = std::fs::read_to_string(Path::new(ROOT).join("www/tour.html")).unwrap();
    let (_, said) = tour.split_once("the requests grow by <b>").unwrap();
    let count: u64 = said.split_once('<').unwrap().0.parse().unwrap();
    let before = state(address);
    page.value(&click("burst"));
    let grown = |after: &Value, name: &str| {
        after["counters"][name].as_u64().unwrap() - before["counters"][name].as_u64().unwrap()
    };
    let mut looks = 0;
    let after = until(format_args!("{count} more requests"), || {
        looks += 1;
        let after = state(address);
        // The page may ask for its limits or for a snapshot meanwhile.
        if (count + looks..=count + looks + 2).contains(&grown(&after, "requests")) {
            Ok(after)
        } else {
            Err(after["counters"].to_string())
        }
    });
    let [in_vain, spurious] = ["would_block", "spurious"].map(|name| grown(&after, name));
    println!("a burst: {in_vain} EAGAIN, {spurious} spurious wake-ups, and {looks} looks at the counters");
    assert!(in_vain < count + looks, "{in_vain}");
    assert!(spurious <= 4, "{spurious}");
}

/// What the tour says of a square that is chosen after *Burst*.
#[test]
#[ignore = "needs Chromium"]
fn a_chosen_square_tells_what_its_connection_did_and_why() {
    let tour = std::fs::read_to_string(Path::new(ROOT).join("www/tour.html")).unwrap();
    let (_, said) = tour.split_once("each change of its state, such as ").unwrap();
    let (said, _) = said.split_once("</dd>").unwrap();
    let expected: Vec<_> = said.split("<code>").skip(1).map(|code| code.split_once('<').unwrap().0).collect();
    assert_eq!(expected.len(), 3, "{said}");
    let (_program, address) = inspected();
    let mut page = inspector(address, DESK);
    page.value(&click("burst"));
    until("a square whose history has what the tour expects", || {
        key(&mut page, "grid", "ArrowRight");
        let history = texts(&mut page, "#history li");
        match history.iter().any(|line| expected.iter().all(|word| line.contains(word))) {
            true => Ok(()),
            false => Err(history.join("\n")),
        }
    });
}

/// What the tour says of *Slow reader*.
#[test]
#[ignore = "needs Chromium"]
fn a_slow_reader_is_one_square_that_waits() {
    let (_program, address) = inspected();
    let mut page = inspector(address, DESK);
    page.value(&click("slow"));
    until("a connection that waits for writability", || {
        let state = state(address);
        let places = state["places"].as_array().unwrap();
        let waiting = places.iter().filter(|place| place[3] == "Writing" && place[4] == "Write").count();
        if waiting == 1 { Ok(()) } else { Err(state["places"].to_string()) }
    });
    assert_eq!(get(address, "/").status, 200, "meanwhile");
}

/// The command of a step, run with the number of the server in place of `$(pidof onepoll)`.
fn strace(step: &str, program: &Program) -> (std::process::Child, Lines) {
    let tour = std::fs::read_to_string(Path::new(ROOT).join("www/tour.html")).unwrap();
    let (_, step) = tour.split_once(&format!("<section id=\"{step}\"")).unwrap();
    let (_, command) = step.split_once("<code>strace ").unwrap();
    let (flags, _) = command.split_once(" -p $(pidof onepoll)</code>").unwrap();
    let mut command = Command::new("strace");
    command.args(flags.split(' ')).args(["-p", &program.number()]).stderr(Stdio::piped());
    let mut child = command.spawn().expect("strace is installed");
    let lines = Lines::of(child.stderr.take().unwrap());
    lines.find("that it is attached", |line| line.contains("attached"));
    (child, lines)
}

#[test]
#[ignore = "needs strace"]
fn strace_shows_what_the_tour_says() {
    let (program, address) = inspected();
    let (mut child, lines) = strace("reactor", &program);
    // Of the first turn strace may have missed the wait, which began before it was attached; the second has all of it.
    for _ in 0..2 {
        assert_eq!(get(address, "/tour.html").status, 200);
    }
    let mut calls = None;
    until("a wait, a few calls, and the next wait", || {
        let line = lines.next().expect("strace goes on");
        match (line.starts_with("epoll_wait("), calls) {
            (true, Some(2..10)) => return Ok(()),
            (true, _) => calls = Some(0),
            (false, _) => calls = calls.map(|count| count + 1),
        }
        Err(line)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let (mut child, lines) = strace("files", &program);
    let length = get(address, "/loop.webm").body.len();
    // The bytes that a call may send, and those that it sends: fewer where sockets have little memory, or none.
    let (mut asked, mut sent) = (Vec::new(), 0);
    while sent < length {
        let line = lines.find("a piece of the file", |line| line.starts_with("sendfile("));
        let (call, result) = line.split_once(") ").unwrap_or_else(|| panic!("{line}"));
        asked.push(call.rsplit(", ").next().unwrap().parse::<usize>().unwrap());
        sent += result.rsplit("= ").next().unwrap().trim().parse::<usize>().unwrap_or(0);
    }
    assert_eq!(asked.iter().max(), Some(&196_449), "{asked:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}
