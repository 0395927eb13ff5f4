//! What connections share and may use while they are driven: one for each loop, or one for each thread of
//! a threaded variant.

use crate::access::AccessLog;
use crate::buffers::Buffers;
use crate::handlers::Mounted;
use crate::hosts::Hosts;
use crate::http::date::Date;
use crate::limits::Limits;
use crate::site::Site;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// Bytes that one recv can bring.
const LANDING_BYTES: usize = 64 << 10;

/// Hosts that are named in warnings; who sends more than that is not somebody who misses a flag.
const REFUSED_HOSTS_MAX: usize = 64;

/// Names of listings in one turn, however many folders are listed.
const NAMES_PER_TURN: usize = 200;

/// Lent to [`crate::conn::Connection::drive`].
pub struct Context {
    /// What it is all for. Several threads may have one in common.
    pub service: Arc<Service>,
    /// Who is asked before the dispatch table.
    pub mounted: Option<Box<dyn Mounted>>,
    /// Whether connections are kept alive.
    pub phase: Phase,
    /// When this turn began: one look at the clock for all its connections.
    pub now: Instant,
    /// The same, as every answer says it.
    pub date: Date,
    /// Lines that wait to be written.
    pub access: AccessLog,
    /// How often a bug of this server's was met, see `panics.rs`.
    pub panics: u64,
    /// Names that listings may still read or write this turn, all together: a few microseconds each.
    pub names_left: usize,
    refused_hosts: Vec<String>,
    /// Whether a client has spoken TLS.
    has_met_tls: bool,
    /// Room for the busy.
    pub buffers: Buffers,
}

/// What is served, to whom, and how much of it.
pub struct Service {
    /// The files.
    pub site: Site,
    /// The hosts that are answered to.
    pub hosts: Hosts,
    /// What a client may take.
    pub limits: Limits,
}

/// Whether there is a next request on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There may be.
    Serving,
    /// Every answer is a connection's last.
    Stopping,
}

impl Context {
    /// For a loop that serves from `now` on.
    pub fn new(service: impl Into<Arc<Service>>, now: Instant, wall: SystemTime) -> Context {
        let service = service.into();
        let date = Date::new(wall);
        let buffers = Buffers::new(LANDING_BYTES);
        let access = AccessLog::default();
        let names_left = NAMES_PER_TURN;
        Context {
            service,
            mounted: None,
            phase: Phase::Serving,
            now,
            date,
            access,
            panics: 0,
            names_left,
            refused_hosts: Vec::new(),
            has_met_tls: false,
            buffers,
        }
    }

    /// Whether nobody was told yet that `host` was refused: once is enough.
    pub fn is_news(&mut self, host: &str) -> bool {
        let is_news = self.refused_hosts.len() < REFUSED_HOSTS_MAX
            && self.refused_hosts.iter().all(|refused| !refused.eq_ignore_ascii_case(host));
        if is_news {
            self.refused_hosts.push(host.to_owned());
        }
        is_news
    }

    /// Whether the client that speaks TLS now is the first.
    pub fn is_first_tls(&mut self) -> bool {
        !std::mem::replace(&mut self.has_met_tls, true)
    }

    /// Names that one listing may read or write at once: as many as each of the others, or whoever comes last would
    /// wait for all of them. In one turn a connection ends a listing and begins another at most, hence the 2.
    pub fn names_for_one(&self) -> usize {
        let share = NAMES_PER_TURN / 2 / self.service.site.listed().max(1);
        share.min(self.names_left)
    }

    /// A new turn begins.
    pub fn begin_turn(&mut self, now: Instant, wall: SystemTime) {
        self.now = now;
        self.names_left = NAMES_PER_TURN;
        if self.date.set(wall) {
            self.service.site.forget();
        }
    }
}
