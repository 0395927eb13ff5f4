//! A change of a file wakes the connections that wait for news of it, by way of the loop: with and without an observer, with a
//! kernel that the test writes down, and with the real one.

mod support;

use onepoll::http::request::Request;
use onepoll::http::response::Head;
use onepoll::http::status::Status;
use onepoll::inspect;
use onepoll::reactor::Reactor;
use onepoll::reactor::kernel::{Kernel, Ready};
use onepoll::service::hosts::Hosts;
use onepoll::service::response::{Broken, Pending, Phase, Progress, Source};
use onepoll::service::{Client as Asker, Content, Mounted, Reply, Response, Service};
use onepoll::site::{Policy, Site, Subscription, Watcher, Watching};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;
use support::chunks::so_far;
use support::scripted::{Client, Fate, Loop};
use support::{connect, folder, listen, start};

const STREAM: &[u8] = b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
const PENDING: &[u8] = b"GET /pending HTTP/1.1\r\nHost: a\r\n\r\n";

/// Answers with the names of files that change: `/stream` with all of them, `/pending` with the first.
struct News;

struct Waiting(Subscription);

impl Mounted for News {
    fn answer(&self, request: &Request<'_>, _: &Asker, service: &Service) -> Option<Reply> {
        let is_asked = |path: &str| request.line.starts_with(format!("GET {path} ").as_bytes());
        if !is_asked("/stream") && !is_asked("/pending") {
            return None;
        }
        let subscription = service.site.watcher()?.subscribe()?;
        assert!(subscription.add("/style.css", Duration::ZERO));
        let waiting = Box::new(Waiting(subscription));
        Some(match is_asked("/stream") {
            true => Response::new(Head::new(Status::OK), Content::Produced(waiting)).into(),
            false => Reply::Pending(waiting),
        })
    }
}

impl Source for Waiting {
    fn produce(&mut self, out: &mut Vec<u8>, phase: Phase) -> Result<Progress<()>, Broken> {
        let taken = self.0.take();
        out.extend(taken.concat().bytes());
        Ok(match (taken.is_empty(), phase) {
            (_, Phase::Stopping) => Progress::Ready(()),
            (false, _) => Progress::Again,
            (true, _) => Progress::Later,
        })
    }
}

impl Pending for Waiting {
    fn advance(&mut self, _: &mut usize) -> Progress<Response> {
        let taken = self.0.take();
        if taken.is_empty() {
            return Progress::Later;
        }
        Progress::Ready(Response::new(Head::new(Status::OK), Content::Bytes(taken.concat().into_bytes())))
    }
}

fn service(root: &Path) -> Service {
    let policy = Policy { watching: Watching::On, ..Policy::default() };
    Service::new(Site::open(root, policy).unwrap()).hosts(Hosts::Any).mount(News)
}

/// What a client got behind the head.
fn news(client: &Client) -> String {
    let got = String::from_utf8(client.got()).unwrap();
    let Some((head, content)) = got.split_once("\r\n\r\n") else { return String::new() };
    match head.contains("Transfer-Encoding: chunked") {
        true => String::from_utf8(so_far(content.as_bytes()).0).unwrap(),
        false => content.to_owned(),
    }
}

fn wakes<K: Kernel>(root: &Path, mut world: Loop<K>) {
    fs::write(root.join("style.css"), "a style").unwrap();
    let (stream, pending) = (world.connect_saying(STREAM), world.connect_saying(PENDING));
    let idle = world.connect([]);
    world.pass(Duration::from_secs(60));
    assert_eq!([&stream, &pending].map(news), ["", ""], "nothing has changed");
    fs::write(root.join("style.css"), "another style").unwrap();
    world.turn([Ready::Changes]);
    assert_eq!([&stream, &pending].map(news), ["", ""], "the burst may go on");
    world.pass(Duration::from_secs(1));
    assert_eq!([&stream, &pending].map(news), ["/style.css", "/style.css"]);
    assert_eq!((stream.fate(), pending.fate(), idle.fate()), (Fate::Open, Fate::Open, Fate::Open));
    fs::write(root.join("style.css"), "a third style").unwrap();
    world.turn([Ready::Changes]);
    world.pass(Duration::from_secs(1));
    assert_eq!([&stream, &pending].map(news), ["/style.css/style.css", "/style.css"]);
    world.turn([Ready::Signal]);
    world.run();
    assert!(stream.fate() != Fate::Open, "it ends when the server stops");
    assert_eq!(world.panics(), 0);
}

#[test]
fn a_change_wakes_the_connections_that_wait_for_it() {
    let root = folder(&[]);
    wakes(root.path(), Loop::of(|script| Reactor::new(script, service(root.path()))));
    wakes(root.path(), Loop::of(|script| inspect::reactor(script, service(root.path()))));
}

#[test]
fn a_change_comes_by_the_same_poll_as_the_clients() {
    let root = folder(&[("style.css", b"a style")]);
    let (mut epoll, address) = listen();
    let service = service(root.path());
    let descriptor = service.site.watcher().and_then(Watcher::descriptor).expect("the kernel has inotify");
    epoll.handle_changes(descriptor).unwrap();
    start(Reactor::new(epoll, service));
    let mut client = connect(address);
    client.write_all(STREAM).unwrap();
    let mut read_to = |end: &str| {
        let mut got = Vec::new();
        while !got.ends_with(end.as_bytes()) {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap_or_else(|error| panic!("{error} behind {got:?}"));
            got.push(byte[0]);
        }
    };
    read_to("\r\n\r\n");
    for content in ["another style", "a third style"] {
        fs::write(root.path().join("style.css"), content).unwrap();
        read_to("/style.css");
    }
}
