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

/// Steps of answers that are pending in one turn, however many there are.
const STEPS_PER_TURN: usize = 200;

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
    /// Steps that answers which are pending may still take in this turn, all together: a few microseconds each.
    pub steps_left: usize,
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
        let steps_left = STEPS_PER_TURN;
        Context { service, phase: Phase::Serving, now, date, access, panics: 0, steps_left, buffers }
    }

    /// Steps that one pending answer may take in this turn: as many as each of the others, or the last would wait for all
    /// of them. In one turn a connection ends one and begins another at most, hence the 2.
    pub fn share(&self) -> usize {
        let share = STEPS_PER_TURN / 2 / self.service.site.listed().max(1);
        share.min(self.steps_left)
    }

    /// A new turn begins.
    pub fn begin_turn(&mut self, now: Instant, wall: SystemTime) {
        self.now = now;
        self.steps_left = STEPS_PER_TURN;
        if self.date.set(wall) {
            self.service.site.forget();
        }
    }
}
