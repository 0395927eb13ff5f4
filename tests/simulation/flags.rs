//! The settings of a world that say which paths stand for others, and whether there are others.

use crate::disk::COUNT;
use crate::support::dice::Dice;
use onepoll::site::{CleanUrls, Policy, Spa};

/// The settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags {
    pub clean_urls: bool,
    pub spa: bool,
    /// Whether a folder has a second name for its index.
    pub second_index: bool,
    /// The file of the root that is served alone, by its index. Then none of the above plays a part.
    pub only: Option<usize>,
}

impl Flags {
    /// Half of the worlds have none of them.
    pub fn of(seed: u64) -> Flags {
        let mut dice = Dice::of(seed ^ 0x1dea);
        let mut is_set = || dice.one_in(2);
        let flags = match is_set() {
            true => Flags { clean_urls: is_set(), spa: is_set(), second_index: is_set(), only: None },
            false => Flags::default(),
        };
        let only = dice.one_in(8).then(|| dice.below(COUNT as u64) as usize);
        Flags { only, ..flags }
    }

    /// The names of an index, the preferred one first.
    pub fn indexes(self) -> &'static [&'static str] {
        if self.second_index { &["index.html", "index.htm"] } else { &["index.html"] }
    }

    /// The same for the server.
    pub fn set(self, policy: Policy) -> Policy {
        Policy {
            index: self.indexes().iter().map(|name| (*name).to_owned()).collect(),
            clean_urls: if self.clean_urls { CleanUrls::On } else { CleanUrls::Off },
            spa: if self.spa { Spa::On } else { Spa::Off },
            ..policy
        }
    }
}
