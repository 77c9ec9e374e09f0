"""Errors of packs about modules and libraries that are not there, in the user's words."""

from __future__ import annotations

import re
import sys

from graphrun.comfy.finder import NAMES, is_stand_in
from graphrun.comfy.missing import NOT_OFFERED, not_offered, who
from graphrun.errors import Diagnostic, PackError

_DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "OpenGL": "PyOpenGL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "GitPython",
    "google.genai": "google-genai",
    "google.generativeai": "google-generativeai",
    "jwt": "PyJWT",
    "pynvml": "nvidia-ml-py",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "spandrel_extra_arches": "spandrel-extra-arches",
    "websocket": "websocket-client",
    "yaml": "pyyaml",
}
"""Modules that pip knows under another name."""

_NO_NAME = re.compile(r"cannot import name '([^']+)' from '([^']+)'")


def explain(error: BaseException, pack: str | None) -> Diagnostic | None:
    """What an error means for the user if it is about something that is not there, else None.

    For errors that a pack raises while it is loaded, and for those of a node that runs.
    """
    if isinstance(error, NOT_OFFERED):
        return not_offered(error.what, pack)
    if isinstance(error, PackError):
        return error.diagnostics[0]
    if isinstance(error, AttributeError):
        name = getattr(error.obj, "__name__", None)
        return _foreign(name, pack) if isinstance(error.obj, type(sys)) else None
    if not isinstance(error, ImportError) or not error.name:
        return None
    if isinstance(error, ModuleNotFoundError):
        return _foreign(error.name, pack) or _library(error.name, pack)
    if found := _foreign(error.name, pack):
        return found
    match = _NO_NAME.search(str(error))
    if match and _ours(match[2]):
        return not_offered(f"{match[2]}.{match[1]}", pack)
    return Diagnostic("missing_pack", f"{who(pack)}: {error}")


def _library(module: str, pack: str | None) -> Diagnostic:
    parts = module.split(".")
    heads = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    known = next((_DISTRIBUTIONS[head] for head in heads if head in _DISTRIBUTIONS), parts[0])
    message = f"{who(pack)} needs the library {parts[0]}, which is not installed"
    # A namespace, as `google`, is there with any distribution that has something in it.
    if getattr(sys.modules.get(parts[0]), "__file__", None):
        message = f"{who(pack)} needs the module {module}, which the installed {known} lacks"
    return Diagnostic("missing_pack", message, hint=f"pip install {known}")


def _foreign(module: str | None, pack: str | None) -> Diagnostic | None:
    """A module of this process that has one of ComfyUI's names, and was there first."""
    top = (module or "").partition(".")[0]
    taken = sys.modules.get(top)
    if top not in NAMES or taken is None or is_stand_in(taken):
        return None
    place = getattr(taken, "__file__", None) or "built in this process"
    return Diagnostic(
        "missing_pack",
        f"{who(pack)} needs {module} of ComfyUI, but {top} is another module here: {place}",
        hint=f"rename it, or run graphrun in a process that does not import {top}",
    )


def _ours(module: str) -> bool:
    return module.partition(".")[0] in NAMES
