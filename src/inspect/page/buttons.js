// The buttons that make something happen, and what the page says of it.

import * as clients from "./clients.js";

const $ = (id) => document.getElementById(id);
const FAILED = "The request failed or ended early. The server may have stopped, or this browser does not resolve names below localhost to this machine.";
const SAID = {
  slow: "A client asks for 64 MiB and hardly reads. Look for a red square: its connection waits for writability, and no other connection waits for it. Choose it to see “out” stand still.",
  burst: "48 requests went out at the same time. Look at the turns: a high bar of many colours is one wait that brought many connections. The squares are free again once the browser closes them.",
  preconnect: "A connection that asks for nothing. Look for one more square after a second: until then the kernel keeps it, since nothing came. It waits for a first request.",
  download: "64 MiB, as fast as they come. Look at the turns: each sends a piece, and then other connections have their turn.",
};
const ACTS = { slow: clients.slowReader, burst: clients.burst, preconnect: clients.preconnect, download: clients.download };

export function listen() {
  for (const [id, act] of Object.entries(ACTS)) {
    $(id).onclick = () => {
      $("said").textContent = SAID[id];
      act().catch(() => { $("said").textContent = FAILED; });
    };
  }
}
