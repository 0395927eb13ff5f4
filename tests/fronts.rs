//! Front ends in a real browser: sites as web developers build them, with the flags that they reach for. These tests are
//! ignored in a plain `cargo test`, which needs nothing but Rust; `.ci/run` installs Chromium and runs them by name.

mod support;

use support::browser::Page;
use support::folder;
use support::program::{Program, onepoll};

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
    page.wait_for("document.querySelector('tbody a').textContent === 'b.txt'");
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
