//! The cache: small files kept in memory, and large files kept open. The least recently used file is evicted first.
//!
//! The cache does not know whether a file has changed since. [`super::Site::find`] compares each file with the disk
//! before it is used.

use super::resource::Resource;
use lru::LruCache;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Large files kept open, so that a popular file is not opened anew for every request.
const OPEN_FILES_MAX: usize = 32;

/// Every two seconds, open files that no request used in that time are closed. While a deleted file is open, its space
/// on the disk is not freed.
const CLOSE_UNUSED_EVERY: Duration = Duration::from_secs(2);

/// A resource that holds open files of at most this many bytes stays in the cache although it is unused: little space
/// on the disk depends on it, and its compressed copies, which would go with it, were costly to make.
const SMALL_BYTES_MAX: u64 = 4 << 20;

/// Resources by the path of the target of a request, as the client wrote it. Two spellings of a path are kept as two
/// entries. A path that leads to no file is never kept.
pub struct Cache {
    in_memory: LruCache<String, Arc<Resource>>,
    bytes: usize,
    bytes_max: usize,
    open: LruCache<String, Held>,
    close_unused_at: Option<Instant>,
}

/// A resource that holds files open.
struct Held {
    resource: Arc<Resource>,
    was_used: bool,
}

impl Held {
    /// Whether a user who deletes the files would miss their space on the disk.
    fn is_large(&self) -> bool {
        self.resource.held_bytes() > SMALL_BYTES_MAX
    }
}

impl Cache {
    /// An empty cache, for up to `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Cache {
        let (in_memory, open) = (LruCache::unbounded(), LruCache::unbounded());
        Cache { in_memory, bytes: 0, bytes_max, open, close_unused_at: None }
    }

    /// The resource kept for `path`, which is now the most recently used; `None` is a cache miss.
    pub fn get(&mut self, path: &str) -> Option<Arc<Resource>> {
        if let Some(resource) = self.in_memory.get(path) {
            return Some(resource.clone());
        }
        let held = self.open.get_mut(path)?;
        held.was_used = true;
        Some(held.resource.clone())
    }

    /// Whether a resource is kept for `path`. This does not count as a use.
    pub fn contains(&self, path: &str) -> bool {
        self.in_memory.contains(path) || self.open.contains(path)
    }

    /// Keeps `resource` for `path`, and evicts others if there is no room. A resource larger than the whole cache is not
    /// kept.
    pub fn insert(&mut self, path: &str, resource: Arc<Resource>) {
        self.remove(path);
        let cost = cost(path, &resource);
        if cost > self.bytes_max {
            return;
        }
        self.bytes += cost;
        let is_in_memory = !resource.holds_files();
        if is_in_memory {
            self.in_memory.put(path.to_owned(), resource);
        } else {
            self.open.put(path.to_owned(), Held { resource, was_used: true });
        }
        while let Some(path) = self.surplus(usize::from(is_in_memory)) {
            self.remove(&path);
        }
    }

    /// The path to evict next, if there is too much in the cache. Files in memory go before open ones, except the last
    /// `stay_in_memory` of them: they are quickly read again, and unused open files are closed soon anyway.
    fn surplus(&self, stay_in_memory: usize) -> Option<String> {
        let open = self.open.peek_lru().map(|(path, _)| path);
        if self.open.len() > OPEN_FILES_MAX {
            return open.cloned();
        }
        let in_memory = self.in_memory.peek_lru().filter(|_| self.in_memory.len() > stay_in_memory);
        let least_used = in_memory.map(|(path, _)| path).or(open);
        least_used.filter(|_| self.bytes > self.bytes_max).cloned()
    }

    /// Replaces the resource from which `resource` was made, if that is still kept. If the new one is too large for the
    /// cache, it is kept without its gzip, and marked not to be compressed again.
    pub fn replace(&mut self, path: &str, resource: Resource) {
        let kept = self.in_memory.peek(path).or(self.open.peek(path).map(|held| &held.resource));
        if kept.is_some_and(|kept| Arc::ptr_eq(kept.identity(), resource.identity())) {
            let fits = cost(path, &resource) <= self.bytes_max;
            self.insert(path, Arc::new(if fits { resource } else { resource.without_gzip() }));
        }
    }

    /// Removes the resource for `path`.
    pub fn remove(&mut self, path: &str) {
        let held = self.open.pop(path).map(|held| held.resource);
        if let Some(resource) = held.or_else(|| self.in_memory.pop(path)) {
            self.bytes -= cost(path, &resource);
        }
    }

    /// Removes all resources.
    pub fn clear(&mut self) {
        *self = Cache::new(self.bytes_max);
    }

    /// Closes large files that no request used lately, if it is time for that at `now`. Gives the next time to call this;
    /// `None` while no large file is open. O(k) in the open files, at most [`OPEN_FILES_MAX`].
    pub fn close_unused(&mut self, now: Instant) -> Option<Instant> {
        if self.close_unused_at.is_some_and(|time| time <= now) {
            self.close_unused_at = None;
            let unused = self.open.iter().filter(|(_, held)| !held.was_used && held.is_large());
            for path in unused.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
                self.remove(&path);
            }
            self.open.iter_mut().for_each(|(_, held)| held.was_used = false);
        }
        if self.close_unused_at.is_none() && self.open.iter().any(|(_, held)| held.is_large()) {
            self.close_unused_at = Some(now + CLOSE_UNUSED_EVERY);
        }
        self.close_unused_at
    }

    /// Closes all open files, since the process ran out of descriptors. False if no file was open.
    pub fn close_files(&mut self) -> bool {
        let mut closed = false;
        while let Some((path, held)) = self.open.pop_lru() {
            self.bytes -= cost(&path, &held.resource);
            closed = true;
        }
        closed
    }
}

fn cost(path: &str, resource: &Resource) -> usize {
    path.len() + resource.memory_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::encoding::Coding;
    use crate::os::files::Links;
    use crate::site::Asker;
    use crate::site::Compression;
    use crate::site::root::{Entry, Root};
    use std::path::Path;
    use std::sync::Mutex;
    use std::time::SystemTime;

    /// Bytes that [`resource`] takes in addition to its content, roughly.
    const OVERHEAD: usize = 1100;

    /// A file of `bytes` bytes, as if read ten seconds after it was written: old enough to be kept.
    fn resource(folder: &Path, name: &str, bytes: usize) -> Arc<Resource> {
        std::fs::write(folder.join(name), vec![b'a'; bytes]).unwrap();
        let root = Root::open(folder, Links::Inside).unwrap();
        let Entry::File(opened) = root.entry(name.as_ref()).unwrap() else { panic!("{name} is a file") };
        let later = SystemTime::now() + Duration::from_secs(10);
        let comparer = Mutex::default();
        Arc::new(Resource::read(&root, name.into(), opened, Compression::On, &comparer, later).unwrap())
    }

    /// Which of `names` are kept. Fails if the cache counts its bytes wrongly, or holds too many.
    fn kept<'a>(cache: &Cache, names: &[&'a str]) -> Vec<&'a str> {
        let in_memory = cache.in_memory.iter().map(|(path, resource)| cost(path, resource));
        let open = cache.open.iter().map(|(path, held)| cost(path, &held.resource));
        assert_eq!(cache.bytes, in_memory.sum::<usize>() + open.sum::<usize>());
        assert!(cache.bytes <= cache.bytes_max);
        names.iter().copied().filter(|name| cache.contains(name)).collect()
    }

    #[test]
    fn the_least_used_are_forgotten_for_want_of_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::new(3 * (1000 + OVERHEAD));
        let names = ["a", "b", "c", "d"];
        let [a, b, c, d] = names.map(|name| resource(folder.path(), name, 1000));
        cache.insert("a", a.clone());
        cache.insert("b", b);
        cache.insert("c", c);
        assert_eq!(kept(&cache, &names), ["a", "b", "c"]);
        assert!(Arc::ptr_eq(&cache.get("a").unwrap(), &a));
        cache.insert("d", d);
        assert_eq!(kept(&cache, &names), ["a", "c", "d"]);
        cache.insert("a", a);
        assert_eq!(kept(&cache, &names), ["a", "c", "d"], "the same once more takes no more room");
        cache.insert("b", resource(folder.path(), "b", 2500));
        assert_eq!(kept(&cache, &names), ["a", "b"]);
        cache.insert("a", resource(folder.path(), "a", 3 * (1000 + OVERHEAD)));
        assert_eq!(
            kept(&cache, &names),
            ["b"],
            "larger than all the room, and what was kept is of another version"
        );
        cache.remove("b");
        assert_eq!((kept(&cache, &names), cache.bytes), (vec![], 0));
    }

    #[test]
    fn what_is_compressed_takes_its_room_too() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["small", "other", "large"];
        let [small, other, large] = [("small", 1000), ("other", 1000), ("large", 100_000)]
            .map(|(name, bytes)| resource(folder.path(), name, bytes));
        let is_compressed = |cache: &mut Cache, path| {
            cache.get(path).is_some_and(|it| it.representation(Coding::Gzip, &|| Asker::Other).is_some())
        };
        let mut cache = Cache::new(8000);
        cache.insert("large", large.clone());
        cache.insert("other", other.clone());
        cache.insert("small", small.clone());
        assert_eq!(kept(&cache, &names), names);
        cache.replace("small", small.with_gzip(vec![0; 1000]));
        assert_eq!((kept(&cache, &names), is_compressed(&mut cache, "small")), (names.to_vec(), true));
        cache.replace("large", large.with_gzip(vec![0; 5000]));
        assert_eq!((kept(&cache, &names), is_compressed(&mut cache, "large")), (vec!["large"], true));
        cache.insert("other", other.clone());
        assert_eq!(kept(&cache, &names), ["other"], "what was asked for last is kept");
        cache.replace("other", other.with_gzip(vec![0; 8000]));
        assert_eq!((kept(&cache, &names), is_compressed(&mut cache, "other")), (vec!["other"], false));
        assert!(cache.get("other").is_some_and(|it| !it.is_compressible()), "and not compressed again");
        cache.replace("other", small.with_gzip(vec![0; 10]));
        assert!(!is_compressed(&mut cache, "other"), "made from another version than the one that is kept");
        cache.replace("small", small.with_gzip(vec![0; 10]));
        assert_eq!(kept(&cache, &names), ["other"], "what it was made from is not kept any more");
    }

    #[test]
    fn open_files_are_bounded_and_unused_ones_are_closed() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..OPEN_FILES_MAX + 2).map(|at| at.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut cache = Cache::new(1 << 20);
        for name in &names {
            cache.insert(name, resource(folder.path(), name, SMALL_BYTES_MAX as usize + 1));
        }
        assert_eq!(kept(&cache, &names), names[2..]);
        let now = Instant::now();
        assert_eq!(cache.close_unused(now), Some(now + CLOSE_UNUSED_EVERY));
        let [once, twice] = [1, 2].map(|times| now + times * CLOSE_UNUSED_EVERY);
        assert_eq!(cache.close_unused(once), Some(twice));
        assert_eq!(kept(&cache, &names), names[2..], "all were used since the first time");
        cache.get("5");
        cache.close_unused(twice);
        assert_eq!(kept(&cache, &names), ["5"]);
    }
}
