//! What every handler sees: the files, and the settings that say how and to whom they are served.

use super::client::Client;
use super::door::{Door, DoorId};
use super::hosts::Hosts;
use super::limits::Limits;
use super::response::Reply;
use crate::http::request::Request;
use crate::site::{Moment, Site};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Hosts that are named in warnings: a client that asks for more of them is not a user who misses a flag.
const REFUSED_HOSTS_MAX: usize = 64;

/// What answers a method, see [`crate::service::routes`].
pub type Handler = fn(&Request<'_>, &Client, &Service, Moment) -> Reply;

/// A handler that is asked before the dispatch table, and may remember something.
pub trait Mounted: Send + Sync {
    /// The answer to a request of this client's, if it is for this handler to give.
    fn answer(&self, request: &Request<'_>, client: &Client, service: &Service) -> Option<Reply>;
}

/// What is served, to whom, and how much of it. Several loops may have one in common.
pub struct Service {
    /// The files.
    pub site: Site,
    /// What a client may take.
    pub limits: Limits,
    doors: Vec<Door>,
    mounted: Vec<Box<dyn Mounted>>,
    refused_hosts: Mutex<Vec<String>>,
    has_met_tls: AtomicBool,
}

impl Service {
    /// Serves `site` by one door with the default rules, within the default limits.
    pub fn new(site: Site) -> Service {
        let (limits, doors) = (Limits::default(), vec![Door::default()]);
        let (mounted, refused_hosts, has_met_tls) = Default::default();
        Service { site, limits, doors, mounted, refused_hosts, has_met_tls }
    }

    /// Has these doors and no others.
    pub fn doors(self, doors: impl IntoIterator<Item = Door>) -> Service {
        Service { doors: doors.into_iter().collect(), ..self }
    }

    /// Answers to these hosts, at every door.
    pub fn hosts(mut self, hosts: Hosts) -> Service {
        self.doors.iter_mut().for_each(|door| door.hosts = hosts.clone());
        self
    }

    /// Lets a client take no more than this.
    pub fn limits(self, limits: Limits) -> Service {
        Service { limits, ..self }
    }

    /// Asks `handler` about a request that no handler mounted before has answered.
    pub fn mount(mut self, handler: impl Mounted + 'static) -> Service {
        self.mounted.push(Box::new(handler));
        self
    }

    /// What the first of the mounted handlers that knows an answer answers.
    pub fn ask_mounted(&self, request: &Request<'_>, client: &Client) -> Option<Reply> {
        self.mounted.iter().find_map(|handler| handler.answer(request, client, self))
    }

    /// What holds at the door of this number, which must be there.
    pub fn door(&self, DoorId(number): DoorId) -> &Door {
        &self.doors[number]
    }

    /// The numbers of all doors.
    pub fn door_ids(&self) -> impl ExactSizeIterator<Item = DoorId> + Clone + use<> {
        (0..self.doors.len()).map(DoorId)
    }

    /// Remembers that `host` was refused, and says whether that is worth a warning: the first time it is.
    pub fn note_refused(&self, host: &str) -> bool {
        let mut refused = self.refused_hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = refused.len() < REFUSED_HOSTS_MAX
            && refused.iter().all(|refused| !refused.eq_ignore_ascii_case(host));
        if is_new {
            refused.push(host.to_owned());
        }
        is_new
    }

    /// Remembers that a client speaks TLS, and says whether it is the first.
    pub fn note_tls(&self) -> bool {
        !self.has_met_tls.swap(true, Ordering::Relaxed)
    }
}
