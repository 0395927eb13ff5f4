//! The folders of the simulation at first, and the paths by which clients ask for what is in them.

use crate::disk::content;
use crate::past::{Age, Version};
use crate::tree::{Node, at, with};
use std::rc::Rc;

/// Paths of targets, the ones in one folder beside each other. Some are missing at first.
const TARGETS: [&str; 43] = [
    "404.html",
    "index.html",
    "app/page",
    "app/john.doe/",
    "app/script.txt",
    "deep",
    "deep/",
    "deep/leaf.txt",
    "deep/index.html",
    "deep/a",
    "deep/a/",
    "deep/a/leaf.txt",
    "deep/a/leaf.txt/x.txt",
    "deep/a/soon.txt",
    "deep/a/b/",
    "deep/a/b/leaf.txt",
    "deep/a/b/index.html",
    "deep/a/b/soon.html",
    "deep/a/b/soon/",
    "deep/a/b/soon",
    "deep/a/b/c/",
    "deep/a/b/c/leaf.txt",
    "deep/a/b/c/page.html",
    "deep/a/b/c/page",
    "deep/a/b/c/soon.txt",
    "deep/a/b/c/page.html/",
    "deep/a/b/c/link.txt",
    "deep/a/b/c/d/leaf.txt",
    "deep/a/b/c/d/large.bin",
    "deep/a/b/c/d/soon.bin",
    "deep/x/leaf.txt",
    "deep/x/b/leaf.txt",
    "deep/x/b/c/leaf.txt",
    "deep/x/b/c/soon.txt",
    "deep/x/b/c/page",
    "deep/x/b/c/",
    "deep/y/leaf.txt",
    "deep/y/b/c/leaf.txt",
    "deep/soon/leaf.txt",
    "deep/soon/b/c/leaf.txt",
    "many/",
    "many/soon.txt",
    "many/leaf.txt",
];

/// The files at first.
const FILES: [&str; 15] = [
    "index.html",
    "deep/a/b/c/index.htm",
    "deep/leaf.txt",
    "deep/a/leaf.txt",
    "deep/a/b/index.html",
    "deep/a/b/leaf.txt",
    "deep/a/b/c/leaf.txt",
    "deep/a/b/c/page.html",
    "deep/a/b/c/d/leaf.txt",
    "deep/a/b/c/d/large.bin",
    "deep/x/leaf.txt",
    "deep/x/b/leaf.txt",
    "deep/x/b/c/leaf.txt",
    "deep/x/b/c/page.html",
    "many/leaf.txt",
];

/// Files that have a compressed neighbour at first, and its extension.
const COPIED: [(&str, &str); 3] =
    [("deep/a/b/leaf.txt", "br"), ("deep/a/b/c/leaf.txt", "gz"), ("deep/x/b/c/leaf.txt", "zst")];

/// Files that have a neighbour at first that is no copy of them, and its extension.
const BESIDE: [(&str, &str); 2] = [("deep/a/leaf.txt", "gz"), ("deep/a/b/c/page.html", "br")];

/// The links at first.
const LINKS: [(&str, &str); 2] =
    [("deep/a/b/c/link.txt", "../../../../deep/x/b/c/leaf.txt"), ("deep/y", "../deep/x")];

/// Files in `many`.
pub const MANY: usize = 300;

/// The number of the first version; versions of the changes have smaller numbers.
pub const FIRST_NUMBER: u64 = 1_000_000;

/// The lengths of files: some are compressed by the server. A file called `large` is sent from the disk.
const BYTES: (u64, u64) = (10, 700);
pub const LARGE_BYTES: (u64, u64) = (66_000, 70_000);

/// The tree at first, with `many` of the many files. `number` counts versions.
pub fn tree(many: usize, number: &mut u64) -> Rc<Node> {
    let mut next = || {
        *number += 1;
        *number
    };
    let mut root = Node::folder([("deep".into(), Node::folder([])), ("many".into(), Node::folder([]))]);
    let mut plant = |name: &str, node| root = planted(&root, name, node);
    for name in FILES.into_iter().map(str::to_owned).chain((0..many).map(self::many)) {
        let number = next();
        let (least, most) = lengths(&name);
        let length = least + number * 7919 % (most - least);
        let version = Version::new(number, Age::First, content(number * 10, length));
        plant(&name, Rc::new(Node::File(version.clone())));
        for (_, extension) in COPIED.iter().filter(|(file, _)| *file == name) {
            let copy = Version::copy(next(), Age::First, &version, extension);
            plant(&format!("{name}.{extension}"), Rc::new(Node::File(copy)));
        }
        for (_, extension) in BESIDE.iter().filter(|(file, _)| *file == name) {
            let number = next();
            let other = Version::new(number, Age::First, content(number * 10, length));
            plant(&format!("{name}.{extension}"), Rc::new(Node::File(other)));
        }
    }
    LINKS.iter().for_each(|(name, to)| plant(name, Node::link((*to).to_owned())));
    root
}

/// The number of targets.
pub const COUNT: usize = TARGETS.len() + MANY;

/// The index of the first file of many.
pub const FIRST_OF_MANY: usize = TARGETS.len();

/// The index of the folder of many files: its listing takes several turns.
pub const FOLDER_OF_MANY: usize = FIRST_OF_MANY - 3;

/// The path of a target.
pub fn target(index: usize) -> String {
    TARGETS.get(index).map_or_else(|| many(index - FIRST_OF_MANY), |target| (*target).to_owned())
}

fn many(number: usize) -> String {
    format!("many/{number}.txt")
}

/// The least and the greatest length of a file.
pub fn lengths(name: &str) -> (u64, u64) {
    if name.ends_with("large.bin") { LARGE_BYTES } else { BYTES }
}

/// The same tree with a file, whose folders are made where they are missing.
fn planted(root: &Rc<Node>, path: &str, file: Rc<Node>) -> Rc<Node> {
    let mut root = root.clone();
    for (end, _) in path.match_indices('/') {
        if at(&root, &path[..end]).is_none() {
            root = with(&root, &path[..end], Some(Node::folder([])));
        }
    }
    with(&root, path, Some(file))
}
