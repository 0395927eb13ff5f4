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

/// Bytes of a file that a connection sends before the next has its turn, unless they are the last that were asked for: then
/// it goes on with what follows. Three whole segments of loopback: a small rest would leave as a packet of its own and wake
/// the reader once more. With eight segments a large file cost a tenth more CPU time there, and with 32 two fifths more,
/// since more bytes wait in the sockets; with packets of 1,500 bytes two segments cost a fifth more, and four saved nothing.
const FILE_BYTES_A_PART: u64 = 3 * 65_483;

/// Bytes of files that all connections together send in one turn of the loop: so long an answer that is in memory waits for
/// them, however many clients download. A turn costs something, too, so one part would be too little.
const FILE_BYTES_A_TURN: u64 = 2 * FILE_BYTES_A_PART;

/// What a drive of a connection that goes on with a file counts at least, in bytes: its other steps take time, too.
const FILE_BYTES_A_DRIVE_MIN: u64 = 32 << 10;

/// Bytes of files that connections may send until the next turn of the loop.
#[derive(Clone, Copy, Debug)]
pub struct FileBudget {
    left: u64,
}

impl FileBudget {
    /// For a connection that holds up no other: it has a thread of its own.
    pub const UNSHARED: FileBudget = FileBudget { left: u64::MAX };

    /// None: connections that go on with a file come later.
    pub const NONE: FileBudget = FileBudget { left: 0 };

    /// A part for one connection.
    pub const ONE_PART: FileBudget = FileBudget { left: FILE_BYTES_A_PART };

    /// For all connections in one turn of the loop.
    pub const ONE_TURN: FileBudget = FileBudget { left: FILE_BYTES_A_TURN };

    /// Whether nothing is left.
    pub fn is_used_up(&self) -> bool {
        self.left == 0
    }

    /// How many of `bytes` one call may send. A part is never cut short because others came before.
    pub fn part_of(&self, bytes: u64) -> u64 {
        if self.is_used_up() { 0 } else { bytes.min(FILE_BYTES_A_PART) }
    }

    /// Takes note that a part was made that takes as long as one of a file.
    pub fn spend_a_part(&mut self) {
        self.spend(FILE_BYTES_A_PART);
    }

    /// Takes note that so many bytes were sent.
    pub fn spend(&mut self, bytes: u64) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Takes note that a connection was driven; `before` is what was left when its drive began.
    pub fn spend_a_drive(&mut self, before: FileBudget) {
        self.left = self.left.min(before.left.saturating_sub(FILE_BYTES_A_DRIVE_MIN));
    }
}

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
    /// Bytes of files that may still be sent. [`Context::begin_turn`] leaves this alone: a loop that has several connections
    /// says itself whose turn it is.
    pub file_budget: FileBudget,
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
        let access = AccessLog::new(&service.access);
        let (phase, panics, budget, asked) = (Phase::Serving, 0, BUDGET, [0; 2]);
        let file_budget = FileBudget::UNSHARED;
        Context { service, phase, now, date, access, panics, budget, file_budget, asked, buffers }
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
