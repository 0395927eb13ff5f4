//! What a client would find at a place, in short: enough to see that it is something else than before.

use super::place::{Place, is_folder, name_of};
use crate::os::files::Kind;
use crate::site::path::is_served;
use crate::site::policy::Hidden;
use crate::site::root::{Reach, Root};
use crate::site::stamp::Stamp;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;

/// Names of a folder that are compared, where nothing tells which of them came or went.
const NAMES_MAX: usize = 1024;

/// The end of a name that paths may leave out.
const HTML: &[u8] = b".html";

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Nothing that is served.
    Nothing,
    /// Something that cannot be read, and why.
    Refused(io::ErrorKind),
    /// A file of this version: for a folder, it is the index.
    File(Stamp),
    /// A folder without an index. The number tells its names apart, if they were looked at.
    Folder(Option<u64>),
}

/// How a place is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// No folder on the way is a link, and the names in folders are told of in another way.
    Watched,
    /// Nothing is known but what a look shows.
    Alone,
}

/// What is seen, and whether the last name of it is a link: then it lies elsewhere.
pub struct Seen {
    /// What is there.
    pub sight: Sight,
    /// Whether a link leads there.
    pub by_link: bool,
}

/// What decides on what is at a place.
pub struct Rules {
    /// The names of the files that are served for their folder, the first choice first.
    pub indexes: Vec<String>,
    /// Which names are served.
    pub hidden: Hidden,
    /// Whether `/about` is `/about.html`, where there is no file `about`.
    pub clean_urls: bool,
    /// The pages that clients may get in place of what is missing.
    pub instead: Vec<Place>,
}

impl Sight {
    /// Whether every change after `now` will show: see [`Stamp::is_settled`].
    pub fn is_settled(self, now: SystemTime) -> bool {
        match self {
            Sight::File(stamp) => stamp.is_settled(now),
            Sight::Nothing | Sight::Refused(_) | Sight::Folder(_) => true,
        }
    }

    /// Whether both stand for the same. What is not known of the names in a folder tells nothing apart.
    pub fn is_like(self, other: Sight) -> bool {
        match (self, other) {
            (Sight::Folder(Some(names)), Sight::Folder(Some(others))) => names == others,
            (Sight::Folder(_), Sight::Folder(_)) => true,
            _ => self == other,
        }
    }
}

impl Rules {
    /// The other names that decide on what is at `place`, beside its own: the indexes of a folder.
    pub fn names_for(&self, place: &[u8]) -> Vec<Vec<u8>> {
        match is_folder(place) {
            true => self.indexes.iter().map(|index| [place, index.as_bytes()].concat()).collect(),
            false if self.clean_urls => vec![[place, HTML].concat()],
            false => Vec::new(),
        }
    }

    /// The other place where clients find something else if `name` changes, beside its own and its folder.
    pub fn place_for<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        name.strip_suffix(HTML).filter(|_| self.clean_urls)
    }

    /// Whether clients get a page of the site in place of what is missing.
    pub fn has_instead(&self, root: &Root) -> bool {
        let is_file = |page: &Place| matches!(self.look(root, page, Look::Alone).sight, Sight::File(_));
        self.instead.iter().any(is_file)
    }

    /// Looks at `place` below `root`.
    pub fn look(&self, root: &Root, place: &[u8], look: Look) -> Seen {
        let name = name_of(place);
        if !is_folder(place) {
            let seen = see(root, name, look);
            if !self.clean_urls || matches!(seen.sight, Sight::File(_)) {
                return seen;
            }
            let page = see(root, name_of(&[place, HTML].concat()), look);
            return if matches!(page.sight, Sight::File(_)) { page } else { seen };
        }
        for index in &self.indexes {
            let seen = see(root, &name.join(index), look);
            if !matches!(seen.sight, Sight::Nothing | Sight::Folder(_)) {
                return seen;
            }
        }
        let seen = see(root, name, look);
        match (seen.sight, look) {
            (Sight::File(_), _) => Seen { sight: Sight::Nothing, ..seen },
            (Sight::Folder(_), Look::Alone) => Seen { sight: self.names(root, name), ..seen },
            _ => seen,
        }
    }

    /// The names in a folder that are served, and how each stands, as far as they are looked at.
    fn names(&self, root: &Root, name: &Path) -> Sight {
        let names = match root.names(name) {
            Ok(names) => names,
            Err(error) => return refused(&error),
        };
        let served = names.take(NAMES_MAX).flatten().flatten();
        let served = served.filter(|name| is_served(name.as_bytes(), self.hidden));
        let hash = |file: std::ffi::OsString| {
            let mut hasher = DefaultHasher::new();
            let stamp = root.stat(&name.join(&file)).ok().map(Stamp::from);
            (file.as_bytes(), stamp).hash(&mut hasher);
            hasher.finish()
        };
        Sight::Folder(Some(served.map(hash).fold(0, u64::wrapping_add)))
    }
}

fn see(root: &Root, name: &Path, look: Look) -> Seen {
    let (reach, by_link) = match (look, root.stat(name)) {
        (_, Ok(stat)) if stat.kind == Kind::Link => (Reach::Any, true),
        (Look::Watched, Err(error)) => return Seen { sight: refused(&error), by_link: false },
        (Look::Watched, Ok(stat)) => return Seen { sight: sight(stat.kind, stat.into()), by_link: false },
        (Look::Alone, _) => (Reach::Any, false),
    };
    let sight = match root.find(name, reach) {
        Ok(stat) => sight(stat.kind, stat.into()),
        Err(error) => refused(&error),
    };
    Seen { sight, by_link }
}

fn sight(kind: Kind, stamp: Stamp) -> Sight {
    match kind {
        Kind::File => Sight::File(stamp),
        Kind::Folder => Sight::Folder(None),
        Kind::Link | Kind::Other => Sight::Nothing,
    }
}

fn refused(error: &io::Error) -> Sight {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Sight::Nothing,
        kind => Sight::Refused(kind),
    }
}
