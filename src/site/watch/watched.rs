//! Which folders are watched, and which have to be looked at instead. A folder is watched when something of it was asked for,
//! with all folders above it up to the root: each of them may be renamed or deleted. The folders below it are not.
//!
//! A folder is watched before the next one is looked for in it. So a folder that comes meanwhile is found, or told of.

use super::place::{Place, ROOT, folder_of, name_of, way_to};
use crate::log::escaped::Escaped;
use crate::os::files::{Kind, Purpose, open_folder, tells_of_new_names};
use crate::os::inotify::{Inotify, Scope, Watch, is_out_of_watches};
use crate::site::root::Root;
use log::{info, warn};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// Folders that are known at most. A watch takes about 1 KiB of the kernel's memory, so this is 8 MiB. Kernels of small machines
/// have no more for all programs of a user.
const FOLDERS_MAX: usize = 8192;

/// The folders.
pub struct Folders {
    /// The root below which they are.
    pub root: Arc<Root>,
    inotify: Option<Arc<Inotify>>,
    known: BTreeMap<Place, How>,
    /// The folders of each watch. There is one, unless a folder is mounted at two places.
    watches: HashMap<Watch, Vec<Place>>,
    /// The folders above the root: if one is moved or deleted, the root may be gone.
    above: HashSet<Watch>,
    /// The name of the root in the folder above it.
    root_name: OsString,
    /// Whether not all changes of what leads to the root are told: it has to be looked at.
    is_root_looked_at: bool,
}

/// How changes in a folder are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The kernel tells of them.
    Watched(Watch),
    /// What is used is looked at again and again.
    LookedAt(Why),
}

/// Why the kernel tells nothing of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// A link leads to it, or to what is used of it.
    Link,
    /// Its file system is changed by other machines, or by a program.
    FileSystem,
    /// The server has no permission to read it.
    NotAllowed,
    /// As many folders are watched as may be.
    Full,
    /// The kernel does not watch more folders for this user.
    OutOfWatches,
    /// The kernel has no inotify for this process, or there is no `/proc`.
    Unavailable,
}

impl Folders {
    /// The folders below `root`, of which none is watched yet.
    pub fn new(root: Arc<Root>, inotify: Option<Arc<Inotify>>) -> Folders {
        let (known, watches, above, root_name) = Default::default();
        let mut folders =
            Folders { root, inotify, known, watches, above, root_name, is_root_looked_at: true };
        folders.watch_above();
        folders
    }

    /// Another folder is the root from now on. The folders that were watched are watched in it, if they are there.
    pub fn replace_root(&mut self, root: Arc<Root>) {
        let before = self.below(ROOT);
        self.drop_below(ROOT);
        let above = std::mem::take(&mut self.above);
        above.into_iter().for_each(|watch| self.remove(watch));
        self.root = root;
        self.watch_above();
        for (folder, _) in &before {
            self.follow(folder);
        }
    }

    /// Whether the root has to be looked at, to see that another folder is in its place.
    pub fn is_root_looked_at(&self) -> bool {
        self.is_root_looked_at
    }

    /// Watches every folder from the root to `folder`, as far as they are there, and says how changes of what is in `folder` are
    /// noticed.
    pub fn follow(&mut self, folder: &[u8]) -> How {
        if let Some(how) = self.known.get(folder) {
            return *how;
        }
        let mut last = How::LookedAt(Why::Unavailable);
        for place in way_to(folder) {
            last = match self.known.get(place) {
                Some(how) => *how,
                None if self.known.len() >= FOLDERS_MAX => return How::LookedAt(Why::Full),
                None => match self.begin(place) {
                    Some(how) => {
                        self.know(place, how);
                        how
                    }
                    // The folder is missing, and the one above tells if it comes.
                    None => return last,
                },
            };
            if matches!(last, How::LookedAt(_)) {
                return last;
            }
        }
        last
    }

    /// The folders of a watch.
    pub fn places(&self, watch: Watch) -> Vec<Place> {
        self.watches.get(&watch).cloned().unwrap_or_default()
    }

    /// Whether the watch is of a folder above the root.
    pub fn is_above(&self, watch: Watch) -> bool {
        self.above.contains(&watch)
    }

    /// Whether `name`, in the folder of the watch, is or was the root.
    pub fn is_root(&self, watch: Watch, name: &[u8]) -> bool {
        self.is_above(watch) && self.root_name.as_bytes() == name
    }

    /// The folder at `place` may be another one now, and so may those below it: the ones that are there now are watched instead.
    /// One that is the same stays watched, so nothing is lost of what the kernel has queued.
    pub fn renew_below(&mut self, place: &[u8]) {
        for (at, before) in self.below(place) {
            let above = folder_of(&at[..at.len() - 1]);
            let is_reached = matches!(self.known.get(above), Some(How::Watched(_)));
            let now = if is_reached { self.begin(&at) } else { None };
            if now != Some(before) {
                self.forget(&at, before);
                now.into_iter().for_each(|now| self.know(&at, now));
            }
        }
    }

    /// Watches none of the folders at and below `place` any more.
    pub fn drop_below(&mut self, place: &[u8]) {
        self.below(place).iter().for_each(|(at, how)| self.forget(at, *how));
    }

    /// The folders at and below `place` that are known, each behind the one above it.
    fn below(&self, place: &[u8]) -> Vec<(Place, How)> {
        let range = (Bound::Included(place), Bound::Unbounded);
        let below = self.known.range::<[u8], _>(range).take_while(|(at, _)| at.starts_with(place));
        below.map(|(at, how)| (at.clone(), *how)).collect()
    }

    fn forget(&mut self, at: &Place, how: How) {
        self.known.remove(at);
        let How::Watched(watch) = how else { return };
        let places = self.watches.entry(watch).or_default();
        places.retain(|place| place != at);
        if places.is_empty() {
            self.watches.remove(&watch);
            self.remove(watch);
        }
    }

    fn remove(&self, watch: Watch) {
        // A folder above the root can be mounted below it.
        if !self.above.contains(&watch) && !self.watches.contains_key(&watch) {
            self.inotify.iter().for_each(|inotify| inotify.remove(watch));
        }
    }

    fn know(&mut self, place: &[u8], how: How) {
        let place: Place = place.into();
        if let How::Watched(watch) = how {
            self.watches.entry(watch).or_default().push(place.clone());
        }
        self.known.insert(place, how);
    }

    /// Watches one folder; `None` if it is missing.
    fn begin(&self, place: &[u8]) -> Option<How> {
        let looked_at = |why| Some(How::LookedAt(why));
        let name = name_of(place);
        if place != ROOT {
            match self.root.stat(name).map(|stat| stat.kind) {
                Ok(Kind::Folder) => {}
                Ok(Kind::Link) => return looked_at(Why::Link),
                _ => return None,
            }
        }
        let Some(inotify) = &self.inotify else { return looked_at(Why::Unavailable) };
        // If a link took its place meanwhile, the folder above tells of that.
        let folder = match self.root.open_below(name, Purpose::Look) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return looked_at(Why::NotAllowed);
            }
            Err(_) => return None,
        };
        if !tells_of_new_names(&folder) {
            return looked_at(Why::FileSystem);
        }
        Some(match inotify.add(&folder, Scope::Names) {
            Ok(watch) => How::Watched(watch),
            Err(error) if is_out_of_watches(&error) => How::LookedAt(Why::OutOfWatches),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => How::LookedAt(Why::NotAllowed),
            Err(_) => How::LookedAt(Why::Unavailable),
        })
    }

    /// Watches the folders above the root. If one of them cannot be watched, or a link is on the way to the root, the root has to
    /// be looked at.
    fn watch_above(&mut self) {
        let path = self.root.path();
        let is_link = |path: &std::path::Path| fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
        self.is_root_looked_at = path.ancestors().any(is_link);
        let (Some(inotify), Ok(path)) = (&self.inotify, fs::canonicalize(path)) else {
            self.is_root_looked_at = true;
            return;
        };
        self.root_name = path.file_name().unwrap_or_default().to_owned();
        let scopes = std::iter::once(Scope::Deleted).chain(std::iter::repeat(Scope::Place));
        for (folder, scope) in path.ancestors().skip(1).zip(scopes) {
            match open_folder(folder).and_then(|folder| inotify.add(&folder, scope)) {
                Ok(watch) => {
                    self.above.insert(watch);
                }
                Err(_) => self.is_root_looked_at = true,
            }
        }
    }
}

impl Why {
    /// Says that changes of `place` are noticed late, and why.
    pub fn say(self, place: &[u8]) {
        let place = Escaped(place);
        let late = "are looked for once a second, since";
        match self {
            Why::Link => info!("changes in {place} {late} a link leads there"),
            Why::FileSystem => info!("changes in {place} {late} its file system does not tell of them"),
            Why::NotAllowed => {
                info!("changes in {place} {late} its folder, or one above it, must not be read")
            }
            Why::Full => warn!("changes in {place} {late} {FOLDERS_MAX} folders are watched already"),
            Why::OutOfWatches => {
                warn!(
                    "changes in {place} {late} the kernel watches no more folders (fs.inotify.max_user_watches)"
                )
            }
            Why::Unavailable => {
                warn!("changes in {place} {late} the kernel does not tell of them (inotify, /proc)")
            }
        }
    }
}
