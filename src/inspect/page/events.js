// The events of the server: they go to `time`. This file knows one element of the page, which says whether they come.

import { OWN } from "./clients.js";

function say(text, className) {
  const link = document.getElementById("link");
  link.textContent = text;
  link.className = className;
}

// `changed` is called where there is something new to show.
export function listen(time, changed) {
  const events = new EventSource(`events?${OWN}`);
  let number = null; // of the last event
  // The events bring only changes, so the whole state is fetched first, and again where some were missed.
  const begin = async () => {
    try {
      time.begin(await (await fetch("state.json", { cache: "no-store" })).json());
    } catch {
      say("The server does not answer. The page tries again.", "");
      return;
    }
    say("Live", "live");
    changed();
  };
  events.onopen = () => {
    number = null;
    begin();
  };
  events.onmessage = ({ data, lastEventId }) => {
    const batch = JSON.parse(data);
    batch.missed = number === null ? 0 : Number(lastEventId) - number - 1;
    number = Number(lastEventId);
    time.take(batch);
    changed();
    if (batch.missed > 0) begin();
  };
  events.onerror = () => say("The server does not answer. The page tries again.", "");
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
