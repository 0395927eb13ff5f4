//! Nothing outside the root is ever served: hostile targets, links of every kind, and races with a program that
//! renames files below the root.

mod support;

use onepoll::os::files::Links;
use onepoll::service::limits::Limits;
use onepoll::site::{CleanUrls, Hidden, Policy, Spa};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::patience::{Ends, until};
use support::reference::resolved;
use support::service::{answer_to, get};
use support::{Answer, PATIENCE, ask, connect, folder, read_answer, read_answers, serve, serve_by};
use tempfile::TempDir;

/// Text that no answer may hold: the content of every file outside the root, the content of every hidden file, and
/// the name of what is outside.
const SECRET: &str = "what is outside";

/// A site beside a secret, with links of every kind in it. A file that may be served says that it is inside.
fn site() -> TempDir {
    let outer = folder(&[
        ("SECRET", SECRET.as_bytes()),
        ("SECRET.gz", SECRET.as_bytes()),
        ("index.html", SECRET.as_bytes()),
        ("site-private/SECRET", SECRET.as_bytes()),
        ("site-private/index.html", SECRET.as_bytes()),
        ("site/index.html", b"inside"),
        ("site/page.txt", b"inside"),
        ("site/sub/index.html", b"inside"),
        ("site/sub/page.txt", b"inside"),
        ("site/sub/.hidden", SECRET.as_bytes()),
        ("site/sub/deep/index.html", b"inside"),
        ("site/bare/inside.txt", b"inside"),
        ("site/.env", SECRET.as_bytes()),
        ("site/.git/config", SECRET.as_bytes()),
        ("site/.git/index.html", SECRET.as_bytes()),
        ("site/.well-known/index.html", b"inside"),
        ("site/.well-known/security.txt", b"inside"),
        ("site/.well-known/.secret", SECRET.as_bytes()),
        ("site/back\\slash.txt", b"inside"),
        ("site/%2e%2e", b"inside"),
        ("site/dot.", b"inside"),
        ("site/space ", b"inside"),
        ("site/new\r\nline/index.html", b"inside"),
        ("site/evil.example/index.html", b"inside"),
        ("site/\\evil.example/index.html", b"inside"),
        ("site/linked-index/inside.txt", b"inside"),
        ("site/neighbour.txt", b"inside"),
    ]);
    let root = outer.path().join("site");
    fs::create_dir(root.join(OsStr::from_bytes(b"\xc3("))).unwrap();
    for name in [&b"\xff.txt"[..], b"\xc3(/index.html", b"\xc3(/(\xfe"] {
        fs::write(root.join(OsStr::from_bytes(name)), b"inside").unwrap();
    }
    let absolute = |path: &str| outer.path().join(path).to_str().unwrap().to_owned();
    for (link, target) in [
        ("file", "page.txt"),
        ("folder", "sub"),
        ("here", "."),
        ("sub/up", "../page.txt"),
        ("chain", "chain-2"),
        ("chain-2", "chain-3"),
        ("chain-3", "folder/page.txt"),
        ("absolute", &absolute("site/page.txt")),
        ("out-and-in", "../site/page.txt"),
        ("out", "../SECRET"),
        ("out-absolute", &absolute("SECRET")),
        ("out-folder", "../site-private"),
        ("out-folder-absolute", &absolute("site-private")),
        ("out-chain", "out-chain-2"),
        ("out-chain-2", "sub/out"),
        ("sub/out", "../../SECRET"),
        ("parent", ".."),
        ("through", "parent/SECRET"),
        ("slash", "/"),
        ("passwd", "/etc/passwd"),
        ("proc", "/proc/self/root"),
        ("dev", "/dev/zero"),
        ("dangling", "nowhere"),
        ("circle", "circle-2"),
        ("circle-2", "circle"),
        ("itself", "itself"),
        ("linked-index/index.html", "../../SECRET"),
        ("neighbour.txt.gz", "../SECRET.gz"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    outer
}

const MOVED: &[(&str, &str)] = &[
    ("/sub", "sub/"),
    ("//sub", "sub/"),
    ("///sub//deep", "deep/"),
    ("/./sub", "sub/"),
    ("/%2e/s%75b", "sub/"),
    ("/sub/%2E/deep", "deep/"),
    ("/bare", "bare/"),
    ("/folder", "folder/"),
    ("/here", "here/"),
    ("/here/here/sub", "sub/"),
    ("/.well-known", ".well-known/"),
    ("//evil.example", "evil.example/"),
    ("////evil.example", "evil.example/"),
    ("/.//evil.example", "evil.example/"),
    ("/\\evil.example", "%5Cevil.example/"),
    ("/%5cevil.example", "%5Cevil.example/"),
    ("//%5Cevil.example", "%5Cevil.example/"),
    ("/new%0d%0aline", "new%0D%0Aline/"),
    ("/sub?//evil.example", "sub/?//evil.example"),
    ("/sub?a=%0d%0aSet-Cookie:b=c", "sub/?a=%0d%0aSet-Cookie:b=c"),
    ("http://evil.example/sub", "sub/"),
    ("http://evil.example//evil.example", "evil.example/"),
];

#[rustfmt::skip]
const SERVED: &[&str] = &[
    "/", "//", "///", "/.", "/./", "/././.", "/%2e", "/%2E/", "/%2e/%2e", "/?", "/?../SECRET", "/?/../../SECRET", "//?/C:/SECRET",
    "/page.txt", "//page.txt", "/./page.txt", "/%2e/page.txt", "/.//./page.txt", "/p%61ge.txt", "/%70age%2etxt",
    "/page.txt?", "/page.txt?%00", "/page.txt?/../SECRET", "/page.txt?%0d%0aSet-Cookie:a=b", "/page.txt?%", "/page.txt?%zz/%2e%2e/SECRET",
    "/sub/", "/sub//", "/sub/.", "/sub/./", "/sub/%2e", "/sub/%2e/page.txt", "/sub//page.txt", "/bare/",
    "/back\\slash.txt", "/back%5cslash.txt", "/%252e%252e", "/dot.", "/space%20", "/%5Cevil.example/",
    "/.well-known/", "/.well-known/security.txt", "/%2ewell-known/security.txt",
    "http://a", "http://a/", "http://a?../SECRET", "http://a/page.txt", "HTTP://a//page.txt",
    "/file", "/folder/", "/folder/page.txt", "/sub/up", "/chain", "/here/", "/here/here/page.txt",
    "/linked-index/", "/neighbour.txt",
    // Dot segments are removed as text, whether or not the segment before exists: RFC 3986 §5.2.4.
    "/sub/../page.txt", "/sub/..", "/sub/..?x", "/sub/./../page.txt", "/sub/%2e%2e/page.txt", "/sub/.%2E/page.txt",
    "/sub/deep/../../page.txt", "/nowhere/../page.txt", "/nowhere/../sub/", "/page.txt/../sub/", "/page.txt/..",
    "/.env/../page.txt", "/.git/../page.txt", "/out/../page.txt", "/out-folder/../page.txt", "/parent/../page.txt",
    "/here/../page.txt", "/%ff/../page.txt", "/..a/../page.txt", "//../page.txt", "/sub//../page.txt/../../page.txt",
    "/a/b/c/../../../sub/../page.txt", "/.well-known/../page.txt", "http://a/sub/../page.txt", "http://a/sub/..",
    // A percent-encoded byte is a byte of a name.
    "/%ff.txt", "/%FF.txt", "/%c3%28/", "/%c3%28/%28%fe", "/%c3%28/../%ff.txt",
];

#[rustfmt::skip]
const NOT_THERE: &[&str] = &[
    // Paths that climb above the root, even if they would end inside.
    "/..", "/../", "/../SECRET", "/../../../../../../etc/passwd", "/../site/page.txt", "/../site-private/SECRET",
    "/../site-private/", "/./../SECRET", "/.././SECRET", "//../SECRET", "/..//SECRET", "/sub/../../SECRET",
    "/sub/../../page.txt", "/sub/%2e%2e/..", "/sub/deep/../../../SECRET", "/sub/../..", "/sub/../../",
    "/sub/.//../../../page.txt", "/sub/../.env", "/sub/../out", "/sub/../.git/config", "/sub/../SECRET", "/sub/..%2fpage.txt",
    "/sub/%2e%2e%2fpage.txt", "/a%2fb/../page.txt", "/a%00/../page.txt", "/sub/..;/page.txt", "/sub/..\\page.txt",
     "/nowhere/../../SECRET", "/page.txt/../../SECRET",
    "/../?x", "/..?/SECRET", "/here/../SECRET", "/folder/../../SECRET", "/parent/../SECRET",
    "/bare/../../SECRET", "/.well-known/../.env", "/.well-known/../../SECRET",
    // More dots, and dots with other characters.
    "/...", "/.../SECRET", "/..../SECRET", "/....//SECRET", "/..;/SECRET", "/..;a=b/SECRET", "/.;/SECRET",
    "/%2e%2e;/SECRET", "/..%00/SECRET", "/..%20/SECRET", "/..%09/SECRET", "/..%0a/SECRET", "/.%0d./SECRET",
    "/.%00./SECRET", "/%20../SECRET", "/..%3f/SECRET", "/..%23/SECRET",
    // Encoded twice or more: after one decoding it is a name.
    "/%252e%252e/SECRET", "/..%252fSECRET", "/%252e%252e%252fSECRET", "/%25252e%25252e%25252fSECRET",
    "/..%255cSECRET", "/%25", "/%2525", "/%2500",
    // Overlong, broken and look-alike UTF-8.
    "/%c0%ae%c0%ae/SECRET", "/%c0%2e%c0%2e/SECRET", "/%e0%80%ae%e0%80%ae/SECRET", "/%f0%80%80%ae/SECRET",
    "/%fc%80%80%80%80%ae/SECRET", "/..%c0%afSECRET", "/..%c1%9cSECRET", "/..%e0%80%afSECRET", "/%c0%80",
    "/%ef%bc%8e%ef%bc%8e/SECRET", "/%e2%80%a5/SECRET", "/..%e2%88%95SECRET", "/..%ef%bc%8fSECRET",
    "/..%ef%bc%bcSECRET", "/%80", "/%c3", "/%ff", "/%fe%ff", "/%ed%a0%80", "/%f4%90%80%80", "/page.txt%ff",
    "/%ef%bb%bfpage.txt",
    // NUL and control bytes.
    "/%00", "/%00/", "/page.txt%00", "/page.txt%00.png", "/%00page.txt", "/sub%00/page.txt", "/../SECRET%00.html",
    "/%01", "/%7f", "/page.txt%0a", "/page.txt%0d%0a", "/%0d%0aSet-Cookie:%20a=b", "/%0aLocation:%20//evil",
    "/%1b%5b2J",
    // An encoded slash cannot be in a name.
    "/sub%2fpage.txt", "/sub%2F", "/%2f", "/%2fetc%2fpasswd", "/%2F..%2FSECRET", "/sub%2f..%2f..%2fSECRET",
    "/page.txt%2f", "/page.txt%2f..%2f..%2fSECRET",
    // A backslash is a character of a name.
    "/\\", "/\\..\\SECRET", "/..\\SECRET", "/sub\\..\\..\\SECRET", "/sub\\page.txt", "/..\\../SECRET",
    "/../\\SECRET", "/%5c", "/%5c..%5cSECRET", "/..%5c..%5cSECRET", "/sub%5c..%5c..%5cSECRET", "/\\/evil.example",
    // Drives, shares, devices and streams of Windows.
    "/C:/SECRET", "/C:\\SECRET", "/C%3a/SECRET", "/C%3A%5cSECRET", "/c:", "/C:../SECRET", "/C|/SECRET", "//C:/SECRET",
    "//host/share/SECRET", "/\\\\host\\share\\SECRET", "/%5c%5chost%5cshare", "/\\\\?\\C:\\SECRET", "/\\\\.\\pipe\\a",
    "/CON", "/nul", "/aux.txt", "/com1:", "/PROGRA~1/", "/page.txt::$DATA",
    "/page.txt:stream", "/page.txt%3a%3a$DATA", "/sub::$INDEX_ALLOCATION/", "/.git::$INDEX_ALLOCATION/config",
    "/GIT~1/config", "/page.txt.", "/page.txt..", "/page.txt%20", "/page.txt%20.", "/%20page.txt", "/sub./page.txt",
    "/sub%20/page.txt", "/dot", "/space",
    // A file is not a folder.
    "/page.txt/", "/page.txt//", "/page.txt/.", "/page.txt/%2e", "/page.txt/x", "/page.txt/index.html", "/file/",
    "/chain/.", "/%252e%252e/",
    // Absolute names.
    "/etc/passwd", "//etc/passwd", "///etc///passwd", "/proc/self/environ", "/proc/self/root/etc/passwd",
    "/proc/self/cwd/SECRET", "/proc/self/fd/0", "/dev/zero", "/dev/stdin", "/dev/fd/3", "/SECRET", "/site/page.txt",
    "/~/SECRET", "/~root/", "/http://a/page.txt", "/file:///etc/passwd", "http://a/../SECRET", "http://a//../SECRET",
    "http://a/%2e%2e/SECRET", "http://a/..%2fSECRET", "http://a/..", "http://SECRET/SECRET", "http://a/http://a/", "//http://a",
    // Hidden names.
    "/.env", "/%2eenv", "/.%65nv", "/.env/", "/.env.gz", "/.git", "/.git/", "/.git/config", "/%2egit/config",
    "/.%67it/config", "//.git/config", "/./.git/config", "/here/.git/config", "/.git/index.html", "/sub/.hidden",
    "/sub/%2Ehidden", "/.well-known/.secret", "/.well-known/%2esecret", "/.well-knownx", "/.Well-Known/security.txt",
    "/.well-known%2fsecurity.txt", "/.htaccess", "/.DS_Store", "/.ssh/id_rsa",
    // Names with a meaning in shells, templates and patterns.
    "/*", "/page.*", "/[p]age.txt", "/{page,sub}.txt", "/$HOME/SECRET", "/$(id)", "/`id`", "/|id", "/;id", "/&id",
    "/'", "/\"", "/<script>", "/page.txt;x=1", "/page.txt&x", "/sub;/page.txt", "/%24%7bjndi:x%7d",
    // Links that lead outside, in every way, or to nothing.
    "/out", "/out/", "/out?x", "/out-absolute", "/out-folder", "/out-folder/", "/out-folder/SECRET",
    "/out-folder-absolute/SECRET", "/out-chain", "/out-chain-2", "/sub/out", "/folder/out", "/here/out", "/parent",
    "/parent/", "/parent/SECRET", "/parent/site/page.txt", "/through", "/slash", "/slash/", "/slash/etc/passwd",
    "/passwd", "/proc", "/proc/", "/proc/etc/passwd", "/dev", "/dangling", "/dangling/", "/circle", "/circle/x",
    "/circle-2", "/itself", "/itself/", "/itself/itself", "/linked-index/index.html", "/neighbour.txt.gz",
    "/out-and-in", "/absolute",
];

#[rustfmt::skip]
const NO_TARGETS: &[&[u8]] = &[
    b"", b"..", b"../SECRET", b"./page.txt", b"page.txt", b"SECRET", b"?", b"?/page.txt", b"*", b"%2f", b"%2e%2e/SECRET",
    b"\\", b"\\..\\SECRET", b"..\\SECRET", b"C:\\SECRET", b"C:/SECRET", b"\\\\host\\share", b"~/SECRET",
    b"/#", b"/page.txt#x", b"/#/../SECRET", b"/%", b"/%2", b"/%zz", b"/%%", b"/%%32%65%%32%65/SECRET", b"/%2%65",
    b"/%u002e%u002e/SECRET", b"/..%u2215SECRET", b"/page.txt%?", b"/%-1", b"/% 2e",
    b"/ ", b"/page.txt ", b"/ /page.txt", b"/page.txt /x", b"/\t", b"/\x0bpage.txt", b"/\0", b"/page.txt\0.png",
    b"/\x01", b"/\x1b[2J", b"/\x7f", b"/\x80", b"/\xff", b"/\xc0\xae\xc0\xae/SECRET", b"/\xe0\x80\xae/SECRET",
    b"/caf\xc3\xa9", b"/..\xef\xbc\x8fSECRET", b"/page.txt\xa0",
    b"file:///etc/passwd", b"file:/etc/passwd", b"https://a/page.txt", b"ftp://a/SECRET", b"gopher://a/",
    b"javascript:alert(1)", b"data:,x", b"http:", b"http:/SECRET", b"http:page.txt", b"http:\\\\a\\SECRET",
    b"http://", b"http:///SECRET", b"http://u@a/page.txt", b"http://u:p@a/", b"http://a:b/", b"http://a:99999/",
    b"http://[::1/", b"http://..\\SECRET", b"a:80", b"localhost", b"localhost/page.txt",
];

#[test]
fn hostile_targets_lead_nowhere_but_inside() {
    let outer = site();
    let address = serve(&outer.path().join("site"), Limits::default());
    let of = |status, targets: &[&'static str]| {
        targets.iter().map(|target| (target.as_bytes().to_vec(), status)).collect::<Vec<_>>()
    };
    let mut table = [of(200, SERVED), of(404, NOT_THERE)].concat();
    table.extend(NO_TARGETS.iter().map(|target| (target.to_vec(), 400)));
    assert!(table.len() >= 150);
    table.extend(climbs().into_iter().map(|(target, status)| (target.into_bytes(), status)));
    table.extend(long_targets().into_iter().map(|(target, status)| (target.into_bytes(), status)));
    for (target, status) in &table {
        let shown = &target[..target.len().min(200)].escape_ascii();
        let answer = answer_to(address, "GET", target, "Accept-Encoding: gzip\r\n");
        assert_eq!(answer.status, *status, "{shown}");
        assert_inside(&answer, shown);
        let head = answer_to(address, "HEAD", target, "Accept-Encoding: gzip\r\n");
        assert_eq!(head.status, *status, "HEAD {shown}");
    }
    for (target, location) in MOVED {
        let answer = answer_to(address, "GET", target.as_bytes(), "");
        assert_eq!((answer.status, answer.field("location")), (301, Some(*location)), "{target}");
        assert_inside(&answer, target);
        assert_eq!(answer.head.matches("\r\n").count(), answer.head.lines().count(), "{target}: whole lines");
        let path = target.strip_prefix("http://evil.example").unwrap_or(target);
        let moved = resolved(path, location);
        assert!(moved.starts_with('/') && !location.starts_with('/'), "{target} leads to {moved}");
        assert_inside(&get(address, &moved), &moved);
    }
}

/// Where paths stand for others, an app and its 404 answer for many paths. They are files of the site, too.
#[test]
fn hostile_targets_lead_nowhere_but_inside_where_paths_stand_for_others() {
    let outer = site();
    for (name, content) in
        [("SECRET.html", SECRET), ("site/.env.html", SECRET), ("site/sub/.hidden.html", SECRET)]
    {
        fs::write(outer.path().join(name), content).unwrap();
    }
    let root = outer.path().join("site");
    symlink("../SECRET.html", root.join("stands.html")).unwrap();
    symlink("../../SECRET.html", root.join("sub/first.html")).unwrap();
    let index = ["first.html", "index.html"].map(str::to_owned).into();
    let policy = Policy { index, clean_urls: CleanUrls::On, spa: Spa::On, ..Policy::default() };
    let address = serve_by(&root, policy);
    let browser = "Accept: text/html\r\nAccept-Encoding: gzip\r\n";
    let mut table: Vec<(Vec<u8>, u16)> = NO_TARGETS.iter().map(|target| (target.to_vec(), 400)).collect();
    table.extend(SERVED.iter().map(|target| (target.as_bytes().to_vec(), 200)));
    table.extend(
        ["/.env", "/%2eenv", "/sub/.hidden", "/.git/config", "/../SECRET", "/..%2fSECRET"]
            .map(|it| (it.into(), 404)),
    );
    for (target, status) in &table {
        let shown = &target[..target.len().min(200)].escape_ascii();
        for fields in ["", browser] {
            assert_eq!(answer_to(address, "GET", target, fields).status, *status, "{shown}");
        }
    }
    let climbs = climbs();
    let others = NOT_THERE.iter().copied().chain(climbs.iter().map(|(target, _)| target.as_str()));
    for target in others.chain(["/stands", "/stands.html", "/sub", "/sub/"]) {
        for fields in ["", browser] {
            assert_inside(&answer_to(address, "GET", target.as_bytes(), fields), &target);
        }
    }
    // Of the app's own 404, too, nothing is read from outside.
    symlink("../SECRET.html", root.join("404.html")).unwrap();
    let answer = answer_to(address, "GET", b"/x.js", browser);
    assert!(answer.status == 404 && answer.text().contains("There is nothing here"), "{}", answer.text());
}

/// A site of one file has no inside but this file: every other target is 404, whatever a folder would answer to it.
#[test]
fn hostile_targets_lead_nowhere_but_to_a_file_that_is_served_alone() {
    let outer = site();
    let root = outer.path().join("site");
    fs::write(root.join("page.txt"), "inside alone").unwrap();
    fs::write(root.join("404.html"), SECRET).unwrap();
    symlink("../SECRET.gz", root.join("page.txt.gz")).unwrap();
    let policy = Policy { only: Some("page.txt".into()), ..Policy::default() };
    let address = serve_by(&root, policy);
    let [climbs, long] =
        [climbs(), long_targets()].map(|targets| targets.into_iter().map(|(target, _)| target));
    let targets: Vec<_> =
        SERVED.iter().chain(NOT_THERE).map(|it| it.to_string()).chain(climbs).chain(long).collect();
    let mut found = HashSet::new();
    for target in &targets {
        for fields in ["", "Accept: text/html\r\nAccept-Encoding: gzip\r\n"] {
            let answer = answer_to(address, "GET", target.as_bytes(), fields);
            assert_inside(&answer, target);
            match answer.status {
                200 => assert_eq!(answer.text(), "inside alone", "{target}"),
                status => assert!(matches!(status, 404 | 414), "{status} {target}"),
            }
            if answer.status == 200 {
                found.insert(target.as_str());
            }
        }
    }
    // A folder answers to these with the same file, or with its index.
    let of_the_file =
        ["/page.txt", "/p%61ge.txt", "//page.txt", "/", "/.", "/sub/..", "/.env/../page.txt", "http://a"];
    let missed: Vec<_> = of_the_file.into_iter().filter(|target| !found.contains(target)).collect();
    assert!(missed.is_empty(), "{missed:?}");
    let others =
        ["/sub/", "/file", "/chain", "/bare/", "/here/", "/.well-known/security.txt", "/back%5cslash.txt"];
    assert!(others.iter().all(|target| !found.contains(target)));
    for target in NO_TARGETS {
        assert_eq!(answer_to(address, "GET", target, "").status, 400, "{}", target.escape_ascii());
    }
}

/// `..` in every spelling, before every kind of separator, at two depths, and the status of the answer. The first six
/// spellings climb before the first three separators; all others are part of a name.
fn climbs() -> Vec<(String, u16)> {
    let dots = ["..", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "%2e%2E", "%252e%252e", "%c0%ae%c0%ae", "..%00"];
    let separators = ["/", "//", "/./", "%2f", "%2F", "\\", "%5c", "%252f", "%255C", "%c0%af", "%00/"];
    let mut climbs = Vec::new();
    for (dots_at, dots) in dots.iter().enumerate() {
        for (separator_at, separator) in separators.iter().enumerate() {
            let up = format!("{dots}{separator}");
            let inside = if dots_at < 6 && separator_at < 3 { 200 } else { 404 };
            climbs.extend([
                (format!("/{up}SECRET"), 404),
                (format!("/sub/{up}{up}SECRET"), 404),
                (format!("/sub/{up}page.txt"), inside),
                (format!("/sub/deep/{up}{up}page.txt"), inside),
                (format!("/{up}site-private/SECRET"), 404),
                (format!("http://a/{up}SECRET"), 404),
            ]);
        }
    }
    climbs
}

/// Targets around these limits: NAME_MAX (255), PATH_MAX (4096), the 40 links that one lookup follows, and the
/// longest request line.
fn long_targets() -> Vec<(String, u16)> {
    let a = |count| "a".repeat(count);
    vec![
        (format!("/{}", a(255)), 404),
        (format!("/{}", a(256)), 404),
        (format!("/{}", "%61".repeat(256)), 404),
        (format!("/{}/page.txt", a(256)), 404),
        (format!("/{}a", "a/".repeat(2046)), 404),
        (format!("/{}a", "a/".repeat(2048)), 404),
        (format!("/{}", a(7000)), 404),
        (format!("/{}page.txt", "sub/".repeat(1500)), 404),
        (format!("/{}page.txt", "/".repeat(7000)), 200),
        (format!("/{}page.txt", "./".repeat(3500)), 200),
        (format!("/{}page.txt", "%2e/".repeat(1700)), 200),
        (format!("/{}page.txt", "here/".repeat(40)), 200),
        (format!("/{}page.txt", "here/".repeat(41)), 404),
        (format!("/{}SECRET", "../".repeat(2500)), 404),
        (format!("/{}SECRET", "%2e%2e/".repeat(1100)), 404),
        (format!("/{}{}SECRET", "a/".repeat(1000), "../".repeat(1001)), 404),
        (format!("/page.txt?{}", "../".repeat(2500)), 200),
        (format!("/{}", "../".repeat(3000)), 414),
        (format!("/{}{}page.txt", "a/".repeat(1500), "../".repeat(1500)), 200),
        (format!("/{}page.txt", "sub/../".repeat(1100)), 200),
    ]
}

#[test]
fn a_second_request_hidden_in_a_target_is_no_way_around() {
    let outer = site();
    let address = serve(&outer.path().join("site"), Limits::default());
    for line_end in ["\r\n", "\n", "\r", "%0d%0a", "\r\n\r\n", "\n\n"] {
        for target in ["/../SECRET", "/out", "/.env", "http://a/..%2fSECRET"] {
            let forged = format!(
                "GET /page.txt{line_end}GET {target} HTTP/1.1{line_end}Host: a{line_end}{line_end} HTTP/1.1\r\nHost: a\r\n\r\n"
            );
            let answers = read_answers(&ask(address, forged.as_bytes()));
            let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
            assert_eq!(statuses, [400], "{}", forged.escape_debug());
        }
    }
}

#[test]
fn links_are_followed_outside_and_hidden_names_served_only_where_that_is_asked_for() {
    let outer = site();
    let root = outer.path().join("site");
    let follow = Policy { links: Links::Anywhere, ..Policy::default() };
    let hidden = Policy { hidden: Hidden::Served, ..Policy::default() };
    let policies = [Policy::default(), follow, hidden];
    let [default, follow, hidden] = policies.map(|policy| serve_by(&root, policy));
    #[rustfmt::skip]
    let table = [
        // target                         default, follow, hidden
        ("/file",                         [200, 200, 200]),
        ("/.well-known/security.txt",     [200, 200, 200]),
        ("/.well-known/.secret",          [404, 404, 200]),
        ("/.env",                         [404, 404, 200]),
        ("/.git",                         [404, 404, 301]),
        ("/.git/config",                  [404, 404, 200]),
        ("/sub/.hidden",                  [404, 404, 200]),
        ("/out",                          [404, 200, 404]),
        ("/out-absolute",                 [404, 200, 404]),
        ("/out-folder",                   [404, 301, 404]),
        ("/out-folder/",                  [404, 200, 404]),
        ("/out-folder/SECRET",            [404, 200, 404]),
        ("/through",                      [404, 200, 404]),
        ("/absolute",                     [404, 200, 404]),
        ("/out-and-in",                   [404, 200, 404]),
        ("/parent/site/page.txt",         [404, 200, 404]),
        ("/circle",                       [404, 404, 404]),
        ("/dangling",                     [404, 404, 404]),
        ("/dev",                          [404, 404, 404]),
        ("/../SECRET",                    [404, 404, 404]),
        ("/sub/../page.txt",              [200, 200, 200]),
        ("/sub/../.env",                  [404, 404, 200]),
        ("/sub/../../SECRET",             [404, 404, 404]),
        ("/folder/../out",                [404, 200, 404]),
        // The folder of the link, and not the folder of its target.
        ("/out-folder/../page.txt",       [200, 200, 200]),
        ("/..%2fSECRET",                  [404, 404, 404]),
    ];
    for (target, statuses) in table {
        let got = [default, follow, hidden].map(|address| get(address, target).status);
        assert_eq!(got, statuses, "{target}");
    }
    assert_eq!(get(follow, "/out").text(), SECRET);
    assert_eq!(get(hidden, "/.git/config").text(), SECRET);
}

#[test]
fn what_is_kept_in_memory_is_no_way_around_a_link() {
    let outer = site();
    let root = outer.path().join("site");
    fs::create_dir_all(root.join("one/two/three")).unwrap();
    fs::create_dir_all(outer.path().join("site-private/two/three")).unwrap();
    fs::write(outer.path().join("site-private/two/three/page.txt"), SECRET).unwrap();
    let address = serve(&root, Limits::default());
    // The name that is replaced, the target of the link, and the path whose answer was cached.
    #[rustfmt::skip]
    let table = [
        ("one/two/three/page.txt", "../../../../SECRET",               "/one/two/three/page.txt"),
        ("one/two/three",          "../../../site-private/two/three",  "/one/two/three/page.txt"),
        ("one/two",                "../../site-private/two",           "/one/two/three/page.txt"),
        ("one",                    "../site-private",                  "/one/two/three/page.txt"),
        ("one/index.html",         "../../SECRET",                     "/one/"),
    ];
    for (replaced, link, target) in table {
        for content in ["inside", &"inside ".repeat(20_000)] {
            fs::write(root.join("one/two/three/page.txt"), content).unwrap();
            fs::write(root.join("one/index.html"), content).unwrap();
            let kept = until_kept(address, target);
            assert_eq!(kept.text(), content, "{target}");
            fs::rename(root.join(replaced), outer.path().join("aside")).unwrap();
            symlink(link, root.join(replaced)).unwrap();
            // The folder itself is still there, with its other files.
            let answer = get(address, target);
            let status = if replaced.ends_with("index.html") { 200 } else { 404 };
            assert_eq!(answer.status, status, "{target} when {replaced} is a link");
            assert!(!answer.text().contains(SECRET) && answer.text() != content, "{target}");
            fs::remove_file(root.join(replaced)).unwrap();
            fs::rename(outer.path().join("aside"), root.join(replaced)).unwrap();
            assert_eq!(get(address, target).text(), content, "{target} when {replaced} is back");
        }
    }
}

/// Asks until the file is old enough for a strong tag: then it is cached. No event tells when.
fn until_kept(address: SocketAddr, target: &str) -> Answer {
    until(format_args!("a strong tag of {target}"), || match get(address, target) {
        answer if answer.field("etag").is_some_and(|tag| tag.starts_with('"')) => Ok(answer),
        answer => Err(answer.head),
    })
}

/// The shortest time of the races. They go on until each target was seen there, and seen missing.
const RACE: Duration = Duration::from_millis(1500);

#[test]
fn no_race_with_a_rename_leads_outside() {
    let outer = folder(&[
        ("site/door/page.txt", b"inside"),
        ("site/door/index.html", b"inside"),
        ("site/door/bare/inside.txt", b"inside"),
        ("site/door/deep/er/page.txt", b"inside"),
        ("site/file.txt", b"inside"),
        ("site/text.txt", b"inside"),
        ("private/page.txt", SECRET.as_bytes()),
        ("private/index.html", SECRET.as_bytes()),
        ("private/bare/SECRET", SECRET.as_bytes()),
        ("private/deep/er/page.txt", SECRET.as_bytes()),
    ]);
    let root = outer.path().join("site");
    for (link, target) in [
        ("door.link", "../private"),
        ("file.txt.link", "../private/page.txt"),
        ("text.txt.gz.link", "../private/page.txt"),
        ("up", "door/../door/page.txt"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    fs::write(root.join("text.txt.gz"), "inside").unwrap();
    let address = serve(&root, Limits::default());
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ends = Ends(&over);
        for name in ["door", "file.txt", "text.txt.gz"] {
            let (root, over) = (&root, &over);
            scope.spawn(move || swap(root, name, over));
        }
        let targets = [
            "/door/page.txt",
            "/door/",
            "/door/bare/",
            "/door/deep/er/page.txt",
            "/door/bare",
            "/file.txt",
            "/text.txt",
            "/text.txt.gz",
            "/up",
        ];
        let clients: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    let mut stream = connect(address);
                    let mut known = HashSet::new();
                    let began = Instant::now();
                    // A slow machine may need more time until both states of each target were seen; one target has
                    // only one state.
                    while began.elapsed() < RACE
                        || (known.len() < 2 * targets.len() - 1 && began.elapsed() < PATIENCE)
                    {
                        for target in targets {
                            write!(
                                stream,
                                "GET {target} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
                            )
                            .unwrap();
                            let answer = read_answer(&mut stream, "GET");
                            known.insert((target, answer.status == 404));
                            seen.push((target, answer));
                        }
                    }
                    seen
                })
            })
            .collect();
        let seen: Vec<_> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        drop(ends);
        for (target, answer) in &seen {
            assert_not_outside(answer, target);
            // A folder that is replaced between two looks is listed without its index, or its listing is empty.
            let is_listing = answer.text().contains("<title>/door/");
            assert!(answer.status != 200 || is_listing || answer.text().contains("inside"), "{target}");
            assert!([200, 301, 404].contains(&answer.status), "{target}: {}", answer.head);
        }
        for target in targets {
            let found = |is_there| {
                seen.iter().any(|(asked, answer)| *asked == target && (answer.status == 404) != is_there)
            };
            assert!(found(true), "{target} was never there");
            assert!(found(false) || target == "/text.txt", "{target} was always there");
        }
    });
}

/// Replaces `name` by a link to the outside and puts it back, as fast as possible.
fn swap(root: &Path, name: &str, over: &AtomicBool) {
    let [name, link, aside] =
        [name.to_owned(), format!("{name}.link"), format!("{name}.aside")].map(|name| root.join(name));
    while !over.load(Ordering::Relaxed) {
        for (from, to) in [(&name, &aside), (&link, &name), (&name, &link), (&aside, &name)] {
            fs::rename(from, to).unwrap();
        }
    }
}

/// Asserts that the answer has nothing from outside, and that a file which is served is from inside.
fn assert_inside(answer: &Answer, target: &impl std::fmt::Display) {
    assert_not_outside(answer, target);
    let body = String::from_utf8_lossy(&answer.body);
    assert!(answer.status != 200 || body.contains("inside"), "{target}: {body}");
}

fn assert_not_outside(answer: &Answer, target: &impl std::fmt::Display) {
    let body = String::from_utf8_lossy(&answer.body);
    assert!(!body.contains(SECRET) && !answer.head.contains(SECRET), "{target}: {}{body}", answer.head);
}
