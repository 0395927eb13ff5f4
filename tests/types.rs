//! Media types: the type for each extension, the encoding of text, and files whose name says that they are
//! compressed.

mod support;

use onepoll::service::limits::Limits;
use std::collections::BTreeMap;
use std::fs;
use support::visitor::{Visitor, gzip};
use support::{Answer, folder, serve};

/// Every extension of mime-db, with its types there.
const MIME_DB: &str = include_str!("data/mime-db.tsv");

/// Extensions for which this server has another type than mime-db, and the reason.
const KEPT: &[(&str, &str)] = &[
    (
        "not known here: text is shown by what the bytes tell, other data is saved",
        "1km 210 afm age aml amlx atomdeleted azv b16 bary bdo bmml brush brushset bsp btf cdfx cld cpl \
         cwl dbf dcmp ddf drle drm dwd emotionml emz exp fdt fo gdraw gform ggs gjam gmap gscript gsite \
         held ipynb its key lgr maei mdx musd mxmf obgx pfb pfm provx pti pyo pyox rapd relo rsat rsheet \
         rusd sea senmlx sensmlx sieve siv sls smi swidtag tap td u32 ubj uo vds vtf wif xav xca xcs xdcf \
         xel xhtm xns",
    ),
    (
        "not registered, or an old name for other software: as mime_guess has it",
        "adp cdf class cod evy mpf nsc pct pic pls pml rmp skp spl svc wsc xsf",
    ),
    (
        "IANA, an RFC or WHATWG says otherwise",
        "aif aifc aiff cbr cbz deb ecma flac jfif mk3d mka mkd mkv udeb vcf",
    ),
    (
        "source or plain text, which browsers save under a type that they do not know",
        "asm bat c cc coffee cpp csh cxx dart dic etx f f77 f90 for h hbs hh htc java latex litcoffee lua \
         nfo opml p pas pde php pl pm raml rs s sass scss sfv sh sql tcl tex texi texinfo tk toml uu vcs \
         yaml yml ymp",
    ),
    ("a module, which browsers run as text/javascript alone", "cjs jsx"),
];

fn by_extension() -> BTreeMap<&'static str, Vec<&'static str>> {
    let rows = MIME_DB.lines().filter(|line| !line.starts_with('#'));
    let rows = rows.map(|row| row.split_once('\t').expect("an extension and its types"));
    rows.map(|(extension, types)| (extension, types.split(' ').collect())).collect()
}

fn field<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.field(name).unwrap_or("none")
}

#[test]
fn types_are_those_of_mime_db_but_where_it_says_why_not() {
    let theirs = by_extension();
    // Bytes that are not text, so that only the name decides.
    let root = folder(&[]);
    for extension in theirs.keys() {
        fs::write(root.path().join(format!("name.{extension}")), b"\0").unwrap();
    }
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    let mut kept: BTreeMap<&str, &str> = BTreeMap::new();
    for (why, extensions) in KEPT {
        kept.extend(extensions.split_whitespace().map(|extension| (extension, *why)));
    }
    let mut unnamed = Vec::new();
    for (extension, types) in &theirs {
        let answer = visitor.get(&format!("/name.{extension}"), "");
        let ours = field(&answer, "content-type");
        let is_same = types.iter().any(|theirs| theirs.eq_ignore_ascii_case(ours));
        match kept.remove(extension) {
            None if !is_same => unnamed.push(format!("{extension} {ours} {types:?}")),
            Some(_) if is_same => unnamed.push(format!("{extension} {ours} is no difference")),
            _ => {}
        }
    }
    assert!(unnamed.is_empty(), "these are not named: {unnamed:#?}");
    assert!(kept.is_empty(), "these are none of mime-db's: {kept:?}");
}

/// Browsers believe the field before the page, so a page in another encoding must not be called UTF-8.
#[test]
fn charset_is_said_where_the_bytes_are_utf_8_or_marked_as_utf_16() {
    let russian = b"<!doctype html><meta charset=\"windows-1251\"><p>\xcf\xf0\xe8\xe2\xe5\xf2";
    let long = |end: &[u8]| [&vec![b'a'; 100_000][..], end].concat();
    let latin_1_first = [b"caf\xe9 ", &long(b"")[..]].concat();
    let table: [(&str, &[u8], &str); 12] = [
        ("windows.html", russian, "text/html"),
        ("utf.html", "<p>\u{43f}".as_bytes(), "text/html; charset=utf-8"),
        ("latin.txt", b"caf\xe9\n", "text/plain"),
        ("latin", b"caf\xe9\n", "text/plain"),
        ("little.txt", b"\xff\xfeh\0i\0", "text/plain; charset=utf-16"),
        ("big.html", b"\xfe\xff\0<\0p\0>", "text/html; charset=utf-16"),
        ("unmarked.txt", b"h\0i\0", "text/plain"),
        ("marked.css", b"\xef\xbb\xbfp {}", "text/css; charset=utf-8"),
        ("latin.js", b"'\xe9'", "text/javascript"),
        ("long.txt", &long("\u{e9}".as_bytes()), "text/plain; charset=utf-8"),
        ("long-latin.txt", &latin_1_first, "text/plain"),
        ("empty.txt", b"", "text/plain; charset=utf-8"),
    ];
    let root = folder(&table.map(|(name, content, _)| (name, content)));
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for (name, content, expected) in table {
        for round in ["as it is read", "as it is kept"] {
            let answer = visitor.get_settled(&format!("/{name}"), "");
            assert_eq!(field(&answer, "content-type"), expected, "{name} {round}");
            assert!(answer.body == content, "{name}");
        }
    }
    // The same file in another encoding is another version.
    fs::write(root.path().join("windows.html"), "<p>\u{43f}").unwrap();
    let again = visitor.get("/windows.html", "");
    assert_eq!(field(&again, "content-type"), "text/html; charset=utf-8");
}

#[test]
fn the_bytes_tell_typescript_from_a_video() {
    let video = [&[0x47, 0x40, 0, 0x10][..], &[0; 184]].concat().repeat(3);
    let root =
        folder(&[("a.ts", b"export const a: number = 1;\n"), ("b.ts", &video), ("go.mod", b"module a\n")]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for (target, expected) in [
        ("/a.ts", "text/plain; charset=utf-8"),
        ("/b.ts", "video/mp2t"),
        ("/go.mod", "text/plain; charset=utf-8"),
    ] {
        assert_eq!(field(&visitor.get(target, ""), "content-type"), expected, "{target}");
    }
}

/// The fields that a browser sends: for an element of a page, for a script, and for a user who opens or saves the
/// file.
const ELEMENT: &str = "Sec-Fetch-Dest: script\r\nSec-Fetch-Mode: no-cors";
const SCRIPT: &str = "Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors";
const OPENS: &str = "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate";
const STORES: &str = "Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: no-cors";

/// Symptom: no browser shows an `.svgz`, and a game that Unity has exported does not start.
#[test]
fn what_is_compressed_by_name_reaches_pages_as_what_is_in_it() {
    let content = b"0".repeat(1000);
    let zipped = gzip(&content);
    let large = gzip(
        &(0..200_000u32)
            .flat_map(|number| (number.wrapping_mul(0x9e37_79b9)).to_le_bytes())
            .collect::<Vec<_>>(),
    );
    assert!(large.len() > 64 << 10);
    let root = folder(&[
        ("picture.svgz", &zipped),
        ("plain.svgz", b"<svg/>"),
        ("game.framework.js.gz", &zipped),
        ("game.wasm.gz", &large),
        ("game.data.gz", &zipped),
        ("game.symbols.json.gz", &zipped),
        ("game.wasm.br", b"br"),
        ("game.data.br", b"br"),
        ("records.csv.gz", &zipped),
        ("plain.js.gz", b"no gzip"),
        ("archive.tar.gz", &zipped),
        ("archive.tar.br", b"br"),
        ("archive.tgz", &zipped),
        ("unheard-of.gz", &zipped),
    ]);
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    const ALL: &str = "Accept-Encoding: gzip, deflate, br, zstd";
    const BOTH: &str = "Accept-Encoding, Sec-Fetch-Dest, Sec-Fetch-Mode";
    const GZIP: &str = "application/gzip";
    const DATA: &str = "application/octet-stream";
    const JS: &str = "text/javascript";
    const WASM: &str = "application/wasm";
    let mut check = |target: &str, fields: &str, kind: &str, coding: &str, vary: &str| {
        for method in ["GET", "HEAD"] {
            let answer = visitor.ask(method, target, fields);
            let got =
                [field(&answer, "content-type"), field(&answer, "content-encoding"), field(&answer, "vary")];
            assert_eq!(got, [kind, coding, vary], "{method} {target} {fields}");
            assert_eq!(answer.status, 200);
            if method == "GET" {
                assert!(answer.body == fs::read(root.path().join(&target[1..])).unwrap(), "{target}");
            }
        }
    };
    let and = |asks: &str| format!("{ALL}\r\n{asks}");
    // A compressed picture, for any client that can decompress it.
    for asks in [ELEMENT, SCRIPT, OPENS, STORES, "A: b"] {
        check("/picture.svgz", &and(asks), "image/svg+xml", "gzip", "Accept-Encoding");
    }
    check("/picture.svgz", "", GZIP, "none", "Accept-Encoding");
    check("/picture.svgz", "Accept-Encoding: br", GZIP, "none", "Accept-Encoding");
    check("/plain.svgz", &and(ELEMENT), "image/svg+xml", "none", "none");
    // The parts of a game, for a page.
    for asks in [ELEMENT, SCRIPT, "Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: same-origin"] {
        check("/game.framework.js.gz", &and(asks), JS, "gzip", BOTH);
        check("/game.wasm.gz", &and(asks), WASM, "gzip", BOTH);
        check("/game.data.gz", &and(asks), DATA, "gzip", BOTH);
        check("/game.symbols.json.gz", &and(asks), "application/json", "gzip", BOTH);
        check("/game.wasm.br", &and(asks), WASM, "br", BOTH);
        check("/game.data.br", &and(asks), DATA, "br", BOTH);
    }
    // The same files, for a user who opens or saves them, or for a client that cannot decompress them.
    for fields in
        [&and(OPENS), &and(STORES), ALL, "", ELEMENT, "Accept-Encoding: deflate\r\nSec-Fetch-Dest: script"]
    {
        check("/game.framework.js.gz", fields, GZIP, "none", BOTH);
        check("/game.wasm.gz", fields, GZIP, "none", BOTH);
        check("/game.wasm.br", fields, DATA, "none", BOTH);
    }
    // A script may decompress gzip itself, and most do.
    check("/records.csv.gz", &and(SCRIPT), GZIP, "none", BOTH);
    // A file that is not gzip, and an archive, are sent as they are.
    for asks in [ELEMENT, SCRIPT, OPENS, STORES] {
        check("/plain.js.gz", &and(asks), GZIP, "none", "none");
        check("/archive.tar.gz", &and(asks), GZIP, "none", "none");
        check("/archive.tar.br", &and(asks), DATA, "none", "none");
        check("/archive.tgz", &and(asks), GZIP, "none", "none");
        check("/unheard-of.gz", &and(asks), GZIP, "none", "none");
    }
    // A client that refuses the file as it is learns what else decides.
    for (asks, status) in [(ELEMENT, 200), (OPENS, 406)] {
        let answer = visitor.get("/game.wasm.gz", &format!("Accept-Encoding: gzip, identity;q=0\r\n{asks}"));
        let vary = if status == 406 { format!("{BOTH}, Accept") } else { BOTH.to_owned() };
        assert_eq!((answer.status, field(&answer, "vary")), (status, &*vary), "{asks}");
    }
    // Parts are of the file as it is; each form has a tag of its own.
    let tags =
        [ALL, &and(ELEMENT)].map(|fields| visitor.get_settled("/game.wasm.gz", fields).tag().to_owned());
    assert_ne!(tags[0], tags[1]);
    let held = visitor.get("/game.wasm.gz", &format!("{}\r\nIf-None-Match: {}", and(ELEMENT), tags[1]));
    assert_eq!((held.status, field(&held, "vary")), (304, BOTH));
    let part = visitor.get("/game.wasm.gz", &format!("{}\r\nRange: bytes=0-1", and(SCRIPT)));
    assert_eq!((part.status, field(&part, "content-type"), &part.body[..]), (206, GZIP, &b"\x1f\x8b"[..]));
}
