//! The folders of the model: what stands under a path, with links followed as the server must follow them. This file
//! does not look at the disk.

use crate::flags::Flags;
use crate::past::Version;
use crate::representation::{Choice, Coding, State, Stood};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// Links on the way to one name, after which the kernel gives up.
const LINKS_MAX: usize = 40;

/// The codings of neighbours, by their extensions.
pub const CODED: [(&str, Coding); 3] = [("br", Coding::Brotli), ("zst", Coding::Zstd), ("gz", Coding::Gzip)];

/// What a name is. A tree is never changed: a change makes a new root, which shares all other nodes with the old one.
pub enum Node {
    File(Rc<Version>),
    Folder(BTreeMap<String, Rc<Node>>),
    /// A symbolic link, with the text that it holds.
    Link(String),
}

impl Node {
    pub fn folder(children: impl IntoIterator<Item = (String, Rc<Node>)>) -> Rc<Node> {
        Rc::new(Node::Folder(children.into_iter().collect()))
    }

    pub fn link(to: String) -> Rc<Node> {
        Rc::new(Node::Link(to))
    }

    pub fn is_folder(&self) -> bool {
        matches!(self, Node::Folder(_))
    }

    /// The node of this name in this folder.
    fn child(&self, name: &str) -> Option<&Rc<Node>> {
        match self {
            Node::Folder(children) => children.get(name),
            Node::File(_) | Node::Link(_) => None,
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::File(version) => write!(f, "a file, {version:?}"),
            Node::Folder(children) => write!(f, "a folder of {:?}", children.keys()),
            // An absolute link has another text in every run.
            Node::Link(to) if to.starts_with('/') => write!(f, "an absolute link"),
            Node::Link(to) => write!(f, "a link to {to}"),
        }
    }
}

/// What has this path itself: no link is followed.
pub fn at<'a>(root: &'a Rc<Node>, path: &str) -> Option<&'a Rc<Node>> {
    path.split('/').try_fold(root, |node, name| node.child(name))
}

/// What the path leads to from the root; `None` if it leads to nothing, or a link leads out of the root. An absolute
/// link leads out, wherever it leads.
fn resolved<'a>(root: &'a Rc<Node>, path: &'a str) -> Option<&'a Rc<Node>> {
    let mut rest: Vec<&str> = path.rsplit('/').collect();
    let (mut way, mut links) = (vec![root], 0);
    while let Some(name) = rest.pop() {
        let folder = way.last().filter(|node| node.is_folder())?;
        if name == ".." {
            way.pop();
            continue;
        }
        let child = folder.child(name)?;
        match &**child {
            Node::Link(to) => {
                links += 1;
                if links > LINKS_MAX || to.starts_with('/') {
                    return None;
                }
                rest.extend(to.rsplit('/'));
            }
            Node::File(_) | Node::Folder(_) => way.push(child),
        }
    }
    way.last().copied()
}

/// The same tree with `node` at a path whose folder is there; `None` takes away what is there.
pub fn with(root: &Rc<Node>, path: &str, node: Option<Rc<Node>>) -> Rc<Node> {
    let Node::Folder(children) = &**root else { panic!("{path} is below something that is no folder") };
    let mut children = children.clone();
    let (name, node) = match path.split_once('/') {
        Some((name, rest)) => (name, Some(with(&children[name], rest, node))),
        None => (path, node),
    };
    match node {
        Some(node) => children.insert(name.to_owned(), node),
        None => children.remove(name),
    };
    Rc::new(Node::Folder(children))
}

/// What stands under the path of a target: a path with a final `/` can only name a folder.
pub fn state(root: &Rc<Node>, target: &str, flags: Flags) -> State {
    let name = target.strip_suffix('/').unwrap_or(target);
    let is_folder = name != target;
    let found = resolved(root, name).map(|node| &**node);
    if flags.clean_urls && !is_folder && !matches!(found, Some(Node::File(_))) {
        let page = format!("{name}.html");
        if let Some(Node::File(version)) = resolved(root, &page).map(|node| &**node) {
            return file(root, &page, version).by("a page for its name without extension");
        }
    }
    match (found, is_folder) {
        (Some(Node::File(version)), false) => file(root, name, version),
        (Some(Node::Folder(_)), false) => {
            let last = name.rsplit('/').next().unwrap_or_default();
            State::instead(Choice::Moved(format!("{last}/")))
        }
        (Some(Node::Folder(_)), true) => {
            index(root, &format!("{name}/"), flags).unwrap_or_else(|| State::instead(Choice::Listing))
        }
        _ => State::of(name, Vec::new()),
    }
}

/// The index of a folder, if it has one.
fn index(root: &Rc<Node>, folder: &str, flags: Flags) -> Option<State> {
    flags.indexes().iter().enumerate().find_map(|(at, name)| {
        let index = format!("{folder}{name}");
        match &**resolved(root, &index)? {
            Node::File(version) if at > 0 => {
                Some(file(root, &index, version).by("its second index for a folder"))
            }
            Node::File(version) => Some(file(root, &index, version)),
            Node::Folder(_) | Node::Link(_) => None,
        }
    })
}

/// What stands in the root and may answer for a path that leads to nothing.
pub struct Around {
    /// The index of the root, in a world where it is an app.
    pub app: Option<State>,
    /// The page of every 404.
    pub page: Option<State>,
}

/// What stands in this root.
pub fn around(root: &Rc<Node>, flags: Flags) -> Around {
    let page = match resolved(root, "404.html").map(|node| &**node) {
        Some(Node::File(version)) => Some(file(root, "404.html", version)),
        _ => None,
    };
    Around { app: index(root, "", flags).filter(|_| flags.spa), page }
}

/// The state of a file and of its neighbours.
fn file(root: &Rc<Node>, name: &str, version: &Rc<Version>) -> State {
    // No file of a tree is written in place while it is sent, so its place among the names does not matter.
    let stood = |coding, version: &Rc<Version>| Stood { at: usize::MAX, coding, version: version.clone() };
    let neighbours = CODED.into_iter().filter_map(|(extension, coding)| {
        match &**resolved(root, &format!("{name}.{extension}"))? {
            Node::File(version) => Some(stood(coding, version)),
            Node::Folder(_) | Node::Link(_) => None,
        }
    });
    let all = [stood(Coding::Identity, version)].into_iter().chain(neighbours);
    State::of(name, all.collect())
}
