// The turns: a bar for each, the latest as rows, and the buttons that stop and repeat time.

import { micros } from "./words.js";
import * as paint from "./paint.js";

const $ = (id) => document.getElementById(id);
const ROWS = 7;
const MOMENTS = {
  live: () => "",
  paused: (seconds, ahead) => `Paused ${seconds} s after the start. A step is a tenth of a second; ${ahead} have passed since.`,
  replay: (seconds) => `${seconds} s after the start, shown five times slower.`,
};

export function draw(time) {
  paint.timeline($("timeline"), time.shown.turns);
  $("moment").textContent = MOMENTS[time.mode]((time.shown.now / 1000).toFixed(1), time.ahead);
  $("pause").setAttribute("aria-pressed", String(time.mode === "paused"));
  $("step").disabled = time.mode !== "paused" || time.ahead === 0;
  $("replay").setAttribute("aria-pressed", String(time.mode === "replay"));
  $("latest").replaceChildren(...time.shown.turns.slice(-ROWS).reverse().map(rowOf));
}

function rowOf([, wait, busy, events, driven, first]) {
  const who = first.slice(0, 6).map(([key, us]) => `${key}: ${Math.round(us)}`).join(", ");
  const more = driven > 6 ? ` and ${driven - 6} more` : "";
  const row = document.createElement("tr");
  for (const cell of [micros(wait), String(events), micros(busy), who + more]) row.insertCell().textContent = cell;
  return row;
}

// The buttons act on `time`, and `changed` is called where they changed what is shown.
export function listen(time, changed) {
  const acts = {
    pause: () => (time.mode === "paused" ? time.resume() : time.pause()),
    step: () => time.step(),
    replay: () => time.replay(changed),
  };
  for (const [id, act] of Object.entries(acts)) {
    $(id).onclick = () => {
      act();
      changed();
    };
  }
}
