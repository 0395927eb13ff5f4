// What the page knows: the connections, the turns and the counters, as of some moment. It is fed with batches,
// live ones or ones that were kept, and knows no element of the page.

const KEPT_BATCHES = 100; // ten seconds
const KEPT_MOVES = 32;
export const KEPT_TURNS = 400;

export const STATES = ["reading", "parsed", "writing", "waits", "closing"];

// A connection that is writing and waits for writability has a colour of its own: it is what the "slow
// reader" is about. Whoever reads the events waits for these, not for room.
export function look({ state, wait, reads }) {
  const name = state.toLowerCase();
  return name === "writing" && wait === "Write" && !reads ? "waits" : name;
}

function place([key, id, peer, state, wait, born, bytesIn, bytesOut, requests, line, reads]) {
  return { key, id, peer, state, wait, born, bytesIn, bytesOut, requests, line, reads: reads === 1 };
}

export class Model {
  places = new Map();
  history = new Map();
  turns = [];
  counters = {};
  calls = {};
  now = 0;
  size = 0;
  batches = [];

  // A whole snapshot, or a batch of news.
  take(news) {
    this.now = news.now_ms;
    this.counters = news.counters;
    this.calls = news.calls;
    for (const row of news.places) {
      const [key, id] = row;
      this.size = Math.max(this.size, key + 1);
      if (id === undefined) {
        this.places.delete(key);
      } else {
        if (this.places.get(key)?.id !== id) this.history.delete(key);
        this.places.set(key, place(row));
      }
    }
    for (const [at, key, id, from, to, because] of news.moves) {
      let moves = this.history.get(key);
      if (!moves || moves.id !== id) this.history.set(key, (moves = Object.assign([], { id })));
      moves.push({ at, from, to, because });
      if (moves.length > KEPT_MOVES) moves.shift();
    }
    this.turns.push(...news.turns);
    if (this.turns.length > KEPT_TURNS) this.turns.splice(0, this.turns.length - KEPT_TURNS);
  }

  // The same, remembered for a replay.
  keep(news) {
    this.batches.push(news);
    if (this.batches.length > KEPT_BATCHES) this.batches.shift();
  }

  counts() {
    const counts = Object.fromEntries([...STATES, "free"].map((state) => [state, 0]));
    for (const kept of this.places.values()) counts[look(kept)] += 1;
    counts.free = this.size - this.places.size;
    return counts;
  }
}
