// The squares of the slab, on a canvas: one picture of five thousand squares is faster than five thousand elements. All
// sizes are in pixels of the canvas here, which are smaller than those of the page on a fine screen.

import { $ } from "./dom.js";
import { colours, ratio } from "./paint.js";
import { shortNameOf } from "./words.js";
import * as marks from "./marks.js";

// Squares are as large as the box allows, in pixels of the page. At the least size the box scrolls.
const SIDE_MAX = 104;
const SIDE_MIN = 3;
const CELL_FROM = 34; // from here a square has room for its number above its mark
const WORD_FROM = 64; // and from here its state in a word
const EDGE = 6; // room around the squares, for the frame of a chosen one
// Below this size a mark among thousands is hard to find, so each of a few that wait for writability has a ring.
const RING_BELOW = 12;
const RINGS_MAX = 16;

const box = () => $("grid").parentElement;

// What was drawn last: only squares that changed are drawn again.
let drawn = { form: "", looks: [], frames: "", layout: { columns: 1, side: 1, size: 0 } };
let ready = {}; // the pixels of a square in each state, drawn once for this size

// The pixels of these canvases are in memory, and not in that of a graphics card: so to put the pixels of five thousand
// squares there takes a fifth of the time that it takes to draw them.
const IN_MEMORY = { willReadFrequently: true };

// The columns, and the side of a square with its gap, for `size` squares in so much room.
function fill(width, height, size) {
  let side = Math.floor(SIDE_MAX * ratio());
  const least = Math.ceil(SIDE_MIN * ratio());
  while (side > least && Math.floor(width / side) * Math.floor(height / side) < size) side -= 1;
  return { columns: Math.max(1, Math.floor(width / side)), side, size };
}

export function draw(model, chosen, lit) {
  const { clientWidth } = box();
  paint(model, chosen, lit);
  // With a scroll bar there is less room.
  if (box().clientWidth !== clientWidth) paint(model, chosen, lit);
}

function paint(model, chosen, lit) {
  const edge = Math.round(EDGE * ratio());
  const [width, height] = [box().clientWidth, box().clientHeight].map((length) => Math.floor(length * ratio()));
  const layout = fill(width - 2 * edge, height - 2 * edge, model.size);
  const form = [width, height, layout.columns, layout.side, ratio(), colours.version].join();
  // As many rows as the box has room for, so that a new row is no reason to draw the others again.
  const rows = Math.max(rowsOf(layout), Math.floor((height - 2 * edge) / layout.side));
  // Where the box scrolls, a replay may begin with fewer rows, and so may another server.
  const hasOtherRows = layout.columns * rows !== drawn.looks.length;
  if (drawn.form !== form || hasOtherRows) begin(form, layout, rows, width, edge);
  const context = $("grid").getContext("2d", IN_MEMORY);
  const waiting = [];
  for (let key = 0; key < model.size; key += 1) {
    const state = model.places.get(key)?.look ?? "free";
    if (state === "waits") waiting.push(key);
    if (drawn.looks[key] === state) continue;
    drawn.looks[key] = state;
    square(context, layout, key, state, edge);
  }
  for (let key = model.size; key < drawn.looks.length; key += 1) {
    if (drawn.looks[key] !== undefined) clear(context, layout, key, edge);
  }
  drawn.layout = layout;
  const hasRings = layout.side < RING_BELOW * ratio() && waiting.length <= RINGS_MAX;
  frame(layout, edge, { chosen, lit, ringed: hasRings ? waiting : [] });
}

const rowsOf = ({ columns, size }) => Math.max(1, Math.ceil(size / columns));

// Makes the canvases as large as the squares need.
function begin(form, layout, rows, width, edge) {
  for (const canvas of [$("grid"), $("frames")]) {
    Object.assign(canvas, { width, height: rows * layout.side + 2 * edge });
    canvas.style.width = `${width / ratio()}px`;
  }
  Object.assign($("grid").dataset, { columns: layout.columns, side: layout.side / ratio() });
  drawn = { form, looks: Array(layout.columns * rows), frames: "", layout };
  ready = {};
}

const isCell = (side) => side >= CELL_FROM * ratio();
// The side without the gap.
const inner = (side) => side - Math.max(1, Math.round(side / (isCell(side) ? 12 : 8)));
const corner = ({ columns, side }, key, edge) => [
  edge + (key % columns) * side, edge + Math.floor(key / columns) * side,
];

function square(context, layout, key, state, edge) {
  const [x, y] = corner(layout, key, edge);
  context.putImageData(ready[state] ??= picture(state, layout.side), x, y);
  if (!isCell(layout.side)) return;
  context.fillStyle = inkOf(state);
  context.font = `600 ${11 * ratio()}px ui-monospace, monospace`;
  context.textBaseline = "top";
  context.fillText(String(key), x + 4 * ratio(), y + 4 * ratio());
}

// Takes away a square: there is no such slot.
function clear(context, layout, key, edge) {
  context.clearRect(...corner(layout, key, edge), layout.side, layout.side);
  drawn.looks[key] = undefined;
}

// The pixels of a square without its number.
function picture(state, side) {
  const context = new OffscreenCanvas(side, side).getContext("2d", IN_MEMORY);
  if (isCell(side)) cell(context, state, side);
  else marks.draw(context, state, 0, 0, inner(side), colours[state]);
  return context.getImageData(0, 0, side, side);
}

// A connection that waits for writability is what the eye must find, so its large square is filled.
const groundOf = (state) => (state === "waits" ? colours.waits : colours.well);
const inkOf = (state) => (state === "waits" ? colours.card : colours.ink);

// A square that is large enough for a frame and its number.
function cell(context, state, side) {
  const room = inner(side);
  if (state !== "free") {
    context.fillStyle = groundOf(state);
    context.fillRect(0, 0, room, room);
  }
  context.strokeStyle = colours[state === "free" ? "line" : state];
  context.lineWidth = Math.max(1, Math.round(ratio()));
  context.strokeRect(context.lineWidth / 2, context.lineWidth / 2, room - context.lineWidth, room - context.lineWidth);
  const hasWord = side >= WORD_FROM * ratio();
  const mark = Math.floor(room * (hasWord ? 0.36 : 0.44));
  const down = Math.floor(hasWord ? room * 0.33 : room - mark - room * 0.14);
  const colour = state === "waits" ? inkOf(state) : colours[state];
  marks.draw(context, state, Math.floor((room - mark) * (hasWord ? 0.5 : 0.78)), down, mark, colour);
  if (hasWord) {
    context.fillStyle = inkOf(state);
    context.font = `${11 * ratio()}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.fillText(shortNameOf(state), room / 2, room - 6 * ratio(), room - 4);
  }
}

// The frames of the chosen square and of others: they stand out from their squares, over the neighbours.
function frame(layout, edge, { chosen, lit, ringed }) {
  const key = `${layout.size} ${chosen} ${[...lit].join()} ${ringed.join()}`;
  if (drawn.frames === key) return;
  drawn.frames = key;
  const context = $("frames").getContext("2d");
  context.clearRect(0, 0, $("frames").width, $("frames").height);
  const room = inner(layout.side);
  const around = (slot, by, thick, colour) => {
    const [x, y] = corner(layout, slot, edge);
    const out = by * ratio();
    Object.assign(context, { strokeStyle: colour, lineWidth: thick * ratio() });
    context.strokeRect(x - out, y - out, room + 2 * out, room + 2 * out);
  };
  for (const slot of ringed) {
    around(slot, 1.5, 3, colours.card);
    around(slot, 2.5, 1.5, colours.waits);
  }
  for (const slot of lit) if (slot < layout.size) around(slot, 1, 2, colours.rust);
  if (chosen !== null && chosen < layout.size) {
    around(chosen, 2, 4, colours.card);
    around(chosen, 3, 2.5, colours.ink);
  }
}

// The slot that is nearest to a place on the canvas, in pixels of the page; null where there is no slot.
export function nearest(left, top) {
  const { columns, side, size } = drawn.layout;
  if (size === 0) return null;
  const at = (place) => Math.floor((place - EDGE) * ratio() / side);
  const within = (place, most) => Math.min(most, Math.max(0, place));
  const row = within(at(top), Math.ceil(size / columns) - 1);
  return Math.min(size - 1, row * columns + within(at(left), columns - 1));
}

// The number of slots from a slot to the one below it, and to the one that is a box further down.
export function steps() {
  const { columns, side } = drawn.layout;
  return { row: columns, page: columns * Math.max(1, Math.floor(box().clientHeight * ratio() / side) - 1) };
}

// Scrolls the box, and not the page, so that a slot is in view.
export function reveal(key) {
  const { columns, side } = drawn.layout;
  const top = Math.floor(key / columns) * side / ratio();
  const bottom = top + side / ratio() + 2 * EDGE;
  if (top < box().scrollTop) box().scrollTop = top;
  if (bottom > box().scrollTop + box().clientHeight) box().scrollTop = bottom - box().clientHeight;
}

// Whether the box has to scroll.
export const overflows = () => box().scrollHeight > box().clientHeight;
