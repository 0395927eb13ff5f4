// The slab: a square for each slot, the legend, and how a slot is chosen.

import { STATES } from "./model.js";
import { count, nameOf } from "./words.js";
import * as paint from "./paint.js";

const $ = (id) => document.getElementById(id);
let size = 0; // squares that are drawn

for (const state of [...STATES, "free"]) {
  const item = document.createElement("li");
  item.style.setProperty("--c", `var(--${state})`);
  const number = document.createElement("b");
  number.id = `count-${state}`;
  item.append(`${nameOf(state)} `, number);
  $("legend").append(item);
}

export function draw(shown, chosen) {
  for (const [state, number] of Object.entries(shown.counts())) {
    if ($(`count-${state}`).textContent !== count(number)) $(`count-${state}`).textContent = count(number);
  }
  size = Math.max(shown.size, 24);
  paint.slab($("grid"), shown, size, chosen);
}

// Calls `choose` with the slot that the user chooses; `chosen` gives the slot that is chosen now.
export function listen(chosen, choose) {
  $("grid").onclick = ({ offsetX, offsetY }) => {
    const [columns, side] = paint.layout($("grid"), size);
    const column = Math.floor(offsetX / side);
    if (column < columns) choose(Math.floor(offsetY / side) * columns + column);
  };
  $("grid").onkeydown = (event) => {
    const [columns] = paint.layout($("grid"), size);
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    choose(chosen() === null ? 0 : Math.min(size - 1, Math.max(0, chosen() + by)));
  };
}
