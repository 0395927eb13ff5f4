//! The cost of one request without a socket, and of its parts: `cargo bench --bench micro`. Compare figures of one run only.

mod scripted;

use divan::{Bencher, black_box};
use onepoll::http::HeadLimits;
use onepoll::http::conditional::evaluate;
use onepoll::http::date::Date;
use onepoll::http::fields::FieldSlots;
use onepoll::http::lines::HeadScan;
use onepoll::http::range::select;
use onepoll::http::request::Request;
use onepoll::http::response::{Common, Head};
use onepoll::http::status::Status;
use onepoll::http::validators::{EntityTag, Strength, Validators};
use onepoll::http::version::Persistence;
use onepoll::log::access::{AccessLog, Exchange};
use onepoll::os::peer::Peer;
use onepoll::site::Hidden;
use onepoll::site::path::SitePath;
use scripted::{HEAD, Kind, Visit};
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::time::SystemTime;

fn main() {
    divan::main();
}

#[divan::bench]
fn find_the_end_of_a_head() -> bool {
    HeadScan::default().find(black_box(HEAD), &HeadLimits::default()).is_ok()
}

#[divan::bench]
fn parse_a_head() -> bool {
    Request::parse(black_box(HEAD), &mut FieldSlots::new()).is_ok()
}

#[divan::bench]
fn decode_a_path() -> bool {
    SitePath::decode(black_box("/assets/pictures/a%20few%20words.png"), Hidden::Absent).is_some()
}

#[divan::bench]
fn check_conditions(bencher: Bencher) {
    let head = b"GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"400-1\", \"400-2\"\r\n\
        If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";
    let etag = EntityTag { opaque: "400-2".into(), strength: Strength::Strong };
    let validators = Validators { etag, modified: Some(784_111_777) };
    let mut slots = FieldSlots::new();
    let Ok(request) = Request::parse(head, &mut slots) else { unreachable!("it is well-formed") };
    bencher.bench_local(|| evaluate(black_box(request.fields), || black_box(validators)));
}

#[divan::bench]
fn select_ranges() -> usize {
    std::mem::size_of_val(&select(black_box(b"bytes=0-499, 1000-1499, -500"), 10_000))
}

#[divan::bench]
fn encode_a_head(bencher: Bencher) {
    let head = Head::new(Status::OK).field("Content-Type", "text/html; charset=utf-8");
    let common = Common::new(b"Server: onepoll\r\n".to_vec(), Vec::new(), false);
    let date = Date::new(SystemTime::now());
    let mut out = Vec::with_capacity(1024);
    bencher.bench_local(|| {
        out.clear();
        head.encode(&mut out, &common, black_box(&date), Persistence::KeepAlive);
    });
}

#[divan::bench]
fn write_an_access_line(bencher: Bencher) {
    let mut slots = FieldSlots::new();
    let request = Request::parse(HEAD, &mut slots).expect("the request makes sense");
    let exchange = Exchange {
        peer: Peer::Tcp((Ipv4Addr::LOCALHOST, 50_000).into()),
        request_line: request.line,
        status: Status::OK,
        host: request.host,
        fields: Some(request.fields),
        since: None,
    };
    let date = Date::new(SystemTime::now());
    let mut access = AccessLog::default();
    bencher.bench_local(|| {
        access.tell(black_box(&exchange), black_box(&date), black_box(1024), 0);
        access.flush();
    });
}

/// One request for a cached file on a keep-alive connection: everything except the socket.
#[divan::bench]
fn answer_a_request(bencher: Bencher) {
    let mut visit = Visit::asking(Kind::Hit);
    bencher.bench_local(|| visit.request());
}

/// A turn with one request for a file that is not in memory, in a folder that stays as it is.
#[divan::bench]
fn read_a_file(bencher: Bencher) {
    let mut visit = Visit::asking(Kind::Miss);
    bencher.bench_local(|| {
        visit.request();
        visit.work();
    });
}

/// The same where it costs most: the folder has 10,000 names, and one of them comes or goes before each turn.
#[divan::bench]
fn read_a_file_of_a_folder_that_keeps_changing(bencher: Bencher) {
    let visit = RefCell::new(Visit::asking(Kind::Miss));
    visit.borrow().crowd(10_000);
    bencher.with_inputs(|| visit.borrow().change()).bench_local_values(|()| {
        visit.borrow_mut().request();
        visit.borrow().work();
    });
}
