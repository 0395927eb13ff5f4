//! What is served: from the path of a target to a representation. A representation comes from the disk, or from the cache
//! after it was compared with the disk.
//!
//! This room alone decides which file a path names. It reads no field of a request: codings and tags are handed in as
//! values.
//!
//! A look at a folder, the root included, serves all requests that were read before it. So a request for a file in memory
//! costs one stat(2) of its own, however deep the file lies, and each folder on the way costs one for all requests of a turn.
//!
//! A regular file cannot be waited for. epoll_ctl(2) refuses it with EPERM, and poll(2) reports it as always ready, since a
//! file has no buffer that fills or empties: a read(2) of bytes that are not in the page cache does not give `WouldBlock`, it
//! sleeps until the disk has them, and all connections sleep with it. So each sleep is kept short: a small file is read at
//! once; of a large file, the kernel is asked to read the first bytes ahead of time, and a bounded part is sent a turn. And a
//! lookup may have to wait ([`Missing::NotYet`]): a connection has a few paths looked up anew before the next has its turn.

mod policy;
mod lock;
pub mod path;
mod fallback;
mod only;
mod root;
mod notices;
mod stamp;
mod freshness;
mod tree;
mod types;
mod contents;
mod kind;
mod inner;
mod resource;
mod neighbours;
mod names;
mod coding;
mod cache;
mod missing;
mod compressor;
mod watch;
pub mod folder;
pub mod walk;
mod found;

pub use coding::{Crc, Deflater, Piece, unpack};
pub use contents::Stored;
pub use fallback::{NOT_FOUND_PAGE, is_page_of_app};
pub use found::{Charge, Found, Missing, Wanted};
pub use freshness::{Moment, Tick};
pub use inner::Asker;
pub use kind::Charset;
pub use policy::{CleanUrls, Compression, Hidden, Policy, Spa, Watching};
pub use resource::{Choice, Description, Representation, Selected};
pub use types::Types;
pub use watch::{Subscription, Watcher};

use crate::http::encoding::Coding;
use cache::Cache;
use compressor::Compressor;
use folder::{Folder, Unread};
use found::is_no_file;
use freshness::Clock;
use lock::lock;
use missing::MissingNames;
use names::NameReader;
use neighbours::Comparer;
use only::Only;
use path::SitePath;
use resource::{Asked, Resource};
use root::{Entry, Reach, Root};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};
use tree::{KnownFolder, Tree, Way};
use walk::Walk;

/// Paths that a connection has looked up anew before the next connection has its turn. Each costs a few calls on the disk, and
/// a disk that sleeps takes its time for each: so others do not wait for all that one client asks for in one write.
const LOOKUPS_PER_DRIVE: usize = 4;

/// Folders that are listed at the same time. Each listing holds all names of its folder in memory.
const LISTED_MAX: usize = 16;

/// Folders that are walked through at the same time. A walk lasts as long as its client takes to read what is made of it.
const WALKS_MAX: usize = 8;

/// A folder, and how it is served. Threads may share it: a lock is held for a lookup, or for one piece of compressing.
pub struct Site {
    policy: Policy,
    only: Option<Only>,
    /// Whether a path may lead elsewhere than to its own name. One look at this is all that it costs the sites without.
    has_rules: bool,
    clock: Clock,
    tree: Mutex<Arc<Tree>>,
    cache: Mutex<Cache>,
    missing: Mutex<MissingNames>,
    /// Counts the folders that are being listed: each holds a clone of this.
    listed: Arc<()>,
    /// Counts the walks through folders: each holds a clone of this.
    walks: Arc<()>,
    compressor: Mutex<Compressor>,
    comparer: Mutex<Comparer>,
    names: Mutex<NameReader>,
    /// The lookups that are left for the connection that is driven.
    lookups: AtomicUsize,
    watcher: Option<Watcher>,
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

impl Work {
    /// The same, or work at `time` where that comes first.
    fn or_at(self, time: Option<Instant>, now: Instant) -> Work {
        match (self, time) {
            (Work::Now, _) => Work::Now,
            (_, Some(time)) if time <= now => Work::Now,
            (Work::At(other), Some(time)) => Work::At(other.min(time)),
            (Work::None, Some(time)) => Work::At(time),
            (work, None) => work,
        }
    }
}

impl Site {
    /// Opens the folder at `root`, to be served by `policy`. An error if the folder cannot be opened, or the one file that is
    /// served of it.
    pub fn open(root: &Path, mut policy: Policy) -> io::Result<Site> {
        let only = Only::of(&mut policy);
        if policy.watching == Watching::On {
            policy.fresh_seconds = None;
        }
        let clock = Clock::default();
        let tree = Arc::new(Tree::of(Root::open(root, policy.links)?, clock.now())?);
        if let Some(only) = &only
            && !matches!(tree.root.entry(only.name(), Reach::Any)?, Entry::File(_))
        {
            return Err(io::ErrorKind::NotFound.into());
        }
        let is_watched = policy.watching == Watching::On;
        let watcher = is_watched.then(|| Watcher::new(&tree.root, &policy, only.clone()));
        let tree = Mutex::new(tree);
        let cache = Mutex::new(Cache::new(policy.cache_bytes_max));
        let (missing, listed, walks, compressor, comparer, names) = Default::default();
        let lookups = LOOKUPS_PER_DRIVE.into();
        Ok(Site {
            has_rules: only.is_some() || fallback::are_there(&policy),
            policy,
            only,
            clock,
            tree,
            cache,
            missing,
            listed,
            walks,
            compressor,
            comparer,
            names,
            lookups,
            watcher,
        })
    }

    /// How the folder is served.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What notices changes of files; `None` without `--watch`.
    pub fn watcher(&self) -> Option<&Watcher> {
        self.watcher.as_ref()
    }

    /// Counts a read from a socket; to be called after the read and before the request is answered. Gives the time of the
    /// read for [`Moment::read`].
    pub fn tick(&self) -> Tick {
        self.clock.tick()
    }

    /// The next connection is driven.
    pub fn begin_drive(&self) {
        self.lookups.store(LOOKUPS_PER_DRIVE, Ordering::Relaxed);
    }

    /// Looks up the percent-encoded `path` of a target, and where it names no file, the paths that stand for it. What is
    /// remembered is compared with the disk after the request was read: a change made before the client asked is always seen.
    pub fn find(&self, path: &str, wanted: &Wanted<'_>, moment: Moment) -> Result<Found, Missing> {
        if self.has_rules {
            return match &self.only {
                Some(only) => self.find_only(only, path, wanted, moment),
                None => self.find_any(path, wanted, moment),
            };
        }
        self.look_up(path, wanted, moment)
    }

    /// Looks up the page of the site that is shown in place of every 404.
    pub fn find_not_found_page(&self, wanted: &Wanted<'_>, moment: Moment) -> Result<Found, Missing> {
        if self.only.is_some() || lock(&self.missing).lacks_page(&self.clock, moment.read) {
            return Err(Missing::NotThere);
        }
        self.look_up(NOT_FOUND_PAGE, wanted, moment)
    }

    /// Looks up the one file that is served, if `path` names it. A folder that takes its place is not served.
    fn find_only(
        &self,
        only: &Only,
        path: &str,
        wanted: &Wanted<'_>,
        moment: Moment,
    ) -> Result<Found, Missing> {
        if !only.is_named_by(path) {
            return Err(Missing::NotThere);
        }
        let found = self.look_up(only.path(), wanted, moment);
        if is_no_file(&found) { Err(Missing::NotThere) } else { found }
    }

    /// Looks up `path` and the paths that stand for it: first the files that stand for a folder, then the path itself, then
    /// the page that it names without an extension.
    fn find_any(&self, path: &str, wanted: &Wanted<'_>, moment: Moment) -> Result<Found, Missing> {
        for index in fallback::indexes(path, &self.policy) {
            let found = self.look_up(&index, wanted, moment);
            if !is_no_file(&found) {
                return found;
            }
        }
        let found = self.look_up(path, wanted, moment);
        if !is_no_file(&found) {
            return found;
        }
        let Some(page) = fallback::page(path, &self.policy) else { return found };
        let instead = self.look_up(&page, wanted, moment);
        if is_no_file(&instead) { found } else { instead }
    }

    /// Looks up `path` alone.
    fn look_up(&self, path: &str, wanted: &Wanted<'_>, moment: Moment) -> Result<Found, Missing> {
        if let Some(watcher) = &self.watcher {
            watcher.watch(path);
        }
        let kept = lock(&self.cache).get(path);
        if let Some(resource) = kept {
            if let Some(found) = self.reuse(path, &resource, wanted, moment) {
                return Ok(found);
            }
            lock(&self.cache).remove(path);
        } else if self.is_still_missing(path, moment) {
            return Err(Missing::NotThere);
        }
        if !self.may_load(wanted.charge) {
            return Err(Missing::NotYet);
        }
        match self.load(path, wanted, moment) {
            Err(Missing::NotNow) if self.close_files() => self.load(path, wanted, moment),
            loaded => loaded,
        }
    }

    /// Whether a path may be looked up anew in this turn, for a request that is charged for it here.
    fn may_load(&self, charge: &Charge) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let may = charge.is_paid()
            || self.lookups.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok();
        if may {
            charge.pay();
        }
        may
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

    /// Begins to walk through a folder.
    pub fn walk(&self, Unread { root, name }: Unread) -> Result<Walk, Missing> {
        if Arc::strong_count(&self.walks) > WALKS_MAX {
            return Err(Missing::NotNow);
        }
        Ok(Walk::begin(root, name, &self.policy, self.walks.clone())?)
    }

    /// Closes the files that are kept open, since the process ran out of descriptors. False if no file was open.
    pub fn close_files(&self) -> bool {
        // Each lock is released at the end of its statement, so no two are held together.
        let were_compared = lock(&self.comparer).close_files();
        let were_read = lock(&self.names).close_files();
        lock(&self.cache).close_files() || were_compared || were_read
    }

    /// Forgets all files and missing names, since the root was replaced, or since the clock was set back: a file in the cache
    /// may have a `Last-Modified` that is now in the future (RFC 9110 §8.8.2.1).
    pub fn forget(&self) {
        lock(&self.cache).clear();
        lock(&self.missing).clear();
    }

    /// Does a bounded piece of the work for which no request waits: reading names, compressing, comparing, closing unused files,
    /// and noticing changes.
    pub fn work(&self, now: Instant) -> Work {
        let work = self.work_on_files(now);
        match &self.watcher {
            Some(watcher) => work.or_at(self.notice_changes(watcher, now), now),
            None => work,
        }
    }

    fn notice_changes(&self, watcher: &Watcher, now: Instant) -> Option<Instant> {
        let root = lock(&self.tree).root.clone();
        watcher.work(now, &root, || Some(self.tree(self.clock.tick()).ok()?.root.clone()))
    }

    fn work_on_files(&self, now: Instant) -> Work {
        let mut names = lock(&self.names);
        names.work();
        let mut compressor = lock(&self.compressor);
        let mut cache = lock(&self.cache);
        if let Some(resource) = compressor.work() {
            cache.replace(resource);
        }
        let mut comparer = lock(&self.comparer);
        if let Some(path) = comparer.work() {
            cache.remove(&path);
        }
        match (names.is_idle() && compressor.is_idle() && comparer.is_idle(), cache.close_unused(now)) {
            (false, _) => Work::Now,
            (true, Some(time)) => Work::At(time),
            (true, None) => Work::None,
        }
    }

    /// The answer from the cache; `None` if the file has changed.
    fn reuse(
        &self,
        path: &str,
        resource: &Arc<Resource>,
        wanted: &Wanted<'_>,
        moment: Moment,
    ) -> Option<Found> {
        if !resource.is_current(&self.clock, &self.names, moment) {
            return None;
        }
        let found = self.select(path, resource, wanted);
        let is_current = match &found {
            Found::File(it) => it.is_current(moment),
            _ => true,
        };
        is_current.then_some(found)
    }

    /// Whether `path` was asked for before and led to nothing, and nothing came by this name since.
    fn is_still_missing(&self, path: &str, moment: Moment) -> bool {
        let Some((folder, version)) = lock(&self.missing).get(path) else { return false };
        let is_missing = folder.look(&self.clock, moment.read) && folder.version() == version;
        if !is_missing {
            lock(&self.missing).remove(path);
        }
        is_missing
    }

    /// Remembers that `path` leads to nothing, since a name is missing in `folder`, if every name that comes will be noticed.
    fn remember_missing(&self, path: &str, folder: Arc<KnownFolder>, now: SystemTime) -> Missing {
        if let Some(version) = folder.settled_version(now) {
            lock(&self.missing).insert(path, folder, version);
        }
        Missing::NotThere
    }

    /// Looks up `path` on the disk.
    fn load(&self, path: &str, wanted: &Wanted<'_>, moment: Moment) -> Result<Found, Missing> {
        let tree = self.tree(moment.read)?;
        let (root, now) = (&tree.root, moment.time);
        let Some(decoded) = SitePath::decode(path, self.policy.hidden) else {
            return Err(not_served(root, path));
        };
        let name = decoded.name();
        let on_the_way = if decoded.is_folder() { name } else { name.parent().unwrap_or(name) };
        let folder = match tree.way(on_the_way, &self.clock, moment.read)? {
            Way::Folder(folder) => Some(folder),
            Way::Link => None,
            Way::Missing(folder) => return Err(self.remember_missing(path, folder, now)),
        };
        let reach = if folder.is_some() { Reach::Straight } else { Reach::Any };
        let (name, entry) = if decoded.is_folder() {
            // A folder that a link leads to, maybe out of the root.
            if folder.is_none() && !matches!(root.entry(name, reach)?, Entry::Folder) {
                return Err(Missing::NotThere);
            }
            let without_index = || Found::Folder(Unread { root: root.clone(), name: name.to_owned() });
            // Of several names, each was looked up as a path of its own.
            let [index] = self.policy.index.as_slice() else { return Ok(without_index()) };
            let index = decoded.join(index);
            match root.entry(&index, reach).map_err(Missing::from) {
                Ok(Entry::Folder | Entry::Other) | Err(Missing::NotThere) => return Ok(without_index()),
                entry => (index, entry),
            }
        } else {
            (name.to_owned(), root.entry(name, reach).map_err(Missing::from))
        };
        let opened = match (entry, folder.clone()) {
            (Ok(Entry::File(opened)), _) => opened,
            (Ok(Entry::Folder), _) => {
                return Ok(Found::FolderWithoutSlash { location: decoded.with_slash() });
            }
            (Ok(Entry::Other), _) => return Err(Missing::NotThere),
            (Err(Missing::NotThere), Some(folder)) if root.is_missing(&name) => {
                return Err(self.remember_missing(path, folder, now));
            }
            (Err(missing), _) => return Err(missing),
        };
        let (top, folder, asked) = (&tree.top, folder.as_ref(), Asked { path, name: &name });
        let read = Resource::read(top, folder, asked, opened, &self.policy, &self.comparer, now)?;
        let resource = Arc::new(read.ok_or(Missing::NotThere)?);
        if resource.is_settled(now) {
            lock(&self.cache).insert(resource.clone());
        }
        resource.want_names(&self.names);
        Ok(self.select(path, &resource, wanted))
    }

    /// Selects a representation. First choice is one that the client has already and still accepts. Second is the one that
    /// the client prefers. Last is the plain file, in place of a coding that is not ready yet.
    fn select(&self, path: &str, resource: &Arc<Resource>, wanted: &Wanted<'_>) -> Found {
        let there = || wanted.codings.iter().filter_map(|coding| resource.select(*coding, wanted.asker));
        let held = there().find(|it| (wanted.is_held)(it));
        let found = held.or_else(|| there().next());
        let liked =
            wanted.codings.iter().take_while(|coding| found.as_ref().is_none_or(|it| it.coding != **coding));
        if resource.may_gain() {
            self.improve(path, resource, liked.copied());
        }
        match found.or_else(|| resource.stand_in(wanted.codings)) {
            Some(selected) => Found::File(selected),
            // Another client takes the file as it is.
            None => Found::NotAcceptable(resource.plain().choice.max(Choice::Coding)),
        }
    }

    /// Queues the work for representations that the client would have preferred (`liked`), for later requests: neighbours
    /// are compared with the file, and text is compressed.
    fn improve(&self, path: &str, resource: &Arc<Resource>, liked: impl Iterator<Item = Coding>) {
        for coding in liked {
            // One lock at a time: `work` holds several, in another order, and two threads could wait for each other.
            if let Some(unclear) = resource.unclear(coding) {
                let is_open = lock(&self.comparer).want(path, unclear, &resource.plain().stored);
                if !is_open {
                    lock(&self.cache).remove(path);
                }
            }
            if coding == Coding::Gzip && resource.is_compressible() {
                let is_kept = lock(&self.cache).contains(path);
                if is_kept {
                    lock(&self.compressor).want(resource);
                }
            }
        }
    }

    /// The tree below the root folder, which is looked at unless the last look is fresh enough for a request read at `read`. If
    /// another folder is at its path by now, everything below is unknown.
    fn tree(&self, read: Tick) -> io::Result<Arc<Tree>> {
        let tree = lock(&self.tree).clone();
        if tree.top.look(&self.clock, read) {
            return Ok(tree);
        }
        let look = self.clock.now();
        let tree = Arc::new(Tree::of(tree.root.reopen()?, look)?);
        *lock(&self.tree) = tree.clone();
        self.watcher.iter().for_each(|watcher| watcher.note_root(&tree.root));
        // What is remembered of the old folder holds it open.
        self.forget();
        Ok(tree)
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
