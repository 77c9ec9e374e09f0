"""`graphrun convert FILE`"""

from __future__ import annotations

import json
from argparse import Namespace

from graphrun.cli import render
from graphrun.errors import ExitCode


def convert(options: Namespace) -> int:
    """Print the API prompt; what was assumed goes to stderr."""
    from graphrun import api

    prompt = api.convert(api.load(options.file))
    render.diagnostics(prompt.notes)
    if options.output:
        text = json.dumps(prompt.to_json(), indent=2, ensure_ascii=False)
        try:
            options.output.write_text(text + "\n", "utf-8")
        except OSError as error:
            raise render.unwritable(options.output, error) from error
    else:
        render.out_json(prompt.to_json())
    return ExitCode.OK
