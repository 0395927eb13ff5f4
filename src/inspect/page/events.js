// The events of the server: they go to `time`. This file knows one element of the page, which says whether they come.

import { $, setText } from "./dom.js";
import { OWN } from "./clients.js";

const SILENT = "The server does not answer. The page tries again.";
const AGAIN_MS = 1000;

// A snapshot, or null if the server does not answer.
async function fetchState() {
  try {
    return await (await fetch("state.json", { cache: "no-store" })).json();
  } catch {
    return null;
  }
}

function say(text, className) {
  setText($("link"), text);
  $("link").className = className;
}

// `changed` is called where there is something new to show.
export function listen(time, changed) {
  const events = new EventSource(`events?${OWN}`);
  let number = null; // of the last event
  let isUnderWay = false; // whether a snapshot is
  let isWanted = false; // whether another is needed after it
  // The events bring only changes, so the whole state is fetched first, and again where some were missed.
  const begin = async () => {
    isWanted = isUnderWay;
    if (isUnderWay) return;
    isUnderWay = true;
    const state = await fetchState();
    isUnderWay = false;
    if (state === null) {
      say(SILENT, "");
      // Where the events do not come either, the browser connects again by itself.
      if (events.readyState === EventSource.OPEN) setTimeout(begin, AGAIN_MS);
      return;
    }
    const isTaken = time.begin(state);
    say("Live", "live");
    changed();
    if (isWanted || !isTaken) begin();
  };
  events.onopen = () => {
    number = null;
    begin();
  };
  events.onmessage = ({ data, lastEventId }) => {
    const batch = JSON.parse(data);
    batch.isFirst = number === null;
    batch.missed = number === null ? 0 : Number(lastEventId) - number - 1;
    number = Number(lastEventId);
    time.take(batch);
    changed();
    if (batch.missed > 0) begin();
  };
  events.onerror = () => say(SILENT, "");
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
