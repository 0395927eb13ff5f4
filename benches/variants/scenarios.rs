//! The loads for the variants. Each varies one factor from a base point: 64 connections that are kept alive and ask
//! for 1 KiB.

use crate::load::plan::{Beside, Persistence};
use serde::{Deserialize, Serialize};

/// A load, the same for every variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scenario {
    /// The name for flags and files.
    pub name: String,
    /// The name for people.
    pub title: String,
    pub connections: usize,
    pub persistence: Persistence,
    pub targets: Vec<String>,
    /// Field lines for every request, in addition to `Host`.
    pub fields: String,
    /// Requests a second in the open loop. A machine with a fifth of the speed of the first one keeps up.
    pub rate: f64,
    pub beside: Option<Beside>,
    pub cores: Use,
    /// Whether a quick run includes it.
    pub length: Length,
}

/// Which cores a scenario uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Use {
    /// The load has a core of its own.
    Apart,
    /// The server and the load share all cores.
    Shared,
    /// The load has a core of its own, and so has the server.
    One,
}

/// Which runs include a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Length {
    Quick,
    Full,
}

/// The base point: every other scenario differs from it in one factor.
pub const BASE: &str = "connections-64";

/// Small requests beside long ones, on one core.
pub const BESIDE_WORK: &str = "beside-work";

/// Long requests and no others, on one core.
pub const WORK_ON_ONE_CORE: &str = "work-on-one-core";

/// The prefix of the names of scenarios that differ in the number of connections.
pub const SWEEP: &str = "connections-";

impl Scenario {
    fn base() -> Scenario {
        Scenario {
            name: BASE.to_owned(),
            title: "64 connections".to_owned(),
            connections: 64,
            persistence: Persistence::KeepAlive,
            targets: vec!["/1k.bin".to_owned()],
            fields: String::new(),
            rate: 10_000.0,
            beside: None,
            cores: Use::Apart,
            length: Length::Quick,
        }
    }

    fn with(name: &str, title: &str, length: Length) -> Scenario {
        Scenario { name: name.to_owned(), title: title.to_owned(), length, ..Scenario::base() }
    }

    /// Whether this scenario varies the number of connections.
    pub fn is_of_sweep(&self) -> bool {
        self.name.starts_with(SWEEP)
    }

    /// The number of connections, with the clients that are not measured.
    pub fn connections_in_all(&self) -> usize {
        let beside = self.beside.as_ref().map_or(0, Beside::count);
        self.connections + beside
    }
}

/// All scenarios.
pub fn all() -> Vec<Scenario> {
    use Length::{Full, Quick};
    let sweep =
        [(1, Quick), (8, Full), (64, Quick), (512, Full), (1024, Quick), (4096, Full), (15_000, Full)];
    let mut all: Vec<_> =
        sweep.into_iter().map(|(connections, length)| connected(connections, length)).collect();
    let target = |path: &str| vec![path.to_owned()];
    all.extend([
        Scenario {
            persistence: Persistence::Close,
            rate: 3_000.0,
            ..Scenario::with("close", "A connection for each request", Quick)
        },
        Scenario { targets: target("/100k.bin"), rate: 2_000.0, ..Scenario::with("100k", "100 KiB", Full) },
        Scenario { targets: target("/10m.bin"), rate: 50.0, ..Scenario::with("10m", "10 MiB", Full) },
        Scenario {
            beside: Some(Beside::SlowReaders { count: 1000, target: "/10m.bin".to_owned() }),
            rate: 5_000.0,
            ..Scenario::with("slow-readers", "Beside 1,000 slow readers", Quick)
        },
        Scenario {
            beside: Some(Beside::SlowSenders { count: 1000 }),
            rate: 5_000.0,
            ..Scenario::with("slow-senders", "Beside 1,000 slow senders", Full)
        },
        Scenario {
            beside: Some(Beside::Idle { count: 10_000 }),
            rate: 5_000.0,
            ..Scenario::with("idle", "Beside 10,000 idle connections", Full)
        },
        browsers(),
        Scenario {
            connections: 8,
            targets: target("/many/"),
            rate: 50.0,
            cores: Use::Shared,
            ..Scenario::with("work", "Requests that are work, on all cores", Quick)
        },
        Scenario {
            connections: 4,
            targets: target("/many/"),
            rate: 100.0,
            cores: Use::One,
            ..Scenario::with(WORK_ON_ONE_CORE, "Requests that are work, on one core", Quick)
        },
        Scenario {
            connections: 4,
            rate: 200.0,
            beside: Some(Beside::Workers { count: 4, target: "/many/".to_owned() }),
            cores: Use::One,
            ..Scenario::with(BESIDE_WORK, "Beside four connections of long work, on one core", Quick)
        },
    ]);
    all
}

fn connected(connections: usize, length: Length) -> Scenario {
    let title =
        if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") };
    // A single client gets its answers one after the other, so its rate is limited.
    let rate = Scenario::base().rate.min(2_000.0 * connections as f64);
    Scenario { connections, rate, ..Scenario::with(&format!("{SWEEP}{connections}"), &title, length) }
}

/// 32 browsers, each with four connections that load a page, and two that it opened in advance.
fn browsers() -> Scenario {
    let paths = ["/page.html", "/style.css", "/script.js", "/a.jpg", "/b.jpg", "/c.jpg", "/icon.png"];
    Scenario {
        connections: 32 * 4,
        targets: paths.map(str::to_owned).into(),
        fields: "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
            Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
            Accept-Language: en\r\nAccept-Encoding: gzip\r\n"
            .to_owned(),
        rate: 2_000.0,
        beside: Some(Beside::Silent { count: 32 * 2 }),
        ..Scenario::with("browsers", "32 browsers, each with two sockets it does not use yet", Length::Quick)
    }
}
