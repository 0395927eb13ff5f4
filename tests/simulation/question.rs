//! How a file is asked for, and which answers are right: an answer is right if it is true of one moment between the
//! request and the answer.

use crate::answer::{Answer, Asked};
use crate::disk::Disk;
use crate::parts::{Part, Selected, Spec, parts, select};
use crate::representation::{Choice, Coding, Held, Representation, Vary, Which};
use crate::request::expect;
use httpdate::fmt_http_date;
use std::time::SystemTime;

/// Files of up to this many bytes are sent in one piece, whatever happens to them meanwhile.
pub const WHOLE_BYTES_MAX: usize = 64 << 10;

/// How a file is asked for.
#[derive(Clone, Debug)]
pub struct How {
    pub ranges: Vec<Spec>,
    pub condition: Option<(Condition, Seen)>,
    /// The accepted codings, the preferred one first.
    pub accepted: &'static [Coding],
    /// Whether folders are listed at the door of the client.
    pub lists: bool,
    /// What the client says in `Accept`.
    pub accept: Accept,
}

/// What a client says in `Accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// It takes everything.
    Anything,
    /// It prefers HTML, as browsers do.
    Html,
    /// It takes no HTML.
    Image,
}

impl Default for How {
    fn default() -> How {
        How {
            ranges: Vec::new(),
            condition: None,
            accepted: &[Coding::Identity],
            lists: true,
            accept: Accept::Anything,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    NoneMatch,
    Match,
    Range,
    Since,
}

/// A representation that a client has seen, by what its answer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub file: usize,
    pub which: Which,
    pub tag: String,
    pub modified: SystemTime,
    pub date: String,
    /// Whether the server has compressed it.
    pub is_made: bool,
    /// Which rule led to it, if its path does not name it.
    pub by: Option<&'static str>,
}

impl Seen {
    pub fn is_strong(&self) -> bool {
        self.tag.starts_with('"')
    }
}

/// A request for a file, whose last byte was sent at `epoch`.
pub struct Question<'a> {
    pub file: usize,
    pub how: &'a How,
    pub asked: Asked,
    pub epoch: u64,
    pub disk: &'a Disk,
}

impl Question<'_> {
    /// Whether `answer` is right. Gives what the client has learnt from it.
    pub fn judge(&self, answer: &Answer) -> Result<Option<Seen>, String> {
        let states = self.disk.states(self.file, self.epoch, answer.epochs.0);
        let accepted = self.accepted();
        let choices = states.iter().flat_map(|state| {
            let choices = state.choices(&accepted, self.held());
            choices.into_iter().flat_map(|choice| self.instead(choice, answer.epochs.0))
        });
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for choice in choices {
            match self.check(answer, &choice) {
                Ok(()) => right.push(choice),
                Err(why) => wrong.push(format!("{why}, for {choice:?}")),
            }
        }
        match right.is_empty() {
            true => Err(wrong.join("\n")),
            false => Ok(self.learnt(answer, &right)),
        }
    }

    /// What answers where `choice` is that there is nothing. What stands in the root is looked up after the path itself, so it
    /// may be of another moment.
    fn instead(&self, choice: Choice, to: u64) -> Vec<Choice> {
        let is_nothing = match choice {
            Choice::NotThere => true,
            Choice::Listing => !self.how.lists,
            _ => false,
        };
        if !is_nothing {
            return vec![choice];
        }
        let (accepted, accept) = (self.accepted(), self.how.accept);
        let is_for_app = accept == Accept::Html && self.disk.is_page(self.file);
        let around = self.disk.around(self.epoch, to);
        let instead = around.iter().flat_map(|around| match (&around.app, &around.page) {
            (Some(app), _) if is_for_app => {
                let choices = app.choices(&accepted, self.held()).into_iter().map(|choice| match choice {
                    Choice::Sent(it) => Choice::App(it),
                    _ => Choice::AppNotAcceptable,
                });
                choices.collect()
            }
            (_, Some(page)) if accept != Accept::Image => {
                let choices = page.choices(&accepted, Held::Nothing).into_iter().map(|choice| match choice {
                    Choice::Sent(it) => Choice::Lost(it),
                    _ => Choice::NotThere,
                });
                choices.collect()
            }
            _ => vec![Choice::NotThere],
        });
        instead.collect()
    }

    /// Whether ranges are asked for; they are ignored with HEAD.
    fn is_for_parts(&self) -> bool {
        !self.how.ranges.is_empty() && self.asked == Asked::WithContent
    }

    /// The accepted codings, in the order that counts: ranges are of the plain file.
    fn accepted(&self) -> Vec<Coding> {
        let (identity, others): (Vec<_>, Vec<_>) =
            self.how.accepted.iter().partition(|coding| **coding == Coding::Identity);
        if self.is_for_parts() { [identity, others].concat() } else { self.how.accepted.to_vec() }
    }

    /// The representation that the client says it has, and the one of which it wants more.
    fn held(&self) -> Held {
        let Some((condition, seen)) = &self.how.condition else { return Held::Nothing };
        let is_named = match condition {
            Condition::NoneMatch => true,
            Condition::Match | Condition::Range => self.is_for_parts() && seen.is_strong(),
            Condition::Since => false,
        };
        match seen.is_strong() && self.disk.tags_last {
            _ if !is_named => Held::Nothing,
            true => Held::Surely(seen.which),
            false => Held::Perhaps(seen.which),
        }
    }

    /// What the answer says about a representation, if it is clear about which.
    fn learnt(&self, answer: &Answer, right: &[Choice]) -> Option<Seen> {
        let Some(Choice::Sent(it) | Choice::App(it)) = right.first() else { return None };
        let is_same = |choice: &Choice| matches!(choice, Choice::Sent(other) | Choice::App(other) if other.which() == it.which());
        let [tag, date] = ["etag", "last-modified"].map(|name| answer.field(name).map(str::to_owned));
        let (tag, date) = (tag?, date?);
        let (which, modified, is_made) = (it.which(), it.version.modified, it.is_made);
        let by = if matches!(right[0], Choice::App(_)) { Some("a page of the app") } else { it.by };
        right.iter().all(is_same).then_some(Seen { file: self.file, which, tag, modified, date, is_made, by })
    }

    fn check(&self, answer: &Answer, choice: &Choice) -> Result<(), String> {
        let due = match choice {
            Choice::NotThere | Choice::Lost(_) => vec![404],
            Choice::NotAcceptable | Choice::AppNotAcceptable => vec![406],
            Choice::Moved(_) => vec![301],
            Choice::Listing => vec![200],
            Choice::Sent(it) | Choice::App(it) => self.due(answer, it),
        };
        expect(due.contains(&answer.status), || format!("{due:?} was due"))?;
        let vary = match choice {
            Choice::NotThere => Vary::MustNot,
            Choice::NotAcceptable | Choice::AppNotAcceptable => Vary::Must,
            Choice::Sent(it) | Choice::App(it) | Choice::Lost(it) => it.vary,
            Choice::Moved(_) | Choice::Listing => return self.check_folder(answer, choice),
        };
        // `Accept` decides whether an error page is HTML or JSON, and who gets a page of the app.
        let is_page = answer.status >= 400 || matches!(choice, Choice::App(_));
        let is_right = match (answer.field("vary"), is_page) {
            (Some("Accept-Encoding"), false) | (Some("Accept-Encoding, Accept"), true) => {
                vary != Vary::MustNot
            }
            (None, false) | (Some("Accept"), true) => vary != Vary::Must,
            _ => false,
        };
        expect(is_right, || format!("it {vary:?} vary"))?;
        match choice {
            Choice::Sent(it) | Choice::App(it) => self.check_sent(answer, it),
            Choice::Lost(it) => self.check_lost(answer, it),
            _ => Ok(()),
        }
    }

    /// The answer in place of a file, where a folder is.
    fn check_folder(&self, answer: &Answer, choice: &Choice) -> Result<(), String> {
        let is_right = match (choice, answer.status) {
            (Choice::Moved(to), _) => {
                let location = answer.field("location").unwrap_or_default();
                location.split('?').next() == Some(to.as_str())
            }
            (_, 200) => self.asked == Asked::HeadOnly || answer.body.windows(6).any(|text| text == b"<table"),
            _ => true,
        };
        expect(is_right && answer.field("etag").is_none(), || "it is a folder".into())
    }

    /// The status of the right answer with `it`, or several if the model does not know its tag.
    fn due(&self, answer: &Answer, it: &Representation) -> Vec<u16> {
        let Some((condition, seen)) = &self.how.condition else { return vec![self.status(true, it)] };
        let is_seen = it.which() == seen.which;
        let matches = match answer.field("etag") {
            Some(tag) => vec![tag == seen.tag],
            None if is_seen && !(seen.is_strong() && self.disk.tags_last) => vec![true, false],
            None => vec![is_seen],
        };
        let holds = |matches: bool| match condition {
            Condition::NoneMatch => !matches,
            Condition::Match | Condition::Range => matches && seen.is_strong(),
            Condition::Since => it.version.modified > seen.modified,
        };
        matches.into_iter().map(|matches| self.status(holds(matches), it)).collect()
    }

    /// The same, if it is known whether the condition holds.
    fn status(&self, holds: bool, it: &Representation) -> u16 {
        let condition = self.how.condition.as_ref().map(|(condition, _)| *condition);
        let is_named = matches!(condition, Some(Condition::Match | Condition::Range));
        let is_plain = it.coding == Coding::Identity && self.how.accepted.contains(&Coding::Identity);
        match condition.filter(|_| !holds) {
            Some(Condition::NoneMatch | Condition::Since) => return 304,
            Some(Condition::Match) => return 412,
            Some(Condition::Range) => return 200,
            None => {}
        }
        match self.parts_of(it.bytes().len() as u64) {
            // A client that names the tag of a coded file gets parts of it.
            _ if !is_plain && !is_named => 200,
            Selected::Whole => 200,
            Selected::Parts(_) => 206,
            Selected::Nothing => 416,
        }
    }

    fn parts_of(&self, length: u64) -> Selected {
        if self.is_for_parts() { select(&self.how.ranges, length) } else { Selected::Whole }
    }

    /// Checks the fields and the content of an answer whose status is right for `it`.
    fn check_sent(&self, answer: &Answer, it: &Representation) -> Result<(), String> {
        let length = it.bytes().len();
        if matches!(answer.status, 200 | 206 | 304) {
            let date = fmt_http_date(it.version.modified);
            expect(answer.field("last-modified") == Some(&date), || format!("it was modified on {date}"))?;
            expect(answer.field("etag").is_some(), || "no ETag".into())?;
        }
        if matches!(answer.status, 200 | 206) {
            expect(answer.field("content-encoding") == it.coding.name(), || "in another coding".into())?;
            expect(answer.field("accept-ranges") == Some("bytes"), || "Accept-Ranges".into())?;
        }
        match answer.status {
            200 => self.check_whole(answer, it),
            206 => self.check_parts(answer, it),
            416 => {
                let range = format!("bytes */{length}");
                expect(answer.field("content-range") == Some(&range), || range.clone())
            }
            _ => Ok(()),
        }
    }

    fn check_whole(&self, answer: &Answer, it: &Representation) -> Result<(), String> {
        let length = it.bytes().len();
        let said = answer.field("content-length").and_then(|length| length.parse().ok());
        expect(said == Some(length), || format!("{length} bytes were due"))?;
        expect(answer.field("content-type") == Some(it.kind), || "another media type".into())?;
        let is_right = self.asked == Asked::HeadOnly
            || answer.body == it.bytes()
            || self.is_of_the_disk(&answer.body, 0, it, answer);
        expect(is_right, || "the bytes are others".into())
    }

    /// The page of every 404 is whole, and has nothing by which a client could ask for it again.
    fn check_lost(&self, answer: &Answer, it: &Representation) -> Result<(), String> {
        let is_bare = ["etag", "last-modified", "accept-ranges", "content-range"]
            .into_iter()
            .all(|name| answer.field(name).is_none());
        expect(is_bare, || "it tells of a file".into())?;
        expect(answer.field("content-encoding") == it.coding.name(), || "in another coding".into())?;
        expect(answer.field("cache-control") == Some("no-cache"), || "it may be kept".into())?;
        self.check_whole(answer, it)
    }

    fn check_parts(&self, answer: &Answer, it: &Representation) -> Result<(), String> {
        let length = it.bytes().len() as u64;
        let Selected::Parts(wanted) = self.parts_of(length) else { return Err("no parts".into()) };
        let mut got = parts(answer)?;
        got.sort_by_key(|part| *part.range.start());
        let ranges: Vec<_> = got.iter().map(|part| part.range.clone()).collect();
        expect(ranges == wanted, || format!("{ranges:?} instead of {wanted:?}"))?;
        let is_right = |part: &Part<'_>| {
            let (first, last) = (*part.range.start() as usize, *part.range.end() as usize);
            let are_bytes = it.bytes()[first..=last] == *part.bytes;
            let is_described = part.whole == length && part.kind == it.kind;
            is_described && (are_bytes || self.is_of_the_disk(part.bytes, first, it, answer))
        };
        expect(got.iter().all(is_right), || "a part is another".into())
    }

    /// Whether `bytes`, from position `first` of a large file on, may be what the disk had when each byte was sent:
    /// the file was changed in place while they were sent.
    fn is_of_the_disk(&self, bytes: &[u8], first: usize, it: &Representation, answer: &Answer) -> bool {
        let (from, to) = (self.epoch, answer.epochs.1);
        // Only such files are written in place while they are sent, and nothing that stands for them is.
        let Some(past) = self.disk.past(it.at).filter(|_| self.disk.is_flat(self.file)) else { return false };
        let is_large = it.bytes().len() > WHOLE_BYTES_MAX && !it.is_made;
        let had = |(at, byte): (usize, &u8)| past.had(first + at, *byte, from, to);
        is_large && past.is_changed_in_place(from, to) && bytes.iter().enumerate().all(had)
    }
}
