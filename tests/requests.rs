//! Which heads are valid requests: request lines, targets, `Host` and field lines.

mod support;

use support::verdicts::Site;

#[test]
fn versions() {
    let site = Site::serve();
    for (version, status) in [("HTTP/1.1", 200), ("HTTP/1.2", 200), ("HTTP/1.9", 200)] {
        site.goes_on(&format!("GET / {version}\r\nHost: a\r\n\r\n"), status);
    }
    for (version, status) in [
        ("HTTP/2.0", 505),
        ("HTTP/3.0", 505),
        ("HTTP/9.9", 505),
        ("HTTP/0.9", 505),
        ("HTTP/1.11", 400),
        ("HTTP/11.1", 400),
        ("HTTP/1.", 400),
        ("HTTP/1", 400),
        ("HTTP/2", 400),
        ("HTTP/.1", 400),
        ("HTTP/-1.1", 400),
        ("HTTP/1,1", 400),
        ("HTTP/1.x", 400),
        ("http/1.1", 400),
        ("Http/1.1", 400),
        ("HTTPS/1.1", 400),
        ("HTTP 1.1", 400),
        ("ICY/1.1", 400),
    ] {
        site.refused(format!("GET / {version}\r\nHost: a\r\n\r\n"), status);
    }
    site.refused("GET /\r\nHost: a\r\n\r\n", 400);
    site.refused("GET / \r\nHost: a\r\n\r\n", 400);
    site.refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
}

#[test]
fn request_lines() {
    let site = Site::serve();
    for empty_lines in ["", "\r\n", "\r\n\r\n\r\n\r\n"] {
        site.goes_on(&format!("{empty_lines}GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    }
    for line in [
        "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET / HTTP/1.1\t",
        "GET / / HTTP/1.1",
        "GET",
        "GET ",
        " / HTTP/1.1",
        "G(T / HTTP/1.1",
        "G\"T / HTTP/1.1",
        "GET: / HTTP/1.1",
        "G\u{e9}T / HTTP/1.1",
    ] {
        site.refused(format!("{line}\r\nHost: a\r\n\r\n"), 400);
    }
}

/// RFC 9112 §3: if the method of a long request line is too long, the status is 501, else 414.
#[test]
fn a_method_longer_than_any_is_not_a_target_that_is_too_long() {
    let site = Site::serve();
    let long = |length| "x".repeat(length);
    for (line, status) in [
        (format!("{} / HTTP/1.1", long(9000)), 501),
        (format!("{} / HTTP/1.1", long(100_000)), 501),
        (long(9000), 501),
        (format!("{} /{}", long(8), long(9000)), 501),
        (format!("PROPFIND /{} HTTP/1.1", long(9000)), 501),
        (format!("\r\n{} / HTTP/1.1", long(9000)), 501),
        (format!("UNKNOWN /{} HTTP/1.1", long(9000)), 414),
        (format!("GET /{} HTTP/1.1", long(9000)), 414),
        (format!("GET {}", long(9000)), 414),
        (format!("G(T /{}", long(9000)), 400),
        (format!("{}(", long(8000)).repeat(2), 400),
        (format!("GET\t/{} HTTP/1.1", long(9000)), 400),
        (format!(" GET /{} HTTP/1.1", long(9000)), 400),
        (format!("caf\u{e9}{} / HTTP/1.1", long(9000)), 400),
        (format!("{}\0", long(100)), 400),
    ] {
        site.refused(format!("{line}\r\nHost: a\r\n\r\n"), status);
    }
    for length in [8, 1000, 8000] {
        site.goes_on(&format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", long(length)), 501);
    }
}

#[test]
fn targets() {
    let site = Site::serve();
    for (target, content) in [
        ("/", "start"),
        ("/next", "next"),
        ("/next?a=%20/?:@!$&'()*+,;=", "next"),
        ("http://a/next", "next"),
        ("HTTP://other.example:80/next?q", "next"),
        ("http://[::1]:8080/next", "next"),
        ("http://a.example.:80/next", "next"),
        ("http://a", "start"),
        ("http://a?q", "start"),
        ("/?q=100%", "start"),
        ("/next?%", "next"),
        ("/next?%4&%zz?%", "next"),
        ("http://a/next?100%", "next"),
        ("http://a?%", "start"),
    ] {
        assert_eq!(
            site.goes_on(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"), 200).text(),
            content,
            "{target}"
        );
    }
    site.goes_on("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204);
    site.goes_on("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405);
    site.goes_on("CONNECT a.:443 HTTP/1.1\r\nHost: a.:443\r\n\r\n", 405);
    for (method, target) in [
        ("GET", "/#fragment"),
        ("GET", "/?q#fragment"),
        ("GET", "#"),
        ("GET", "/%"),
        ("GET", "/%4"),
        ("GET", "/%zz"),
        ("GET", "/%?q"),
        ("GET", "/next%?q=100%"),
        ("GET", "http://a/%?q"),
        ("GET", "http://a%/?q"),
        ("GET", "/a b"),
        ("GET", "/caf\u{e9}"),
        ("GET", "/?caf\u{e9}"),
        ("GET", "next"),
        ("GET", "?q"),
        ("GET", "*"),
        ("POST", "*"),
        ("HEAD", "*"),
        ("BREW", "*"),
        ("OPTIONS", "**"),
        ("OPTIONS", "*?q"),
        ("GET", "a:443"),
        ("GET", "http:///next"),
        ("GET", "http://user@a/next"),
        ("GET", "http://user:password@a/next"),
        ("GET", "http://a:x/next"),
        ("GET", "http://a:65536/next"),
        ("GET", "http://[::1/next"),
        ("GET", "http://a b/next"),
        ("GET", "http://a..b/next"),
        ("GET", "http://.a/next"),
        ("GET", "http://./next"),
        ("GET", "http://a..:80"),
        ("GET", "http://a%2e%2eb/next"),
        ("GET", "http:/next"),
        ("GET", "ftp://a/next"),
        ("CONNECT", "/"),
        ("CONNECT", "a"),
        ("CONNECT", "a:"),
        ("CONNECT", "a..b:443"),
        ("CONNECT", ".:443"),
        ("CONNECT", "http://a:443/"),
        ("CONNECT", "*"),
    ] {
        site.refused(format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    }
    site.refused(b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    site.refused(b"GET /\x80?\xfe HTTP/1.1\r\nHost: a\r\n\r\n", 400);
}

#[test]
fn host_is_there_once_and_well_formed() {
    let site = Site::serve();
    #[rustfmt::skip]
    let hosts = [
        "a", "a:80", "a.example:", "127.0.0.1:8080", "[::1]", "[::1]:80", "[::ffff:1.2.3.4]", "a_b~", "a.", "a.b.:80",
        "127.0.0.1.", "a%2eb", "a%41",
    ];
    for host in hosts {
        site.goes_on(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), 200);
        site.goes_on(&format!("GET http://b/ HTTP/1.1\r\nHOST:{host} \t\r\n\r\n"), 200);
    }
    site.goes_on("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200);
    for fields in [
        "",
        "Host:\r\n",
        "Host: \t\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nhost: b\r\n",
        "Host: a, b:80\r\n",
        "Host: a b\r\n",
        "Host: a/\r\n",
        "Host: http://a\r\n",
        "Host: user@a\r\n",
        "Host: @a\r\n",
        "Host: :80\r\n",
        "Host: a:x\r\n",
        "Host: a:+80\r\n",
        "Host: a:-1\r\n",
        "Host: a:65536\r\n",
        "Host: a:80:80\r\n",
        "Host: ::1\r\n",
        "Host: [::1\r\n",
        "Host: [::1]80\r\n",
        "Host: [::1]x\r\n",
        "Host: [::g]\r\n",
        "Host: [1.2.3.4]\r\n",
        "Host: []\r\n",
        "Host: caf\u{e9}\r\n",
        "Host: .\r\n",
        "Host: .:80\r\n",
        "Host: ..\r\n",
        "Host: ..x\r\n",
        "Host: .x\r\n",
        "Host: a..b\r\n",
        "Host: a..\r\n",
        "Host: localhost..:80\r\n",
        "Host: 127.0.0.1..\r\n",
        "Host: %2e\r\n",
        "Host: a%2E.b\r\n",
    ] {
        site.refused(format!("GET / HTTP/1.1\r\n{fields}\r\n"), 400);
        site.refused(format!("GET http://good/ HTTP/1.1\r\n{fields}\r\n"), 400);
        site.refused(format!("BREW / HTTP/1.1\r\n{fields}\r\n"), 400);
        if !fields.is_empty() {
            site.refused(format!("GET / HTTP/1.0\r\n{fields}\r\n"), 400);
        }
    }
}

#[test]
fn field_lines() {
    let site = Site::serve();
    for line in ["A:b", "A:", "A: \t b \t ", "A: b\tc", "A: caf\u{e9}", "!#$%&'*+-.^_`|~09aZ: b", "A: :b:"] {
        site.goes_on(&format!("GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n"), 200);
    }
    let table: &[&[u8]] = &[
        b"A : b",
        b"A\t: b",
        b": b",
        b"A",
        b"A b: c",
        b"A(: b",
        b"caf\xe9: b",
        b" A: b",
        b"A: b\r\n c",
        b"A: b\r\n\tc",
        b"A: b\r\n \r\nB: c",
        b"A: \0",
        b"A: b\rc",
        b"A: b\r",
        b"A: b\nC: d",
        b"A: b\n",
        b"A: \x01",
        b"A: \x0b",
        b"A: \x1b[0m",
        b"A: \x7f",
        b"A\0: b",
    ];
    for line in table {
        site.refused([b"GET / HTTP/1.1\r\nHost: a\r\n", *line, b"\r\n\r\n"].concat(), 400);
        // An obs-fold in the first field line would continue the request line.
        site.refused([b"GET / HTTP/1.1\r\n", *line, b"\r\nHost: a\r\n\r\n"].concat(), 400);
    }
    for head in [
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\0GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03",
    ] {
        site.refused(head, 400);
    }
}
