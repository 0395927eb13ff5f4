//! What is served: from the path of a target to a representation. A representation comes from the disk, or from the cache
//! after it was compared with the disk.
//!
//! This room alone decides which file a path names. It reads no field of a request: codings and tags are handed in as
//! values.
//!
//! A regular file cannot be waited for. epoll_ctl(2) refuses it with EPERM, and poll(2) reports it as always ready, since a
//! file has no buffer that fills or empties: a read(2) of bytes that are not in the page cache does not give `WouldBlock`, it
//! sleeps until the disk has them, and all connections sleep with it. So each sleep is kept short: a small file is read at
//! once; of a large file, the kernel is asked to read the first bytes ahead of time, and a bounded part is sent a turn.

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

/// Folders that are listed at the same time. Each listing holds all names of its folder in memory.
const LISTED_MAX: usize = 16;

/// A folder, and how it is served. Threads may share it: a lock is held for a lookup, or for one piece of compressing.
pub struct Site {
    policy: Policy,
    clock: Clock,
    base: Mutex<Base>,
    cache: Mutex<Cache>,
    /// Counts the folders that are being listed: each holds a clone of this.
    listed: Arc<()>,
    compressor: Mutex<Compressor>,
    comparer: Mutex<Comparer>,
}

/// The root folder, as it was at the last look at its path.
#[derive(Clone)]
struct Base {
    root: Arc<Root>,
    stamp: Stamp,
    seen: Tick,
}

/// The time of a request.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time by the clock when it is answered.
    pub time: SystemTime,
    /// When its last byte was read, see [`Site::tick`].
    pub read: Tick,
}

/// Which representations a client accepts.
pub struct Wanted<'a> {
    /// The codings that the client accepts, the preferred one first.
    pub codings: &'a [Coding],
    /// Whether the client has the representation with this tag already.
    pub is_held: &'a dyn Fn(&EntityTag) -> bool,
    /// What in the client asks for the file. This is called only for the few files that depend on it.
    pub asker: &'a dyn Fn() -> Asker,
}

/// What stands under a path.
pub enum Found {
    /// A file, in a coding that the client accepts.
    File(Arc<Representation>),
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
    /// There is no such file, or it is not served.
    NotThere,
    /// The server lacks the permission to read the file.
    NotAllowed,
    /// The process has no descriptor or memory left at the moment.
    NotNow,
    /// Any other error of the file system.
    Broken,
}

/// When [`Site::work`] has to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// In the next turn.
    Now,
    /// At this time.
    At(Instant),
    /// After the next request.
    None,
}

impl Site {
    /// Opens the folder at `root`, to be served by `policy`. An error if the folder cannot be opened.
    pub fn open(root: &Path, policy: Policy) -> io::Result<Site> {
        let clock = Clock::default();
        let base = Mutex::new(Base::of(Root::open(root, policy.links)?, clock.now())?);
        let cache = Mutex::new(Cache::new(policy.cache_bytes_max));
        let (listed, compressor, comparer) = Default::default();
        Ok(Site { policy, clock, base, cache, listed, compressor, comparer })
    }

    /// How the folder is served.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Counts a read from a socket; to be called after the read and before the request is answered. Gives the time of the
    /// read for [`Moment::read`].
    pub fn tick(&self) -> Tick {
        self.clock.tick()
    }

    /// Looks up the percent-encoded `path` of a target. A file from the cache is compared with the disk after the request
    /// was read: a change made before the client asked is always seen.
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

    /// Begins to read the entries of a folder.
    pub fn read(&self, folder: Unread) -> Result<Folder, Missing> {
        if self.listed() >= LISTED_MAX {
            return Err(Missing::NotNow);
        }
        Ok(Folder::open(folder, self.policy.hidden, self.listed.clone())?)
    }

    /// The number of folders that are being listed.
    pub fn listed(&self) -> usize {
        Arc::strong_count(&self.listed) - 1
    }

    /// Closes the files that are kept open, since the process ran out of descriptors. False if no file was open.
    pub fn close_files(&self) -> bool {
        // Each lock is released at the end of its statement, so the two are never held together.
        let were_compared = lock(&self.comparer).close_files();
        lock(&self.cache).close_files() || were_compared
    }

    /// Empties the cache, since the clock was set back: a file in the cache may have a `Last-Modified` that is now in the
    /// future (RFC 9110 §8.8.2.1).
    pub fn forget(&self) {
        lock(&self.cache).clear();
    }

    /// Does a bounded piece of the work for which no request waits: compressing, comparing, and closing unused files.
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
        match (compressor.is_idle() && comparer.is_idle(), cache.close_unused(now)) {
            (false, _) => Work::Now,
            (true, Some(time)) => Work::At(time),
            (true, None) => Work::None,
        }
    }

    /// The answer from the cache for a request whose last byte was read at `read`; `None` if the file has changed.
    fn reuse(
        &self,
        path: &str,
        resource: &Arc<Resource>,
        wanted: &Wanted<'_>,
        read: Tick,
    ) -> Result<Option<Found>, Missing> {
        // A look at a file below the root counts from the look at the root itself, which came before.
        if !resource.seen.is_fresh_for(read) {
            let base = self.base(read)?;
            if !resource.is_current(&base.root, base.stamp) {
                return Ok(None);
            }
            resource.seen.set(base.seen);
        }
        let found = self.select(path, resource, wanted);
        if let Found::File(it) = &found
            && !it.seen.is_fresh_for(read)
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

    /// Selects a representation. First choice is one that the client has already and still accepts. Second is the one that
    /// the client prefers. Last is the plain file, in place of a coding that is not ready yet.
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
            // Another client takes the file as it is.
            None => Found::NotAcceptable(resource.identity().choice.max(Choice::Coding)),
        }
    }

    /// Queues the work for representations that the client would have preferred (`liked`), for later requests: neighbours
    /// are compared with the file, and text is compressed.
    fn improve(&self, path: &str, resource: &Arc<Resource>, liked: impl Iterator<Item = Coding>) {
        for coding in liked {
            // One lock at a time: `work` holds all three, in another order, and two threads could wait for each other.
            if let Some(unclear) = resource.unclear(coding) {
                let is_open = lock(&self.comparer).want(path, unclear, &resource.identity().stored);
                if !is_open {
                    lock(&self.cache).remove(path);
                }
            }
            if coding == Coding::Gzip && resource.is_compressible() {
                let is_kept = lock(&self.cache).contains(path);
                if is_kept {
                    lock(&self.compressor).want(path, resource);
                }
            }
        }
    }

    /// The root folder, looked at again unless the last look is fresh enough for a request read at `read`.
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
    /// The base for a root that was opened by a look that began at `look`.
    fn of(root: Root, look: Tick) -> io::Result<Base> {
        let stamp = root.folder_stamp(".".as_ref())?;
        Ok(Base { root: Arc::new(root), stamp, seen: look })
    }
}

/// Tells the user once in the log if a file is not served because its name begins with a dot. Such requests are rare, so
/// this function is kept away from the code for other requests (`#[cold]`).
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
