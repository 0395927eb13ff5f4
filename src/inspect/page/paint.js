// Canvases: their colours, which are those of the page, and their sizes.

import { element } from "./dom.js";
import { KINDS } from "./kinds.js";

export const colours = { version: 0 };
const NAMES = [
  "reading", "parsed", "writing", "waits", "closing", "watches", "free", "ink", "soft", "line", "rust", "card", "well",
  ...[...Object.keys(KINDS), "wait"].map((kind) => `k-${kind}`),
];
const listeners = [];

// The number of pixels of a canvas in a pixel of the page.
export const ratio = () => devicePixelRatio || 1;

// Calls `redraw` when the colours have changed.
export const listen = (redraw) => listeners.push(redraw);

// The name of a system colour means another colour on a canvas, so an element says which colour it is.
function readColours() {
  const probe = element("i", "probe");
  document.documentElement.append(probe);
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  colours.version += 1;
  listeners.forEach((redraw) => redraw());
}
readColours();
for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) {
  matchMedia(query).addEventListener("change", readColours);
}
// On paper the colours are those for light screens.
for (const [event, isPaper] of [["beforeprint", true], ["afterprint", false]]) {
  addEventListener(event, () => {
    document.documentElement.classList.toggle("paper", isPaper);
    readColours();
  });
}

export function fit(canvas, width, height) {
  const [w, h] = [Math.round(width * ratio()), Math.round(height * ratio())];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d");
  context.setTransform(ratio(), 0, 0, ratio(), 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
