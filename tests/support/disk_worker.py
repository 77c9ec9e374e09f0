"""Processes that use a disk store, for tests: `python disk_worker.py VERB FOLDER …`."""

from __future__ import annotations

import fcntl
import os
import random
import resource
import signal
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from graphrun.cache import DiskStore, Stored

LARGE = 1_500_000
"""Bytes of a file that is mapped, and written in more than one piece."""


@lru_cache
def value(key: str, size: int = 20_000) -> np.ndarray:
    """What belongs to a key."""
    return np.random.default_rng(int(key.removeprefix("k"))).integers(0, 255, size, "u1")


def is_right(key: str, stored: Any, size: int = 20_000) -> bool:
    (found,), shown = stored[0][0], stored[1]
    return shown == {"text": [key]} and bool(np.array_equal(found, value(key, size)))


def write(folder: str) -> None:
    """Write results in an order of one's own, for ever."""
    store = DiskStore(folder)
    draw = random.Random(os.getpid())
    while True:
        key = f"k{draw.randrange(7)}"
        store.put(key, Stored(([value(key, LARGE)],), {"text": [key]}))


def breed(folder: str) -> None:
    """For every line that is read, a process of its own that writes until it is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave no trace
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            write(folder)
        print(child, flush=True)


def keep(folder: str, *keys: str) -> None:
    """Have results of the store, and look at them when a line comes."""
    stored = {key: DiskStore(folder).get(key) for key in keys}
    print("ready", flush=True)
    sys.stdin.readline()
    print([key for key, found in stored.items() if not is_right(key, found, LARGE)])


def share(folder: str, seed: str, most: str) -> None:
    """Put and get the same and other results as all, and say what was wrong."""
    store, draw = DiskStore(folder, int(most)), random.Random(seed)
    for _ in range(40):
        key = f"k{draw.randrange(12)}"
        if draw.random() < 0.5:
            store.put(key, Stored(([value(key)],), {"text": [key]}))
        else:
            stored = store.get(key)
            if stored is not None and not is_right(key, stored):
                print("wrong", key)
        if draw.random() < 0.1:
            store.gc()
    print("done")


def limited(folder: str) -> None:
    """No file may be larger than 100 kB: a real error in the middle of a write."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    store = DiskStore(folder)
    store.put("k1", Stored(([value("k1", 1_000_000)],), {"text": ["k1"]}))
    store.put("k2", Stored(([value("k2")],), {"text": ["k2"]}))
    print(store.why_not("k1"), "|", store.why_not("k2"))


def hold(folder: str) -> None:
    """Take the lock and be halted."""
    lock = os.open(Path(folder) / "v2" / "lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("ready", flush=True)
    time.sleep(600)


def read(folder: str, key: str) -> None:
    """A value of one process in another."""
    stored = DiskStore(folder).get(key)
    print(stored and stored[:2])


if __name__ == "__main__":
    VERBS = (breed, keep, share, limited, hold, read)
    {verb.__name__: verb for verb in VERBS}[sys.argv[1]](*sys.argv[2:])
