//! Which representations of a file there are at some moment, and which of them a client may be sent.

use crate::past::Version;
use std::rc::Rc;

/// How long text is that is compressed.
const COMPRESSED_BYTES: std::ops::RangeInclusive<usize> = 256..=1 << 20;

/// How a representation is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    Identity,
    Brotli,
    Zstd,
    Gzip,
}

impl Coding {
    /// What `Content-Encoding` says.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            Coding::Brotli => Some("br"),
            Coding::Zstd => Some("zstd"),
            Coding::Gzip => Some("gzip"),
        }
    }
}

/// Which representation it is: a version in a coding. What the server compresses itself has the number of the file.
pub type Which = (Coding, u64);

/// A file and what stood beside it at some moment.
pub struct State {
    kind: &'static str,
    /// The file and those neighbours that count: which of the disk's names they are, how they are coded.
    stood: Vec<(usize, Coding, Rc<Version>)>,
    /// Whether there are others, which do not.
    has_old_neighbours: bool,
}

/// Whether the client must be told that it may get another coding if it asks otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vary {
    Must,
    /// Of a neighbour that has grown too old where it stands, the server need not know before it is asked for it.
    May,
    MustNot,
}

/// A version in a coding.
#[derive(Clone, Debug)]
pub struct Representation {
    /// Which of the disk's names it is read from.
    pub at: usize,
    pub coding: Coding,
    pub version: Rc<Version>,
    /// Its media type.
    pub kind: &'static str,
    pub vary: Vary,
    /// Whether the server compresses it, so that it need not be there yet.
    pub is_made: bool,
}

/// What a client may be answered with.
#[derive(Clone, Debug)]
pub enum Choice {
    NotThere,
    NotAcceptable,
    Sent(Representation),
}

/// Which representation the client says that it has: then it is not sent another that it likes better.
#[derive(Clone, Copy, Debug)]
pub enum Held {
    Nothing,
    /// The server may know it by another tag.
    Perhaps(Which),
    Surely(Which),
}

impl Held {
    fn names(self, which: Which) -> bool {
        matches!(self, Held::Perhaps(held) | Held::Surely(held) if held == which)
    }
}

impl State {
    /// `stood` is what there was of the file called `name` and of its neighbours.
    pub fn of(name: &str, mut stood: Vec<(usize, Coding, Rc<Version>)>) -> State {
        let kind = match name.rsplit_once('.') {
            Some((_, "html")) => "text/html; charset=utf-8",
            Some((_, "txt")) => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        };
        let all = stood.len();
        match stood.first() {
            // A neighbour that is older than the file was made from another version of it.
            Some((_, Coding::Identity, file)) => {
                let written = file.modified;
                stood.retain(|(.., version)| version.modified >= written);
            }
            _ => stood.clear(),
        }
        let has_old_neighbours = stood.len() < all;
        State { kind, stood, has_old_neighbours }
    }

    /// What may be sent to a client that takes these codings, the one it likes best first.
    pub fn choices(&self, accepted: &[Coding], held: Held) -> Vec<Choice> {
        if self.stood.is_empty() {
            return vec![Choice::NotThere];
        }
        let there: Vec<_> = accepted.iter().filter_map(|coding| self.representation(*coding)).collect();
        let kept = there.iter().find(|it| held.names(it.which()));
        if let Some(kept) = kept.filter(|it| matches!(held, Held::Surely(_)) && !it.is_made) {
            return vec![Choice::Sent(kept.clone())];
        }
        // What is not made yet gives way to what the client likes next.
        let sure = there.iter().position(|it| !it.is_made);
        let liked = &there[..sure.map_or(there.len(), |at| at + 1)];
        let sent = kept.into_iter().chain(liked).cloned().map(Choice::Sent);
        // And where the client likes nothing else, to the file as it is: nobody is refused what will be there.
        let stands_in = match there.is_empty() {
            true => Choice::NotAcceptable,
            false => Choice::Sent(self.representation(Coding::Identity).expect("a file is there as it is")),
        };
        sent.chain(sure.is_none().then_some(stands_in)).collect()
    }

    fn representation(&self, coding: Coding) -> Option<Representation> {
        let is_text = self.kind.starts_with("text/");
        let (at, _, file) = &self.stood[0];
        let is_compressed = is_text && COMPRESSED_BYTES.contains(&file.bytes.len());
        let vary = match (is_compressed || self.stood.len() > 1, self.has_old_neighbours) {
            (true, _) => Vary::Must,
            (false, true) => Vary::May,
            (false, false) => Vary::MustNot,
        };
        let stood = self.stood.iter().find(|(_, known, _)| *known == coding);
        let made = (is_compressed && coding == Coding::Gzip).then_some((at, file));
        let (at, version) = stood.map(|(at, _, version)| (at, version)).or(made)?;
        let is_made = stood.is_none();
        Some(Representation { at: *at, coding, version: version.clone(), kind: self.kind, vary, is_made })
    }
}

impl Representation {
    pub fn which(&self) -> Which {
        (self.coding, self.version.number)
    }

    pub fn bytes(&self) -> &[u8] {
        if self.is_made { self.version.gzipped() } else { &self.version.bytes }
    }
}
