// Which moment is shown: the present, a moment at which the user paused, or a replay of the seconds before it. This file
// knows no element of the page.
//
// A state is never computed backwards. A replay takes a copy of an old state and puts in again, one by one, what came
// after it: batches of events and snapshots, both called frames here.

import { Model, withBatches } from "./model.js";

const KEPT_FRAMES = 100; // ten seconds
const AHEAD_MAX = 600; // a minute
const REPLAYED_MS = 500; // in a replay, a tenth of a second takes this long

export class Time {
  #now = new Model();
  #past = new Model(); // the state ten seconds ago, or when the page was opened: a replay of the present begins there
  #since = []; // the frames from #past to now
  // While the present is not shown: where a replay begins (`from`), the frames after that, how many of them are in what
  // is shown (`at`), where a replay ends (`end`, or null: in the present), and how many frames came when there was no
  // room for more of them (`cut`).
  #tape = null;
  #clock = null; // the timer of a replay
  #isKnown = false; // whether a snapshot came
  #early = []; // the last batches of a server of which no snapshot came yet
  shown = this.#now;

  // "live", "paused" or "replay"
  get mode() {
    if (this.#tape === null) return "live";
    return this.#clock === null ? "paused" : "replay";
  }

  // The number of steps from the shown moment to the last one that is kept.
  get ahead() {
    return this.#tape === null ? 0 : this.#tape.frames.length - this.#tape.at;
  }

  // The number of steps that are not kept, since the page was paused for too long.
  get cut() {
    return this.#tape === null ? 0 : this.#tape.cut;
  }

  // Takes in a snapshot. The first one, and the first one of another server, begins everything anew. Another one mends
  // the present, after batches were missed; the past and a pause stay what they were. Batches come on a connection of
  // their own and may overtake the snapshot, so those that the server made after it are put on top. Gives false if they are
  // not all kept any more: then the snapshot is too old, and another one is needed.
  begin(state) {
    const isSame = this.#isKnown && this.#now.server === state.server;
    if (isSame && state.now_ms < this.#past.now) return false;
    const batches = isSame ? this.#since.filter(({ columns }) => columns === undefined) : this.#early;
    const later = batches.filter(({ server, now_ms }) => server === state.server && now_ms > state.now_ms);
    const whole = withBatches(state, later);
    if (isSame) {
      this.#keep(whole);
      return true;
    }
    this.#isKnown = true;
    this.#early = [];
    this.#now = new Model();
    this.#now.take(whole);
    this.#past = this.#now.copy();
    this.#since = [];
    this.resume();
    return true;
  }

  // Takes in the next batch.
  take(batch) {
    if (this.#isKnown && this.#now.server === batch.server) {
      this.#keep(batch);
      return;
    }
    this.#early.push(batch);
    if (this.#early.length > KEPT_FRAMES) this.#early.shift();
  }

  #keep(frame) {
    this.#now.take(frame);
    this.#since.push(frame);
    if (this.#since.length > KEPT_FRAMES) this.#past.take(this.#since.shift());
    if (this.#tape === null) return;
    // After a frame that was not kept, no later one is: a step over a gap would lead to a state that never was.
    if (this.#tape.cut === 0 && this.ahead < AHEAD_MAX) this.#tape.frames.push(frame);
    else this.#tape.cut += 1;
  }

  // Shows the present.
  resume() {
    this.#stop();
    this.#tape = null;
    this.shown = this.#now;
  }

  // Pauses, also in a replay.
  pause() {
    this.#stop();
    if (this.#tape !== null) return;
    const frames = this.#since.slice();
    this.#tape = { from: this.#past.copy(), frames, at: frames.length, end: null, cut: 0 };
    this.shown = this.#now.copy();
  }

  step() {
    const frame = this.#tape?.frames[this.#tape.at];
    if (frame === undefined) return;
    this.#tape.at += 1;
    this.shown.take(frame);
  }

  // Shows the seconds before the shown moment again, five times slower, without the time in which no turn happened. It
  // ends at this moment: in the present, or paused where the user paused.
  replay(changed) {
    const wasLive = this.#tape === null;
    this.pause();
    const tape = this.#tape;
    const last = tape.at;
    tape.end = wasLive ? null : last;
    tape.at = 0;
    this.shown = tape.from.copy();
    this.#clock = setInterval(() => {
      if (tape.at >= last) this.back();
      else do this.step(); while (tape.at < last && tape.frames[tape.at - 1].turns.length === 0);
      changed();
    }, REPLAYED_MS);
  }

  // Ends a replay where it would have ended by itself.
  back() {
    const { end } = this.#tape;
    if (end === null) {
      this.resume();
      return;
    }
    this.#stop();
    while (this.#tape.at < end) this.step();
  }

  #stop() {
    clearInterval(this.#clock);
    this.#clock = null;
  }
}
