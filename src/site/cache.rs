//! Files kept in memory, and large ones kept open, the least used of them forgotten first. Nothing here is trusted
//! without a look at the disk: whoever takes something out compares it, see [`super::Site::find`].

use super::resource::Resource;
use lru::LruCache;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Large files held open, so that a popular one is not opened for every request.
const OPEN_FILES_MAX: usize = 32;

/// How often those are let go of that nobody asked for since the last time: a file that is deleted takes its space
/// on the disk for as long as somebody holds it open.
const LET_GO_EVERY: Duration = Duration::from_secs(2);

/// Up to so many bytes of files nobody minds; with them goes what was compressed of them.
const HELD_BYTES_MAX: u64 = 4 << 20;

/// Resources by the path of the target that asked for them, as it was written: what differs in spelling is kept
/// twice, and what leads nowhere is never kept.
pub struct Cache {
    in_memory: LruCache<String, Arc<Resource>>,
    bytes: usize,
    bytes_max: usize,
    open: LruCache<String, Held>,
    let_go_at: Option<Instant>,
}

/// A resource that holds files open.
struct Held {
    resource: Arc<Resource>,
    was_used: bool,
}

impl Held {
    /// Whether somebody who deletes it would miss the space.
    fn is_large(&self) -> bool {
        self.resource.held_bytes() > HELD_BYTES_MAX
    }
}

impl Cache {
    /// Keeps up to so many bytes.
    pub fn new(bytes_max: usize) -> Cache {
        let (in_memory, open) = (LruCache::unbounded(), LruCache::unbounded());
        Cache { in_memory, bytes: 0, bytes_max, open, let_go_at: None }
    }

    /// What is kept for `path`; now it is the most used.
    pub fn get(&mut self, path: &str) -> Option<Arc<Resource>> {
        if let Some(resource) = self.in_memory.get(path) {
            return Some(resource.clone());
        }
        let held = self.open.get_mut(path)?;
        held.was_used = true;
        Some(held.resource.clone())
    }

    /// Whether anything is kept for `path`.
    pub fn contains(&self, path: &str) -> bool {
        self.in_memory.contains(path) || self.open.contains(path)
    }

    /// Keeps `resource`, and forgets others where there is no room; what is larger than all the room is not kept.
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

    /// What is to be forgotten next. Those in memory go first, all but the last so many: they are soon read again,
    /// and of the open ones those that nobody uses are let go of anyway.
    fn surplus(&self, stay_in_memory: usize) -> Option<String> {
        let open = self.open.peek_lru().map(|(path, _)| path);
        if self.open.len() > OPEN_FILES_MAX {
            return open.cloned();
        }
        let in_memory = self.in_memory.peek_lru().filter(|_| self.in_memory.len() > stay_in_memory);
        let least_used = in_memory.map(|(path, _)| path).or(open);
        least_used.filter(|_| self.bytes > self.bytes_max).cloned()
    }

    /// Keeps `resource` in the place of the version it was made from, if that is still kept; where it is too large
    /// for that, it stays as it was and is not compressed again.
    pub fn replace(&mut self, path: &str, resource: Resource) {
        let kept = self.in_memory.peek(path).or(self.open.peek(path).map(|held| &held.resource));
        if kept.is_some_and(|kept| Arc::ptr_eq(kept.identity(), resource.identity())) {
            let fits = cost(path, &resource) <= self.bytes_max;
            self.insert(path, Arc::new(if fits { resource } else { resource.without_gzip() }));
        }
    }

    /// Forgets what is kept for `path`.
    pub fn remove(&mut self, path: &str) {
        let held = self.open.pop(path).map(|held| held.resource);
        if let Some(resource) = held.or_else(|| self.in_memory.pop(path)) {
            self.bytes -= cost(path, &resource);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Cache::new(self.bytes_max);
    }

    /// Lets go of open files that nobody asked for lately, where it is time for that at `now`, and says when it
    /// will be time again. O(k) in the files held, at most [`OPEN_FILES_MAX`].
    pub fn let_go(&mut self, now: Instant) -> Option<Instant> {
        if self.let_go_at.is_some_and(|time| time <= now) {
            self.let_go_at = None;
            let unused = self.open.iter().filter(|(_, held)| !held.was_used && held.is_large());
            for path in unused.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
                self.remove(&path);
            }
            self.open.iter_mut().for_each(|(_, held)| held.was_used = false);
        }
        if self.let_go_at.is_none() && self.open.iter().any(|(_, held)| held.is_large()) {
            self.let_go_at = Some(now + LET_GO_EVERY);
        }
        self.let_go_at
    }

    /// Closes every file that is held open, since descriptors ran out, and says whether there were any.
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

    /// What room [`resource`] takes beside its content, near enough.
    const OVERHEAD: usize = 1100;

    /// A file of so many bytes, read when it is old enough to be kept.
    fn resource(folder: &Path, name: &str, bytes: usize) -> Arc<Resource> {
        std::fs::write(folder.join(name), vec![b'a'; bytes]).unwrap();
        let root = Root::open(folder, Links::Inside).unwrap();
        let Entry::File(opened) = root.entry(name.as_ref()).unwrap() else { panic!("{name} is a file") };
        let later = SystemTime::now() + Duration::from_secs(10);
        let comparer = Mutex::default();
        Arc::new(Resource::read(&root, name.into(), opened, Compression::On, &comparer, later).unwrap())
    }

    /// Which of these are kept, and that the count of bytes is that of what is kept.
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
    fn so_many_files_are_held_open_and_those_that_nobody_uses_are_let_go_of() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..OPEN_FILES_MAX + 2).map(|at| at.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut cache = Cache::new(1 << 20);
        for name in &names {
            cache.insert(name, resource(folder.path(), name, HELD_BYTES_MAX as usize + 1));
        }
        assert_eq!(kept(&cache, &names), names[2..]);
        let now = Instant::now();
        assert_eq!(cache.let_go(now), Some(now + LET_GO_EVERY));
        let [once, twice] = [1, 2].map(|times| now + times * LET_GO_EVERY);
        assert_eq!(cache.let_go(once), Some(twice));
        assert_eq!(kept(&cache, &names), names[2..], "all were used since the first time");
        cache.get("5");
        cache.let_go(twice);
        assert_eq!(kept(&cache, &names), ["5"]);
    }
}
