//! The variants: the same server under different models of concurrency. All of them drive the connection of
//! `src/conn` with the same site, limits, backlog and socket options. They differ in which thread waits for which
//! client; each model has a file, to be read beside `reactor`, which is the product itself.
//!
//! | model | who waits | where a client waits for its turn |
//! |---|---|---|
//! | [`reactor`] | one thread, in epoll_wait, for all | in the loop's list of who is ready |
//! | [`thread_per_connection`] | a thread for each connection, in recv | in the scheduler |
//! | [`thread_per_request`] | a thread for each request, in recv | in the scheduler |
//! | [`thread_pool`] | so many threads, in recv | in a queue, until a whole connection ends |
//! | [`iterative`] | one thread, in recv, for one | in the backlog, until a whole connection ends |
//! | [`multi_reactor`] | as many threads as cores, in epoll_wait | as in one reactor; the kernel deals clients out |
//! | [`tokio`] | a task for each connection; one thread, in epoll_wait, for all tasks | in the queue of the runtime |
//! | [`io_uring`] | one thread, in io_uring_enter, for all | in the list of those for which something is done |

pub mod blocking;
#[cfg(target_os = "linux")]
pub mod io_uring;
mod iterative;
mod multi_reactor;
mod reactor;
mod thread_per_connection;
mod thread_per_request;
mod thread_pool;
mod tokio;

use onepoll::reactor::listener::{self, Sharing};
use onepoll::service::Service;
use onepoll::service::limits::Limits;
use onepoll::site::{Policy, Site};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::thread;

/// A model of concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    Reactor,
    ThreadPerConnection,
    ThreadPerRequest,
    ThreadPool { workers: usize },
    Iterative,
    MultiReactor { reactors: usize },
    Tokio,
    IoUring,
}

/// The settings of a variant.
pub struct Setting {
    pub address: SocketAddr,
    pub root: PathBuf,
    pub limits: Limits,
}

impl Model {
    /// All models that work here, for a machine with this many cores.
    pub fn all(cores: usize) -> Vec<Model> {
        let mut workers = vec![cores, 64, 256];
        workers.dedup();
        let mut models = vec![Model::Reactor, Model::ThreadPerConnection, Model::ThreadPerRequest];
        models.extend(workers.into_iter().map(|workers| Model::ThreadPool { workers }));
        models.extend([Model::Iterative, Model::MultiReactor { reactors: cores.max(2) }, Model::Tokio]);
        models.extend(Model::left_out().is_none().then_some(Model::IoUring));
        models
    }

    /// Which model does not work here, and why.
    pub fn left_out() -> Option<String> {
        let error = ring_error()?;
        let why = "it takes Linux 6.1, and `sysctl kernel.io_uring_disabled` must be 0";
        Some(format!("{} is left out: {error} ({why})", Model::IoUring))
    }

    /// Starts to serve, in threads that run until the process ends. Gives the address.
    pub fn start(self, setting: &Setting) -> io::Result<SocketAddr> {
        if let Model::MultiReactor { reactors } = self {
            return multi_reactor::start(setting, reactors);
        }
        let (listener, service) = (setting.listen(Sharing::Alone)?, setting.service()?);
        let address = listener.local_addr()?;
        match self {
            Model::Reactor => thread::spawn(move || reactor::run(listener, service)),
            Model::Tokio => thread::spawn(move || tokio::run(listener, &service)),
            #[cfg(target_os = "linux")]
            Model::IoUring => ring_error()
                .map_or_else(|| Ok(thread::spawn(move || io_uring::run(listener, &service))), Err)?,
            #[cfg(not(target_os = "linux"))]
            Model::IoUring => return Err(io::ErrorKind::Unsupported.into()),
            _ => {
                blocking::prepare(&listener, &service)?;
                thread::spawn(move || match self {
                    Model::ThreadPerConnection => thread_per_connection::run(&listener, &service),
                    Model::ThreadPerRequest => thread_per_request::run(&listener, &service),
                    Model::ThreadPool { workers } => thread_pool::run(&listener, &service, workers),
                    _ => iterative::run(&listener, &service),
                })
            }
        };
        Ok(address)
    }
}

impl Setting {
    /// The product's own listener: the same backlog and the same options for all.
    fn listen(&self, sharing: Sharing) -> io::Result<TcpListener> {
        listener::bind(self.address, sharing)
    }

    /// The product's own site, with its cache, which threads share.
    fn service(&self) -> io::Result<Arc<Service>> {
        let site = Site::open(&self.root, Policy::default())?;
        Ok(Arc::new(Service::new(site).limits(self.limits.clone())))
    }
}

/// Why no ring can be had. A thread of its own tries, since the kernel interrupts a thread once more after its ring is gone.
#[cfg(target_os = "linux")]
fn ring_error() -> Option<io::Error> {
    thread::spawn(|| io_uring::ring().err()).join().expect("trying does not panic")
}

#[cfg(not(target_os = "linux"))]
fn ring_error() -> Option<io::Error> {
    Some(io::ErrorKind::Unsupported.into())
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Model::Reactor => f.write_str("reactor"),
            Model::ThreadPerConnection => f.write_str("thread-per-connection"),
            Model::ThreadPerRequest => f.write_str("thread-per-request"),
            Model::ThreadPool { workers } => write!(f, "thread-pool-{workers}"),
            Model::Iterative => f.write_str("iterative"),
            Model::MultiReactor { reactors } => write!(f, "multi-reactor-{reactors}"),
            Model::Tokio => f.write_str("tokio"),
            Model::IoUring => f.write_str("io-uring"),
        }
    }
}

impl FromStr for Model {
    type Err = String;

    /// The name that [`Model`] is shown by.
    fn from_str(name: &str) -> Result<Model, String> {
        let number = |prefix| name.strip_prefix(prefix)?.parse().ok().filter(|count: &usize| *count > 0);
        match name {
            "reactor" => Ok(Model::Reactor),
            "thread-per-connection" => Ok(Model::ThreadPerConnection),
            "thread-per-request" => Ok(Model::ThreadPerRequest),
            "iterative" => Ok(Model::Iterative),
            "tokio" => Ok(Model::Tokio),
            "io-uring" => Ok(Model::IoUring),
            _ => number("thread-pool-")
                .map(|workers| Model::ThreadPool { workers })
                .or_else(|| number("multi-reactor-").map(|reactors| Model::MultiReactor { reactors }))
                .ok_or_else(|| format!("no variant is called {name:?}; --list names them")),
        }
    }
}
