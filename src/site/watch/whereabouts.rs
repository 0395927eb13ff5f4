//! The root that is watched may be deleted or moved, and come back as the same folder or as another one.

use super::changes::{Changes, Whereabouts};
use super::place::ROOT;
use super::rounds::LOOK_EVERY;
use crate::site::root::Root;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the root is looked for while it is gone: a user waits for the end of a build.
const ROOT_EVERY: Duration = Duration::from_millis(250);

impl Changes {
    /// The root was moved or deleted, or a folder above it. It is looked for at once, and then a few times a second.
    pub(super) fn lose_root(&mut self, now: Instant) {
        self.memory.forget(Instant::now());
        self.touch_below(ROOT, now);
        self.whereabouts = Whereabouts::Gone;
        self.root_due = Some(now);
    }

    /// Whether the root is to be looked for now.
    pub fn looks_for_root(&self, now: Instant) -> bool {
        self.root_due().is_some_and(|due| due <= now)
    }

    /// When the root is to be looked for; `None` while there is no reader, or if the kernel tells of it.
    pub(super) fn root_due(&self) -> Option<Instant> {
        let is_due = !self.uses.is_unread()
            && (self.whereabouts == Whereabouts::Gone || self.folders.is_root_looked_at());
        is_due.then_some(self.root_due.unwrap_or(self.now))
    }

    /// The root was looked for: `root` is at its path; `None` if there is none.
    pub fn note_look(&mut self, root: Option<&Arc<Root>>, now: Instant) {
        let is_there = root.is_some();
        self.root_due = Some(now + if is_there { LOOK_EVERY } else { ROOT_EVERY });
        match root {
            None if self.whereabouts == Whereabouts::There => self.lose_root(now),
            None => {}
            Some(root) => {
                self.note_root(root, now);
                if self.whereabouts == Whereabouts::Gone {
                    self.find_root(root.clone(), now);
                }
            }
        }
    }

    /// A request may have found another root.
    pub fn note_root(&mut self, root: &Arc<Root>, now: Instant) {
        if !Arc::ptr_eq(root, &self.folders.root) {
            self.memory.forget(Instant::now());
            self.find_root(root.clone(), now);
        }
    }

    /// The root is there again, or another one is.
    fn find_root(&mut self, root: Arc<Root>, now: Instant) {
        self.whereabouts = Whereabouts::There;
        self.folders.replace_root(root);
        self.follow_below(ROOT, now);
        self.burst.iter_mut().for_each(|burst| burst.restart(now));
    }
}
