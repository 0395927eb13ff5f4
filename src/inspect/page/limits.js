// How long the server waits for what a connection waits for, in milliseconds, by the name of the wait. No limit is known
// before the answer is here.

let limits = {};

export const limitOf = (wait) => limits[wait];

export async function fetchLimits() {
  limits = await (await fetch("limits.json")).json();
}
