// The slab: a square for each slot, the legend, and how a slot is chosen.

import { $, element, setText } from "./dom.js";
import { STATES } from "./model.js";
import { count, nameOf } from "./words.js";
import { colours, listen as listenToColours, ratio } from "./paint.js";
import { OWN } from "./clients.js";
import * as marks from "./marks.js";
import * as squares from "./squares.js";

const MARK = 14; // of the legend, in pixels of the page
const LEGEND = {
  reading: "reading", parsed: "parsed", writing: "writing", waits: "waits for writability", closing: "closing",
  watches: "brings events", free: "free",
};
const NONE = new Set();

let last = null; // what was drawn last
let choose = () => {}; // called with the slot that the user chooses
let said = { key: null, state: "", at: 0 }; // what the page said last of the chosen slot

for (const state of [...STATES, "free"]) $("legend").append(entryOf(state));
for (const mark of document.querySelectorAll("[data-mark]")) mark.prepend(drawing(mark.dataset.mark));

// An entry of the legend, which leads to the next square of its state.
function entryOf(state) {
  const [item, button, number] = [element("li"), element("button", "entry"), element("b")];
  number.id = `count-${state}`;
  Object.assign(button, { id: `next-${state}`, disabled: true });
  button.append(drawing(state), `${LEGEND[state]} `, number);
  button.onclick = () => show(state);
  item.append(button);
  return item;
}

function drawing(state) {
  const canvas = element("canvas", "mark");
  canvas.dataset.state = state;
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

function drawMarks() {
  const side = Math.round(MARK * ratio());
  for (const canvas of document.querySelectorAll("canvas.mark")) {
    const { state } = canvas.dataset;
    Object.assign(canvas, { width: side, height: side });
    marks.draw(canvas.getContext("2d"), state, 0, 0, side, colours[state]);
  }
}

// Chooses the next square that looks so.
function show(state) {
  const key = last.shown.next(state, last.chosen);
  if (key === null) return;
  choose(key);
  bringIntoView();
}

// Scrolls the page as far as needed for the squares to be seen.
export const bringIntoView = () => $("grid").parentElement.scrollIntoView({ block: "nearest" });

// Draws, and gives the slot to choose where none is chosen, or null: at rest there is a connection to look at, which is the
// one that brings this page its events.
export function draw(shown, chosen, lit = NONE) {
  const isNew = chosen !== last?.chosen;
  last = { shown, chosen, lit };
  legend(shown.counts());
  squares.draw(shown, chosen, lit);
  const rest = squares.overflows() ? " They do not all fit, so the box scrolls." : "";
  setText($("slots"), `${count(shown.size)} ${shown.size === 1 ? "slot" : "slots"} so far, a square for each.${rest}`);
  if (isNew && chosen !== null) squares.reveal(chosen);
  announce(shown, chosen);
  if (chosen !== null) return null;
  return shown.find(({ line }) => line.includes(OWN)) ?? shown.find(({ reads }) => reads);
}

function legend(counts) {
  for (const [state, number] of Object.entries(counts)) {
    setText($(`count-${state}`), count(number));
    $(`next-${state}`).disabled = number === 0;
  }
  const { waits } = counts;
  const [none, one] = ["No connection waits for a client that reads too slowly", "1 connection waits: its client reads too slowly"];
  setText($("waiting"), [none, one][waits] ?? `${count(waits)} connections wait: their clients read too slowly`);
  $("show").disabled = waits === 0;
}

// Says what is chosen, for a user who hears the page; a state that passes within a second is not said.
function announce(shown, key) {
  if (key === null) return;
  const kept = shown.places.get(key);
  const state = nameOf(kept?.look ?? "free");
  if (said.key === key && said.state === state) {
    if (said.isDue && shown.now - said.at > 1000) {
      said.isDue = false;
      setText($("chosen"), `Slot ${key}: ${state}.`);
    }
    return;
  }
  const isOther = said.key !== key;
  said = { key, state, at: shown.now, isDue: !isOther };
  if (isOther) setText($("chosen"), `Slot ${key}: ${state}.`);
}

// Calls `choose` with the slot that the user chooses; `chosen` gives the slot that is chosen now.
export function listen(chosen, toChoose) {
  choose = toChoose;
  $("show").onclick = () => {
    show("waits");
    $("grid").parentElement.scrollIntoView({ block: "start" });
  };
  $("grid").onclick = ({ offsetX, offsetY }) => {
    const key = squares.nearest(offsetX, offsetY);
    if (key !== null) choose(key);
  };
  $("grid").onkeydown = (event) => {
    if (!last?.shown.size || event.ctrlKey || event.altKey || event.metaKey) return;
    const { size } = last.shown;
    const { row, page } = squares.steps();
    const by = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, PageDown: page, PageUp: -page, Home: -size, End: size,
    }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    choose(chosen() === null ? 0 : Math.min(size - 1, Math.max(0, chosen() + by)));
  };
  listenToColours(() => {
    drawMarks();
    if (last !== null) squares.draw(last.shown, last.chosen, last.lit);
  });
  addEventListener("resize", drawMarks);
  drawMarks();
}
