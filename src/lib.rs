//! One poll, one thread, every connection: an HTTP/1.1 server built on a single epoll loop.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod http;
pub mod limits;
pub mod os;
pub mod site;
pub mod handlers;
pub mod routes;
pub mod conn;
