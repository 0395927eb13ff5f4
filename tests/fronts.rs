//! Sites as web developers build them, in a real browser. These tests are ignored in a plain `cargo test`, which needs nothing
//! but Rust.

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
