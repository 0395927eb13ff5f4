//! System calls that neither std nor mio offers. All code that only works on Linux is in this room, each with a portable
//! substitute beside it. This room imports no other room.

pub mod peer;
pub mod addresses;
pub mod sockets;
pub mod files;
pub mod inotify;
pub mod stderr;
pub mod containment;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use std::io;

/// Whether an error says that there is no descriptor left, or no memory for one (EMFILE, ENFILE, ENOBUFS, ENOMEM).
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    let out = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| out.contains(&errno))
}

/// Whether an error of accept(2) concerns only one client, which disconnected before it was accepted (accept(2), "Error
/// handling").
pub fn is_of_one_client(error: &io::Error) -> bool {
    const GONE: [Errno; 9] = [
        Errno::CONNABORTED,
        Errno::PROTO,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::NETUNREACH,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::OPNOTSUPP,
        Errno::TIMEDOUT,
    ];
    Errno::from_io_error(error).is_some_and(|errno| GONE.contains(&errno))
}

/// Whether an error of bind(2) or socket(2) says that this machine has no such address, or none of its kind: there may be no
/// IPv6 at all.
pub fn is_missing_address(error: &io::Error) -> bool {
    let missing = [Errno::ADDRNOTAVAIL, Errno::AFNOSUPPORT];
    Errno::from_io_error(error).is_some_and(|errno| missing.contains(&errno))
}

/// Whether the process may do what it likes on this machine.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// Raises the soft limit of open descriptors to the hard limit, if possible, and gives the soft limit (setrlimit(2)).
pub fn raise_descriptor_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    limit.map_or(usize::MAX, |limit| limit.try_into().unwrap_or(usize::MAX))
}
