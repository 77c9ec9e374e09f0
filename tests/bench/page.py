"""How long it takes to write the page of a run and to see it.

python tests/bench/page.py            # 14, 1,000 and 5,000 nodes; the goal is 2 s for 1,000
python tests/bench/page.py 1000

`write` is the time to write the file, `size` what it has, `drawn` the time from opening it in a
headless Chromium until everything has its place, the best of three. Without a browser only the
first two are told.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).parent))

from browser import FOUND, dom
from engine import CLASSES, SHAPES

import graphrun
from graphrun.report.page import write

SIZES = (14, 1_000, 5_000)
REPEAT = 3


def measure(shape: str, count: int, folder: Path) -> str:
    document = SHAPES[shape](max(count, 120) if shape == "layered" else count)
    report = graphrun.run(document, packs=[CLASSES], out=folder / "runs", min_free=0)
    assert report.folder is not None
    start = time.perf_counter()
    page = write([report.folder], folder / f"{shape}-{count}.html")
    seconds = time.perf_counter() - start
    found = [drawn(page, folder) for _ in range(REPEAT)] if FOUND else []
    seen = f"{min(found) / 1000:6.2f} s" if found else "       –"
    size = page.stat().st_size / 1024
    return f"{shape:<8} {len(document):>6,} {seconds:8.2f} s {size:9,.0f} KiB {seen}"


def drawn(page: Path, folder: Path) -> int:
    text, console = dom(page, folder, settled=False)
    found = re.search(r'data-drawn="(\d+)"', text)
    assert found, console
    return int(found[1])


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or SIZES
    print("shape     nodes      write          size    drawn")
    with tempfile.TemporaryDirectory() as place:
        for count in sizes:
            for shape in SHAPES:
                print(measure(shape, count, Path(place)), flush=True)


if __name__ == "__main__":
    main()
