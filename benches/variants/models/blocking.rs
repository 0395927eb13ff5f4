//! What the threaded variants share: the connection of the reactor, driven over a blocking socket.
//!
//! Where the reactor parks a connection and waits for an event, a thread waits inside recv or send. The socket has
//! one timeout, which is the shortest of all limits. A call that ends by this timeout is "would block" to the
//! connection, and then the clock tells whether a limit has passed. So limits work as in the reactor, but up to one
//! socket timeout later.

use crate::counted::{self, Counted};
use onepoll::conn::context::Context;
use onepoll::conn::transport::Readiness;
use onepoll::conn::{Connection, Id, Verdict};
use onepoll::os;
use onepoll::os::peer::Peer;
use onepoll::service::limits::Limits;
use onepoll::service::response::Phase;
use onepoll::service::{Client, DoorId, Service};
use onepoll::site::Work;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How long accepting pauses when the process has no descriptor left, as in the reactor.
pub const PAUSE: Duration = Duration::from_millis(200);

/// The time between two looks for work for which no request waits.
pub const CHORES_EVERY: Duration = Duration::from_millis(10);

/// A connection that waits for a thread.
pub struct Accepted {
    socket: Counted<TcpStream>,
    peer: Peer,
}

/// How many requests a connection may make.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Requests {
    /// As many requests as the client sends.
    Many,
    /// One request: its answer says `Connection: close`.
    One,
}

/// Makes the reactor's listener a blocking one. Accepted sockets inherit its options and timeouts, so these need no
/// system calls of their own.
pub fn prepare(listener: &TcpListener, service: &Arc<Service>) -> io::Result<()> {
    let limits = &service.limits;
    let times = [limits.head_timeout, limits.body_timeout, limits.write_timeout, limits.idle_timeout];
    let shortest = times.into_iter().fold(Limits::LINGER, Duration::min);
    listener.set_nonblocking(false)?;
    set_socket_timeout(listener, Timeout::Recv, Some(shortest))?;
    set_socket_timeout(listener, Timeout::Send, Some(shortest))?;
    let service = service.clone();
    thread::spawn(move || do_chores(&service));
    Ok(())
}

/// Waits for the next connection.
pub fn accept(listener: &TcpListener, service: &Service) -> Accepted {
    loop {
        match listener.accept() {
            Ok((socket, peer)) => return Accepted { socket: counted::accepted(socket), peer: peer.into() },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if os::is_of_one_client(&error) => {}
            Err(_) => {
                service.site.close_files();
                thread::sleep(PAUSE);
            }
        }
    }
}

/// The context of one thread, which is lent to one connection after the other.
pub fn context(service: &Arc<Service>) -> Context {
    Context::new(service.clone(), Instant::now(), SystemTime::now())
}

/// Serves one connection until it is over. Between two turns the thread waits for the client, inside
/// [`Connection::read_ahead`] or inside a step of [`Connection::drive`].
pub fn serve(Accepted { socket, peer }: Accepted, requests: Requests, context: &mut Context) {
    let begin = Instant::now();
    let mut connection = Connection::new(socket, Client { id: Id(0), peer, door: DoorId::FIRST }, begin);
    let mut clock = (connection.waits(), begin);
    // The client before may have been told that its answer was the last.
    context.phase = Phase::Serving;
    loop {
        connection.note_readiness(Readiness::UNKNOWN);
        let came = connection.read_ahead(context);
        if requests == Requests::One {
            // While the server stops, every answer is the last on its connection.
            context.phase = if came { Phase::Stopping } else { Phase::Serving };
        }
        let mut verdict = turn(&mut connection, context);
        while verdict == Verdict::Again {
            verdict = turn(&mut connection, context);
        }
        // A clock that was restarted in this turn may have been restarted late, after a wait within the turn.
        let (now, waits) = (Instant::now(), connection.waits());
        if clock.0 != waits {
            clock = (waits, now);
        }
        let ((wait, _), since) = clock;
        let timeout = wait.timeout(&context.service.limits);
        if verdict == Verdict::Parked && timeout.is_some_and(|timeout| since + timeout <= now) {
            verdict = connection.expire(context);
        }
        if verdict == Verdict::Closed {
            return;
        }
    }
}

/// Drives a connection once.
fn turn(connection: &mut Connection<Counted<TcpStream>>, context: &mut Context) -> Verdict {
    context.begin_turn(Instant::now(), SystemTime::now());
    let verdict = connection.drive(context);
    context.access.end_turn(context.now);
    verdict
}

/// What the reactor does at the end of every turn is done here by a thread of its own.
fn do_chores(service: &Service) {
    loop {
        if service.site.work(Instant::now()) != Work::Now {
            thread::sleep(CHORES_EVERY);
        }
    }
}

/// Limits the number of connections. The reactor closes the longest idle connection for a new one. Here a thread that
/// waits in recv cannot be interrupted, so new connections wait in the kernel until another ends.
pub struct Places(Arc<(Mutex<usize>, Condvar)>);

/// A place for one connection, until it is dropped.
pub struct Place(Arc<(Mutex<usize>, Condvar)>);

impl Places {
    pub fn new(count: usize) -> Places {
        Places(Arc::new((Mutex::new(count), Condvar::new())))
    }

    /// Waits until a place is free.
    pub fn take(&self) -> Place {
        let (free, freed) = &*self.0;
        let free = free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self.0.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (free, freed) = &*self.0;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        freed.notify_one();
    }
}
