//! What notices that files change while no client asks for them, and the readers that are told.
//!
//! One inotify descriptor stands in the same poll as the sockets. Nothing is looked at while nothing is told, and nothing is kept
//! of files that no reader uses. inotify does not tell of a file that is written by another name of it (a hard link), nor by way
//! of mmap(2).

mod place;
mod sight;
mod uses;
mod memory;
mod burst;
mod watched;
mod rounds;
mod changes;
mod whereabouts;

use crate::os::inotify::Inotify;
use crate::site::fallback::NOT_FOUND_PAGE;
use crate::site::lock::lock;
use crate::site::only::Only;
use crate::site::path::SitePath;
use crate::site::policy::{CleanUrls, Hidden, Policy, Spa};
use crate::site::root::Root;
use changes::Changes;
use log::warn;
use place::{folder_of, place_of};
use sight::Rules;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use uses::ReaderId;

/// Notices changes of the files that clients use.
pub struct Watcher {
    inotify: Option<Arc<Inotify>>,
    shared: Arc<Shared>,
}

/// A reader that is told of changes. When it is dropped, it is told of nothing any more.
pub struct Subscription {
    reader: ReaderId,
    shared: Arc<Shared>,
}

/// What the watcher and its readers share.
struct Shared {
    hidden: Hidden,
    /// The one file that is served.
    only: Option<Only>,
    changes: Mutex<Changes>,
    /// Whether a reader can take something, since this was last asked.
    has_news: AtomicBool,
}

impl Watcher {
    /// Notices changes below `root`, of one file alone where that is served. If the kernel has no inotify for this process, what is used is looked at once a second.
    pub(super) fn new(root: &Arc<Root>, policy: &Policy, only: Option<Only>) -> Watcher {
        let inotify = match Inotify::new() {
            Ok(inotify) => Some(Arc::new(inotify)),
            Err(error) => {
                warn!("the kernel does not tell of changes of files (inotify_init1: {error})");
                None
            }
        };
        let rules = rules_of(policy);
        let changes = Mutex::new(Changes::new(root.clone(), inotify.clone(), rules));
        let shared = Shared { hidden: policy.hidden, only, changes, has_news: AtomicBool::new(false) };
        Watcher { inotify, shared: Arc::new(shared) }
    }

    /// Something that the percent-encoded `path` of a target names is about to be looked up for a client: from now on changes
    /// of its folder are noticed. This is to be called before the lookup, so that no change falls between.
    pub fn watch(&self, path: &str) {
        if let Some(path) = SitePath::decode(path, self.shared.hidden) {
            lock(&self.shared.changes).folders.follow(folder_of(&place_of(&path)));
        }
    }

    /// A lookup has found another root. It goes on in that one, so the folders there are watched first.
    pub(super) fn note_root(&self, root: &Arc<Root>) {
        lock(&self.shared.changes).note_root(root, Instant::now());
    }

    /// The descriptor that is readable when the kernel has something to tell; `None` if files are looked at instead.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(|inotify| inotify.as_fd())
    }

    /// The descriptor may be readable. As with a socket, this is kept until reading it was tried and brought nothing.
    pub fn note_readiness(&self) {
        lock(&self.shared.changes).note_readiness();
    }

    /// Whether there are changes that readers can take, since this was last asked.
    pub fn take_news(&self) -> bool {
        self.shared.has_news.swap(false, Ordering::AcqRel)
    }

    /// A reader that is to be told of changes; `None` if there are too many: 64.
    pub fn subscribe(&self) -> Option<Subscription> {
        let reader = lock(&self.shared.changes).uses.add_reader()?;
        Some(Subscription { reader, shared: self.shared.clone() })
    }

    /// Does a bounded part of what is due at `now`, and says when to call again. `look` looks for the root, and gives the one that
    /// is there; `root` is the one that was found last.
    pub(super) fn work(
        &self,
        now: Instant,
        root: &Arc<Root>,
        look: impl FnOnce() -> Option<Arc<Root>>,
    ) -> Option<Instant> {
        let mut changes = lock(&self.shared.changes);
        changes.note_root(root, now);
        if changes.looks_for_root(now) {
            // A look that finds another root notes it.
            drop(changes);
            let found = look();
            changes = lock(&self.shared.changes);
            changes.note_look(found.as_ref(), now);
        }
        let (has_news, next) = changes.work(now);
        if has_news {
            self.shared.has_news.store(true, Ordering::Release);
        }
        next
    }
}

/// What decides on what is at a place, by this policy.
fn rules_of(policy: &Policy) -> Rules {
    let indexes = policy.index.clone();
    // An app answers with its index, and a site with its page of every 404. Nothing stands for a file that is served alone.
    let of_app = indexes.iter().filter(|_| policy.spa == Spa::On).map(|index| format!("/{index}"));
    let not_found = policy.only.is_none().then(|| NOT_FOUND_PAGE.to_owned());
    let instead = of_app.chain(not_found).map(|page| page.into_bytes().into()).collect();
    let clean_urls = policy.clean_urls == CleanUrls::On;
    Rules { indexes, hidden: policy.hidden, clean_urls, instead }
}

impl Subscription {
    /// A page of this reader uses `path`; it began to load `age` ago. A change noticed since then counts as one. False if there
    /// is no room for another path: a reader has 8,192 files or folders and 512 KiB of paths at most, and all together have
    /// 65,536. So no more than some 80 MiB are filled in this way.
    ///
    /// If what happened so long ago is not remembered, it counts as a change: then a page reloads once, and is young. That is so
    /// for a page that began to load before the server started, or before the last 4,096 names that changed.
    pub fn add(&self, path: &str, age: Duration) -> bool {
        self.add_by_name(path, path, age)
    }

    /// The same for a reader that calls the path `named`.
    pub fn add_by_name(&self, path: &str, named: &str, age: Duration) -> bool {
        let path = match &self.shared.only {
            Some(only) if only.is_named_by(path) => only.path(),
            Some(_) => return true,
            None => path,
        };
        // What is not served never changes for a client.
        let Some(decoded) = SitePath::decode(path, self.shared.hidden) else { return true };
        let added = lock(&self.shared.changes).add(self.reader, &place_of(&decoded), named, age);
        if added == Some(true) {
            self.shared.has_news.store(true, Ordering::Release);
        }
        added.is_some()
    }

    /// What the reader calls the paths whose files changed and were not taken yet.
    pub fn take(&self) -> Vec<String> {
        lock(&self.shared.changes).uses.take(self.reader)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        lock(&self.shared.changes).uses.remove_reader(self.reader);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page that is missing is told of a page that comes in its place, so that it shows that one.
    #[test]
    fn nothing_stands_for_a_file_that_is_served_alone() {
        let instead = |policy: Policy| rules_of(&policy).instead;
        assert_eq!(instead(Policy::default()), [place::Place::from(&b"/404.html"[..])]);
        assert!(instead(Policy { only: Some("page.html".into()), ..Policy::default() }).is_empty());
    }
}
