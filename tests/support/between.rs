//! Epoll, and a test between it and the loop, which sees what the loop is told and may set its clock.

use onepoll::os::peer::Peer;
use onepoll::reactor::epoll::Epoll;
use onepoll::reactor::kernel::{Kernel, Ready, Token, Watched};
use onepoll::service::DoorId;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant, SystemTime};

/// The real kernel, by way of a test's.
pub struct Between<H> {
    pub epoll: Epoll,
    pub hooks: H,
}

/// What the test does there; what it leaves out stays as it is.
pub trait Hooks {
    /// A wait is over and brought this.
    fn woke(&mut self, _ready: &[Ready]) {}

    /// A client of this door was accepted.
    fn accepted(&mut self, _door: DoorId) {}

    /// What the loop takes for the time of day.
    fn wall(&self, wall: SystemTime) -> SystemTime {
        wall
    }
}

impl<H: Hooks> Kernel for Between<H> {
    type Socket = OwnedFd;

    fn wait(&mut self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<()> {
        self.epoll.wait(ready, timeout)?;
        self.hooks.woke(ready);
        Ok(())
    }

    fn accept(&mut self, door: DoorId) -> io::Result<(OwnedFd, Peer)> {
        let accepted = self.epoll.accept(door)?;
        self.hooks.accepted(door);
        Ok(accepted)
    }

    fn stop_listening(&mut self) {
        self.epoll.stop_listening();
    }

    fn watch(&mut self, socket: &mut OwnedFd, token: Token, before: Watched, now: Watched) -> io::Result<()> {
        self.epoll.watch(socket, token, before, now)
    }

    fn now(&self) -> (Instant, SystemTime) {
        let (now, wall) = self.epoll.now();
        (now, self.hooks.wall(wall))
    }
}
