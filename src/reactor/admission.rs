//! How clients come in: which door is next, whether there is room for one more connection, and what becomes of a new one.

use super::kernel::{Interest, Kernel, Token};
use super::listener::{ACCEPTS_PER_TURN, BACKLOG};
use super::{Queued, Reactor, Slot};
use crate::conn::transport::Readiness;
use crate::conn::{Connection, Id, Wait};
use crate::os;
use crate::os::peer::Peer;
use crate::service::{Client, DoorId};
use log::{debug, trace};
use std::io;
use std::time::{Duration, Instant};

/// How long a new connection keeps its place, though others wait for one, before it has asked for anything.
const FIRST_REQUEST: Duration = Duration::from_millis(100);

/// Whether there is a place for another connection.
enum Room {
    Free,
    /// The connection at this key can make room, unless it has just asked for something.
    Of(usize),
    /// There is none before that time, where nothing else happens.
    Later(Option<Instant>),
}

impl<K: Kernel> Reactor<K> {
    /// Accepts the clients that wait, as many as a turn allows. At the limit of connections another one has to make room;
    /// if none can, the new clients wait in the kernel.
    pub(super) fn accept(&mut self) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Some(door) = self.accepting.next_door(self.context.now) else { return };
            let leaves = match self.find_room() {
                Room::Free => None,
                Room::Of(key) if !self.serve_what_came(key) => Some(key),
                Room::Of(_) => continue,
                Room::Later(time) => return self.accepting.pause_for_room(time, self.context.now),
            };
            let bug = || io::Error::other("a bug in this server");
            let accepted =
                self.context.catch_panic("a client that was to be accepted", |_| self.kernel.accept(door));
            match accepted.unwrap_or_else(|| Err(bug())) {
                Ok((socket, peer)) => {
                    trace!("accept = {peer}");
                    leaves.into_iter().for_each(|key| self.make_room(key));
                    self.add(socket, peer, door);
                }
                Err(error) => self.not_accepted(door, &error),
            }
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.slots.len() >= self.context.service.limits.connections_max
    }

    /// At the limit, the longest idle connection makes room, or else the longest that never asked for anything, if it
    /// had its time to.
    fn find_room(&mut self) -> Room {
        if self.is_full() {
            // Who of the new ones waits, and for what, is known when they were driven.
            self.drive_ready();
        }
        if !self.is_full() {
            return Room::Free;
        }
        if let Some(idle) = self.deadlines.longest(Wait::Idle) {
            return Room::Of(idle);
        }
        let Some(silent) = self.deadlines.longest(Wait::First) else { return Room::Later(None) };
        let (_, since) = self.slots[silent].connection.waits();
        let time = since + FIRST_REQUEST;
        if time <= self.context.now { Room::Of(silent) } else { Room::Later(Some(time)) }
    }

    /// Reads and answers what is here of the connection at `key` though no event has told of it yet, and says whether
    /// anything was.
    fn serve_what_came(&mut self, key: usize) -> bool {
        let slot = &mut self.slots[key];
        slot.connection.note_readiness(Readiness::UNKNOWN);
        let came = slot.connection.read_ahead(&mut self.context);
        if came {
            let id = slot.connection.id();
            self.drive(Token { key, id }, Connection::drive);
        }
        came
    }

    fn make_room(&mut self, key: usize) {
        debug!(
            "{} closed: it was idle longest, and another connection needs its place",
            self.slots[key].connection.id()
        );
        self.remove(key);
    }

    /// Where no descriptor is left, files that are only kept open are given up for it, and it is tried again at once.
    fn not_accepted(&mut self, door: DoorId, error: &io::Error) {
        trace!("accept = {error}");
        let has_closed_some = os::is_out_of_descriptors(error) && self.context.service.site.close_files();
        if !has_closed_some {
            self.accepting.failed(door, error, self.context.now);
        }
    }

    /// Takes in a new connection. It is read from at once, before it is registered, since the first request is often here
    /// already; a connection that is over after one answer is never registered at all. What comes between the read and the
    /// registration is not lost, see `register`.
    fn add(&mut self, socket: K::Socket, peer: Peer, door: DoorId) {
        let id = Id(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        let mut connection = Connection::new(socket, Client { id, peer, door }, self.context.now);
        connection.settle(self.slots.vacant_key(), &mut self.context);
        connection.read_ahead(&mut self.context);
        let key = self.slots.insert(Slot { connection, interest: Interest::None, queued: Queued::Yes });
        self.ready.push(Token { key, id });
    }

    /// Accepts the clients that wait at any door, until no client waits at any: while the clients of one door are accepted,
    /// others may come to the next.
    pub(super) fn accept_all(&mut self) {
        let doors = self.context.service.door_ids();
        // As many as the backlogs may hold, or clients that keep coming would keep the server from stopping.
        for _ in 0..doors.len() * BACKLOG / ACCEPTS_PER_TURN {
            let before = self.next_id;
            doors.clone().for_each(|door| self.accepting.note_readiness(door));
            self.accept();
            if self.next_id == before && !self.accepting.is_due(self.context.now) {
                return;
            }
        }
    }
}
