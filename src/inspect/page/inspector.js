// The page: events in, pictures and words out. Bytes that a client sent are shown as text, never as HTML.
//
// | file | what it owns |
// |---|---|
// | model.js, time.js | the state of the server at some moment; which moment is shown |
// | events.js | how the state comes here |
// | slab.js, slot.js, turns.js, counters.js | the four parts of the page |
// | paint.js, terms.js, words.js | canvases, lists, names and numbers |
// | buttons.js, clients.js | clients that make something happen |

import { Time } from "./time.js";
import * as buttons from "./buttons.js";
import * as counters from "./counters.js";
import * as events from "./events.js";
import * as slab from "./slab.js";
import * as slot from "./slot.js";
import * as turns from "./turns.js";

const time = new Time();
let chosen = null; // the key of a slot
let stale = true;

const changed = () => { stale = true; };
const choose = (key) => {
  chosen = key;
  changed();
};

function draw() {
  slab.draw(time.shown, chosen);
  turns.draw(time);
  counters.draw(time.shown);
  slot.draw(time.shown, chosen);
}

// Draws at most once a frame, and only if something is new.
function frame() {
  if (stale) {
    stale = false;
    draw();
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
addEventListener("resize", changed);

slab.listen(() => chosen, choose);
turns.listen(time, changed);
buttons.listen(time, choose);
events.listen(time, changed);
