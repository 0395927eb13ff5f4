//! A task for each connection on one thread (tokio, the current-thread runtime). The task waits for readiness, and tokio
//! waits in epoll_wait for all tasks: underneath it is a reactor again, and a task is what the slab holds elsewhere.
//!
//! Two memories of one edge would be one too many. tokio takes a socket for ready until a call has met `WouldBlock`; the
//! connection remembers the same, and a short read tells it so without a further call (`src/conn/io.rs`). So the task hands
//! each readiness on to the connection and clears it in tokio at once. Both happen between two looks at epoll, so no
//! edge is lost.
//!
//! What differs from the reactor: a turn is what tokio polls between two looks at epoll, which is 61 tasks at most. A task
//! reads and answers at once, so each looks at the disk for itself, where the reactor reads from all that are ready first. A
//! socket is registered for both directions when it is accepted, and taken out when it is closed. At the limit of
//! connections the longest idle one is not closed; new ones wait in the backlog.

use super::blocking::{self, CHORES_EVERY, PAUSE};
use onepoll::conn::context::{Context, FileBudget};
use onepoll::conn::transport::{Readiness, Transport};
use onepoll::conn::{Connection, Id, Verdict, Wait};
use onepoll::os::{self, peer::Peer};
use onepoll::service::{Client, DoorId, Service};
use onepoll::site::Work;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::net;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::{sleep, timeout};

/// Serves until the process ends.
pub fn run(listener: net::TcpListener, service: &Arc<Service>) {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.expect("a runtime can be made");
    let shared = Rc::new(Shared {
        context: RefCell::new(blocking::context(service)),
        files: Cell::new(FileBudget::NONE),
        downloads: Mutex::new(()),
    });
    let tasks = LocalSet::new();
    tasks.spawn_local(accept(listener, service.clone(), shared.clone()));
    tasks.spawn_local(do_chores(service.clone()));
    let mut tasks = pin!(tasks);
    runtime.block_on(poll_fn(|cx| {
        shared.begin_turn();
        let polled = tasks.as_mut().poll(cx);
        shared.end_turn();
        polled
    }));
}

/// What all tasks share. It is lent to a connection for one drive, and never across an `await`.
struct Shared {
    context: RefCell<Context>,
    /// Bytes of files that may still be sent in this turn.
    files: Cell<FileBudget>,
    /// Held by the connection whose part of a file is next. The others wait for it in the order in which they came.
    downloads: Mutex<()>,
}

impl Shared {
    fn begin_turn(&self) {
        let mut context = self.context.borrow_mut();
        context.begin_turn(Instant::now(), SystemTime::now());
        context.file_budget = FileBudget::NONE;
        self.files.set(FileBudget::ONE_TURN);
    }

    fn end_turn(&self) {
        let context = &mut *self.context.borrow_mut();
        context.access.end_turn(context.now);
    }

    /// Drives a connection that is at a file, when those before it had their parts and the bytes of this turn are not sent yet.
    async fn drive_download<S: Transport>(&self, connection: &mut Connection<S>) -> Verdict {
        let _its_turn = self.downloads.lock().await;
        while self.files.get().is_used_up() {
            yield_now().await;
        }
        let context = &mut *self.context.borrow_mut();
        context.file_budget = self.files.get();
        let verdict = connection.drive(context);
        context.file_budget.spend_a_drive(self.files.get());
        self.files.set(std::mem::replace(&mut context.file_budget, FileBudget::NONE));
        verdict
    }
}

async fn accept(listener: net::TcpListener, service: Arc<Service>, shared: Rc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("a listener can be registered");
    let places = Arc::new(Semaphore::new(service.limits.connections_max));
    loop {
        let place = places.clone().acquire_owned().await.expect("it is never closed");
        match listener.accept().await {
            Ok((stream, peer)) => {
                let shared = shared.clone();
                spawn_local(async move {
                    serve(stream, peer.into(), &shared).await;
                    drop(place);
                });
            }
            Err(error) if os::is_of_one_client(&error) => {}
            Err(_) => {
                service.site.close_files();
                sleep(PAUSE).await;
            }
        }
    }
}

/// Serves one connection until it is over.
async fn serve(stream: TcpStream, peer: Peer, shared: &Shared) {
    let stream = Rc::new(stream);
    let client = Client { id: Id(0), peer, door: DoorId::FIRST };
    let mut connection = Connection::new(stream.clone(), client, Instant::now());
    let mut readiness = Readiness::UNKNOWN;
    loop {
        connection.note_readiness(readiness);
        connection.read_ahead(&mut shared.context.borrow_mut());
        let mut verdict = connection.drive(&mut shared.context.borrow_mut());
        while verdict == Verdict::Again {
            verdict = if connection.is_at_a_download() {
                shared.drive_download(&mut connection).await
            } else {
                yield_now().await;
                connection.drive(&mut shared.context.borrow_mut())
            };
        }
        if verdict == Verdict::Closed {
            return;
        }
        let (wait, since) = connection.waits();
        let interest = if wait == Wait::Write { Interest::WRITABLE } else { Interest::READABLE };
        let limit = wait.timeout(&shared.context.borrow().service.limits);
        // A year stands for ever.
        let left =
            limit.map_or(Duration::from_secs(365 * 86_400), |limit| limit.saturating_sub(since.elapsed()));
        readiness = match timeout(left, ready(&stream, interest)).await {
            Ok(readiness) => readiness,
            Err(_) if connection.expire(&mut shared.context.borrow_mut()) == Verdict::Closed => return,
            Err(_) => Readiness::default(),
        };
    }
}

/// Waits for readiness, and clears it.
async fn ready(stream: &TcpStream, interest: Interest) -> Readiness {
    // The call on the socket finds out what an error was.
    let Ok(ready) = stream.ready(interest).await else { return Readiness::UNKNOWN };
    let _ = stream.try_io(interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    Readiness {
        readable: ready.is_readable(),
        writable: ready.is_writable(),
        peer_closed: ready.is_read_closed(),
    }
}

/// What the reactor does at the end of every turn is done here by a task.
async fn do_chores(service: Arc<Service>) {
    loop {
        match service.site.work(Instant::now()) {
            Work::Now => yield_now().await,
            Work::At(_) | Work::None => sleep(CHORES_EVERY).await,
        }
    }
}
