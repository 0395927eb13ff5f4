//! What the load has to do, and what it reports when it is done. Both are sent between processes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A load: the clients that are measured, and the clients beside them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub address: SocketAddr,
    /// The number of measured connections.
    pub connections: usize,
    pub persistence: Persistence,
    /// The targets that each client asks for, in turn.
    pub targets: Vec<String>,
    /// Whole field lines for every request.
    pub fields: String,
    /// Requests a second in the open loop, for all connections together.
    pub rate: f64,
    /// Seconds of closed loop that are not counted.
    pub warm_up: f64,
    /// Seconds of the closed loop, and then of the open loop, that are counted.
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

/// The clients that are not measured. What is measured is how the other clients are served beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Beside {
    /// They have sent a request, and then are idle.
    Idle { count: usize },
    /// They have sent nothing, like the sockets that a browser opens in advance.
    Silent { count: usize },
    /// They asked for `target`, and read two kilobytes of it in a tenth of a second.
    SlowReaders { count: usize, target: String },
    /// They send one byte of a head in a tenth of a second, without end.
    SlowSenders { count: usize },
    /// They ask for `target` again and again: work, of which the server always has some.
    Workers { count: usize, target: String },
}

impl Beside {
    /// Whether the server is busy with these clients for most of the time.
    pub fn is_work(&self) -> bool {
        matches!(self, Beside::Workers { .. })
    }

    /// The number of these clients.
    pub fn count(&self) -> usize {
        match self {
            Beside::Idle { count } | Beside::Silent { count } => *count,
            Beside::SlowReaders { count, .. } | Beside::SlowSenders { count } => *count,
            Beside::Workers { count, .. } => *count,
        }
    }
}

/// How the load waits until the next request is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Patience {
    /// The load has a core of its own. It looks again and again, and is never late.
    Spins,
    /// The load shares its core with the server. It sleeps, and may be a millisecond late, which counts as latency.
    Sleeps,
}

/// A moment at which the lab reads the server's meters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mark {
    Connected,
    ClosedBegins,
    ClosedEnds,
    OpenBegins,
    OpenEnds,
}

impl Mark {
    pub fn ends_a_loop(self) -> bool {
        matches!(self, Mark::ClosedEnds | Mark::OpenEnds)
    }
}

/// What the load reports: marks, and at the end the outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Word {
    Mark(Mark),
    Done(Box<Outcome>),
    Failed(String),
}

/// The outcome of a load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The measured connections that were made.
    pub connected: usize,
    /// The other connections that were made, and that were not lost as far as their clients saw.
    pub beside_connected: usize,
    /// Milliseconds that one request of the workers beside took while no other client asked.
    #[serde(default)]
    pub work_alone: Option<f64>,
    /// What the slow readers held when the measuring began. `None` if there are none.
    #[serde(default)]
    pub readers: Option<Readers>,
    pub closed: Phase,
    pub open: Phase,
}

/// The slow readers, at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readers {
    /// Readers that have bytes to read, and to which no more come: the buffers on their way are full.
    pub full: usize,
    /// Readers to which more bytes came a moment ago.
    pub filling: usize,
    /// Readers to which nothing was sent at all.
    pub empty: usize,
}

/// The outcome of one phase.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Phase {
    pub seconds: f64,
    /// Requests that were answered in the phase.
    pub answered: u64,
    /// Requests that had no answer a while after the phase. The time that they have waited by then counts as their
    /// latency.
    pub unanswered: u64,
    /// Requests of workers beside that were answered in the phase.
    #[serde(default)]
    pub work_answered: u64,
    /// Requests that failed, by the reason, with those of workers beside.
    pub errors: BTreeMap<String, u64>,
    /// Connections that got at least one answer.
    pub connections_answered: usize,
    /// The longest delay caused by the load itself in an open loop, in nanoseconds. It is part of the latencies.
    pub load_late: u64,
    /// Latencies in nanoseconds, and how often each was measured.
    pub latencies: Vec<(u64, u64)>,
}
