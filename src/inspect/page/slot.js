// The card of the chosen slot: its connection, and what that did.

import { look } from "./model.js";
import { WAITS, bytes, count, micros, nameOf } from "./words.js";
import { terms } from "./terms.js";

const $ = (id) => document.getElementById(id);

function factsOf(shown, key) {
  const kept = shown.places.get(key);
  return [
    ["slot", String(key)],
    ["connection", kept && `#${kept.id}`],
    ["state", kept ? nameOf(look(kept)) : "free"],
    ["waits for", kept && WAITS[kept.wait]],
    ["peer", kept?.peer],
    ["age", kept && micros((shown.now - kept.born) * 1000)],
    ["requests", kept && count(kept.requests)],
    ["in", kept && bytes(kept.bytesIn)],
    ["out", kept && bytes(kept.bytesOut)],
    ["last asked", kept && (kept.line || "nothing yet")],
    ["note", kept?.reads && "this connection brings you the events, so the events say nothing about it"],
  ].map(([name, value]) => [name, value || ""]);
}

export function draw(shown, chosen) {
  $("slot-none").hidden = chosen !== null;
  $("slot-facts").hidden = chosen === null;
  if (chosen === null) return;
  terms($("facts"), factsOf(shown, chosen));
  const { id, moves } = shown.history.get(chosen) ?? { moves: [] };
  const key = `${chosen} ${id} ${moves.length} ${moves.at(-1)?.at}`;
  if ($("history").dataset.key === key) return;
  $("history").dataset.key = key;
  $("history").replaceChildren(...moves.toReversed().map(moveInWords));
}

function moveInWords({ at, from, to, because }) {
  const item = document.createElement("li");
  const when = document.createElement("time");
  const why = document.createElement("span");
  when.textContent = `${(at / 1000).toFixed(3)} s `;
  why.textContent = because ?? "";
  item.append(when, `${from} → ${to}`, why);
  return item;
}
