// The counters since the start, and what each counts.

import { $ } from "./dom.js";
import { terms } from "./terms.js";
import { bytes, count } from "./words.js";

// For each counter of the server: its name here, and its meaning.
const COUNTERS = {
  accepted: ["accepted", "Connections that the server took from the kernel."],
  open: ["open", "Connections that have a slot now."],
  requests: ["requests", "Heads of requests that came whole and valid."],
  refused: ["refused", "Requests that were no valid HTTP or broke a limit. The answer says so, and it is the last one."],
  timeouts: ["timeouts", "Connections whose client was too late with what they waited for."],
  stale: ["stale events dropped", "An event for a connection that ended earlier in the same turn. Its slot may hold another connection by now, so each event carries the number of its connection, and one that does not match is dropped."],
  spurious: ["spurious wake-ups", "An event came, the connection was driven, and nothing could be received or sent. This is allowed: readiness is a hint, and never a promise."],
  would_block: ["EAGAIN", "The kernel had no more bytes to give, or no room for more. It is no fault: it is how the loop learns that it has to wait for the next event."],
  bytes_in: ["bytes in", "Bytes received on all connections."],
  bytes_out: ["bytes out", "Bytes that the kernel took for sending."],
  turns: ["turns", "Passes of the loop that did more than bring you the events."],
  omitted: ["left out of the events", "Turns and changes of state for which a batch had no room. The server keeps no more, whatever happens."],
  missed: ["batches missed by slow readers", "Tenths of a second that a client of the events did not get, because it read too slowly."],
};
const CALLS = {
  epoll_wait: "Sleeps until a socket is ready or a deadline is near. Once a turn.",
  epoll_ctl: "Tells the poll which sockets to watch. Once for most connections.",
  accept: "Takes one new connection. One call more finds that there is none (EAGAIN).",
  recv: "Takes bytes that came on a connection.",
  send: "Gives bytes of an answer to the kernel.",
  sendfile: "Sends a piece of a file without bringing it into the program.",
  shutdown: "Says that no more bytes will come. The client can still finish what it sends.",
  close: "Ends a connection and frees its descriptor.",
};

export function draw({ counters, calls }) {
  terms($("counts"), Object.entries(counters).map(([key, value]) => {
    const [name, meaning] = COUNTERS[key] ?? [key, ""];
    return [name, key.startsWith("bytes") ? bytes(value) : count(value), meaning];
  }));
  terms($("calls"), Object.entries(calls).map(([name, number]) => [name, count(number), CALLS[name] ?? ""]));
}
