//! What is served: from the path of a target to a representation, fresh off the disk or kept in memory and
//! compared with the disk before every use. No path is decided anywhere else. What the fields of a
//! request say comes as values, such as codings and tags: no field is read here.
//!
//! epoll cannot wait for a regular file: opening and reading one blocks the loop for as long as the disk
//! takes. It is bounded: a small file is read at once, of a large one only the first bytes are asked for
//! ahead of time, and the rest is sent a bounded part a turn.

mod policy;
mod lock;
pub mod path;
mod root;
mod notices;
mod stamp;
mod freshness;
mod types;
mod contents;
mod kind;
mod inner;
mod resource;
mod neighbours;
mod coding;
mod cache;
mod compressor;
pub mod folder;

pub use contents::Stored;
pub use freshness::Tick;
pub use inner::Asker;
pub use policy::{Compression, Hidden, Policy};
pub use resource::{Choice, Representation};

use crate::http::encoding::Coding;
use crate::http::validators::EntityTag;
use crate::os;
use cache::Cache;
use compressor::Compressor;
use folder::{Folder, Unread};
use freshness::Clock;
use lock::lock;
use neighbours::Comparer;
use path::SitePath;
use resource::Resource;
use root::{Entry, Root};
use stamp::Stamp;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

/// Folders that are listed at the same time: each takes memory for all its names.
const LISTED_MAX: usize = 16;

/// A folder and how it is served. It may be shared by threads: what is locked is held for a lookup, or for a
/// piece of compressing.
pub struct Site {
    policy: Policy,
    clock: Clock,
    base: Mutex<Base>,
    cache: Mutex<Cache>,
    /// As many as there are folders being listed, and one.
    listed: Arc<()>,
    compressor: Mutex<Compressor>,
    comparer: Mutex<Comparer>,
}

/// The root, as it was last seen at its path.
#[derive(Clone)]
struct Base {
    root: Arc<Root>,
    stamp: Stamp,
    seen: Tick,
}

/// When a request is answered.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// By the clock.
    pub time: SystemTime,
    /// When the last of its bytes was read, see [`Site::tick`].
    pub read: Tick,
}

/// What a client takes.
pub struct Wanted<'a> {
    /// Codings, the one it likes best first.
    pub codings: &'a [Coding],
    /// Whether it has the representation with this tag already.
    pub is_held: &'a dyn Fn(&EntityTag) -> bool,
    /// What asks. Few files depend on it, so it is looked up for those alone.
    pub asker: &'a dyn Fn() -> Asker,
}

/// What a path leads to.
pub enum Found {
    /// A file, in a coding that the client takes.
    File(Arc<Representation>),
    /// A file, but in no coding that the client takes.
    NotAcceptable,
    /// A folder without an index.
    Folder(Unread),
    /// A folder whose name was given without its final `/`.
    FolderWithoutSlash {
        /// Where it is with it, as a reference from the path that was asked for.
        location: String,
    },
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No such file, or none that is served.
    NotThere,
    /// The file system does not let us.
    NotAllowed,
    /// No descriptor or memory is left at the moment.
    NotNow,
    /// Anything else that the file system says.
    Broken,
}

/// When there is work again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// In the next turn.
    Now,
    /// Not before this time.
    At(Instant),
    /// When somebody has asked for something.
    None,
}

impl Site {
    /// Serves the folder at `root`.
    pub fn open(root: &Path, policy: Policy) -> io::Result<Site> {
        let clock = Clock::default();
        let base = Mutex::new(Base::of(Root::open(root, policy.links)?, clock.now())?);
        let cache = Mutex::new(Cache::new(policy.cache_bytes_max));
        let (listed, compressor, comparer) = Default::default();
        Ok(Site { policy, clock, base, cache, listed, compressor, comparer })
    }

    /// How it is served.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// To be called when something was read from a client, before it is answered.
    pub fn tick(&self) -> Tick {
        self.clock.tick()
    }

    /// Looks up the percent-encoded `path` of a target. What is kept in memory is compared with the disk after the
    /// request was read: a change made before the client asked is always seen.
    pub fn find(&self, path: &str, wanted: &Wanted<'_>, moment: Moment) -> Result<Found, Missing> {
        let kept = lock(&self.cache).get(path);
        if let Some(resource) = kept {
            if let Some(found) = self.reuse(path, &resource, wanted, moment.read)? {
                return Ok(found);
            }
            lock(&self.cache).remove(path);
        }
        let root = self.base(moment.read)?.root;
        match self.load(&root, path, wanted, moment.time) {
            Err(Missing::NotNow) if self.close_files() => self.load(&root, path, wanted, moment.time),
            loaded => loaded,
        }
    }

    /// Begins to read what is in a folder.
    pub fn read(&self, folder: Unread) -> Result<Folder, Missing> {
        if self.listed() >= LISTED_MAX {
            return Err(Missing::NotNow);
        }
        Ok(Folder::open(folder, self.policy.hidden, self.listed.clone())?)
    }

    /// How many folders are being listed.
    pub fn listed(&self) -> usize {
        Arc::strong_count(&self.listed) - 1
    }

    /// Closes the files that are kept open, since descriptors ran out, and says whether there were any.
    pub fn close_files(&self) -> bool {
        // One after the other: each is locked for its own statement.
        let were_compared = lock(&self.comparer).close_files();
        lock(&self.cache).close_files() || were_compared
    }

    /// Forgets all that is kept, since the clock was set back: what was read by the other clock may tell of a change that
    /// is in the future now (RFC 9110 §8.8.2.1).
    pub fn forget(&self) {
        lock(&self.cache).clear();
    }

    /// Does a bounded piece of the work that no request waits for.
    pub fn work(&self, now: Instant) -> Work {
        let mut compressor = lock(&self.compressor);
        let mut cache = lock(&self.cache);
        if let Some((path, resource)) = compressor.work() {
            cache.replace(&path, resource);
        }
        let mut comparer = lock(&self.comparer);
        if let Some(path) = comparer.work() {
            cache.remove(&path);
        }
        match (compressor.is_idle() && comparer.is_idle(), cache.let_go(now)) {
            (false, _) => Work::Now,
            (true, Some(time)) => Work::At(time),
            (true, None) => Work::None,
        }
    }

    /// What is kept, where it is as it was for a request that was read then.
    fn reuse(
        &self,
        path: &str,
        resource: &Arc<Resource>,
        wanted: &Wanted<'_>,
        read: Tick,
    ) -> Result<Option<Found>, Missing> {
        // A look below the root is no fresher than the one at the root itself.
        if !resource.seen.is_after(read) {
            let base = self.base(read)?;
            if !resource.is_current(&base.root, base.stamp) {
                return Ok(None);
            }
            resource.seen.set(base.seen);
        }
        let found = self.select(path, resource, wanted);
        if let Found::File(it) = &found
            && !it.seen.is_after(read)
        {
            let base = self.base(read)?;
            if !resource.is_current_in(it, &base.root) {
                return Ok(None);
            }
            it.seen.set(base.seen);
        }
        Ok(Some(found))
    }

    fn load(
        &self,
        root: &Arc<Root>,
        path: &str,
        wanted: &Wanted<'_>,
        now: SystemTime,
    ) -> Result<Found, Missing> {
        let Some(decoded) = SitePath::decode(path, self.policy.hidden) else {
            return Err(not_served(root, path));
        };
        let (name, opened) = match (root.entry(decoded.name())?, decoded.is_folder()) {
            (Entry::File(opened), false) => (decoded.name().to_owned(), opened),
            (Entry::Folder, true) => {
                let index = decoded.join(&self.policy.index);
                match root.entry(&index).map_err(Missing::from) {
                    Ok(Entry::File(opened)) => (index, opened),
                    Ok(_) | Err(Missing::NotThere) => {
                        let (root, name) = (root.clone(), decoded.name().to_owned());
                        return Ok(Found::Folder(Unread { root, name }));
                    }
                    Err(missing) => return Err(missing),
                }
            }
            (Entry::Folder, false) => {
                return Ok(Found::FolderWithoutSlash { location: decoded.with_slash() });
            }
            (Entry::File { .. }, true) | (Entry::Other, _) => return Err(Missing::NotThere),
        };
        let Policy { compression, .. } = self.policy;
        let resource = Arc::new(Resource::read(root, name, opened, compression, &self.comparer, now)?);
        if resource.is_settled(now) {
            lock(&self.cache).insert(path, resource.clone());
        }
        Ok(self.select(path, &resource, wanted))
    }

    /// What the client has already, if that is acceptable still, or else what it likes best of what is there, or else
    /// the plain file in place of a coding that is not made yet.
    fn select(&self, path: &str, resource: &Arc<Resource>, wanted: &Wanted<'_>) -> Found {
        let there =
            || wanted.codings.iter().filter_map(|coding| resource.representation(*coding, wanted.asker));
        let held = there().find(|representation| (wanted.is_held)(&representation.validators.etag));
        let found = held.or_else(|| there().next());
        let liked = wanted.codings.iter().take_while(|coding| found.is_none_or(|it| it.coding != **coding));
        if resource.may_gain() {
            self.improve(path, resource, liked.copied());
        }
        match found.or_else(|| resource.stand_in(wanted.codings)) {
            Some(representation) => Found::File(representation.clone()),
            None => Found::NotAcceptable,
        }
    }

    /// Has what a client would have liked better made ready for the next: neighbours are compared with the file, and text
    /// is compressed.
    fn improve(&self, path: &str, resource: &Arc<Resource>, liked: impl Iterator<Item = Coding>) {
        for coding in liked {
            // One lock at a time: the work of a turn holds all, in an order of its own.
            if let Some(unclear) = resource.unclear(coding) {
                lock(&self.comparer).want(path, unclear, &resource.identity().stored);
            }
            if coding == Coding::Gzip && resource.is_compressible() {
                let is_kept = lock(&self.cache).contains(path);
                if is_kept {
                    lock(&self.compressor).want(path, resource);
                }
            }
        }
    }

    /// The root as it is at its path, for a request that was read then.
    fn base(&self, read: Tick) -> io::Result<Base> {
        let base = lock(&self.base).clone();
        if base.seen >= read {
            return Ok(base);
        }
        let look = self.clock.now();
        let base = match base.root.own_stamp()? {
            Some(stamp) => Base { stamp, seen: look, ..base },
            None => Base::of(base.root.reopen()?, look)?,
        };
        *lock(&self.base) = base.clone();
        Ok(base)
    }
}

impl Base {
    /// A root that was just opened, by a look that began at `look`.
    fn of(root: Root, look: Tick) -> io::Result<Base> {
        let stamp = root.folder_stamp(".".as_ref())?;
        Ok(Base { root: Arc::new(root), stamp, seen: look })
    }
}

/// Says once that a file is not served, where its name begins with a dot and it is there. Out of the way of what is asked
/// for every day.
#[cold]
fn not_served(root: &Root, path: &str) -> Missing {
    if let Some(hidden) = SitePath::decode(path, Hidden::Served) {
        root.notices.hidden(hidden.name(), |name| root.is_there(name));
    }
    Missing::NotThere
}

impl From<io::Error> for Missing {
    fn from(error: io::Error) -> Missing {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Missing::NotAllowed,
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::InvalidFilename => Missing::NotThere,
            _ if os::files::is_led_astray(&error) => Missing::NotThere,
            _ if os::is_out_of_descriptors(&error) => Missing::NotNow,
            _ => Missing::Broken,
        }
    }
}
