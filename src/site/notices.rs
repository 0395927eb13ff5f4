//! Notices in the log about files that exist but are not served. Each notice is logged once, and names the flag that
//! changes it.

use super::path::is_served;
use super::policy::Hidden;
use crate::log::escaped::Escaped;
use log::info;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The most notices that are logged. A client that causes more is probably a scanner, and not a user who misses a flag.
const NOTICES_MAX: usize = 64;

/// The notices that were logged so far.
#[derive(Default)]
pub struct Notices(Mutex<Vec<Notice>>);

/// Names are `OsString`s, so that they are compared as bytes. With one more place in the program that compares paths, a
/// cache hit takes more instructions.
#[derive(PartialEq, Eq)]
enum Notice {
    /// A client asked for this name, and a part of it begins with a dot.
    Hidden(OsString),
    /// A listing left out a name that begins with a dot.
    LeftOut,
    /// This name is a link that leads out of the folder, or is below such a link.
    LeadsOut(OsString),
    /// A folder has no index, and is not listed.
    NotListed,
    /// A file or a folder was left out of an archive, as it cannot be read.
    NotReadable,
}

impl Notices {
    /// Gives notice if a part of `name`, which a client asked for, begins with a dot and exists. `is_there` looks at the
    /// disk, and is called only if a notice is due. Names that do not exist get no notice: scanners ask every server for
    /// `/.env`, all day.
    pub fn hidden(&self, name: &Path, is_there: impl FnOnce(&Path) -> bool) {
        let is_hidden = |name: &OsStr| !is_served(name.as_bytes(), Hidden::Absent);
        let Some(at) = name.iter().position(is_hidden) else { return };
        let name: PathBuf = name.iter().take(at + 1).collect();
        let notice = Notice::Hidden(name.clone().into());
        if self.is_new(&notice) && is_there(&name) && self.remember(notice) {
            info!("{} is not served, as its name begins with a dot; --hidden serves it", shown(&name));
        }
    }

    /// Gives notice that the listing of `folder` leaves out `name`, since it begins with a dot.
    pub fn left_out(&self, folder: &Path, name: &OsStr) {
        if self.remember(Notice::LeftOut) {
            let name = shown(&folder.join(name));
            info!("{name} is not listed, nor are other names that begin with a dot; --hidden shows them");
        }
    }

    /// Gives notice that `name` is a link that leads out of the folder, or is below such a link.
    #[cold]
    pub fn leads_out(&self, name: &Path) {
        // A listing of the root calls it `./name`.
        let name = name.strip_prefix(".").unwrap_or(name);
        if self.remember(Notice::LeadsOut(name.into())) {
            info!(
                "{} is not served, as a link leads out of the folder; --follow-links follows it",
                shown(name)
            );
        }
    }

    /// Gives notice that the folder `name` has no index, and is not listed.
    #[cold]
    pub fn not_listed(&self, name: &Path) {
        if self.remember(Notice::NotListed) {
            let name = shown(name);
            info!(
                "{name} has no index, and is not listed, as other machines can reach it; --listing on lists it"
            );
        }
    }

    /// Gives notice that an archive leaves out `name`, since the server has no permission to read it.
    #[cold]
    pub fn not_readable(&self, name: &Path) {
        if self.remember(Notice::NotReadable) {
            let name = shown(name);
            info!(
                "{name} is left out of an archive, as are others that this server has no permission to read"
            );
        }
    }

    fn is_new(&self, notice: &Notice) -> bool {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.len() < NOTICES_MAX && !given.contains(notice)
    }

    /// Remembers that `notice` is given. False if it was given before, or if too many were.
    fn remember(&self, notice: Notice) -> bool {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = given.len() < NOTICES_MAX && !given.contains(&notice);
        if is_new {
            given.push(notice);
        }
        is_new
    }
}

/// A name below the root as a path for the log. The name is escaped, since it may come from a client.
pub(super) fn shown(name: &Path) -> String {
    let name = name.strip_prefix(".").unwrap_or(name);
    format!("/{}", Escaped(name.as_os_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_of_once_whether_it_is_listed_or_asked_for() {
        let notices = Notices::default();
        notices.leads_out("./out".as_ref());
        assert!(!notices.is_new(&Notice::LeadsOut("out".into())));
        assert!(notices.is_new(&Notice::LeadsOut("folder/out".into())));
    }
}
