// The buttons that make something happen, and what the page says of it. What a button starts is chosen by itself.

import { $, setText } from "./dom.js";
import { bringIntoView } from "./slab.js";
import { limitOf } from "./limits.js";
import { seconds } from "./words.js";
import * as clients from "./clients.js";

const LOOKS_EVERY_MS = 100;
const LOOKS = 100; // ten seconds
const LOOKS_FOR_OPEN = 5;
const WHY = "The server may have stopped, or this browser does not resolve names below localhost to this machine.";
const UNSEEN = "No connection of it was seen within ten seconds.";
const SAID = {
  slow: () => `A client asks for 64 MiB and stops reading. Look for the hourglass: once all buffers are full, its connection waits for writability. See “bytes out” stand still. ${givesUp()}`,
  burst: () => "48 requests at the same time; one of their connections is chosen. Look at the turns: a high bar is one wait that brought many connections. The slots are free again once the browser closes them.",
  preconnect: () => "A connection that asks for nothing. It is chosen after a second: until then the kernel keeps it, since nothing came. It waits for a first request.",
  download: () => "64 MiB, as fast as they come. Look at the turns: each sends a piece, and then other connections have their turn.",
};
const ACTS = { slow: clients.slowReader, burst: clients.burst, preconnect: clients.preconnect, download: clients.download };
let clock = null; // the timer that looks for what the last button started

// What failed: the request, or of many requests how many.
function failure({ failed, of }) {
  if (of === undefined) return `The request failed or ended early. ${WHY}`;
  return failed === of ? `All ${of} requests failed. ${WHY}` : `${failed} of ${of} requests failed, and the others were answered.`;
}

function givesUp() {
  const limit = limitOf("Write");
  return limit === undefined ? "" : `After ${seconds(limit)} without a byte, the server gives it up.`;
}

// What the last button started is not chosen any more: the user has chosen something else meanwhile.
export const leave = () => clearInterval(clock);

// Another server answers: what a button started has ended with the server before it.
export function beginAnew() {
  leave();
  setText($("said"), "Another server answers now, so the page has begun anew: what you see is only of that server.");
}

// Chooses the connection for which `isIts` holds, as soon as there is one. Where it may be over before the page learns what
// it asked for, another connection will do that is newer than `newest`. Calls `unseen` if none comes.
function chooseWhenHere(time, choose, newest, { isIts, mayBeOver }, unseen) {
  let looks = 0;
  leave();
  clock = setInterval(() => {
    looks += 1;
    const isOver = mayBeOver && looks > LOOKS_FOR_OPEN;
    const key = time.shown.find(isIts) ?? (isOver ? time.shown.latestSince(newest) : null);
    if (key !== null || looks === LOOKS) leave();
    if (key === null) {
      if (looks === LOOKS && time.mode === "live") unseen();
      return;
    }
    choose(key);
    bringIntoView();
  }, LOOKS_EVERY_MS);
}

// The buttons show what happens now: `time` goes on with the present. What a button starts is given to `choose`.
export function listen(time, choose) {
  for (const [id, act] of Object.entries(ACTS)) {
    const say = (text) => setText($("said"), text);
    const name = $(id).textContent; // what is said later has it: another button may have been pressed meanwhile
    $(id).onclick = () => {
      let hasFailed = false;
      time.resume();
      say(SAID[id]());
      const newest = time.shown.places.get(time.shown.find(() => true))?.id ?? -1;
      const started = act(newest);
      started.ends.catch((reason) => {
        hasFailed = true;
        say(`${name}: ${failure(reason)}`);
      });
      chooseWhenHere(time, choose, newest, started, () => { if (!hasFailed) say(`${name}: ${UNSEEN}`); });
    };
  }
}
