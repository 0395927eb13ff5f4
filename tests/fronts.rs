//! Front ends in a real browser: sites as web developers build them, with the flags that they reach for. These tests are
//! ignored in a plain `cargo test`, which needs nothing but Rust; `.ci/run` installs Chromium and runs them by name.

mod support;

use serde_json::json;
use std::net::SocketAddr;
use support::browser::Page;
use support::folder;
use support::program::{Program, onepoll};
use tempfile::TempDir;

/// A site that is built for the path `/repo/`: its links are relative or begin with the prefix, and no `<base>` helps.
#[test]
#[ignore = "needs Chromium"]
fn a_site_that_is_built_for_a_prefix_works_below_it() {
    let start = b"<!doctype html><title>start</title><link rel=icon href='data:,'>\
        <link rel=stylesheet href='/repo/assets/site.css'><script type=module src='/repo/assets/site.js'></script>\
        <img src=assets/dot.svg><a id=about href=about/>about</a><a id=bare href=/repo/bare/>bare</a>";
    let about = b"<!doctype html><title>about</title><link rel=icon href='data:,'>\
        <link rel=stylesheet href=../assets/site.css><a id=home href=/repo/>home</a><a id=up href=..>up</a>";
    let root = folder(&[
        ("index.html", start),
        ("about/index.html", about),
        ("assets/site.css", b"body { color: rgb(1, 2, 3) }"),
        ("assets/site.js", b"import { word } from './part.js'; document.body.dataset.word = word;"),
        (
            "assets/part.js",
            b"export const word = await fetch(new URL('data.json', import.meta.url)).then(r => r.json());",
        ),
        ("assets/data.json", b"\"loaded\""),
        ("assets/dot.svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='7' height='7'/>"),
        ("bare/b.txt", b"b"),
        ("bare/a.txt", b"longer"),
    ]);
    let (_program, address) = Program::start(onepoll().arg(root.path()).args(["--prefix", "/repo/"]));
    let mut page = Page::open("about:blank", [800, 600], 1.0);
    let lands = |page: &mut Page, path: &str| {
        page.wait_for(&format!(
            "document.readyState === 'complete' && location.href === 'http://{address}{path}'"
        ));
    };
    // `/` leads to the site, with its query.
    page.value(&format!("location.href = 'http://{address}/?q=1'"));
    lands(&mut page, "/repo/?q=1");
    page.wait_for("document.body.dataset.word === 'loaded'");
    page.wait_for("getComputedStyle(document.body).color === 'rgb(1, 2, 3)'");
    page.wait_for("document.images[0].naturalWidth === 7");
    for (element, path) in
        [("about", "/repo/about/"), ("home", "/repo/"), ("about", "/repo/about/"), ("up", "/repo/")]
    {
        page.value(&format!("document.getElementById('{element}').click()"));
        lands(&mut page, path);
        page.wait_for("getComputedStyle(document.body).color === 'rgb(1, 2, 3)'");
    }
    // A folder without its slash, and a listing with its buttons and its way up.
    page.value("location.href = '/repo/bare'");
    lands(&mut page, "/repo/bare/");
    page.value("document.querySelector('button[value=size]').click()");
    lands(&mut page, "/repo/bare/?sort=size");
    page.wait_for("document.querySelector('tbody:last-of-type a').textContent === 'b.txt'");
    page.value("document.querySelector('h1 a').click()");
    lands(&mut page, "/repo/");
    page.is_quiet();
    // The page for errors leads to the start, from inside and from outside.
    for path in ["/repo/missing/page", "/elsewhere/page"] {
        page.value(&format!("location.href = '{path}'"));
        lands(&mut page, path);
        page.value("document.querySelector('a').click()");
        lands(&mut page, "/repo/");
    }
}

/// A router: it shows the path that the browser is at, and follows links without asking the server.
const ROUTER: &[u8] = b"\
const show = () => { document.getElementById('view').textContent = 'page ' + location.pathname; };
document.addEventListener('click', event => {
  const link = event.target.closest('a');
  if (!link) return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  show();
});
addEventListener('popstate', show);
show();
";

const APP: &[u8] = b"<!doctype html><title>app</title><link rel=icon href=data:,>
<a id=link href=/user/john.doe>a user</a><p id=view></p><script src=/assets/router.js></script>";

const LOST: &[u8] = b"<!doctype html><title>lost</title><link rel=icon href=data:,><p id=view>lost</p>";

#[test]
#[ignore = "needs Chromium"]
fn the_pages_of_an_app_are_opened_by_a_link_from_elsewhere_and_loaded_again() {
    let site = folder(&[("index.html", APP), ("assets/router.js", ROUTER), ("404.html", LOST)]);
    // No timeout may pass because the machine is slow.
    let patient = ["--head-timeout", "600", "--idle-timeout", "600", "--spa"];
    let (_program, address) = Program::start(onepoll().args(patient).arg(site.path()));
    let view = |text: &str| format!("document.getElementById('view')?.textContent === '{text}'");
    let status = |path: &str| format!("fetch('{path}').then(answer => answer.status)");
    let mut page = Page::open(&format!("http://{address}/deep/link"), [800, 600], 1.0);
    page.wait_for(&view("page /deep/link"));
    page.value("document.getElementById('link').click()");
    page.wait_for(&view("page /user/john.doe"));
    page.value("window.before = true; location.reload()");
    page.wait_for(&format!("window.before === undefined && {}", view("page /user/john.doe")));
    page.is_quiet();
    assert_eq!(page.value(&status("/assets/missing.js")), 404);
    assert_eq!(page.value(&status("/assets/router.js")), 200);
    assert_eq!(page.value(&status("/deep/link")), 404, "a script prefers no page");
    page.go(&format!("http://{address}/missing.html"));
    page.wait_for(&view("lost"));
    page.go(&format!("http://{address}/other"));
    page.wait_for(&view("page /other"));
}

/// The program with a site of these files. No timeout may pass because the machine is slow.
fn serving(files: &[(&str, &[u8])], flags: &[&str]) -> (TempDir, Program, SocketAddr) {
    let root = folder(files);
    let patient = ["--head-timeout", "600", "--idle-timeout", "600"];
    let (program, address) = Program::start(onepoll().args(patient).args(flags).arg(root.path()));
    (root, program, address)
}

/// A module of WebAssembly that takes a memory which threads share, and exports `add(count)`: it adds 1 to the number at 0, so
/// many times, by `i32.atomic.rmw.add`.
#[rustfmt::skip]
const ADDING: &[u8] = &[
    0x00, b'a', b's', b'm', 0x01, 0x00, 0x00, 0x00,
    // Types: (i32) -> ().
    0x01, 0x05, 0x01, 0x60, 0x01, 0x7f, 0x00,
    // Imports: the memory "m" "m", shared, of one page.
    0x02, 0x09, 0x01, 0x01, b'm', 0x01, b'm', 0x02, 0x03, 0x01, 0x01,
    // Functions: one of type 0.
    0x03, 0x02, 0x01, 0x00,
    // Exports: "add" is function 0.
    0x07, 0x07, 0x01, 0x03, b'a', b'd', b'd', 0x00, 0x00,
    // Code: loop { drop(atomic add(0, 1)); count -= 1; if count != 0 { continue } }.
    0x0a, 0x19, 0x01, 0x17, 0x00,
    0x03, 0x40,
    0x41, 0x00, 0x41, 0x01, 0xfe, 0x1e, 0x02, 0x00, 0x1a,
    0x20, 0x00, 0x41, 0x01, 0x6b, 0x22, 0x00, 0x0d, 0x00,
    0x0b,
    0x0b,
];

/// Two workers add to one number, and the page waits until both are done.
const PAGE: &[u8] = b"<!doctype html><meta charset=utf-8><title>threads</title><link rel=icon href=data:,>
<script type=module>
window.sum = null;
try {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const module = await WebAssembly.compileStreaming(fetch('adding.wasm'));
    const done = [1, 2].map(() => new Promise((resolve, reject) => {
        const worker = new Worker('worker.js', { type: 'module' });
        worker.onmessage = resolve;
        worker.onerror = event => reject(event.message);
        worker.postMessage([module, memory]);
    }));
    await Promise.all(done);
    window.sum = new Int32Array(memory.buffer)[0];
} catch (error) {
    window.sum = String(error);
}
</script>";

const WORKER: &[u8] = b"onmessage = async ({ data: [module, memory] }) => {
    const { exports } = await WebAssembly.instantiate(module, { m: { m: memory } });
    exports.add(100000);
    postMessage('done');
};";

#[test]
#[ignore = "needs Chromium"]
fn threads_share_memory_in_pages_that_are_isolated() {
    let files: &[(&str, &[u8])] = &[("index.html", PAGE), ("worker.js", WORKER), ("adding.wasm", ADDING)];
    let (_root, _program, address) = serving(files, &["--isolate"]);
    let mut page = Page::open(&format!("http://{address}/"), [800, 600], 1.0);
    page.wait_for("window.sum !== null");
    assert_eq!(page.value("[crossOriginIsolated, window.sum]"), json!([true, 200_000]), "{:?}", page.said);
    page.is_quiet();

    let (_root, _program, address) = serving(files, &[]);
    page.go(&format!("http://{address}/"));
    page.wait_for("window.sum !== null");
    assert_eq!(page.value("crossOriginIsolated"), json!(false));
    let sum = page.value("window.sum");
    assert!(sum.is_string(), "without isolation no memory goes to a worker: {sum}");
}

/// Fetches a range of `url` with a field that only a preflight allows, and gives what a script may read; or why it may not.
fn fetch(url: &str, options: &str) -> String {
    format!(
        "fetch({url:?}, {{ headers: {{ 'X-Own': 'a', Range: 'bytes=2-4' }}, {options} }}).then(async answer => \
         [answer.status, await answer.text(), answer.headers.get('Content-Range'), answer.headers.get('ETag') !== null], \
         error => error.name)"
    )
}

#[test]
#[ignore = "needs Chromium"]
fn pages_of_another_origin_read_what_the_flag_lets_them() {
    let data: &[(&str, &[u8])] = &[("data.bin", b"0123456789")];
    let (_root, _program, elsewhere) =
        serving(&[("index.html", b"<!doctype html><link rel=icon href=data:,>")], &[]);
    // The same page has two origins, by the name and by the address of this machine.
    let [by_name, by_address] =
        ["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{}", elsewhere.port()));
    let mut page = Page::open(&format!("{by_name}/"), [800, 600], 1.0);
    let read = json!([206, "234", "bytes 2-4/10", true]);
    let refused = json!("TypeError");
    let named = format!("--cors={by_name}/");
    let credentials = ["--header", "Access-Control-Allow-Credentials: true"];
    let with_credentials = [&named, credentials[0], credentials[1]];
    let plain = "cache: 'no-store'";
    let with = "credentials: 'include', cache: 'no-store'";
    let put = "method: 'PUT', cache: 'no-store'";
    // By name, by address, by name with credentials.
    let table: [(&[&str], [_; 3]); 4] = [
        (&[], [&refused, &refused, &refused]),
        (&["--cors"], [&read, &read, &refused]),
        (&[&named], [&read, &refused, &refused]),
        (&with_credentials, [&read, &refused, &read]),
    ];
    for (flags, expected) in table {
        let (_root, _program, address) = serving(data, flags);
        let url = format!("http://{address}/data.bin");
        page.go(&format!("{by_name}/"));
        assert_eq!(page.value(&fetch(&url, plain)), *expected[0], "{flags:?} by name: {:?}", page.said);
        assert_eq!(
            page.value(&fetch(&url, with)),
            *expected[2],
            "{flags:?} with credentials: {:?}",
            page.said
        );
        // The error page of a method that is not answered can be read, too.
        let status = page.value(&format!("{}.then(answer => answer[0])", fetch(&url, put)));
        let readable = if *expected[0] == read { json!(405) } else { json!("T") };
        assert_eq!(status, readable, "{flags:?}");
        page.go(&format!("{by_address}/"));
        assert_eq!(page.value(&fetch(&url, plain)), *expected[1], "{flags:?} by address: {:?}", page.said);
    }
}
