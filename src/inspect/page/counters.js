// The counters since the start.

import { bytes, count } from "./words.js";
import { terms } from "./terms.js";

const COUNTERS = {
  accepted: "accepted", open: "open", requests: "requests", refused: "refused", timeouts: "timeouts",
  stale: "stale events dropped", spurious: "spurious wake-ups", would_block: "EAGAIN",
  bytes_in: "bytes in", bytes_out: "bytes out", turns: "turns", omitted: "left out of the events",
  missed: "batches missed by slow readers",
};

export function draw(shown) {
  const inWords = ([key, value]) => [COUNTERS[key] ?? key, key.startsWith("bytes") ? bytes(value) : count(value)];
  terms(document.getElementById("counts"), Object.entries(shown.counters).map(inWords));
  terms(document.getElementById("calls"), Object.entries(shown.calls).map(([name, value]) => [name, count(value)]));
}
