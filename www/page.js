// Sends real requests to the server of this page and shows what came back.
// Everything received is shown as text; nothing is ever parsed as HTML.

const PATIENCE_MS = 10_000;
const WAITING_AFTER_MS = 250;
const PREVIEW_CHARS = 400;

performance.setResourceTimingBufferSize(10_000);

const $ = (id) => document.getElementById(id);

function el(tag, className, ...content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...content); // strings become text nodes
  return node;
}

const count = (n, unit) => `${n.toLocaleString("en")} ${unit}${n === 1 ? "" : "s"}`;

// The protocol version is not part of a fetch Response; the browser's
// resource timing has it, a moment after the body is complete.
async function versionOf(url, start) {
  for (let tries = 0; tries < 6; tries += 1) {
    const entry = performance.getEntriesByName(url, "resource").at(-1);
    if (entry && entry.startTime >= start - 1) {
      return entry.nextHopProtocol.toUpperCase();
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  return "";
}

async function exchange(method, path, init = {}) {
  // Relative to this page, which may stand below a prefix of a proxy.
  const url = new URL(`.${path}`, location.href).href;
  const start = performance.now();
  const response = await fetch(url, {
    ...init,
    method,
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  let body;
  try {
    body = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (error.name !== "TimeoutError") error.brokenOff = response.status;
    throw error;
  }
  const ms = performance.now() - start;
  return { method, path, response, body, ms, version: await versionOf(url, start) };
}

function inWords(error) {
  if (error.name === "TimeoutError") {
    return `No complete answer came within ${PATIENCE_MS / 1000} seconds.`;
  }
  if (error.brokenOff) {
    return `The answer began with status ${error.brokenOff} and then broke off before its body was complete.`;
  }
  return `No answer from ${location.host || "the server"}. The server has stopped, or it closed the connection without answering.`;
}

function opening({ method, path, response, version }) {
  const line = [version, response.status, response.statusText].filter(Boolean).join(" ");
  return [
    el("p", "sent", `${method} ${path}`),
    el("p", `status ${response.ok ? "good" : "warn"}`, line),
  ];
}

function list(pairs) {
  const dl = el("dl");
  for (const [name, value] of pairs) {
    dl.append(el("div", "", el("dt", "", `${name}:`), " ", el("dd", "", String(value))));
  }
  return dl;
}

function timing({ method, body, ms }) {
  const size = method === "HEAD" || body.length === 0 ? "no body" : `${count(body.length, "byte")} of body`;
  return el("p", "note", `${ms.toFixed(1)} ms from request to end of answer, measured in this page; ${size}.`);
}

function preview({ response, body }) {
  const type = response.headers.get("content-type") ?? "";
  if (body.length === 0 || !/^text\/|json|javascript|xml/i.test(type)) return [];
  const text = new TextDecoder().decode(body);
  const cut = text.length > PREVIEW_CHARS ? `${text.slice(0, PREVIEW_CHARS)}…` : text;
  return [el("details", "", el("summary", "", "Start of the body"), el("pre", "", cut))];
}

// Runs one request for one form and puts its outcome in the live region.
function wire(form, region, send) {
  let busy = false;
  form.hidden = false;
  region.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    const waiting = setTimeout(
      () => region.replaceChildren(el("p", "idle", "Waiting for the answer…")),
      WAITING_AFTER_MS,
    );
    let content;
    try {
      content = await send(event.submitter);
    } catch (error) {
      content = [el("p", "failed", inWords(error))];
    }
    clearTimeout(waiting);
    region.replaceChildren(...content);
    busy = false;
  });
}

wire($("f-get"), $("r-get"), async (button) => {
  const x = await exchange(button?.value || "GET", $("file").value);
  return [...opening(x), list(x.response.headers), timing(x), ...preview(x)];
});

wire($("f-post"), $("r-post"), async () => {
  const x = await exchange("POST", `/${$("f-post").getAttribute("action")}`, {
    body: $("text").value,
    headers: { Accept: "application/json", "Content-Type": "text/plain; charset=utf-8" },
  });
  let shown;
  try {
    const pairs = Object.entries(JSON.parse(new TextDecoder().decode(x.body)));
    shown = list(pairs.map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : value]));
  } catch {
    shown = el("p", "note", "The body of the answer is not JSON.");
  }
  return [...opening(x), shown, timing(x), ...preview(x)];
});

const MEANING = {
  204: "There is no body; the Allow field is the answer.",
  405: "The server knows this method and does not allow it.",
  501: "The server does not know this method.",
};

wire($("f-others"), $("r-others"), async () => {
  const x = await exchange($("method").value, "/");
  const meaning = MEANING[x.response.status];
  return [
    ...opening(x),
    list([["allow", x.response.headers.get("allow") ?? "(not sent)"]]),
    ...(meaning ? [el("p", "note", meaning)] : []),
    timing(x),
  ];
});

wire($("f-ranges"), $("r-ranges"), async () => {
  const range = $("range").value;
  const x = await exchange("GET", "/loop.webm", { headers: { Range: range } });
  const field = (name) => [name, x.response.headers.get(name) ?? "(not sent)"];
  const parts = x.response.headers.get("content-type")?.startsWith("multipart/");
  return [
    ...opening(x),
    list([["range, as sent", range], ...["content-range", "content-length", "content-type"].map(field)]),
    ...(parts ? [el("p", "note", "Each part of the body names its own range.")] : []),
    timing(x),
  ];
});

const showVerb = () => { $("verb").textContent = $("method").value; };
$("method").addEventListener("change", showVerb);
showVerb();

const encoder = new TextEncoder();
const showCount = () => { $("count").textContent = `${count(encoder.encode($("text").value).length, "byte")} in UTF-8`; };
$("text").addEventListener("input", showCount);
showCount();

for (const node of document.querySelectorAll(".plain")) node.hidden = true;
