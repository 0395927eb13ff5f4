//! Random requests: for files in every way, with content, with methods that are not answered, and requests that are
//! refused.

use crate::answer::Asked;
use crate::below::Below;
use crate::disk::{Disk, FOLDER_OF_MANY, LARGE, PAGE};
use crate::doors::Door;
use crate::parts::Spec;
use crate::question::{Accept, Condition, How, Seen};
use crate::representation::Coding::{self, Brotli, Gzip, Identity, Zstd};
use crate::request::{After, CONTENT_BYTES_MAX, Expects, Judged, Request, Wanted};
use crate::support::dice::Dice;

/// Values of `Accept-Encoding`, and the codings that each accepts, the preferred one first.
const ACCEPTED: [(&str, &[Coding]); 9] = [
    ("gzip", &[Gzip, Identity]),
    ("gzip, deflate, br, zstd", &[Brotli, Zstd, Gzip, Identity]),
    ("br;q=0.5, gzip", &[Gzip, Brotli, Identity]),
    ("zstd, *;q=0.1", &[Zstd, Brotli, Gzip, Identity]),
    ("identity, gzip;q=0.5", &[Identity, Gzip]),
    ("gzip;q=0, br", &[Brotli, Identity]),
    ("identity;q=0, gzip", &[Gzip]),
    ("br, *;q=0", &[Brotli]),
    ("identity;q=0", &[]),
];

/// Detours to a file of the root: dot segments are removed, whether or not the segment before exists.
const DETOURS: [&str; 5] =
    ["/./", "/list/../", "/missing/%2e%2E/", "/.hidden/a/../.%2e/", "http://localhost/%2e/x/../"];

/// Targets of the folder that is listed, and the links that each shows, in their order.
const LISTED: [(&str, &[&str]); 10] = [
    ("/list/", &LINKS),
    ("/list/.", &LINKS),
    ("/list/a/..", &LINKS),
    ("/missing/../list/%2e/", &LINKS),
    ("/list/%FF/%2E.", &LINKS),
    ("/list/?order=desc", &["c%FF", "b%20c", "a"]),
    ("/list/?q=B+C", &["b%20c"]),
    ("/list/?sort=name&q=%63&order=desc", &["c%FF", "b%20c"]),
    ("/list/?q=%ff", &["c%FF"]),
    ("/list/?q=%3Cb%3E%zz", &[]),
];

/// What is in that folder.
const LINKS: [&str; 3] = ["a", "b%20c", "c%FF"];

/// A host that is none of this machine's.
const ELSEWHERE: &str = "evil.example";

/// How a client says that a request is its last.
const LAST: [&str; 3] =
    ["Connection: close\r\n", "Connection: , Upgrade,Close\r\n", "Connection: x\r\nConnection: close,\r\n"];

impl Request {
    /// Any request of a client that has come in by `door`.
    pub fn any(dice: &mut Dice, door: Door, below: Below, seen: &[Seen], disk: &Disk) -> Request {
        let mut draft = Draft::new(dice);
        let is_alone = disk.flags.only.is_some();
        let lists = door == Door::Local && !is_alone;
        // What is asked for once shows little of folders that change.
        let kind = if disk.has_folders_in_focus() && !dice.one_in(4) { 0 } else { dice.below(28) };
        match kind {
            0..14 => draft.file(dice, door, below, seen, disk),
            14 => draft.line("GET", &missing(dice), Wanted::Status(404)),
            15 => draft.line("GET", "/.hidden", Wanted::Status(404)),
            16 if is_alone => draft.line("GET", "/list?a=b", Wanted::Status(404)),
            16 => draft.line("GET", "/list?a=b", Wanted::Moved),
            17 if dice.one_in(3) => {
                let how = How { lists, ..How::default() };
                draft.line("GET", "/many/", Wanted::File(FOLDER_OF_MANY, how));
            }
            // For HTTP/1.0 the end of the connection would be that of the archive.
            17 if lists && draft.version == 1 && dice.one_in(2) => {
                let (target, _) = dice.pick(&LISTED);
                let path = target.split('?').next().unwrap_or_default();
                draft.line("GET", &format!("{path}?archive=zip"), Wanted::Archive);
            }
            17 => {
                let (target, links) = dice.pick(&LISTED);
                let wanted = if lists { Wanted::Listing(links) } else { Wanted::Status(404) };
                draft.line("GET", target, wanted);
            }
            18..22 => draft.post(dice),
            22 => draft.line("OPTIONS", dice.pick(&["*", "/"]), Wanted::Status(204)),
            23 => draft.unanswered(dice, "PUT", 405),
            24 => draft.unanswered(dice, "BREW", 501),
            25 if door == Door::Local => draft.elsewhere(dice),
            25 => {
                draft.file(dice, door, below, seen, disk);
                draft.host = ELSEWHERE;
            }
            26 => draft.line("HEAD", "/missing", Wanted::Status(404)),
            _ => return refused(dice),
        }
        draft.place(dice, below).finish(dice)
    }
}

impl Request {
    /// A GET of a file, and nothing else.
    pub fn plain(door: Door, below: Below, file: usize, disk: &Disk) -> Request {
        let how = How { lists: door == Door::Local, ..How::default() };
        let (prefix, name) = (below.path(), disk.name(file));
        let bytes = format!("GET {prefix}/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
        Request {
            head_bytes: bytes.len(),
            bytes,
            wanted: Wanted::File(file, how),
            asked: Asked::WithContent,
            after: After::Next,
            judged: Judged::AtTheEnd,
            expects: Expects::Nothing,
        }
    }
}

/// A request that is being written.
struct Draft {
    method: &'static str,
    target: String,
    version: u8,
    host: &'static str,
    fields: String,
    body: Vec<u8>,
    wanted: Wanted,
    after: After,
    judged: Judged,
    expects: Expects,
}

impl Draft {
    fn new(dice: &mut Dice) -> Draft {
        let mut draft = Draft {
            method: "GET",
            target: String::new(),
            version: 1,
            host: dice.pick(&["localhost", "127.0.0.1:8080", "[::1]", "a.localhost"]),
            fields: String::new(),
            body: Vec::new(),
            wanted: Wanted::Moved,
            after: After::Next,
            judged: Judged::AtTheEnd,
            expects: Expects::Nothing,
        };
        match dice.below(30) {
            0 => (draft.version, draft.after) = (0, After::End),
            1 => (draft.version, draft.fields) = (0, "Connection: keep-alive\r\n".into()),
            2..4 => (draft.fields, draft.after) = (dice.pick(&LAST).into(), After::End),
            4 => draft.fields = format!("X-Junk: {}\r\n", "j".repeat(dice.below(200) as usize)),
            _ => {}
        }
        draft
    }

    fn line(&mut self, method: &'static str, target: &str, wanted: Wanted) {
        (self.method, self.target, self.wanted) = (method, target.to_owned(), wanted);
    }

    fn file(&mut self, dice: &mut Dice, door: Door, below: Below, seen: &[Seen], disk: &Disk) {
        let mut file = disk.any(dice);
        if file == LARGE && !dice.one_in(3) {
            file = PAGE;
        }
        let mut how = How { lists: door == Door::Local, ..How::default() };
        let seen = seen.iter().rev().find(|seen| seen.file == file).filter(|_| !dice.one_in(3));
        if let Some(seen) = seen {
            let (condition, name) = dice.pick(&[
                (Condition::NoneMatch, "If-None-Match"),
                (Condition::Match, "If-Match"),
                (Condition::Range, "If-Range"),
                (Condition::Range, "If-Range"),
                (Condition::Since, "If-Modified-Since"),
            ]);
            let value =
                if condition == Condition::Since { on_any_day(dice, &seen.date) } else { seen.tag.clone() };
            self.fields.push_str(&format!("{name}: {value}\r\n"));
            how.condition = Some((condition, seen.clone()));
        }
        if dice.one_in(3) || matches!(how.condition, Some((Condition::Range, _))) {
            let scale = dice.pick(&[100, 3000, 70_000, 300_000]);
            how.ranges = (0..dice.pick(&[1, 1, 2, 4])).map(|_| spec(dice, scale)).collect();
            let texts: Vec<_> = how.ranges.iter().map(|spec| spec.text()).collect();
            self.fields.push_str(&format!("Range: bytes={}\r\n", texts.join(dice.pick(&[",", ", "]))));
        }
        // A client that has a part of a coded file sends the accepted codings again.
        let is_coded = seen.is_some_and(|seen| seen.which.0 != Identity);
        if dice.one_in(2) || is_coded {
            // Browsers send the second form.
            let (text, accepted) = if dice.one_in(2) { ACCEPTED[1] } else { dice.pick(&ACCEPTED) };
            how.accepted = accepted;
            self.fields.push_str(&format!("Accept-Encoding: {text}\r\n"));
        }
        let (text, accept) = dice.pick(&[
            ("", Accept::Anything),
            ("Accept: text/html,application/xml;q=0.9,*/*;q=0.8\r\n", Accept::Html),
            ("Accept: text/html\r\n", Accept::Html),
            ("Accept: */*\r\n", Accept::Anything),
            ("Accept: image/png\r\n", Accept::Image),
        ]);
        how.accept = accept;
        self.fields.push_str(text);
        let method = if dice.one_in(5) { "HEAD" } else { "GET" };
        // A query is not encoded.
        let query = dice.pick(&["", "", "", "?q=100%"]);
        let way = if dice.one_in(10) { dice.pick(&DETOURS) } else { "/" };
        let mut name = disk.name(file).into_owned();
        if disk.flags.only == Some(file) && below.path().is_empty() && dice.one_in(3) {
            // The file is what `/` names. Outside of a prefix `/` leads to the prefix.
            name.clear();
        }
        if dice.one_in(16) {
            let (plain, other) = dice.pick(&[("e", "%65"), ("/", "//"), ("/", "/./"), ("/", "/x/../")]);
            name = name.replacen(plain, other, 1);
        }
        let target = format!("{way}{name}{query}");
        self.line(method, &target, Wanted::File(file, how));
        if method == "GET" && dice.one_in(10) {
            self.fields.push_str("Content-Length: 4\r\n");
            self.body = b"GET ".to_vec();
        }
    }

    fn post(&mut self, dice: &mut Dice) {
        let is_json = dice.one_in(2);
        if is_json {
            self.fields.push_str("Accept: application/json\r\n");
        }
        let bytes = dice.size(CONTENT_BYTES_MAX) as usize;
        self.line("POST", "/form", Wanted::Posted { bytes, is_json });
        self.content(dice, bytes);
    }

    /// A method that is not answered, with content. The server reads the content, unless the client asks first.
    fn unanswered(&mut self, dice: &mut Dice, method: &'static str, status: u16) {
        self.line(method, "/", Wanted::Status(status));
        let bytes = dice.size(1000) as usize;
        self.content(dice, bytes);
        if self.expects == Expects::Continue {
            (self.after, self.judged) = (After::Refused, Judged::AtTheHead);
        }
    }

    /// A request for another host: its content is not read.
    fn elsewhere(&mut self, dice: &mut Dice) {
        self.line(dice.pick(&["GET", "HEAD", "POST", "BREW"]), "/page.html", Wanted::Status(421));
        self.host = ELSEWHERE;
        if dice.one_in(2) {
            let bytes = dice.size(2 * CONTENT_BYTES_MAX) as usize;
            self.content(dice, bytes);
        }
        if !self.body.is_empty() {
            (self.after, self.judged) = (After::Refused, Judged::AtTheHead);
        }
    }

    fn content(&mut self, dice: &mut Dice, bytes: usize) {
        if dice.one_in(4) {
            self.fields.push_str("Expect: 100-continue\r\n");
        }
        let is_chunked = self.version == 1 && dice.one_in(2);
        if is_chunked {
            self.fields.push_str("Transfer-Encoding: chunked\r\n");
            self.body = chunked(dice, bytes);
        } else {
            self.fields.push_str(&format!("Content-Length: {bytes}\r\n"));
            self.body = vec![b'G'; bytes];
        }
        let asks = self.fields.contains("Expect") && self.version == 1 && !self.body.is_empty();
        self.expects = if asks { Expects::Continue } else { Expects::Nothing };
    }

    /// Where the site is below a prefix, its paths are, too.
    fn place(self, dice: &mut Dice, below: Below) -> Draft {
        let (target, wanted) = below.place(dice, self.method, self.target, self.wanted);
        Draft { target, wanted, ..self }
    }

    fn finish(self, dice: &mut Dice) -> Request {
        let empty_lines = if dice.one_in(20) { "\r\n\r\n" } else { "" };
        let Draft { method, target, version, host, fields, body, wanted, after, judged, expects } = self;
        let head = format!("{empty_lines}{method} {target} HTTP/1.{version}\r\nHost: {host}\r\n{fields}\r\n");
        let asked = if method == "HEAD" { Asked::HeadOnly } else { Asked::WithContent };
        let head_bytes = head.len();
        let bytes = [head.into_bytes(), body].concat();
        Request { bytes, head_bytes, wanted, asked, after, judged, expects }
    }
}

/// A path that leads to nothing, or climbs above the root on its way.
fn missing(dice: &mut Dice) -> String {
    let name = dice.pick(&[
        "missing",
        "%FE",
        "../page.html",
        "list/%2e%2e/../page.html",
        "page.html/.",
        "..%2fpage.html",
    ]);
    format!("/{name}?{}", dice.below(9))
}

/// The same date, perhaps with a wrong day of the week, which is ignored.
fn on_any_day(dice: &mut Dice, date: &str) -> String {
    let (day, rest) = date.split_at(3);
    format!("{}{rest}", dice.pick(&[day, day, "Mon", "Sat"]))
}

fn spec(dice: &mut Dice, scale: u64) -> Spec {
    let first = dice.below(scale);
    match dice.below(4) {
        0 => Spec::From(first),
        1 => Spec::Last(dice.size(scale)),
        _ => Spec::Between(first, first + dice.size(scale)),
    }
}

fn chunked(dice: &mut Dice, mut bytes: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while bytes > 0 {
        let chunk = 1 + dice.below(bytes as u64) as usize;
        let extension = dice.pick(&["", "", ";a", ";a=b;c=\"d\\\"e\""]);
        body.extend_from_slice(format!("{chunk:x}{extension}\r\n").as_bytes());
        body.extend(std::iter::repeat_n(b'0', chunk));
        body.extend_from_slice(b"\r\n");
        bytes -= chunk;
    }
    body.extend_from_slice(
        dice.pick(&["0\r\n\r\n", "000\r\n\r\n", "0\r\nTrailer: a\r\nB: c\r\n\r\n"]).as_bytes(),
    );
    body
}

/// A request that is refused, whatever comes after it.
fn refused(dice: &mut Dice) -> Request {
    const POST: &str = "POST / HTTP/1.1\r\nHost: localhost\r\n";
    let get = |fields: &str| format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    let (text, status) = match dice.below(22) {
        0 => ("GET / HTTP/1.1\nHost: localhost\r\n\r\n".into(), 400),
        1 => ("HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n".into(), 400),
        2 => ("GET /\r\n\r\n".into(), 400),
        3 => ("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n".into(), 505),
        4 => ("GET / HTTP/1.1\r\n\r\n".into(), 400),
        5 => ("GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n".into(), 400),
        6 => (get("A : b\r\n"), 400),
        7 => (get("A: b\r\n c\r\n"), 400),
        8 => (format!("{POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400),
        9 => (format!("{POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501),
        10 => (format!("{POST}Expect: tea\r\nContent-Length: 3\r\n\r\nabc"), 417),
        11 => (format!("{POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"), 400),
        12 => (format!("{POST}Content-Length: 5001\r\n\r\n{}", "x".repeat(5001)), 413),
        13 => (
            format!(
                "{POST}Transfer-Encoding: chunked\r\n\r\n1389\r\n{}",
                "x".repeat(dice.below(5001) as usize)
            ),
            413,
        ),
        14 => (format!("GET /{} HTTP/1.1\r\n", "a".repeat(300)), 414),
        15 => (get(&format!("A: {}\r\n", "b".repeat(1000))), 431),
        19 => ("GET / HTTP/1.1\r\nHost: local..host\r\n\r\n".into(), 400),
        20 => (get("Connection: keep-alive, close;\r\n"), 400),
        18 => (format!("{} / HTTP/1.1\r\n", "BREW".repeat(80)), 501),
        16 => (get(&"A: b\r\n".repeat(21)), 431),
        17 => {
            let half = "x".repeat(2500);
            (format!("{POST}Transfer-Encoding: chunked\r\n\r\n9c4\r\n{half}\r\n9c5\r\n"), 413)
        }
        _ => ("\x16\x03\x01\x02\x00".into(), 400),
    };
    let asked = if text.starts_with("HEAD ") { Asked::HeadOnly } else { Asked::WithContent };
    let head_bytes = text.find("\r\n\r\n").map_or(text.len(), |at| at + 4);
    Request {
        bytes: text.into_bytes(),
        head_bytes,
        wanted: Wanted::Status(status),
        asked,
        after: After::Refused,
        judged: Judged::OnTheWay,
        expects: Expects::Nothing,
    }
}
