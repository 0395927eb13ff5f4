// How long the server waits for what a connection waits for, in milliseconds, by the name of the wait. No limit is known
// before the answer is here.

let limits = {};

export const limitOf = (wait) => limits[wait];

// Fetches the limits of the server, which may be another one than before.
export async function fetchLimits() {
  limits = {};
  try {
    limits = await (await fetch("limits.json", { cache: "no-store" })).json();
  } catch {
    // The page is of use without them.
  }
}
