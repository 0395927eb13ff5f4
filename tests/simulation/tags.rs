//! Entity tags: equal strong tags promise equal bytes, for all clients and at all times.

use crate::question::Seen;
use crate::representation::Which;
use std::collections::HashMap;

/// The strong tags that were seen.
#[derive(Default)]
pub struct Tags {
    whose: HashMap<String, Which>,
    tags: HashMap<Which, String>,
}

impl Tags {
    /// Records what a client has seen.
    pub fn note(&mut self, seen: &Seen) -> Result<(), String> {
        if !seen.is_strong() {
            return Ok(());
        }
        // A version may be found by several paths: through links.
        let (tag, this) = (&seen.tag, seen.which);
        let other = *self.whose.entry(tag.clone()).or_insert(this);
        if other != this {
            return Err(format!("{tag} is the tag of {other:?} and of {this:?}"));
        }
        let before = self.tags.entry(this).or_insert_with(|| tag.clone());
        if before != tag {
            return Err(format!("{before} and {tag} are both tags of {this:?}"));
        }
        Ok(())
    }
}
