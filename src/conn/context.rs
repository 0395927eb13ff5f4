//! What connections share and may use while they are driven: one for each loop, or one for each thread of
//! a threaded variant.

use super::buffers::Buffers;
use crate::http::date::Date;
use crate::log::access::AccessLog;
use crate::service::Service;
use crate::service::response::Phase;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// Bytes that one recv can bring.
const LANDING_BYTES: usize = 64 << 10;

/// Steps of work that answers which are pending take in one turn, all together: a few microseconds each.
const BUDGET: usize = 200;

/// Lent to [`crate::conn::Connection::drive`].
pub struct Context {
    /// What it is all for. Several threads may have one in common.
    pub service: Arc<Service>,
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
    /// Steps of work that answers which are pending may still take in this turn.
    pub budget: usize,
    /// How often an answer that is pending was asked for: in the last turn, and in this one.
    asked: [usize; 2],
    /// Room for the busy.
    pub buffers: Buffers,
}

impl Context {
    /// For a loop that serves from `now` on.
    pub fn new(service: impl Into<Arc<Service>>, now: Instant, wall: SystemTime) -> Context {
        let service = service.into();
        let date = Date::new(wall);
        let buffers = Buffers::new(LANDING_BYTES);
        let access = AccessLog::default();
        let (phase, panics, budget, asked) = (Phase::Serving, 0, BUDGET, [0; 2]);
        Context { service, phase, now, date, access, panics, budget, asked, buffers }
    }

    /// Takes from the budget what one pending answer may use of it in this turn: as much as each of the others, or the last
    /// would wait for all of them, and one step at least. In one turn a connection ends one and begins another at most,
    /// hence the 2.
    pub fn share(&mut self) -> usize {
        let [before, now] = &mut self.asked;
        *now += 1;
        let share = (BUDGET / 2 / (*before).max(1)).min(self.budget).max(1);
        self.budget = self.budget.saturating_sub(share);
        share
    }

    /// A new turn begins.
    pub fn begin_turn(&mut self, now: Instant, wall: SystemTime) {
        self.now = now;
        self.budget = BUDGET;
        self.asked = [self.asked[1], 0];
        if self.date.set(wall) {
            self.service.site.forget();
        }
    }
}
