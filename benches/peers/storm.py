"""Files change as `git checkout` changes them, while clients ask for them: what is stale, and how long clients wait.

Every file is deleted and written anew, one after the other. Its content begins with the number of its version, so that
an answer tells which version it holds. All moments are of one clock: an answer is stale if it holds a version that was
gone before the first byte of the request was sent, and wrong if it holds what was not there at any moment until it came.
"""

import bisect
import contextlib
import multiprocessing
import random
import selectors
import socket
import time

from clients import ahead_of_others
from servers import PORT

COUNT = 10_000
CLIENTS = 64
RATE = 2_000  # requests a second, of all clients together
NEAR = 200  # half of the requests are for a file so near to the one that changes now
PATIENCE = 60  # seconds of a storm, at most
LENGTH = 1 << 10
ABSENT = -1  # instead of a version: the file was not there, or not whole
BROKEN = -2  # the answer did not end within a second, or ended too early

# The moments of one change of a file: before it was deleted and after, before it was there again and when it was whole.
CHANGE = ("begins", "gone", "there", "whole")


def storm(servers, name, seconds):
    folder = servers.www / "storm"
    folder.mkdir(exist_ok=True)
    paths = [folder / f"file-{number:05}.txt" for number in range(COUNT)]
    for path in paths:
        path.write_bytes(content(0))
    with servers.serving(name), contextlib.ExitStack() as held:
        clients = Clients(held)
        clients.ask_for_all()
        cursor, begin = multiprocessing.Value("l", 0), time.monotonic()
        mine, theirs = multiprocessing.Pipe()
        writer = multiprocessing.Process(target=change_all, args=(paths, seconds, cursor, theirs))
        writer.start()
        try:
            with ahead_of_others():
                answers = clients.ask_until(mine.poll, cursor)
            elapsed, changes = time.monotonic() - begin, mine.recv()
        finally:
            writer.kill()
            writer.join()
    return figures(answers, changes, elapsed)


def figures(answers, changes, seconds):
    verdicts = [judge(changes[answer.file], answer.version, answer.sent, answer.came) for answer in answers]
    waits = sorted(answer.came - answer.due for answer in answers)
    if not waits or not any(changes):
        raise RuntimeError("nothing was answered, or nothing changed")
    return {
        **{verdict: verdicts.count(verdict) for verdict in ("stale", "wrong", "broken")},
        "p50_us": waits[len(waits) // 2] * 1e6, "p99_us": waits[len(waits) * 99 // 100] * 1e6,
        "answers": len(answers), "absent": sum(answer.version == ABSENT for answer in answers),
        "changes_per_second": sum(map(len, changes)) / seconds,
    }


def judge(changes, version, sent, came):
    """Whether an answer that came to a request of these moments holds what was there at some moment between them.

    CHANGES are those of the file, in order: the first one leads from version 0 to version 1.
    """
    if version == BROKEN:
        return "broken"
    if version == ABSENT:
        # Every change has a time in which the file is not there, or not whole.
        next_one = bisect.bisect_left(changes, sent, key=lambda change: change[3])
        if next_one < len(changes) and changes[next_one][0] <= came:
            return "current"
        return "stale" if next_one > 0 else "wrong"
    if version > len(changes) or (version > 0 and changes[version - 1][2] > came):
        return "wrong"  # it was not there yet
    return "stale" if version < len(changes) and changes[version][1] < sent else "current"


def content(version):
    return f"{version:08}\n".encode().ljust(LENGTH, b".")


def version_in(status, body):
    if status == 200 and len(body) == LENGTH:
        return int(body[:8])
    if status == 404 or (status == 200 and len(body) < LENGTH):
        return ABSENT
    raise RuntimeError(f"an answer has status {status} and {len(body)} bytes")


def change_all(paths, times, cursor, tell):
    """TIMES storms, in each of which every file changes. CURSOR is the number of the file that changed last. At the end, tells the changes of each file."""
    changes = [[] for _ in paths]
    for version in range(1, times + 1):
        new = content(version)
        for number, path in enumerate(paths):
            changes[number].append(change(path, new))
            cursor.value = number
    tell.send(changes)


def change(path, new):
    begins = time.monotonic()
    path.unlink()
    gone = time.monotonic()
    there = time.monotonic()
    with open(path, "xb", buffering=0) as file:
        file.write(new)
    return begins, gone, there, time.monotonic()


class Answer:
    def __init__(self, file, due, sent):
        self.file, self.due, self.sent, self.came, self.version = file, due, sent, None, None


class Clients:
    """Connections that ask at a fixed rate, each for one file at a time."""

    def __init__(self, held):
        self.held, self.ready = held, held.enter_context(selectors.DefaultSelector())
        self.waiting = {}  # connections with what they asked for and what came, in the order of asking
        self.answers, self.dice = [], random.Random(15)
        self.free = [self.connect() for _ in range(CLIENTS)]

    def connect(self):
        connection = self.held.enter_context(socket.create_connection(("127.0.0.1", PORT), 5))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ready.register(connection, selectors.EVENT_READ)
        return connection

    def ask_for_all(self):
        """So that every server has in memory what it keeps."""
        for number in range(COUNT):
            self.ask(number, time.monotonic())
            while not self.free:
                self.wait(1)
        self.finish()
        self.answers.clear()

    def ask_until(self, is_over, cursor):
        begin, asked = time.monotonic(), 0
        while not is_over():
            if (now := time.monotonic()) > begin + PATIENCE:
                raise RuntimeError("the storm does not end")
            due = begin + asked / RATE
            if due <= now and self.free:
                self.ask(self.chosen(cursor.value), due)
                asked += 1
            else:
                self.wait(max(0, due - now) if self.free else 1)
        self.finish()
        return self.answers

    def chosen(self, last):
        near = self.dice.random() < 0.5
        return (last + self.dice.randrange(-NEAR, NEAR // 8)) % COUNT if near else self.dice.randrange(COUNT)

    def ask(self, number, due):
        connection = self.free.pop()
        request = f"GET /storm/file-{number:05}.txt HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        self.waiting[connection] = [Answer(number, due, time.monotonic()), b""]
        connection.sendall(request)

    def wait(self, seconds):
        for key, _ in self.ready.select(seconds):
            if piece := key.fileobj.recv(65536):
                self.waiting[key.fileobj][1] += piece
                self.take(key.fileobj)
            else:
                self.give_up(key.fileobj)
        first = next(iter(self.waiting), None)
        if first and time.monotonic() > self.waiting[first][0].sent + 1:
            self.give_up(first)

    def take(self, connection):
        answer, received = self.waiting[connection]
        head, end, body = received.partition(b"\r\n\r\n")
        if end and is_whole(head, body):
            self.note(connection, version_in(int(head.split()[1]), body))
            self.free.insert(0, connection)

    def give_up(self, connection):
        """Another connection takes its place."""
        if connection in self.waiting:
            self.note(connection, BROKEN)
        else:
            self.free.remove(connection)
        self.ready.unregister(connection)
        connection.close()
        self.free.insert(0, self.connect())

    def note(self, connection, version):
        answer, _ = self.waiting.pop(connection)
        answer.came, answer.version = time.monotonic(), version
        self.answers.append(answer)

    def finish(self):
        while self.waiting:
            self.wait(0.1)


def is_whole(head, body):
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if fields.get(b"transfer-encoding") == b"chunked":
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(fields[b"content-length"])
