//! Who times out next. Every kind of wait has one timeout, so whoever began to wait first is due first: a
//! list for each kind, in the order of time, in which a connection moves to the end when its clock restarts.
//! That is O(1) a request, however many connections there are.

use crate::conn::Wait;
use crate::limits::Limits;
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

    /// When the next time is up.
    pub fn next(&self, limits: &Limits) -> Option<Instant> {
        self.firsts(limits).map(|(_, due)| due).min()
    }

    fn firsts(&self, limits: &Limits) -> impl Iterator<Item = (usize, Instant)> {
        Wait::ALL.into_iter().filter_map(move |wait| {
            let key = self.longest(wait)?;
            Some((key, self.node(key)?.since + wait.timeout(limits)))
        })
    }

    fn node(&self, key: usize) -> Option<Node> {
        self.nodes.get(key).copied().flatten()
    }

    fn linked(&mut self, key: usize) -> &mut Node {
        self.nodes[key].as_mut().expect("a link leads to a node")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn whoever_waited_longest_is_due_first() {
        let limits = Limits::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::default();
        assert_eq!(deadlines.next(&limits), None);
        for (key, second) in [(5, 0), (0, 1), (3, 2)] {
            deadlines.set(key, Wait::Idle, at(second));
        }
        deadlines.set(7, Wait::Head, at(2));
        assert_eq!(deadlines.longest(Wait::Idle), Some(5));
        assert_eq!(deadlines.next(&limits), Some(at(2) + limits.head_timeout));
        deadlines.set(5, Wait::Idle, at(3));
        assert_eq!(deadlines.longest(Wait::Idle), Some(0), "5 moved to the end");
        deadlines.set(0, Wait::Idle, at(1));
        assert_eq!(deadlines.longest(Wait::Idle), Some(0), "nothing changed for 0");
        deadlines.clear(3);
        deadlines.clear(0);
        deadlines.clear(0);
        assert_eq!(deadlines.longest(Wait::Idle), Some(5));
        assert_eq!(deadlines.expired(at(2) + limits.head_timeout, &limits), Some(7));
        deadlines.clear(7);
        assert_eq!(deadlines.expired(at(62), &limits), None);
        assert_eq!(deadlines.expired(at(63), &limits), Some(5));
        deadlines.clear(5);
        assert_eq!(deadlines.next(&limits), None);
    }

    #[test]
    fn the_lists_agree_with_a_sorted_table() {
        let limits = Limits::default();
        let start = Instant::now();
        let mut deadlines = Deadlines::default();
        let mut table: Vec<Option<(Wait, Instant)>> = vec![None; 20];
        let mut random: u64 = 1;
        for step in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = (random >> 33) as usize % 20;
            let now = start + Duration::from_millis(step);
            match (random >> 60) as usize {
                choice @ 0..5 => {
                    deadlines.set(key, Wait::ALL[choice], now);
                    table[key] = Some((Wait::ALL[choice], now));
                }
                _ => {
                    deadlines.clear(key);
                    table[key] = None;
                }
            }
            let dues = table.iter().flatten().map(|(wait, since)| *since + wait.timeout(&limits));
            assert_eq!(deadlines.next(&limits), dues.min());
        }
    }
}
