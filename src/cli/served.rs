//! What is served: a folder, or one file of a folder, as the user named it.

use super::place::flags_for;
use super::refusal::shown;
use onepoll::os::files::Links;
use onepoll::site::Policy;
use std::ffi::OsString;
use std::fs::FileType;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// What is served.
pub struct Served {
    /// What the user named.
    pub named: PathBuf,
    /// The folder below which names are looked up.
    pub root: PathBuf,
    /// The one file in that folder that is served; `None` if the user named the folder.
    pub file: Option<OsString>,
    /// Whether the name of the file is a link.
    is_link: bool,
}

impl Served {
    /// What is at `named`. The error is a sentence, with `origin` behind what it says of the name.
    pub fn at(named: &Path, origin: &str) -> Result<Served, String> {
        let kind = named.metadata().map_err(|error| not_served(named, origin, &error))?.file_type();
        let served = |root: &Path, file| Served {
            named: named.to_owned(),
            root: root.to_owned(),
            file,
            is_link: named.is_symlink(),
        };
        match (named.parent(), named.file_name()) {
            _ if kind.is_dir() => Ok(served(named, None)),
            (Some(folder), Some(name)) if kind.is_file() => {
                let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                Ok(served(folder, Some(name.to_owned())))
            }
            _ => Err(format!(
                "{} is {}{origin}; name a folder or a regular file: onepoll DIR",
                shown(named),
                called(kind)
            )),
        }
    }

    /// How it is served. A file that is a link at the start was named on purpose, so the link is followed wherever it leads.
    /// No other link is asked for.
    pub fn by(&self, policy: Policy) -> Policy {
        let links = if self.is_link && self.file.is_some() { Links::Anywhere } else { policy.links };
        Policy { only: self.file.clone(), links, ..policy }
    }

    /// Why it cannot be opened.
    pub fn refusal(&self, origin: &str, error: &io::Error) -> String {
        match (&self.file, error.kind()) {
            (Some(_), io::ErrorKind::PermissionDenied) => format!(
                "{}: no permission to read this file{origin}; serve another one, or change its mode",
                shown(&self.named)
            ),
            _ => not_served(&self.named, origin, error),
        }
    }
}

fn called(kind: FileType) -> &'static str {
    match kind {
        _ if kind.is_fifo() => "a pipe",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

fn not_served(named: &Path, origin: &str, error: &io::Error) -> String {
    let named = shown(named);
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => match flags_for(&named) {
            Some(flags) => {
                format!("{named}: no such folder or file{origin}; to listen there: onepoll {flags}")
            }
            None => format!("{named}: no such folder or file{origin}; name one that exists: onepoll DIR"),
        },
        io::ErrorKind::PermissionDenied => format!(
            "{named}: no permission to look into this folder{origin}; serve another one, or change its mode"
        ),
        _ => format!("{named}: cannot be served{origin}: {error}"),
    }
}
