// The page: events in, pictures and words out. Bytes that a client sent are shown as text, never as HTML.

import { STATES, look } from "./model.js";
import { Time } from "./time.js";
import * as paint from "./paint.js";
import * as clients from "./clients.js";

const $ = (id) => document.getElementById(id);
const time = new Time();
let chosen = null;
let stale = true;

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
  bytes_in: "bytes in", bytes_out: "bytes out", turns: "turns", omitted: "left out of the events",
  missed: "batches missed by slow readers",
};
const WAITS = {
  First: "a first request", Idle: "another request", Head: "the rest of a head", Body: "more of the content",
  Write: "writability: the client must read", Linger: "the client to close its side", Supply: "more content to send",
  Turn: "its next turn",
};
const MOMENTS = {
  live: () => "",
  paused: (seconds) => `Paused ${seconds} s after the start. A step is a tenth of a second; ${time.ahead} have passed since.`,
  replay: (seconds) => `${seconds} s after the start, shown five times slower.`,
};

// The rows of a list of terms: made once, and changed where a value changed.
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
  const { shown } = time;
  for (const [state, number] of Object.entries(shown.counts())) {
    if ($(`count-${state}`).textContent !== count(number)) $(`count-${state}`).textContent = count(number);
  }
  paint.slab($("grid"), shown, chosen);
  paint.timeline($("timeline"), shown.turns);
  const inWords = ([key, value]) => [COUNTERS[key] ?? key, key.startsWith("bytes") ? bytes(value) : count(value)];
  terms($("counts"), Object.entries(shown.counters).map(inWords));
  terms($("calls"), Object.entries(shown.calls).map(([name, value]) => [name, count(value)]));
  drawTime();
  drawTurns();
  drawSlot();
}

function drawTime() {
  $("moment").textContent = MOMENTS[time.mode]((time.shown.now / 1000).toFixed(1));
  $("pause").setAttribute("aria-pressed", String(time.mode === "paused"));
  $("step").disabled = time.mode !== "paused" || time.ahead === 0;
  $("replay").setAttribute("aria-pressed", String(time.mode === "replay"));
}

function drawTurns() {
  const rows = time.shown.turns.slice(-7).reverse().map(([, wait, busy, events, driven, first]) => {
    const who = first.slice(0, 6).map(([key, us]) => `${key}: ${Math.round(us)}`).join(", ");
    const more = driven > 6 ? ` and ${driven - 6} more` : "";
    const row = document.createElement("tr");
    for (const cell of [micros(wait), String(events), micros(busy), who + more]) row.insertCell().textContent = cell;
    return row;
  });
  $("latest").replaceChildren(...rows);
}

function factsOf(kept) {
  return [
    ["slot", String(chosen)],
    ["connection", kept && `#${kept.id}`],
    ["state", kept ? NAMES[look(kept)] ?? kept.state.toLowerCase() : "free"],
    ["waits for", kept && WAITS[kept.wait]],
    ["peer", kept?.peer],
    ["age", kept && micros((time.shown.now - kept.born) * 1000)],
    ["requests", kept && count(kept.requests)],
    ["in", kept && bytes(kept.bytesIn)],
    ["out", kept && bytes(kept.bytesOut)],
    ["last asked", kept && (kept.line || "nothing yet")],
    ["note", kept?.reads && "this connection brings you the events, so the events say nothing about it"],
  ].map(([name, value]) => [name, value || ""]);
}

function drawSlot() {
  $("slot-none").hidden = chosen !== null;
  $("slot-facts").hidden = chosen === null;
  if (chosen === null) return;
  terms($("facts"), factsOf(time.shown.places.get(chosen)));
  const { id, moves } = time.shown.history.get(chosen) ?? { moves: [] };
  const key = `${chosen} ${id} ${moves.length} ${moves.at(-1)?.at}`;
  if ($("history").dataset.key === key) return;
  $("history").dataset.key = key;
  $("history").replaceChildren(...moves.toReversed().map(({ at, from, to, because }) => {
    const item = document.createElement("li");
    const when = document.createElement("time");
    const why = document.createElement("span");
    when.textContent = `${(at / 1000).toFixed(3)} s `;
    why.textContent = because ?? "";
    item.append(when, `${from} → ${to}`, why);
    return item;
  }));
}

// Draws at most once a frame, and only if something is new.
function frame() {
  if (stale) {
    stale = false;
    draw();
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
addEventListener("resize", () => { stale = true; });

function listen() {
  const events = new EventSource("events");
  let number = null; // of the last event
  // The events bring only changes, so the whole state is fetched first.
  const begin = async () => {
    number = null;
    time.begin(await (await fetch("state.json", { cache: "no-store" })).json());
    stale = true;
  };
  events.onopen = async () => {
    await begin();
    $("link").textContent = "Live";
    $("link").className = "live";
  };
  events.onmessage = ({ data, lastEventId }) => {
    const missed = number !== null && Number(lastEventId) !== number + 1;
    number = Number(lastEventId);
    time.take(JSON.parse(data));
    stale = true;
    if (missed) begin();
  };
  events.onerror = () => {
    $("link").textContent = "The server does not answer. The page tries again.";
    $("link").className = "";
  };
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
listen();

const changed = () => { stale = true; };
const onTime = { pause: () => (time.mode === "paused" ? time.resume() : time.pause()), step: () => time.step(), replay: () => time.replay(changed) };
for (const [id, act] of Object.entries(onTime)) {
  $(id).onclick = () => {
    act();
    changed();
  };
}

const SAID = {
  slow: "A client asks for 64 MiB and hardly reads. Look for a red square: its connection waits for writability, and no other connection waits for it. Choose it to see “out” stand still.",
  burst: "48 requests went out at the same time. Look at the turns: a high bar of many colours is one wait that brought many connections. The squares are free again once the browser closes them.",
  preconnect: "A connection that asks for nothing. Look for one more square after a second: until then the kernel keeps it, since nothing came. It waits for a first request.",
  download: "64 MiB, as fast as they come. Look at the turns: each sends a piece, and then other connections have their turn.",
};
const ACTS = { slow: clients.slowReader, burst: clients.burst, preconnect: clients.preconnect, download: clients.download };
for (const [id, act] of Object.entries(ACTS)) {
  $(id).onclick = () => {
    $("said").textContent = SAID[id];
    act().catch(() => { $("said").textContent = "The request failed or ended early. The server may have stopped, or this browser does not resolve names below localhost to this machine."; });
  };
}

function choose(key) {
  chosen = key;
  stale = true;
}
$("grid").onclick = ({ offsetX, offsetY }) => {
  const [columns, side] = paint.layout($("grid"), Math.max(time.shown.size, 24));
  const column = Math.floor(offsetX / side);
  if (column < columns) choose(Math.floor(offsetY / side) * columns + column);
};
$("grid").onkeydown = (event) => {
  const [columns] = paint.layout($("grid"), Math.max(time.shown.size, 24));
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const last = Math.max(time.shown.size, 24) - 1;
  choose(chosen === null ? 0 : Math.min(last, Math.max(0, chosen + by)));
};
