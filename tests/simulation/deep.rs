//! Folders several deep, and a folder of many files, and how they change. Folders are renamed away and come back, are
//! replaced, become files and links, and lead out of the root; names come that were asked for before.

use crate::change::Change;
use crate::first::{FIRST_NUMBER, LARGE_BYTES, MANY, lengths, tree};
use crate::flags::Flags;
use crate::ground::Ground;
use crate::past::{Age, Version, written};
use crate::representation::State;
use crate::spares::Spares;
use crate::tree::{Around, CODED, Node, around, at, state, with};
use std::path::Path;
use std::rc::Rc;

/// The folders, and their past.
pub struct Deep {
    pub ground: Ground,
    first: Rc<Node>,
    /// Each root, with the epoch since which it is there; never empty.
    past: Vec<(u64, Rc<Node>)>,
}

impl Deep {
    /// Makes the folders at `base`: `root`, which is served, `outside` with the same names and other files, and `attic`.
    pub fn new(base: &Path) -> Deep {
        let (mut number, time) = (FIRST_NUMBER, written(Age::First, 0));
        let [first, outside] = [MANY, 0].map(|many| tree(many, &mut number));
        let attic = base.join("attic");
        std::fs::create_dir(&attic).unwrap();
        Spares::at(&attic).build(&base.join("root"), &first, time);
        Spares::at(&attic).build(&base.join("outside"), &outside, time);
        let ground = Ground::of(&base.join("root"), &attic);
        Deep { ground, past: vec![(0, first.clone())], first }
    }

    /// Puts all folders into their first state.
    pub fn restore(&mut self) {
        let now = self.now().clone();
        self.ground.begin();
        self.ground.restore("", Some(&self.first), Some(&now));
        self.ground.clear();
        self.past = vec![(0, self.first.clone())];
    }

    fn now(&self) -> &Rc<Node> {
        &self.past.last().expect("it is never empty").1
    }

    /// What stood under the path of a target at every moment between two epochs.
    pub fn states(&self, target: &str, from: u64, to: u64, flags: Flags) -> Vec<State> {
        self.roots(from, to).map(|root| state(root, target, flags)).collect()
    }

    /// What stood in the root at every moment between two epochs.
    pub fn around(&self, from: u64, to: u64, flags: Flags) -> Vec<Around> {
        self.roots(from, to).map(|root| around(root, flags)).collect()
    }

    fn roots(&self, from: u64, to: u64) -> impl Iterator<Item = &Rc<Node>> {
        let before = self.past.iter().rposition(|(since, _)| *since <= from).unwrap_or_default();
        let roots = self.past[before..].iter().take_while(move |(since, _)| *since <= from.max(to));
        roots.map(|(_, root)| root)
    }

    /// Makes a change at the path of a target, or at a folder on the way. Gives it in words, and its kind.
    pub fn change(&mut self, target: &str, mut change: Change<'_>) -> (String, &'static str) {
        let name = match target.strip_suffix('/') {
            Some(folder) if change.dice.one_in(2) => format!("{folder}/index.html"),
            _ => target.trim_end_matches('/').to_owned(),
        };
        let ends: Vec<usize> = name.match_indices('/').map(|(at, _)| at).chain([name.len()]).collect();
        let mut depth = match change.dice.below(2) {
            0 => ends.len() - 1,
            _ => change.dice.below(ends.len() as u64) as usize,
        };
        // The change is made in a folder that is there.
        let is_there =
            |depth: usize| at(self.now(), &name[..ends[depth]]).is_some_and(|node| node.is_folder());
        while depth > 0 && !is_there(depth - 1) {
            depth -= 1;
        }
        let (path, rest) = name.split_at(ends[depth]);
        let rest = rest.trim_start_matches('/');
        let before = at(self.now(), path).cloned();
        // What a link leads to may change, and the link does not.
        if let Some(Node::Link(to)) = before.as_deref()
            && to.trim_start_matches("../").starts_with("deep/")
            && change.dice.one_in(2)
        {
            let led = format!("{}/{rest}", to.trim_start_matches("../"));
            return self.change(led.trim_end_matches('/'), change);
        }
        let kind = match before.as_deref() {
            None | Some(Node::Link(_)) => self.comes(path, rest, before.as_ref(), &mut change),
            Some(Node::Folder(_)) => self.folder_changes(path, rest, before.as_ref(), &mut change),
            Some(Node::File(_)) if rest.is_empty() => self.file_changes(path, before.as_ref(), &mut change),
            Some(Node::File(_)) => {
                let node = change.folder(rest, None);
                self.put(path, node, &mut change);
                "a file becomes a folder"
            }
        };
        (format!("{path}: {kind}, now {:?}", at(self.now(), path)), kind)
    }

    /// Something comes to a path where nothing is, or a link.
    fn comes(
        &mut self,
        path: &str,
        rest: &str,
        before: Option<&Rc<Node>>,
        change: &mut Change<'_>,
    ) -> &'static str {
        if self.ground.has_kept(path) && !change.dice.one_in(4) {
            return self.back(path, before, change);
        }
        let known = at(&self.first, path).cloned();
        match change.dice.below(8) {
            0 | 1 => self.links_inside(path, change),
            2 => self.links_out(path, change),
            3 if before.is_some() => {
                self.put_or_take(path, None, change);
                "a link goes"
            }
            _ => {
                let is_file = rest.is_empty() && path.contains('.');
                let node = if is_file {
                    change.file(path, known.as_ref())
                } else {
                    change.folder(rest, known.as_ref())
                };
                self.put(path, node, change);
                "a missing name comes"
            }
        }
    }

    fn folder_changes(
        &mut self,
        path: &str,
        rest: &str,
        before: Option<&Rc<Node>>,
        change: &mut Change<'_>,
    ) -> &'static str {
        let is_kept = self.ground.has_kept(path);
        let kind = change.dice.below(16);
        match kind {
            0..3 => return self.away(path, change),
            // Folders of many files are not made anew, since that takes too long.
            3..9 if path == "many" => return self.beside(path, change),
            3 | 4 if is_kept => return self.back(path, before, change),
            9..12 => return self.beside(path, change),
            12..14 => return self.index(path, change),
            _ => {}
        }
        match change.dice.below(8) {
            0 | 1 => return self.moves_behind_a_link(path, change),
            2 => return self.swaps(path, change),
            _ => {}
        }
        // What is renamed away may come back later.
        if change.dice.one_in(2) {
            self.away(path, change);
        }
        match kind {
            3..6 | 14.. => {
                let node = if change.dice.one_in(4) { None } else { before };
                let node = change.folder(rest, node);
                self.put(path, node, change);
                "a folder is replaced"
            }
            6 => self.links_inside(path, change),
            7 => self.links_out(path, change),
            _ if change.dice.one_in(2) => {
                let node = change.file(path, None);
                self.put(path, node, change);
                "a folder becomes a file"
            }
            _ => {
                self.put_or_take(path, None, change);
                "a folder is deleted"
            }
        }
    }

    fn file_changes(
        &mut self,
        path: &str,
        before: Option<&Rc<Node>>,
        change: &mut Change<'_>,
    ) -> &'static str {
        match change.dice.below(16) {
            0..3 => {
                let node = change.file(path, before);
                self.put(path, node, change);
                "a file is replaced"
            }
            3 | 4 => self.rewritten(path, before, change),
            5 => {
                self.put_or_take(path, None, change);
                "a file is deleted"
            }
            6 => {
                let node = change.folder("index.html", None);
                self.put(path, node, change);
                "a file becomes a folder"
            }
            7 => self.links_inside(path, change),
            8 => self.links_out(path, change),
            _ => self.neighbour(path, before, change),
        }
    }

    /// A file is written in place: its folder does not change.
    fn rewritten(&mut self, path: &str, before: Option<&Rc<Node>>, change: &mut Change<'_>) -> &'static str {
        let node = change.file(path, before);
        // A file that is sent from the disk is not written in place, see the flat files for that.
        if lengths(path) == LARGE_BYTES {
            self.put(path, node, change);
            return "a file is replaced";
        }
        if let Node::File(version) = &*node {
            self.ground.rewrite(path.as_ref(), version);
        }
        self.becomes(path, Some(node), change);
        "a file is rewritten"
    }

    /// A compressed neighbour comes, changes or goes.
    fn neighbour(&mut self, path: &str, before: Option<&Rc<Node>>, change: &mut Change<'_>) -> &'static str {
        let Some(Node::File(file)) = before.map(|node| &**node) else { unreachable!("it is a file") };
        let is_there = |extension: &&str| at(self.now(), &format!("{path}.{extension}")).is_some();
        let there = CODED.iter().map(|(extension, _)| *extension).find(is_there);
        let any = change.dice.pick(&CODED).0;
        let extension = there.filter(|_| !change.dice.one_in(4)).unwrap_or(any);
        let name = format!("{path}.{extension}");
        let there = at(self.now(), &name).cloned();
        let copy = |number: &mut u64| {
            *number += 1;
            Rc::new(Node::File(Version::copy(*number, Age::New, file, extension)))
        };
        let is_junk = change.dice.one_in(3);
        let node = if is_junk { change.file(&name, there.as_ref()) } else { copy(change.number) };
        match (there.as_deref(), &*node, change.dice.below(4)) {
            (Some(_), _, 0) => {
                self.put_or_take(&name, None, change);
                "a neighbour goes"
            }
            (Some(Node::File(_)), Node::File(version), 1..) => {
                self.ground.rewrite(name.as_ref(), version);
                self.becomes(&name, Some(node), change);
                "a neighbour is rewritten"
            }
            _ => {
                self.put(&name, node, change);
                "a neighbour comes"
            }
        }
    }

    /// A name comes or goes in the folder, and no file that is asked for changes.
    fn beside(&mut self, path: &str, change: &mut Change<'_>) -> &'static str {
        let name = format!("{path}/beside.txt");
        let node = at(self.now(), &name).is_none().then(|| change.file(&name, None));
        self.put_or_take(&name, node, change);
        "a name comes or goes beside others"
    }

    fn index(&mut self, path: &str, change: &mut Change<'_>) -> &'static str {
        let name = format!("{path}/{}", change.dice.pick(&["index.html", "index.html", "index.htm"]));
        let node = at(self.now(), &name).is_none().then(|| change.file(&name, None));
        self.put_or_take(&name, node, change);
        "an index comes or goes"
    }

    fn away(&mut self, path: &str, change: &mut Change<'_>) -> &'static str {
        let node = at(self.now(), path).expect("it is there").clone();
        self.ground.away(path, &node, change.time());
        self.becomes(path, None, change);
        "a folder is renamed away"
    }

    fn back(&mut self, path: &str, before: Option<&Rc<Node>>, change: &mut Change<'_>) -> &'static str {
        let node = self.ground.back(path, before, change.time());
        self.becomes(path, Some(node), change);
        "a folder is brought back"
    }

    /// A folder moves, and a link to it comes in its place: the files are the same, and whether they are served depends on
    /// where the folder is now.
    fn moves_behind_a_link(&mut self, path: &str, change: &mut Change<'_>) -> &'static str {
        let up = "../".repeat(path.matches('/').count());
        if !change.dice.one_in(3) {
            let node = at(self.now(), path).expect("it is there").clone();
            let place = self.ground.away(path, &node, change.time());
            self.becomes(path, None, change);
            self.put(path, Node::link(format!("{up}../attic/{place}")), change);
            return "a folder moves out of the root behind a link";
        }
        let to = format!("moved{}", change.number);
        self.rename(path, &to, change);
        self.put(path, Node::link(format!("{up}{to}")), change);
        "a folder moves in the root behind a link"
    }

    /// Two folders change places.
    fn swaps(&mut self, path: &str, change: &mut Change<'_>) -> &'static str {
        let tail = path.splitn(3, '/').nth(2).map_or(String::new(), |tail| format!("/{tail}"));
        let other = format!("deep/x{tail}");
        let is_apart = path.contains('/') && !path.starts_with("deep/x");
        if !is_apart || !at(self.now(), &other).is_some_and(|node| node.is_folder()) {
            return self.away(path, change);
        }
        self.rename(path, "moved", change);
        self.rename(&other, path, change);
        self.rename("moved", &other, change);
        "two folders change places"
    }

    fn rename(&mut self, from: &str, to: &str, change: &mut Change<'_>) {
        let node = at(self.now(), from).expect("it is there").clone();
        self.ground.rename(from, to, change.time());
        self.becomes(from, None, change);
        self.becomes(to, Some(node), change);
    }

    /// It becomes a link to the same name in the folder `x`, or elsewhere in the root, or to nothing.
    fn links_inside(&mut self, path: &str, change: &mut Change<'_>) -> &'static str {
        let depth = path.matches('/').count();
        let tail = path.splitn(3, '/').nth(2).map_or(String::new(), |tail| format!("/{tail}"));
        let to = match change.dice.below(5) {
            0 => "nothing".to_owned(),
            1 => "leaf.txt".to_owned(),
            2 => format!("{}many", "../".repeat(depth)),
            _ => format!("{}deep/x{tail}", "../".repeat(depth)),
        };
        self.put(path, Node::link(to), change);
        "a link inside comes"
    }

    /// It becomes a link to the same name outside of the root, or to one inside by an absolute path: this counts as
    /// outside, too.
    fn links_out(&mut self, path: &str, change: &mut Change<'_>) -> &'static str {
        let up = "../".repeat(path.matches('/').count() + 1);
        let base = self.ground.base().display();
        let to = match change.dice.below(5) {
            0 => format!("{base}/outside/{path}"),
            1 => format!("{base}/root/deep/x"),
            2 => format!("{up}root/{path}"),
            _ => format!("{up}outside/{path}"),
        };
        self.put(path, Node::link(to), change);
        "a link out of the root comes"
    }

    fn put(&mut self, path: &str, node: Rc<Node>, change: &mut Change<'_>) {
        self.put_or_take(path, Some(node), change);
    }

    fn put_or_take(&mut self, path: &str, node: Option<Rc<Node>>, change: &mut Change<'_>) {
        let before = at(self.now(), path).cloned();
        let time = change.time();
        match &node {
            Some(node) => self.ground.put(path, node, before.as_ref(), time),
            None if before.is_some() => self.ground.take(path, before.as_ref(), time),
            None => {}
        }
        self.becomes(path, node, change);
    }

    fn becomes(&mut self, path: &str, node: Option<Rc<Node>>, change: &mut Change<'_>) {
        let next = with(self.now(), path, node);
        // Steps of one change happen together.
        match self.past.last_mut() {
            Some((epoch, root)) if *epoch == change.epoch => *root = next,
            _ => self.past.push((change.epoch, next)),
        }
    }
}
