//! A task for each connection on one thread (tokio, the current-thread runtime). The task waits for readiness, and tokio
//! waits in epoll_wait for all tasks: underneath it is a reactor again, and a task is what the slab holds elsewhere.
//!
//! Two memories of one edge would be one too many. tokio takes a socket for ready until a call has met `WouldBlock`; the
//! connection remembers the same, and a short read tells it so without a further call (`src/conn/io.rs`). So the task hands
//! each readiness on to the connection and clears it in tokio at once. Both happen between two looks at epoll, so no
//! edge is lost.
//!
//! What differs from the reactor: a task reads and answers at once, so each looks at the disk for itself, where the reactor
//! reads from all that are ready first. A socket is registered for both directions when it is accepted, and taken out when it
//! is closed. At the limit of connections the longest idle one is not closed; new ones wait in the backlog.

use super::blocking::{self, CHORES_EVERY, PAUSE};
use crate::counted;
use onepoll::conn::context::Context;
use onepoll::conn::transport::Readiness;
use onepoll::conn::{Connection, Id, Verdict, Wait};
use onepoll::inspect::Call;
use onepoll::os::{self, peer::Peer};
use onepoll::service::{Client, DoorId, Service};
use onepoll::site::Work;
use std::cell::RefCell;
use std::io;
use std::net;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::{sleep, timeout};

/// Serves until the process ends. A wait is counted where the thread may sleep; tokio also looks at epoll between tasks.
pub fn run(listener: net::TcpListener, service: &Arc<Service>) {
    let mut builder = Builder::new_current_thread();
    let runtime =
        builder.enable_io().enable_time().on_thread_park(|| counted::count(Call::EpollWait)).build();
    let runtime = runtime.expect("a runtime can be made");
    LocalSet::new().block_on(&runtime, accept(listener, service));
}

async fn accept(listener: net::TcpListener, service: &Arc<Service>) {
    let listener = TcpListener::from_std(listener).expect("a listener can be registered");
    let context = Rc::new(RefCell::new(blocking::context(service)));
    let places = Arc::new(Semaphore::new(service.limits.connections_max));
    spawn_local(do_chores(service.clone()));
    loop {
        let place = places.clone().acquire_owned().await.expect("it is never closed");
        match listener.accept().await {
            Ok((stream, peer)) => {
                let context = context.clone();
                spawn_local(async move {
                    serve(stream, peer.into(), &context).await;
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

/// Serves one connection until it is over. The context is lent to it for one drive, and never across an `await`.
async fn serve(stream: TcpStream, peer: Peer, context: &RefCell<Context>) {
    let stream = Rc::new(stream);
    counted::count(Call::EpollCtl);
    let client = Client { id: Id(0), peer, door: DoorId::FIRST };
    let mut connection = Connection::new(counted::accepted(stream.clone()), client, Instant::now());
    let mut readiness = Readiness::UNKNOWN;
    loop {
        connection.note_readiness(readiness);
        connection.read_ahead(&mut context.borrow_mut());
        let mut verdict = blocking::turn(&mut connection, &mut context.borrow_mut());
        while verdict == Verdict::Again {
            yield_now().await;
            verdict = blocking::turn(&mut connection, &mut context.borrow_mut());
        }
        if verdict == Verdict::Closed {
            break;
        }
        let (wait, since) = connection.waits();
        let interest = if wait == Wait::Write { Interest::WRITABLE } else { Interest::READABLE };
        let limit = wait.timeout(&context.borrow().service.limits);
        // A year stands for ever.
        let left =
            limit.map_or(Duration::from_secs(365 * 86_400), |limit| limit.saturating_sub(since.elapsed()));
        readiness = match timeout(left, ready(&stream, interest)).await {
            Ok(readiness) => readiness,
            Err(_) if connection.expire(&mut context.borrow_mut()) == Verdict::Closed => break,
            Err(_) => Readiness::default(),
        };
    }
    counted::count(Call::EpollCtl);
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
