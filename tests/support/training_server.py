"""Trainings in processes of their own, which start at once: each is a fork of this one.

python training_server.py FOLDER PROMPT.json

A line of a name starts a run that writes its weights to a folder of that name in FOLDER, and keeps
its training beside it. The id of its process is printed, and its status when it has ended; what it
said is then in another file.
"""

import json
import os
import sys
from pathlib import Path

import torch

import graphrun
from graphrun.cache import Checkpoints

torch.set_num_threads(1)  # a fork has no threads


def train(folder: Path, prompt: Path, name: str) -> int:
    session = graphrun.Session(checkpoints=Checkpoints(folder / f"{name}.kept", every=0))
    document = json.loads(prompt.read_text())
    document["9"]["inputs"]["model_path"] = str(folder / name / "model.safetensors")
    report = session.run(document, targets=["9"])
    said = folder / f"{name}.said"
    said.write_text(json.dumps([one.code for one in report.notices]))
    if report.error is not None:
        print(report.error, file=sys.stderr)
    return 0 if report.status == "success" else 1


def main() -> None:
    folder, prompt = Path(sys.argv[1]), Path(sys.argv[2])
    os.chdir(folder)
    # Imports what a run imports, once for all.
    warm = json.loads(prompt.read_text())
    warm["8"]["inputs"]["epochs"] = 1
    graphrun.run(warm, targets=["8"])
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            os._exit(train(folder, prompt, line.strip()))
        print(process, flush=True)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


main()
