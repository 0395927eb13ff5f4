//! The kernel as the reactor sees it: waiting, accepting and registering, with readiness as epoll reports it.

use crate::calls::Socket;
use crate::client::Client;
use crate::disk::Disk;
use crate::doors::{DOORS, Door, Outside};
use crate::life::Outcome;
use crate::link::Stage;
use crate::rest;
use crate::world::World;
use onepoll::conn::transport::Readiness;
use onepoll::os::peer::Peer;
use onepoll::reactor::kernel::{Interest, Kernel, Ready, Token};
use onepoll::service::DoorId;
use onepoll::service::limits::Limits;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

const EMFILE: i32 = 24;
const ECONNABORTED: i32 = 103;
const ENOSPC: i32 = 28;

/// Turns without any progress while no time passes, after which the loop is said to spin. Compressing and listing
/// take a few.
const IDLE_TURNS_MAX: usize = 40;

/// Turns of one world. With more, the loop probably repeats itself.
const TURNS_MAX: usize = 100_000;

/// The world, shared by the kernel and its sockets.
#[derive(Clone)]
pub struct Shared(Rc<RefCell<World>>);

impl Shared {
    pub fn of(world: World) -> Shared {
        Shared(Rc::new(RefCell::new(world)))
    }

    pub fn limits(&self) -> Limits {
        self.0.borrow().limits.clone()
    }

    pub fn end(&self, ended: io::Result<()>, panics: u64) {
        self.0.borrow_mut().end(ended, panics);
    }

    pub fn end_with(&self, why: &str) {
        self.0.borrow_mut().diverges(why.to_owned());
    }

    /// The world, once the kernel and its sockets are dropped.
    pub fn into_outcome(self) -> (Outcome, Disk) {
        let world = Rc::into_inner(self.0).expect("the reactor is gone").into_inner();
        let World { divergence, counts, transitions, trace, disk, .. } = world;
        (Outcome { divergence, counts, transitions, trace: trace.unwrap_or_default() }, disk)
    }
}

impl Kernel for Shared {
    type Socket = Socket;

    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        self.0.borrow_mut().wait(ready, timeout)
    }

    fn accept(&mut self, door: DoorId) -> io::Result<(Socket, Peer)> {
        let index = self.0.borrow_mut().accept(Door::of(door))?;
        let address = [127, 0, 0, 1 + index as u8];
        Ok((Socket::of(self.0.clone(), index), Peer::Tcp((address, 50_000).into())))
    }

    fn stop_listening(&mut self) {
        let world = &mut *self.0.borrow_mut();
        world.listens = false;
        if let Err(why) = rest::stops_listening(world) {
            world.diverges(why);
        }
        let outside: Vec<_> = world.outside().collect();
        world.doors = Default::default();
        for index in outside {
            world.clients[index].link.stage = Stage::Closed;
            world.count("a client is refused");
        }
    }

    fn register(
        &mut self,
        socket: &mut Socket,
        token: Token,
        before: Interest,
        now: Interest,
    ) -> io::Result<()> {
        self.0.borrow_mut().register(socket.index(), token, before, now)
    }

    fn now(&self) -> (Instant, SystemTime) {
        let world = self.0.borrow();
        (world.now, world.clock())
    }
}

impl World {
    /// Adds all events that may be reported now; some are left for the next wait.
    fn collect(&mut self, ready: &mut Vec<Ready>) {
        for door in DOORS {
            let Outside { knock, .. } = &mut self.doors[door as usize];
            if *knock && !self.dice.one_in(self.untold) {
                *knock = false;
                ready.push(Ready::Listener(door.id()));
            }
        }
        for Client { link, .. } in &mut self.clients {
            let Some(token) = link.token.filter(|_| link.edge && link.stage.is_inside()) else { continue };
            if !self.dice.one_in(self.untold) {
                link.edge = false;
                ready.extend(link.readiness().map(|readiness| Ready::Socket(token, readiness)));
            }
        }
        if self.dice.one_in(16) {
            self.disturb(ready);
        }
        for last in (1..ready.len()).rev() {
            ready.swap(last, self.dice.below(last as u64 + 1) as usize);
        }
        if self.signals > 0 {
            for _ in 0..std::mem::take(&mut self.signals) {
                ready.push(Ready::Signal);
                self.stops_at_once = self.stopping_since.is_some();
                self.stopping_since.get_or_insert(self.now);
                self.count("a signal");
            }
        }
    }

    /// Adds events without any meaning.
    fn disturb(&mut self, ready: &mut Vec<Ready>) {
        let nothing = Readiness { readable: true, writable: self.dice.one_in(2), peer_closed: false };
        let spurious = self.inside().filter_map(|(_, client)| client.link.token).next();
        let stale = if self.stale.is_empty() { None } else { Some(self.dice.pick(&self.stale)) };
        let tokens = [stale, spurious].into_iter().flatten();
        ready.extend(tokens.map(|token| Ready::Socket(token, nothing)));
    }

    /// Whether an event is still to be reported.
    fn has_edges(&self) -> bool {
        let is_untold = |(_, client): (usize, &Client)| client.link.edge && client.link.token.is_some();
        self.doors.iter().any(|outside| outside.knock) || self.signals > 0 || self.inside().any(is_untold)
    }

    fn begin_wait(&mut self, timeout: Option<Duration>) {
        self.turns += 1;
        self.is_stopping = self.stopping_since.is_some();
        self.epoch += 1;
        self.clients.iter_mut().for_each(|client| client.link.calls = 0);
        self.hear_log();
        let is_idle = timeout == Some(Duration::ZERO) && !std::mem::take(&mut self.has_moved);
        self.idle_turns = if is_idle { self.idle_turns + 1 } else { 0 };
        if self.idle_turns > IDLE_TURNS_MAX || self.turns > TURNS_MAX {
            self.diverges("the loop spins".into());
        }
        if let Err(why) = rest::begins_a_turn(self) {
            self.diverges(why);
        }
    }

    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        self.begin_wait(timeout);
        let until = timeout.map(|timeout| self.now + timeout);
        loop {
            if self.divergence.is_some() {
                return Err(ErrorKind::Other.into());
            }
            while self.happen() && !self.dice.one_in(8) {}
            self.collect(ready);
            let is_interrupted = self.dice.one_in(64);
            if !ready.is_empty() || is_interrupted {
                self.has_moved = true;
                break;
            }
            let is_due = self.events.peek().is_some_and(|Reverse((time, ..))| *time <= self.now);
            if is_due || self.has_edges() {
                continue;
            }
            if timeout == Some(Duration::ZERO) || until.is_some_and(|until| until <= self.now) {
                break;
            }
            rest::check(self, until);
            let event = self.events.peek().map(|Reverse((time, ..))| *time);
            let Some(mut next) = [event, until].into_iter().flatten().min() else {
                self.is_finished = true;
                return Err(ErrorKind::Other.into());
            };
            if self.dice.one_in(64) {
                // The process was stopped for a while, or the disk was slow.
                next += Duration::from_millis(self.dice.pick(&[1, 150, 5_000, 40_000, 100_000]));
                self.count("the loop is held up");
            }
            self.now = next;
        }
        self.epoch += 1;
        self.turn = self.epoch;
        self.tell(|| format!("a turn begins with {ready:?}"));
        Ok(())
    }

    fn accept(&mut self, door: Door) -> io::Result<usize> {
        self.epoch += 1;
        if self.dice.one_in(50) {
            return Err(ErrorKind::Interrupted.into());
        }
        if self.no_descriptors {
            self.failed_at = Some(self.now);
            self.tell(|| "server accepts: EMFILE".into());
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        let next = self.doors[door as usize].waiting.pop_front();
        let Some(index) = next else { return Err(ErrorKind::WouldBlock.into()) };
        self.has_moved = true;
        if self
            .doors
            .iter()
            .enumerate()
            .any(|(other, outside)| other != door as usize && !outside.waiting.is_empty())
        {
            self.count("a client of one door is accepted while others wait at another");
        }
        let link = &mut self.clients[index].link;
        if self.dice.one_in(40) {
            link.stage = Stage::Closed;
            self.tell(|| format!("server accepts: client {index} was gone"));
            self.count("a client is gone before it is accepted");
            return Err(io::Error::from_raw_os_error(ECONNABORTED));
        }
        (link.stage, link.edge) = (Stage::Open, false);
        link.books.accepted(self.now);
        // At the limit of connections, another connection must end first.
        self.most = self.most.max(self.inside().count().min(self.limits.connections_max));
        self.tell(|| format!("server accepts client {index} at {door:?}"));
        Ok(index)
    }

    fn register(&mut self, index: usize, token: Token, before: Interest, now: Interest) -> io::Result<()> {
        let Client { link, dice, .. } = &mut self.clients[index];
        if dice.one_in(link.faults.unwatched) {
            link.excuse = Some("it cannot be registered");
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        let is_right =
            before == link.interest && now > before && link.token.is_none_or(|known| known == token);
        (link.token, link.interest, link.edge) = (Some(token), now, true);
        if !is_right {
            self.diverges(format!("client {index} was registered otherwise than {before:?} and {token:?}"));
        } else if token.key >= self.most {
            self.diverges(format!("{token:?}, and there were never more than {} connections", self.most));
        }
        Ok(())
    }
}
