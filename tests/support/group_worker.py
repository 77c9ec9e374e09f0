"""One of several processes that train together, for tests: `python group_worker.py CASE FILE`.

The loop is as the module `distributed` describes it. What came of it is written to FILE as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from graphrun_nodes._fitting.distributed import Group
from recording import PAIRS, WORDS, Recorder
from torch import Tensor, nn
from torch.optim import SGD, AdamW
from torch.utils.data import DataLoader, TensorDataset

from graphrun.catalog.running import CALL, Settings
from graphrun.errors import InputError

BCE = nn.BCEWithLogitsLoss()
CPU = torch.device("cpu")
SMALL: dict[str, Any] = {
    "vocab_size": 50, "pad_token_id": 0, "hidden_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "intermediate_size": 16, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0, "max_position_embeddings": 20, "initializer_range": 0.3,
}  # fmt: skip


class Staged(nn.Module):
    """An encoder and a head, one part that nobody calls, and a running mean."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.llm_model, self.linear = nn.Linear(4, 6), nn.Linear(6, 1)
        self.pooler, self.dropout = nn.Linear(3, 3), nn.Dropout(dropout)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.seen += x.detach().mean()
        found: Tensor = self.linear(self.dropout(self.llm_model(x).tanh()))
        return found


def rows(number: int) -> DataLoader[Any]:
    made = torch.Generator().manual_seed(1)
    x = torch.randn(number, 4, generator=made)
    return DataLoader(TensorDataset(x, (x[:, :1] > 0).float()), 4, shuffle=True)


def told(model: nn.Module) -> dict[str, list[float]]:
    return {name: value.flatten().tolist() for name, value in model.state_dict().items()}


def staged(group: Group, loss: nn.Module = BCE, dropout: float = 0.0, last: int = 1) -> Any:
    """Two epochs, the first with a frozen encoder; the last batch has `last` rows."""
    torch.manual_seed(7)
    model = Staged(dropout)
    torch.manual_seed(8)
    loader, means, number = rows(12 + last), [], 0
    optimizer = AdamW(model.parameters(), lr=1e-2)
    for epoch in range(2):
        model.llm_model.requires_grad_(epoch > 0)
        total = torch.zeros((), dtype=torch.float64)
        with group.joined(model, lambda m, x, y: (m(x), y)) as call:
            for x, y in loader:
                group.check(loss, model, y)
                share = group.share(len(y))
                optimizer.zero_grad()
                with group.apart(number), group.talking():
                    output, target = call(share.of(x), share.of(y))
                    part, factor = loss(output, target), group.factor(loss, share)
                    (part * factor).backward()
                optimizer.step()
                total += part.detach() * factor * share.total / group.world
                number += 1
        means.append(group.sum(total).item() / len(loader.dataset))  # type: ignore[arg-type]
    drawn = torch.rand(()).item()
    grads = {n: p.grad is not None for n, p in model.named_parameters()}
    return {"losses": means, "weights": told(model), "drawn": drawn, "grads": grads}


def texts(group: Group) -> Any:
    """A classifier called without padding, its batches in pieces."""
    import transformers
    from graphrun_nodes._fitting.packed import Packed
    from graphrun_nodes._fitting.unpadded import calling
    from graphrun_nodes.models import TextClassifier

    torch.manual_seed(5)
    config = transformers.AutoConfig.for_model("bert", **SMALL)
    encoder = transformers.AutoModel.from_config(config)
    model = TextClassifier(encoder, use_mean_pooling=True, dropout=0.0).train()
    optimizer, losses = SGD(model.parameters(), lr=0.1), []
    packed = calling(model)
    made = torch.Generator().manual_seed(2)
    for lengths in ((3, 9, 2, 7, 5), (4, 4, 8)):
        batch = Packed(torch.randint(1, 50, (sum(lengths),), generator=made), lengths)
        y = (torch.arange(len(lengths)) % 2).float().unsqueeze(1)
        share = group.share(len(y))
        mine, labels = share.of(batch), share.of(y)
        optimizer.zero_grad()
        with group.joined(model, lambda _, x: packed(x)) as call:
            total = torch.zeros(())
            for part, piece in call.pieces(mine.pieces(10)):
                loss = BCE(call(piece), labels[part]) * len(piece.lengths) / len(mine.lengths)
                (loss * group.factor(BCE, share)).backward()
                total += loss.detach() * share.count
        optimizer.step()
        losses.append(group.sum(total).item() / len(y))
    return {"losses": losses, "weights": told(model)}


def evaluated(group: Group) -> Any:
    """What a model answers within the block, without gradients, where others have no rows."""
    model = Staged()
    with group.joined(model, lambda m, x: m(x)) as call, torch.no_grad():
        if group.first:
            call(torch.ones(1, 4))
    return {"frozen": frozen(group)}


def frozen(group: Group) -> list[float]:
    model = nn.Linear(2, 1).requires_grad_(False)
    nn.init.constant_(model.weight, 2.0)
    with group.joined(model, lambda m, x: m(x)) as call:
        found: list[float] = (call(torch.ones(1, 2)) - model.bias).flatten().tolist()
    return found


def agreements(group: Group) -> Any:
    """Words among processes."""
    group.barrier()
    return {
        "agree": group.agree(group.rank == 1, False),
        "same": [group.same(3, 1), group.same(3, group.rank), group.same(-1, -1)],
        "sum": group.sum(torch.tensor([group.rank + 1.0])).tolist(),
    }


def lost(group: Group) -> Any:
    """The last process ends while the others wait for it."""
    if group.rank == group.world - 1:
        return {"lost": "itself"}
    try:
        group.sum(torch.ones(1))
    except InputError as error:
        return {"lost": error.code}
    return {"lost": "nobody"}


def refused(group: Group) -> Any:
    """The codes of what cannot be trained by several processes."""
    y = torch.tensor([0, 1, -100])
    wrong: list[Callable[[], Any]] = [
        lambda: group.check(nn.CrossEntropyLoss(), Staged(), y),
        lambda: group.check(nn.CrossEntropyLoss(torch.ones(2)), Staged(), y[:2]),
        lambda: group.check(nn.BCELoss(torch.ones(3)), Staged(), y[:2]),
        lambda: group.joined(nn.LazyLinear(2), print).__enter__(),
        lambda: Group.current(torch.device("mps")),
        lambda: group.check(nn.CrossEntropyLoss(), Staged(), y[:2]),
    ]
    codes = []
    for one in wrong:
        try:
            one()
        except InputError as error:
            codes.append(error.code)
    return {"codes": codes}


class Unknown(nn.BCEWithLogitsLoss):
    """A loss of which it is not known that it is a mean over rows."""


class Classified(nn.Module):
    """A classifier of table rows."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(4, 6), nn.Linear(6, 1)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.body(x).tanh())
        return found


def node(
    call: Recorder, counted: nn.Module, sizes: Callable[[Any], int], *given: Any, loss: Any = BCE
) -> Any:
    """What a training node gives, what it tells, and how many rows this process computed."""
    from graphrun_nodes.training import train_transformer_classifier

    model, optimizer, one, other = given
    seen = [0, 0]

    def count(module: nn.Module, args: Any) -> None:
        seen[module.training] += sizes(args[0])

    hook = counted.register_forward_pre_hook(count)
    token = CALL.set(call)
    torch.manual_seed(4)
    try:
        train_transformer_classifier(
            model, one, optimizer=optimizer, loss_function=loss, epochs=2, val_loader=other
        )
    finally:
        CALL.reset(token)
        hook.remove()
    rates = ("samples_per_s", "tokens_per_s", "flops_per_s")
    figures = [{k: v for k, v in one.items() if k not in rates} for one in call.metrics]
    losses = [one[name] for one in figures for name in ("train_loss", "val_loss")]
    confusion = [one["val_confusion"] for one in figures]
    steps = call.steps[-1]
    found = {"losses": losses, "confusion": confusion, "auc": figures[-1]["val_auc"]}
    return {**found, "weights": told(model), "rows": seen, "steps": steps}


def table(group: Group) -> Any:
    """A training of table rows, batches of 4 and one of 1; 11 rows of validation."""
    torch.manual_seed(7)
    model = Classified()
    made = torch.Generator().manual_seed(1)
    data = []
    for number in (13, 11):
        x = torch.randn(number, 4, generator=made)
        data.append(TensorDataset(x, (x[:, 0] > 0).long()))
    loaders = DataLoader(data[0], 4, shuffle=True), DataLoader(data[1], 4)
    settings = Settings(precision="fp32", clip_grad=1.0)
    optimizer = AdamW(model.parameters(), lr=1e-2)
    call = Recorder(settings)
    found = node(call, model, len, model, optimizer, *loaders, loss=Unknown())
    return {**found, "codes": call.codes}


def encoded(group: Group) -> Any:
    """A training of texts from a token store, in pieces.

    Processes share the folder of their tokens, and whoever makes them tells of it.
    """
    import tempfile

    import datasets
    import transformers
    from graphrun_nodes._encoded import EncodedText, TextEncoder
    from graphrun_nodes.models import TextClassifier
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
    plain = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]"
    )
    cut = [(" ".join(text.split()[: 2 + n % 5]), label) for n, (text, label) in enumerate(PAIRS)]
    columns = {"text": [text for text, _ in cut], "label": [label for _, label in cut]}
    encode = TextEncoder("some", tokenizer, True, "max_length", True, 12)
    data = EncodedText(datasets.Dataset.from_dict(columns), encode, clean=False)
    torch.manual_seed(5)
    config = transformers.AutoConfig.for_model("bert", **{**SMALL, "vocab_size": len(words)})
    encoder = transformers.AutoModel.from_config(config)
    model = TextClassifier(encoder, use_mean_pooling=True, dropout=0.0)
    # Of a bias of keys the gradient is 0 but for rounding, which AdamW would make large.
    optimizer = SGD(model.parameters(), lr=0.1)
    loaders = DataLoader(data, 3, shuffle=True), DataLoader(data, 3)
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(os.environ.get("GROUP_FOLDER", folder))
        call = Recorder(Settings(precision="fp32", grad_accum=2, cache=shared))
        found = node(call, model.linear, len, model, optimizer, *loaders)
    (way,) = [one["message"] for one in call.notices if one["code"] == "way_of_computing"]
    made = [step for step, total in call.steps if total == len(PAIRS)]
    return {**found, "way": way, "path": call.ui["path"], "made": made}


CASES: dict[str, Callable[[Group], Any]] = {
    "staged": staged,
    "whole": lambda group: staged(group, last=3),
    "summed": lambda group: staged(group, nn.BCEWithLogitsLoss(reduction="sum")),
    "dropout": lambda group: staged(group, dropout=0.5),
    "texts": texts,
    "evaluated": evaluated,
    "agreements": agreements,
    "refused": refused,
    "lost": lost,
    "table": table,
    "encoded": encoded,
}


def main(cases: str, file: str) -> None:
    group = Group.current(CPU)
    found = {case: CASES[case](group) for case in cases.split(",")}
    target = Path(f"{file}.{group.rank}")
    target.write_text(json.dumps({"rank": group.rank, "world": group.world, **found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
