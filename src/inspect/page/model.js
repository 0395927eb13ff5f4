// The state of the server at some moment: its connections, turns and counters. The server's snapshot and events are put
// in. This file knows no element of the page.

const KEPT_MOVES = 32;
const KEPT_TURNS = 400;
const KEPT_REQUESTS = 4; // of each slot
const KEPT_GAPS = 40;
const AWAY_MS = 500; // between two batches there is a fifth of this

export const STATES = ["reading", "parsed", "writing", "waits", "closing", "watches"];

// How a connection looks: its state. Two have a look of their own: the connection that waits for writability, which the
// "slow reader" button shows, and the connection that brings a page its events.
function look({ state, wait, reads }) {
  if (state === "Writing" && wait === "Write") return "waits";
  if (state === "Closed") return "closing";
  return reads ? "watches" : state.toLowerCase();
}

// What starts the clock of a wait anew, beside another wait.
const RESTARTS = { Idle: "bytesOut", Head: "requests", Body: "bytesIn", Write: "bytesOut" };

// A place, as it is at `now`. `last` is how it was before, if that is known. Since when it waits is known exactly where a
// batch told of the beginning, and not a whole snapshot.
function place([key, id, peer, state, wait, born, bytesIn, bytesOut, requests, line, reads], last, now, isWhole) {
  const kept = { key, id, peer, state, wait, born, bytesIn, bytesOut, requests, line, reads: reads === 1 };
  const goesOn = last?.wait === wait && last[RESTARTS[wait]] === kept[RESTARTS[wait]];
  kept.look = look(kept);
  kept.clock = goesOn ? last.clock : { since: now, isExact: !isWhole };
  if (wait === "First") kept.clock = { since: born, isExact: true };
  return kept;
}

// A request, and when it took which steps: pairs of an index into the names of the steps and microseconds.
function request([number, key, id, line, status, began, steps]) {
  return { number, key, id, line, status, began, steps };
}

// What a snapshot would be after these batches, which the server made later than it, in this order.
export function withBatches(state, batches) {
  if (batches.length === 0) return state;
  const places = new Map(state.places.map((row) => [row[0], row]));
  for (const row of batches.flatMap((batch) => batch.places)) {
    if (row.length === 1) places.delete(row[0]);
    else places.set(row[0], row);
  }
  const all = (name) => [state, ...batches].flatMap((news) => news[name] ?? []);
  const { now_ms, slots, counters, calls } = batches.at(-1);
  const rows = { places: [...places.values()], turns: all("turns"), moves: all("moves"), requests: all("requests") };
  return { ...state, now_ms, slots, counters, calls, ...rows };
}

// Puts `row` into `rows`, which are in the order of the member `by`, and keeps the last `most` of them. Nearly always its
// place is the end.
function insert(rows, row, by, most) {
  let index = rows.length;
  while (index > 0 && rows[index - 1][by] > row[by]) index -= 1;
  rows.splice(index, 0, row);
  if (rows.length > most) rows.shift();
}

export class Model {
  server = null; // a number that another server, or the same program started again, does not have
  places = new Map();
  history = new Map(); // for each slot, the last connection in it: its number and its changes of state
  turns = [];
  counters = {};
  calls = {};
  now = 0;
  size = 0; // the number of slots

  requests = new Map(); // for each slot, the last requests in it
  kinds = []; // the names of what a turn's time is spent on
  steps = []; // the steps of a request, and where they are in the source
  gaps = []; // where turns are missing: how many, why, and after which turn
  lost = { moves: 0, requests: 0 }; // how many changes of state and requests were left out of the events

  // Takes in a whole snapshot or a batch of events. It may hold turns and changes that are known already.
  take(news) {
    const isWhole = news.columns !== undefined;
    this.#takeGap(news, this.#lastTurn(), isWhole);
    // A batch that was made before a snapshot may come after it. Its places are older than those that are known. A batch
    // is made when a turn begins, so one with the time of a snapshot is older, too.
    if (isWhole ? news.now_ms >= this.now : news.now_ms > this.now) this.#takeState(news, isWhole);
    for (const row of news.moves) this.#takeMove(row);
    for (const row of news.requests ?? []) this.#takeRequest(row);
    for (const turn of news.turns) this.#takeTurn(turn);
    if (this.turns.length > KEPT_TURNS) this.turns.splice(0, this.turns.length - KEPT_TURNS);
  }

  // Keeps the turns in order. A snapshot that a batch overtook may tell of an earlier turn, which another batch left out.
  #takeTurn(turn) {
    let index = this.turns.length;
    while (index > 0 && this.turns[index - 1][0] > turn[0]) index -= 1;
    if (index === 0 || this.turns[index - 1][0] < turn[0]) this.turns.splice(index, 0, turn);
  }

  // When the last turn began that is known.
  #lastTurn() {
    return this.turns.at(-1)?.[0] ?? -1;
  }

  #takeState(news, isWhole) {
    this.now = news.now_ms;
    this.size = Math.max(this.size, news.slots ?? 0);
    this.counters = news.counters;
    this.calls = news.calls;
    if (isWhole) {
      this.server = news.server;
      const taken = new Set(news.places.map(([key]) => key));
      for (const key of this.places.keys()) if (!taken.has(key)) this.places.delete(key);
      this.kinds = news.kinds ?? [];
      this.steps = news.steps ?? [];
    }
    for (const row of news.places) this.#takePlace(row, isWhole);
  }

  // Notes what is not in the events: what the server had no room for, batches that it could not send to a slow reader, and
  // the time for which the page did not hear from it. Where changes and requests were left out, no turn is missing.
  #takeGap({ lost, missed, isFirst, now_ms }, after, isWhole) {
    const away = (isWhole || isFirst) && this.now > 0 && now_ms - this.now > AWAY_MS ? now_ms - this.now : 0;
    const { turns, moves, requests } = { turns: 0, moves: 0, requests: 0, ...lost };
    this.lost = { moves: this.lost.moves + moves, requests: this.lost.requests + requests };
    if (!missed && !away && !turns) return;
    this.gaps.push({ after, now: now_ms, batches: missed ?? 0, away, turns });
    if (this.gaps.length > KEPT_GAPS) this.gaps.shift();
  }

  #takeRequest(row) {
    const came = request(row);
    if (this.#isOver(came)) return;
    if (this.requests.get(came.key)?.[0].id !== came.id) this.requests.set(came.key, []);
    const known = this.requests.get(came.key);
    const at = known.findIndex(({ number }) => number === came.number);
    if (at < 0) insert(known, came, "number", KEPT_REQUESTS);
    else if (came.steps.length >= known[at].steps.length) known[at] = came;
  }

  // Whether a later connection in the same slot is known. The numbers of connections grow.
  #isOver({ key, id }) {
    return this.places.get(key)?.id > id || this.history.get(key)?.id > id || this.requests.get(key)?.[0].id > id;
  }

  #takePlace(row, isWhole) {
    const [key, id] = row;
    this.size = Math.max(this.size, key + 1);
    if (id === undefined) {
      this.places.delete(key);
      return;
    }
    if (this.history.has(key) && this.history.get(key).id !== id) this.history.delete(key);
    const last = this.places.get(key);
    this.places.set(key, place(row, last?.id === id ? last : undefined, this.now, isWhole));
  }

  #takeMove([at, key, id, from, to, because]) {
    if (this.#isOver({ key, id })) return;
    if (this.history.get(key)?.id !== id) this.history.set(key, { id, moves: [] });
    const { moves } = this.history.get(key);
    if (moves.some((move) => move.at === at && move.from === from)) return;
    insert(moves, { at, from, to, because }, "at", KEPT_MOVES);
  }

  // A copy that can change independently.
  copy() {
    const history = [...this.history].map(([key, { id, moves }]) => [key, { id, moves: [...moves] }]);
    const requests = [...this.requests].map(([key, rows]) => [key, [...rows]]);
    const own = { places: new Map(this.places), history: new Map(history), requests: new Map(requests) };
    return Object.assign(new Model(), this, own, { turns: [...this.turns], gaps: [...this.gaps] });
  }

  // The slot of the latest connection for which `condition` holds, or null.
  find(condition) {
    const found = [...this.places.values()].filter(condition).sort((one, other) => other.id - one.id);
    return found[0]?.key ?? null;
  }

  // The slot of the latest connection that did something and is newer than the connection number `id`, or null. It may be
  // over by now.
  latestSince(id) {
    const newer = [...this.history].filter(([, past]) => past.id > id).sort(([, one], [, other]) => other.id - one.id);
    return newer[0]?.[0] ?? null;
  }

  // The next slot behind `key` that looks so, from the first again behind the last; or null.
  next(state, key) {
    for (let by = 1; by <= this.size; by += 1) {
      const slot = ((key ?? -1) + by) % this.size;
      if ((this.places.get(slot)?.look ?? "free") === state) return slot;
    }
    return null;
  }

  counts() {
    const counts = Object.fromEntries([...STATES, "free"].map((state) => [state, 0]));
    for (const kept of this.places.values()) counts[kept.look] += 1;
    counts.free = this.size - this.places.size;
    return counts;
  }
}
