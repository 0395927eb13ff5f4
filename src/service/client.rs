//! What a handler is told about the client: its address, and the number of its connection. A handler never sees the
//! connection itself.

use super::door::DoorId;
use crate::os::peer::Peer;
use std::fmt::{self, Display, Formatter};

/// The number of a connection, counted in the order of accepting. It names the connection in logs and in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub u32);

impl Display for Id {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A client.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// The number of its connection.
    pub id: Id,
    /// The address from which it connects.
    pub peer: Peer,
    /// The door by which it came in.
    pub door: DoorId,
}
