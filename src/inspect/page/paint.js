// Draws the slab and the turns on canvases: one picture of five thousand squares is faster than five thousand elements.

import { look } from "./model.js";

let colours = {};
const dark = matchMedia("(prefers-color-scheme: dark)");
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["reading", "parsed", "writing", "waits", "closing", "free", "ink", "soft", "rust", "card"]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
}
readColours();
dark.addEventListener("change", readColours);

function fit(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

// The layout of the slots: [columns, side of a square with its gap].
export function layout(canvas, size) {
  const side = size > 2000 ? 12 : size > 400 ? 18 : 30;
  return [Math.max(1, Math.floor(canvas.clientWidth / side)), side];
}

// What was drawn on the canvas last: only slots that changed are drawn again.
let drawn = { form: "", looks: [] };

export function slab(canvas, model, size, chosen) {
  const [columns, side] = layout(canvas, size);
  const height = Math.ceil(size / columns) * side;
  const form = [canvas.clientWidth, columns, side, height, devicePixelRatio, colours.card].join();
  let context = canvas.getContext("2d");
  if (drawn.form !== form) {
    canvas.style.height = `${height}px`;
    context = fit(canvas, canvas.clientWidth, height);
    drawn = { form, looks: [] };
  }
  const inner = side - Math.max(2, side / 8);
  for (let key = 0; key < size; key += 1) {
    const kept = model.places.get(key);
    const colour = kept ? look(kept) : "free";
    const looks = colour + (kept?.reads ? "+" : "") + (key === chosen ? "!" : "");
    if (drawn.looks[key] === looks) continue;
    drawn.looks[key] = looks;
    const [x, y] = [(key % columns) * side + 1, Math.floor(key / columns) * side + 1];
    context.clearRect(x - 1, y - 1, side, side);
    context.fillStyle = colours[colour];
    context.fillRect(x, y, inner, inner);
    if (kept?.reads) {
      context.fillStyle = colours.card;
      context.fillRect(x + inner / 3, y + inner / 3, inner / 3, inner / 3);
    }
    if (key === chosen) {
      context.strokeStyle = colours.ink;
      context.lineWidth = 2;
      context.strokeRect(x, y, inner, inner);
    }
  }
}

// Draws one bar for each turn, with a colour for each connection that was driven.
export function timeline(canvas, turns) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const context = fit(canvas, width, height);
  const step = 5;
  const shown = turns.slice(-Math.floor(width / step));
  const highest = Math.max(200, ...shown.map(([, , busy]) => busy));
  shown.forEach(([, , busy, , , driven], index) => {
    const x = width - (shown.length - index) * step;
    let y = height;
    const scale = (us) => (us / highest) * (height - 18);
    context.fillStyle = colours.soft;
    context.fillRect(x, height - Math.max(1, scale(busy)), step - 1, Math.max(1, scale(busy)));
    for (const [key, us] of driven) {
      const part = Math.max(1, scale(us));
      context.fillStyle = `hsl(${(key * 47) % 360} 45% 55%)`;
      context.fillRect(x, y - part, step - 1, part);
      y -= part;
    }
  });
  context.fillStyle = colours.soft;
  context.font = "12px system-ui, sans-serif";
  context.fillText(`${highest < 1000 ? `${Math.round(highest)} µs` : `${(highest / 1000).toFixed(1)} ms`}`, 6, 14);
}
