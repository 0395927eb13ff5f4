//! Which places are used by which readers, what was seen there last, and what of it changed. This file does not look at the
//! disk.

use super::place::Place;
use super::sight::Sight;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::time::SystemTime;

/// Readers at most: one for each browser that has pages open.
pub const READERS_MAX: usize = 64;

/// Places that one reader uses at most.
pub const PLACES_MAX: usize = 8192;

/// Places that all readers use at most: some 20 MiB beside their paths.
pub const ALL_PLACES_MAX: usize = 65_536;

/// Bytes of paths that one reader has at most. So the paths of all take 32 MiB at most, and the names of their places as much.
pub const PATH_BYTES_MAX: usize = 512 << 10;

/// The number of a reader.
pub type ReaderId = u64;

/// The places that are used.
#[derive(Default)]
pub struct Uses {
    places: BTreeMap<Place, Used>,
    readers: HashMap<ReaderId, Reader>,
    next: ReaderId,
    /// How many places all readers use together, each counted once for each reader.
    count: usize,
    /// The places of which the kernel tells nothing, or not enough.
    looked_at: BTreeSet<Place>,
    /// The places that came since the kernel's queue was last empty.
    unsettled: Vec<Place>,
}

/// A place that readers use.
pub struct Used {
    readers: usize,
    /// What was there at the last look.
    pub sight: Sight,
    /// Whether what is told of the place from now on happened after the look.
    pub is_settled: bool,
    /// Whether what was there was changed just before the look, so that the next change may not show.
    pub is_young: bool,
}

impl Used {
    /// This is there now.
    pub fn see(&mut self, sight: Sight) {
        self.sight = sight;
        self.is_young = !sight.is_settled(SystemTime::now());
    }
}

#[derive(Default)]
struct Reader {
    uses: BTreeMap<Place, Use>,
    path_bytes: usize,
}

#[derive(Default)]
struct Use {
    /// The paths that name the place, as they were added.
    paths: Vec<Box<str>>,
    has_changed: bool,
}

impl Uses {
    /// A new reader, which uses nothing yet; `None` if there are too many.
    pub fn add_reader(&mut self) -> Option<ReaderId> {
        if self.readers.len() >= READERS_MAX {
            return None;
        }
        self.next += 1;
        self.readers.insert(self.next, Reader::default());
        Some(self.next)
    }

    /// A reader is gone.
    pub fn remove_reader(&mut self, reader: ReaderId) {
        let uses = self.readers.remove(&reader).unwrap_or_default().uses;
        self.count -= uses.len();
        for place in uses.keys() {
            let Some(used) = self.places.get_mut(place) else { continue };
            used.readers -= 1;
            if used.readers == 0 {
                self.places.remove(place);
                self.looked_at.remove(place);
            }
        }
        if self.places.is_empty() {
            self.unsettled.clear();
        }
    }

    /// Whether there is no reader.
    pub fn is_unread(&self) -> bool {
        self.readers.is_empty()
    }

    /// The reader uses `place`, by the name of `path`. False if there is no room for it.
    pub fn add(&mut self, reader: ReaderId, place: &Place, path: &str, look: impl FnOnce() -> Sight) -> bool {
        let Some(reader) = self.readers.get_mut(&reader) else { return false };
        let is_new = match reader.uses.get(place) {
            Some(known) if known.paths.iter().any(|known| &**known == path) => return true,
            Some(_) => false,
            None => true,
        };
        // A path that names nothing more than its place still takes some bytes.
        let path_bytes = reader.path_bytes + path.len() + size_of::<Box<str>>();
        let has_room = reader.uses.len() < PLACES_MAX && self.count < ALL_PLACES_MAX;
        if path_bytes > PATH_BYTES_MAX || (is_new && !has_room) {
            return false;
        }
        reader.path_bytes = path_bytes;
        reader.uses.entry(place.clone()).or_default().paths.push(path.into());
        if is_new {
            self.count += 1;
            let used = self.places.entry(place.clone()).or_insert_with(|| {
                self.unsettled.push(place.clone());
                let mut used = Used { readers: 0, sight: Sight::Nothing, is_settled: false, is_young: false };
                used.see(look());
                used
            });
            used.readers += 1;
        }
        true
    }

    /// What is known of a place that is used.
    pub fn get_mut(&mut self, place: &[u8]) -> Option<&mut Used> {
        self.places.get_mut(place)
    }

    /// The places in and below a folder that are used; or the place itself, where it is no folder, and those behind it.
    pub fn below(&self, place: &[u8]) -> Vec<Place> {
        let range = (Bound::Included(place), Bound::Unbounded);
        let below = self.places.range::<[u8], _>(range).take_while(|(at, _)| at.starts_with(place));
        below.map(|(at, _)| at.clone()).collect()
    }

    /// The places at which nothing is.
    pub fn empty(&self) -> Vec<Place> {
        let empty = self.places.iter().filter(|(_, used)| used.sight == Sight::Nothing);
        empty.map(|(place, _)| place.clone()).collect()
    }

    /// Whether the place is to be looked at again and again, while a reader uses it. Says whether that is new.
    pub fn set_looked_at(&mut self, place: &Place, is_looked_at: bool) -> bool {
        match is_looked_at {
            true => self.places.contains_key(place) && self.looked_at.insert(place.clone()),
            false => {
                self.looked_at.remove(place);
                false
            }
        }
    }

    /// Whether any place is looked at again and again.
    pub fn are_looked_at(&self) -> bool {
        !self.looked_at.is_empty()
    }

    /// The first of these places behind `after`.
    pub fn looked_at_after(&self, after: Option<&Place>) -> Option<Place> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.looked_at.range::<Place, _>((start, Bound::Unbounded)).next().cloned()
    }

    /// The kernel's queue is empty: what is told from now on happened after every look so far.
    pub fn settle(&mut self) {
        for place in self.unsettled.drain(..) {
            self.places.get_mut(&place).into_iter().for_each(|used| used.is_settled = true);
        }
    }

    /// The place has changed, for one reader or for all of them. Says whether any uses it.
    pub fn mark(&mut self, place: &[u8], reader: Option<ReaderId>) -> bool {
        let mut any = false;
        let concerned = self.readers.iter_mut().filter(|(id, _)| reader.is_none_or(|reader| reader == **id));
        for used in concerned.filter_map(|(_, reader)| reader.uses.get_mut(place)) {
            used.has_changed = true;
            any = true;
        }
        any
    }

    /// The paths of the reader that changed and were not taken yet.
    pub fn take(&mut self, reader: ReaderId) -> Vec<String> {
        let uses = self.readers.get_mut(&reader).into_iter().flat_map(|reader| reader.uses.values_mut());
        let mut paths = Vec::new();
        for used in uses {
            if std::mem::take(&mut used.has_changed) {
                paths.extend(used.paths.iter().map(|path| path.to_string()));
            }
        }
        paths
    }
}
