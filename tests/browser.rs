//! The pages in a real browser. These tests are ignored in a plain `cargo test`, which needs nothing but Rust.
//! `.ci/run` installs Chromium and runs them by name.

mod support;

use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use support::browser::Page;
use support::inspector::{click, inspected};
use support::program::{Program, onepoll};

/// The page of the inspector, after its first events.
fn inspector(address: SocketAddr) -> Page {
    support::inspector::inspector(address, [1280, 900])
}

/// The text of the element `id` in the page, without the commas of numbers.
fn text(id: &str) -> String {
    format!("document.getElementById('{id}').textContent.replaceAll(',', '')")
}

/// The counter `name`.
fn listed(name: &str) -> String {
    format!(
        "Number(document.querySelector('#counts [data-name=\"{name}\"]').textContent.replaceAll(',', ''))"
    )
}

/// Waits for a place `p` in the snapshot for which `condition` holds.
fn place(page: &mut Page, condition: &str) -> Value {
    let find =
        format!("fetch('state.json').then(r => r.json()).then(s => s.places.find(p => {condition}) ?? null)");
    // One look finds it and keeps it: a later look may find that it has moved on.
    page.wait_for(&format!("{find}.then(p => (window.found = p) !== null)"));
    page.value("window.found")
}

/// Presses a key in the slab.
fn press(page: &mut Page, key: &str) {
    support::inspector::key(page, "grid", key);
}

/// Moves to the slot of this connection by the keys.
fn choose(page: &mut Page, place: &Value) {
    // The page may learn of the slot later than the snapshot.
    page.wait_for(&format!("parseInt({}) > {}", text("slots"), place[0]));
    page.value("document.getElementById('grid').focus()");
    press(page, "Home");
    for _ in 0..place[0].as_u64().unwrap() {
        press(page, "ArrowRight");
    }
    page.wait_for(&is_chosen(&place[0]));
}

/// Whether the slot that is chosen is this one.
fn is_chosen(slot: &Value) -> String {
    format!("document.getElementById('h-slot').textContent === 'Slot {slot}'")
}

fn number(state: &str) -> String {
    format!("Number(document.getElementById('count-{state}').textContent.replaceAll(',', ''))")
}

#[test]
#[ignore = "needs Chromium"]
fn a_slow_reader_is_seen_to_wait_while_another_page_loads() {
    let (_program, address) = inspected();
    let mut page = inspector(address);
    page.value(&click("slow"));
    page.wait_for(&format!("{} === 1", number("waits")));
    let found = place(&mut page, "p[4] === 'Write'");
    page.wait_for(&is_chosen(&found[0]));
    page.wait_for(&format!("{}.startsWith('1 connection waits')", text("waiting")));
    page.wait_for(&format!("/In \\d+.s the server tries once more/.test({})", text("wait")));
    assert_eq!(support::service::get(address, "/").status, 200);
    page.is_quiet();
    page.value("location.reload()");
    page.wait_for("document.getElementById('link')?.textContent === 'Live'");
    page.wait_for(&format!("{} === 0", number("waits")));
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn a_connection_appears_shows_why_it_moved_and_leaves() {
    let (_program, address) = inspected();
    let mut page = inspector(address);
    let mut visitor = support::visitor::Visitor::of(address);
    visitor.get("/", "");
    let found = place(&mut page, "p[9].startsWith('GET / ')");
    choose(&mut page, &found);
    page.wait_for("document.getElementById('history').textContent.includes('answered with 200 OK')");
    page.wait_for(&format!("{} === 'reading'", text("state")));
    drop(visitor);
    page.wait_for(&format!("{} === 'free' && {}.includes('is free')", text("state"), text("wait")));
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn a_preconnect_is_a_connection_that_asked_for_nothing() {
    let (_program, address) = inspected();
    let mut page = inspector(address);
    page.value(&click("preconnect"));
    let found = place(&mut page, "p[3] === 'Reading' && p[4] === 'First' && p[8] === 0");
    page.wait_for(&is_chosen(&found[0]));
    page.wait_for(&format!("{}.includes('a first request')", text("wait")));
    page.wait_for(&format!("{}.includes('the server closes the connection')", text("wait")));
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn a_big_download_goes_out_and_ends() {
    let (_program, address) = inspected();
    let mut page = inspector(address);
    page.value(&click("download"));
    // The metrics have the exact number; the page rounds it.
    let sent = "fetch('metrics').then(r => r.text()).then(text => Number(text.match(/onepoll_sent_bytes_total (\\d+)/)[1]))";
    page.wait_for(&format!("{sent}.then(sent => sent > {})", 64 << 20));
    let found = place(&mut page, "p[9].includes('/large')");
    page.wait_for(&is_chosen(&found[0]));
    // Its connection is kept for a next request.
    page.wait_for(
        "fetch('state.json').then(r => r.json()).then(s => s.places.filter(p => p[9].includes('/large')).every(p => p.includes('Reading')))",
    );
    assert!(page.value(&text("said")).as_str().unwrap().starts_with("64 MiB"));
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn while_it_is_paused_time_goes_on_only_by_steps() {
    let (_program, address) = inspected();
    let mut page = inspector(address);
    let mut visitor = support::visitor::Visitor::of(address);
    page.value(&click("pause"));
    let requests = |page: &mut Page| page.value(&listed("requests")).as_u64().unwrap();
    page.wait_for(&format!("{}.startsWith('Paused')", text("moment")));
    let before = requests(&mut page);
    visitor.get("/", "");
    visitor.get("/", "");
    // Two batches from now, the page knows both.
    page.wait_for(&format!("Number({}.match(/(\\d+) have/)[1]) >= 3", text("moment")));
    assert_eq!(requests(&mut page), before, "it stands still");
    let mut steps = 0;
    while requests(&mut page) < before + 2 {
        assert!(steps < 30, "steps lead nowhere");
        page.wait_for("!document.getElementById('step').disabled");
        page.value(&click("step"));
        page.value("new Promise(requestAnimationFrame)");
        page.value("new Promise(requestAnimationFrame)");
        steps += 1;
    }
    page.value(&click("pause"));
    page.wait_for(&format!(
        "{}.startsWith('Now') && document.getElementById('step').disabled",
        text("moment")
    ));
    page.is_quiet();
}

/// A replay begins with the past state: a connection that came since is not shown, and a connection that ended since
/// is.
#[test]
#[ignore = "needs Chromium"]
fn a_replay_begins_where_its_turns_began() {
    let (_program, address) = inspected();
    let mut page = inspector(address);
    let open = |page: &mut Page, count: usize| {
        let visitors: Vec<_> = (0..count).map(|_| support::visitor::Visitor::of(address)).collect();
        let visitors = visitors.into_iter().map(|mut visitor| {
            visitor.get("/", "");
            visitor
        });
        let visitors: Vec<_> = visitors.collect();
        page.wait_for(&format!("{} >= {count}", number("reading")));
        visitors
    };
    let first = open(&mut page, 100);
    // A page knows nothing from before it was opened, so its replay begins here.
    page.value("location.reload()");
    page.wait_for("document.getElementById('link')?.textContent === 'Live'");
    page.wait_for(&format!("{} >= 100", number("reading")));
    drop(first);
    page.wait_for(&format!("{} < 50", number("reading")));
    let _second = open(&mut page, 60);
    page.value(&click("replay"));
    page.wait_for(&format!("{}.includes('slower')", text("moment")));
    assert!(page.value(&number("reading")).as_u64().unwrap() >= 100, "those who have gone were there");
    page.wait_for(&format!("{} < 50", number("reading")));
    page.wait_for(&format!("{}.startsWith('Now') && {} >= 60", text("moment"), number("reading")));
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn the_pages_fit_a_phone_and_a_zoom_of_two_hundred_percent() {
    let (_program, address) = inspected();
    for path in ["/", "/tour.html", "/.onepoll/"] {
        for (size, scale) in [([360, 740], 3.0), ([640, 450], 2.0), ([1280, 900], 1.0)] {
            let mut page = Page::open(&format!("http://{address}{path}"), size, scale);
            page.fits();
            page.is_quiet();
        }
    }
}

#[test]
#[ignore = "needs Chromium"]
fn links_lead_somewhere_and_back_leads_back() {
    let (_program, address) = inspected();
    let mut page = Page::open(&format!("http://{address}/"), [1280, 900], 1.0);
    let links =
        page.value("[...document.querySelectorAll('a[href^=\"/\"], a:not([href*=\":\"])')].map(a => a.href)");
    for link in links.as_array().unwrap() {
        let path = link.as_str().unwrap().split('/').skip(3).collect::<Vec<_>>().join("/");
        let path = path.split('#').next().unwrap();
        if path != "no-such-file" && !path.ends_with("events") {
            assert_eq!(support::service::get(address, &format!("/{path}")).status, 200, "{link}");
        }
    }
    page.go(&format!("http://{address}/.onepoll/"));
    page.wait_for("document.getElementById('link').textContent === 'Live'");
    page.value("history.back()");
    page.wait_for("location.pathname === '/' && document.readyState === 'complete'");
    page.value("history.forward()");
    page.wait_for("document.getElementById('link')?.textContent === 'Live'");
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn five_thousand_connections_are_shown() {
    let (_program, address) = inspected();
    let mut page = inspector(address);
    // The connections send a byte, so that the kernel reports them at once.
    let open = |_| {
        let mut stream = support::connect(address);
        std::io::Write::write_all(&mut stream, b"GET").unwrap();
        stream
    };
    let _held: Vec<TcpStream> = (0..5000).map(open).collect();
    page.wait_for(&format!("{} >= 5000", number("reading")));
    // The processor time of the page, which the other programs of the machine do not add to. It depends on the processor, so
    // it is printed and not asserted; what is drawn for a batch is counted in slab.rs.
    page.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
    let before = processor_times(&mut page);
    page.value("document.getElementById('burst').click(); document.getElementById('slow').click()");
    page.value("new Promise(done => setTimeout(done, 3000))");
    let [script, all] = processor_times(&mut page);
    println!(
        "with 5,000 connections, three seconds of the page take {:.0} ms of a processor, {:.0} of them for scripts",
        all - before[1],
        script - before[0]
    );
    page.is_quiet();
}

/// Another server on the same port is another server: nothing of the first is shown any more.
#[test]
#[ignore = "needs Chromium"]
fn a_page_that_stays_open_begins_anew_with_another_server() {
    let (program, address) = inspected();
    let mut page = inspector(address);
    let _held: Vec<_> = (0..30)
        .map(|_| {
            let mut stream = support::connect(address);
            std::io::Write::write_all(&mut stream, b"G").unwrap();
            stream
        })
        .collect();
    page.wait_for(&format!("{} >= 30", number("reading")));
    press(&mut page, "Home");
    page.wait_for(&is_chosen(&json!(0)));
    page.value(&click("pause"));
    page.wait_for(&format!("{}.startsWith('Paused')", text("moment")));
    drop(program);
    page.wait_for(&format!("{}.startsWith('The server does not answer')", text("link")));
    let mut other = onepoll();
    other
        .args(["--inspect", "--port", &address.port().to_string()])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/www"));
    let (_other, same) = Program::start(&mut other);
    assert_eq!(same.port(), address.port());
    page.wait_for(&format!("{} === 'Live'", text("link")));
    page.wait_for(&format!("{}.startsWith('Another server answers now')", text("said")));
    // Of the first server there were 30 connections more, another choice, and a pause.
    page.wait_for(&format!("{}.startsWith('Now')", text("moment")));
    page.wait_for(&format!("{} < 20 && {} < 20", listed("open"), number("reading")));
    page.wait_for(&format!("{}.includes('brings this page its events')", text("wait")));
    page.value(&click("burst"));
    page.wait_for(&format!("{} > 48", listed("requests")));
    assert!(
        page.said
            .iter()
            .all(|said| said.contains("ERR_CONNECTION_REFUSED") || said.contains("ERR_INCOMPLETE")),
        "{:?}",
        page.said
    );
}

/// A frame costs time also where nothing is drawn, so the page asks for one only where there is news: ten times a second.
#[test]
#[ignore = "needs Chromium"]
fn at_rest_there_is_a_frame_for_each_batch_and_no_more() {
    let (_program, address) = inspected();
    let mut page = inspector(address);
    let now = format!("Number({}.match(/Now: ([\\d.]+)/)[1])", text("moment"));
    page.value(&format!(
        "window.frames = 0; window.then = {now};
         window.asked = requestAnimationFrame; window.requestAnimationFrame = draw => {{ frames += 1; return asked(draw); }}"
    ));
    page.wait_for(&format!("{now} >= window.then + 2"));
    let frames = page.value("frames").as_u64().unwrap();
    assert!((5..30).contains(&frames), "{frames} frames in two seconds");
    page.is_quiet();
}

/// How long the scripts of the page have run on a processor, and all its tasks, in milliseconds.
fn processor_times(page: &mut Page) -> [f64; 2] {
    let metrics = page.call("Performance.getMetrics", json!({}))["metrics"].clone();
    let metrics = metrics.as_array().unwrap();
    let seconds =
        |name| metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap();
    ["ScriptDuration", "TaskDuration"].map(|name| 1000.0 * seconds(name))
}

/// If a page names no icon, browsers ask for `/favicon.ico`, and report a missing one on the console. The last page
/// in this test names no icon, to show that this test would notice.
#[test]
#[ignore = "needs Chromium"]
fn pages_of_ours_name_an_icon_and_no_other_is_asked_for() {
    let root =
        support::folder(&[("folder/file", b""), ("plain.html", b"<!doctype html><title>plain</title>")]);
    let (program, address) = Program::start(onepoll().arg("--inspect").arg(root.path()));
    let mut page = Page::open(&format!("http://{address}/folder/"), [320, 700], 2.0);
    page.fits();
    page.is_quiet();
    for path in ["/", "/folder/missing", "/.onepoll/", "/plain.html"] {
        page.go(&format!("http://{address}{path}"));
        page.fits();
    }
    let line = program.told("/favicon.ico");
    assert!(line.contains("/plain.html\""), "{line}");
}

#[test]
#[ignore = "needs Chromium"]
fn a_listing_is_sorted_by_its_buttons_and_the_keyboard() {
    let root = support::folder(&[("file2", b"long"), ("file10", b""), ("\u{202e}file3", b"12")]);
    let (_program, address) = Program::start(onepoll().arg(root.path()));
    let mut page = Page::open(&format!("http://{address}/?order=desc"), [1280, 900], 1.0);
    let rows = "[...document.querySelectorAll('td a')].map(a => a.textContent).join()";
    let press = |page: &mut Page, column: usize, search: &str, expected: &str| {
        page.value(&format!("document.querySelectorAll('th button')[{column}].focus()"));
        for kind in ["keyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13 });
            page.call("Input.dispatchKeyEvent", key);
        }
        page.wait_for(&format!("location.search === {search:?} && document.readyState === 'complete'"));
        assert_eq!(page.value(rows), expected, "{search}");
    };
    assert_eq!(page.value(rows), "\\u{202e}file3,file10,file2");
    press(&mut page, 0, "?sort=name", "file2,file10,\\u{202e}file3");
    press(&mut page, 0, "?order=desc&sort=name", "\\u{202e}file3,file10,file2");
    press(&mut page, 1, "?sort=size", "file10,\\u{202e}file3,file2");
    press(&mut page, 1, "?order=desc&sort=size", "file2,\\u{202e}file3,file10");
    page.is_quiet();
}
