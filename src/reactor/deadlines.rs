//! Which connection times out next. Every kind of wait has one timeout at most, so the connection that began to wait first
//! is due first: a list for each kind, in the order of time, in which a connection moves to the end when its clock restarts.
//! That is O(1) a request, however many connections there are.

use crate::conn::Wait;
use crate::service::limits::Limits;
use std::time::Instant;

/// The waits of all connections, by their keys.
#[derive(Default)]
pub struct Deadlines {
    lists: [List; Wait::ALL.len()],
    nodes: Vec<Option<Node>>,
}

/// The first and the last to wait.
#[derive(Clone, Copy, Default)]
struct List {
    ends: Option<(usize, usize)>,
}

#[derive(Clone, Copy)]
struct Node {
    wait: Wait,
    since: Instant,
    before: Option<usize>,
    after: Option<usize>,
}

impl Deadlines {
    /// The connection at `key` waits for `wait` since then.
    pub fn set(&mut self, key: usize, wait: Wait, since: Instant) {
        if let Some(node) = self.node(key)
            && (node.wait, node.since) == (wait, since)
        {
            return;
        }
        self.clear(key);
        if self.nodes.len() <= key {
            self.nodes.resize(key + 1, None);
        }
        let list = &mut self.lists[wait as usize];
        let before = list.ends.map(|(_, last)| last);
        list.ends = Some((list.ends.map_or(key, |(first, _)| first), key));
        self.nodes[key] = Some(Node { wait, since, before, after: None });
        if let Some(before) = before {
            self.linked(before).after = Some(key);
        }
    }

    /// The connection at `key` waits for nothing.
    pub fn clear(&mut self, key: usize) {
        let Some(node) = self.nodes.get_mut(key).and_then(Option::take) else { return };
        if let Some(before) = node.before {
            self.linked(before).after = node.after;
        }
        if let Some(after) = node.after {
            self.linked(after).before = node.before;
        }
        let ends = &mut self.lists[node.wait as usize].ends;
        let (first, last) = ends.expect("a node is in its list");
        *ends = match (node.before, node.after) {
            (None, None) => None,
            (None, Some(after)) => Some((after, last)),
            (Some(before), None) => Some((first, before)),
            (Some(_), Some(_)) => Some((first, last)),
        };
    }

    /// Who has waited longest for `wait`.
    pub fn longest(&self, wait: Wait) -> Option<usize> {
        self.lists[wait as usize].ends.map(|(first, _)| first)
    }

    /// Someone whose time is up at `now`.
    pub fn expired(&self, now: Instant, limits: &Limits) -> Option<usize> {
        self.firsts(limits).find(|(_, due)| *due <= now).map(|(key, _)| key)
    }

    /// The connections that wait for `wait`, in the order of time.
    pub fn waiting(&self, wait: Wait) -> impl Iterator<Item = usize> {
        std::iter::successors(self.longest(wait), |key| self.node(*key)?.after)
    }

    /// When the next time is up.
    pub fn next(&self, limits: &Limits) -> Option<Instant> {
        self.firsts(limits).map(|(_, due)| due).min()
    }

    fn firsts(&self, limits: &Limits) -> impl Iterator<Item = (usize, Instant)> {
        Wait::ALL.into_iter().filter_map(move |wait| {
            let key = self.longest(wait)?;
            Some((key, self.node(key)?.since + wait.timeout(limits)?))
        })
    }

    fn node(&self, key: usize) -> Option<Node> {
        self.nodes.get(key).copied().flatten()
    }

    fn linked(&mut self, key: usize) -> &mut Node {
        self.nodes[key].as_mut().expect("a link leads to a node")
    }
}
