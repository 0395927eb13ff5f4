//! The folders that are known: each as it was at the last look. A look at a folder serves every file below it, and every
//! request that was read before the look. This file does not know files.
//!
//! A folder's times change whenever a name in it comes, goes or leads to another file. So while its stamp is the same, what
//! was learnt of its names still holds: which compressed neighbours there are, and which names are missing. This needs a
//! stamp that is settled, and a file system that keeps such times; elsewhere each name is asked for.
//!
//! Names are asked for by their whole path, after the look at their folder. A folder that was renamed away after the look
//! lacks all names, and it may come back with the same stamp. So a folder also gets another version when a folder above it
//! does: what was learnt holds while no folder on the way has changed since.

use super::freshness::{Clock, Seen, Tick};
use super::lock::lock;
use super::root::Root;
use super::stamp::Stamp;
use crate::os::files::{Kind, Purpose, tells_of_new_names};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::iter::successors;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// Known folders at which those are dropped that no file in the cache needs.
const FOLDERS_MIN: usize = 1024;

/// The root, and the known folders below it.
pub struct Tree {
    /// The root.
    pub root: Arc<Root>,
    /// The root as a folder.
    pub top: Arc<KnownFolder>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By the name below the root.
    folders: HashMap<Box<[u8]>, Arc<KnownFolder>>,
    /// The number of folders at which the unused ones are dropped next.
    limit: usize,
}

/// A folder below the root, or the root itself; no link is on the way to it.
pub struct KnownFolder {
    root: Arc<Root>,
    /// The name below the root; `.` for the root.
    name: Box<Path>,
    parent: Option<Arc<KnownFolder>>,
    /// When it was last looked at.
    seen: Seen,
    /// Counts the versions of the folder and of those above it; [`GONE`] once another folder, or none, was found in its place.
    version: AtomicU32,
    /// Whether its stamp tells of new names.
    tells: bool,
    now: Mutex<Now>,
}

/// A folder as it was at the last look.
struct Now {
    stamp: Stamp,
    /// The version of the folder above it; [`GONE`] for the root.
    above: Version,
    coded: Coded,
}

/// What is known of the names of one version of a folder.
#[derive(Default)]
pub enum Coded {
    /// Nothing: each name is asked for.
    #[default]
    Unknown,
    /// There are so many that no list of them is kept, or they cannot be read: each name is asked for.
    TooMany,
    /// These are the names that compressed neighbours may have.
    Known(CodedNames),
}

/// The number of a version of a folder. No number is [`GONE`].
pub type Version = u32;

/// The version of a folder that is not there any more.
pub const GONE: Version = 0;

/// The names in a folder that compressed neighbours may have, as a sorted list of hashes. A name with the hash of another is
/// looked for in vain.
pub struct CodedNames(Box<[u64]>);

/// What the folders on the way to a name are.
pub enum Way {
    /// The last of them is this one, and none is a link.
    Folder(Arc<KnownFolder>),
    /// One of them is a link.
    Link,
    /// One of them is missing, or is no folder: there is nothing by its name in this folder.
    Missing(Arc<KnownFolder>),
}

impl Tree {
    /// The tree below `root`, which was opened by a look that began at `look`.
    pub fn of(root: Root, look: Tick) -> io::Result<Tree> {
        let root = Arc::new(root);
        let stamp = root.folder_stamp(".".as_ref())?;
        let known = Known { limit: FOLDERS_MIN, ..Known::default() };
        let tells = tells(&root, ".".as_ref());
        let top = KnownFolder::new(&root, ".".as_ref(), None, stamp, tells);
        top.seen.set(look);
        Ok(Tree { root, top: Arc::new(top), known: Mutex::new(known) })
    }

    /// Looks at every folder from the root to `folder`, for a request that was read at `read`. The root was looked at.
    pub fn way(&self, folder: &Path, clock: &Clock, read: Tick) -> io::Result<Way> {
        let bytes = folder.as_os_str().as_bytes();
        let mut at = self.top.clone();
        if bytes.is_empty() || bytes == b"." {
            return Ok(Way::Folder(at));
        }
        if let Some(known) = self.known(bytes)
            && known.look(clock, read)
        {
            return Ok(Way::Folder(known));
        }
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
        for end in ends.chain([bytes.len()]) {
            at = match self.known(&bytes[..end]) {
                Some(known) if known.look(clock, read) => known,
                _ => {
                    let name = Path::new(std::ffi::OsStr::from_bytes(&bytes[..end]));
                    // Another thread may look at the parent anew meanwhile.
                    let look = at.seen();
                    match self.root.stat(name).map(|stat| (stat.kind, Stamp::from(stat))) {
                        Ok((Kind::Folder, stamp)) => self.learn(&at, name, stamp, look),
                        Ok((Kind::Link, _)) => return Ok(Way::Link),
                        Ok((Kind::File | Kind::Other, _)) => return Ok(Way::Missing(at)),
                        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Way::Missing(at)),
                        Err(error) => return Err(error),
                    }
                }
            };
        }
        Ok(Way::Folder(at))
    }

    fn known(&self, name: &[u8]) -> Option<Arc<KnownFolder>> {
        lock(&self.known).folders.get(name).cloned()
    }

    /// Remembers the folder `name` in `parent`, which has just been looked at, by a look that began at `look`.
    fn learn(&self, parent: &Arc<KnownFolder>, name: &Path, stamp: Stamp, look: Tick) -> Arc<KnownFolder> {
        // A file system that is mounted below the root shows: its device is not the one of the folder above.
        let is_mounted = lock(&parent.now).stamp.device() != stamp.device();
        let tells = if is_mounted { tells(&self.root, name) } else { parent.tells };
        let mut known = lock(&self.known);
        let folder = Arc::new(KnownFolder::new(&self.root, name, Some(parent.clone()), stamp, tells));
        folder.seen.set(look);
        if known.folders.len() >= known.limit {
            known.folders.retain(|_, folder| Arc::strong_count(folder) > 1);
            known.limit = FOLDERS_MIN.max(2 * known.folders.len());
        }
        known.folders.insert(name.as_os_str().as_bytes().into(), folder.clone());
        folder
    }
}

/// Whether the file system of the folder `name` tells of new names, see [`tells_of_new_names`]. If the folder cannot be opened,
/// such as for want of descriptors, it is taken for one that does not.
fn tells(root: &Root, name: &Path) -> bool {
    root.open_below(name, Purpose::Look).is_ok_and(|folder| tells_of_new_names(&folder))
}

impl KnownFolder {
    fn new(
        root: &Arc<Root>,
        name: &Path,
        parent: Option<Arc<KnownFolder>>,
        stamp: Stamp,
        tells: bool,
    ) -> KnownFolder {
        let above = parent.as_ref().map_or(GONE, |parent| parent.version());
        KnownFolder {
            root: root.clone(),
            name: name.into(),
            parent,
            seen: Seen::default(),
            version: AtomicU32::new(GONE + 1),
            tells,
            now: Mutex::new(Now { stamp, above, coded: Coded::Unknown }),
        }
    }

    /// The root below which the folder is.
    pub fn root(&self) -> &Arc<Root> {
        &self.root
    }

    /// The name of the folder below the root.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Looks at the folder and at every folder above it, unless the last look is fresh enough for a request that was read at
    /// `read`. False if it is not there any more: then this object never stands for a folder again.
    #[inline]
    pub fn look(&self, clock: &Clock, read: Tick) -> bool {
        if self.seen.is_fresh_for(read) {
            return self.version() != GONE;
        }
        self.look_anew(clock, read)
    }

    fn look_anew(&self, clock: &Clock, read: Tick) -> bool {
        // The lock is held while the disk is asked: so of two threads, the one that asked last has the last word.
        let mut now = lock(&self.now);
        let (mut look, mut above) = (clock.now(), GONE);
        let found = match &self.parent {
            None => self.root.own_stamp().ok().flatten(),
            Some(parent) if parent.look(clock, read) => {
                // What stands behind a folder was seen no later than the folder itself.
                (look, above) = (parent.seen.get(), parent.version());
                let stat = self.root.stat(&self.name).ok().filter(|stat| stat.kind == Kind::Folder);
                stat.map(Stamp::from)
            }
            Some(_) => None,
        };
        match found.filter(|found| found.is_same_file(&now.stamp) && self.version() != GONE) {
            None => self.version.store(GONE, Ordering::Release),
            Some(found) if found != now.stamp => {
                *now = Now { stamp: found, above, coded: Coded::Unknown };
                self.version.fetch_add(1, Ordering::AcqRel);
            }
            // The names in it are the same, since they were read from the folder itself.
            Some(_) if above != now.above => {
                now.above = above;
                self.version.fetch_add(1, Ordering::AcqRel);
            }
            Some(_) => {}
        }
        self.seen.set(look);
        self.version() != GONE
    }

    /// When the folder was last looked at.
    pub fn seen(&self) -> Tick {
        self.seen.get()
    }

    /// The version that was found by the last look.
    #[inline]
    pub fn version(&self) -> Version {
        self.version.load(Ordering::Acquire)
    }

    /// The version that was found by the last look, if every name that comes or goes after `now`, in this folder or in one above
    /// it, will give the folder another version. Else nothing may be remembered of the names in the folder.
    pub fn settled_version(&self, now: SystemTime) -> Option<Version> {
        let version = self.version();
        let mut way = successors(Some(self), |folder| folder.parent.as_deref());
        let is_settled = |folder: &KnownFolder| folder.tells && lock(&folder.now).stamp.is_settled(now);
        (version != GONE && way.all(is_settled)).then_some(version)
    }

    /// Whether a neighbour called `name` may be in the folder; `None` if only the disk can tell.
    pub fn may_have(&self, name: &Path) -> Option<bool> {
        match &lock(&self.now).coded {
            Coded::Known(names) => Some(names.may_have(name)),
            Coded::Unknown | Coded::TooMany => None,
        }
    }

    /// Whether nothing is known of the names in the folder.
    pub fn is_unread(&self) -> bool {
        matches!(lock(&self.now).coded, Coded::Unknown)
    }

    /// Takes note that the names cannot be read while the folder has the version `version`.
    pub fn know_nothing(&self, version: Version) {
        let mut now = lock(&self.now);
        if self.version() == version {
            now.coded = Coded::TooMany;
        }
    }

    /// Takes what was learnt of the names while the folder had the version `version`; `stamp` is what was found afterwards.
    pub fn know(&self, coded: Coded, version: Version, stamp: Stamp) {
        let mut now = lock(&self.now);
        if self.version() == version && now.stamp == stamp {
            now.coded = coded;
        }
    }
}

impl CodedNames {
    /// The list of these hashes.
    pub fn of(mut hashes: Vec<u64>) -> CodedNames {
        hashes.sort_unstable();
        CodedNames(hashes.into())
    }

    /// The hash of the last segment of `name`.
    pub fn hash(name: &Path) -> u64 {
        let mut hasher = DefaultHasher::new();
        name.file_name().unwrap_or_default().as_bytes().hash(&mut hasher);
        hasher.finish()
    }

    fn may_have(&self, name: &Path) -> bool {
        self.0.binary_search(&CodedNames::hash(name)).is_ok()
    }
}
