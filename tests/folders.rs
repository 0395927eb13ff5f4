//! Listings in Chromium: the filter, by the keyboard alone and in a folder of a hundred thousand names; times in the zone of the
//! reader; narrow windows, and pages whose scripts and styles are forbidden. These tests are ignored in a plain `cargo test`;
//! `.ci/run` installs Chromium and runs them by name.

mod support;

use serde_json::{Value, json};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};
use support::browser::{Browser, Page};
use support::folder;
use support::program::{Program, onepoll};

/// The names in the rows that are shown, but for that of the folder above.
const SHOWN: &str = "[...document.querySelectorAll('td a:not([href=\"../\"])')].filter(a => a.checkVisibility()).map(a => a.textContent).join()";

/// What is said of how many names match.
const SAID: &str = "document.querySelector('output').textContent";

fn serve(root: &Path, flags: &[&str]) -> (Program, SocketAddr) {
    // No timeout may pass because the machine is slow.
    let patient = ["--head-timeout", "600", "--idle-timeout", "600"];
    Program::start(onepoll().args(patient).args(flags).arg(root))
}

/// Presses a key, which may give a text.
fn press(page: &mut Page, key: &str) {
    let (code, text) = match key {
        "Tab" => (9, ""),
        "Enter" => (13, "\r"),
        "Escape" => (27, ""),
        text => (0, text),
    };
    for kind in ["keyDown", "keyUp"] {
        let text = if kind == "keyDown" { text } else { "" };
        let event =
            json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
        page.call("Input.dispatchKeyEvent", event);
    }
}

/// Types into what has the focus.
fn type_text(page: &mut Page, text: &str) {
    text.chars().for_each(|char| press(page, &char.to_string()));
}

/// Presses Tab until `element` has the focus, which must be seen.
fn tab_to(page: &mut Page, element: &str) {
    for _ in 0..20 {
        press(page, "Tab");
        if page.value(&format!("document.activeElement === document.querySelector({element:?})")) == true {
            let outline = page.value("getComputedStyle(document.activeElement).outlineStyle");
            assert_ne!(outline, "none", "the focus on {element} is seen");
            return;
        }
    }
    panic!("no way to {element} by the keyboard");
}

fn shows(page: &mut Page, expected: &str) {
    page.wait_for(&format!("{SHOWN} === {expected:?}"));
}

#[test]
#[ignore = "needs Chromium"]
fn the_filter_is_used_by_the_keyboard_alone() {
    let root = folder(&[
        ("in/Apple.jpg", b"333"),
        ("in/banana.JPG", b"1"),
        ("in/cherry.png", b"22"),
        ("in/jpgs/x", b""),
        ("in/\u{c4}rger", b""),
    ]);
    let (_program, address) = serve(root.path(), &[]);
    let mut page = Page::open(&format!("http://{address}/in/?sort=size"), [800, 600], 1.0);
    tab_to(&mut page, "#q");
    assert_eq!(page.value("document.querySelector('label[for=q]').textContent"), "Filter");
    assert_eq!(page.value("document.querySelector('output').role ?? 'status'"), "status", "it is read out");
    type_text(&mut page, "JpG");
    shows(&mut page, "jpgs/,banana.JPG,Apple.jpg");
    assert_eq!(page.value(SAID), "3 names match");
    assert_eq!(page.value("document.querySelector('a[href=\"../\"]').checkVisibility()"), true);
    type_text(&mut page, "x");
    shows(&mut page, "");
    assert_eq!(page.value(SAID), "No name matches");
    press(&mut page, "Escape");
    shows(&mut page, "jpgs/,\u{c4}rger,banana.JPG,cherry.png,Apple.jpg");
    assert_eq!(page.value(SAID), "");
    assert_eq!(page.value("document.activeElement.id"), "q");
    type_text(&mut page, "\u{e4}R");
    shows(&mut page, "\u{c4}rger");
    assert_eq!(page.value(SAID), "1 name matches");
    press(&mut page, "Escape");
    type_text(&mut page, "jpg");
    // The address says what is typed, so it can be kept, sent, and loaded again.
    page.wait_for("location.search === '?sort=size&q=jpg'");
    page.value("window.before = true; location.reload()");
    page.wait_for("window.before === undefined && document.readyState === 'complete'");
    shows(&mut page, "jpgs/,banana.JPG,Apple.jpg");
    assert_eq!(
        page.value(
            "document.getElementById('q').value + '; ' + document.querySelector('output').textContent"
        ),
        "jpg; 3 names match"
    );
    // More of it is looked for here, less is asked of the server.
    tab_to(&mut page, "#q");
    page.value("document.getElementById('q').setSelectionRange(3, 3)");
    type_text(&mut page, "s");
    shows(&mut page, "jpgs/");
    press(&mut page, "Escape");
    shows(&mut page, "jpgs/,\u{c4}rger,banana.JPG,cherry.png,Apple.jpg");
    page.wait_for("location.search === '?sort=size'");
    // A button that sorts keeps what is typed, though the server was not asked for it.
    type_text(&mut page, "a");
    tab_to(&mut page, "button[value=name]");
    press(&mut page, "Enter");
    page.wait_for("location.search === '?sort=name&q=a' && document.readyState === 'complete'");
    shows(&mut page, "Apple.jpg,banana.JPG");
    assert_eq!(page.value("document.querySelectorAll('th[aria-sort]').length"), 1);
    assert_eq!(page.value("document.querySelector('th[aria-sort=ascending]').textContent"), "Name");
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn times_are_those_of_the_readers_zone_and_utc_without_script() {
    let root = folder(&[("winter", b""), ("summer", b"")]);
    let set = |name: &str, seconds| {
        let file = File::open(root.path().join(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    };
    set("winter", 1_735_689_599); // 2024-12-31 23:59:59 UTC
    set("summer", 1_751_328_000); // 2025-07-01 00:00:00 UTC
    let (_program, address) = serve(root.path(), &[]);
    let url = format!("http://{address}/");
    let times = "[...document.querySelectorAll('time')].map(time => time.textContent).join()";
    let titles = "[...document.querySelectorAll('time')].map(time => time.title).join()";
    let footer = "document.querySelector('footer').textContent";
    for (zone, expected) in [
        ("Asia/Kathmandu", "2025-07-01 05:45,2025-01-01 05:44"),
        ("America/New_York", "2025-06-30 20:00,2024-12-31 18:59"),
        ("UTC", "2025-07-01 00:00,2024-12-31 23:59"),
    ] {
        let mut page = Browser::start().open("about:blank");
        page.call("Emulation.setTimezoneOverride", json!({ "timezoneId": zone }));
        page.go(&url);
        assert_eq!(page.value(times), expected, "{zone}");
        assert_eq!(page.value(titles), "2025-07-01 00:00:00 UTC,2024-12-31 23:59:59 UTC", "{zone}");
        assert!(page.value(footer).as_str().unwrap().starts_with("Times are in your time zone"), "{zone}");
        page.is_quiet();
    }
    let mut page = Browser::start().open("about:blank");
    page.call("Emulation.setTimezoneOverride", json!({ "timezoneId": "Asia/Kathmandu" }));
    page.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    page.go(&url);
    assert_eq!(page.value(times), "2025-07-01 00:00,2024-12-31 23:59");
    assert_eq!(page.value(footer), "Times are UTC");
}

#[test]
#[ignore = "needs Chromium"]
fn a_user_without_script_filters_by_the_form() {
    let root = folder(&[("Apple.jpg", b"1"), ("banana.png", b""), ("cherry.jpg", b"")]);
    let (_program, address) =
        serve(root.path(), &["--header", "Content-Security-Policy: default-src 'self'"]);
    let mut page = Page::open(&format!("http://{address}/?sort=size"), [320, 600], 1.0);
    assert_eq!(page.value("document.querySelector('footer').textContent"), "Times are UTC", "no script runs");
    assert_eq!(
        page.value("getComputedStyle(document.querySelector('h1')).margin"),
        "21.44px 0px",
        "no style holds"
    );
    page.value("document.getElementById('q').focus()");
    type_text(&mut page, "JPG");
    press(&mut page, "Enter");
    page.wait_for("location.search === '?sort=size&q=JPG' && document.readyState === 'complete'");
    shows(&mut page, "cherry.jpg,Apple.jpg");
    assert_eq!(page.value(SAID), "2 names match");
    page.value("document.querySelector('button[value=size]').click()");
    page.wait_for("location.search === '?q=JPG&order=desc&sort=size' && document.readyState === 'complete'");
    shows(&mut page, "Apple.jpg,cherry.jpg");
    page.value("document.getElementById('q').value = 'a&b'; document.querySelector('form[role=search] button').click()");
    page.wait_for(
        "location.search === '?sort=size&order=desc&q=a%26b' && document.readyState === 'complete'",
    );
    shows(&mut page, "");
    page.fits();
}

/// A name that does not fit in one line, of the longest that there are.
const LONG: &str = "a-name-without-any-place-to-break-it-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on.tar.gz";

#[test]
#[ignore = "needs Chromium"]
fn pages_fit_into_a_narrow_window_in_both_colors_and_their_head_stays() {
    let root = folder(&[("sub/README.md", b"# A title\n\nhttps://example.org/an/address/that/is/longer/than/a/narrow/window/is/wide/and/does/not/break\n")]);
    fs::create_dir(root.path().join("sub").join(LONG)).unwrap();
    for number in 0..60 {
        File::create(root.path().join(format!("sub/{number}-{LONG}")))
            .unwrap()
            .set_len(1 << number.min(40))
            .unwrap();
    }
    let (_program, address) = serve(root.path(), &[]);
    let paths = ["/sub/", "/sub/?q=1", &format!("/sub/{LONG}/"), &format!("/missing/{LONG}"), "/sub%3Cb%3E"];
    let mut page = Page::open(&format!("http://{address}/"), [320, 640], 1.0);
    let mut colors = Vec::new();
    for scheme in ["light", "dark"] {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        page.call("Emulation.setEmulatedMedia", features);
        for path in &paths {
            page.go(&format!("http://{address}{path}"));
            page.fits();
            let color = page.value(
                "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]",
            );
            colors.push(color);
        }
    }
    let (light, dark) = colors.split_at(paths.len());
    let are_same = |colors: &[Value]| colors.iter().all(|color| *color == colors[0]);
    assert!(
        are_same(light) && are_same(dark) && light[0] != dark[0],
        "errors look like listings: {colors:?}"
    );
    page.go(&format!("http://{address}/sub/"));
    page.value("scrollTo(0, 1500)");
    page.wait_for("scrollY === 1500");
    let top = page.value(
        "[...document.querySelectorAll('th')].map(th => Math.round(th.getBoundingClientRect().top)).join()",
    );
    assert_eq!(top, "0,0,0", "the head of the table stays in sight");
    let is_above = "(() => { const { left, top } = document.querySelector('th button').getBoundingClientRect(); return document.elementFromPoint(left + 2, top + 2).closest('th') !== null })()";
    assert_eq!(page.value(is_above), true, "and no row covers it");
}

#[test]
#[ignore = "needs Chromium"]
fn a_folder_of_a_hundred_thousand_names_is_usable() {
    const NAMES: usize = 100_000;
    let root = folder(&[("file", b"here")]);
    let many = root.path().join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..NAMES {
        // A file may have 65,000 names on some file systems.
        match number % 50_000 {
            0 => fs::write(many.join(format!("{number}.txt")), "here").unwrap(),
            _ => fs::hard_link(
                many.join(format!("{}.txt", number / 50_000 * 50_000)),
                many.join(format!("{number}.txt")),
            )
            .unwrap(),
        }
    }
    let (_program, address) = serve(root.path(), &[]);
    let mut page = Page::open(&format!("http://{address}/many/"), [800, 600], 1.0);
    let rows = "document.querySelectorAll('tbody tr').length - 1";
    assert_eq!(page.value(rows), 10_000);
    let cut = "(document.getElementById('cut')?.textContent.split('. ')[0] ?? '')";
    assert_eq!(page.value(cut), "These are the first 10,000 of 100,000 names");
    tab_to(&mut page, "#q");
    // The filter looks in all names, also in names that are not on the page.
    type_text(&mut page, "9876");
    page.wait_for(&format!("{SAID} === '20 names match'"));
    let expected: Vec<_> = (0..NAMES)
        .filter(|number| number.to_string().contains("9876"))
        .map(|number| format!("{number}.txt"))
        .collect();
    shows(&mut page, &expected.join(","));
    assert_eq!(page.value(cut), "");
    assert_eq!(page.value("document.activeElement.id + document.activeElement.value"), "q9876", "it goes on");
    type_text(&mut page, "5");
    shows(&mut page, "98765.txt");
    press(&mut page, "Escape");
    page.wait_for(&format!("{rows} === 10000 && {cut} === 'These are the first 10,000 of 100,000 names'"));
    type_text(&mut page, "9");
    page.wait_for(&format!("{cut} === 'These are the first 10,000 of 40,951 names that match'"));
    assert_eq!(page.value(SAID), "40,951 names match");
    page.is_quiet();
}
