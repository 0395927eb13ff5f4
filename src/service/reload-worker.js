// Asks the server for changes, for all pages of a browser by one connection: a browser opens six to a server, and ten tabs
// must load. In a browser without shared workers each page that is seen has a worker of its own.
//
// The server tells of no path but those that were named to it:
//
//     GET /.onepoll/reload?reader=ID                          a stream of events, for as long as both sides live
//         event: start    { start, now }                      which start of the server this is; its clock, in milliseconds
//         event: change   [path, …]                           these paths have changed
//     GET /.onepoll/reload/uses?reader=ID&since=TIME&path=…   a page uses these paths, and has loaded them since TIME

'use strict';

const STREAM = '/.onepoll/reload';
const URL_BYTES_MAX = 4000;
const RETRY_MS = 1000;
const GATHER_MS = 50;

const pages = new Map(); // for each page, what it uses: [{ since, paths }], by the clock of this worker
let stream; // where events come from
let reader; // its name
let told = new Set(); // the paths that the server knows by this name
let start = null; // which start of the server the pages were loaded from
let ahead = null; // by how much the clock of the server is ahead of performance.now()
let untold = { since: Infinity, paths: new Set() }; // what the server is told next

/** Opens the stream. After an error the browser opens it again by itself, unless the server has refused it. */
function open() {
  reader = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  stream = new EventSource(`${STREAM}?reader=${reader}`);
  stream.addEventListener('start', ({ data }) => begin(JSON.parse(data)));
  stream.addEventListener('change', ({ data }) => post({ changed: JSON.parse(data) }));
  stream.addEventListener('error', ({ target }) => {
    if (target === stream && target.readyState === EventSource.CLOSED) setTimeout(open, RETRY_MS);
  });
}

/** The stream has begun, maybe once more: the server knows nothing of what pages use. */
function begin({ start: number, now }) {
  // The event was on its way for a while, so this is too little rather than too much: pages seem older than they are, and
  // no change is missed. The smallest one is kept, since the clock may have stood still while the computer slept.
  const measured = now - performance.now();
  ahead = number === start ? Math.min(ahead, measured) : measured;
  if (start !== null && number !== start) post({ outdated: true });
  start = number;
  told.clear();
  for (const [page, uses] of pages) uses.forEach((use) => tell(page, use));
}

/** Lets the server be told soon what a page uses: a page that loads a hundred modules takes a few requests. */
function tell(page, { since, paths }) {
  if (ahead === null) return;
  // The page was loaded before this server was started.
  if (since + ahead < 0) return page.postMessage({ outdated: true });
  if (untold.paths.size === 0) setTimeout(send, GATHER_MS);
  untold.since = Math.min(untold.since, since);
  paths.forEach((path) => untold.paths.add(path));
}

/** Tells the server, in URLs that are not too long. */
function send() {
  const { since, paths } = untold;
  untold = { since: Infinity, paths: new Set() };
  const parts = [''];
  for (const path of paths) {
    const part = `&path=${encodeURIComponent(path)}`;
    if (parts.at(-1).length + part.length > URL_BYTES_MAX) parts.push('');
    parts[parts.length - 1] += part;
  }
  const time = Math.max(0, Math.floor(since + ahead));
  paths.forEach((path) => told.add(path));
  for (const part of parts) ask(`${STREAM}/uses?reader=${reader}&since=${time}${part}`);
}

/** Asks for a URL. What fails is told again when the stream begins anew. */
async function ask(url) {
  const answer = await fetch(url).catch(() => null);
  // The server has no room for more paths of this reader. Most are of pages that are gone: under a new name it learns
  // only of those that are here.
  const used = new Set([...pages.values()].flat().flatMap(({ paths }) => paths));
  if (answer?.status === 503 && url.includes(reader) && told.size > used.size) {
    stream.close();
    open();
  }
}

/** Posts to all pages. */
function post(message) {
  for (const page of pages.keys()) page.postMessage(message);
}

/** Listens to a page. */
function serve(page) {
  pages.set(page, []);
  page.onmessage = ({ data: use }) => {
    if (use.gone) {
      pages.delete(page);
    } else {
      pages.get(page)?.push(use);
      tell(page, use);
    }
  };
  page.postMessage({ now: performance.now() });
}

if ('SharedWorkerGlobalScope' in self) {
  self.onconnect = ({ ports: [page] }) => serve(page);
} else {
  serve(self);
}
open();
