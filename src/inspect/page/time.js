// Which moment is shown: the present, one at which it was paused, or the last seconds once more. It knows no
// element of the page.

import { Model } from "./model.js";

const KEPT_BATCHES = 100; // ten seconds
const AHEAD_MAX = 600; // a minute
const REPLAYED_MS = 500; // so long a tenth of a second takes in a replay

export class Time {
  #now = new Model();
  #past = new Model(); // ten seconds ago, or as long as this page knows of: there a replay begins
  #since = []; // the batches from there to now
  #ahead = []; // those between what is shown and now, where that is not the present
  #clock = null; // what a replay goes by
  shown = this.#now;

  // "live", "paused" or "replay"
  get mode() {
    if (this.shown === this.#now) return "live";
    return this.#clock === null ? "paused" : "replay";
  }

  // How many steps there are from what is shown.
  get ahead() {
    return this.#ahead.length;
  }

  // A snapshot: from here on everything is known, whatever was missed before.
  begin(state) {
    this.#now = new Model();
    this.#now.take(state);
    this.#past = this.#now.copy();
    this.#since = [];
    this.resume();
  }

  // What is new now.
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

  // Here a replay stands still, too.
  pause() {
    this.#stop();
    if (this.mode === "live") this.shown = this.#now.copy();
  }

  step() {
    const batch = this.#ahead.shift();
    if (batch) this.shown.take(batch);
    return batch;
  }

  // The last seconds once more, five times slower, without those in which nothing happened.
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
