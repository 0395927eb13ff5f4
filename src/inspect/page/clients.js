// Clients that make something happen in the server. Each uses another host name below localhost, since a browser opens
// only six connections to one name. All these names mean this machine (RFC 6761 §6.3).

const SLOW_READS_MS = 500;
const BURST_NAMES = 8;
const EACH = 6;
let next = 0;

const origin = (name) => `http://${name}.localhost:${location.port || 80}`;
const here = new URL(".", location.href).pathname;
const large = (name) => fetch(`${origin(name)}${here}large`, { cache: "no-store" });

// Reads a piece now and then. So the bytes that the server sends fill the buffers of the browser and of both kernels.
// Then the server meets backpressure: it has to wait for writability.
export async function slowReader() {
  const reader = (await large(`slow${next++}`)).body.getReader();
  for (;;) {
    const { done } = await reader.read();
    if (done) return;
    await new Promise((resolve) => setTimeout(resolve, SLOW_READS_MS));
  }
}

export async function burst() {
  const asked = [];
  for (let name = 0; name < BURST_NAMES; name += 1) {
    for (let each = 0; each < EACH; each += 1) {
      const url = `${origin(`burst${name}`)}${here}health?${next++}`;
      asked.push(fetch(url, { mode: "no-cors", cache: "no-store" }));
    }
  }
  await Promise.allSettled(asked);
}

// Opens a connection without a request, as browsers do for a link that may be clicked.
export async function preconnect() {
  const link = document.createElement("link");
  Object.assign(link, { rel: "preconnect", href: origin(`preconnect${next++}`), crossOrigin: "anonymous" });
  document.head.append(link);
}

export async function download() {
  const reader = (await large(`download${next++}`)).body.getReader();
  while (!(await reader.read()).done);
}
