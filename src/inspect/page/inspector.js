// The page: events in, pictures and words out. What comes from a client is shown as text, never as HTML.

import { Model, STATES, look } from "./model.js";
import * as paint from "./paint.js";
import * as clients from "./clients.js";

const $ = (id) => document.getElementById(id);
const live = new Model();
let shown = live; // or a model of the past
let paused = false;
let chosen = null;
let stale = true;
let waiting = []; // batches that came while paused

const count = (n) => n.toLocaleString("en");
function bytes(n) {
  const unit = n < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(n) / 10));
  return unit === 0 ? `${n} B` : `${(n / 1024 ** unit).toFixed(1)} ${["", "KiB", "MiB", "GiB"][unit]}`;
}
function micros(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

const NAMES = { waits: "writing, waits for writability" };
const COUNTERS = {
  accepted: "accepted", open: "open", requests: "requests", refused: "refused", timeouts: "timeouts",
  stale: "stale events dropped", spurious: "spurious wake-ups", would_block: "EAGAIN",
  bytes_in: "bytes in", bytes_out: "bytes out", turns: "turns", lost: "events lost to slow watchers",
};
const UNTOLD = {
  "Reading Parsed": "the head is whole; what it waits for is not here yet",
  "Parsed Writing": "the body is here",
  "Closing Closed": "drained",
};

// Rows of a list of terms, made once and changed where a value changed.
function terms(list, pairs) {
  for (const [name, value] of pairs) {
    let dd = list.querySelector(`[data-name="${name}"]`);
    if (!dd) {
      const row = document.createElement("div");
      const dt = document.createElement("dt");
      dd = document.createElement("dd");
      dt.textContent = name;
      dd.dataset.name = name;
      row.append(dt, dd);
      list.append(row);
    }
    if (dd.textContent !== value) dd.textContent = value;
  }
}

for (const state of [...STATES, "free"]) {
  const item = document.createElement("li");
  item.style.setProperty("--c", `var(--${state})`);
  const number = document.createElement("b");
  number.id = `count-${state}`;
  item.append(`${NAMES[state] ?? state} `, number);
  $("legend").append(item);
}

function draw() {
  const counts = shown.counts();
  for (const [state, number] of Object.entries(counts)) {
    if ($(`count-${state}`).textContent !== count(number)) $(`count-${state}`).textContent = count(number);
  }
  paint.slab($("grid"), shown, chosen);
  paint.timeline($("timeline"), shown.turns);
  const inWords = ([key, value]) => [COUNTERS[key] ?? key, key.startsWith("bytes") ? bytes(value) : count(value)];
  terms($("counts"), Object.entries(shown.counters).map(inWords));
  terms($("calls"), Object.entries(shown.calls).map(([name, value]) => [name, count(value)]));
  drawTurns();
  drawSlot();
}

function drawTurns() {
  const rows = shown.turns.slice(-7).reverse().map(([, wait, busy, events, driven, first]) => {
    const who = first.slice(0, 6).map(([key, us]) => `${key}: ${Math.round(us)}`).join(", ");
    const more = driven > 6 ? ` and ${driven - 6} more` : "";
    const row = document.createElement("tr");
    for (const cell of [micros(wait), String(events), micros(busy), who + more]) row.insertCell().textContent = cell;
    return row;
  });
  $("latest").replaceChildren(...rows);
}

function drawSlot() {
  $("slot-none").hidden = chosen !== null;
  $("slot-facts").hidden = chosen === null;
  if (chosen === null) return;
  const kept = shown.places.get(chosen);
  const facts = kept
    ? [["slot", `${chosen}, connection #${kept.id}`], ["state", NAMES[look(kept)] ?? kept.state.toLowerCase()],
      ["peer", kept.peer], ["age", micros((shown.now - kept.born) * 1000)], ["in", bytes(kept.bytesIn)],
      ["out", bytes(kept.bytesOut)], ["requests", count(kept.requests)],
      ["last asked", kept.line || "nothing yet"], ["note", kept.reads ? "it brings you these events" : ""]]
    : [["slot", String(chosen)], ["state", "free"], ...["peer", "age", "in", "out", "requests", "last asked", "note"].map((name) => [name, ""])];
  terms($("facts"), facts);
  const moves = shown.history.get(chosen) ?? [];
  const key = `${chosen} ${moves.id} ${moves.length} ${moves.at(-1)?.at}`;
  if ($("history").dataset.key === key) return;
  $("history").dataset.key = key;
  $("history").replaceChildren(...[...moves].reverse().map(({ at, from, to, because }) => {
    const item = document.createElement("li");
    const time = document.createElement("time");
    const why = document.createElement("span");
    time.textContent = `${(at / 1000).toFixed(3)} s `;
    why.textContent = because ?? UNTOLD[`${from} ${to}`] ?? "";
    item.append(time, `${from} → ${to}`, why);
    return item;
  }));
}

// At most one picture a frame, and none where nothing is new.
function frame() {
  if (stale) {
    stale = false;
    draw();
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
addEventListener("resize", () => { stale = true; });

function take(news) {
  live.keep(news);
  if (paused) {
    waiting.push(news);
    if (waiting.length > 600) waiting.shift();
    return;
  }
  live.take(news);
  stale = true;
}

function listen() {
  const events = new EventSource("events");
  events.onopen = async () => {
    // The events bring what changes from now on; this is what was there before.
    const state = await (await fetch("state.json", { cache: "no-store" })).json();
    live.places.clear();
    live.size = 0;
    live.take({ ...state, turns: live.turns.length ? [] : state.turns });
    stale = true;
    $("link").textContent = "Live";
    $("link").className = "live";
  };
  events.onmessage = ({ data }) => take(JSON.parse(data));
  events.onerror = () => {
    $("link").textContent = "The server does not answer; it is tried again.";
    $("link").className = "";
  };
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
listen();

function setPaused(is) {
  paused = is;
  $("pause").setAttribute("aria-pressed", String(is));
  $("step").disabled = !is;
  if (!is) {
    shown = live;
    waiting.splice(0).forEach((news) => live.take(news));
  }
  stale = true;
}
$("pause").onclick = () => setPaused(!paused);
$("step").onclick = () => {
  const news = waiting.shift();
  if (news) live.take(news);
  stale = true;
};
// The last seconds once more, five times slower: each batch of a tenth of a second is shown for half a second.
$("replay").onclick = async () => {
  const past = live.batches.slice();
  setPaused(true);
  const model = new Model();
  model.take({ ...past[0], places: [], moves: [], turns: [] });
  model.places = new Map(live.places);
  model.size = live.size;
  shown = model;
  for (const news of past) {
    if (!paused) return;
    model.take(news);
    stale = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  setPaused(false);
};

const DONE = {
  slow: "A slow reader takes 64 MiB: watch for a slot that waits for writability.",
  burst: "48 requests went out at once.",
  preconnect: "A connection that asks for nothing: it shows when the kernel hands it over, after a second.",
  download: "64 MiB, as fast as they come.",
};
for (const [id, act] of Object.entries({ slow: clients.slowReader, burst: clients.burst, preconnect: clients.preconnect, download: clients.download })) {
  $(id).onclick = () => {
    $("said").textContent = DONE[id];
    act().catch(() => { $("said").textContent = "That connection ended early."; });
  };
}

function choose(key) {
  chosen = key;
  stale = true;
}
$("grid").onclick = ({ offsetX, offsetY }) => {
  const [columns, side] = paint.layout($("grid"), Math.max(shown.size, 24));
  const column = Math.floor(offsetX / side);
  if (column < columns) choose(Math.floor(offsetY / side) * columns + column);
};
$("grid").onkeydown = (event) => {
  const [columns] = paint.layout($("grid"), Math.max(shown.size, 24));
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const last = Math.max(shown.size, 24) - 1;
  choose(chosen === null ? 0 : Math.min(last, Math.max(0, chosen + by)));
};
