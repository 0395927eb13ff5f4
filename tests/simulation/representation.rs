//! Which representations of a file there are at some moment, and which of them a client may be sent.

use crate::past::Version;
use crate::question::WHOLE_BYTES_MAX;
use std::rc::Rc;

/// The lengths of text that is compressed.
const COMPRESSED_BYTES: std::ops::RangeInclusive<usize> = 256..=1 << 20;

/// The coding of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    Identity,
    Brotli,
    Zstd,
    Gzip,
}

impl Coding {
    /// The value of `Content-Encoding`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            Coding::Brotli => Some("br"),
            Coding::Zstd => Some("zstd"),
            Coding::Gzip => Some("gzip"),
        }
    }
}

/// The identity of a representation: a version in a coding. What the server compresses has the number of the file.
pub type Which = (Coding, u64);

/// A file and its neighbours at some moment.
pub struct State {
    kind: &'static str,
    /// The file and the neighbours that count, each with whether the server is sure to use it.
    stood: Vec<(Stood, Sure)>,
    /// Whether there are other neighbours, which do not count.
    has_old_neighbours: bool,
    /// What is sent in place of a file: there is a folder.
    instead: Option<Choice>,
    /// Which rule led to the file, if its path does not name it.
    by: Option<&'static str>,
}

/// The version at a name.
pub struct Stood {
    /// The index of the name on the disk.
    pub at: usize,
    pub coding: Coding,
    pub version: Rc<Version>,
}

impl Stood {
    /// Whether this neighbour of `file` is sent in its place: where it is a copy, at once if both are small. A large one is
    /// compared first, and so is one that is no copy: until then, a client that takes nothing else gets the file as it is.
    fn counts(&self, file: &Stood) -> Option<Sure> {
        // Of an empty file, many a single byte is a whole stream of brotli: a window, and a last block that is empty.
        let is_nothing = self.coding == Coding::Brotli
            && file.version.bytes.is_empty()
            && matches!(self.version.bytes[..], [byte] if byte & 0xf1 == 0x31);
        let is_copy = is_nothing || self.version.copy_of.as_ref() == Some(&file.version.bytes);
        let is_small = self.version.bytes.len().max(file.version.bytes.len()) <= WHOLE_BYTES_MAX;
        match (is_copy, is_small) {
            (true, true) => Some(Sure::Yes),
            (true, false) => Some(Sure::NotYet),
            (false, true) => None,
            (false, false) => Some(Sure::No),
        }
    }
}

/// Whether the server can send a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    Yes,
    /// Not yet, but soon.
    NotYet,
    /// It will not be, and the server does not know that yet.
    No,
}

/// Whether `Vary` must tell the client that it may get another coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vary {
    Must,
    /// It may: the server need not know of a neighbour that is not used before a client asks for it.
    May,
    MustNot,
}

/// A version in a coding.
#[derive(Clone, Debug)]
pub struct Representation {
    /// The index of the name from which it is read.
    pub at: usize,
    pub coding: Coding,
    pub version: Rc<Version>,
    /// Its media type.
    pub kind: &'static str,
    pub vary: Vary,
    pub sure: Sure,
    /// Whether the server compresses it.
    pub is_made: bool,
    /// Which rule led to it, if the path does not name it.
    pub by: Option<&'static str>,
}

/// What may be sent to a client.
#[derive(Clone, Debug)]
pub enum Choice {
    NotThere,
    NotAcceptable,
    /// A folder without its final slash: the client is sent to this place.
    Moved(String),
    /// A folder without an index.
    Listing,
    Sent(Representation),
    /// The path leads to nothing, and may be a page of the app.
    App(Representation),
    /// The same, in no coding that the client accepts.
    AppNotAcceptable,
    /// The path leads to nothing, and this is the page of every 404.
    Lost(Representation),
}

/// The representation that the client says it has. Then it is not sent another that it prefers.
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
    pub fn of(name: &str, stood: Vec<Stood>) -> State {
        let kind = match name.rsplit_once('.') {
            Some((_, "html" | "htm")) => "text/html; charset=utf-8",
            // The content of a file without an extension tells that it is text.
            Some((_, "txt")) | None => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        };
        let all = stood.len();
        let mut stood = stood.into_iter();
        let stood = match stood.next() {
            Some(file) if file.coding == Coding::Identity => {
                let count = |neighbour: Stood| neighbour.counts(&file).map(|sure| (neighbour, sure));
                let neighbours: Vec<_> = stood.filter_map(count).collect();
                [(file, Sure::Yes)].into_iter().chain(neighbours).collect()
            }
            _ => Vec::new(),
        };
        let has_old_neighbours = stood.len() < all;
        State { kind, stood, has_old_neighbours, instead: None, by: None }
    }

    /// The same, by a rule.
    pub fn by(self, rule: &'static str) -> State {
        State { by: Some(rule), ..self }
    }

    /// There is no file, and this is sent.
    pub fn instead(choice: Choice) -> State {
        State { instead: Some(choice), ..State::of("", Vec::new()) }
    }

    /// What may be sent to a client that accepts these codings, the preferred one first.
    pub fn choices(&self, accepted: &[Coding], held: Held) -> Vec<Choice> {
        if let Some(choice) = &self.instead {
            return vec![choice.clone()];
        }
        if self.stood.is_empty() {
            return vec![Choice::NotThere];
        }
        let there: Vec<_> = accepted.iter().flat_map(|coding| self.representations(*coding)).collect();
        let kept = there.iter().find(|it| held.names(it.which()));
        if let Some(kept) = kept.filter(|it| matches!(held, Held::Surely(_)) && it.sure == Sure::Yes) {
            return vec![Choice::Sent(kept.clone())];
        }
        // If a coding is not ready, the next one that the client accepts is sent.
        let sure = there.iter().position(|it| it.sure == Sure::Yes);
        let liked = &there[..sure.map_or(there.len(), |at| at + 1)];
        let sent = kept.into_iter().chain(liked).cloned().map(Choice::Sent);
        // If the client accepts no other, the plain file is sent: no client gets 406 for a coding that will be ready
        // soon.
        let mut choices: Vec<_> = sent.collect();
        if sure.is_none() {
            // The last word is that it is there in no coding that the client takes; before it, a neighbour may be compared.
            choices.extend(there.is_empty().then_some(Choice::NotAcceptable));
            let is_hoped_for =
                |(it, sure): &(Stood, Sure)| *sure == Sure::No && accepted.contains(&it.coding);
            let stands_in = !there.is_empty() || self.stood.iter().any(is_hoped_for);
            let identity = || self.representations(Coding::Identity).map(Choice::Sent);
            choices.extend(stands_in.then(identity).into_iter().flatten());
        }
        choices
    }

    /// What there is in this coding: a neighbour, or what the server compresses, or either.
    fn representations(&self, coding: Coding) -> impl Iterator<Item = Representation> {
        let is_text = self.kind.starts_with("text/");
        let file = &self.stood[0].0;
        let is_compressed = is_text && COMPRESSED_BYTES.contains(&file.version.bytes.len());
        let has_neighbours = self.stood[1..].iter().any(|(_, sure)| *sure == Sure::Yes);
        let vary = match (is_compressed || has_neighbours, self.has_old_neighbours || self.stood.len() > 1) {
            (true, _) => Vary::Must,
            (false, true) => Vary::May,
            (false, false) => Vary::MustNot,
        };
        let mut stood = self.stood.iter().filter(|(_, sure)| *sure != Sure::No);
        let stood = stood.find(|(it, _)| it.coding == coding).map(|(it, sure)| (it, *sure, false));
        let is_ours = is_compressed && coding == Coding::Gzip;
        let is_made = is_ours && stood.is_none_or(|(_, sure, _)| sure != Sure::Yes);
        let made = is_made.then_some((file, Sure::NotYet, true));
        let (kind, by) = (self.kind, self.by);
        stood.into_iter().chain(made).map(move |(it, sure, is_made)| {
            let (at, version) = (it.at, it.version.clone());
            Representation { at, coding, version, kind, vary, sure, is_made, by }
        })
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
