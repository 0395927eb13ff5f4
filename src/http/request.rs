//! The head of a request: its line, its fields, and what they mean for the connection (RFC 9112 §3 to §9). The end of
//! the head was found before, in [`super::lines`].

use super::Refusal;
use super::fields::{FieldSlots, Fields, is_token, trim};
use super::framing::Framing;
use super::method::Method;
use super::status::Status;
use super::target::{self, Target};
use super::version::{Persistence, Version};
use super::weight::weight;

/// A request whose head was read whole and found valid.
pub struct Request<'a> {
    /// The request line as it came, for the access log.
    pub line: &'a [u8],
    /// The method.
    pub method: Method,
    /// The target: what the client asks for.
    pub target: Target<'a>,
    /// The host that the request is for, without its port: from an absolute target, or else from `Host`. A request of
    /// HTTP/1.0 may have no host.
    pub host: Option<&'a str>,
    /// All fields of the head.
    pub fields: Fields<'a>,
    /// How the content that follows the head is framed.
    pub framing: Framing,
    /// Whether the connection is kept alive after this request.
    pub persistence: Persistence,
    /// Whether the client waits for `100 Continue` before it sends the content (RFC 9110 §10.1.1).
    pub expects_continue: bool,
    /// Bytes of content; 0 until the whole content was read.
    pub content_bytes: u64,
}

impl<'a> Request<'a> {
    /// Reads `head`, from its request line to its empty line, as [`super::lines::HeadScan`] found it.
    ///
    /// The framing is checked before the method: a request with a bad framing is refused whatever its method is.
    pub fn parse(head: &'a [u8], slots: &'a mut FieldSlots<'a>) -> Result<Request<'a>, Refusal> {
        let line_end = head.iter().position(|&byte| byte == b'\r').unwrap_or(head.len());
        let (line, section) = head.split_at(line_end);
        let (method, target, version) = split_line(line)?;
        let fields = Fields::parse(section.get(2..).unwrap_or_default(), slots)?;
        let framing = Framing::of(fields, version)?;
        let host = host(fields, version)?;
        let method = Method::parse(method);
        let target = match method {
            Method::Connect => Target::parse_for_connect(target)?,
            _ => Target::parse(target)?,
        };
        if target == Target::Asterisk && method != Method::Options {
            return Err(Refusal::bad("only OPTIONS may ask for *"));
        }
        let host = match target {
            Target::Path { host: Some(host), .. } => Some(host),
            _ => host,
        };
        Ok(Request {
            line,
            method,
            target,
            host,
            fields,
            framing,
            persistence: Persistence::of(fields, version)?,
            expects_continue: expects_continue(fields, version)?,
            content_bytes: 0,
        })
    }

    /// The version of HTTP that the client speaks. It is read once more from the request line, since few answers depend on it.
    pub fn version(&self) -> Version {
        if self.line.ends_with(b".0") { Version::Http10 } else { Version::Http11 }
    }

    /// The same request with another path in its target. `self` must have a path.
    pub fn with_path<'b>(&'b self, path: &'b str) -> Request<'b> {
        let target = match self.target {
            Target::Path { query, host, .. } => Target::Path { path, query, host },
            other => other,
        };
        Request { target, ..*self }
    }

    /// The path as the client sent it, which [`Request::with_path`] leaves as it is. It is read once more from the request
    /// line.
    pub fn path_as_sent(&self) -> Option<&'a str> {
        let target = self.line.split(|&byte| byte == b' ').nth(1)?;
        Target::parse(target).ok()?.path()
    }

    /// Whether content follows the head, by the fields of the head.
    pub fn has_content(&self) -> bool {
        self.framing != Framing::Length(0)
    }

    /// Whether a page of this server made the request, or no page did: a browser says of a page of another server that it is
    /// one (W3C Fetch Metadata §2.2, RFC 6454 §7). `Host` is not checked here.
    pub fn is_of_this_server(&self) -> bool {
        let is_same = |origin: &[u8]| {
            let origin = std::str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://"));
            let host = self.fields.first("host").unwrap_or_default();
            origin.is_some_and(|(_, authority)| authority.as_bytes().eq_ignore_ascii_case(host))
        };
        let is_near = |site: &[u8]| matches!(site, b"same-origin" | b"none");
        self.fields.all("origin").all(is_same) && self.fields.all("sec-fetch-site").all(is_near)
    }

    /// Whether the client prefers JSON to HTML (RFC 9110 §12.5.1).
    pub fn prefers_json(&self) -> bool {
        self.prefers(self.weight_of("application/json"))
    }

    /// Whether the client prefers an error in JSON to an error in HTML (RFC 9457 §3).
    pub fn prefers_problem(&self) -> bool {
        self.prefers(self.weight_of("application/json").max(self.weight_of("application/problem+json")))
    }

    /// Whether the client names HTML among the types that it takes.
    pub fn takes_html(&self) -> bool {
        self.weight_of("text/html") > 0
    }

    /// Whether a media type of this weight is preferred to HTML.
    fn prefers(&self, weight: u16) -> bool {
        weight > 0 && weight > self.weight_of("text/html")
    }

    /// Whether the client names HTML and likes nothing better, as browsers do when they open a page.
    pub fn prefers_html(&self) -> bool {
        let html = self.weight_of("text/html");
        html > 0 && self.weights().all(|weight| weight <= html)
    }

    /// Whether the client takes HTML: by its name, or else by `text/*`, or else by `*/*`. A client that says nothing takes
    /// everything.
    pub fn accepts_html(&self) -> bool {
        let mut said =
            ["text/html", "text/*", "*/*"].into_iter().filter_map(|range| self.weight_named(range));
        said.next().map_or_else(|| self.weights().next().is_none(), |weight| weight > 0)
    }

    /// The weight, in thousandths, that `Accept` gives to a media type by its full name; 0 if the type is not named.
    /// Wildcards such as `*/*` are ignored, since they show no preference.
    fn weight_of(&self, media_type: &str) -> u16 {
        self.weight_named(media_type).unwrap_or(0)
    }

    /// The weight that `Accept` gives to this name, which may be a wildcard; `None` if it is not there.
    fn weight_named(&self, name: &str) -> Option<u16> {
        let mut members = self.fields.members("accept");
        members.find_map(|member| {
            let mut parts = member.split(|&byte| byte == b';').map(trim);
            let is_named = parts.next()?.eq_ignore_ascii_case(name.as_bytes());
            is_named.then(|| weight(parts))
        })
    }

    /// The weights of all media types and wildcards in `Accept`.
    fn weights(&self) -> impl Iterator<Item = u16> {
        let members = self.fields.members("accept").filter(|member| !member.is_empty());
        members.map(|member| weight(member.split(|&byte| byte == b';').map(trim)))
    }
}

/// The target in a request line of which nothing else is known, and whether it is whole: of a line with more than `max` bytes only
/// so many are looked at. `None` where the line is no request line, or its target is not visible ASCII.
///
/// A line may be refused before its end came. It tells the same then, however much came behind the byte for which it is refused.
pub fn target_in(line: &[u8], max: usize) -> Option<(&str, bool)> {
    let is_cut = line.len() > max;
    let mut parts = line[..line.len().min(max)].split(|&byte| byte == b' ');
    let (method, target, version) = (parts.next()?, parts.next()?, parts.next());
    let is_line = match version {
        None => is_cut,
        Some(version) => !is_cut && is_version(version) && parts.next().is_none(),
    };
    let target = target::visible(target).ok().filter(|_| is_line && is_token(method))?;
    Some((target, !is_cut))
}

fn is_version(text: &[u8]) -> bool {
    matches!(text, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'])
}

/// The method, target and version of a request line: three parts with one space between them.
fn split_line(line: &[u8]) -> Result<(&[u8], &[u8], Version), Refusal> {
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::bad("a request line is a method, a target and a version"));
    };
    if !is_token(method) {
        return Err(Refusal::bad("the method is not a token"));
    }
    let [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] = version else {
        return Err(Refusal::bad("the version is not HTTP/ and two digits"));
    };
    match (major, minor) {
        (b'1', b'0') => Ok((method, target, Version::Http10)),
        (b'1', _) => Ok((method, target, Version::Http11)),
        _ => Err(Refusal::new(Status::VERSION_NOT_SUPPORTED, "this server speaks HTTP/1.0 and HTTP/1.1")),
    }
}

/// The host of the `Host` field, without its port. HTTP/1.1 must have the field once, HTTP/1.0 at most once
/// (RFC 9112 §3.2).
fn host(fields: Fields<'_>, version: Version) -> Result<Option<&str>, Refusal> {
    let Some(host) = fields.only("host", "more than one Host field")? else {
        return match version {
            Version::Http10 => Ok(None),
            Version::Http11 => Err(Refusal::bad("a Host field is missing")),
        };
    };
    let host = std::str::from_utf8(host).ok().and_then(target::host);
    host.map(Some).ok_or(Refusal::bad("the Host field is not a host with an optional port"))
}

fn expects_continue(fields: Fields<'_>, version: Version) -> Result<bool, Refusal> {
    let mut expectations = fields.all("expect");
    match (expectations.next(), expectations.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.eq_ignore_ascii_case(b"100-continue") => Ok(version == Version::Http11),
        _ => Err(Refusal::new(Status::EXPECTATION_FAILED, "only 100-continue can be expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status that refuses `head`, or 0.
    fn refusal(head: &str) -> u16 {
        Request::parse(head.as_bytes(), &mut FieldSlots::new()).err().map_or(0, |refusal| refusal.status.code)
    }

    #[test]
    fn a_target_is_known_where_the_line_is_one() {
        #[rustfmt::skip]
        let table: [(&[u8], _); 14] = [
            (b"GET /a?b HTTP/1.1", Some(("/a?b", true))),
            (b"GET /%zz HTTP/9.9", Some(("/%zz", true))),
            (b"GET /12345678901234 HTTP/1.1", None),
            (b"GET /123456789012345 HTTP/1.1", Some(("/123456789012345", false))),
            (b"GET /1234567890 HTTP/1.1", None),
            (b"GET /a", None),
            (b"GET /a HTTP/1", None),
            (b"GET /a HTTP/1.1 ", None),
            (b"GET /a b HTTP/1.1", None),
            (b"GET /\xff HTTP/1.1", None),
            (b"GET /\x01 HTTP/1.1", None),
            (b"G@T /a HTTP/1.1", None),
            (b"", None),
            (b"TLS on a plain port", None),
        ];
        for (line, expected) in table {
            assert_eq!(target_in(line, 20), expected, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn request_lines() {
        let table = [
            ("GET / HTTP/1.1", 0),
            ("GET / HTTP/1.9", 0),
            ("GET / HTTP/1.0", 0),
            ("FOO / HTTP/1.1", 0),
            ("get / HTTP/1.1", 0),
            ("GET / HTTP/2.0", 505),
            ("GET / HTTP/3.7", 505),
            ("GET / HTTP/0.9", 505),
            ("GET / HTTP/1.11", 400),
            ("GET / HTTP/11.1", 400),
            ("GET / http/1.1", 400),
            ("GET / HTTP/1", 400),
            ("GET / HTTP/1.x", 400),
            ("GET / HTTP 1.1", 400),
            ("GET / ", 400),
            ("GET /", 400),
            ("GET", 400),
            ("GET  / HTTP/1.1", 400),
            ("GET /  HTTP/1.1", 400),
            (" GET / HTTP/1.1", 400),
            ("GET / HTTP/1.1 ", 400),
            ("GET /a b HTTP/1.1", 400),
            ("GET\t/ HTTP/1.1", 400),
            ("G@T / HTTP/1.1", 400),
            ("GET * HTTP/1.1", 400),
            ("OPTIONS * HTTP/1.1", 0),
            ("CONNECT a:443 HTTP/1.1", 0),
            ("CONNECT / HTTP/1.1", 400),
            ("GET a:443 HTTP/1.1", 400),
            ("GET http://b/ HTTP/1.1", 0),
            ("GET http://u@b/ HTTP/1.1", 400),
        ];
        for (line, status) in table {
            assert_eq!(refusal(&format!("{line}\r\nHost: a\r\n\r\n")), status, "{line}");
        }
    }

    #[test]
    fn hosts() {
        let table = [
            ("HTTP/1.1", "Host: a\r\n", 0),
            ("HTTP/1.1", "Host: [::1]:8080\r\n", 0),
            ("HTTP/1.1", "", 400),
            ("HTTP/1.1", "Host:\r\n", 400),
            ("HTTP/1.1", "Host: a\r\nHost: a\r\n", 400),
            ("HTTP/1.1", "Host: a, b\r\n", 400),
            ("HTTP/1.1", "Host: u@a\r\n", 400),
            ("HTTP/1.1", "Host: a:x\r\n", 400),
            ("HTTP/1.1", "Host: http://a\r\n", 400),
            ("HTTP/1.0", "", 0),
            ("HTTP/1.0", "Host: a\r\nHost: a\r\n", 400),
            ("HTTP/1.0", "Host: a b\r\n", 400),
        ];
        for (version, fields, status) in table {
            assert_eq!(refusal(&format!("GET / {version}\r\n{fields}\r\n")), status, "{version} {fields}");
            let absolute = format!("GET http://good/ {version}\r\n{fields}\r\n");
            assert_eq!(refusal(&absolute), status, "absolute {version} {fields}");
        }
    }

    #[test]
    fn expectations() {
        let table = [
            ("Expect: 100-continue\r\n", "HTTP/1.1", Ok(true)),
            ("Expect: 100-Continue\r\n", "HTTP/1.1", Ok(true)),
            ("Expect: 100-continue\r\n", "HTTP/1.0", Ok(false)),
            ("Expect: tea\r\n", "HTTP/1.1", Err(417)),
            ("Expect:\r\n", "HTTP/1.1", Err(417)),
            ("Expect: 100-continue\r\nExpect: 100-continue\r\n", "HTTP/1.1", Err(417)),
            ("Expect: 100-continue, tea\r\n", "HTTP/1.1", Err(417)),
        ];
        for (fields, version, expected) in table {
            let head = format!("GET / {version}\r\nHost: a\r\n{fields}\r\n");
            let mut slots = FieldSlots::new();
            let parsed = Request::parse(head.as_bytes(), &mut slots);
            let got = parsed.map(|request| request.expects_continue).map_err(|refusal| refusal.status.code);
            assert_eq!(got, expected, "{fields} {version}");
        }
    }

    #[test]
    fn accept_decides_between_json_and_html() {
        let table = [
            ("", false),
            ("*/*", false),
            ("application/json", true),
            ("Application/JSON", true),
            ("application/json;q=0", false),
            ("application/json;q=0.5, text/html", false),
            ("application/json, text/html;q=0.9", true),
            ("text/html, application/json", false),
            ("text/plain, application/json ; charset=utf-8 ; q=0.1, */*", true),
            ("application/json;q=2", false),
            ("application/jsonp", false),
        ];
        for (accept, expected) in table {
            let head = format!("POST / HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n");
            let mut slots = FieldSlots::new();
            let request = Request::parse(head.as_bytes(), &mut slots).ok().unwrap();
            assert_eq!(request.prefers_json(), expected, "{accept}");
        }
    }

    #[test]
    fn accept_decides_whether_a_page_is_wanted() {
        const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        // Whether HTML is preferred, and whether it is taken.
        let table = [
            ("", false, true),
            (BROWSER, true, true),
            ("text/html", true, true),
            ("Text/HTML;charset=utf-8;q=0.1", true, true),
            ("text/html, application/json", true, true),
            ("text/html;q=0.9, application/json", false, true),
            ("text/html;q=0.5, */*", false, true),
            ("*/*", false, true),
            ("text/*", false, true),
            ("text/*;q=0, */*", false, false),
            ("text/html;q=0, text/*, */*", false, false),
            ("text/html;q=2", false, false),
            ("*/*;q=0", false, false),
            ("application/json", false, false),
            ("image/avif,image/webp,*/*;q=0.8", false, true),
            ("text/htm", false, false),
            (", ,", false, true),
            ("text/html;q=0.5,", true, true),
        ];
        for (accept, prefers, accepts) in table {
            let head = format!("GET / HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n");
            let mut slots = FieldSlots::new();
            let request = Request::parse(head.as_bytes(), &mut slots).ok().unwrap();
            assert_eq!((request.prefers_html(), request.accepts_html()), (prefers, accepts), "{accept}");
        }
        let mut slots = FieldSlots::new();
        let request = Request::parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut slots).ok().unwrap();
        assert_eq!((request.prefers_html(), request.accepts_html()), (false, true));
    }
}
