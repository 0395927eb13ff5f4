// Which moment is shown: the present, a moment at which the user paused, or a replay of the last seconds. This file knows
// no element of the page.

import { Model } from "./model.js";

const KEPT_BATCHES = 100; // ten seconds
const AHEAD_MAX = 600; // a minute
const REPLAYED_MS = 500; // in a replay, a tenth of a second takes this long

export class Time {
  #now = new Model();
  #past = new Model(); // the state ten seconds ago, or when the page was opened: a replay begins there
  #since = []; // the batches from #past to now
  #ahead = []; // the batches from the shown moment to now, while the present is not shown
  #clock = null; // the timer of a replay
  shown = this.#now;

  // "live", "paused" or "replay"
  get mode() {
    if (this.shown === this.#now) return "live";
    return this.#clock === null ? "paused" : "replay";
  }

  // The number of steps from the shown moment to now.
  get ahead() {
    return this.#ahead.length;
  }

  // Begins anew with a snapshot, which has everything, even if batches were missed before.
  begin(state) {
    this.#now = new Model();
    this.#now.take(state);
    this.#past = this.#now.copy();
    this.#since = [];
    this.resume();
  }

  // Takes in the next batch.
  take(batch) {
    this.#now.take(batch);
    this.#since.push(batch);
    if (this.#since.length > KEPT_BATCHES) this.#past.take(this.#since.shift());
    if (this.mode !== "live" && this.#ahead.length < AHEAD_MAX) this.#ahead.push(batch);
  }

  resume() {
    this.#stop();
    this.shown = this.#now;
    this.#ahead = [];
  }

  // Pauses, also in a replay.
  pause() {
    this.#stop();
    if (this.mode === "live") this.shown = this.#now.copy();
  }

  step() {
    const batch = this.#ahead.shift();
    if (batch) this.shown.take(batch);
    return batch;
  }

  // Shows the last seconds again, five times slower, without the time in which no turn happened.
  replay(changed) {
    this.#stop();
    this.shown = this.#past.copy();
    this.#ahead = this.#since.slice();
    const last = this.#since.at(-1);
    let batch;
    this.#clock = setInterval(() => {
      if (batch === last) this.resume();
      else do batch = this.step(); while (batch !== last && batch.turns.length === 0);
      changed();
    }, REPLAYED_MS);
  }

  #stop() {
    clearInterval(this.#clock);
    this.#clock = null;
  }
}
