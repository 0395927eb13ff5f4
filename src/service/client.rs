//! Who asks: what a handler is told of the client.

use super::door::DoorId;
use crate::os::peer::Peer;
use std::fmt::{self, Display, Formatter};

/// The number of a connection, in the order they were accepted: it names the connection in logs and in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub u32);

impl Display for Id {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A client, as its connection knows it.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// The number of its connection.
    pub id: Id,
    /// The address that it connects from.
    pub peer: Peer,
    /// The door that it came in by.
    pub door: DoorId,
}
