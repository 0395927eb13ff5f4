// Reloads this page when a file that it uses has changed. A changed stylesheet is exchanged without a reload.
//
// While the server runs with --watch, it sends a <script> for this file behind the last byte of each page. A worker
// (reload-worker.js) asks the server for changes, one for all pages of a browser:
//
//     worker to page    { now }               the worker has begun, and this is the time by its clock
//                       { changed: paths }    these paths have changed
//                       { outdated: true }    the page was loaded from a server that has been started again since
//     page to worker    { since, paths }      the page uses these paths, which it began to load then, by the clock of the worker
//                       { gone: true }        the page is left

(() => {
  'use strict';

  const WORKER = '/.onepoll/reload-worker.js';
  const LOADING =
    'script[src], img[src], source[src], video[src], audio[src], track[src], embed[src], input[src], object[data], ' +
    'link[href]:is([rel~="stylesheet" i], [rel~="icon" i], [rel~="manifest" i], [rel~="modulepreload" i], [rel~="preload" i])';

  // The page stays as its author wrote it.
  document.currentScript?.remove();

  // A sandboxed frame has no origin, and may ask this server for nothing.
  if (self.origin === 'null') return;

  const used = new Map(); // each path that the page uses, and when it began to load, by performance.now()
  const replaced = new Map(); // each stylesheet that is exchanged, and the one that comes in its place
  let worker = null; // what is posted to; null while nothing is asked for
  let ahead = null; // by how much the clock of the worker is ahead of performance.now(); null before it has begun
  let version = 0;

  /** The path of a URL of this server; null for other servers, for a blob, and for what --watch itself loads. */
  function pathOf(url) {
    try {
      const { origin, protocol, pathname } = new URL(url, document.baseURI);
      const isHere = origin === location.origin && protocol === location.protocol;
      return isHere && !pathname.startsWith('/.onepoll/reload') ? pathname : null;
    } catch {
      return null;
    }
  }

  /** The page uses these URLs, and began to load them at `time`. */
  function use(urls, time) {
    const paths = [...new Set(urls.map(pathOf))].filter((path) => path !== null && !used.has(path));
    paths.forEach((path) => used.set(path, time));
    if (paths.length > 0) tell(paths, time);
  }

  /** Tells the worker that the page uses these paths, if the worker has begun. */
  function tell(paths, time) {
    if (ahead !== null) worker.postMessage({ since: time + ahead, paths });
  }

  /** What stands in the page, whether it could be loaded or not. */
  function useElements() {
    const url = (element) => ['src', 'href', 'data'].map((name) => element.getAttribute(name)).find(Boolean);
    const frames = [...document.querySelectorAll('iframe, frame')].filter((frame) => !reloadsItself(frame));
    use([...document.querySelectorAll(LOADING), ...frames].map(url).filter(Boolean), 0);
  }

  /** Whether what a frame shows has this script. A picture or a text has none, and in a sandbox it does not run. */
  function reloadsItself(frame) {
    return !frame.hasAttribute('sandbox') && frame.contentDocument?.contentType === 'text/html';
  }

  /** Begins to ask for changes: by the worker of all pages, or by one of this page in a browser that shares none. */
  function begin() {
    if (worker !== null) return;
    try {
      worker = new SharedWorker(WORKER).port;
    } catch {
      if (document.visibilityState === 'hidden') return;
      worker = new Worker(WORKER);
    }
    worker.onmessage = ({ data }) => {
      if (data.outdated) location.reload();
      else if (data.changed) change(data.changed);
      else greet(data.now);
    };
  }

  /** The worker has begun. Its message was on its way for a while, so the page seems older than it is, and no change is missed. */
  function greet(now) {
    ahead = now - performance.now();
    // As if all of it was loaded with the first: a change is told once too often rather than missed.
    tell([...used.keys()], Math.min(...used.values()));
  }

  /** Asks no more: the page is left, maybe to come back. */
  function end() {
    worker?.postMessage({ gone: true });
    worker?.terminate?.();
    worker = ahead = null;
  }

  /** These paths have changed, all at once: so the page is loaded again once at most. */
  function change(paths) {
    const links = paths.filter((path) => used.has(path)).map(linksTo);
    if (links.some((found) => found.length === 0)) return location.reload();
    // One that is switched off is loaded when it is switched on.
    links.flat().filter((link) => !link.disabled).forEach(exchange);
  }

  /** The elements that load the stylesheet at `path` directly. */
  function linksTo(path) {
    const links = [...document.querySelectorAll('link[rel~="stylesheet" i]')];
    return links.filter((link) => pathOf(link.href) === path && !replaced.has(link));
  }

  /** Loads a stylesheet again, behind the old one: that goes when the new one is here, so the page never lacks both. */
  function exchange(link) {
    const fresh = link.cloneNode();
    const url = new URL(link.href);
    url.searchParams.set('onepoll', `${Date.now()}-${++version}`);
    fresh.href = url;
    replaced.set(link, fresh);
    fresh.addEventListener('load', () => {
      // The new one may itself have been exchanged meanwhile: all before it go.
      const older = [...replaced.keys()].filter((old) => leadsTo(old, fresh));
      older.forEach((old) => (replaced.delete(old), old.remove()));
    });
    fresh.addEventListener('error', () => {
      // The file is gone for now. The page keeps what it has until there is another change, if there was none meanwhile.
      if (replaced.has(fresh)) return;
      replaced.delete(link);
      fresh.remove();
    });
    link.after(fresh);
  }

  /** Whether `old` was exchanged for `fresh`, maybe by way of others. */
  function leadsTo(old, fresh) {
    const next = replaced.get(old);
    return next === fresh || (next !== undefined && leadsTo(next, fresh));
  }

  const [navigation] = performance.getEntriesByType('navigation');
  // Back to a page, a browser shows what is in its cache and does not ask whether that has changed: it may be of any age.
  const isOld = navigation?.type === 'back_forward' && navigation.transferSize === 0;
  use([navigation?.name ?? location.href], isOld ? -Infinity : 0);
  useElements();
  addEventListener('load', useElements);
  // A frame has its page only when it is loaded. The event does not bubble, but comes down through the document.
  const isFrame = ({ localName }) => ['iframe', 'frame'].includes(localName);
  document.addEventListener('load', ({ target }) => isFrame(target) && useElements(), true);
  // Modules that other modules import, what styles and scripts load, and all that comes later. What is in a frame is not of
  // this page if it has this script, too.
  const isOwn = ({ initiatorType }) => !['iframe', 'frame'].includes(initiatorType);
  new PerformanceObserver((list) => {
    const entries = list.getEntries().filter(isOwn);
    use(entries.map(({ name }) => name), Math.min(...entries.map(({ startTime }) => startTime)));
  }).observe({ type: 'resource', buffered: true });

  begin();
  addEventListener('pagehide', end);
  addEventListener('pageshow', begin);
  addEventListener('visibilitychange', () => {
    // A worker of this page alone has a connection to itself, and a browser opens six to a server.
    if (document.visibilityState === 'visible') begin();
    else if (worker instanceof Worker) end();
  });
})();
