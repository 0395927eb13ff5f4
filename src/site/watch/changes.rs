//! From what the kernel tells to the places that have changed: what was touched is looked at when a burst of changes is over,
//! and what is another version then is told, all at once.
//!
//! The kernel says which names were touched, not that anything is different. So each used place is compared with what was there
//! before. It also says nothing in some cases ([`Why`]), and there the same comparison is made once a second.

use super::burst::{Burst, Step, Touch};
use super::memory::Memory;
use super::place::{Place, ROOT, folder_of, is_folder, way_to};
use super::rounds::Rounds;
use super::sight::{Look, Rules, Sight};
use super::uses::{ReaderId, Uses};
use super::watched::{Folders, How, Why};
use crate::log::escaped::Escaped;
use crate::os::inotify::{Drained, Happening, Inotify, NameChange, Room};
use crate::site::path::is_served;
use crate::site::root::Root;
use crate::site::stamp::Stamp;
use log::{debug, info, trace, warn};
use std::collections::HashSet;
use std::mem::take;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Places that are looked at in one turn. Each takes a microsecond or two, and more on a file system of another machine.
const LOOKS_A_TURN: usize = 64;

/// All that is known of changes.
pub struct Changes {
    /// Which folders are watched.
    pub folders: Folders,
    /// What is used.
    pub uses: Uses,
    inotify: Option<Arc<Inotify>>,
    /// Whether the kernel may have more to tell.
    is_ready: bool,
    room: Option<Room>,
    rules: Rules,
    pub(super) memory: Memory,
    pub(super) burst: Option<Burst>,
    rounds: Rounds,
    pub(super) whereabouts: Whereabouts,
    /// When the root is to be looked for next, where that is to be done.
    pub(super) root_due: Option<Instant>,
    /// The time of the last call of [`Changes::work`].
    pub(super) now: Instant,
    /// What was said of places where changes are not told.
    said: HashSet<Why>,
}

/// Where the root is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// It was at its path when it was last looked for.
    There,
    /// It was deleted or moved.
    Gone,
}

impl Changes {
    /// Notices changes below `root`, by way of `inotify`.
    pub fn new(root: Arc<Root>, inotify: Option<Arc<Inotify>>, rules: Rules) -> Changes {
        let now = Instant::now();
        Changes {
            folders: Folders::new(root, inotify.clone()),
            uses: Uses::default(),
            inotify,
            is_ready: false,
            room: None,
            rules,
            memory: Memory::new(now),
            burst: None,
            rounds: Rounds::default(),
            whereabouts: Whereabouts::There,
            root_due: None,
            now,
            said: HashSet::new(),
        }
    }
}

/// When a page began to load, by both clocks; `None` if that is longer ago than a clock goes back.
#[derive(Clone, Copy)]
struct Began {
    instant: Option<Instant>,
    time: Option<SystemTime>,
}

impl Began {
    /// So long before now.
    fn before(age: Duration) -> Began {
        Began { instant: Instant::now().checked_sub(age), time: SystemTime::now().checked_sub(age) }
    }
}

/// What readers do.
impl Changes {
    /// The reader uses `place`, by the name of `path`, since `age` ago. `None` if there is no room for it; else whether there is
    /// a change since then that it can take. One that belongs to a burst that goes on is told with it: a page that loads again
    /// and again while a build writes is of no use.
    pub fn add(&mut self, reader: ReaderId, place: &Place, path: &str, age: Duration) -> Option<bool> {
        // What is done from here on takes its time, and the page does not get younger by that.
        let began = Began::before(age);
        // What the kernel has queued happened before, or while the page was loading: then it is told here, and not once more.
        self.read(self.now);
        // The folder is watched before the place is looked at, so no change falls between.
        let why = self.why_looked_at(place);
        let Changes { uses, rules, folders, .. } = self;
        if !uses.add(reader, place, path, || rules.look(&folders.root, place, look(why)).sight) {
            return None;
        }
        // What was queued meanwhile may have happened before the look.
        self.is_ready = true;
        self.set_looked_at(place, why);
        let has_changed = self.has_changed_since(place, began);
        Some(has_changed && !self.is_told_later(place) && self.uses.mark(place, Some(reader)))
    }

    /// Whether a place that has changed is told with the burst that goes on. While the root is gone, nothing is told.
    fn is_told_later(&mut self, place: &Place) -> bool {
        if self.whereabouts == Whereabouts::Gone {
            self.touch(place, Touch::default(), self.now);
        }
        self.burst.as_mut().is_some_and(|burst| burst.keeps(place))
    }

    /// Whether a place has changed since it was loaded. What is not known any more may have changed: such a page reloads once,
    /// and is young then.
    ///
    /// The file system knows, too, when a file was last changed, also where no change is told. That time lies in the past and
    /// stays the same, so a page that loads again is not told of it again.
    fn has_changed_since(&mut self, place: &Place, began: Began) -> bool {
        let Some(since) = began.instant.filter(|since| self.memory.reaches(*since)) else {
            return true;
        };
        let has_changed = |name: &[u8]| self.memory.has_changed(name, since);
        let on_the_way = way_to(place).skip(1).map(|step| step.strip_suffix(b"/").unwrap_or(step));
        let sight = self.uses.get_mut(place).map(|used| used.sight);
        let by_time =
            |stamp: Stamp| began.time.is_some_and(|since| stamp.is_changed_since(since, SystemTime::now()));
        on_the_way.into_iter().any(has_changed)
            || self.rules.names_for(place).iter().any(|name| has_changed(name))
            || match sight {
                Some(Sight::File(stamp)) => by_time(stamp),
                Some(Sight::Folder(_)) => is_folder(place) && has_changed(place),
                Some(Sight::Nothing) => self.rules.instead.iter().any(|page| has_changed(page)),
                _ => false,
            }
    }

    /// Why the place is to be looked at once a second; `None` if the kernel tells of its changes.
    fn why_looked_at(&mut self, place: &Place) -> Option<Why> {
        match self.folders.follow(folder_of(place)) {
            How::LookedAt(why) => Some(why),
            How::Watched(_) => {
                let seen = self.rules.look(&self.folders.root, place, Look::Watched);
                seen.by_link.then_some(Why::Link)
            }
        }
    }

    fn set_looked_at(&mut self, place: &Place, why: Option<Why>) {
        if self.uses.set_looked_at(place, why.is_some())
            && let Some(why) = why
            && self.said.insert(why)
        {
            why.say(place);
        }
    }
}

/// What the kernel tells.
impl Changes {
    /// Reads what the kernel tells, a bounded part of it.
    fn read(&mut self, now: Instant) {
        let Some(inotify) = self.inotify.clone() else {
            self.is_ready = false;
            return self.uses.settle();
        };
        let mut room = take(&mut self.room).unwrap_or_default();
        let drained = inotify.read(&mut room, |it| self.take_in(it, now));
        self.room = Some(room);
        match drained {
            Ok(Drained::NotYet) => {}
            Ok(Drained::Yes) => {
                self.is_ready = false;
                self.uses.settle();
            }
            Err(error) => {
                self.is_ready = false;
                warn!("changes of files cannot be read: {error}");
            }
        }
    }

    /// Takes note of what happened. This is noticed at once, however busy the turn is: a page that was loaded after it is not
    /// told of it.
    fn take_in(&mut self, happening: Happening<'_>, now: Instant) {
        match happening {
            Happening::Lost => {
                info!(
                    "so much has changed that the kernel could not tell all of it: all that is used is looked at"
                );
                self.memory.forget(Instant::now());
                self.folders.drop_below(ROOT);
                self.follow_below(ROOT, now);
            }
            Happening::Name { watch, name, .. } if self.folders.is_root(watch, name) => self.lose_root(now),
            Happening::Name { watch, name, change } if is_served(name, self.rules.hidden) => {
                for folder in self.folders.places(watch) {
                    self.touch_name(&folder, name, change, now);
                }
            }
            Happening::Name { .. } => {}
            Happening::Attributes(watch) => {
                self.folders.places(watch).iter().for_each(|folder| self.touch_below(folder, now));
            }
            Happening::Gone(watch) if self.folders.is_above(watch) => self.lose_root(now),
            Happening::Gone(watch) => {
                for folder in self.folders.places(watch) {
                    match &*folder == ROOT {
                        true => self.lose_root(now),
                        false => {
                            self.folders.renew_below(&folder);
                            self.follow_below(&folder, now);
                        }
                    }
                }
            }
        }
    }

    /// Something happened to `name` in `folder`.
    fn touch_name(&mut self, folder: &Place, name: &[u8], change: NameChange, now: Instant) {
        let place: Place = [folder, name].concat().into();
        trace!("inotify: {} was touched", Escaped(&place));
        let noticed = Instant::now();
        self.memory.note(&place, noticed);
        self.memory.note(folder, noticed);
        self.burst.iter_mut().for_each(|burst| burst.prolong(now));
        if change != NameChange::File {
            let below: Place = [&place, &b"/"[..]].concat().into();
            if change == NameChange::Leads {
                self.folders.renew_below(&below);
            }
            self.follow_below(&below, now);
        }
        self.touch(&place, Touch::default(), now);
        self.touch(folder, Touch { is_of_names: true, ..Touch::default() }, now);
        if let Some(other) = self.rules.place_for(&place) {
            self.touch(other, Touch::default(), now);
        }
        if self.rules.instead.contains(&place) {
            let shown = self.uses.empty();
            shown
                .iter()
                .for_each(|empty| self.touch(empty, Touch { is_of_names: true, ..Touch::default() }, now));
        }
    }

    /// The folders on the way to what is used in and below `folder` may be others: they are watched, and what is used is looked
    /// at.
    pub(super) fn follow_below(&mut self, folder: &[u8], now: Instant) {
        for place in self.uses.below(folder) {
            self.folders.follow(folder_of(&place));
            self.touch(&place, Touch::default(), now);
        }
    }

    pub(super) fn touch_below(&mut self, folder: &[u8], now: Instant) {
        self.uses.below(folder).iter().for_each(|place| self.touch(place, Touch::default(), now));
    }

    /// The place is to be looked at when the burst is over, if any reader uses it.
    fn touch(&mut self, place: &[u8], touch: Touch, now: Instant) {
        if let Some(used) = self.uses.get_mut(place) {
            let burst = self.burst.get_or_insert_with(|| Burst::new(now));
            burst.touch(place.into(), Touch { is_change: !used.is_settled || used.is_young, ..touch });
        }
    }
}

/// What is done about it.
impl Changes {
    /// The descriptor has something to tell.
    pub fn note_readiness(&mut self) {
        self.is_ready = true;
    }

    /// Does a bounded part of what is to be done at `now`. Says whether readers can take something since the last call, and when
    /// to call again; `None` if only the kernel, a request or a reader can bring something new.
    pub fn work(&mut self, now: Instant) -> (bool, Option<Instant>) {
        self.now = now;
        if self.is_ready {
            self.read(now);
        }
        let news = self.end_burst(now);
        self.look_around(now);
        let burst = self.burst.as_ref().filter(|_| self.whereabouts == Whereabouts::There).map(Burst::due);
        let next = [self.is_ready.then_some(now), burst, self.rounds.due(), self.root_due()];
        (news, next.into_iter().flatten().min())
    }

    /// Compares what was touched in a burst that is over, and tells what has changed. While the root is gone, nothing is: all
    /// pages would load an error page, and not come back.
    fn end_burst(&mut self, now: Instant) -> bool {
        if self.whereabouts == Whereabouts::Gone {
            return false;
        }
        for _ in 0..LOOKS_A_TURN {
            let Some(burst) = &mut self.burst else { return false };
            match burst.step(now) {
                Step::Wait => return false,
                Step::Compare(place, touch) => self.compare(place, touch, now),
                Step::Tell(changed) => {
                    self.burst = None;
                    changed.iter().for_each(|place| debug!("{} has changed", Escaped(place)));
                    return changed.iter().fold(false, |any, place| self.uses.mark(place, None) | any);
                }
            }
        }
        false
    }

    /// Looks at a place that was touched.
    fn compare(&mut self, place: Place, touch: Touch, now: Instant) {
        let why = self.why_looked_at(&place);
        let sight = self.rules.look(&self.folders.root, &place, look(why)).sight;
        let Some(used) = self.uses.get_mut(&place) else { return };
        let is_listing = matches!(sight, Sight::Folder(_)) && is_folder(&place);
        let shows_names = touch.is_of_names && (is_listing || sight == Sight::Nothing);
        let has_changed = touch.is_change || !sight.is_like(used.sight) || shows_names;
        let Some(burst) = self.burst.as_mut().filter(|_| has_changed) else {
            used.see(sight);
            return self.set_looked_at(&place, why);
        };
        let is_lost = match (used.sight, sight) {
            // What was shown instead is missing.
            (Sight::Nothing, Sight::Nothing) => {
                touch.is_of_names && !self.rules.has_instead(&self.folders.root)
            }
            // Without its index, a folder is no longer what it was.
            (_, Sight::Nothing) | (Sight::File(_), Sight::Folder(_)) => true,
            _ => false,
        };
        if is_lost && burst.waits_for(&place, touch, now) {
            return;
        }
        used.see(sight);
        burst.note_changed(place.clone());
        self.set_looked_at(&place, why);
    }

    /// Once a second: looks at the places of which nothing is told.
    fn look_around(&mut self, now: Instant) {
        if self.whereabouts == Whereabouts::Gone {
            return;
        }
        for _ in 0..LOOKS_A_TURN {
            let Some(place) = self.rounds.next_place(&self.uses, now) else { return };
            let sight = self.rules.look(&self.folders.root, &place, Look::Alone).sight;
            if self.uses.get_mut(&place).is_some_and(|used| !sight.is_like(used.sight)) {
                self.touch(&place, Touch::default(), now);
            }
        }
    }
}

fn look(why: Option<Why>) -> Look {
    if why.is_some() { Look::Alone } else { Look::Watched }
}
