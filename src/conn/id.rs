//! Which connection, in logs and in tokens.

use std::fmt::{self, Display, Formatter};

/// The number of a connection, in the order they were accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub u32);

impl Display for Id {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
