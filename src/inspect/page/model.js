// The state of the server at some moment: its connections, turns and counters. The server's snapshot and events are put
// in. This file knows no element of the page.

const KEPT_MOVES = 32;
const KEPT_TURNS = 400;

export const STATES = ["reading", "parsed", "writing", "waits", "closing"];

// A connection that is writing and waits for writability has a colour of its own: the "slow reader" button shows this.
export function look({ state, wait }) {
  return state === "Writing" && wait === "Write" ? "waits" : state.toLowerCase();
}

function place([key, id, peer, state, wait, born, bytesIn, bytesOut, requests, line, reads]) {
  return { key, id, peer, state, wait, born, bytesIn, bytesOut, requests, line, reads: reads === 1 };
}

export class Model {
  places = new Map();
  history = new Map(); // for each slot, the last connection in it: its number and its changes of state
  turns = [];
  counters = {};
  calls = {};
  now = 0;
  size = 0;

  // Takes in a whole snapshot or a batch of events. It may hold turns and changes that are known already.
  take(news) {
    this.now = news.now_ms;
    this.counters = news.counters;
    this.calls = news.calls;
    news.places.forEach((row) => this.#takePlace(row));
    news.moves.forEach((row) => this.#takeMove(row));
    const last = this.turns.at(-1)?.[0] ?? -1;
    this.turns.push(...news.turns.filter(([at]) => at > last));
    if (this.turns.length > KEPT_TURNS) this.turns.splice(0, this.turns.length - KEPT_TURNS);
  }

  #takePlace(row) {
    const [key, id] = row;
    this.size = Math.max(this.size, key + 1);
    if (id === undefined) {
      this.places.delete(key);
      return;
    }
    if (this.history.has(key) && this.history.get(key).id !== id) this.history.delete(key);
    this.places.set(key, place(row));
  }

  #takeMove([at, key, id, from, to, because]) {
    if (this.history.get(key)?.id !== id) this.history.set(key, { id, moves: [] });
    const { moves } = this.history.get(key);
    if (moves.some((move) => move.at === at && move.from === from)) return;
    moves.push({ at, from, to, because });
    if (moves.length > KEPT_MOVES) moves.shift();
  }

  // A copy that can change independently.
  copy() {
    const history = [...this.history].map(([key, { id, moves }]) => [key, { id, moves: [...moves] }]);
    const own = { places: new Map(this.places), history: new Map(history), turns: [...this.turns] };
    return Object.assign(new Model(), this, own);
  }

  counts() {
    const counts = Object.fromEntries([...STATES, "free"].map((state) => [state, 0]));
    for (const kept of this.places.values()) counts[look(kept)] += 1;
    counts.free = this.size - this.places.size;
    return counts;
  }
}
