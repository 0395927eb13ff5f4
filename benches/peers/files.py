"""The many files that all servers serve."""

import random

COUNT = 10_000
SEED = 15


class Files:
    """COUNT files of 128 B to 8 KiB, flat in one folder and again in folders five deep, and one of their mean size."""

    def __init__(self, www):
        dice = random.Random(SEED)
        letters = bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz \n", k=16 << 10))
        self.www = www
        self.flat = [f"/site/page-{number:05}.html" for number in range(COUNT)]
        self.deep = [f"/deep/a{number % 10}/b/c/d{number // 10 % 10}/page-{number:05}.html" for number in range(COUNT)]
        contents = []
        for _ in range(COUNT):
            length, begin = dice.randint(128, 8 << 10), dice.randrange(8 << 10)
            contents.append(letters[begin:begin + length])
        for paths in (self.flat, self.deep):
            for folder in {path.rpartition("/")[0] for path in paths}:
                (www / folder[1:]).mkdir(parents=True)
            for path, content in zip(paths, contents):
                (www / path[1:]).write_bytes(content)
        mean = sum(map(len, contents)) // COUNT
        (www / "mean.html").write_bytes((letters * 2)[:mean])
