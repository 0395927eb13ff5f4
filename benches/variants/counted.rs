//! System calls on sockets, counted by one observer: at the sockets of the threaded variants, and at the reactor's kernel. A
//! ring counts how often it was entered, but for entries that make room in it. tokio makes most calls itself, and they are
//! not counted.
//!
//! Calls on files (openat2, statx, pread) are not counted either, and are not the same for all: each of several reactors
//! has a cache of its own, and a ring copies files. Neither are the futexes of threads.

use onepoll::inspect::{Call, Observer, Socket};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The calls since the process began. Counting takes nanoseconds, where a call takes microseconds.
static CALLS: [AtomicU64; Call::NAMES.len()] = [const { AtomicU64::new(0) }; Call::NAMES.len()];

/// Calls that hand work to an io_uring and take what came of it. The reactor makes none, so the product has no name for them.
static ENTERED: AtomicU64 = AtomicU64::new(0);

/// The names of the calls, and how many of each were made so far.
pub fn calls() -> impl Iterator<Item = (&'static str, u64)> {
    let calls = Call::NAMES.into_iter().zip(&CALLS).chain([("io_uring_enter", &ENTERED)]);
    calls.map(|(name, count)| (name, count.load(Ordering::Relaxed)))
}

/// A socket of a variant that has no kernel of the reactor's.
pub type Counted<S> = Socket<S, Counter>;

/// A socket that was just accepted.
pub fn accepted<S>(socket: S) -> Counted<S> {
    count(Call::Accept);
    Socket::new(socket, Counter)
}

/// Counts the calls that it sees.
#[derive(Clone, Copy)]
pub struct Counter;

impl Observer for Counter {
    fn called(&mut self, call: Call, _: Option<usize>, _: Result<usize, ErrorKind>) {
        count(call);
    }

    fn waits(&mut self, _: Instant, timeout: Option<Duration>) -> Option<Duration> {
        count(Call::EpollWait);
        timeout
    }
}

/// Counts a call that is made without a socket of [`accepted`].
pub fn count(call: Call) {
    CALLS[call as usize].fetch_add(1, Ordering::Relaxed);
}

/// Counts a call of io_uring_enter(2).
pub fn count_entered() {
    ENTERED.fetch_add(1, Ordering::Relaxed);
}
