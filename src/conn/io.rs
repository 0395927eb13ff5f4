//! One socket, and what the kernel last said of it. The rules of the edge live here; a listener has its own in
//! `reactor/listener.rs`.
//!
//! A level-triggered poll reports a socket for as long as it is ready. An edge-triggered one, which is what mio asks for,
//! reports it when that changes: what an event said must be remembered until it is used up. So:
//!
//! 1. A connection waits for a socket only after the kernel has said that a call on it would block, or has given a short read
//!    (rule 3). One that stops before, since it has had its turn or waits for something else, finds the socket as `Ready` as it was.
//! 2. After that it is not tried again before an event, since the call would be wasted; unless the reactor doubts what it knows
//!    ([`Readiness::UNKNOWN`]: when a time is up, at the end, and where a place is needed).
//! 3. A read that does not fill its buffer has emptied the socket, which is as good as `WouldBlock` and saves a call: what
//!    comes later raises a new edge (epoll(7), question 9). **This holds for a socket, and not for TLS**: a transport that keeps
//!    decrypted bytes of its own gives short reads while there is more, of which no event tells. Before there is one, it
//!    must say whether it is empty, and [`Io::recv`] must ask it.
//! 4. When the peer has shut its side, no further event comes. Then a short read does not mean that the socket is empty: it is
//!    read until recv(2) gives 0.
//! 5. A write that takes fewer bytes than it could is not taken for a full socket: the next write finds out.
//! 6. An event may be spurious, and costs one call.

use super::transport::{Follow, Readiness, Transport};
use crate::service::client::Id;
use log::trace;
use std::fmt::Arguments;
use std::fs::File;
use std::io;

/// A transport that is not asked again after it said that it would block, until an event says otherwise.
pub struct Io<T> {
    transport: T,
    id: Id,
    input: Input,
    output: Output,
}

/// What reading can be expected to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// Perhaps something.
    Ready,
    /// Nothing, until the next event.
    Drained,
    /// The peer has shut its side: what is left, and then the end (rule 4).
    Ending,
    /// The end was read.
    Ended,
}

/// What writing can be expected to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Ready,
    Full,
}

/// What came of a call that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// So many bytes went; more than none.
    Bytes(usize),
    /// The socket is not ready: its connection waits for an event.
    WouldBlock,
    /// There is nothing further: the peer has ended, or the file has.
    End,
}

impl<T: Transport> Io<T> {
    /// A transport of which nothing is known yet: it is tried.
    pub fn new(transport: T, id: Id) -> Io<T> {
        Io { transport, id, input: Input::Ready, output: Output::Ready }
    }

    /// The transport itself, for registering it.
    pub fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Takes note of an event. It may be spurious: then the next call finds that out.
    pub fn note_readiness(&mut self, readiness: Readiness) {
        match self.input {
            Input::Ended => {}
            _ if readiness.peer_closed => self.input = Input::Ending,
            Input::Drained if readiness.readable => self.input = Input::Ready,
            _ => {}
        }
        if readiness.writable {
            self.output = Output::Ready;
        }
    }

    /// Reads once. A read that does not fill `buffer` has emptied the socket (rule 3): a request costs one recv(2), not two.
    pub fn recv(&mut self, buffer: &mut [u8]) -> io::Result<Transfer> {
        match self.input {
            Input::Drained => return Ok(Transfer::WouldBlock),
            Input::Ended => return Ok(Transfer::End),
            Input::Ready | Input::Ending => {}
        }
        let mut result = self.transport.recv(buffer);
        while is_interrupted(&result) {
            result = self.transport.recv(buffer);
        }
        let transfer = judge(result, format_args!("{} recv({})", self.id, buffer.len()))?;
        match transfer {
            Transfer::End => self.input = Input::Ended,
            Transfer::WouldBlock => self.input = Input::Drained,
            Transfer::Bytes(count) if count < buffer.len() && self.input == Input::Ready => {
                self.input = Input::Drained;
            }
            Transfer::Bytes(_) => {}
        }
        Ok(transfer)
    }

    /// Writes once.
    pub fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<Transfer> {
        if self.output == Output::Full {
            return Ok(Transfer::WouldBlock);
        }
        let mut result = self.transport.send(bytes, follow);
        while is_interrupted(&result) {
            result = self.transport.send(bytes, follow);
        }
        let transfer = judge(result, format_args!("{} send({})", self.id, bytes.len()))?;
        self.output = Output::after(transfer);
        Ok(transfer)
    }

    /// Writes from a file once. sendfile(2) gives short counts for reasons of its own (rule 5).
    pub fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<Transfer> {
        if self.output == Output::Full {
            return Ok(Transfer::WouldBlock);
        }
        let mut result = self.transport.send_file(file, offset, count);
        while is_interrupted(&result) {
            result = self.transport.send_file(file, offset, count);
        }
        let transfer = judge(result, format_args!("{} sendfile(at {offset}, {count})", self.id))?;
        self.output = Output::after(transfer);
        Ok(transfer)
    }

    /// Whether everything that came was read, as far as the kernel said.
    pub fn is_drained(&self) -> bool {
        matches!(self.input, Input::Drained | Input::Ended)
    }

    /// Ends what we send.
    pub fn shutdown(&mut self) -> io::Result<()> {
        let result = self.transport.shutdown();
        trace!("{} shutdown(SHUT_WR) = {result:?}", self.id);
        result
    }
}

impl Output {
    /// What a write leaves behind.
    fn after(transfer: Transfer) -> Output {
        if transfer == Transfer::WouldBlock { Output::Full } else { Output::Ready }
    }
}

/// Whether a signal came in between: then the call is made again.
fn is_interrupted(result: &io::Result<usize>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::Interrupted)
}

/// What came of a call, which is written to the log.
fn judge(result: io::Result<usize>, call: Arguments<'_>) -> io::Result<Transfer> {
    let result = match result {
        Ok(0) => Ok(Transfer::End),
        Ok(count) => Ok(Transfer::Bytes(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Transfer::WouldBlock),
        Err(error) => Err(error),
    };
    match &result {
        Ok(transfer) => trace!("{call} = {transfer:?}"),
        Err(error) => trace!("{call} failed: {error}"),
    }
    result
}
