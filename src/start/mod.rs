//! What happens once, before the loop turns: where to listen, and what is said to the user.

pub mod announce;
pub mod listen;
