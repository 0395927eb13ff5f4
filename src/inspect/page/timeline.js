// Draws the turns on a canvas: a bar for each, and below it how long the loop slept before. What was done has a colour
// and a texture, so that it is told apart without colours, too.

import { element } from "./dom.js";
import { KINDS, spent } from "./kinds.js";
import { colours, fit, ratio } from "./paint.js";
import { micros } from "./words.js";

const STEP = 8; // pixels from one bar to the next
const GUTTER = 52; // for the numbers of the scale
const HEAD = 12; // above the bars, for the marks of those that are cut
const LANE = 11; // below the bars, for the marks of the chosen slot
const SLEEP = 30; // below that
const SLEEP_MIN = 10; // microseconds; a shorter sleep is a line, and a longer one is higher by its logarithm
const SLEEP_DECADES = 6;
const SHORTER = 0.9; // this share of the bars is not cut, or a little less

const textures = {};
let ready = ""; // for which colours and pixels the textures are made

// Each texture: what is left out of a tile of eight by eight pixels, as rectangles or lines.
const HOLES = {
  accept: (tile) => [[1, 1], [5, 5]].forEach(([x, y]) => tile.clearRect(x, y, 2, 2)),
  read: () => {},
  disk: (tile) => [[0, 0], [4, 4]].forEach(([x, y]) => tile.clearRect(x, y, 4, 4)),
  answer: (tile) => [2, 6].forEach((y) => tile.clearRect(0, y, 8, 1.5)),
  send: (tile) => tile.clearRect(3, 0, 2, 8),
  file: (tile) => [[0, 0, 8, 1.5], [0, 4, 8, 1.5], [1, 0, 1.5, 4], [5, 4, 1.5, 4]].forEach((hole) => tile.clearRect(...hole)),
  watch: (tile, colour) => {
    tile.clearRect(0, 0, 8, 8);
    tile.strokeStyle = colour;
    tile.lineWidth = 2;
    tile.beginPath();
    for (const x of [-4, 0, 4, 8]) {
      tile.moveTo(x, 9);
      tile.lineTo(x + 9, 0);
    }
    tile.stroke();
  },
  rest: (tile) => tile.clearRect(1, 0, 5, 8),
};

function prepare() {
  const wanted = `${ratio()} ${colours.version}`;
  if (ready === wanted) return;
  ready = wanted;
  for (const kind of Object.keys(KINDS)) {
    const canvas = element("canvas");
    canvas.width = canvas.height = Math.round(8 * ratio());
    const tile = canvas.getContext("2d");
    tile.scale(canvas.width / 8, canvas.height / 8);
    tile.fillStyle = colours[`k-${kind}`];
    tile.fillRect(0, 0, 8, 8);
    HOLES[kind](tile, colours[`k-${kind}`]);
    textures[kind] = tile.createPattern(canvas, "repeat");
    textures[kind].setTransform(new DOMMatrix().scale(8 / canvas.width));
  }
}

// Draws the sign of a kind, for the legend, where its colours or pixels are other ones than before.
export function sign(canvas, kind) {
  prepare();
  if (canvas.dataset.ready === ready) return;
  canvas.dataset.ready = ready;
  const context = fit(canvas, 16, 16);
  context.fillStyle = textures[kind] ?? colours[`k-${kind}`];
  if (kind !== "wait") context.fillRect(0, 0, 16, 16);
  else for (const part of [[0, 1, 16, 2], [5, 3, 6, 13]]) context.fillRect(...part);
}

// The turns and gaps that there is room for, in the order of time. A gap is told from a turn by not being an array.
export function itemsOf(canvas, { turns, gaps }) {
  const room = Math.max(1, Math.floor((canvas.clientWidth - GUTTER) / STEP));
  const first = turns.at(-room)?.[0] ?? -1;
  const items = turns.slice(-room);
  for (const gap of gaps) {
    if (gap.after < first) continue;
    let at = items.length;
    while (at > 0 && (Array.isArray(items[at - 1]) ? items[at - 1][0] : items[at - 1].after) > gap.after) at -= 1;
    items.splice(at, 0, gap);
  }
  return items.slice(-room);
}

// Where the latest bar ends. Bars stand on multiples of their width, as their textures do.
const endOf = (width) => Math.floor(width / STEP) * STEP;

// The item at these pixels from the left, or the nearest one.
export function itemAt(canvas, items, x) {
  const index = Math.floor((x - endOf(canvas.clientWidth)) / STEP + items.length);
  return items[Math.min(items.length - 1, Math.max(0, index))];
}

// How far the scale goes: a round number that most bars do not exceed. The longest bar of only a few may be cut, too.
function topOf(items) {
  const busy = items.filter(Array.isArray).map((turn) => turn[2]).sort((a, b) => a - b);
  const most = Math.max(20, busy[Math.max(0, Math.floor(busy.length * SHORTER) - 1)] ?? 0);
  const unit = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((by) => by * unit).find((round) => round >= most);
}

// Draws, and gives what there is to say of the scale: its top, the number of bars that are cut, and the longest one.
export function draw(canvas, shown, items, { picked, chosen }) {
  prepare();
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const context = fit(canvas, width, height);
  const floor = height - LANE - SLEEP;
  const top = topOf(items);
  const scale = { top, cut: 0, longest: 0, per: (floor - HEAD) / top };
  grid(context, width, floor, top);
  items.forEach((item, index) => {
    const x = endOf(width) - (items.length - index) * STEP;
    if (item === picked) {
      context.fillStyle = colours.card;
      context.fillRect(x - 1, 0, STEP + 1, height);
      context.strokeStyle = colours.ink;
      context.lineWidth = 1;
      context.strokeRect(x - 1.5, 0.5, STEP + 2, height - 1);
    }
    if (Array.isArray(item)) bar(context, shown, item, x, floor, scale);
    else gap(context, x, floor);
    if (chosen !== null && Array.isArray(item) && item[5].some(([key]) => key === chosen)) mark(context, x, floor);
  });
  return scale;
}

function grid(context, width, floor, top) {
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  for (const part of [0, 0.5, 1]) {
    const y = Math.round(floor - part * (floor - HEAD)) + 0.5;
    line(context, GUTTER, y, width, y);
    context.fillStyle = colours.soft;
    if (part > 0) context.fillText(micros(part * top).replace(".0 ", " "), GUTTER - 6, y);
  }
  context.fillText("busy", GUTTER - 6, floor - 8);
  context.fillText("waited", GUTTER - 6, floor + LANE + 8);
  const axis = floor + 0.5;
  context.strokeStyle = colours.soft;
  line(context, GUTTER, axis, width, axis);
  context.strokeStyle = colours.line;
  for (const us of [1e3, 1e6]) {
    const y = Math.round(floor + LANE + depth(us)) + 0.5;
    line(context, GUTTER, y, width, y);
  }
}

function line(context, x, y, toX, toY) {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(toX, toY);
  context.stroke();
}

// How far down a sleep goes.
function depth(us) {
  const decades = Math.log10(Math.max(us, SLEEP_MIN) / SLEEP_MIN);
  return 1 + (Math.min(decades, SLEEP_DECADES) / SLEEP_DECADES) * (SLEEP - 2);
}

function bar(context, shown, turn, x, floor, scale) {
  const [, wait, busy] = turn;
  let done = 0;
  for (const [kind, us] of spent(shown, turn)) {
    const from = Math.round(floor - Math.min(done, scale.top) * scale.per);
    done += us;
    const to = Math.round(floor - Math.min(done, scale.top) * scale.per);
    context.fillStyle = textures[kind] ?? textures.rest;
    context.fillRect(x, to, STEP - 1, from - to);
  }
  context.fillStyle = colours.soft;
  context.fillRect(x, floor - 1, STEP - 1, 1);
  context.fillStyle = colours["k-wait"];
  context.fillRect(x + 2, floor + LANE, STEP - 5, depth(wait));
  scale.longest = Math.max(scale.longest, busy);
  if (busy > scale.top) {
    scale.cut += 1;
    torn(context, x);
  }
}

// A bar that goes on above the scale: its top is torn off, and an arrow points up.
function torn(context, x) {
  context.fillStyle = colours.well;
  context.beginPath();
  context.moveTo(x, HEAD + 6);
  context.lineTo(x + 7, HEAD + 2);
  context.lineTo(x + 7, HEAD + 5);
  context.lineTo(x, HEAD + 9);
  context.fill();
  arrow(context, x, HEAD - 3, -8);
}

function arrow(context, x, y, height) {
  context.fillStyle = colours.ink;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + 7, y);
  context.lineTo(x + 3.5, y + height);
  context.fill();
}

function gap(context, x, floor) {
  context.strokeStyle = colours.rust;
  context.lineWidth = 2;
  context.setLineDash([4, 3]);
  line(context, x + 3.5, HEAD, x + 3.5, floor);
  context.setLineDash([]);
  context.lineWidth = 1;
}

// The chosen slot was driven in this turn.
function mark(context, x, floor) {
  arrow(context, x, floor + LANE - 2, 3 - LANE);
}
