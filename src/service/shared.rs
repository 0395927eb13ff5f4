//! What every handler sees: the site, and the settings that say how and to whom it is served. This file does not know any
//! handler.

use super::client::Client;
use super::door::{Door, DoorId};
use super::fields::CommonFields;
use super::heads::Heads;
use super::hosts::Hosts;
use super::limits::Limits;
use super::prefix::Prefix;
use super::response::Reply;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::log::Form;
use crate::site::{Description, Moment, Site};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The most hosts that are named in warnings. A client that asks for more is probably a scanner, and not a user who misses
/// a flag.
const REFUSED_HOSTS_MAX: usize = 64;

/// A function that answers a method, see [`crate::service::routes`].
pub type Handler = fn(&Request<'_>, &Client, &Service, Moment) -> Reply;

/// A handler that is asked before the dispatch table. Unlike a [`Handler`], it may have a state.
pub trait Mounted: Send + Sync {
    /// The answer to a request of this client; `None` if the request is not for this handler.
    fn answer(&self, request: &Request<'_>, client: &Client, service: &Service) -> Option<Reply>;
}

/// What is served, to whom, and within which limits. Several loops may share one service.
pub struct Service {
    /// The folder that is served.
    pub site: Site,
    /// The limits on what clients may use.
    pub limits: Limits,
    doors: Vec<Door>,
    /// The path below which the site is; `None` is the root.
    prefix: Option<Prefix>,
    /// The fields that many answers carry.
    pub fields: CommonFields,
    /// The form of the lines about requests.
    pub access: Form,
    /// The heads of the files that are asked for most.
    heads: Mutex<Heads>,
    mounted: Vec<Box<dyn Mounted>>,
    refused_hosts: Mutex<Vec<String>>,
    has_met_tls: AtomicBool,
}

impl Service {
    /// A service for `site`, with one door of the default rules, within the default limits.
    pub fn new(site: Site) -> Service {
        let (limits, doors) = (Limits::default(), vec![Door::default()]);
        let (prefix, fields, access, heads) = Default::default();
        let (mounted, refused_hosts, has_met_tls) = Default::default();
        Service { site, limits, doors, prefix, fields, access, heads, mounted, refused_hosts, has_met_tls }
    }

    /// The same service with these doors and no others.
    pub fn doors(self, doors: impl IntoIterator<Item = Door>) -> Service {
        Service { doors: doors.into_iter().collect(), ..self }
    }

    /// The same service, which answers to these hosts at every door.
    pub fn hosts(mut self, hosts: Hosts) -> Service {
        self.doors.iter_mut().for_each(|door| door.hosts = hosts.clone());
        self
    }

    /// The same service with these limits.
    pub fn limits(self, limits: Limits) -> Service {
        Service { limits, ..self }
    }

    /// The same service, whose site is below `prefix`.
    pub fn below(self, prefix: Prefix) -> Service {
        Service { prefix: Some(prefix).filter(|prefix| !prefix.is_root()), ..self }
    }

    /// The path below which the site is; `None` is the root.
    pub fn prefix(&self) -> Option<&Prefix> {
        self.prefix.as_ref()
    }

    /// Sets a field on every answer of the site and of the gate, see [`CommonFields::set`].
    pub fn field(self, name: &str, value: &str) -> Service {
        Service { fields: self.fields.set(name, value), ..self }
    }

    /// The same service, whose answers carry these fields.
    pub fn fields(self, fields: CommonFields) -> Service {
        Service { fields, ..self }
    }

    /// The same service, whose requests are logged in lines of this form.
    pub fn access(self, access: Form) -> Service {
        Service { access, ..self }
    }

    /// The head of the usual answer with a representation of this description, kept or made by `compose`.
    pub fn head(&self, description: &Description, compose: impl FnOnce() -> Head) -> Head {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.of(description, self.fields.site(), compose)
    }

    /// Mounts `handler`. Mounted handlers are asked in the order of mounting, until one answers.
    pub fn mount(mut self, handler: impl Mounted + 'static) -> Service {
        self.mounted.push(Box::new(handler));
        self
    }

    /// The answer of the first mounted handler that has one.
    pub fn ask_mounted(&self, request: &Request<'_>, client: &Client) -> Option<Reply> {
        self.mounted.iter().find_map(|handler| handler.answer(request, client, self))
    }

    /// The rules of the door of this number, which must be there.
    pub fn door(&self, DoorId(number): DoorId) -> &Door {
        &self.doors[number]
    }

    /// The numbers of all doors.
    pub fn door_ids(&self) -> impl ExactSizeIterator<Item = DoorId> + Clone + use<> {
        (0..self.doors.len()).map(DoorId)
    }

    /// Remembers that `host` was refused. True if this was the first time, and worth a warning.
    pub fn note_refused(&self, host: &str) -> bool {
        let mut refused = self.refused_hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = refused.len() < REFUSED_HOSTS_MAX
            && refused.iter().all(|refused| !refused.eq_ignore_ascii_case(host));
        if is_new {
            refused.push(host.to_owned());
        }
        is_new
    }

    /// Remembers that a client speaks TLS. True for the first such client.
    pub fn note_tls(&self) -> bool {
        !self.has_met_tls.swap(true, Ordering::Relaxed)
    }
}
