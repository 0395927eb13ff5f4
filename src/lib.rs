//! One poll, one thread, every connection: an HTTP/1.1 server built on a single epoll loop.
//!
//! A tour of the source in twelve steps, from a socket that prints its bytes to this loop, is `www/tour.html`, which the
//! server shows at `/tour.html`.
//!
//! # One way through
//!
//! ```text
//!     socket ─▶ inbox ─▶ Request ─▶ Response ─▶ outbox ─▶ socket
//!               bytes    http/      service/    bytes, then a file, or content that is made meanwhile
//! ```
//!
//! Bytes go one way. A handler takes a `Request` and gives a `Response`; it never sees a socket, and the
//! reactor never sees a field.
//!
//! # The states of a connection
//!
//! Some lives of a connection, from accept(2) on:
//!
//! ```text
//!     Reading ──▶ Writing ──▶ Reading                  a GET, its answer, and the next request is waited for
//!     Reading ──▶ Parsed ──▶ Writing ──▶ Reading       a POST whose content comes later, or a listing
//!     Reading ──▶ Parsed ──▶ Reading ──▶ Writing       the same, and another request is here: both answers are sent together
//!     Reading ──▶ Writing ──▶ Closing ──▶ Closed       the last answer, and what the client still sends is read and dropped
//!     Reading ──▶ Writing ──▶ Closed                   the last answer, and nothing of the client's is unread
//!     Reading ──▶ Closed                               the client is done, or too late
//! ```
//!
//! Every change of state that there is (`tests/simulation` meets each of them, and no other):
//!
//! | from | to | when |
//! |---|---|---|
//! | Reading | Parsed | a head is whole, and the content of the request was not read yet, or its answer is not ready |
//! | Reading | Writing | a request is answered; or what came is refused, or came too late: the answer says so |
//! | Reading | Closed | the client has ended or reset the connection, sends nothing in time, does not take the answers that are queued, or the server stops |
//! | Parsed | Reading | the request is answered, and the inbox holds more: that is parsed before the answer is sent |
//! | Parsed | Writing | the request is answered, or its content is refused, or came too late |
//! | Parsed | Closed | the client has reset the connection, or does not take the answers that are queued |
//! | Writing | Reading | all of the answer is sent |
//! | Writing | Closing | all of the last answer is sent; the client may still be sending |
//! | Writing | Closed | all of the last answer is sent and all that came is read; or sending failed or took too long, or the file became shorter, or content that is made while it is sent broke off (`Broken`), or the client has ended and needs no more of an answer that waits |
//! | Closing | Closed | the client has ended or reset the connection, or sends too much, or takes too long |
//!
//! A request without content whose answer is at hand is never `Parsed`. An answer that is queued behind others leaves its
//! connection `Reading`. An answer whose head cannot be made in the same turn is a `Pending` ([`service::response`]): its
//! connection is `Parsed` until that head can be made. It asks for the answer again in the next turn, or when it is woken: by an
//! event that says nothing of its socket, or by news of files that changed. `Parsed` is also a connection whose file has to be
//! looked up on the disk, if it had all the lookups of its turn already (`Reply::Again`): its request is answered in a later
//! turn.
//!
//! Content that is made while it is sent (an archive, a long listing, a stream of events) is a `Source`. Its head goes first, so
//! its connection is `Writing` to the end. It asks for a part a turn. Where there is none yet, the connection waits and is woken
//! as a `Parsed` one is, and stays `Writing`.
//!
//! A connection ends in other ways, too: a panic sets `Closed` directly, and a connection is dropped as it stands where its
//! place is needed for another, where it cannot be registered, and where the loop ends.
//!
//! One function moves the state: `Connection::enter` in [`conn`] takes what a step gives, and tells the log and the observer.
//! A step (`conn/state.rs`) is handed the old state by value and gives the next one. It works with a `Machine`, which is all of
//! the connection except its state. So a step cannot change the state on the way, nor use an old one after giving it away. The
//! *observer* is the inspector, where it is on.
//!
//! # Turns and edges
//!
//! A *turn* is one pass of the loop: wait, read from the connections that are ready, drive them, accept, send parts of
//! downloads, expire. A *download* is a file that is not in memory, or content of which it takes as long to make a part, such
//! as an archive (`Source::is_download`). A connection has its place in the *slab*, a table; the index is its *key*. A *door* is
//! a place where clients come in: a listener, which the poll has, and the rules that hold for its clients ([`service::door`]),
//! joined by a number.
//!
//! epoll tells of readiness in one of two ways. *Level-triggered*: every epoll_wait(2) reports a socket, for as long as it is
//! ready. *Edge-triggered* (EPOLLET): a socket is reported when something changes, and not again before the next change. mio
//! always asks for the edge. A program that stops reading while there is more, and then waits, may wait for ever. So a
//! state may wait for a socket only after the kernel had no more to give, or took no more. Otherwise it asks for another turn
//! (`Verdict::Again`) instead of waiting. The rules of the edge are listed in [`conn::io`]; a listener's edge is kept by
//! `Accepting` in [`reactor::listener`], and that of inotify by [`site::Watcher`].
//!
//! A new connection is read before it is registered, since its first request is often here already. Nothing is lost by that:
//! EPOLL_CTL_ADD and EPOLL_CTL_MOD report a readiness that is there when they are called, as if it had just changed (`register`
//! in [`reactor`]). A regular file cannot be waited for at all; [`site`] says what is done instead.
//!
//! # Where the loop and its sockets call the kernel
//!
//! | call | file | function |
//! |---|---|---|
//! | epoll_wait(2) | `reactor/epoll.rs` | `Epoll::wait` |
//! | epoll_ctl(2) | `reactor/epoll.rs` | `Epoll::register` for a connection and `Epoll::on` for a listener; mio by way of `Epoll::handle_signals` for signals |
//! | accept4(2) | `reactor/epoll.rs` | `Epoll::accept` |
//! | recv(2) | `conn/transport.rs` | `Transport::recv`, called by `Io::recv` alone |
//! | send(2) | `conn/transport.rs` | `Transport::send`, called by `Io::send` alone |
//! | inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2), and read(2) of events | `os/inotify.rs` | `Inotify::new`, `add`, `remove` and `read`, called by [`site`] with `--watch` alone |
//! | sendfile(2) | `os/sockets.rs` | `send_file`, by way of `Transport::send_file`, called by `Io::send_file` alone |
//! | shutdown(2) | `conn/transport.rs` | `Transport::shutdown`, called by `Io::shutdown` alone |
//!
//! Read `T` as `OwnedFd`, an accepted socket of any kind, and `K` as `Epoll`: wherever a type is generic over a
//! [`Transport`](conn::transport::Transport) or a [`Kernel`](reactor::kernel::Kernel), that is what the program runs with; the others
//! belong to tests and to the inspector. `Transport` is implemented once, for everything that has a descriptor.
//!
//! The usual way from `Reactor::turn` to recv(2): `Reactor::read_ahead`, `Connection::read_ahead`, `Context::catch_panic`,
//! `Machine::receive`, `Io::recv`, `Transport::recv`. To send(2): `Reactor::drive_ready`, `Reactor::drive`, `Connection::drive`,
//! `Context::catch_panic`, `Machine::step`, `Machine::write`, `Wire::flush`, `Io::send`, `Transport::send`. To sendfile(2), which
//! comes after all of these in each turn: `Reactor::drive_downloads`, and so on to `Machine::write`, `Io::send_file`.
//!
//! TLS would be one more `Transport`, around another one. It must not be added without a look at `Io::recv`: there a read that
//! does not fill the buffer says that the socket is empty. A transport that holds decrypted bytes of its own gives short
//! reads while there is more, of which no event will tell; taken for an empty socket, its connection would go on only when its
//! timeout is up. Nor can such a transport use sendfile(2) as it is, and its writes may have to wait for a read.
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
//! | [`reactor`] `mod.rs` | the loop: wait, read ahead from all that are ready, then drive them; accept; send parts of downloads; expire | slab |
//! | [`reactor::kernel`] | what the loop asks of the world | |
//! | [`reactor::epoll`] | how mio answers it | mio |
//! | [`reactor::listener`] | where to listen, when to accept, when to pause | socket2 |
//! | `reactor/admission.rs` | how clients come in: the next door, room for one more, a new connection | |
//! | [`reactor::deadlines`] | who times out next | |
//! | `reactor/signals.rs` | SIGINT and SIGTERM as readiness | signal-hook-mio |
//! | [`conn`] `mod.rs` | [`Connection::drive`](conn::Connection::drive): one turn of one connection | |
//! | `conn/state.rs` | the states, and which step belongs to which | |
//! | `conn/reading.rs`, `conn/writing.rs` | the steps: from the first byte to an answer, and from there to the next request or the end | |
//! | `conn/wire.rs`, `conn/arrivals.rs`, [`conn::wait`] | what the states work with; when its bytes came; what is waited for and since when | |
//! | [`conn::io`] | when to try a socket again: the rules of the edge | |
//! | [`conn::transport`] | what carries the bytes: recv(2), send(2), sendfile(2) | |
//! | [`conn::event`] | what an observer is told of a connection | |
//! | [`conn::answer`] | from a response to bytes in the outbox, and a line in the log | |
//! | [`conn::outgoing`] | what is on its way to a client: bytes, then a file, or what is made meanwhile | |
//! | [`conn::producing`] | how the end of content is seen that is made while it is sent | |
//! | [`conn::context`], [`conn::buffers`] | what connections share: time, room, the access log | |
//! | `conn/panics.rs` | what a panic costs: a connection, or a piece of work | |
//! | [`service`] `mod.rs` | from a request to a reply | |
//! | [`service::shared`], [`service::fields`], `service/heads.rs` | what every handler sees; fields that many answers carry; heads that many answers share | |
//! | [`service::cors`] | which pages of other origins may read the site, and what a browser is granted that asks | |
//! | [`service::door`], [`service::client`] | what holds for one listener; who asks, and by which | |
//! | [`service::gate`], [`service::hosts`] | which requests are turned away when their head is whole | |
//! | [`service::prefix`], `service/below.rs` | the path below which the site is; the answers below it and outside | |
//! | [`service::routes`] | the dispatch table, and OPTIONS; `Allow` comes from it | |
//! | [`service::files`], `service/representing.rs`, `service/stand_ins.rs`, [`service::ack`] | GET and HEAD: which representation, and the answer with it; what answers in place of nothing; POST | |
//! | [`service::listing`], `service/listing/order.rs`, `service/listing/filter.rs` | folders: a listing made a part a turn; in which order, and which names | |
//! | `service/listing/entry.rs`, `service/listing/found.rs`, `service/listing/readme.rs` | what is kept of a folder while it is read; the text below its rows | |
//! | `service/listing/html.rs`, `service/listing/json.rs`, `service/listing/pieces.rs` | the listing as a page, and as JSON; a long text a piece a turn | |
//! | [`service::archive`] `mod.rs`, `service/archive/names.rs` | a folder as an archive that is made while it is sent; its names | |
//! | `service/archive/zip.rs`, `service/archive/entries.rs` | the records of the format; what is noted of the entries | |
//! | `service/script.rs`, [`service::reload`] | with `--watch`: the script behind the last byte of pages, and how it learns of changes | |
//! | [`service::response`], [`service::pages`], [`service::json`] | what a handler gives; errors, for people and for programs | html-escape, serde_json |
//! | [`service::limits`], [`service::size`], [`service::names`] | how much a client may take; how sizes and names are written | bytesize |
//! | [`site`] `mod.rs`, `site/policy.rs`, `site/lock.rs` | from a path to a representation, never stale; its settings, its locks | |
//! | [`site::path`], `site/root.rs` | which names there are; what stands under them | percent-encoding |
//! | `site/stamp.rs`, `site/resource.rs` | what tells versions apart; a file in all its codings | |
//! | `site/freshness.rs` | which requests a look at the disk is fresh enough for | |
//! | `site/contents.rs`, `site/inner.rs` | the bytes of a file; what is compressed by name | |
//! | `site/neighbours.rs` | which compressed neighbours are copies of their file | |
//! | `site/cache.rs`, `site/compressor.rs` | what is kept; text compressed a piece a turn | quick_cache, also in `site/missing.rs` |
//! | `site/coding.rs` | compressing and decompressing | flate2, brotli-decompressor, ruzstd |
//! | `site/types.rs`, `site/kind.rs` | what an extension stands for; the type and the encoding of a file | mime_guess |
//! | `site/tree.rs`, `site/names.rs`, `site/missing.rs` | the folders on the way to files, looked at once for all requests of a turn; the names that they have, and lack | |
//! | `site/watch/mod.rs`, `site/watch/changes.rs` | which files of open pages change: who is told, and from an event to a change | |
//! | `site/watch/watched.rs`, `site/watch/place.rs` | the folders that are watched; files and folders by their names | |
//! | `site/watch/uses.rs`, `site/watch/sight.rs` | what is used by open pages, and what was seen of it | |
//! | `site/watch/burst.rs`, `site/watch/memory.rs`, `site/watch/rounds.rs` | changes that come close together; what changed lately; what is looked at once a second | |
//! | `site/watch/whereabouts.rs` | a root that goes and comes back | |
//! | [`site::walk`] | all that is below a folder, as a client could see it | |
//! | [`site::folder`], `site/notices.rs` | what is in a folder; what a user may look for in vain | |
//! | `site/found.rs`, `site/fallback.rs`, `site/only.rs` | what a lookup is asked, and what it finds; which paths stand for a path; a file that is served alone | |
//! | [`http::lines`], [`http::fields`] | where lines and heads end; names and values | httparse |
//! | [`http::request`], [`http::method`], [`http::target`], [`http::version`] | what a head asks for | |
//! | [`http::origin`] | from which site a page is | |
//! | [`http::byteset`] | which bytes a piece may hold | |
//! | [`http::framing`], [`http::body`] | how content is framed, and where it ends | |
//! | [`http::conditional`], [`http::validators`], [`http::range`] | RFC 9110 §13, §8.8 and §14 | |
//! | [`http::encoding`], [`http::weight`] | which codings a client takes, and how gladly | |
//! | [`http::response`], [`http::status`], [`http::value`], [`http::media`], [`http::date`] | the head of an answer | httpdate |
//! | [`log`] `mod.rs`, [`log::form`], `log/filter.rs` | which records reach stderr; in which form; what `RUST_LOG` adds | env_logger, env_filter |
//! | `log/records.rs`, `log/utc.rs`, [`log::zone`] | how records look; times for programs; the time of day where the user is | jiff, in `log/zone.rs` |
//! | [`log::access`] `mod.rs`, `log/access/line.rs` | a line for each request, held until its answer is out; its three parts | |
//! | `log/access/combined.rs`, `log/access/short.rs`, `log/access/json.rs` | the forms of a line | |
//! | [`log::access::exchange`], `log/access/numbers.rs`, `log/access/kept.rs` | what a line is made of; digits; what clients say again and again | |
//! | [`log::escaped`], [`log::json`], `log/lossy.rs` | what a client sent, made fit for a line; lines for stderr that never wait | |
//! | [`inspect`] `mod.rs`, `inspect/kernel.rs` | what the inspector is, with a map of its files; the observer between the loop and its kernel | |
//! | `inspect/notes.rs`, `inspect/stamp.rs` | from an event to the record: open it first; the clock | quanta |
//! | `inspect/record.rs`, `inspect/place.rs`, `inspect/request.rs`, `inspect/turns.rs` | what is known: of all, of a connection, of its requests, of the turns | |
//! | `inspect/batches.rs`, `inspect/snapshot.rs`, `inspect/feed.rs` | what is news; the record as JSON; how its news is sent | |
//! | `inspect/pages.rs`, `inspect/source.rs`, `inspect/source_html.rs` | which path gets what; the source of the program, and how it looks | |
//! | [`os`] | files below a folder, sockets and the addresses of clients and of this machine, stderr; what is given up | rustix, landlock, uapi, if-addrs |
//!
//! The binary is `main.rs`, `cli.rs` (clap, clap_complete, clap_mangen) and `start/` (qrcode, open): flags in, sockets open, a
//! greeting, exit codes out.
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
