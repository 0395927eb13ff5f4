//! Media types that the user gives to extensions (`--mime`): they win over all that the server knows.

mod support;

use onepoll::http::media::MediaType;
use onepoll::site::{Policy, Spa, Types};
use support::program::{Program, onepoll};
use support::service::answer_to;
use support::visitor::{Visitor, gunzip, gzip};
use support::{Answer, folder, serve_by};

fn types(given: &[(&str, &str)]) -> Policy {
    let types = given.iter().fold(Types::default(), |types, (extension, media_type)| {
        types.with(extension, MediaType::parse(media_type).unwrap())
    });
    Policy { types, ..Policy::default() }
}

fn field<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.field(name).unwrap_or("none")
}

#[test]
fn a_type_that_is_given_wins() {
    let latin_1: &[u8] = b"caf\xe9";
    #[rustfmt::skip]
    let table: &[(&str, &[u8], &str)] = &[
        // Extensions that are not known, in any case.
        ("a.foo",      b"text",   "application/x-foo"),
        ("a.FOO",      b"\0",     "application/x-foo"),
        ("a.b.Foo",    b"text",   "application/x-foo"),
        // Extensions of the table, of the crate, and of which the bytes decide.
        ("a.mjs",      b"text",   "application/x-mjs"),
        ("a.png",      b"\0",     "image/x-png"),
        ("a.ts",       b"let a",  "video/mp2t"),
        ("b.ts",       b"\0",     "video/mp2t"),
        ("a.mod",      b"\0",     "text/x-mod"),
        // Text gets its charset by its bytes, unless the user says it.
        ("b.mod",      b"text",   "text/x-mod; charset=utf-8"),
        ("c.mod",      latin_1,   "text/x-mod"),
        ("d.mod",      b"\xff\xfea\0", "text/x-mod; charset=utf-16"),
        ("a.txt",      b"text",   "text/plain; charset=iso-8859-1"),
        ("b.txt",      latin_1,   "text/plain; charset=iso-8859-1"),
        ("a.flow",     b"text",   "text/plain; format=flowed; charset=utf-8"),
        ("b.flow",     latin_1,   "text/plain; format=flowed"),
        ("a.page",     b"text",   "application/xhtml+xml; profile=\"a,b\""),
        // All others are as before.
        ("foo",        b"text",   "text/plain; charset=utf-8"),
        ("a.foo.html", b"text",   "text/html; charset=utf-8"),
        ("a.fool",     b"\0",     "application/octet-stream"),
    ];
    let files: Vec<_> = table.iter().map(|(name, content, _)| (*name, *content)).collect();
    let root = folder(&files);
    let mut visitor = Visitor::of(serve_by(
        root.path(),
        types(&[
            ("FOO", "application/X-Foo"),
            ("mjs", "application/x-mjs"),
            ("png", "image/x-png"),
            ("ts", "video/mp2t"),
            ("mod", "text/x-mod"),
            ("txt", "text/plain; charset=utf-8"),
            ("txt", "text/plain;charset=iso-8859-1"),
            ("flow", "text/plain; format=flowed"),
            ("page", "application/xhtml+xml; profile=\"a,b\""),
        ]),
    ));
    for (name, content, expected) in table {
        for method in ["GET", "HEAD", "GET"] {
            let answer = visitor.ask(method, &format!("/{name}"), "");
            assert_eq!((answer.status, field(&answer, "content-type")), (200, *expected), "{method} {name}");
            assert!(answer.body == *content || method == "HEAD", "{name}");
        }
    }
    let part = visitor.get("/a.foo", "Range: bytes=0-0");
    assert_eq!((part.status, field(&part, "content-type")), (206, "application/x-foo"));
    let parts = visitor.get("/b.txt", "Range: bytes=0-0,3-3");
    assert!(
        String::from_utf8_lossy(&parts.body).contains("Content-Type: text/plain; charset=iso-8859-1\r\n"),
        "{parts:?}"
    );
}

#[test]
fn the_type_decides_whether_a_file_is_compressed() {
    let text = b"text ".repeat(200);
    let names = ["a.foo", "a.bar", "a.json", "a.unknown", "a.txt"];
    let root = folder(&names.map(|name| (name, &text[..])));
    let mut visitor = Visitor::of(serve_by(
        root.path(),
        types(&[
            ("foo", "application/x-foo+json; a=b"),
            ("bar", "application/x-bar"),
            ("json", "application/x-json"),
            ("txt", "text/plain; charset=iso-8859-1"),
        ]),
    ));
    for (name, kind, is_compressed) in [
        ("a.foo", "application/x-foo+json; a=b", true),
        ("a.txt", "text/plain; charset=iso-8859-1", true),
        ("a.bar", "application/x-bar", false),
        ("a.json", "application/x-json", false),
        ("a.unknown", "text/plain; charset=utf-8", true),
    ] {
        let target = format!("/{name}");
        let answer = match is_compressed {
            true => visitor.get_until(&target, "Accept-Encoding: gzip", |answer| {
                answer.field("content-encoding").is_some()
            }),
            false => visitor.get_settled(&target, "Accept-Encoding: gzip"),
        };
        assert_eq!(field(&answer, "content-type"), kind, "{name}");
        assert_eq!(answer.field("vary").is_some(), is_compressed, "{name}");
        let body = if is_compressed { gunzip(&answer.body) } else { answer.body };
        assert!(body == text, "{name}");
    }
}

#[test]
fn the_type_of_what_is_compressed_by_name_can_be_given() {
    let zipped = gzip(b"content");
    let root = folder(&[
        ("x.foo.br", b"br"),
        ("x.foo.gz", &zipped),
        ("x.js.gz", &zipped),
        ("x.pack.gz", &zipped),
        ("x.svgz", &zipped),
        ("x.unknown.br", b"br"),
    ]);
    let mut visitor = Visitor::of(serve_by(
        root.path(),
        types(&[
            ("foo", "model/x-foo; a=b"),
            ("gz", "application/x-gzip"),
            ("pack", "application/x-tar; a=b"),
            ("svgz", "image/svg+xml; a=b"),
        ]),
    ));
    const ELEMENT: &str = "Accept-Encoding: gzip, br\r\nSec-Fetch-Dest: script\r\nSec-Fetch-Mode: no-cors";
    for (target, fields, kind, coding) in [
        ("/x.foo.br", ELEMENT, "model/x-foo; a=b", "br"),
        ("/x.foo.gz", ELEMENT, "model/x-foo; a=b", "gzip"),
        ("/x.js.gz", ELEMENT, "text/javascript", "gzip"),
        // The file as it is has the type of its own extension.
        ("/x.foo.br", "", "application/octet-stream", "none"),
        ("/x.foo.gz", "", "application/x-gzip", "none"),
        // An archive is sent as it is, whatever its name.
        ("/x.pack.gz", ELEMENT, "application/x-gzip", "none"),
        ("/x.svgz", ELEMENT, "image/svg+xml; a=b", "gzip"),
        ("/x.svgz", "", "application/gzip", "none"),
        ("/x.unknown.br", ELEMENT, "application/octet-stream", "none"),
    ] {
        let answer = visitor.get(target, fields);
        let got = (field(&answer, "content-type"), field(&answer, "content-encoding"));
        assert_eq!(got, (kind, coding), "{target} {fields}");
    }
}

/// A missing file of a known extension is no page of an app.
#[test]
fn an_extension_that_has_a_type_is_known() {
    let root = folder(&[("index.html", b"app")]);
    let address = serve_by(root.path(), Policy { spa: Spa::On, ..types(&[("foo", "a/b")]) });
    for (target, status) in [
        ("/x.foo", 404),
        ("/a/x.FOO", 404),
        ("/x.js", 404),
        ("/x.bar", 200),
        ("/x", 200),
        ("/foo", 200),
        ("/v1.2", 200),
    ] {
        let answer = answer_to(address, "GET", target.as_bytes(), "Accept: text/html\r\n");
        assert_eq!(answer.status, status, "{target}");
    }
}

#[test]
fn flags_and_variables_give_types() {
    let root = folder(&[("a.foo", b"\0"), ("a.bar", b"\0"), ("a.baz", b"\0")]);
    #[rustfmt::skip]
    let table: &[(&[&str], Option<&str>, [&str; 3])] = &[
        (&[], None, ["application/octet-stream"; 3]),
        (&["--mime", "foo=a/b", "--mime", ".BAR=c/d"], None, ["a/b", "c/d", "application/octet-stream"]),
        (&["--mime", "foo=a/b, bar=c/d; e=\"f,g=h\",baz=i/j"], None, ["a/b", "c/d; e=\"f,g=h\"", "i/j"]),
        (&[], Some("foo=a/b,.bar=c/d; e=\"\\\",\",baz=i/j"), ["a/b", "c/d; e=\"\\\",\"", "i/j"]),
        (&["--mime", "foo=a/b"], Some("foo=c/d,bar=c/d"), ["a/b", "application/octet-stream", "application/octet-stream"]),
        (&["--mime", "foo=a/b", "--mime=foo=c/d"], None, ["c/d", "application/octet-stream", "application/octet-stream"]),
    ];
    for (flags, variable, expected) in table {
        let mut command = onepoll();
        command.arg(root.path()).args(*flags).envs(variable.map(|value| ("ONEPOLL_MIME", value)));
        let (_program, address) = Program::start(&mut command);
        let got = ["/a.foo", "/a.bar", "/a.baz"].map(|target| {
            let answer = answer_to(address, "GET", target.as_bytes(), "");
            field(&answer, "content-type").to_owned()
        });
        assert_eq!(got, *expected, "{flags:?} {variable:?}");
    }
}

#[test]
fn what_is_no_type_is_refused_at_start() {
    for (value, why) in [
        ("", "EXT=TYPE"),
        ("foo", "EXT=TYPE"),
        ("=a/b", "EXT=TYPE"),
        (".=a/b", "EXT=TYPE"),
        ("tar.gz=a/b", "last dot"),
        ("a/b=a/b", "last dot"),
        ("foo\n=a/b", "last dot"),
        ("foo=", "such as text/plain"),
        ("foo=text", "such as text/plain"),
        ("foo=text/*", "such as text/plain"),
        ("foo=a/b,", "EXT=TYPE"),
        ("foo=a/b,bar", "EXT=TYPE"),
        ("foo=a/b\r\nX: y", "such as text/plain"),
        ("foo=a/b; c", "name=value"),
        ("foo=a/b; c=\"d", "name=value"),
        ("foo=a/b; c=d\u{7f}", "name=value"),
        ("foo=a/b; c=d\u{e9}", "name=value"),
    ] {
        let (status, error) = Program::spawn(onepoll().args(["--mime", value])).end();
        assert_eq!(status.code(), Some(2), "{value:?}: {error}");
        assert!(error.contains("--mime") && error.contains(why), "{value:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
