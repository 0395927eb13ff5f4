// Clients that make something happen in the server. Each uses another host name below localhost, since a browser opens
// only six connections to one name. All these names mean this machine (RFC 6761 §6.3). Each asks for a target with a
// name of its own, by which its connection is found. Its `ends` is rejected where a request failed; where it makes many,
// the reason says how many `failed`, and `of` how many.

import { element } from "./dom.js";

const BURST_NAMES = 8;
const EACH = 6;
let next = 0;

const origin = (name) => `http://${name}.localhost:${location.port || 80}`;
const here = new URL(".", location.href).pathname;

// A name that no other client has, also of another page.
const fresh = (kind) => `${kind}-${Math.random().toString(36).slice(2, 8)}${next++}`;
// What this page is known by to the server: its events are asked for with this name.
export const OWN = fresh("page");
const asksFor = (name) => ({ line }) => line.includes(`?${name} `) || line.includes(`?${name}-`);
const large = (name) => fetch(`${origin(name)}${here}large?${name}`, { cache: "no-store" });

// Readers that are not read from any more. They are kept here: if nothing knew them, the browser would end them.
const held = [];

// Reads a piece and no more. So the bytes that the server sends fill the buffers of the browser and of both kernels. Then
// the server meets backpressure: it has to wait for writability. A single further read could free megabytes.
export function slowReader() {
  const name = fresh("slow");
  const ends = large(name).then(async (response) => {
    const reader = response.body.getReader();
    held.push(reader);
    await reader.read();
  });
  return { ends, isIts: asksFor(name) };
}

export function burst() {
  const name = fresh("burst");
  const asked = Array.from({ length: BURST_NAMES * EACH }, (_, index) => {
    const url = `${origin(`burst${index % BURST_NAMES}`)}${here}health?${name}-${index}`;
    return fetch(url, { mode: "no-cors", cache: "no-store" });
  });
  const ends = Promise.allSettled(asked).then((results) => {
    const failed = results.filter(({ status }) => status === "rejected").length;
    if (failed > 0) throw Object.assign(new Error("a burst failed"), { failed, of: asked.length });
  });
  return { ends, isIts: asksFor(name), mayBeOver: true };
}

// Opens a connection without a request, as browsers do for a link that may be clicked. What it is known by is that it is
// newer than every connection that `newest` tells of, and asks for nothing.
export function preconnect(newest) {
  const link = element("link");
  Object.assign(link, { rel: "preconnect", href: origin(fresh("preconnect")), crossOrigin: "anonymous" });
  document.head.append(link);
  return { ends: Promise.resolve(), isIts: ({ id, wait, line }) => id > newest && wait === "First" && line === "" };
}

export function download() {
  const name = fresh("download");
  const ends = large(name).then(async (response) => {
    const reader = response.body.getReader();
    while (!(await reader.read()).done);
  });
  return { ends, isIts: asksFor(name) };
}
