//! What the load is told to do, and what it tells when it is done; both cross from process to process.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One load: clients that ask, and others that stand beside them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub address: SocketAddr,
    /// Connections that ask.
    pub connections: usize,
    pub persistence: Persistence,
    /// What each asks for in turn.
    pub targets: Vec<String>,
    /// Whole lines that stand in every request.
    pub fields: String,
    /// Requests a second, of all connections together, in open loop.
    pub rate: f64,
    /// Seconds of closed loop that are not counted.
    pub warm_up: f64,
    /// Seconds of closed loop, and then of open loop, that are.
    pub window: f64,
    pub beside: Option<Beside>,
    pub patience: Patience,
}

/// How many requests a connection makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Persistence {
    KeepAlive,
    Close,
}

/// Clients that are not measured: what those beside them feel is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Beside {
    /// Asked once and then say nothing.
    Idle { count: usize },
    /// Have never said anything, as a browser's preconnected sockets.
    Silent { count: usize },
    /// Asked for `target` and take two kilobytes of it in a tenth of a second.
    SlowReaders { count: usize, target: String },
    /// Send a byte of a head in a tenth of a second, without end.
    SlowSenders { count: usize },
}

impl Beside {
    /// How many they are.
    pub fn count(&self) -> usize {
        match self {
            Beside::Idle { count } | Beside::Silent { count } => *count,
            Beside::SlowReaders { count, .. } | Beside::SlowSenders { count } => *count,
        }
    }
}

/// How the load waits for the next request to be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Patience {
    /// It has a core of its own: it looks again and again, and is never late.
    Spins,
    /// It shares its core with the server: it sleeps, and may be a millisecond late, which counts as latency.
    Sleeps,
}

/// A moment that somebody may want to read the server's meters at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mark {
    Connected,
    ClosedBegins,
    ClosedEnds,
    OpenBegins,
    OpenEnds,
}

/// What the load says: marks, and at the end how it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Word {
    Mark(Mark),
    Done(Outcome),
    Failed(String),
}

/// How it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Connections of those that ask that came about.
    pub connected: usize,
    /// Of those beside them.
    pub beside_connected: usize,
    pub closed: Phase,
    pub open: Phase,
}

/// One phase of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Phase {
    pub seconds: f64,
    /// Requests that were answered in that time.
    pub answered: u64,
    /// Requests that had no answer a while after its end; their age by then counts as their latency.
    pub unanswered: u64,
    /// Requests that failed, by why.
    pub errors: BTreeMap<String, u64>,
    /// Connections that had an answer at all.
    pub connections_answered: usize,
    /// Nanoseconds that the load itself was late at most, in open loop: it is part of the latencies.
    pub load_late: u64,
    /// Nanoseconds and how often.
    pub latencies: Vec<(u64, u64)>,
}
