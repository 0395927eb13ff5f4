// The life of a request: for the chosen slot, when each of its last requests took which step, and where in the source.

import { $, element, setText } from "./dom.js";
import { WAITS, count, micros } from "./words.js";

// What a step means, for a reader who sees it for the first time.
const MEANINGS = {
  "head here": "The last byte of the head was read, and the head is parsed. All times count from the moment at which its first bytes were read.",
  "gate": "Host and origin were judged, and whether this client may ask.",
  "disk": "What it asks for was looked up on the disk. A request for something that is in memory does not have this step.",
  "answered": "The answer was made: its head, and the content that is in memory.",
  "first byte out": "The kernel took the first byte of the answer.",
  "last byte out": "The kernel took the last byte. It may still be on its way: the kernel sends on without the server.",
  "log": "The line for the access log was handed over. A line that does not say how long the answer took is written before its first byte is out.",
};
const SILENT = "The events say no more of it.";
let drawn = ""; // what is shown: this changes seldom, and the page is drawn ten times a second

export function draw(shown, chosen) {
  const box = $("life");
  const place = chosen === null ? undefined : shown.places.get(chosen);
  const known = chosen === null ? [] : shown.requests.get(chosen) ?? [];
  const requests = place && known[0]?.id !== place.id ? [] : known;
  const form = JSON.stringify([chosen, place?.id, place?.reads, requests.map(({ number, status, steps }) => [number, status, steps.length]), shown.steps.length]);
  if (form !== drawn) {
    drawn = form;
    const toggled = new Set([...box.querySelectorAll("details")].filter(isToggled).map(({ id }) => id));
    box.replaceChildren(...(chosen === null ? [] : contentOf(shown, place, requests)));
    // What the user opened or closed stays so.
    for (const part of box.querySelectorAll("details")) if (toggled.has(part.id)) part.open = !part.open;
  }
  const still = box.querySelector(".now");
  if (still) tellWait(still, shown, place, requests.at(-1));
}

// Whether the user has opened or closed it.
const isToggled = ({ open, dataset }) => open !== (dataset.opens === "true");

function contentOf(shown, place, requests) {
  const title = element("h3", "", "The life of its last requests");
  if (place?.reads) return [title, element("p", "hint", "This connection brings you the events, so the events say nothing of its requests.")];
  if (requests.length === 0 && place === undefined) return [];
  if (requests.length === 0) return [title, element("p", "hint", "No request came on it yet.")];
  const lives = requests.toReversed().map((request, index) => lifeOf(shown, request, index === 0, place !== undefined));
  const meanings = element("details");
  meanings.id = "steps-mean";
  meanings.append(element("summary", "", "What the steps mean"), meaningsOf(shown.steps));
  return [title, ...lives, meanings];
}

function meaningsOf(steps) {
  const list = element("dl", "words");
  for (const { name } of steps) {
    if (MEANINGS[name] === undefined) continue;
    const row = element("div");
    row.append(element("dt", "", name), element("dd", "", MEANINGS[name]));
    list.append(row);
  }
  return list;
}

// The line of the log may come before or after the last byte, by its form; and there may be no log.
const isOver = (shown, { steps }) => steps.some(([index]) => shown.steps[index].name === "last byte out");

// The latest request is open, and one line is shown of each before.
function lifeOf(shown, request, isLast, isConnected) {
  const { number, line, status, began, steps } = request;
  const whole = steps.at(-1)?.[1] ?? 0;
  const life = element("details", "life");
  life.id = `request-${number}`;
  life.open = isLast;
  life.dataset.opens = String(isLast);
  const summary = element("summary");
  const runs = !isOver(shown, request);
  const facts = [status === 0 ? "no answer yet" : status, runs ? "not over" : micros(whole), `came ${(began / 1000).toFixed(3)} s after the start`];
  summary.append(element("b", "", line || "a request"), element("span", "facts", facts.join(" · ")));
  const list = element("ol");
  let before = 0;
  for (const [index, us] of steps) {
    list.append(stepOf(shown.steps[index], before, us, whole));
    before = us;
  }
  if (runs && isLast && isConnected) list.append(stillOf());
  else if (runs) list.append(element("li", "still", SILENT));
  life.append(summary, list);
  return life;
}

// Some steps are a few microseconds apart, so milliseconds would hide their order.
const exact = (us) => (us < 1e5 ? `${count(Math.round(us))} µs` : micros(us));

// One step: its name, when it was over, how long after the step before, and where in the source.
function stepOf({ name, source }, from, to, whole) {
  const item = element("li");
  const track = element("span", "track");
  const bar = element("span");
  const share = (us) => (whole > 0 ? (us / whole) * 100 : 0);
  bar.style.marginInlineStart = `min(${share(from).toFixed(2)}%, 100% - 3px)`;
  bar.style.width = `${share(to - from).toFixed(2)}%`;
  track.append(bar);
  item.append(element("b", "", name), element("span", "at", exact(to)), element("span", "after", `+${exact(to - from)}`), track, linkTo(source));
  return item;
}

// The part that goes on: it has no end yet, so its bar has none.
function stillOf() {
  const item = element("li", "still");
  item.append(element("span", "now"), element("span", "track open"));
  return item;
}

// `conn/reading.rs:route` leads to the function in the source that the inspector shows.
function linkTo(source) {
  const [file, name] = source.split(/:(?!:)/);
  const link = element("a", "source", source.replace(/^src\//, ""));
  link.href = `source/${file}#${name}`;
  return link;
}

function tellWait(item, shown, place, request) {
  const [words] = WAITS[place?.wait] ?? WAITS.Turn;
  const waits = words.split(". ")[0]; // the card says the rest
  const text = request.status === 0 || place?.state !== "Reading"
    ? `It still runs, for ${micros(Math.max(0, shown.now - request.began) * 1000)}. It waits for ${waits}.`
    : SILENT;
  setText(item, text);
}
