//! What will happen in a world, and when.

use crate::client::Client;
use crate::world::{WALLS, World};
use std::cmp::Reverse;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    Connect(usize),
    Act(usize),
    Read(usize),
    Disk,
    Descriptors,
    Wall,
    Signal,
}

impl World {
    /// When clients connect, and what else happens.
    pub fn plan(&mut self) {
        let count = match self.dice.below(20) {
            0..12 => 1 + self.dice.below(2),
            12..19 => 2 + self.dice.below(4),
            _ => 5 + self.dice.below(20),
        };
        for index in 0..count as usize {
            let more = if self.disk.has_folders_in_focus() { 4 } else { 0 };
            self.clients.push(Client::any(&mut self.dice, self.below, more, self.now));
            let moments = [0, 0, 0, 1, 5, self.dice.below(60), self.dice.below(60), 1000];
            let when = self.dice.pick(&moments);
            self.after(Duration::from_millis(when), Event::Connect(index));
        }
        let span = self.dice.pick(&[20, 1000, 70_000]);
        if self.disk.has_folders_in_focus() || self.dice.one_in(2) {
            for _ in 0..self.dice.size(15) {
                let when = self.dice.millis(0, span);
                self.after(when, Event::Disk);
            }
        }
        if self.dice.one_in(8) {
            let when = self.dice.millis(0, span);
            self.after(when, Event::Descriptors);
            let until = when + self.dice.millis(0, 3000);
            self.after(until, Event::Descriptors);
        }
        if self.dice.one_in(20) {
            let when = self.dice.millis(0, span);
            self.after(when, Event::Wall);
        }
        if self.dice.one_in(6) {
            let moments = [0, 1, 5, 100, self.dice.below(span)];
            let when = Duration::from_millis(self.dice.pick(&moments));
            self.after(when, Event::Signal);
            if self.dice.one_in(4) {
                let again = when + self.dice.millis(0, 12_000);
                self.after(again, Event::Signal);
            }
        }
    }

    pub fn after(&mut self, time: Duration, event: Event) {
        // Events at the same time come in any order.
        let place = self.dice.roll();
        self.events.push(Reverse((self.now + time, place, event)));
    }

    /// Makes the next due event happen. False if none is due.
    pub fn happen(&mut self) -> bool {
        let Some(Reverse((_, _, event))) =
            self.events.peek().filter(|Reverse((time, ..))| *time <= self.now).copied()
        else {
            return false;
        };
        self.events.pop();
        self.epoch += 1;
        match event {
            Event::Connect(index) => self.connect(index),
            Event::Act(index) => self.act(index),
            Event::Read(index) => self.client_reads(index),
            Event::Disk => self.change_disk(),
            Event::Descriptors => {
                self.no_descriptors ^= true;
                let state = if self.no_descriptors { "none left" } else { "there are some again" };
                self.count("descriptors run out or come back");
                self.tell(|| format!("descriptors: {state}"));
            }
            Event::Wall => {
                self.disk.tags_last = false;
                self.wall = WALLS[usize::from(self.wall == WALLS[0])];
                self.count("the wall clock is set");
                self.tell(|| "the wall clock is set".into());
            }
            Event::Signal => {
                self.signals += 1;
                self.tell(|| "a signal".into());
            }
        }
        true
    }

    pub fn change_disk(&mut self) {
        let (said, kind) = self.disk.change(&mut self.dice, self.epoch);
        self.count(kind);
        self.tell(|| said);
    }
}
