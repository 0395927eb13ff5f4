//! Allocations: there are none on the warm path, and an idle connection keeps no buffer.

#[path = "../benches/scripted/mod.rs"]
mod scripted;
mod support;

use onepoll::service::limits::Limits;
use scripted::turns::{Turns, Watch};
use scripted::{Kind, Visit};
use std::time::{Duration, Instant};
use support::scripted::Loop;
use support::{folder, pattern};

#[test]
fn a_request_for_a_file_in_memory_allocates_nothing() {
    const REQUESTS: usize = 100;
    for kind in [Kind::Hit, Kind::NotModified] {
        let mut visit = Visit::asking(kind);
        visit.request();
        let began = Instant::now();
        let allocations = || allocation_counter::measure(|| _ = visit.request()).count_total;
        let counts: Vec<_> = std::iter::repeat_with(allocations).take(REQUESTS).collect();
        // The date is formatted once a second, and a slow machine may need more than a second for these requests.
        let busy = counts.iter().filter(|count| **count > 0).count();
        let seconds = began.elapsed().as_secs() as usize + 1;
        assert!(busy <= seconds, "{counts:?} in less than {seconds} s");
    }
}

/// What is the same without an inspector counts, too: the date is formatted once a second, so two times in the two seconds of a
/// round. Time also goes on by itself meanwhile, so that now and then a round has a third second.
#[test]
fn the_inspector_allocates_nothing_for_an_event_or_a_batch() {
    const BATCHES: usize = 20;
    const TURNS_A_BATCH: usize = 4;
    const ROUNDS: usize = 5;
    let began = Instant::now();
    let counts = [Watch::Off, Watch::Inspected, Watch::Watched].map(|watch| {
        let mut turns = Turns::new(watch);
        let mut serve = || {
            for _ in 0..BATCHES {
                turns.pass(Duration::from_millis(100));
                (0..TURNS_A_BATCH).for_each(|_| turns.turn());
            }
        };
        // By then each list is as long as it gets.
        serve();
        (0..ROUNDS).map(|_| allocation_counter::measure(&mut serve).count_total).collect::<Vec<_>>()
    });
    let least = *counts[0].iter().min().unwrap();
    let date = least / 2;
    let all = counts.iter().flatten();
    assert!(all.clone().all(|count| [least, least + date].contains(count)), "{counts:?}");
    let seconds = all.filter(|count| **count > least).count();
    assert!(seconds <= counts.len() + began.elapsed().as_secs() as usize, "{counts:?}");
}

#[test]
fn a_connection_that_rests_holds_no_buffer() {
    const CLIENTS: i64 = 100;
    const PAGE_BYTES: i64 = 4000;
    let root = folder(&[("index.html", &pattern(PAGE_BYTES as usize))]);
    let mut world = Loop::new(root.path(), Limits::default());
    let clients: Vec<_> = (0..CLIENTS).map(|_| world.connect([])).collect();
    world.run();
    let ask_all = || {
        for client in &clients {
            client.says(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            world.run();
            assert_eq!(client.statuses(), [200]);
        }
    };
    let kept = allocation_counter::measure(ask_all).bytes_current;
    assert!(kept < CLIENTS * PAGE_BYTES / 10, "{kept} bytes");
}
