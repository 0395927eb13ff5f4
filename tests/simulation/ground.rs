//! Trees of the model on the disk: nodes are built, renamed away, brought back and deleted.
//!
//! Every change gets a time stamp of its own, also the change of a folder. The clock of the file system is too coarse for
//! worlds that last a millisecond, and some kernels have no finer one.

use crate::past::{Age, Version, written};
use crate::spares::{Spares, rewrite};
use crate::tree::Node;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The folder that is served, and a place outside of it for what was renamed away.
pub struct Ground {
    root: PathBuf,
    kept: Vec<Kept>,
    spares: Spares,
}

/// What was renamed away: its path in the root, what it was, and where it is now.
struct Kept {
    path: String,
    node: Rc<Node>,
    place: PathBuf,
}

/// Gives the time of the last change to a file, a folder, or a link itself.
pub fn set_time(path: &Path, time: SystemTime) {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

impl Ground {
    pub fn of(root: &Path, attic: &Path) -> Ground {
        Ground { root: root.to_owned(), kept: Vec::new(), spares: Spares::at(attic) }
    }

    /// A new world begins.
    pub fn begin(&mut self) {
        self.spares.begin();
    }

    /// Puts `node` in place of what is at `path`. Its folder was changed at `time`.
    pub fn put(&mut self, path: &str, node: &Rc<Node>, before: Option<&Rc<Node>>, time: SystemTime) {
        let next = self.spares.place().0;
        self.spares.build(&next, node, time);
        self.delete(path, before);
        fs::rename(next, self.root.join(path)).unwrap();
        self.touch(path, time);
    }

    /// Puts a file in place of the one at `path`, if there is one; `None` takes it away.
    pub fn put_file(&mut self, path: &Path, version: Option<&Version>, time: SystemTime) {
        let path = self.root.join(path);
        self.spares.take_file(&path);
        if let Some(version) = version {
            self.spares.build_file(&path, version);
        }
        set_time(&self.root, time);
    }

    /// Writes a file in place: its folder does not change.
    pub fn rewrite(&self, path: &Path, version: &Version) {
        rewrite(&self.root.join(path), version);
    }

    /// The folder in which everything is.
    pub fn base(&self) -> &Path {
        self.root.parent().expect("the root is in it")
    }

    /// Deletes what is at `path`.
    pub fn take(&mut self, path: &str, before: Option<&Rc<Node>>, time: SystemTime) {
        self.delete(path, before);
        self.touch(path, time);
    }

    /// Renames what is at a path to another, where nothing is.
    pub fn rename(&self, from: &str, to: &str, time: SystemTime) {
        fs::rename(self.root.join(from), self.root.join(to)).unwrap();
        self.touch(from, time);
        self.touch(to, time);
    }

    /// Renames what is at `path` away, to be brought back later. Gives its name in the attic.
    pub fn away(&mut self, path: &str, node: &Rc<Node>, time: SystemTime) -> u64 {
        let (place, name) = self.spares.place();
        fs::rename(self.root.join(path), &place).unwrap();
        self.kept.push(Kept { path: path.to_owned(), node: node.clone(), place });
        self.touch(path, time);
        name
    }

    /// Whether something was renamed away from `path`.
    pub fn has_kept(&self, path: &str) -> bool {
        self.kept.iter().any(|kept| kept.path == path)
    }

    /// Brings back what was renamed away from `path`, in place of what is there now. Gives what it is.
    pub fn back(&mut self, path: &str, before: Option<&Rc<Node>>, time: SystemTime) -> Rc<Node> {
        let at = self.kept.iter().rposition(|kept| kept.path == path).expect("it was renamed away");
        let kept = self.kept.remove(at);
        self.delete(path, before);
        fs::rename(kept.place, self.root.join(path)).unwrap();
        self.touch(path, time);
        kept.node
    }

    /// Makes what is at `path`, which is `now`, what it was at first. Only what has changed is written.
    pub fn restore(&mut self, path: &str, first: Option<&Rc<Node>>, now: Option<&Rc<Node>>) {
        let time = written(Age::First, 0);
        match (first, now) {
            (Some(first), Some(now)) if Rc::ptr_eq(first, now) => {}
            (None, None) => {}
            (None, now) => self.delete(path, now),
            (Some(first), now) if self.has_kept(path) => {
                let kept = self.back(path, now, time);
                self.restore(path, Some(first), Some(&kept));
            }
            (Some(first), now) => match (&**first, now.map(|now| &**now)) {
                (Node::Folder(firsts), Some(Node::Folder(nows))) => {
                    for name in nows.keys().filter(|name| !firsts.contains_key(*name)) {
                        self.restore(&below(path, name), None, nows.get(name));
                    }
                    for (name, first) in firsts {
                        self.restore(&below(path, name), Some(first), nows.get(name));
                    }
                    set_time(&self.root.join(path), time);
                }
                _ => self.put(path, first, now, time),
            },
        }
    }

    /// Deletes everything that was renamed away and did not come back.
    pub fn clear(&mut self) {
        for Kept { place, node, .. } in std::mem::take(&mut self.kept) {
            self.spares.take(&place, &node);
        }
    }

    fn delete(&mut self, path: &str, before: Option<&Rc<Node>>) {
        if let Some(before) = before {
            self.spares.take(&self.root.join(path), before);
        }
    }

    /// A name came or went in the folder of `path`.
    fn touch(&self, path: &str, time: SystemTime) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        set_time(&self.root.join(folder), time);
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
