//! What the inspector knows of one turn of the loop. It takes a fixed amount of memory, however many connections were
//! driven.

use super::stamp::Nanos;

/// The connections that were driven first are kept one by one, up to this many; the others are only counted.
const DRIVEN_MAX: usize = 64;

/// What the time of a turn is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Accepting connections.
    Accept,
    /// Reading from sockets.
    Read,
    /// Looking at the disk for a request, or reading from it.
    Disk,
    /// From the bytes of a request to the bytes of its answer, without the disk.
    Answer,
    /// Sending what is in memory.
    Send,
    /// Sending files.
    File,
    /// The inspector's own work: what its readers and the clients that ask for its pages are told.
    Watch,
    /// All other work of the loop.
    Rest,
}

/// Time spent on each kind of work.
pub type Spent = [Nanos; Kind::NAMES.len()];

impl Kind {
    /// The names of the kinds, in the order of the variants of [`Kind`].
    pub const NAMES: [&str; 8] = ["accept", "read", "disk", "answer", "send", "file", "watch", "rest"];
}

/// A turn of the loop.
#[derive(Clone, Copy)]
pub struct Turn {
    /// When the wait ended.
    pub woke: Nanos,
    pub wait: Nanos,
    /// The time from the end of the wait to the next wait.
    pub busy: Nanos,
    /// What the busy time was spent on.
    pub spent: Spent,
    pub events: u32,
    driven: [Driven; DRIVEN_MAX],
    pub driven_count: u32,
    /// Whether the turn did more than send events to clients that read them. Other turns are left out of the events.
    pub matters: bool,
}

/// A connection that was driven, and for how long.
#[derive(Clone, Copy, Default)]
pub struct Driven {
    pub key: u32,
    /// In nanoseconds; four seconds at most.
    pub time: u32,
}

impl Turn {
    pub fn new(woke: Nanos, wait: Nanos, events: usize) -> Turn {
        Turn {
            woke,
            wait,
            busy: 0,
            spent: Spent::default(),
            events: events as u32,
            driven: [Driven::default(); DRIVEN_MAX],
            driven_count: 0,
            matters: false,
        }
    }

    pub fn drove(&mut self, key: usize, time: Nanos) {
        if let Some(driven) = self.driven.get_mut(self.driven_count as usize) {
            *driven = Driven { key: key as u32, time: time.try_into().unwrap_or(u32::MAX) };
        }
        self.driven_count += 1;
    }

    pub fn spend(&mut self, kind: Kind, time: Nanos) {
        self.spent[kind as usize] += time;
    }

    /// Adds what was spent on a connection, which all counts as the inspector's own work if the connection `watches`.
    pub fn spend_all(&mut self, spent: &Spent, watches: bool) {
        match watches {
            true => self.spent[Kind::Watch as usize] += spent.iter().sum::<Nanos>(),
            false => self.spent.iter_mut().zip(spent).for_each(|(sum, time)| *sum += time),
        }
    }

    /// The turn ends. What was spent on nothing else is the loop's own time.
    pub fn end(&mut self, now: Nanos) {
        self.busy = now - self.woke;
        let known = self.spent.iter().sum::<Nanos>();
        self.spent[Kind::Rest as usize] += self.busy.saturating_sub(known);
    }

    /// The connections that were driven first, in their order.
    pub fn driven(&self) -> &[Driven] {
        &self.driven[..DRIVEN_MAX.min(self.driven_count as usize)]
    }
}
