"""One of several processes that train together, for tests: `python group_worker.py CASE FILE`.

The loop is as the module `distributed` describes it. What came of it is written to FILE as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from graphrun_nodes._fitting.distributed import Group
from torch import Tensor, nn
from torch.optim import SGD, AdamW
from torch.utils.data import DataLoader, TensorDataset

from graphrun.errors import InputError

BCE = nn.BCEWithLogitsLoss()
CPU = torch.device("cpu")


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
    config = transformers.AutoConfig.for_model(
        "bert", vocab_size=50, pad_token_id=0, hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=16, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, max_position_embeddings=20, initializer_range=0.3,
    )  # fmt: skip
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
}


def main(cases: str, file: str) -> None:
    group = Group.current(CPU)
    found = {case: CASES[case](group) for case in cases.split(",")}
    target = Path(f"{file}.{group.rank}")
    target.write_text(json.dumps({"rank": group.rank, "world": group.world, **found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
