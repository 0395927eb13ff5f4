// Canvases: their colours, which are those of the page, and their sizes. And the bars of the turns.

export const colours = { version: 0 };
const NAMES = [
  "reading", "parsed", "writing", "waits", "closing", "watches", "free", "ink", "soft", "line", "rust", "card", "well",
];
const listeners = [];

// The number of pixels of a canvas in a pixel of the page.
export const ratio = () => devicePixelRatio || 1;

// Calls `redraw` when the colours have changed.
export const listen = (redraw) => listeners.push(redraw);

// The name of a system colour means another colour on a canvas, so an element says which colour it is.
function readColours() {
  const probe = document.createElement("i");
  probe.className = "probe";
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
