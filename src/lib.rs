//! One poll, one thread, every connection: an HTTP/1.1 server built on a single epoll loop.
//!
//! # One way through
//!
//! ```text
//!     socket ─▶ inbox ─▶ Request ─▶ Response ─▶ outbox ─▶ socket
//!               bytes    http/      handlers/   bytes, then a file
//! ```
//!
//! Bytes go one way. A handler takes a `Request` and gives a `Response`; it never sees a socket, and the
//! reactor never sees a field.
//!
//! # The states of a connection
//!
//! ```text
//!    Reading ──head complete──▶ Parsed ──body consumed──▶ Writing ──all sent──▶ Closing ──drained──▶ Closed
//!       ▲                                                    │
//!       └──── kept alive: sent, or queued while more of the inbox is to be read ────┘
//! ```
//!
//! Most requests have no body, and their answer is there at once: these are never `Parsed`. A listing is made there,
//! too. A request that is refused, or takes too long to come, goes to `Writing` from wherever it is; a connection that
//! fails goes to `Closed`, and so does one that has nothing more to say.
//!
//! # Three rings
//!
//! An outer ring imports an inner one, never the other way.
//!
//! 1. **Words and bytes**, [`http`]: slices in, values out. No socket, no file, no clock.
//! 2. **The connection**, [`conn`] and what it asks for ([`answer`], [`routes`], [`handlers`], [`site`], and all
//!    that they share): a state machine over any [`Transport`](conn::transport::Transport). It knows no poll and
//!    no other connection.
//! 3. **The reactor**, [`reactor`]: the loop, the slab, the listener, the deadlines. It sees the world through
//!    [`Kernel`](reactor::kernel::Kernel), so that a test can turn the very same loop.
//!
//! # In which order to read
//!
//! An evening, from the outside in:
//!
//! | file | what it owns | outside crate, named there alone |
//! |---|---|---|
//! | [`reactor`] `mod.rs` | the loop: wait, hear all who are ready, then drive them; accept, expire | slab |
//! | [`reactor::kernel`] | what the loop asks of the world | |
//! | [`reactor::epoll`] | how mio answers it | mio |
//! | [`reactor::listener`] | where to listen, when to accept, when to pause | socket2 |
//! | [`reactor::deadlines`] | who times out next | |
//! | `reactor/signals.rs` | SIGINT and SIGTERM as readiness | signal-hook-mio |
//! | [`conn`] `mod.rs` | [`Connection::drive`](conn::Connection::drive): one turn of one connection | |
//! | `conn/state.rs` | the state machine, all transitions | |
//! | `conn/wire.rs` | what the states work with; what is waited for and since when | |
//! | [`conn::io`] | when to try a socket again: the rules of the edge | |
//! | [`conn::transport`] | what carries the bytes | |
//! | [`answer`] | from a request to an answer in the outbox | |
//! | [`routes`] | the dispatch table; `Allow` comes from it | |
//! | [`handlers`] | GET and HEAD, listings, POST, pages for errors | serde_json, html-escape |
//! | [`site`] `mod.rs` | from a path to a representation, never stale | |
//! | [`site::path`], `site/root.rs` | which names there are; what stands under them | percent-encoding |
//! | `site/notices.rs` | what users may look for in vain, said once each | |
//! | `site/stamp.rs`, `site/resource.rs` | what tells versions apart; a file in all its codings | |
//! | `site/freshness.rs` | which requests a look at the disk is fresh enough for | |
//! | `site/contents.rs`, `site/inner.rs` | the bytes of a file; what is compressed by name | |
//! | `site/neighbours.rs` | which compressed neighbours are copies of their file | |
//! | `site/cache.rs`, `site/compressor.rs` | what is kept; text compressed a piece a turn | lru |
//! | `site/coding.rs` | compressing and decompressing | flate2, brotli-decompressor, ruzstd |
//! | `site/types.rs`, `site/kind.rs` | what an extension stands for; the type and the encoding of a file | mime_guess |
//! | [`site::folder`] | what is in a folder | |
//! | [`http::lines`], [`http::fields`] | where lines and heads end; names and values | httparse |
//! | [`http::request`], [`http::method`], [`http::target`], [`http::version`] | what a head asks for | |
//! | [`http::byteset`] | which bytes a piece may hold | |
//! | [`http::body`] | how content is framed, and where it ends | |
//! | [`http::conditional`], [`http::validators`], [`http::range`] | RFC 9110 §13, §8.8 and §14 | |
//! | [`http::encoding`], [`http::weight`] | which codings a client takes, and how gladly | |
//! | [`http::response`], [`http::status`], [`http::date`] | the head of an answer | httpdate |
//! | [`outgoing`] | what is on its way to a client: bytes, then a file, or what is made meanwhile | |
//! | [`context`], [`buffers`], [`access`] | what connections share: time, room, the access log | |
//! | [`escaped`] | what a client sent, made fit for a log | |
//! | `panics.rs` | what a panic costs: a connection, or a piece of work | |
//! | [`limits`], [`hosts`], [`size`] | how much, for which hosts, and how sizes are written | bytesize |
//! | [`os`] | system calls that neither std nor mio has; what is given up | rustix, landlock, uapi |
//!
//! Beside the way: [`inspect`], which watches all of it and shows it under `/.onepoll/`, for `--inspect`. Its `kernel.rs`
//! stands between the loop and the real kernel; what a connection tells of itself is in [`conn::told`].
//!
//! The binary adds `cli.rs` and what is below it (clap), `logging.rs` (env_logger), `lossy.rs` (nobody waits for whoever reads the log) and
//! `main.rs`.
//!
//! # What is absent on purpose
//!
//! No threads, no async runtime, no thread pool for files: a read from disk blocks the loop, is bounded, and
//! [`site`] says so. No TLS, no HTTP/2, no configuration file. No `unsafe`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod http;
pub mod limits;
pub mod size;
pub mod hosts;
pub mod os;
pub mod site;
pub mod handlers;
pub mod routes;
pub mod escaped;
pub mod access;
pub mod buffers;
pub mod context;
mod panics;
pub mod outgoing;
pub mod answer;
pub mod conn;
pub mod reactor;
pub mod inspect;
