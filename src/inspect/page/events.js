// The events of the server: they go to `time`. This file knows one element of the page, which says whether they come.

const link = () => document.getElementById("link");

// `changed` is called where there is something new to show.
export function listen(time, changed) {
  const events = new EventSource("events");
  let number = null; // of the last event
  // The events bring only changes, so the whole state is fetched first.
  const begin = async () => {
    number = null;
    time.begin(await (await fetch("state.json", { cache: "no-store" })).json());
    changed();
  };
  events.onopen = async () => {
    await begin();
    link().textContent = "Live";
    link().className = "live";
  };
  events.onmessage = ({ data, lastEventId }) => {
    const missed = number !== null && Number(lastEventId) !== number + 1;
    number = Number(lastEventId);
    time.take(JSON.parse(data));
    changed();
    if (missed) begin();
  };
  events.onerror = () => {
    link().textContent = "The server does not answer. The page tries again.";
    link().className = "";
  };
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
