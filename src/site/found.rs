//! What a lookup is asked, and what it finds: values only. The lookup itself is in `mod.rs`.

use super::folder::Unread;
use super::inner::Asker;
use super::resource::{Choice, Representation, Selected};
use crate::http::encoding::Coding;
use crate::os;
use std::cell::Cell;
use std::io;

/// Which representations a client accepts.
pub struct Wanted<'a> {
    /// The codings that the client accepts, the preferred one first.
    pub codings: &'a [Coding],
    /// Whether the client has this representation already.
    pub is_held: &'a dyn Fn(&Representation) -> bool,
    /// What in the client asks for the file. This is called only for the few files that depend on it.
    pub asker: &'a dyn Fn() -> Asker,
    /// What the request has been charged for.
    pub charge: &'a Charge,
}

/// Whether a request was charged for looking up a path anew. It is charged once, however many paths stand for its own: so a
/// request that needs many lookups has its answer as soon as it had one.
#[derive(Default)]
pub struct Charge(Cell<bool>);

impl Charge {
    /// Whether the request was charged.
    pub fn is_paid(&self) -> bool {
        self.0.get()
    }

    /// The request is charged.
    pub(super) fn pay(&self) {
        self.0.set(true);
    }
}

/// What stands under a path.
pub enum Found {
    /// A file, in a coding that the client accepts.
    File(Selected),
    /// A file, but in no coding that the client accepts.
    NotAcceptable(Choice),
    /// A folder without an index.
    Folder(Unread),
    /// A folder, but the path lacks the final `/`.
    FolderWithoutSlash {
        /// The path with its final `/`, as a relative reference from the path of the request.
        location: String,
    },
}

/// Why there is nothing to serve under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The lookup has to wait for the next turn of the loop: it is to be asked for again.
    NotYet,
    /// There is no such file, or it is not served.
    NotThere,
    /// The server lacks the permission to read the file.
    NotAllowed,
    /// The process has no descriptor or memory left at the moment.
    NotNow,
    /// Any other error of the file system.
    Broken,
}

/// Whether a lookup found no file, and the next path may stand for its path.
pub fn is_no_file(found: &Result<Found, Missing>) -> bool {
    matches!(found, Ok(Found::Folder(_) | Found::FolderWithoutSlash { .. }) | Err(Missing::NotThere))
}

impl From<io::Error> for Missing {
    fn from(error: io::Error) -> Missing {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Missing::NotAllowed,
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::InvalidFilename => Missing::NotThere,
            // Folders are renamed while the kernel resolves a name (openat2(2)).
            io::ErrorKind::WouldBlock => Missing::NotYet,
            _ if os::files::is_led_astray(&error) => Missing::NotThere,
            _ if os::is_out_of_descriptors(&error) => Missing::NotNow,
            _ => Missing::Broken,
        }
    }
}
