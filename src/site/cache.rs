//! The cache: small files kept in memory, and large files kept open.
//!
//! Files in memory are evicted by how often they were asked for, not only by when: a file that is asked for once is on
//! probation and goes first, and a file that is asked for again joins those in use. So a client that asks for every file
//! once, such as a crawler, does not push out the files that all others want. The crate does this by CLOCK-Pro, a relative
//! of S3-FIFO, and remembers for a while the names that it evicted.
//!
//! The cache does not know whether a file has changed since. [`super::Site::find`] compares each file with the disk
//! before it is used.

use super::resource::Resource;
use quick_cache::unsync::Cache as Entries;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
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

/// The share of the cache for files in use; the rest is for files on probation. Of the shares that were tried with access
/// logs, this one was never far from the best.
const SHARE_IN_USE: f64 = 0.9;

/// One evicted name is remembered for this many bytes of the cache. A remembered name takes about 60 bytes.
const BYTES_A_REMEMBERED_NAME: usize = 8 << 10;

/// What the cache asks of what it keeps.
pub trait Keepable {
    /// The path of the target of a request, as the client wrote it, by which it is kept.
    fn path(&self) -> &str;

    /// Bytes that it takes in memory, roughly. The number never changes.
    fn memory_bytes(&self) -> usize;

    /// Whether it holds files open.
    fn holds_files(&self) -> bool;

    /// Bytes on the disk that stay taken after the files are deleted, while it holds them open.
    fn held_bytes(&self) -> u64;
}

impl Keepable for Resource {
    fn path(&self) -> &str {
        Resource::path(self)
    }

    fn memory_bytes(&self) -> usize {
        Resource::memory_bytes(self)
    }

    fn holds_files(&self) -> bool {
        Resource::holds_files(self)
    }

    fn held_bytes(&self) -> u64 {
        Resource::held_bytes(self)
    }
}

/// Resources by the path of the target of a request, as the client wrote it. Two spellings of a path are kept as two
/// entries.
pub struct Cache<V = Resource> {
    entries: Entries<Key<V>, Arc<V>, Costs, DefaultHashBuilder, OnlyInMemory>,
    bytes_max: usize,
    /// The entries that hold files open; the most recently used one is last. At most [`OPEN_FILES_MAX`].
    open: Vec<Open<V>>,
    close_unused_at: Option<Instant>,
}

/// The key of an entry: the resource itself, which knows its path. So a path is in memory once.
struct Key<V>(Arc<V>);

impl<V: Keepable> Borrow<str> for Key<V> {
    fn borrow(&self) -> &str {
        self.0.path()
    }
}

impl<V: Keepable> Hash for Key<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.path().hash(state);
    }
}

impl<V: Keepable> PartialEq for Key<V> {
    fn eq(&self, other: &Key<V>) -> bool {
        self.0.path() == other.0.path()
    }
}

impl<V: Keepable> Eq for Key<V> {}

/// An entry that holds files open.
struct Open<V> {
    resource: Arc<V>,
    was_used: bool,
}

impl<V: Keepable> Open<V> {
    /// Whether a user who deletes the files would miss their space on the disk.
    fn is_large(&self) -> bool {
        self.resource.held_bytes() > SMALL_BYTES_MAX
    }
}

/// Tells the crate how many bytes an entry takes.
struct Costs;

impl<V: Keepable> Weighter<Key<V>, Arc<V>> for Costs {
    fn weight(&self, _: &Key<V>, resource: &Arc<V>) -> u64 {
        resource.memory_bytes() as u64
    }
}

/// Tells the crate to evict only what is in memory. [`Cache`] itself closes open files.
struct OnlyInMemory;

impl<V: Keepable> Lifecycle<Key<V>, Arc<V>> for OnlyInMemory {
    type RequestState = ();

    fn is_pinned(&self, _: &Key<V>, resource: &Arc<V>) -> bool {
        resource.holds_files()
    }
}

impl<V: Keepable> Cache<V> {
    /// An empty cache, for up to `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Cache<V> {
        let mut options = OptionsBuilder::new();
        // One shard is what there is. If the number is not given, the crate reads it from the system.
        options.shards(1).weight_capacity(bytes_max as u64).hot_allocation(SHARE_IN_USE);
        // One name is remembered for each of these items.
        options.ghost_allocation(1.0).estimated_items_capacity(bytes_max / BYTES_A_REMEMBERED_NAME);
        let options = options.build().expect("both capacities are set");
        let entries = Entries::with_options(options, Costs, DefaultHashBuilder::default(), OnlyInMemory);
        Cache { entries, bytes_max, open: Vec::new(), close_unused_at: None }
    }

    /// The resource kept for `path`, which is now used once more; `None` is a cache miss.
    pub fn get(&mut self, path: &str) -> Option<Arc<V>> {
        let resource = self.entries.get(path)?.clone();
        if resource.holds_files()
            && let Some(at) = self.open.iter().position(|open| Arc::ptr_eq(&open.resource, &resource))
        {
            self.open[at].was_used = true;
            self.open[at..].rotate_left(1);
        }
        Some(resource)
    }

    /// Whether a resource is kept for `path`. This does not count as a use.
    pub fn contains(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    /// Keeps `resource` for its path, and evicts others if there is no room. A resource that takes more than the share of
    /// the files in use is not kept.
    ///
    /// Files in memory go before open ones, except the one that is inserted now: they are quickly read again, and unused
    /// open files are closed soon anyway.
    pub fn insert(&mut self, resource: Arc<V>) {
        let was_kept = self.contains(resource.path());
        self.remove(resource.path());
        let cost = resource.memory_bytes();
        if !self.fits(cost) {
            return;
        }
        let is_open = resource.holds_files();
        while self.open.len() + usize::from(is_open) > OPEN_FILES_MAX
            || self.open_bytes() + cost > self.bytes_max
        {
            let least_used = self.open[0].resource.clone();
            self.remove(least_used.path());
        }
        if is_open {
            self.open.push(Open { resource: resource.clone(), was_used: true });
        }
        self.entries.insert(Key(resource.clone()), resource.clone());
        if was_kept {
            // It may have been in use. The crate takes it for a newcomer, which the next scan would push out.
            self.entries.get_mut(resource.path());
        }
    }

    /// Whether the cache can keep a resource of this cost.
    fn fits(&self, cost: usize) -> bool {
        cost as f64 <= (self.bytes_max as f64 * SHARE_IN_USE).floor()
    }

    /// What the resources that hold files open take. O(k) in them.
    fn open_bytes(&self) -> usize {
        self.open.iter().map(|open| open.resource.memory_bytes()).sum()
    }

    /// Removes the resource for `path`.
    pub fn remove(&mut self, path: &str) {
        // `Entries::remove` would also forget that a name was evicted. Then it could not be known again when its file is
        // read once more.
        if let Some((_, resource)) = self.entries.remove_if(path, |_| true)
            && resource.holds_files()
        {
            self.open.retain(|open| !Arc::ptr_eq(&open.resource, &resource));
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
            self.close(|open| !open.was_used && open.is_large());
            self.open.iter_mut().for_each(|open| open.was_used = false);
        }
        if self.close_unused_at.is_none() && self.open.iter().any(Open::is_large) {
            self.close_unused_at = Some(now + CLOSE_UNUSED_EVERY);
        }
        self.close_unused_at
    }

    /// Closes all open files, since the process ran out of descriptors. False if no file was open.
    pub fn close_files(&mut self) -> bool {
        let was_open = !self.open.is_empty();
        self.close(|_| true);
        was_open
    }

    /// Removes the open entries that `is_in_the_way` names.
    fn close(&mut self, is_in_the_way: impl Fn(&Open<V>) -> bool) {
        for open in self.open.extract_if(.., |open| is_in_the_way(open)) {
            self.entries.remove_if(open.resource.path(), |_| true);
        }
    }
}

impl Cache {
    /// Replaces the resource from which `resource` was made, if that is still kept. If the new one is too large for the
    /// cache, it is kept without its gzip, and marked not to be compressed again.
    pub fn replace(&mut self, resource: Resource) {
        let kept = self.entries.peek(resource.path());
        if kept.is_some_and(|kept| kept.is_like(&resource)) {
            let fits = self.fits(resource.memory_bytes());
            self.insert(Arc::new(if fits { resource } else { resource.without_gzip() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::encoding::Coding;
    use crate::os::files::Links;
    use crate::site::Asker;
    use crate::site::Policy;
    use crate::site::freshness::Tick;
    use crate::site::resource::Asked;
    use crate::site::root::{Entry, Reach, Root};
    use crate::site::tree::Tree;
    use std::path::Path;
    use std::sync::Mutex;
    use std::time::SystemTime;

    /// Bytes that [`resource`] takes in addition to its content, roughly.
    const OVERHEAD: usize = 300;

    /// A file of `bytes` bytes, as if read ten seconds after it was written: old enough to be kept.
    fn resource(folder: &Path, path: &str, bytes: usize) -> Arc<Resource> {
        let name = Path::new(&path[1..]);
        std::fs::write(folder.join(name), vec![b'a'; bytes]).unwrap();
        let tree = Tree::of(Root::open(folder, Links::Inside).unwrap(), Tick::default()).unwrap();
        let Entry::File(opened) = tree.root.entry(name, Reach::Straight).unwrap() else {
            panic!("{path} is a file")
        };
        let later = SystemTime::now() + Duration::from_secs(10);
        let (file, comparer) = (Asked { path, name }, Mutex::default());
        let folder = Some(&tree.top);
        let read = Resource::read(&tree.top, folder, file, opened, &Policy::default(), &comparer, later);
        Arc::new(read.unwrap().unwrap())
    }

    /// Which of `names` are kept. Fails if the cache counts its bytes wrongly, or holds too many.
    fn kept<'a, V: Keepable>(cache: &Cache<V>, names: &[&'a str]) -> Vec<&'a str> {
        let bytes: usize = cache.entries.iter().map(|(_, resource)| resource.memory_bytes()).sum();
        assert_eq!(cache.entries.weight(), bytes as u64);
        assert!(bytes <= cache.bytes_max);
        assert!(cache.open.len() <= OPEN_FILES_MAX);
        let open = cache.entries.iter().filter(|(_, resource)| resource.holds_files());
        assert_eq!(open.count(), cache.open.len());
        assert!(cache.open.iter().all(|open| cache.contains(open.resource.path())));
        names.iter().copied().filter(|name| cache.contains(name)).collect()
    }

    #[test]
    fn the_least_used_are_forgotten_for_want_of_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::new(3 * (1000 + OVERHEAD));
        let names = ["/a", "/b", "/c", "/d"];
        let [a, b, c, d] = names.map(|name| resource(folder.path(), name, 1000));
        cache.insert(a.clone());
        cache.insert(b);
        cache.insert(c);
        assert_eq!(kept(&cache, &names), ["/a", "/b", "/c"]);
        assert!(Arc::ptr_eq(&cache.get("/a").unwrap(), &a));
        cache.insert(d);
        assert_eq!(
            kept(&cache, &names),
            ["/a", "/b", "/d"],
            "the first two fill the share of the files in use"
        );
        cache.insert(a);
        assert_eq!(kept(&cache, &names), ["/a", "/b", "/d"], "the same once more takes no more room");
        cache.insert(resource(folder.path(), "/b", 2200));
        assert_eq!(kept(&cache, &names), ["/a", "/b"]);
        cache.insert(resource(folder.path(), "/a", 3 * (1000 + OVERHEAD)));
        assert_eq!(
            kept(&cache, &names),
            ["/b"],
            "larger than all the room, and what was kept is of another version"
        );
        cache.remove("/b");
        assert_eq!((kept(&cache, &names), cache.entries.weight()), (vec![], 0));
    }

    #[test]
    fn what_is_compressed_takes_its_room_too() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["/small", "/other", "/large"];
        let [small, other, large] = [("/small", 1000), ("/other", 1000), ("/large", 100_000)]
            .map(|(name, bytes)| resource(folder.path(), name, bytes));
        let is_compressed = |cache: &mut Cache, path| {
            cache.get(path).is_some_and(|it| it.select(Coding::Gzip, &|| Asker::Other).is_some())
        };
        let mut cache = Cache::new(8000);
        cache.insert(large.clone());
        cache.insert(other.clone());
        cache.insert(small.clone());
        assert_eq!(kept(&cache, &names), names);
        cache.replace(small.with_gzip(vec![0; 1000]));
        assert_eq!((kept(&cache, &names), is_compressed(&mut cache, "/small")), (names.to_vec(), true));
        cache.replace(large.with_gzip(vec![0; 6200]));
        assert_eq!((kept(&cache, &names), is_compressed(&mut cache, "/large")), (vec!["/large"], true));
        cache.insert(other.clone());
        assert_eq!(kept(&cache, &names), ["/other"], "what was asked for last is kept");
        cache.replace(other.with_gzip(vec![0; 8000]));
        assert_eq!((kept(&cache, &names), is_compressed(&mut cache, "/other")), (vec!["/other"], false));
        assert!(cache.get("/other").is_some_and(|it| !it.is_compressible()), "and not compressed again");
        cache.replace(resource(folder.path(), "/other", 900).with_gzip(vec![0; 10]));
        assert!(!is_compressed(&mut cache, "/other"), "made from another version than the one that is kept");
        cache.replace(small.with_gzip(vec![0; 10]));
        assert_eq!(kept(&cache, &names), ["/other"], "what it was made from is not kept any more");
    }

    #[test]
    fn open_files_are_bounded_and_unused_ones_are_closed() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..OPEN_FILES_MAX + 2).map(|at| format!("/{at}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut cache = Cache::new(1 << 20);
        for name in &names {
            cache.insert(resource(folder.path(), name, SMALL_BYTES_MAX as usize + 1));
        }
        assert_eq!(kept(&cache, &names), names[2..]);
        let now = Instant::now();
        assert_eq!(cache.close_unused(now), Some(now + CLOSE_UNUSED_EVERY));
        let [once, twice] = [1, 2].map(|times| now + times * CLOSE_UNUSED_EVERY);
        assert_eq!(cache.close_unused(once), Some(twice));
        assert_eq!(kept(&cache, &names), names[2..], "all were used since the first time");
        cache.get("/5");
        cache.close_unused(twice);
        assert_eq!(kept(&cache, &names), ["/5"]);
    }

    /// A file that is not on the disk.
    struct Tiny {
        path: String,
        memory_bytes: usize,
        held_bytes: u64,
    }

    impl Keepable for Tiny {
        fn path(&self) -> &str {
            &self.path
        }

        fn memory_bytes(&self) -> usize {
            self.memory_bytes
        }

        fn holds_files(&self) -> bool {
            self.held_bytes > 0
        }

        fn held_bytes(&self) -> u64 {
            self.held_bytes
        }
    }

    fn tiny(path: &str, memory_bytes: usize, held_bytes: u64) -> Arc<Tiny> {
        Arc::new(Tiny { path: path.to_owned(), memory_bytes: path.len() + memory_bytes, held_bytes })
    }

    /// Asks for each of `names` once: a file that is not kept is read.
    fn ask(cache: &mut Cache<Tiny>, names: impl IntoIterator<Item = String>) {
        for name in names {
            if cache.get(&name).is_none() {
                cache.insert(tiny(&name, 1000, 0));
                assert!(cache.contains(&name), "what was read last is kept");
            }
        }
    }

    fn names(kind: &str, count: usize) -> impl Iterator<Item = String> + Clone {
        (0..count).map(move |at| format!("{kind} {at}"))
    }

    #[test]
    fn files_in_use_stay_while_all_others_are_asked_for_once() {
        let mut cache = Cache::new(200 << 10);
        let wanted = names("wanted", 100);
        ask(&mut cache, wanted.clone());
        ask(&mut cache, wanted.clone());
        ask(&mut cache, names("other", 100_000));
        assert_eq!(wanted.filter(|name| !cache.contains(name)).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_file_that_was_evicted_and_is_asked_for_again_is_in_use() {
        let mut cache = Cache::new(80 << 10);
        ask(&mut cache, names("before", 100));
        ask(&mut cache, names("wanted", 1).chain(names("between", 12)));
        assert!(!cache.contains("wanted 0"), "it was asked for once");
        ask(&mut cache, names("wanted", 1).chain(names("after", 1000)));
        assert!(cache.contains("wanted 0"), "its name was remembered");
    }

    #[test]
    fn a_file_in_use_stays_so_when_it_grows() {
        let mut cache = Cache::new(20 << 10);
        ask(&mut cache, names("wanted", 1).chain(names("before", 100)));
        cache.insert(tiny("wanted 0", 4000, 0));
        ask(&mut cache, names("after", 1000));
        assert!(cache.contains("wanted 0"));
    }

    #[test]
    fn the_open_file_that_was_not_used_for_the_longest_time_is_closed_first() {
        let mut cache = Cache::new(1 << 20);
        let all: Vec<String> = (0..OPEN_FILES_MAX + 1).map(|at| at.to_string()).collect();
        let [before @ .., last] = &*all else { panic!("there are some") };
        before.iter().for_each(|name| cache.insert(tiny(name, 100, 1)));
        cache.get("0");
        cache.insert(tiny(last, 100, 1));
        let closed: Vec<_> = all.iter().filter(|name| !cache.contains(name)).collect();
        assert_eq!(closed, ["1"]);
    }

    #[test]
    fn the_bounds_hold_whatever_is_asked_for() {
        let mut cache = Cache::new(100_000);
        let mut random = 1_u64;
        let mut below = |count: u64| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) % count
        };
        for _ in 0..5000 {
            let name = below(200).to_string();
            let memory_bytes = [100, 1000, 10_000, 120_000][below(4) as usize];
            let held_bytes = below(2) * below(2) * (SMALL_BYTES_MAX + 1);
            match below(100) {
                0 => drop(cache.close_files()),
                1..5 => drop(cache.close_unused(Instant::now())),
                5..10 => cache.remove(&name),
                10..40 => drop(cache.get(&name)),
                _ => cache.insert(tiny(&name, below(memory_bytes) as usize, held_bytes)),
            }
            kept(&cache, &[]);
        }
    }
}
