//! What an observer is told of the requests of one connection: the steps of each come in order, and no bytes, no answer and no
//! line of the log are told of that there were not.

use onepoll::conn::event::{Event, Step};

/// What was told so far of one connection.
#[derive(Default)]
pub struct Steps {
    open: Option<Open>,
    /// Bytes that were sent, and how many will be when the answers that are queued are out.
    sent: usize,
    queued: usize,
    /// Whether content follows the last answer that is not counted there.
    follows: bool,
    answered: usize,
    logged: usize,
}

/// A request that has no answer yet.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    HeadHere,
    Requested,
    Passed,
    Refused,
}

impl Steps {
    /// So many bytes were sent.
    pub fn send(&mut self, count: usize) {
        self.sent += count;
    }

    /// An event was told. Says why that cannot be.
    pub fn note(&mut self, event: Event<'_>) -> Result<(), String> {
        let open = self.open;
        let is_right = match event {
            Event::Step(Step::HeadHere) => {
                self.open = Some(Open::HeadHere);
                open.is_none() && !self.follows
            }
            Event::Requested(_) => {
                self.open = Some(Open::Requested);
                open == Some(Open::HeadHere)
            }
            Event::Step(Step::Gate) => {
                self.open = Some(Open::Passed);
                open == Some(Open::Requested)
            }
            Event::Step(Step::Disk) => open == Some(Open::Passed),
            Event::Refused(_) => {
                self.open = Some(Open::Refused);
                open != Some(Open::Refused)
            }
            Event::Answered { unsent, follows, .. } => {
                let is_first = !self.follows;
                (self.open, self.follows) = (None, follows);
                let end = self.sent + unsent;
                let grows = end > self.queued;
                self.queued = end;
                self.answered += 1;
                is_first && grows && matches!(open, Some(Open::Requested | Open::Passed | Open::Refused))
            }
            Event::Sent { more } => {
                self.follows &= more;
                more || self.sent >= self.queued
            }
            Event::Logged(lines) => {
                self.logged += lines;
                self.logged <= self.answered
            }
            Event::Step(_) => false,
            _ => true,
        };
        if is_right { Ok(()) } else { Err(format!("{event:?} was told of, at the wrong time")) }
    }
}
