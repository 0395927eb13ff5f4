//! One keep-alive connection without a socket, for benchmarks: everything that a request costs, except system calls on
//! the socket.

#[allow(dead_code, reason = "not every benchmark turns a loop")]
pub mod turns;

use onepoll::conn::context::Context;
use onepoll::conn::transport::{Follow, Readiness, Transport};
use onepoll::conn::{Connection, Id, Verdict};
use onepoll::http::origin::Origin;
use onepoll::log::Form;
use onepoll::os::peer::Peer;
use onepoll::service::cors::{Cors, Credentials};
use onepoll::service::fields::CommonFields;
use onepoll::service::hosts::Hosts;
use onepoll::service::{Client, DoorId, Service};
use onepoll::site::{Policy, Site};
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

/// A request much like those of browsers.
pub const HEAD: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Mozilla/5.0\r\n\
    Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en\r\n\
    Accept-Encoding: identity\r\nConnection: keep-alive\r\n\r\n";

/// What is asked for.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "not every benchmark asks for all of them")]
pub enum Kind {
    /// A page that is in memory.
    Hit,
    /// 1 KiB of a file that is too large for that.
    Range,
    /// The page, which the client has already.
    NotModified,
    /// The same page, five folders deep.
    Deep,
    /// A name that is not there, and was asked for before.
    NotFound,
    /// Pages that have no room in memory, one after the other: each is read from the disk.
    Miss,
}

/// From where it is asked, and by which flags it is answered.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "see above")]
pub enum From {
    /// From the site itself, or from no page.
    Here,
    /// From a page of another origin, which may not read the answer.
    Elsewhere,
    /// From a page of another origin, which may, as any may by `--cors`; and two fields are set by `--header`.
    ElsewhereWithFields,
    /// The same, where `--cors` names the origin: it is compared, and `Vary` is merged.
    ElsewhereNamed,
}

/// The origin of the page elsewhere.
const ORIGIN: &str = "https://app.example";

impl From {
    fn head(self) -> String {
        let head = String::from_utf8_lossy(HEAD);
        match self {
            From::Here => head.into_owned(),
            From::Elsewhere | From::ElsewhereWithFields | From::ElsewhereNamed => {
                head.replace("\r\n\r\n", &format!("\r\nOrigin: {ORIGIN}\r\n\r\n"))
            }
        }
    }

    fn fields(self) -> CommonFields {
        let cors = match self {
            From::Here | From::Elsewhere => return CommonFields::default(),
            From::ElsewhereWithFields => Cors::Any,
            From::ElsewhereNamed => {
                Cors::Named(vec![Origin::parse(ORIGIN).expect("it is one")], Credentials::NotAllowed)
            }
        };
        let fields = CommonFields::default().open_to(cors);
        fields.set("Cache-Control", "max-age=60").set("X-Frame-Options", "DENY")
    }
}

/// The folder of the deep page, and of the pages that have no room.
const DEEP: &str = "a/b/c/d/e";

/// Pages that are asked for in turn, where the cache has room for two.
const PAGES: usize = 16;

/// A connection, and a site with pages of 1 KiB and a file of 1 MiB.
pub struct Visit {
    connection: Connection<Echoless>,
    context: Context,
    folder: TempDir,
}

impl Visit {
    /// A connection to a new site. It has asked for the page and for what it is to ask for, so both are in the cache.
    #[allow(dead_code, reason = "see above")]
    pub fn asking(kind: Kind) -> Visit {
        Visit::logged(From::Here, kind, Form::Off)
    }

    /// The same from elsewhere, or with more fields, and with lines of this form in the log.
    pub fn logged(from: From, kind: Kind, form: Form) -> Visit {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(folder.path().join("index.html"), [b'x'; 1024]).expect("a file can be written");
        std::fs::write(folder.path().join("large.bin"), vec![b'x'; 1 << 20]).expect("a file can be written");
        let deep = folder.path().join(DEEP);
        std::fs::create_dir_all(&deep).expect("folders can be made");
        for page in 0..PAGES {
            std::fs::write(deep.join(format!("{page}.html")), [b'x'; 1024]).expect("a file can be written");
        }
        // A file that was written just now is not cached.
        std::thread::sleep(Duration::from_millis(100));
        let usual = Policy::default();
        let cache_bytes_max = if matches!(kind, Kind::Miss) { 3 << 10 } else { usual.cache_bytes_max };
        let site =
            Site::open(folder.path(), Policy { cache_bytes_max, ..usual }).expect("the folder is there");
        let hosts = Hosts::Named(Vec::new());
        let service = Service::new(site).hosts(hosts).fields(from.fields()).access(form);
        let context = Context::new(service, Instant::now(), SystemTime::now());
        let peer = Peer::Tcp((Ipv4Addr::LOCALHOST, 50_000).into());
        let client = Client { id: Id(0), peer, door: DoorId::FIRST };
        let connection = Connection::new(Echoless::default(), client, Instant::now());
        let mut visit = Visit { connection, context, folder };
        visit.connection.transport().requests = vec![HEAD.to_vec()];
        visit.request();
        let head = from.head();
        let page = |name: String| head.replace("index.html", &name);
        let requests = match kind {
            Kind::Hit => vec![head],
            Kind::Deep => vec![page(format!("{DEEP}/0.html"))],
            Kind::NotFound => vec![page("nothing.html".to_owned())],
            Kind::Miss => (0..PAGES).map(|number| page(format!("{DEEP}/{number}.html"))).collect(),
            Kind::Range => {
                let head = page("large.bin".to_owned());
                vec![head.replace("\r\n\r\n", "\r\nRange: bytes=500000-501023\r\n\r\n")]
            }
            Kind::NotModified => {
                let answer = String::from_utf8_lossy(&visit.connection.transport().first).into_owned();
                let tag = answer.lines().find(|line| line.starts_with("ETag")).expect("the page has a tag");
                let condition = tag.replace("ETag", "If-None-Match");
                vec![head.replace("\r\n\r\n", &format!("\r\n{condition}\r\n\r\n"))]
            }
        };
        visit.connection.transport().requests = requests.into_iter().map(String::into_bytes).collect();
        // Twice each: by then all that can be remembered is.
        for _ in 0..2 * PAGES {
            visit.request();
            visit.work();
        }
        visit
    }

    /// Puts so many more names into the folder of the deep pages.
    #[allow(dead_code, reason = "see above")]
    pub fn crowd(&self, names: usize) {
        for name in 0..names {
            std::fs::write(self.folder.path().join(DEEP).join(format!("{name}.txt")), "")
                .expect("a file can be written");
        }
    }

    /// Changes the folder of the deep pages: a name comes or goes.
    #[allow(dead_code, reason = "see above")]
    pub fn change(&self) {
        let name = self.folder.path().join(DEEP).join("sometimes");
        if std::fs::remove_file(&name).is_err() {
            std::fs::write(name, "").expect("a file can be written");
        }
    }

    /// Does what a turn does for no request.
    #[allow(dead_code, reason = "see above")]
    pub fn work(&self) {
        self.context.service.site.work(self.context.now);
    }

    /// Serves one request, from its bytes to the bytes of its answer.
    pub fn request(&mut self) -> Verdict {
        self.context.begin_turn(Instant::now(), SystemTime::now());
        self.connection.transport().asks = true;
        self.connection.note_readiness(Readiness::UNKNOWN);
        self.connection.read_ahead(&mut self.context);
        let verdict = self.connection.drive(&mut self.context);
        self.context.access.end_turn(self.context.now);
        verdict
    }
}

/// A transport that receives the next request when `asks` is set, and drops all answers but the first.
#[derive(Default)]
struct Echoless {
    /// The requests that are made in turn.
    requests: Vec<Vec<u8>>,
    next: usize,
    asks: bool,
    first: Vec<u8>,
}

impl Transport for Echoless {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !std::mem::take(&mut self.asks) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let request = &self.requests[self.next % self.requests.len()];
        self.next += 1;
        buffer[..request.len()].copy_from_slice(request);
        Ok(request.len())
    }

    fn send(&mut self, bytes: &[u8], _: Follow) -> io::Result<usize> {
        if self.first.is_empty() {
            self.first = bytes.to_vec();
        }
        Ok(black_box(bytes).len())
    }

    fn send_file(&mut self, _: &File, _: u64, count: usize) -> io::Result<usize> {
        Ok(count)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }
}
