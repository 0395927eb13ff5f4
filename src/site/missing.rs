//! Names that were asked for and are not there: so a client that asks again costs no look but those at the folders on the way,
//! which all requests of a turn share. A name that comes gives its folder another version, so the next request finds it.

use super::fallback::NOT_FOUND_PAGE;
use super::freshness::{Clock, Tick};
use super::tree::{KnownFolder, Version};
use quick_cache::unsync::Cache;
use std::sync::Arc;

/// Paths that are remembered. A scanner asks for many, and for each only once.
const PATHS_MAX: usize = 4096;

/// The longest path that is remembered, in bytes. With [`PATHS_MAX`] this bounds the memory: about 2.5 MiB.
const PATH_BYTES_MAX: usize = 512;

/// A folder that lacks a name, and its version then. While the folder has this version, no name came.
type Lacking = (Arc<KnownFolder>, Version);

/// Paths of targets that lead to nothing, each with the folder that lacks a name.
pub struct MissingNames {
    paths: Cache<Box<str>, Lacking>,
    /// The same for [`NOT_FOUND_PAGE`]. It is asked for at every 404, so it stands apart and costs no search.
    page: Option<Lacking>,
}

impl Default for MissingNames {
    fn default() -> MissingNames {
        MissingNames { paths: Cache::new(PATHS_MAX), page: None }
    }
}

impl MissingNames {
    /// The folder that lacked a name of `path`, and its version then.
    pub fn get(&self, path: &str) -> Option<(Arc<KnownFolder>, Version)> {
        self.paths.get(path).cloned()
    }

    /// Remembers `path`.
    pub fn insert(&mut self, path: &str, folder: Arc<KnownFolder>, version: Version) {
        if path == NOT_FOUND_PAGE {
            self.page = Some((folder.clone(), version));
        }
        if path.len() <= PATH_BYTES_MAX {
            self.paths.insert(path.into(), (folder, version));
        }
    }

    /// Whether the page of every 404 was looked for in vain, and did not come since, by a look for a request that was read at
    /// `read`.
    #[inline]
    pub fn lacks_page(&self, clock: &Clock, read: Tick) -> bool {
        self.page
            .as_ref()
            .is_some_and(|(folder, version)| folder.look(clock, read) && folder.version() == *version)
    }

    /// Forgets `path`.
    pub fn remove(&mut self, path: &str) {
        self.paths.remove(path);
    }

    /// Forgets all paths.
    pub fn clear(&mut self) {
        self.paths.clear();
        self.page = None;
    }
}
