//! Answers that are not here yet, of a handler that is mounted here: they are asked for again, or woken, and dropped where
//! their connection ends first.

mod support;

use onepoll::conn::transport::Readiness;
use onepoll::http::request::Request;
use onepoll::http::response::Head;
use onepoll::http::status::Status;
use onepoll::reactor::Reactor;
use onepoll::reactor::kernel::Ready;
use onepoll::service::hosts::Hosts;
use onepoll::service::response::{Broken, Pending, Phase, Progress, Source};
use onepoll::service::{Client as Asker, Content, Mounted, Reply, Response, Service};
use onepoll::site::{Policy, Site};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use support::scripted::{Client, Comes, Fate, Loop, part};
use support::{folder, pattern, read_answers};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";

/// How an answer goes when it is asked for the next time, and from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    Later,
    /// So many times there is more to do; then it is ready.
    Again(usize),
    Ready,
    Panics,
}

/// What the test and the handler share.
struct Desk {
    goes: Goes,
    /// The budget of each answer, each time that it was asked for.
    budgets: Vec<usize>,
    /// Answers that are there and not ready.
    open: usize,
}

/// Answers `/slow` when the test says so.
struct Slow(Arc<Mutex<Desk>>);

impl Mounted for Slow {
    fn answer(&self, request: &Request<'_>, _: &Asker, _: &Service) -> Option<Reply> {
        if request.line.starts_with(b"GET /stream ") {
            self.0.lock().unwrap().open += 1;
            let stream = Answer { desk: self.0.clone(), again: Goes::Later };
            return Some(Response::new(Head::new(Status::OK), Content::Produced(Box::new(stream))).into());
        }
        let is_asked_for = request.line.starts_with(b"GET /slow ");
        is_asked_for.then(|| {
            let mut desk = self.0.lock().unwrap();
            desk.open += 1;
            let goes = desk.goes;
            drop(desk);
            Reply::Pending(Box::new(Answer { desk: self.0.clone(), again: goes }))
        })
    }
}

struct Answer {
    desk: Arc<Mutex<Desk>>,
    again: Goes,
}

impl Pending for Answer {
    fn advance(&mut self, budget: &mut usize) -> Progress<Response> {
        let mut desk = self.desk.lock().unwrap();
        desk.budgets.push(*budget);
        let goes = if let Goes::Again(_) = self.again { self.again } else { desk.goes };
        drop(desk);
        match goes {
            Goes::Later => Progress::Later,
            Goes::Again(0) | Goes::Ready => {
                let head = Head::new(Status::OK);
                Progress::Ready(Response::new(head, Content::Bytes(b"at last".to_vec())))
            }
            Goes::Again(left) => {
                *budget = 0;
                self.again = Goes::Again(left - 1);
                Progress::Again
            }
            Goes::Panics => panic!("in an answer that is not here yet"),
        }
    }
}

/// Content that never comes.
impl Source for Answer {
    fn produce(&mut self, _: &mut Vec<u8>, _: Phase) -> Result<Progress<()>, Broken> {
        Ok(Progress::Later)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // A test that fails holds the lock while it unwinds.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
    }
}

/// A loop whose handler `Slow` is mounted.
fn world(root: &Path, goes: Goes) -> (Loop, Arc<Mutex<Desk>>) {
    let desk = Arc::new(Mutex::new(Desk { goes, budgets: Vec::new(), open: 0 }));
    let site = Site::open(root, Policy::default()).unwrap();
    let service = Service::new(site).hosts(Hosts::Any).mount(Slow(desk.clone()));
    (Loop::of(|script| Reactor::new(script, service)), desk)
}

/// The event that wakes a connection: it says nothing of the socket.
fn waking(client: &Client) -> Ready {
    client.event(Readiness::default())
}

#[test]
fn an_answer_that_waits_is_sent_when_its_connection_is_woken() {
    let root = folder(&[("index.html", b"hello")]);
    let (mut world, desk) = world(root.path(), Goes::Later);
    let (client, other) = (world.connect_saying(SLOW), world.connect([]));
    // It is the server that is late, and no timeout ends it.
    world.pass(Duration::from_secs(3600));
    assert_eq!((client.got_bytes(), client.fate()), (0, Fate::Open));
    let asked = desk.lock().unwrap().budgets.len();
    world.turn([waking(&client)]);
    assert_eq!(
        desk.lock().unwrap().budgets.len(),
        asked + 1,
        "it is asked once for each event, and waits on"
    );
    assert_eq!(other.fate(), Fate::Closed, "the client that asks for nothing has had its time");
    desk.lock().unwrap().goes = Goes::Ready;
    world.pass(Duration::from_secs(3600));
    assert_eq!(client.got_bytes(), 0, "nobody asks without an event");
    world.turn([waking(&client)]);
    world.run();
    assert_eq!(client.answers()[0].text(), "at last");
    client.says(GET);
    world.run();
    assert_eq!((client.statuses(), client.fate()), (vec![200], Fate::Open));
    assert_eq!(desk.lock().unwrap().open, 0);
}

#[test]
fn requests_behind_an_answer_that_waits_are_answered_after_it() {
    let root = folder(&[("index.html", b"hello")]);
    let (mut world, desk) = world(root.path(), Goes::Later);
    let client = world.connect_saying(SLOW);
    world.run();
    client.says(GET);
    world.run();
    assert_eq!(client.got_bytes(), 0);
    desk.lock().unwrap().goes = Goes::Ready;
    world.turn([waking(&client)]);
    world.run();
    let texts: Vec<_> = client.answers().iter().map(|answer| answer.text().to_owned()).collect();
    assert_eq!(texts, ["at last", "hello"]);
}

/// Symptom: a page that is ready is held back until the answer to the next request is, which may be never.
#[test]
fn answers_before_one_that_waits_are_sent_before_it() {
    let root = folder(&[("index.html", b"hello")]);
    let (mut world, desk) = world(root.path(), Goes::Later);
    let client = world.connect_saying(&[GET, SLOW].concat());
    world.run();
    assert_eq!(client.statuses(), [200], "the first answer is there");
    desk.lock().unwrap().goes = Goes::Ready;
    world.turn([waking(&client)]);
    world.run();
    let texts: Vec<_> = client.answers().iter().map(|answer| answer.text().to_owned()).collect();
    assert_eq!(texts, ["at last"]);
}

#[test]
fn an_answer_that_takes_many_turns_holds_nobody_up() {
    let root = folder(&[("index.html", b"hello")]);
    let (mut world, desk) = world(root.path(), Goes::Again(50));
    let clients = [(); 5].map(|()| world.connect_saying(SLOW));
    world.turn([]);
    world.turn([]);
    let other = world.connect_saying(GET);
    world.turn([]);
    world.turn([]);
    assert_eq!(other.statuses(), [200]);
    assert!(clients.iter().all(|client| client.got_bytes() == 0));
    world.run();
    for client in &clients {
        assert_eq!(client.statuses(), [200]);
    }
    let desk = desk.lock().unwrap();
    assert_eq!(desk.budgets.len(), 5 * 51, "each is asked once a turn");
    assert!(desk.budgets.iter().all(|budget| *budget > 0), "each may do something each time");
    // In the turn in which they came nobody knew yet how many they are.
    let later = &desk.budgets[5..5 * 50];
    assert!(later.iter().all(|budget| *budget == later[0]), "each may do as much: {later:?}");
}

/// Before its head is sent, and behind it.
#[test]
fn an_answer_is_dropped_when_its_client_resets_the_connection() {
    let root = folder(&[]);
    for request in [SLOW, b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let (mut world, desk) = world(root.path(), Goes::Later);
        let client = world.connect_saying(request);
        world.run();
        assert_eq!((client.fate(), desk.lock().unwrap().open), (Fate::Open, 1));
        client.brings([Comes::Fails(ErrorKind::ConnectionReset)]);
        world.run();
        assert_eq!((client.fate(), desk.lock().unwrap().open), (Fate::Closed, 0));
    }
}

#[test]
fn a_client_that_only_ends_what_it_sends_gets_its_answer() {
    let root = folder(&[]);
    let (mut world, desk) = world(root.path(), Goes::Later);
    let client = world.connect([part(SLOW), Comes::Later, Comes::End]);
    world.pass(Duration::from_secs(60));
    assert_eq!((client.fate(), desk.lock().unwrap().open), (Fate::Open, 1));
    desk.lock().unwrap().goes = Goes::Ready;
    world.turn([waking(&client)]);
    world.run();
    assert_eq!((client.answers()[0].text(), client.fate()), ("at last", Fate::Closed));
}

#[test]
fn a_client_that_goes_on_sending_while_it_waits_is_not_read_for_ever() {
    let root = folder(&[]);
    let (mut world, desk) = world(root.path(), Goes::Later);
    let client = world.connect([part(SLOW), Comes::Forever(pattern(1000))]);
    world.run();
    let calls = client.calls();
    assert!(calls < 20, "{calls} calls");
    (0..10).for_each(|_| world.turn([client.event(Readiness::UNKNOWN)]));
    assert_eq!(client.calls(), calls);
    assert_eq!(desk.lock().unwrap().open, 1);
}

#[test]
fn an_answer_that_comes_while_the_server_stops_is_the_last() {
    let root = folder(&[]);
    let (mut world, desk) = world(root.path(), Goes::Later);
    let (client, idle) = (world.connect_saying(SLOW), world.connect([]));
    world.run();
    world.turn([Ready::Signal]);
    assert_eq!((client.fate(), idle.fate()), (Fate::Open, Fate::Closed));
    desk.lock().unwrap().goes = Goes::Ready;
    world.turn([waking(&client)]);
    world.run();
    let answer = &client.answers()[0];
    assert_eq!((answer.text(), answer.field("connection")), ("at last", Some("close")));
    assert_eq!((client.fate(), desk.lock().unwrap().open), (Fate::Closed, 0));
}

#[test]
fn an_answer_that_panics_costs_its_connection_and_nothing_else() {
    let root = folder(&[("index.html", b"hello")]);
    let (mut world, desk) = world(root.path(), Goes::Later);
    let (client, other) = (world.connect_saying(SLOW), world.connect_saying(GET));
    world.run();
    desk.lock().unwrap().goes = Goes::Panics;
    world.turn([waking(&client)]);
    world.run();
    assert_eq!((world.panics(), client.fate(), client.got_bytes()), (1, Fate::Closed, 0));
    assert_eq!(desk.lock().unwrap().open, 0, "the answer is dropped");
    other.says(GET);
    world.run();
    assert_eq!((other.statuses(), other.fate()), (vec![200; 2], Fate::Open));
}

/// Answers once it was asked so many times; then content is there.
struct Hesitant(Mutex<usize>);

impl Mounted for Hesitant {
    fn answer(&self, request: &Request<'_>, _: &Asker, _: &Service) -> Option<Reply> {
        let mut left = self.0.lock().unwrap();
        request.line.starts_with(b"POST /slow ").then(|| match left.checked_sub(1) {
            Some(less) => {
                *left = less;
                Reply::Again
            }
            None => Response::new(Head::new(Status::OK), Content::Bytes(b"at last".to_vec())).into(),
        })
    }
}

#[test]
fn a_handler_that_has_to_wait_is_asked_again_in_the_next_turns_and_not_for_ever() {
    let root = folder(&[("index.html", b"hello")]);
    for (times, status, fate) in [(9, 200, Fate::Open), (1000, 503, Fate::Closed)] {
        let site = Site::open(root.path(), Policy::default()).unwrap();
        let service = Service::new(site).hosts(Hosts::Any).mount(Hesitant(times.into()));
        let mut world = Loop::of(|script| Reactor::new(script, service));
        let hesitant = world.connect_saying(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
        let other = world.connect_saying(GET);
        world.turn([]);
        assert_eq!((hesitant.statuses(), other.statuses()), (vec![], vec![200]), "others have their turn");
        world.run();
        assert_eq!(hesitant.statuses(), [status]);
        if fate == Fate::Closed {
            hesitant.brings([Comes::End]);
            world.run();
        }
        assert_eq!(hesitant.fate(), fate);
    }
}

/// Content of two parts, of which the second breaks for `/broken`.
struct InParts;

struct Parts {
    made: usize,
    breaks: bool,
}

impl Mounted for InParts {
    fn answer(&self, request: &Request<'_>, _: &Asker, _: &Service) -> Option<Reply> {
        let path = request.target.path()?;
        let breaks = path == "/broken";
        let parts = Content::Produced(Box::new(Parts { made: 0, breaks }));
        (breaks || path == "/whole").then(|| Response::new(Head::new(Status::OK), parts).into())
    }
}

impl Source for Parts {
    fn produce(&mut self, out: &mut Vec<u8>, _: Phase) -> Result<Progress<()>, Broken> {
        self.made += 1;
        match self.made {
            1 => out.extend_from_slice(b"one"),
            2 => out.extend_from_slice(b"second"),
            _ => return Ok(Progress::Ready(())),
        }
        if self.breaks && self.made == 2 { Err(Broken("by the test")) } else { Ok(Progress::Again) }
    }
}

#[test]
fn content_made_while_it_is_sent_shows_where_it_ends_and_whether_it_was_cut() {
    let root = folder(&[("index.html", b"hello")]);
    let both = b"GET /whole HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    // What is sent, what the content is as it came, and whether another answer follows.
    let table: [(&[u8], &str, usize, Fate); 6] = [
        (both, "3\r\none\r\n6\r\nsecond\r\n0\r\n\r\n", 1, Fate::Open),
        (b"HEAD /whole HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "", 1, Fate::Open),
        (
            b"GET /whole HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "3\r\none\r\n6\r\nsecond\r\n0\r\n\r\n",
            0,
            Fate::Closed,
        ),
        (b"GET /whole HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "onesecond", 0, Fate::Closed),
        (b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n", "3\r\none\r\n", 0, Fate::Closed),
        (b"GET /broken HTTP/1.0\r\n\r\n", "one", 0, Fate::Closed),
    ];
    for (request, content, following, fate) in table {
        let service = Service::new(Site::open(root.path(), Policy::default()).unwrap());
        let service = service.hosts(Hosts::Any).mount(InParts);
        let mut world = Loop::of(|script| Reactor::new(script, service));
        let client = world.connect_saying(request);
        world.run();
        let (got, shown) = (String::from_utf8(client.got()).unwrap(), String::from_utf8_lossy(request));
        let (head, rest) = got.split_once("\r\n\r\n").unwrap();
        let is_old = shown.contains("HTTP/1.0");
        assert_eq!(head.contains("\r\nTransfer-Encoding: chunked"), !is_old, "{shown}{head}");
        assert_eq!(
            head.contains("\r\nConnection: close"),
            fate == Fate::Closed && !shown.contains("broken HTTP/1.1"),
            "{shown}{head}"
        );
        assert!(!head.contains("Content-Length"), "{head}");
        let next = rest.strip_prefix(content).unwrap_or_else(|| panic!("{shown}{rest:?}"));
        assert_eq!(read_answers(next.as_bytes()).len(), following, "{shown}");
        if fate == Fate::Closed && client.fate() == Fate::Shut {
            client.brings([Comes::End]);
            world.run();
        }
        assert_eq!((client.fate(), world.panics()), (fate, 0), "{shown}");
    }
}
