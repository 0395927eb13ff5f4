//! Names that were asked for and are not there: so a client that asks again costs no look but those at the folders on the way,
//! which all requests of a turn share. A name that comes gives its folder another version, so the next request finds it.

use super::tree::{KnownFolder, Version};
use quick_cache::unsync::Cache;
use std::sync::Arc;

/// Paths that are remembered. A scanner asks for many, and for each only once.
const PATHS_MAX: usize = 4096;

/// The longest path that is remembered, in bytes. With [`PATHS_MAX`] this bounds the memory: about 2.5 MiB.
const PATH_BYTES_MAX: usize = 512;

/// Paths of targets that lead to nothing, each with the folder that lacks a name. While the folder has this version, no name
/// came.
pub struct MissingNames(Cache<Box<str>, (Arc<KnownFolder>, Version)>);

impl Default for MissingNames {
    fn default() -> MissingNames {
        MissingNames(Cache::new(PATHS_MAX))
    }
}

impl MissingNames {
    /// The folder that lacked a name of `path`, and its version then.
    pub fn get(&self, path: &str) -> Option<(Arc<KnownFolder>, Version)> {
        self.0.get(path).cloned()
    }

    /// Remembers `path`.
    pub fn insert(&mut self, path: &str, folder: Arc<KnownFolder>, version: Version) {
        if path.len() <= PATH_BYTES_MAX {
            self.0.insert(path.into(), (folder, version));
        }
    }

    /// Forgets `path`.
    pub fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// Forgets all paths.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
