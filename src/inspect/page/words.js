// Numbers and names as the page shows them. This file knows no element of the page, and no state.

// Made once: n.toLocaleString() makes one each time, and was what the page took longest for.
const numbers = new Intl.NumberFormat("en");
export const count = (n) => numbers.format(n);

export function bytes(n) {
  const unit = n < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(n) / 10));
  return unit === 0 ? `${n} B` : `${(n / 1024 ** unit).toFixed(1)} ${["", "KiB", "MiB", "GiB"][unit]}`;
}

export function micros(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

// What a look of a connection is called, and the same in so few words that a square has room for them.
const NAMES = { waits: "writing, waits for writability", watches: "writing, brings events" };
const SHORT_NAMES = { waits: "waits", watches: "events" };
export const nameOf = (look) => NAMES[look] ?? look;
export const shortNameOf = (look) => SHORT_NAMES[look] ?? look;

// A time that passes while one looks at it, in whole seconds.
export function seconds(ms) {
  const whole = Math.max(0, Math.round(ms / 1000));
  return whole < 120 ? `${whole}\u00a0s` : `${Math.floor(whole / 60)}\u00a0min`;
}

// What a connection waits for, and what the server does once that has lasted `limit`.
export const WAITS = {
  First: ["a first request. Browsers open connections before they need them", "closes the connection"],
  Idle: ["another request: the connection is kept for that", "closes the connection"],
  Head: ["the rest of the head of a request", "answers 408 (Request Timeout)"],
  Body: ["more of the content of a request", "answers 408 (Request Timeout)"],
  Write: [
    "writability. The client reads too slowly, or not at all, so all buffers between the server and the client are full. The kernel tells the loop when there is room again, and until then this connection costs no time",
    "tries once more to send, and ends the connection if nothing goes out",
  ],
  Linger: ["the client to close its side. The last answer is on its way", "closes the connection"],
  Supply: ["more content to send, which is not made yet", ""],
  Turn: ["its next turn, and for no event: it could do more than a turn allows", ""],
};
