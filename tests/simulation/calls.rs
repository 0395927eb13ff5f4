//! The calls of the server on its sockets: their results, their errors, and what the books say about them.

use crate::access::End;
use crate::books::Moment;
use crate::client::Client;
use crate::link::Stage;
use crate::question::Seen;
use crate::representation::Coding;
use crate::rest;
use crate::steps::Steps;
use crate::world::World;
use onepoll::conn::event::Event;
use onepoll::conn::transport::{Follow, Transport};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::panic::resume_unwind;
use std::rc::Rc;

/// Calls on one socket in one turn. With more, one client would delay the others.
const CALLS_PER_TURN_MAX: usize = 150;

/// The server's end of a connection.
pub struct Socket {
    world: Rc<RefCell<World>>,
    index: usize,
    steps: Steps,
}

/// Why a call on a socket fails.
enum Fault {
    Fails(io::Error),
    Panics,
}

impl From<ErrorKind> for Fault {
    fn from(kind: ErrorKind) -> Fault {
        Fault::Fails(kind.into())
    }
}

impl Socket {
    pub fn of(world: Rc<RefCell<World>>, index: usize) -> Socket {
        Socket { world, index, steps: Steps::default() }
    }

    pub fn index(&self) -> usize {
        self.index
    }

    fn call<R>(&self, action: impl FnOnce(&mut World, usize) -> Result<R, Fault>) -> io::Result<R> {
        let result = action(&mut self.world.borrow_mut(), self.index);
        result.map_err(|fault| match fault {
            Fault::Fails(error) => error,
            // This panic is planted, so nothing is printed on stderr.
            Fault::Panics => resume_unwind(Box::new("planted")),
        })
    }
}

impl Transport for Socket {
    const OBSERVED: bool = true;

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(|world, index| world.recv(index, buffer))
    }

    fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<usize> {
        let count = self.call(|world, index| {
            let count = world.room(index, bytes.len())?;
            world.sends(index, &bytes[..count], follow);
            Ok(count)
        })?;
        self.steps.send(count);
        Ok(count)
    }

    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        self.call(|world, index| {
            let mut bytes = vec![0; world.room(index, count)?];
            let count = file.read_at(&mut bytes, offset).map_err(Fault::Fails)?;
            if count > 0 {
                world.sends(index, &bytes[..count], Follow::Nothing);
            }
            Ok(count)
        })
    }

    fn shutdown(&mut self) -> io::Result<()> {
        self.world.borrow_mut().shut(self.index)
    }

    fn notify(&mut self, event: Event<'_>) {
        if let Err(why) = self.steps.note(event) {
            self.world.borrow_mut().diverges(format!("client {}: {why}", self.index));
        }
        if let Event::StateChanged { from, to } = event {
            let world = &mut *self.world.borrow_mut();
            world.tell(|| format!("server's state for {}: {from} -> {to}", self.index));
            world.transitions.insert((from, to));
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.world.borrow_mut().dropped(self.index);
    }
}

impl World {
    /// Things that may happen between two calls of one turn.
    fn meanwhile(&mut self) {
        self.epoch += 1;
        if self.dice.one_in(8) {
            self.happen();
        }
        if self.dice.one_in(self.restless) {
            self.change_disk();
        }
    }

    /// Errors that may happen in any call.
    fn call(&mut self, index: usize) -> Result<(), Fault> {
        let Client { link, dice, .. } = &mut self.clients[index];
        if dice.one_in(link.faults.interrupted) {
            return Err(ErrorKind::Interrupted.into());
        }
        link.calls += 1;
        if link.calls > CALLS_PER_TURN_MAX {
            let calls = link.calls;
            self.diverges(format!("client {index} has had {calls} calls in one turn"));
        } else if dice.one_in(link.faults.panic) {
            link.excuse = Some("a bug was met");
            self.planted += 1;
            self.count("a panic");
            self.tell(|| format!("a panic is planted in client {index}"));
            return Err(Fault::Panics);
        }
        Ok(())
    }

    fn recv(&mut self, index: usize, buffer: &mut [u8]) -> Result<usize, Fault> {
        self.meanwhile();
        self.call(index)?;
        let (now, phase) = (self.now, self.phase_of_turn());
        let link = &mut self.clients[index].link;
        if link.reset {
            link.excuse = Some("the client has reset it");
            return Err(ErrorKind::ConnectionReset.into());
        }
        if link.inbound.is_empty() {
            let is_end = link.fin;
            self.has_moved |= is_end && !link.books.end_read;
            link.books.end_read |= is_end;
            self.tell(|| {
                format!("server reads from {index}: {}", if is_end { "the end" } else { "nothing yet" })
            });
            return if is_end { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        self.has_moved = true;
        let count = link.inbound.len().min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(link.inbound.drain(..count)) {
            *place = byte;
        }
        if !matches!(link.stage, Stage::Shut(_)) {
            link.books.server_read(count, phase, now);
        }
        self.tell(|| format!("server reads {count} bytes from {index}"));
        Ok(count)
    }

    /// How many of `count` bytes a write takes.
    fn room(&mut self, index: usize, count: usize) -> Result<usize, Fault> {
        let (now, turn) = (self.now, self.turn);
        let link = &mut self.clients[index].link;
        let unread = if link.arrived > turn { 0 } else { link.inbound.len() };
        link.books.server_writes(unread, now);
        self.meanwhile();
        self.call(index)?;
        let Client { link, dice, .. } = &mut self.clients[index];
        if link.reset {
            link.excuse = Some("the client has reset it");
            return Err(ErrorKind::BrokenPipe.into());
        }
        if matches!(link.stage, Stage::Shut(_)) {
            self.diverges(format!("something is sent to {index} after the end"));
            return Err(ErrorKind::BrokenPipe.into());
        }
        let is_later = dice.one_in(link.faults.later);
        let room = link.room();
        if room == 0 || is_later {
            link.is_full = true;
            link.edge |= room > 0;
            link.books.server_blocked(now);
            self.tell(|| format!("server writes to {index}: no room yet"));
            return Err(ErrorKind::WouldBlock.into());
        }
        let most = room.min(count);
        link.is_full = most < count;
        Ok(if dice.one_in(link.faults.short) { 1 + dice.size(most as u64 - 1) as usize } else { most })
    }

    /// A write took `bytes`.
    fn sends(&mut self, index: usize, bytes: &[u8], follow: Follow) {
        self.has_moved = true;
        let phase = self.phase();
        let (now, clock, epoch) = (self.now, self.clock(), self.epoch);
        let moment = Moment { now, clock, epoch, phase, disk: &self.disk, limits: &self.limits };
        let Client { link, .. } = &mut self.clients[index];
        let judged = link.books.server_sends(bytes, moment);
        link.held_back = follow == Follow::More;
        let was_read = link.outbound == 0;
        link.outbound += bytes.len();
        self.tell(|| format!("server sends {} bytes to {index}", bytes.len()));
        if was_read {
            self.plan_read(index);
        }
        self.rouse(index);
        match judged {
            Ok(answers) => answers.into_iter().for_each(|(status, seen)| self.answered(index, status, seen)),
            Err(why) => self.diverges(format!("client {index}: {why}")),
        }
    }

    fn answered(&mut self, index: usize, status: u16, seen: Option<Seen>) {
        self.count(counted(status));
        self.tell(|| format!("client {index} has a whole answer: {status}"));
        let Some(seen) = seen else { return };
        if let Err(why) = self.tags.note(&seen) {
            self.diverges(why);
        }
        if self.disk.tags_last && seen.is_strong() != self.are_files_old() {
            self.diverges(format!("{} is of the wrong strength", seen.tag));
        }
        match seen.which.0.name() {
            Some(_) if seen.is_made => self.count("compressed by the server"),
            Some(coding) => self.count(coding),
            None => {}
        }
        if let Some(rule) = seen.by {
            self.count(rule);
        }
        if status == 206 && seen.which.0 != Coding::Identity {
            self.count("a part of what is coded");
        }
        self.clients[index].seen.push(seen);
    }

    fn shut(&mut self, index: usize) -> io::Result<()> {
        if let Err(why) = rest::shuts(self, index) {
            self.diverges(format!("client {index}: {why}"));
        }
        let link = &mut self.clients[index].link;
        if link.reset {
            link.excuse = Some("the client has reset it");
            return Err(ErrorKind::NotConnected.into());
        }
        link.stage = Stage::Shut(self.now);
        self.tell(|| format!("server shuts its side of {index}"));
        self.rouse(index);
        Ok(())
    }

    fn dropped(&mut self, index: usize) {
        self.has_moved = true;
        if !self.is_finished {
            match rest::reason(self, index) {
                Ok(why) => {
                    self.tell(|| format!("server closes {index}: {why}"));
                    self.count(why);
                }
                Err(why) => self.diverges(format!("client {index} is closed: {why}")),
            }
        }
        let is_over = self.is_out_of_time();
        let link = &mut self.clients[index].link;
        if link.excuse.is_some() || link.reset || link.books.is_blocked() || is_over {
            link.end = End::CutOff;
        }
        link.stage = Stage::Closed;
        self.stale.extend(link.token);
        self.rouse(index);
    }
}

/// The name by which a status is counted.
fn counted(status: u16) -> &'static str {
    match status {
        200 => "200",
        204 => "204",
        206 => "206",
        301 => "301",
        302 => "302",
        304 => "304",
        400 => "400",
        404 => "404",
        405 => "405",
        406 => "406",
        408 => "408",
        412 => "412",
        413 => "413",
        414 => "414",
        416 => "416",
        417 => "417",
        421 => "421",
        431 => "431",
        501 => "501",
        505 => "505",
        _ => "another status",
    }
}
