//! One change of the folders: when it is made, and what is new in it.

use crate::disk::content;
use crate::first::lengths;
use crate::past::{Age, Version, written};
use crate::support::dice::Dice;
use crate::tree::Node;
use std::rc::Rc;
use std::time::SystemTime;

/// A change: when it is made, the numbers of versions, and chance.
pub struct Change<'a> {
    pub epoch: u64,
    pub dice: &'a mut Dice,
    pub number: &'a mut u64,
}

impl Change<'_> {
    fn version(&mut self, name: &str, before: Option<u64>) -> Rc<Version> {
        let (least, most) = lengths(name);
        let length = before.filter(|_| self.dice.one_in(2)).unwrap_or(self.dice.between(least, most));
        let age = if self.dice.one_in(6) { Age::Old } else { Age::New };
        *self.number += 1;
        Version::new(*self.number, age, content(*self.number * 10 + 9, length))
    }

    /// A new file of the same length as `before`, or of another.
    pub fn file(&mut self, name: &str, before: Option<&Rc<Node>>) -> Rc<Node> {
        let length = before.and_then(|node| match &**node {
            Node::File(version) => Some(version.bytes.len() as u64),
            Node::Folder(_) | Node::Link(_) => None,
        });
        Rc::new(Node::File(self.version(name, length)))
    }

    /// A folder with the same names as `before` and other files, or with the names in `path`, which is a path below it.
    pub fn folder(&mut self, path: &str, before: Option<&Rc<Node>>) -> Rc<Node> {
        let mut children = Vec::new();
        if let Some(Node::Folder(known)) = before.map(|node| &**node) {
            for (name, node) in known {
                if !self.dice.one_in(8) {
                    let node = if node.is_folder() {
                        self.folder("", Some(node))
                    } else {
                        self.file(name, Some(node))
                    };
                    children.push((name.clone(), node));
                }
            }
        }
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let is_known = children.iter().any(|(known, _)| known == name);
        if !name.is_empty() && !is_known {
            let node = if rest.is_empty() && name.contains('.') {
                self.file(name, None)
            } else {
                self.folder(rest, None)
            };
            children.push((name.to_owned(), node));
        }
        Node::folder(children)
    }

    /// The time of the change of a folder.
    pub fn time(&mut self) -> SystemTime {
        *self.number += 1;
        written(if self.dice.one_in(6) { Age::Old } else { Age::New }, *self.number)
    }
}
