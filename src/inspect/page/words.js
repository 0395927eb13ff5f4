// Numbers and names as the page shows them. This file knows no element of the page, and no state.

export const count = (n) => n.toLocaleString("en");

export function bytes(n) {
  const unit = n < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(n) / 10));
  return unit === 0 ? `${n} B` : `${(n / 1024 ** unit).toFixed(1)} ${["", "KiB", "MiB", "GiB"][unit]}`;
}

export function micros(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

// What a look of a connection is called.
export const nameOf = (look) => (look === "waits" ? "writing, waits for writability" : look);

export const WAITS = {
  First: "a first request", Idle: "another request", Head: "the rest of a head", Body: "more of the content",
  Write: "writability: the client must read", Linger: "the client to close its side", Supply: "more content to send",
  Turn: "its next turn",
};
