"""Pages in a headless Chromium, where there is one."""

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

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
<iframe id="frame" width="{width}" height="900" style="border: 0" srcdoc="{page}"></iframe>
<pre id="answer"></pre><script>
const frame = document.getElementById("frame");
frame.addEventListener("load", async () => {{
  const inner = frame.contentDocument;
  const all = (path) => [...inner.querySelectorAll(path)];
  const one = (path) => inner.querySelector(path);
  const send = (target, event) => target.dispatchEvent(event);
  const press = (target) => send(target, new MouseEvent("click", {{bubbles: true}}));
  const key = (target, name) =>
    send(target, new KeyboardEvent("keydown", {{key: name, bubbles: true}}));
  const settled = () => new Promise((done) => setTimeout(done, 200));
  await settled();
  const found = await (async () => {{ {script} }})();
  document.getElementById("answer").textContent = JSON.stringify(found);
}});
</script>"""


def dom(page: Path, folder: Path, *, fragment: str = "", settled: bool = True) -> tuple[str, str]:
    """The document as a browser has it, and what it said in its console.

    That is two seconds of its own time after the page was opened, or as soon as it is loaded.
    """
    command = [FOUND, *_OPTIONS, f"--user-data-dir={folder / 'profile'}", "--window-size=1280,900"]
    command += ["--virtual-time-budget=2000"] if settled else []
    done = subprocess.run(
        [*command, "--dump-dom", page.absolute().as_uri() + fragment],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return done.stdout, "\n".join(console)


def ask(page: Path, folder: Path, script: str, *, width: int = 1200) -> Any:
    """What a script returns that may do things to a page, in a frame of a width in pixels.

    Windows of a headless browser have a smallest width, which frames have not. The script has
    `inner`, the page's document, `one` and `all` to find elements, `press` and `key` to use them.
    """
    wrapper = folder / "frame.html"
    text = escape(page.read_text("utf-8"))
    wrapper.write_text(_WRAPPER.format(width=width, page=text, script=script), "utf-8")
    found, console = dom(wrapper, folder)
    assert console == ""
    answer = re.search(r'<pre id="answer">(.+?)</pre>', found, re.DOTALL)
    assert answer, found[-2000:]
    return json.loads(unescape(answer[1]))
