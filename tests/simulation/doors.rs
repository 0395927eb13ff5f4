//! The doors of the server: what holds at each, in the words of the server and in those of the model, and who waits there.

use onepoll::service::door::Folders;
use onepoll::service::hosts::Hosts;
use onepoll::service::{self, DoorId};
use std::collections::VecDeque;

/// A door, as the model has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It answers to names of this machine, and lists folders.
    Local,
    /// It answers to every name, and lists nothing.
    Open,
}

/// All doors, in the order of their numbers.
pub const DOORS: [Door; 2] = [Door::Local, Door::Open];

impl Door {
    /// The door of this number.
    pub fn of(DoorId(number): DoorId) -> Door {
        DOORS[number]
    }

    /// Its number.
    pub fn id(self) -> DoorId {
        DoorId(self as usize)
    }

    /// What the server is told of it.
    pub fn rules(self) -> service::Door {
        let (hosts, folders) = match self {
            Door::Local => (Hosts::Named(Vec::new()), Folders::Listed),
            Door::Open => (Hosts::Any, Folders::NotListed),
        };
        service::Door { hosts, folders, ..service::Door::default() }
    }
}

/// What is on the outer side of a door.
#[derive(Default)]
pub struct Outside {
    /// Clients that have connected and wait to be accepted, in that order.
    pub waiting: VecDeque<usize>,
    /// Whether the server is yet to be told that clients have come.
    pub knock: bool,
}
