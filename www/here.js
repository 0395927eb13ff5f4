// What both pages say of the server that they came from: its address, and whether the inspector is shown.

const mark = (state) => { document.documentElement.dataset.inspector = state; };

// OPTIONS is answered with and without the inspector, and each lists its methods. So a browser reports no error.
async function isShown() {
  const answer = await fetch(".onepoll/", { method: "OPTIONS", cache: "no-store", signal: AbortSignal.timeout(10_000) });
  const methods = (answer.headers.get("allow") ?? "").split(", ");
  return answer.ok && methods.includes("GET") && !methods.includes("POST");
}

// Without the inspector its links would lead to a page that says 404.
function unlink() {
  for (const link of document.querySelectorAll('a[href^=".onepoll/"]')) link.removeAttribute("href");
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
  isShown().then((shown) => {
    mark(shown ? "shown" : "absent");
    if (!shown) unlink();
  }).catch(() => {});
}
