//! What a transport that observes its connection is told of it: by the connection, and by the reactor that has it.

use super::wait::Wait;
use crate::http::status::Status;
use crate::os::peer::Peer;
use crate::service::client::Id;
use std::fmt;
use std::io;

/// Something that happened to a connection. It costs nothing where there is no observer: then
/// [`Transport::notify`](super::transport::Transport::notify) is empty, and the compiler leaves the event out.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The connection was accepted and has its place.
    Accepted {
        /// Where in the slab the connection is.
        key: usize,
        /// The number of the connection.
        id: Id,
        /// The address of the client.
        peer: Peer,
    },
    /// [`Connection::drive`](super::Connection::drive) begins.
    DriveBegins,
    /// The drive ends, and this is what the connection waits for; nothing, where it waits for its next turn or is over.
    DriveEnds(Option<Wait>),
    /// The request that came last has made a step.
    Step(Step),
    /// A head came, and this is its request line. The client may have put anything into it.
    Requested(&'a [u8]),
    /// What came is refused, and this is the line with which it begins. The client may have put anything into it.
    Refused(&'a [u8]),
    /// The time since the event before this one, or since the last call on the socket, went into this.
    Spent(On),
    /// The request that came last is answered: [`Step::Answered`]. This is also why the next [`Event::StateChanged`] comes.
    Answered {
        /// With which status.
        status: Status,
        /// Bytes in the outbox, this answer among them, that were not sent yet.
        unsent: usize,
        /// Whether content follows that is not in the outbox.
        follows: bool,
        /// Whether bytes of the next request are here already.
        ahead: bool,
    },
    /// Bytes were sent: [`Step::FirstByteOut`] and [`Step::LastByteOut`] of the answers to which they belong.
    Sent {
        /// Whether answers, or parts of an answer, are still to be sent.
        more: bool,
    },
    /// So many more answers, in the order of their requests, have their lines in the log: [`Step::Logged`].
    Logged(usize),
    /// This is why the next [`Event::StateChanged`] comes.
    Reason(Reason),
    /// The connection has entered another state.
    StateChanged {
        /// The name of the state before, as the log has it.
        from: &'static str,
        /// The name of the state after.
        to: &'static str,
    },
    /// The time for what the connection waited for is up.
    TimedOut,
    /// A panic, which is a bug of this server, has ended the connection.
    Panicked,
}

/// A step in the life of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The last byte of its head was read.
    HeadHere,
    /// The gate lets it pass.
    Gate,
    /// What it asks for was looked up on the disk. A request that needs no look at the disk does not have this step.
    Disk,
    /// Its answer is made: the head, and the content that is in memory.
    Answered,
    /// The kernel has taken the first byte of its answer.
    FirstByteOut,
    /// The kernel has taken the last byte of its answer.
    LastByteOut,
    /// Its line is handed to the log.
    Logged,
}

/// What is known of a step wherever it is shown.
pub struct StepRow {
    /// The step.
    pub step: Step,
    /// Its name, for people.
    pub name: &'static str,
    /// The function that does the work, as `file:function`.
    pub source: &'static str,
    /// The function that tells the observer of it.
    pub teller: &'static str,
    /// How that function tells of it: this stands in it.
    pub told: &'static str,
}

impl Step {
    /// Every step, in the usual order; `step as usize` is its place here. With a log whose lines do not say how long an answer
    /// took, the line comes before the first byte is out.
    pub const TABLE: [StepRow; 7] = [
        row(Step::HeadHere, "head here", "src/conn/wire.rs:find_head", ROUTE, "Event::Step(Step::HeadHere)"),
        row(Step::Gate, "gate", "src/service/gate.rs:turned_away", ROUTE, "Event::Step(Step::Gate)"),
        row(
            Step::Disk,
            "disk",
            "src/os/files.rs:open_below",
            "src/conn/reading.rs:note_disk",
            "Event::Step(Step::Disk)",
        ),
        row(
            Step::Answered,
            "answered",
            "src/conn/answer.rs:complete",
            "src/conn/writing.rs:begin",
            "Event::Answered {",
        ),
        row(Step::FirstByteOut, "first byte out", "src/conn/wire.rs:flush", NOTE_SENT, "Event::Sent {"),
        row(Step::LastByteOut, "last byte out", "src/conn/writing.rs:write", NOTE_SENT, "Event::Sent {"),
        row(
            Step::Logged,
            "log",
            "src/log/access/mod.rs:add",
            "src/conn/wire.rs:note_logged",
            "Event::Logged(",
        ),
    ];
}

const ROUTE: &str = "src/conn/reading.rs:route";
const NOTE_SENT: &str = "src/conn/wire.rs:note_sent";

const fn row(
    step: Step,
    name: &'static str,
    source: &'static str,
    teller: &'static str,
    told: &'static str,
) -> StepRow {
    StepRow { step, name, source, teller, told }
}

/// What a connection spends its time on, beside calls on its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// A look at the disk, or reading from it.
    Disk,
    /// Making an answer, or content of one.
    Answer,
}

/// Why a state follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request was answered with this status, as [`Event::Answered`] tells.
    Answered(Status),
    /// What came is no request, or comes too late: this is the last answer.
    Refused(Status, &'static str),
    /// The connection is over.
    Over(&'static str),
    /// The socket failed.
    Failed(io::ErrorKind),
    /// A step like any other.
    Went(&'static str),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Answered(status) => write!(f, "answered with {} {}", status.code, status.reason),
            Reason::Refused(status, why) => write!(f, "refused with {}: {why}", status.code),
            Reason::Over(why) | Reason::Went(why) => f.write_str(why),
            Reason::Failed(kind) => write!(f, "the socket failed: {kind}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The body of `function` in the text of a file.
    fn body<'a>(text: &'a str, function: &str) -> Option<&'a str> {
        let at = ["(", "<"].iter().find_map(|next| text.find(&format!("fn {function}{next}")))?;
        let line = text[..at].rfind('\n')? + 1;
        let indent = &text[line..][..text[line..].find(|char| char != ' ')?];
        let end = text[at..].find(&format!("\n{indent}}}\n"))?;
        Some(&text[at..at + end])
    }

    #[test]
    fn every_step_is_told_by_the_function_that_is_named() {
        for (place, StepRow { step, name, source, teller, told }) in Step::TABLE.iter().enumerate() {
            assert_eq!(*step as usize, place, "{name}");
            let body_of = |named: &str| {
                let (file, function) = named.split_once(':').unwrap();
                let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
                body(&text, function)
                    .unwrap_or_else(|| panic!("{file} has no function {function}"))
                    .to_owned()
            };
            body_of(source);
            assert!(body_of(teller).contains(&format!("notify({told}")), "{teller} does not tell of {name}");
        }
    }
}
