//! The heads of answers with the files that are asked for most: composed once, and shared by many answers. Other heads are
//! composed for each answer. Most requests of a busy page are for the same few files; composing a head takes a tenth of the
//! instructions of a request.

use crate::http::response::{Common, Head};
use crate::site::Description;

/// Heads that are kept at most, which take about 100 KiB. Each has its place by the number of its version.
const HEADS_MAX: usize = 256;

/// The heads that are kept.
pub struct Heads(Box<[Place]>);

/// A place for the head of one version.
#[derive(Clone, Default)]
struct Place {
    /// The number of the version whose head was asked for last. It gets the place if it is asked for twice in a row: so files
    /// that are asked for once do not push out the others.
    last: u64,
    kept: Option<(Description, Head)>,
}

impl Default for Heads {
    fn default() -> Heads {
        Heads(vec![Place::default(); HEADS_MAX].into())
    }
}

impl Heads {
    /// The head of the usual answer with a representation of this description, kept or made by `compose`. All answers have
    /// `common` beside it.
    pub fn of(&mut self, description: &Description, common: &Common, compose: impl FnOnce() -> Head) -> Head {
        let number = description.tag;
        let place = &mut self.0[number as usize % HEADS_MAX];
        if let Some((_, head)) = place.kept.as_ref().filter(|(kept, _)| kept == description) {
            return head.clone();
        }
        let head = compose();
        if std::mem::replace(&mut place.last, number) != number {
            return head;
        }
        let head = head.made_for(common);
        place.kept = Some((*description, head.clone()));
        head
    }
}
