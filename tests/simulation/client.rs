//! A client: what it does next, and when.

use crate::below::Below;
use crate::disk::Disk;
use crate::doors::Door;
use crate::link::{Faults, Link, Stage};
use crate::question::Seen;
use crate::request::{Expects, Request};
use crate::support::dice::Dice;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// One client, and its connection.
pub struct Client {
    /// Where it connects.
    pub door: Door,
    /// The path below which it finds the site.
    below: Below,
    pub link: Link,
    pub reads: Reads,
    pub dice: Dice,
    pub seen: Vec<Seen>,
    script: VecDeque<Act>,
    batches: u64,
    asked: usize,
    ending: Ending,
    has_seen_end: bool,
    /// Whether the client waits for the next answer, or for the end of the connection.
    pub is_waiting: bool,
}

/// How the client reads what is sent to it.
#[derive(Clone, Copy)]
pub enum Reads {
    /// It reads everything, this long after it came.
    All(Duration),
    /// It reads this many bytes each time.
    Some(usize, Duration),
    /// It reads nothing.
    Never,
}

/// A step in the script of a client.
enum Act {
    Send(Vec<u8>),
    Sleep(Duration),
    /// Wait until this many requests are answered.
    Await(usize),
    /// Wait until the server asks for the content of this request.
    AwaitWord(usize),
    HalfClose,
    Close,
    Reset,
}

/// What the client does when it has sent all its requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Closes,
    HalfCloses,
    /// It ends in the middle of its last request.
    HalfClosesEarly,
    /// It resets the connection, perhaps in the middle of its last request.
    Resets,
    /// It stays connected, and sends nothing.
    Stays,
}

/// The result of a step.
pub enum Next {
    At(Duration),
    /// The client goes on when something happens to it.
    Waits,
    Never,
}

impl Client {
    /// A client that sends up to five batches of requests, and perhaps `more`.
    pub fn any(dice: &mut Dice, below: Below, more: u64, now: Instant) -> Client {
        let mut dice = dice.split();
        let reads = match dice.below(12) {
            0 => Reads::Never,
            1 => Reads::Some(
                8 + dice.size(60_000) as usize,
                Duration::from_millis(dice.pick(&[10, 1000, 29_000])),
            ),
            2..6 => Reads::All(dice.millis(0, 20)),
            _ => Reads::All(Duration::ZERO),
        };
        let window = match (reads, dice.below(4)) {
            (Reads::All(_), 1) => 1 + dice.size(5000) as usize,
            (_, 0..2) => 3000 + dice.size(100_000) as usize,
            _ => 1 << 20,
        };
        let ending = match dice.below(10) {
            0..4 => Ending::Closes,
            4..6 => Ending::HalfCloses,
            6 => Ending::HalfClosesEarly,
            7 => Ending::Resets,
            _ => Ending::Stays,
        };
        Client {
            door: if dice.one_in(3) { Door::Open } else { Door::Local },
            below,
            link: Link::new(window, Faults::any(&mut dice), now),
            reads,
            seen: Vec::new(),
            script: VecDeque::new(),
            batches: if dice.one_in(12) { 0 } else { 1 + dice.size(4) + dice.below(more + 1) },
            asked: 0,
            ending,
            has_seen_end: false,
            is_waiting: false,
            dice,
        }
    }

    /// Goes on with the script at `epoch`. Gives in words what the client did.
    pub fn act(&mut self, epoch: u64, disk: &Disk, tell: &mut dyn FnMut(String)) -> Next {
        self.is_waiting = false;
        loop {
            if self.link.reset {
                return Next::Never;
            }
            if self.has_ended() && !std::mem::replace(&mut self.has_seen_end, true) {
                self.sees_the_end();
            }
            let Some(act) = self.script.pop_front() else {
                match self.plan(disk) {
                    true => continue,
                    false => return Next::Never,
                }
            };
            match act {
                // The server has closed the connection: the kernel answers with a reset.
                Act::Send(_) if self.link.stage == Stage::Closed => return Next::Never,
                Act::Send(bytes) => {
                    tell(format!("sends {}", shown(&bytes)));
                    self.link.client_sends(&bytes, epoch);
                }
                Act::Sleep(time) => return Next::At(time),
                Act::Await(count) if !(self.link.books.is_answered_up_to(count) || self.has_ended()) => {
                    return self.wait_with(Act::Await(count));
                }
                Act::AwaitWord(count) if !(self.link.books.is_told_to_go_on(count) || self.has_ended()) => {
                    return self.wait_with(Act::AwaitWord(count));
                }
                Act::Await(_) | Act::AwaitWord(_) => {}
                Act::HalfClose => {
                    tell("half-closes".into());
                    self.link.client_ends(epoch);
                }
                Act::Close => {
                    tell("closes".into());
                    self.link.client_ends(epoch);
                    self.reads = Reads::All(Duration::ZERO);
                    return Next::Never;
                }
                Act::Reset => {
                    tell("resets".into());
                    self.link.client_resets();
                    return Next::Never;
                }
            }
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.link.stage, Stage::Shut(_) | Stage::Closed)
    }

    fn wait_with(&mut self, act: Act) -> Next {
        self.script.push_front(act);
        self.is_waiting = true;
        Next::Waits
    }

    /// The server has ended: most clients end, too, and some go on for a while.
    fn sees_the_end(&mut self) {
        if self.dice.one_in(4) {
            let more = Act::Send(vec![b'x'; self.dice.size(2000) as usize]);
            self.script.push_back(more);
            self.script.push_back(Act::Sleep(Duration::from_secs(10)));
        } else {
            self.script.clear();
            self.script.push_back(Act::Sleep(self.dice.millis(0, 2000)));
        }
        (self.batches, self.ending) = (0, Ending::Stays);
        self.script.push_back(Act::Close);
    }

    /// Plans the next requests, or the end. False if there is nothing more to do.
    fn plan(&mut self, disk: &Disk) -> bool {
        if self.batches > 0 {
            self.batches -= 1;
            self.plan_requests(disk);
            return true;
        }
        let ending = std::mem::replace(&mut self.ending, Ending::Stays);
        match ending {
            Ending::Stays => return false,
            Ending::Closes => self.script.extend([Act::Await(self.asked), Act::Close]),
            Ending::HalfCloses | Ending::HalfClosesEarly => self.script.push_back(Act::HalfClose),
            Ending::Resets => {
                self.script
                    .extend([Act::Sleep(Duration::from_millis(self.dice.pick(&[0, 0, 1, 30]))), Act::Reset]);
            }
        }
        true
    }

    fn plan_requests(&mut self, disk: &Disk) {
        let dice = &mut self.dice;
        let count = if dice.one_in(3) { 1 + dice.size(7) } else { 1 };
        let is_last = self.batches == 0;
        let is_cut_short = match self.ending {
            Ending::HalfClosesEarly => is_last,
            Ending::Resets => is_last && dice.one_in(2),
            _ => false,
        };
        let mut pieces: Vec<Act> = Vec::new();
        let mut together: Vec<u8> = Vec::new();
        for file in disk.scanned(dice) {
            let request = Request::plain(self.door, self.below, file, disk);
            together.extend_from_slice(&request.bytes);
            self.asked = self.link.books.asks(request);
        }
        for at in 1..=count {
            let request = Request::any(dice, self.door, self.below, &self.seen, disk);
            let (bytes, head_bytes) = (request.bytes.clone(), request.head_bytes);
            let waits = request.expects == Expects::Continue && dice.one_in(2);
            self.asked = self.link.books.asks(request);
            if is_cut_short && at == count {
                together.extend_from_slice(&bytes[..dice.below(bytes.len() as u64) as usize]);
            } else if waits {
                together.extend_from_slice(&bytes[..head_bytes]);
                cut(dice, &std::mem::take(&mut together), &mut pieces);
                pieces.push(Act::AwaitWord(self.asked));
                together.extend_from_slice(&bytes[head_bytes..]);
            } else {
                together.extend_from_slice(&bytes);
            }
        }
        cut(dice, &together, &mut pieces);
        self.script.extend(pieces);
        if !dice.one_in(4) && !is_cut_short {
            self.script.push_back(Act::Await(self.asked));
        }
        let pause = match dice.below(12) {
            0 => dice.millis(1, 9000),
            1 => Duration::from_millis(dice.pick(&[59_999, 60_000, 60_001])),
            2..6 => dice.millis(0, 50),
            _ => return,
        };
        self.script.push_back(Act::Sleep(pause));
    }
}

/// Cuts what is sent into pieces, with pauses between them.
fn cut(dice: &mut Dice, bytes: &[u8], pieces: &mut Vec<Act>) {
    if bytes.is_empty() {
        return;
    }
    let count = if dice.one_in(2) { 0 } else { 1 + dice.size(6) };
    let mut cuts: Vec<_> = (0..count).map(|_| dice.below(bytes.len() as u64) as usize).collect();
    cuts.sort_unstable();
    let style = dice.below(6);
    let mut begin = 0;
    for end in cuts.into_iter().filter(|end| *end > 0).chain([bytes.len()]) {
        if end == begin {
            continue;
        }
        pieces.push(Act::Send(bytes[begin..end].to_vec()));
        begin = end;
        let pause = match style {
            0 => dice.millis(1, 4000),
            1 if dice.one_in(3) => {
                Duration::from_millis(dice.pick(&[9_999, 10_000, 10_001, 19_999, 20_000, 25_000]))
            }
            2 => continue,
            _ => Duration::from_millis(dice.pick(&[0, 0, 1])),
        };
        if end < bytes.len() {
            pieces.push(Act::Sleep(pause));
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    let text = bytes[..bytes.len().min(300)].escape_ascii().to_string();
    format!("{} bytes: {text}", bytes.len())
}
