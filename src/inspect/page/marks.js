// The mark of each state: a shape of its own, so that nobody needs its colour to know it. The legend and the slab draw
// the same marks. A mark of up to 12 pixels is made of whole pixels: a slope would be a grey smear at that size.

const PIXELS_MAX = 12;

// The rows of a mark of `side` pixels: from where to where each is filled.
const half = (side) => Math.floor(side / 2);
const ROWS = {
  reading: (row, side) => [[0, side]],
  parsed: (row, side) => (row < half(side) ? [] : [[0, side]]),
  writing: (row, side) => [[0, side - Math.abs(2 * row - (side - 1))]],
  waits: (row, side) => {
    const cut = half(side - Math.abs(2 * row - (side - 1)) - 1);
    return [[cut, side - cut]];
  },
  closing: (row) => [[0, row + 1]],
  watches: (row, side) => {
    const cut = row === 0 || row === side - 1 ? Math.max(1, half(side / 2)) : 0;
    const hole = side > 4 && Math.abs(2 * row - (side - 1)) <= side / 3 ? Math.ceil(side / 8) : 0;
    const [left, right] = [Math.ceil(side / 2) - hole, half(side) + hole];
    return hole ? [[cut, left], [right, side - cut]] : [[cut, side - cut]];
  },
  free: (row, side) => {
    const isEnd = row === 0 || row === side - 1;
    if (side <= 3 && !isEnd) return [];
    return side > 3 && isEnd ? [[0, side]] : [[0, 1], [side - 1, side]];
  },
};

// Marks of two pixels by two, where even these shapes are too large: the filled pixels.
const TINY = {
  reading: [0, 1, 2, 3], parsed: [2, 3], writing: [0, 2], waits: [0, 3], closing: [0, 2, 3], watches: [0, 1, 2], free: [3],
};

// The same shapes as outlines, in a square of one by one.
const OUTLINES = {
  reading: "M0 0H1V1H0Z",
  parsed: "M0 0H1V1H0ZM.1 .1V.5H.9V.1Z",
  writing: "M.08 0L1 .5L.08 1Z",
  waits: "M0 0H1V.1L.6 .5L1 .9V1H0V.9L.4 .5L0 .1Z",
  closing: "M0 0L1 1H0Z",
  watches: "M.5 0A.5 .5 0 0 1 .5 1A.5 .5 0 0 1 .5 0ZM.5 .3A.2 .2 0 0 0 .5 .7A.2 .2 0 0 0 .5 .3Z",
  free: "M0 0H1V1H0ZM.1 .1V.9H.9V.1Z",
};

// Draws the mark of a state at x and y, all in pixels of the canvas.
export function draw(context, state, x, y, side, colour) {
  context.fillStyle = colour;
  if (side <= 2) {
    for (const pixel of TINY[state]) context.fillRect(x + (pixel % 2), y + half(pixel), 1, 1);
  } else if (side <= PIXELS_MAX) {
    for (let row = 0; row < side; row += 1) {
      for (const [from, to] of ROWS[state](row, side)) context.fillRect(x + from, y + row, to - from, 1);
    }
  } else {
    const outline = new Path2D();
    outline.addPath(new Path2D(OUTLINES[state]), new DOMMatrix([side, 0, 0, side, x, y]));
    context.fill(outline, "evenodd");
  }
}
