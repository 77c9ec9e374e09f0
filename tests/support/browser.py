"""Pages in a headless Chromium, where there is one."""

import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FOUND = next(filter(None, map(shutil.which, NAMES)), None)

needs_browser = pytest.mark.skipif(
    FOUND is None, reason=f"there is no browser to look with: none of {', '.join(NAMES)}"
)

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--enable-logging=stderr",
    "--v=0",
)

_WRAPPER = """<!doctype html><title>frame</title>
<iframe id="frame" width="{width}" height="900" srcdoc="{page}"></iframe><script>
const frame = document.getElementById("frame");
frame.addEventListener("load", () => {{
  const inner = frame.contentDocument;
  {script}
  const root = inner.documentElement;
  document.body.dataset.wide = root.scrollWidth;
  document.body.dataset.seen = root.clientWidth;
}});
</script>"""


def dom(page: Path, folder: Path, *, fragment: str = "") -> tuple[str, str]:
    """The document as a browser has it when the page is loaded, and what it said in its console."""
    command = [FOUND, *_OPTIONS, f"--user-data-dir={folder / 'profile'}", "--window-size=1280,900"]
    done = subprocess.run(
        [*command, "--dump-dom", page.absolute().as_uri() + fragment],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return done.stdout, "\n".join(console)


def widths(page: Path, folder: Path, width: int, script: str = "") -> tuple[int, int]:
    """How wide a page is, and how much of it is seen, in a frame of a width in pixels.

    Windows of a headless browser have a smallest width, which frames have not. `script` is run
    before; `inner` is the page's document.
    """
    wrapper = folder / "frame.html"
    text = escape(page.read_text("utf-8"))
    wrapper.write_text(_WRAPPER.format(width=width + 4, page=text, script=script), "utf-8")
    found, console = dom(wrapper, folder)
    assert console == ""
    body = re.search(r'<body data-wide="(\d+)" data-seen="(\d+)"', found)
    assert body, found[:2000]
    return int(body[1]), int(body[2])
