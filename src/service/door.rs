//! Doors: the rules for the clients of each listener. A server may have several listeners, and what it grants to clients of
//! this machine need not be granted to others. The listeners themselves are in `reactor/epoll.rs`; a number joins the two.

use super::hosts::Hosts;

/// The number of a door, in the order in which the doors were given to [`Service`](super::Service) and to the kernel of
/// the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorId(pub usize);

impl DoorId {
    /// The only door of a server that has one.
    pub const FIRST: DoorId = DoorId(0);
}

/// What holds for the requests that come in by one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The hosts that are answered to.
    pub hosts: Hosts,
    /// What a folder without an index shows.
    pub folders: Folders,
    /// Whether the inspector is here, where there is one.
    pub inspector: Inspector,
}

/// What a folder without an index shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folders {
    /// A list of what is in the folder.
    Listed,
    /// Nothing: the folder is not found.
    NotListed,
    /// Nothing; the page and the log name the flag that lists folders.
    Offered,
}

/// Whether the inspector is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspector {
    /// To clients on this machine.
    Shown,
    /// To no client: its paths are like others.
    NotShown,
}

/// For clients that ask for a name of this machine: they see all there is.
impl Default for Door {
    fn default() -> Door {
        Door { hosts: Hosts::Named(Vec::new()), folders: Folders::Listed, inspector: Inspector::Shown }
    }
}
