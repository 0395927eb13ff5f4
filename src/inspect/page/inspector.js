// The page: events in, pictures and words out. Bytes that a client sent are shown as text, never as HTML.
//
// | file | what it owns |
// |---|---|
// | model.js, time.js | the state of the server at some moment; which moment is shown |
// | events.js, limits.js | how the state comes here, and how long the server waits for what |
// | slab.js, slot.js, turns.js, counters.js | the four parts of the page |
// | life.js | in the part of the slot: the life of each of its requests |
// | timeline.js, kinds.js | in the part of the turns: the bars, and what each colour means |
// | squares.js, marks.js | the squares of the slab, and the shape of each state |
// | paint.js, dom.js, terms.js, words.js | canvases, elements, lists, names and numbers |
// | buttons.js, clients.js | clients that make something happen |

import { Time } from "./time.js";
import { fetchLimits } from "./limits.js";
import * as buttons from "./buttons.js";
import * as counters from "./counters.js";
import * as events from "./events.js";
import * as life from "./life.js";
import * as slab from "./slab.js";
import * as slot from "./slot.js";
import * as turns from "./turns.js";

const time = new Time();
let chosen = null; // the key of a slot
let lit = new Set(); // the keys of slots that were driven in the turn at which the user points
let server = null; // which server is shown
let isDue = false; // whether a frame is asked for

// Draws at most once a frame, and only if something is new: frames cost time also where nothing is drawn.
function changed() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    draw();
  });
}
const choose = (key) => {
  chosen = key;
  changed();
};
const chooseByHand = (key) => {
  buttons.leave();
  choose(key);
};
const light = (keys) => {
  lit = new Set(keys);
  changed();
};

// The turns come first: they say which slots are lit.
function draw() {
  // The slots of another server are other slots.
  if (server !== time.shown.server) {
    if (server !== null) buttons.beginAnew();
    server = time.shown.server;
    chosen = null;
    fetchLimits();
  }
  turns.draw(time, chosen);
  const own = slab.draw(time.shown, chosen, lit);
  if (own !== null) choose(own);
  counters.draw(time.shown);
  slot.draw(time.shown, chosen);
  life.draw(time.shown, chosen);
}

addEventListener("resize", changed);

slab.listen(() => chosen, chooseByHand);
turns.listen(time, changed, light);
buttons.listen(time, choose);
events.listen(time, changed);
changed();
