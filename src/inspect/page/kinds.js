// What the time of a turn is spent on: names, and what each means. This file knows no element of the page.

export const KINDS = {
  accept: "took new connections from the kernel",
  read: "took from the kernel the bytes that came",
  disk: "looked files up, or read them from the disk",
  answer: "parsed the head, decided what to answer, and wrote the answer into memory",
  send: "gave answers to the kernel",
  file: "had the kernel send a part of a file",
  watch: "worked for this page: made and sent its events, its files and its snapshots",
  rest: "the loop itself: the list of events, deadlines, bookkeeping",
};

// Not a part of a turn, but what was before it.
export const WAIT = "slept in epoll_wait before the turn, as there was nothing to do; turns that only told a reader of others count to it: the bars below the line. They are logarithmic, with lines at 1 ms and at 1 s";

// Microseconds for each kind that a turn spent time on. A server that does not tell kinds apart tells the whole time.
export function spent({ kinds }, [, , busy, , , , done]) {
  if (done === undefined) return [["rest", busy]];
  return kinds.map((kind, index) => [kind, done[index] ?? 0]).filter(([, us]) => us > 0);
}
