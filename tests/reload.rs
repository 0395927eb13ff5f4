//! Pages in Chromium that reload when what they use changes (`--watch`). No test waits before it changes a file: a change
//! counts from when a page began to load, whenever the server learns that the page uses the file. These tests are ignored in
//! a plain `cargo test`; `.ci/run` installs Chromium and runs them by name.

mod support;

use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use support::browser::{Browser, Page};
use support::folder;
use support::program::{Program, onepoll};
use support::service::get;
use tempfile::TempDir;

const PAGE: &str = "<!doctype html><title>1</title><link rel=icon href=data:,>";

/// A site under edit, and the program that watches it.
struct Edited {
    root: TempDir,
    program: Program,
    address: SocketAddr,
}

impl Edited {
    fn of(files: &[(&str, &[u8])]) -> Edited {
        Edited::with(&[], files)
    }

    fn with(flags: &[&str], files: &[(&str, &[u8])]) -> Edited {
        let root = folder(files);
        let (program, address) = Program::start(watching(root.path(), "0").args(flags));
        Edited { root, program, address }
    }

    fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.root.path().join(name), content).unwrap();
    }
}

fn watching(root: &Path, port: &str) -> Command {
    // No timeout may pass because the machine is slow.
    let patient = ["--head-timeout", "600", "--idle-timeout", "600", "--watch", "--port", port];
    let mut command = onepoll();
    command.args(patient).arg(root);
    command
}

/// Marks what the page has in memory, which a reload loses.
fn mark(page: &mut Page) {
    assert_eq!(page.value("window.mark = 1"), 1);
}

/// Waits until the page was loaded again, and `condition` holds.
fn reloads(page: &mut Page, condition: &str) {
    page.wait_for(&format!("window.mark === undefined && document.readyState === 'complete' && {condition}"));
}

fn color(of: &str) -> String {
    format!("getComputedStyle(document.querySelector('{of}')).color")
}

#[test]
#[ignore = "needs Chromium"]
fn a_page_reloads_when_it_changes_or_a_module_or_a_picture() {
    let picture = |color| format!("<svg xmlns='http://www.w3.org/2000/svg' width='{color}' height='9'/>");
    let page =
        |title| format!("{}<script type=module src=a.js></script><img src=p.svg>", PAGE.replace('1', title));
    let site = Edited::of(&[
        ("index.html", page("one").as_bytes()),
        ("a.js", b"import { b } from './b.js'; document.body.dataset.b = b;"),
        ("b.js", b"export const b = 'one';"),
        ("p.svg", picture("10").as_bytes()),
    ]);
    let mut tab = Browser::start().open(&site.url("/"));
    tab.wait_for("document.body.dataset.b === 'one'");
    mark(&mut tab);
    site.write("index.html", page("two"));
    reloads(&mut tab, "document.title === 'two'");
    mark(&mut tab);
    site.write("b.js", "export const b = 'two';");
    reloads(&mut tab, "document.body.dataset.b === 'two'");
    mark(&mut tab);
    site.write("p.svg", picture("20"));
    reloads(&mut tab, "document.images[0].naturalWidth === 20");
    // Written beside and renamed, as editors do.
    mark(&mut tab);
    site.write("a.js.tmp", "document.body.dataset.b = 'three';");
    fs::rename(site.root.path().join("a.js.tmp"), site.root.path().join("a.js")).unwrap();
    reloads(&mut tab, "document.body.dataset.b === 'three'");
    assert_eq!(
        tab.value("document.querySelectorAll('script').length"),
        1,
        "the page is as its author wrote it"
    );
    tab.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn a_stylesheet_is_exchanged_without_a_reload() {
    let off = "<link rel=stylesheet href=off.css disabled>";
    let page = format!("{PAGE}{off}<link rel=stylesheet href=a.css?v=1><link rel=stylesheet href=/b.css><p>");
    let site = Edited::of(&[
        ("index.html", page.as_bytes()),
        ("a.css", b"@import 'c.css'; p { color: rgb(1, 1, 1) }"),
        ("b.css", b"body { color: rgb(1, 1, 1) }"),
        ("c.css", b"html { color: rgb(1, 1, 1) }"),
        ("off.css", b"html { color: red !important }"),
    ]);
    let mut tab = Browser::start().open(&site.url("/"));
    mark(&mut tab);
    // Every style that a user could see from now on.
    tab.value(&format!(
        "window.seen = new Set(); (function look() {{ seen.add({}); requestAnimationFrame(look); }})()",
        color("p")
    ));
    for shade in 2..5 {
        site.write("a.css", format!("@import 'c.css'; p {{ color: rgb({shade}, 1, 1) }}"));
        tab.wait_for(&format!("{} === 'rgb({shade}, 1, 1)'", color("p")));
    }
    // One that is switched off is left alone: it would neither load nor fail.
    site.write("off.css", "html { color: blue !important }");
    site.write("b.css", "body { color: rgb(7, 1, 1) }");
    tab.wait_for(&format!("{} === 'rgb(7, 1, 1)'", color("body")));
    // The old ones go, and what the author wrote into the URL stays.
    tab.wait_for("document.querySelectorAll('link[rel=stylesheet]').length === 3");
    assert_eq!(
        tab.value("document.querySelectorAll('link[rel=stylesheet]')[1].href.includes('/a.css?v=1&')"),
        true
    );
    let seen = tab.value("[...seen].filter(color => !/^rgb\\([1-4], 1, 1\\)$/.test(color))");
    assert_eq!(seen, json!([]), "the page was never without its style");
    // A stylesheet that is gone for a moment is not missed.
    fs::remove_file(site.root.path().join("b.css")).unwrap();
    site.write("a.css", "@import 'c.css'; p { color: rgb(3, 1, 1) }");
    tab.wait_for(&format!("{} === 'rgb(3, 1, 1)'", color("p")));
    assert_eq!(tab.value(&color("body")), "rgb(7, 1, 1)");
    site.write("b.css", "body { color: rgb(8, 1, 1) }");
    tab.wait_for(&format!("{} === 'rgb(8, 1, 1)'", color("body")));
    assert_eq!(tab.value("window.mark"), 1, "the page was not loaded again");
    // No element loads this one, so the page is loaded again.
    site.write("c.css", "html { color: rgb(9, 1, 1) }");
    reloads(&mut tab, &format!("{} === 'rgb(9, 1, 1)'", color("html")));
}

#[test]
#[ignore = "needs Chromium"]
fn what_a_page_does_not_use_does_not_concern_it() {
    let page = format!("{PAGE}<link rel=stylesheet href=a.css>");
    let site = Edited::of(&[
        ("index.html", page.as_bytes()),
        ("other.html", b"1"),
        ("a.css", b""),
        ("favicon.ico", b""),
    ]);
    let browser = Browser::start();
    let mut tab = browser.open(&site.url("/"));
    mark(&mut tab);
    // Another page of the same browser uses it.
    let mut other = browser.open(&site.url("/other.html"));
    mark(&mut other);
    site.write("other.html", "2");
    site.write("new.txt", "");
    reloads(&mut other, "document.body.textContent === '2'");
    // What is told now was told after that.
    site.write("a.css", "html { color: rgb(1, 2, 3) }");
    tab.wait_for(&format!("{} === 'rgb(1, 2, 3)'", color("html")));
    assert_eq!(tab.value("window.mark"), 1);
    tab.is_quiet();
    other.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn ten_tabs_of_a_browser_load_and_all_reload() {
    let page = format!("{PAGE}<script src=a.js></script>");
    let site = Edited::of(&[("index.html", page.as_bytes()), ("a.js", b"window.a = 1;")]);
    let browser = Browser::start();
    let mut tabs: Vec<_> = (0..10).map(|_| browser.open(&site.url("/"))).collect();
    tabs.iter_mut().for_each(mark);
    site.write("a.js", "window.a = 2;");
    for tab in &mut tabs {
        reloads(tab, "window.a === 2");
        tab.is_quiet();
    }
    // Once more, after some tabs are closed by what they showed.
    tabs.truncate(8);
    tabs.iter_mut().for_each(mark);
    site.write("index.html", PAGE);
    tabs.iter_mut().for_each(|tab| reloads(tab, "window.a === undefined"));
}

#[test]
#[ignore = "needs Chromium"]
fn pages_reload_when_the_server_is_back() {
    let site = Edited::of(&[("index.html", PAGE.as_bytes())]);
    let browser = Browser::start();
    let mut tabs = [browser.open(&site.url("/")), browser.open(&site.url("/"))];
    tabs.iter_mut().for_each(mark);
    // By now the worker knows of both: this is told to it.
    site.write("index.html", PAGE.replace('1', "2"));
    tabs.iter_mut().for_each(|tab| reloads(tab, "document.title === '2'"));
    tabs.iter_mut().for_each(mark);
    let Edited { root, program, address } = site;
    program.signal(Signal::TERM);
    assert!(program.end().0.success());
    fs::write(root.path().join("index.html"), PAGE.replace('1', "3")).unwrap();
    let (_program, _) = Program::start(&mut watching(root.path(), &address.port().to_string()));
    for tab in &mut tabs {
        reloads(tab, "document.title === '3'");
        tab.is_quiet();
        mark(tab);
    }
    // And they go on.
    fs::write(root.path().join("index.html"), PAGE.replace('1', "4")).unwrap();
    tabs.iter_mut().for_each(|tab| reloads(tab, "document.title === '4'"));
}

#[test]
#[ignore = "needs Chromium"]
fn pages_of_every_kind_reload() {
    let utf_16: Vec<u8> = "\u{feff}<!doctype html>1".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let policy =
        "<!doctype html><meta http-equiv=Content-Security-Policy content=\"default-src 'self'\"><p>1";
    let framed = format!("{PAGE}<iframe src=frame.html></iframe>");
    let large = format!("{PAGE}{}", "<p>1\n".repeat(20_000));
    let table: [(&str, Vec<u8>); 6] = [
        ("policy.html", policy.into()),
        ("base.html", format!("{PAGE}<base href=/another/place/><p>").into()),
        ("utf_16.html", utf_16),
        ("fragment.html", b"<p>1".to_vec()),
        ("large.html", large.into()),
        ("framed.html", framed.into()),
    ];
    let files = table.iter().map(|(name, page)| (*name, page.as_slice()));
    let files: Vec<_> =
        files.chain([("frame.html", PAGE.as_bytes()), ("favicon.ico", b"".as_slice())]).collect();
    let site = Edited::of(&files);
    let browser = Browser::start();
    for (name, page) in &table {
        let mut tab = browser.open(&site.url(&format!("/{name}")));
        mark(&mut tab);
        // Two bytes are a character in each encoding, or two.
        site.write(name, [page, &page[page.len() - 2..]].concat());
        reloads(&mut tab, "true");
        tab.is_quiet();
    }
    // A page in a frame reloads by itself.
    let mut tab = browser.open(&site.url("/framed.html"));
    mark(&mut tab);
    site.write("frame.html", PAGE.replace('1', "2"));
    tab.wait_for("frames[0].document.title === '2'");
    assert_eq!(tab.value("window.mark"), 1);
}

/// The script and the stream are outside of the prefix, and in an isolated page under a strict policy.
#[test]
#[ignore = "needs Chromium"]
fn pages_below_a_prefix_reload_isolated_and_under_a_policy() {
    let page = format!("{PAGE}<script type=module src=/repo/a.js></script>");
    let policy = "Content-Security-Policy: default-src 'self' data:";
    let flags = ["--prefix", "/repo/", "--isolate", "--cors", "--clean-urls", "--header", policy];
    let files: [(&str, &[u8]); 4] = [
        ("index.html", page.as_bytes()),
        ("a.js", b"window.a = 1"),
        ("about.html", PAGE.as_bytes()),
        ("404.html", PAGE.as_bytes()),
    ];
    let site = Edited::with(&flags, &files);
    let mut tab = Browser::start().open(&site.url("/repo/"));
    assert_eq!(tab.value("crossOriginIsolated && window.a === 1"), true);
    mark(&mut tab);
    site.write("a.js", "window.a = 2");
    reloads(&mut tab, "crossOriginIsolated && window.a === 2");
    tab.go(&site.url("/repo/about"));
    tab.is_quiet();
    for (path, file) in
        [("/repo/about", "about.html"), ("/repo/missing", "404.html"), ("/outside", "404.html")]
    {
        tab.go(&site.url(path));
        mark(&mut tab);
        site.write(file, PAGE.replace('1', path));
        reloads(&mut tab, &format!("document.title === '{path}'"));
    }
}

#[test]
#[ignore = "needs Chromium"]
fn an_app_reloads_at_the_route_where_it_is() {
    let style = "<link rel=stylesheet href=/a.css>";
    let page = format!("{PAGE}{style}<script type=module src=/a.js></script>");
    let files: [(&str, &[u8]); 4] = [
        ("index.html", page.as_bytes()),
        ("a.css", b""),
        ("a.js", b"import { b } from './b.js'; window.b = b"),
        ("b.js", b"export const b = 1"),
    ];
    let site = Edited::with(&["--spa"], &files);
    let mut tab = Browser::start().open(&site.url("/deep/route"));
    mark(&mut tab);
    site.write("b.js", "export const b = 2");
    reloads(&mut tab, "window.b === 2");
    tab.value("history.pushState({}, '', '/another/route?query#fragment')");
    mark(&mut tab);
    site.write("index.html", page.replace('1', "2"));
    reloads(&mut tab, "document.title === '2'");
    assert_eq!(
        tab.value("location.pathname + location.search + location.hash"),
        "/another/route?query#fragment"
    );
    // By now the server knows what the page uses. A build deletes the page, and writes it again.
    site.write("a.css", "html { color: rgb(1, 2, 3) }");
    tab.wait_for(&format!("{} === 'rgb(1, 2, 3)'", color("html")));
    mark(&mut tab);
    fs::remove_file(site.root.path().join("index.html")).unwrap();
    tab.value("new Promise(done => setTimeout(done, 300))");
    site.write("index.html", page.replace('1', "3"));
    reloads(&mut tab, "document.title === '3'");
    tab.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn a_page_reloads_when_a_frame_shows_what_has_no_script_of_its_own() {
    let picture = "<svg xmlns='http://www.w3.org/2000/svg'/>";
    let table = [
        ("picture.svg", "<iframe src=picture.svg></iframe>", picture),
        ("text.txt", "<iframe src=text.txt></iframe>", "1"),
        ("sandbox.html", "<iframe sandbox=allow-scripts src=sandbox.html></iframe>", PAGE),
        ("no_script.html", "<iframe sandbox=allow-same-origin src=no_script.html></iframe>", PAGE),
        (
            "late.txt",
            "<script>onload = () => document.body.append(Object.assign(document.createElement('iframe'), { src: 'late.txt' }))</script>",
            "1",
        ),
    ];
    let page: String = table.iter().map(|(_, frame, _)| *frame).collect();
    let page = format!("{PAGE}<body>{page}");
    let files = table.iter().map(|(name, _, content)| (*name, content.as_bytes()));
    let site = Edited::of(&files.chain([("index.html", page.as_bytes())]).collect::<Vec<_>>());
    let mut tab = Browser::start().open(&site.url("/"));
    for (name, _, content) in table {
        mark(&mut tab);
        site.write(name, format!("{content} "));
        reloads(&mut tab, "true");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_page_that_a_service_worker_passes_on_reloads() {
    let page = format!("{PAGE}<script>navigator.serviceWorker.register('worker.js')</script>");
    let worker: [&[u8]; 2] = [
        b"addEventListener('activate', event => event.waitUntil(clients.claim()));",
        b"addEventListener('fetch', event => event.respondWith(fetch(event.request)));",
    ];
    let site = Edited::of(&[("index.html", page.as_bytes()), ("worker.js", &worker.concat())]);
    let mut tab = Browser::start().open(&site.url("/"));
    tab.wait_for("navigator.serviceWorker.controller !== null");
    for title in ["2", "3"] {
        mark(&mut tab);
        site.write("index.html", page.replace('1', title));
        reloads(&mut tab, &format!("document.title === '{title}'"));
    }
    tab.is_quiet();
}

/// A browser does not ask for a page again when a user goes back to it.
#[test]
#[ignore = "needs Chromium"]
fn a_page_that_a_user_comes_back_to_is_not_an_old_one() {
    // With a listener for this a browser does not keep the whole page in memory.
    let page =
        format!("{PAGE}<script src=a.js></script><script>addEventListener('unload', () => {{}})</script>");
    let site = Edited::of(&[
        ("index.html", page.as_bytes()),
        ("a.js", b"window.a = 1"),
        ("other.html", PAGE.replace('1', "other").as_bytes()),
    ]);
    let mut tab = Browser::start().open(&site.url("/"));
    tab.value("location.href = 'other.html'");
    tab.wait_for("document.title === 'other'");
    site.write("a.js", "window.a = 2");
    site.write("index.html", page.replace('1', "2"));
    tab.value("history.back()");
    tab.wait_for("document.title === '2' && window.a === 2");
    tab.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn what_was_missing_is_loaded_when_it_is_there() {
    let page = format!("{PAGE}<script src=later.js></script><link rel=stylesheet href=later.css>");
    let site = Edited::of(&[("page.html", page.as_bytes())]);
    let browser = Browser::start();
    let mut tab = browser.open(&site.url("/page.html"));
    mark(&mut tab);
    // A stylesheet that a page asks for is taken in without a reload.
    site.write("later.css", "html { color: rgb(1, 2, 3) }");
    tab.wait_for(&format!("{} === 'rgb(1, 2, 3)'", color("html")));
    assert_eq!(tab.value("window.mark"), 1);
    site.write("later.js", "window.later = 1");
    reloads(&mut tab, "window.later === 1");
    // In the middle of a build the page itself is gone: the tab shows the error, and then the page.
    mark(&mut tab);
    fs::remove_file(site.root.path().join("page.html")).unwrap();
    reloads(&mut tab, "document.title.startsWith('404')");
    mark(&mut tab);
    site.write("page.html", PAGE);
    reloads(&mut tab, "document.title === '1'");
}

#[test]
#[ignore = "needs Chromium"]
fn a_browser_without_shared_workers_reloads_the_page_that_is_seen() {
    let site = Edited::of(&[("index.html", PAGE.as_bytes()), ("a.css", b"")]);
    let mut tab = Browser::start().open("about:blank");
    let without = json!({ "source": "delete window.SharedWorker" });
    tab.call("Page.addScriptToEvaluateOnNewDocument", without);
    tab.go(&site.url("/"));
    assert_eq!(tab.value("window.SharedWorker === undefined"), true);
    mark(&mut tab);
    site.write("index.html", PAGE.replace('1', "2"));
    reloads(&mut tab, "document.title === '2'");
    tab.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn what_a_page_asks_for_late_counts_and_forms_and_the_address_stay() {
    // What is no file of the server does not keep the server from being told of the others.
    let odd = "<img src=''><img src=data:,x><script>\
        document.body.append(Object.assign(new Image(), { src: URL.createObjectURL(new Blob()) }))</script>";
    let page = format!("{PAGE}{odd}<input><div style='height: 9000px'></div>");
    let site =
        Edited::of(&[("index.html", page.as_bytes()), ("data.json", b"1"), ("late.js", b"window.late = 1")]);
    let mut tab = Browser::start().open(&site.url("/?query#fragment"));
    mark(&mut tab);
    tab.value("fetch('data.json').then(answer => answer.text())");
    // A browser remembers the place that a user has seen: that of a frame.
    tab.call("Page.bringToFront", json!({}));
    tab.value("scrollTo(0, 500)");
    tab.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    site.write("data.json", "2");
    reloads(&mut tab, "scrollY === 500");
    assert_eq!(tab.value("location.search + location.hash"), "?query#fragment");
    mark(&mut tab);
    tab.value("import('/late.js').then(() => 1)");
    site.write("late.js", "window.late = 2");
    reloads(&mut tab, "true");
    assert_eq!(get(site.address, "/late.js").text(), "window.late = 2");
    tab.is_quiet();
}
