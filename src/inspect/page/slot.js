// The card of the chosen slot: its connection, what that waits for, and what it did.

import { $, element, setText } from "./dom.js";
import { WAITS, bytes, count, micros, nameOf, seconds } from "./words.js";
import { limitOf } from "./limits.js";
import { OWN } from "./clients.js";
import { terms } from "./terms.js";

const READS = "Its answer has no end: whenever there is something new, a piece more of it is sent. The events say nothing about this connection itself, or each event would be the reason for the next.";
const FREE = "This slot is free: no connection is in it. A new connection gets a free slot before the slab grows.";

function factsOf(shown, kept) {
  return [
    ["connection", kept && `#${kept.id}`],
    ["client’s address", kept?.peer],
    ["age", kept && micros((shown.now - kept.born) * 1000)],
    ["requests", kept && count(kept.requests)],
    ["bytes in", kept && bytes(kept.bytesIn)],
    ["bytes out", kept && bytes(kept.bytesOut) + stillness(shown, kept)],
    ["last asked", kept && (kept.line || "nothing yet")],
  ].map(([name, value]) => [name, value || ""]);
}

// How long no byte went out, where this is what a connection waits for.
function stillness(shown, { wait, clock }) {
  if (wait !== "Write") return "";
  const lasts = shown.now - clock.since;
  return lasts < 1000 ? "" : `, stands still for ${clock.isExact ? "" : "at least "}${seconds(lasts)}`;
}

// What a connection waits for, and until when.
function waitOf(shown, { wait, clock, reads, line }) {
  const [what, end] = WAITS[wait] ?? [wait, ""];
  const page = line.includes(OWN) ? "this page" : "another page like this one";
  const own = reads ? `This connection brings ${page} its events. ${READS} ` : "";
  const limit = limitOf(wait);
  if (!end || limit === undefined) return `${own}It waits for ${what}.`;
  const left = seconds(limit - (shown.now - clock.since));
  return `${own}It waits for ${what}. In ${clock.isExact ? "" : "at most "}${left} the server ${end}.`;
}

export function draw(shown, chosen) {
  $("slot-none").hidden = chosen !== null;
  $("slot-facts").hidden = chosen === null;
  if (chosen === null) return;
  const kept = shown.places.get(chosen);
  setText($("h-slot"), `Slot ${chosen}`);
  setText($("state"), nameOf(kept?.look ?? "free"));
  setText($("wait"), kept ? waitOf(shown, kept) : FREE);
  terms($("facts"), factsOf(shown, kept));
  history(shown, chosen, kept);
}

// What the connection did; of a free slot, what the last connection in it did.
function history(shown, chosen, kept) {
  const { id, moves } = shown.history.get(chosen) ?? { moves: [] };
  $("h-history").hidden = moves.length === 0;
  setText($("h-history"), kept ? "What the connection did, and why" : `What the last connection in it, #${id}, did`);
  const key = `${chosen} ${id} ${moves.length} ${moves.at(-1)?.at}`;
  if ($("history").dataset.key === key) return;
  $("history").dataset.key = key;
  $("history").replaceChildren(...moves.toReversed().map(moveInWords));
}

function moveInWords({ at, from, to, because }) {
  const item = element("li");
  item.append(element("time", "", `${(at / 1000).toFixed(3)} s `), `${from} → ${to}`, element("span", "", because ?? ""));
  return item;
}
