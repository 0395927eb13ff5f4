// The turns: a bar for each, the latest as rows, and the buttons that stop and repeat time.

import { $, element, setText } from "./dom.js";
import { KINDS, WAIT, spent } from "./kinds.js";
import { count, micros } from "./words.js";
import * as timeline from "./timeline.js";

const ROWS = 7;
const SLOTS = { row: 3, chosen: 8 }; // that are named
let items = []; // what the timeline shows
let picked = null; // the one of them whose row is shown, or null
let isHeld = false; // whether it stays picked when the pointer leaves
let light = () => {}; // lights the squares of these slots

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const MOMENTS = {
  live: ({ shown }) => `Now: ${seconds(shown.now)} after the start.`,
  paused: ({ shown, ahead, cut }) => `Paused ${seconds(shown.now)} after the start. A step is a tenth of a second; ${ahead} have passed since${cut > 0 ? `, and ${count(cut)} more that this page did not keep` : ""}.`,
  replay: ({ shown }) => `${seconds(shown.now)} after the start, shown five times slower.`,
};

const signs = Object.entries({ ...KINDS, wait: WAIT }).map(([kind, meaning]) => {
  const [item, sign] = [element("li"), element("canvas")];
  sign.dataset.kind = kind;
  item.append(sign, element("b", "", kind), ` ${meaning}`);
  $("kinds").append(item);
  return sign;
});
const rows = Array.from({ length: ROWS }, () => {
  const row = $("latest").insertRow();
  for (let cell = 0; cell < 4; cell += 1) row.insertCell();
  row.insertCell().append(element("div"));
  return row;
});

export function draw(time, chosen) {
  const { shown } = time;
  items = timeline.itemsOf($("timeline"), shown);
  if (picked !== null && !items.includes(picked)) pick(null);
  const scale = timeline.draw($("timeline"), shown, items, { picked, chosen });
  for (const sign of signs) timeline.sign(sign, sign.dataset.kind);
  setText($("scale"), scaleInWords(scale, items.filter(Array.isArray).length));
  setText($("lost"), lostInWords(shown));
  drawTime(time);
  drawPicked(shown);
  const end = picked === null ? items.length : Math.min(items.length, Math.max(items.indexOf(picked) + 1, ROWS));
  rows.forEach((row, index) => drawRow(row, shown, items[end - 1 - index]));
}

function drawTime(time) {
  setText($("moment"), MOMENTS[time.mode](time));
  $("pause").className = time.mode === "paused" ? "quiet second" : "quiet";
  $("step").disabled = time.mode !== "paused" || time.ahead === 0;
  $("replay").setAttribute("aria-pressed", String(time.mode === "replay"));
}

function drawPicked(shown) {
  const canvas = $("timeline");
  const text = picked === null ? "No bar is chosen. Point at one, tap it, or move with the arrow keys: its connections light up in the slab." : inWords(shown, picked);
  setText($("turn"), text);
  canvas.setAttribute("aria-valuemax", String(Math.max(0, items.length - 1)));
  canvas.setAttribute("aria-valuenow", String(picked === null ? Math.max(0, items.length - 1) : items.indexOf(picked)));
  canvas.setAttribute("aria-valuetext", text);
}

function drawRow(row, shown, item) {
  const isTurn = Array.isArray(item);
  const [at, wait, busy, events] = isTurn ? item : [];
  setText(row.cells[0], isTurn ? `${(at / 1000).toFixed(3)} s` : "");
  setText(row.cells[1], isTurn ? micros(wait) : "");
  setText(row.cells[2], isTurn ? String(events) : "");
  setText(row.cells[3], isTurn ? micros(busy) : "");
  const did = isTurn ? `${drivenInWords(item, SLOTS.row)}: ${spentInWords(shown, item)}` : "";
  setText(row.cells[4].firstChild, item === undefined || isTurn ? did : `Missing ${gapInWords(item)}.`);
  row.className = item !== undefined && item === picked ? "picked" : "";
}

// What the turn spent its time on, the most first.
function spentInWords(shown, turn) {
  return spent(shown, turn).sort(([, a], [, b]) => b - a).map(([kind, us]) => `${kind} ${micros(us)}`).join(", ");
}

function drivenInWords([, , , , driven, first], most) {
  if (driven === 0) return "no slot";
  const keys = [...new Set(first.map(([key]) => key))].slice(0, most);
  const more = driven - keys.length;
  return `${driven === 1 ? "slot" : "slots"} ${keys.join(", ")}${more > 0 ? ` and ${count(more)} more` : ""}`;
}

function inWords(shown, item) {
  if (!Array.isArray(item)) return `Missing ${gapInWords(item)}.`;
  const [at, wait, busy, events] = item;
  const came = `${few(events, "event", "events")} came`;
  return `The turn at ${(at / 1000).toFixed(3)} s: the loop had waited ${micros(wait)}; ${came}. Busy ${micros(busy)}: ${spentInWords(shown, item)}. Driven: ${drivenInWords(item, SLOTS.chosen)}.`;
}

const few = (n, one, many) => (n === 1 ? `1 ${one}` : `${count(n)} ${many}`);

// Where something is missing between two turns: what, and why.
function gapInWords({ now, batches, away, turns }) {
  const parts = [
    turns > 0 && `${few(turns, "turn", "turns")} left out, since there was no room for more`,
    batches > 0 && `${few(batches, "batch", "batches")} missed: this page read too slowly`,
    away > 0 && `the page heard nothing for ${seconds(away)}`,
  ];
  return `before ${seconds(now)}: ${parts.filter(Boolean).join("; ")}`;
}

function lostInWords({ gaps, lost: { moves, requests } }) {
  const left = [requests > 0 && few(requests, "request", "requests"), moves > 0 && few(moves, "change of state", "changes of state")].filter(Boolean).join(" and ");
  const others = left === "" ? "" : ` Left out since this page began, beyond what a batch holds: ${left}.`;
  if (gaps.length > 0) return `Turns are missing at each dashed line. The last one, ${gapInWords(gaps.at(-1))}.${others}`;
  return others === "" ? "Nothing was left out of what this page was told." : `No turn is missing.${others}`;
}

function scaleInWords({ top, cut, longest }, turns) {
  const torn = cut === 0 ? "None took longer." : `${count(cut)} of ${count(turns)} took longer: a torn top and an arrow. The longest took ${micros(longest)}.`;
  return `A bar twice as high took twice as long, up to ${micros(top)}. ${torn}`;
}

function pick(item) {
  if (item === picked) return;
  picked = item ?? null;
  if (picked === null) isHeld = false;
  light(Array.isArray(picked) ? picked[5].map(([key]) => key) : []);
}

// The buttons act on `time`, and `changed` is called where they changed what is shown. `lights` is called with the slots
// of the bar that the user points at.
export function listen(time, changed, lights) {
  light = lights;
  const acts = {
    pause: () => (time.mode === "paused" ? time.resume() : time.pause()),
    step: () => time.step(),
    replay: () => (time.mode === "replay" ? time.back() : time.replay(changed)),
  };
  for (const [id, act] of Object.entries(acts)) {
    $(id).onclick = () => {
      act();
      changed();
    };
  }
  listenToTimeline($("timeline"), changed);
}

function listenToTimeline(canvas, changed) {
  const point = ({ offsetX }, holds) => {
    isHeld = holds;
    pick(timeline.itemAt(canvas, items, offsetX));
    changed();
  };
  canvas.onpointermove = (event) => { if (!isHeld || event.buttons > 0) point(event, isHeld); };
  canvas.onpointerdown = (event) => point(event, true);
  canvas.onpointerleave = () => {
    if (!isHeld) pick(null);
    changed();
  };
  canvas.onkeydown = (event) => {
    const at = picked === null ? items.length : items.indexOf(picked);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowDown: at - 1, ArrowUp: at + 1, Home: 0, End: items.length - 1, Escape: null }[event.key];
    if (to === undefined || items.length === 0) return;
    event.preventDefault();
    isHeld = to !== null;
    pick(to === null ? null : items[Math.min(items.length - 1, Math.max(0, to))]);
    changed();
  };
}
