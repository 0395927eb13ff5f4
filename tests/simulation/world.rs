//! Everything except the server: a clock, clients and a disk.

use crate::access::Line;
use crate::below::Below;
use crate::books::Phase;
use crate::client::{Client, Next, Reads};
use crate::disk::Disk;
use crate::doors::{DOORS, Door, Outside};
use crate::ear;
use crate::events::Event;
use crate::life::{Counts, Trace};
use crate::link::Stage;
use crate::picture::Transitions;
use crate::request::{CONTENT_BYTES_MAX, HEAD_LIMITS};
use crate::rest;
use crate::support::dice::Dice;
use crate::tags::Tags;
use onepoll::reactor::kernel::Token;
use onepoll::service::limits::Limits;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::time::{Duration, Instant, SystemTime};

/// Two times for the wall clock, in seconds since 1970: long after the files were written, so that every version can
/// be told from the next; and long before, so that none can.
pub const WALLS: [u64; 2] = [4_000_000_000, 1_500_000_000];

/// Everything but the server.
pub struct World {
    pub now: Instant,
    pub began: Instant,
    /// Seconds since 1970 when the world began.
    pub wall: u64,
    pub limits: Limits,
    /// The path below which the site is.
    pub below: Below,
    pub dice: Dice,
    /// Counts everything that happens, so that the order of events is known.
    pub epoch: u64,
    /// When the current turn began.
    pub turn: u64,
    pub events: BinaryHeap<Reverse<(Instant, u64, Event)>>,
    pub clients: Vec<Client>,
    pub doors: [Outside; DOORS.len()],
    pub listens: bool,
    pub no_descriptors: bool,
    /// When an accept last failed because no descriptor was left.
    pub failed_at: Option<Instant>,
    pub signals: usize,
    pub stopping_since: Option<Instant>,
    /// Whether that was before the current turn.
    pub is_stopping: bool,
    pub stops_at_once: bool,
    pub stale: Vec<Token>,
    /// The most connections at the same time.
    pub most: usize,
    pub disk: Disk,
    /// How often an event is left for a later wait: once in this many times.
    pub untold: u64,
    /// How often a file is changed between two calls: once in this many times.
    pub restless: u64,
    pub tags: Tags,
    pub planted: u64,
    pub turns: usize,
    pub idle_turns: usize,
    pub has_moved: bool,
    pub is_finished: bool,
    pub divergence: Option<String>,
    pub counts: Counts,
    /// The changes of state that connections told of.
    pub transitions: Transitions,
    pub trace: Option<Vec<String>>,
}

impl World {
    pub fn new(seed: u64, disk: Disk, trace: Trace) -> World {
        let mut dice = Dice::of(seed);
        let now = Instant::now();
        let connections_max = if dice.one_in(3) { 1 + dice.below(3) as usize } else { 1000 };
        let limits = Limits {
            head: HEAD_LIMITS,
            content_bytes_max: CONTENT_BYTES_MAX,
            connections_max,
            ..Limits::default()
        };
        let mut world = World {
            now,
            began: now,
            wall: dice.pick(&[WALLS[0], WALLS[0], WALLS[0], WALLS[1]]),
            limits,
            below: Below::of(seed),
            epoch: 1,
            turn: 1,
            events: BinaryHeap::new(),
            clients: Vec::new(),
            doors: Default::default(),
            listens: true,
            no_descriptors: false,
            failed_at: None,
            signals: 0,
            stopping_since: None,
            is_stopping: false,
            stops_at_once: false,
            stale: Vec::new(),
            most: 0,
            disk,
            untold: dice.pick(&[2, 8, 8, u64::MAX]),
            restless: if dice.one_in(6) { dice.pick(&[20, 100]) } else { u64::MAX },
            tags: Tags::default(),
            planted: 0,
            turns: 0,
            idle_turns: 0,
            has_moved: false,
            is_finished: false,
            divergence: None,
            counts: Counts::new(),
            transitions: Transitions::new(),
            trace: (trace == Trace::On).then(Vec::new),
            dice,
        };
        world.plan();
        world
    }

    /// The time by the clock on the wall.
    pub fn clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.wall) + (self.now - self.began)
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!(
                "{:>9.3}s {:>5} {}",
                (self.now - self.began).as_secs_f64(),
                self.epoch,
                what()
            ));
        }
    }

    /// Records that the server does not do what the model says. Only the first time counts.
    pub fn diverges(&mut self, why: String) {
        self.tell(|| format!("DIVERGES: {why}"));
        self.divergence.get_or_insert(why);
    }

    pub fn inside(&self) -> impl Iterator<Item = (usize, &Client)> {
        self.clients.iter().enumerate().filter(|(_, client)| client.link.stage.is_inside())
    }

    /// Clients that wait at any door to be accepted.
    pub fn outside(&self) -> impl Iterator<Item = usize> {
        self.doors.iter().flat_map(|outside| outside.waiting.iter().copied())
    }

    pub fn is_full(&self) -> bool {
        self.inside().count() >= self.limits.connections_max
    }

    /// Whether versions can be told apart by the current time on the wall.
    pub fn are_files_old(&self) -> bool {
        self.wall == WALLS[0]
    }

    pub fn connect(&mut self, index: usize) {
        let door = self.clients[index].door;
        self.tell(|| format!("client {index} connects at {door:?}"));
        if !self.listens {
            self.clients[index].link.stage = Stage::Closed;
            return self.count("a client is refused");
        }
        self.clients[index].link.stage = Stage::AtTheDoor;
        let outside = &mut self.doors[door as usize];
        outside.waiting.push_back(index);
        outside.knock = true;
        if door == Door::Open {
            self.count("a client connects at the open door");
        }
        self.count("a client connects");
        self.act(index);
    }

    pub fn act(&mut self, index: usize) {
        let mut told = Vec::new();
        let client = &mut self.clients[index];
        let next = client.act(self.epoch, &self.disk, &mut |what| told.push(what));
        for what in told {
            self.tell(|| format!("client {index} {what}"));
        }
        if let Next::At(time) = next {
            self.after(time, Event::Act(index));
        }
    }

    /// Something has happened for which `index` may have waited.
    pub fn rouse(&mut self, index: usize) {
        if std::mem::take(&mut self.clients[index].is_waiting) {
            let delay = self.clients[index].dice.pick(&[0, 0, 0, 1]);
            self.after(Duration::from_millis(delay), Event::Act(index));
        }
    }

    pub fn client_reads(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let bytes = match &mut client.reads {
            Reads::All(_) => usize::MAX,
            Reads::Some(bytes, _) => {
                *bytes += *bytes / 8;
                *bytes
            }
            Reads::Never => 0,
        };
        client.link.client_reads(bytes);
        if client.link.outbound > 0 {
            self.plan_read(index);
        }
    }

    pub fn plan_read(&mut self, index: usize) {
        match self.clients[index].reads {
            Reads::All(after) | Reads::Some(_, after) => self.after(after, Event::Read(index)),
            Reads::Never => {}
        }
    }

    pub fn phase(&self) -> Phase {
        if self.stopping_since.is_some() { Phase::Stopping } else { Phase::Serving }
    }

    /// The phase in which this turn began: a signal is reported at the beginning of a turn, and takes effect at its
    /// end.
    pub fn phase_of_turn(&self) -> Phase {
        if self.is_stopping { Phase::Stopping } else { Phase::Serving }
    }

    /// Whether the server was told to stop at once, or its grace time has passed.
    pub fn is_out_of_time(&self) -> bool {
        self.stopping_since.is_some_and(|since| self.stops_at_once || self.now >= since + self.limits.grace)
    }

    /// Whether, since this turn began, something came for `link` that no event has reported.
    pub fn has_just_arrived(&self, index: usize) -> bool {
        self.clients[index].link.arrived > self.turn
    }

    /// Takes in what the server has logged, and the panics in it.
    pub fn hear_log(&mut self) {
        let planted = ear::planted();
        self.planted += planted;
        if planted > 0 {
            self.count("a bug was met in the work between requests");
        }
        for text in ear::access_lines() {
            // How long an answer took is another time in each run.
            self.tell(|| format!("server logs {}", text.split("\"milliseconds\"").next().unwrap()));
            let client = |line: &Line| line.client < self.clients.len();
            let logged = match Line::parse(&text).filter(client) {
                Some(line) => self.clients[line.client].link.books.lines.logged(line),
                None => Err("a line of nobody".into()),
            };
            if let Err(why) = logged {
                self.diverges(format!("{text}: {why}"));
            }
        }
    }

    /// The loop has ended, or the world has.
    pub fn end(&mut self, ended: io::Result<()>, panics: u64) {
        self.hear_log();
        if let Err(why) = rest::end(self, ended.is_ok(), panics) {
            self.diverges(why);
        }
        self.is_finished = true;
    }
}
