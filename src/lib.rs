//! One poll, one thread, every connection: an HTTP/1.1 server built on a single epoll loop.
//!
//! # One way through
//!
//! ```text
//!     socket ─▶ inbox ─▶ Request ─▶ Response ─▶ outbox ─▶ socket
//!               bytes    http/      service/    bytes, then a file
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
//! Every room is a folder, and imports only the rooms beside it in this table (`tests/house.rs` sees to it). No two files
//! import each other, straight or in a circle.
//!
//! | room | imports | what it is |
//! |---|---|---|
//! | [`http`] | nothing | ring 1, words and bytes: slices in, values out. No socket, no file, no clock |
//! | [`os`] | nothing | system calls that neither std nor mio has |
//! | [`log`] | `http/`, `os/` | the access log, and how lines reach stderr |
//! | [`site`] | `http/`, `os/`, `log/` | from a path to a representation, never stale |
//! | [`service`] | `http/`, `os/`, `log/`, `site/` | ring 2, inside: from a request to a response; no socket, no buffer |
//! | [`conn`] | `http/`, `os/`, `log/`, `site/`, `service/` | ring 2, outside: bytes in, bytes out, over any [`Transport`](conn::transport::Transport) |
//! | [`reactor`] | `os/`, `site/`, `service/`, `conn/` | ring 3: the loop, the slab, the listeners, the deadlines, over any [`Kernel`](reactor::kernel::Kernel) |
//! | [`inspect`] | `http/`, `os/`, `log/`, `site/`, `service/`, `conn/`, `reactor/` | beside the way: it watches the loop, and is a handler |
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
//! | `conn/wire.rs`, [`conn::wait`] | what the states work with; what is waited for and since when | |
//! | [`conn::io`] | when to try a socket again: the rules of the edge | |
//! | [`conn::transport`] | what carries the bytes: recv(2), send(2), sendfile(2) | |
//! | [`conn::answer`] | from a response to bytes in the outbox, and a line in the log | |
//! | [`conn::outgoing`] | what is on its way to a client: bytes, then a file, or what is made meanwhile | |
//! | [`conn::context`], [`conn::buffers`] | what connections share: time, room, the access log | |
//! | `conn/panics.rs` | what a panic costs: a connection, or a piece of work | |
//! | [`service`] `mod.rs` | from a request to a reply | |
//! | [`service::shared`] | what every handler sees | |
//! | [`service::door`], [`service::client`] | what holds for one listener; who asks, and by which | |
//! | [`service::gate`], [`service::hosts`] | which requests are turned away when their head is whole | |
//! | [`service::routes`] | the dispatch table; `Allow` comes from it | |
//! | [`service::files`], [`service::listing`], [`service::ack`] | GET and HEAD, folders, POST | |
//! | [`service::response`], [`service::pages`], [`service::json`] | what a handler gives; errors, for people and for programs | html-escape, serde_json |
//! | [`service::limits`], [`service::size`] | how much a client may take, and how sizes are written | bytesize |
//! | [`site`] `mod.rs` | from a path to a representation, never stale | |
//! | [`site::path`], `site/root.rs` | which names there are; what stands under them | percent-encoding |
//! | `site/stamp.rs`, `site/resource.rs` | what tells versions apart; a file in all its codings | |
//! | `site/freshness.rs` | which requests a look at the disk is fresh enough for | |
//! | `site/contents.rs`, `site/inner.rs` | the bytes of a file; what is compressed by name | |
//! | `site/neighbours.rs` | which compressed neighbours are copies of their file | |
//! | `site/cache.rs`, `site/compressor.rs` | what is kept; text compressed a piece a turn | lru |
//! | `site/coding.rs` | compressing and decompressing | flate2, brotli-decompressor, ruzstd |
//! | `site/types.rs`, `site/kind.rs` | what an extension stands for; the type and the encoding of a file | mime_guess |
//! | [`site::folder`], `site/notices.rs` | what is in a folder; what a user may look for in vain | |
//! | [`http::lines`], [`http::fields`] | where lines and heads end; names and values | httparse |
//! | [`http::request`], [`http::method`], [`http::target`], [`http::version`] | what a head asks for | |
//! | [`http::byteset`] | which bytes a piece may hold | |
//! | [`http::body`] | how content is framed, and where it ends | |
//! | [`http::conditional`], [`http::validators`], [`http::range`] | RFC 9110 §13, §8.8 and §14 | |
//! | [`http::encoding`], [`http::weight`] | which codings a client takes, and how gladly | |
//! | [`http::response`], [`http::status`], [`http::date`] | the head of an answer | httpdate |
//! | [`log::access`], [`log::escaped`] | a line for each request; what a client sent, made fit for it | env_logger |
//! | [`os`] | files below a folder, sockets and the addresses of clients, stderr; what is given up | rustix, landlock, uapi |
//!
//! The binary is `main.rs` and `cli.rs` (clap): flags in, exit codes out.
//!
//! # What is absent on purpose
//!
//! No threads, no async runtime, no thread pool for files: a read from disk blocks the loop, is bounded, and
//! [`site`] says so. No TLS, no HTTP/2, no configuration file. No `unsafe`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod http;
pub mod os;
pub mod log;
pub mod site;
pub mod service;
pub mod conn;
pub mod reactor;
pub mod inspect;
