//! Doors: several listeners of one server, each with rules of its own.

mod support;

use onepoll::inspect::{self, Call, Observed, Observer};
use onepoll::reactor::Reactor;
use onepoll::reactor::epoll::{Epoll, Listener};
use onepoll::reactor::kernel::{Kernel, Ready};
use onepoll::reactor::listener::{Sharing, bind, bind_unix};
use onepoll::service::door::{Folders, Inspector};
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::service::{Door, DoorId, Service};
use onepoll::site::{Policy, Site};
use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use support::scripted::{Comes, Loop};
use support::watch::watch;
use support::{Answer, PATIENCE, connect, folder, pattern, read_answer, read_answers, start};

const LOCAL: DoorId = DoorId::FIRST;
const OPEN: DoorId = DoorId(1);
const UNIX: DoorId = DoorId(2);

/// A server with a door for this machine, one for everybody, and one that is a Unix socket.
struct Server {
    local: SocketAddr,
    open: SocketAddr,
    unix: PathBuf,
}

fn local() -> Door {
    Door::default()
}

fn open() -> Door {
    Door { hosts: Hosts::Any, folders: Folders::Offered, inspector: Inspector::NotShown }
}

fn unix() -> Door {
    Door { hosts: Hosts::Named(vec!["proxied.example".into()]), ..Door::default() }
}

/// The three doors, with the path of the third below `folder`.
fn listen(folder: &Path) -> (Epoll, Server) {
    watch();
    let tcp = [(); 2].map(|()| bind("127.0.0.1:0".parse().unwrap(), Sharing::Alone).unwrap());
    let [local, open] = tcp.each_ref().map(|listener| listener.local_addr().unwrap());
    let unix = folder.join("socket");
    let listeners = tcp.map(Listener::from).into_iter().chain([bind_unix(&unix).unwrap().into()]);
    (Epoll::on(listeners).unwrap(), Server { local, open, unix })
}

fn service(root: &Path) -> Service {
    Service::new(Site::open(root, Policy::default()).unwrap()).doors([local(), open(), unix()])
}

fn serve(root: &Path, folder: &Path) -> Server {
    let (epoll, server) = listen(folder);
    start(inspect::reactor(epoll, service(root)));
    server
}

fn connect_unix(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap_or_else(|error| panic!("no way to {path:?}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn ask(stream: &mut (impl Read + Write), target: &str, host: &str) -> Answer {
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    read_answer(stream, "GET")
}

#[test]
fn a_request_is_judged_by_its_own_door() {
    let root = folder(&[("a.txt", b"a"), ("list/b.txt", b"b")]);
    let sockets = folder(&[]);
    let server = serve(root.path(), sockets.path());
    let (mut local, mut open) = (connect(server.local), connect(server.open));
    let mut unix = connect_unix(&server.unix);
    // More than once, by turns and on the same connections: no door is taken for another because it was the last.
    for _ in 0..3 {
        for (target, host, statuses) in [
            ("/a.txt", "localhost", [200, 200, 200]),
            ("/a.txt", "proxied.example", [421, 200, 200]),
            ("/a.txt", "evil.example", [421, 200, 421]),
            ("/list/", "localhost", [200, 404, 200]),
            ("/.onepoll/health", "localhost", [200, 404, 200]),
        ] {
            let answers =
                [ask(&mut local, target, host), ask(&mut open, target, host), ask(&mut unix, target, host)];
            assert_eq!(answers.each_ref().map(|answer| answer.status), statuses, "{target} of {host}");
            if target == "/list/" {
                let [local, open, unix] = answers;
                assert!(local.text().contains("b.txt") && unix.text().contains("b.txt"), "{}", unix.text());
                assert!(open.text().contains("--listing on"), "{}", open.text());
            }
        }
    }
}

#[test]
fn a_unix_socket_carries_what_tcp_carries() {
    let large = pattern(3 << 20);
    let root = folder(&[("large", &large), ("small", b"small")]);
    let sockets = folder(&[]);
    let server = serve(root.path(), sockets.path());
    let requests: &[u8] = b"GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n\
        GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n\
        POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc\
        GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut stream = connect_unix(&server.unix);
    stream.write_all(requests).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let answers = read_answers(&bytes);
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200; 4]);
    assert_eq!((answers[0].text(), answers[3].text()), ("small", "small"));
    assert!(answers[1].body == large, "{} bytes", answers[1].body.len());
}

#[test]
fn the_inspector_names_clients_of_a_unix_socket() {
    let root = folder(&[]);
    let sockets = folder(&[]);
    let server = serve(root.path(), sockets.path());
    let state = ask(&mut connect_unix(&server.unix), "/.onepoll/state.json", "localhost");
    assert!(state.text().contains("\"unix:\""), "{}", state.text());
}

#[test]
fn all_doors_close_at_once() {
    let sockets = folder(&[]);
    let (mut epoll, server) = listen(sockets.path());
    let refused = |server: &Server| {
        let tcp = [server.local, server.open].map(|address| TcpStream::connect(address).map(drop));
        let unix = UnixStream::connect(&server.unix).map(drop);
        [&tcp[0], &tcp[1], &unix].map(|way| way.as_ref().map_err(|error| error.kind()).copied())
    };
    assert_eq!(refused(&server), [Ok(()); 3]);
    epoll.stop_listening();
    assert_eq!(refused(&server), [Err(ErrorKind::ConnectionRefused); 3]);
    assert_eq!(epoll.accept(OPEN).unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// The same doors, in a world without sockets.
fn world(root: &Path, limits: Limits) -> Loop {
    Loop::of(|script| Reactor::new(script, service(root).limits(limits)))
}

fn request() -> Comes {
    Comes::Bytes(b"GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_vec())
}

#[test]
fn a_crowd_at_one_door_does_not_keep_the_clients_of_another_waiting() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let first = world.connect_at(LOCAL, [request()]);
    let crowd: Vec<_> = (0..1000).map(|_| world.connect_at(OPEN, [request()])).collect();
    let last = world.connect_at(UNIX, [request()]);
    world.turn([]);
    assert_eq!([first.statuses(), last.statuses()], [[421], [421]]);
    let answered = crowd.iter().filter(|client| !client.got().is_empty()).count();
    assert!((1..100).contains(&answered), "{answered} clients were accepted in one turn");
    world.run();
    assert!(crowd.iter().all(|client| client.statuses() == [200]));
}

#[test]
fn clients_of_every_door_get_the_places_that_others_leave() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits { connections_max: 1, ..Limits::default() });
    let doors = [LOCAL, OPEN, UNIX, OPEN, LOCAL];
    let clients = doors.map(|door| world.connect_at(door, [request()]));
    world.run();
    assert_eq!(clients.map(|client| client.statuses()), [[421], [200], [421], [200], [421]]);
}

#[test]
fn clients_that_wait_at_any_door_are_taken_in_before_the_server_stops() {
    let root = folder(&[("a", b"a")]);
    let mut world = world(root.path(), Limits::default());
    let clients = [LOCAL, OPEN, UNIX].map(|door| world.connect_unnoticed_at(door, [request()]));
    world.turn([Ready::Signal]);
    world.run();
    assert_eq!(clients.map(|client| client.statuses()), [[421], [200], [421]]);
}

/// A client that comes to the first door, where nobody waited, while the second client of another is taken in.
#[derive(Clone)]
struct Late {
    path: PathBuf,
    accepted: Rc<Cell<usize>>,
    client: Rc<RefCell<Option<UnixStream>>>,
}

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";

impl Observer for Late {
    fn called(&mut self, call: Call, _: Option<usize>, moved: Result<usize, ErrorKind>) {
        if call != Call::Accept || moved.is_err() {
            return;
        }
        self.accepted.set(self.accepted.get() + 1);
        if self.accepted.get() == 2 {
            let mut client = connect_unix(&self.path);
            client.write_all(REQUEST).unwrap();
            *self.client.borrow_mut() = Some(client);
        }
    }
}

#[test]
fn no_client_waits_at_any_door_when_the_server_stops() {
    let root = folder(&[("a", b"a")]);
    let sockets = folder(&[]);
    let [first, second] = ["first", "second"].map(|name| sockets.path().join(name));
    let epoll = Epoll::on([&first, &second].map(|path| bind_unix(path).unwrap().into())).unwrap();
    let client = Rc::default();
    let hooks = Late { path: first, accepted: Rc::default(), client: Rc::clone(&client) };
    let site = Site::open(root.path(), Policy::default()).unwrap();
    let service = Service::new(site).doors([local(), local()]);
    let mut reactor = Reactor::new(Observed::new(epoll, hooks), service);
    let [one, two] = [(); 2].map(|()| {
        let mut client = connect_unix(&second);
        client.write_all(REQUEST).unwrap();
        client
    });
    reactor.turn(&mut vec![Ready::Signal]).unwrap();
    let late = client.borrow_mut().take().expect("two clients were accepted");
    for mut client in [one, two, late] {
        assert_eq!(read_answer(&mut client, "GET").text(), "a");
    }
}

#[test]
fn the_socket_of_a_server_that_is_gone_makes_way_and_nothing_else_does() {
    let folder = folder(&[("file", b"a file")]);
    let [socket, file] = ["socket", "file"].map(|name| folder.path().join(name));
    let in_use = |path: &Path| bind_unix(path).unwrap_err().kind() == ErrorKind::AddrInUse;
    let first = bind_unix(&socket).unwrap();
    assert!(in_use(&socket), "a server listens there");
    drop(first);
    let second = bind_unix(&socket).unwrap();
    connect_unix(&socket);
    drop(second);
    // A server that has no time to accept clients is not gone.
    std::fs::remove_file(&socket).unwrap();
    let busy = UnixListener::bind(&socket).unwrap();
    rustix::net::listen(&busy, 0).unwrap();
    let _waits = connect_unix(&socket);
    assert!(in_use(&socket), "a server listens there and is busy");
    assert!(in_use(&file), "it is not a socket");
    assert_eq!(std::fs::read(&file).unwrap(), b"a file");
}

#[test]
fn no_listener_is_without_a_door_and_no_door_without_a_listener() {
    let root = folder(&[]);
    let socket = |name: &str| bind_unix(&root.path().join(name)).unwrap().into();
    for (listeners, doors) in [(1, 2), (2, 1)] {
        let epoll =
            Epoll::on((0..listeners).map(|number| socket(&format!("{number} of {listeners}")))).unwrap();
        let site = Site::open(root.path(), Policy::default()).unwrap();
        let service = Service::new(site).doors((0..doors).map(|_| Door::default()));
        // The inspector's kernel counts the same.
        let refused = catch_unwind(AssertUnwindSafe(|| drop(inspect::reactor(epoll, service))));
        let why = *refused.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(why, format!("a kernel with {listeners} listeners and a service with {doors} doors"));
    }
}
