// What both pages say of the server that they came from: its address, and whether the inspector is shown here.

const NAME = ".onepoll/";
const LINKS = document.querySelectorAll(`a[href^="${NAME}"]`);

const mark = (state) => { document.documentElement.dataset.inspector = state; };

// OPTIONS is answered with and without the inspector, and each lists its methods. So a browser reports no error.
async function isShownAt(url) {
  const answer = await fetch(url, { method: "OPTIONS", cache: "no-store", signal: AbortSignal.timeout(10_000) });
  const methods = (answer.headers.get("allow") ?? "").split(", ");
  return answer.ok && methods.includes("GET") && !methods.includes("POST");
}

// Where the inspector is, or null. It is beside the pages, also behind a proxy that strips a prefix; with --prefix the site is
// below that, and the inspector at the root.
async function place() {
  const places = [NAME, `/${NAME}`].map((path) => new URL(path, location.href).pathname);
  for (const place of new Set(places)) {
    if (await isShownAt(place)) return place;
  }
  return null;
}

// Where the inspector is not shown, its links would lead to a page that says 404.
function link(place) {
  for (const link of LINKS) {
    if (place === null) link.removeAttribute("href");
    else link.href = place + link.getAttribute("href").slice(NAME.length);
  }
}

if (location.protocol.startsWith("http")) {
  const secure = location.protocol === "https:";
  const port = location.port || (secure ? "443" : "80");
  const said = {
    origin: new URL(".", location.href).href.slice(0, -1),
    host: location.hostname.replace(/^\[|\]$/g, ""),
    port,
    "port-flag": port === "8080" ? "" : ` --port ${port}`,
  };
  for (const [name, text] of Object.entries(said)) {
    for (const node of document.querySelectorAll(`.${name}`)) node.textContent = text;
  }
  place().then((place) => {
    mark(place === null ? "absent" : "shown");
    link(place);
  }).catch(() => {});
}
