//! What a user may look for in vain: a word in the log about each, once, that names the flag by which it is shown.

use super::path::is_served;
use super::policy::Hidden;
use crate::log::escaped::Escaped;
use log::info;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Notices that are given. A client that asks for more than that is not a user who misses a flag.
const NOTICES_MAX: usize = 64;

/// What was said so far.
#[derive(Default)]
pub struct Notices(Mutex<Vec<Notice>>);

/// Names are compared as bytes: another place that compares paths would make a hit of a file in memory dearer.
#[derive(PartialEq, Eq)]
enum Notice {
    /// This was asked for, and a name in it begins with a dot.
    Hidden(OsString),
    /// A listing leaves out names that begin with a dot.
    LeftOut,
    /// This is a link that leads out, or is below one.
    LeadsOut(OsString),
    /// A folder has no index, and is not listed.
    NotListed,
}

impl Notices {
    /// `name`, which was asked for, may have a part that begins with a dot; `is_there` looks on the disk, once there is
    /// something to be said. Of a name that does not exist nothing is: programs ask for `/.env` everywhere, all day.
    pub fn hidden(&self, name: &Path, is_there: impl FnOnce(&Path) -> bool) {
        let is_hidden = |name: &OsStr| !is_served(name.as_bytes(), Hidden::Absent);
        let Some(at) = name.iter().position(is_hidden) else { return };
        let name: PathBuf = name.iter().take(at + 1).collect();
        let notice = Notice::Hidden(name.clone().into());
        if self.is_news(&notice) && is_there(&name) && self.is_first(notice) {
            info!("{} is not served, as its name begins with a dot; --hidden serves it", shown(&name));
        }
    }

    /// `name` is left out of the listing of `folder`, since it begins with a dot.
    pub fn left_out(&self, folder: &Path, name: &OsStr) {
        if self.is_first(Notice::LeftOut) {
            let name = shown(&folder.join(name));
            info!("{name} is not listed, nor are other names that begin with a dot; --hidden shows them");
        }
    }

    /// `name` is a link that leads out of the folder, or is below one.
    #[cold]
    pub fn leads_out(&self, name: &Path) {
        // A listing of the root calls it `./name`.
        let name = name.strip_prefix(".").unwrap_or(name);
        if self.is_first(Notice::LeadsOut(name.into())) {
            info!(
                "{} is not served, as a link leads out of the folder; --follow-links follows it",
                shown(name)
            );
        }
    }

    /// The folder `name` has no index, and is not listed.
    #[cold]
    pub fn not_listed(&self, name: &Path) {
        if self.is_first(Notice::NotListed) {
            let name = shown(name);
            info!(
                "{name} has no index, and is not listed, as other machines can reach it; --listing on lists it"
            );
        }
    }

    fn is_news(&self, notice: &Notice) -> bool {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.len() < NOTICES_MAX && !said.contains(notice)
    }

    /// Whether this was not said before; from now on it was.
    fn is_first(&self, notice: Notice) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = said.len() < NOTICES_MAX && !said.contains(&notice);
        if is_first {
            said.push(notice);
        }
        is_first
    }
}

/// A name below the root as a path. It may be a client's, or that of a file which a client has made.
fn shown(name: &Path) -> String {
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
        assert!(!notices.is_news(&Notice::LeadsOut("out".into())));
        assert!(notices.is_news(&Notice::LeadsOut("folder/out".into())));
    }
}
