from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from graphrun_nodes._encoded import EncodedText, TextEncoder
from graphrun_nodes.loaders import data_loader, tensor_loader
from graphrun_nodes.text import tokenizer_encode
from recording import PAIRS, Recorder
from torch.utils.data import TensorDataset

from graphrun.errors import InputError
from graphrun.sources.texts import options

DATA = TensorDataset(torch.arange(10))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" \n ", {}),
        ("{'num_workers': 1, 'drop_last': True}", {"num_workers": 1, "drop_last": True}),
        ('{"num_workers": 1, "drop_last": true}', {"num_workers": 1, "drop_last": True}),
        ('\n  {"timeout": 0.5,\n "in_order": null}', {"timeout": 0.5, "in_order": None}),
        ("{'timeout': -1}", {"timeout": -1}),
    ],
)  # fmt: skip
def test_both_notations(text: str, expected: dict[str, Any]) -> None:
    assert options(text, "parameters") == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{'num_workers': }", "line 1, column 15"),
        ("{'num_workers': os.system('x')}", "line 1, column 17"),
        ('\n\n  {"a": 1,\n  "b": c}', "line 4, column 8"),
        ("  1", "line 1, column 3"),
        ("[1, 2]", "not a dict"),
        ("{1: 2}", "not a dict"),
        ("num_workers=1", "line 1"),
        ("{" * 5000, "line 1"),
    ],
)
def test_unreadable_options_say_where(text: str, place: str) -> None:
    with pytest.raises(InputError, match=place) as caught:
        options(text, "parameters")
    assert caught.value.input == "parameters"
    assert repr(text)[1:20] in str(caught.value)


def test_a_missing_text_is_none_and_batches_come_in_order(call: Recorder) -> None:
    loader = data_loader(DATA, 4, parameters=None)
    assert [batch[0].tolist() for batch in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert not call.notices


def test_shuffling_follows_the_seed() -> None:
    def order(seed: int) -> list[int]:
        torch.manual_seed(seed)
        return [int(batch[0]) for batch in data_loader(DATA, 1, shuffle=True)]

    assert order(1) == order(1) != order(2)
    assert sorted(order(1)) == list(range(10))


def test_unknown_options_are_named_and_ignored(call: Recorder) -> None:
    loader = data_loader(DATA, 2, parameters="{'num_worker': 1, 'drop_last': True}")
    assert loader.drop_last
    assert call.codes == ["unknown_option"]
    assert "num_worker;" in call.notices[0]["message"]
    assert "num_workers" in call.notices[0]["hint"]


@pytest.mark.parametrize("name", ["dataset", "batch_size", "shuffle"])
def test_inputs_cannot_be_repeated(name: str) -> None:
    with pytest.raises(InputError, match=name):
        data_loader(DATA, 2, parameters=f"{{'{name}': 1}}")


@pytest.mark.parametrize("text", ["{'num_workers': 'x'}", "{'num_workers': -1}", "{'timeout': -1}"])
def test_options_that_torch_refuses_name_the_input(text: str) -> None:
    with pytest.raises(InputError) as caught:
        data_loader(DATA, 2, parameters=text)
    assert caught.value.input == "parameters"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("drop_last", "'no'"),
        ("drop_last", "1"),
        ("pin_memory", "'false'"),
        ("pin_memory", "None"),
        ("persistent_workers", "0"),
        ("num_workers", "True"),
        ("num_workers", "1.5"),
        ("prefetch_factor", "'2'"),
        ("timeout", "'5'"),
        ("multiprocessing_context", "1"),
        ("collate_fn", "'default'"),
        ("sampler", "[1, 2]"),
        ("batch_sampler", "[[1], [2]]"),
        ("worker_init_fn", "1"),
        ("generator", "5"),
    ],
)
def test_options_are_of_the_kind_that_they_need(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"{name} in parameters is {re.escape(value)}: it") as e:
        data_loader(DATA, 2, parameters=f"{{'{name}': {value}}}")
    assert (e.value.code, e.value.input) == ("invalid_parameters", "parameters")


def test_none_is_what_options_have_that_are_not_given() -> None:
    text = "{'sampler': None, 'collate_fn': null, 'prefetch_factor': None, 'timeout': 0}"
    assert len(data_loader(DATA, 2, parameters=text)) == 5


def test_a_batch_larger_than_the_data_is_noticed(call: Recorder) -> None:
    data_loader(DATA, 10)
    assert not call.notices
    assert len(data_loader(DATA, 11)) == 1
    assert call.notices[0]["code"] == "batch_larger_than_data"
    assert call.notices[0]["input"] == "batch_size"


def test_no_row_at_all_is_an_error(call: Recorder) -> None:
    assert len(data_loader(DATA, 11, parameters="{'drop_last': true}")) == 0
    assert "10 rows: no batch" in call.notices[0]["message"]
    with pytest.raises(InputError, match="empty"):
        data_loader(TensorDataset(torch.zeros(0)), 1, shuffle=True)
    for loader in (partial(data_loader, DATA), partial(tensor_loader, *DATA.tensors * 2)):
        with pytest.raises(InputError, match="batch_size is 0") as caught:
            loader(0)
        assert caught.value.input == "batch_size"


def test_spawned_workers_give_the_same_batches(call: Recorder, checkpoint: Any) -> None:
    import datasets

    call.alias("bert-base-uncased", Path(checkpoint("bert")))
    encode: TextEncoder = tokenizer_encode(  # type: ignore[assignment]
        "bert-base-uncased", padding_method="max_length", max_length=12
    )
    columns = {"text": [text for text, _ in PAIRS], "label": [label for _, label in PAIRS]}
    data = EncodedText(datasets.Dataset.from_dict(columns), encode, clean=True)
    options = "{'num_workers': 1, 'multiprocessing_context': 'spawn'}"
    here, there = data_loader(data, 3), data_loader(data, 3, parameters=options)
    for (x, y), (other_x, other_y) in zip(here, there, strict=True):
        assert isinstance(x, list)
        assert x[0].shape == x[1].shape == (len(y), 12)
        assert torch.equal(x[0], other_x[0])
        assert torch.equal(y, other_y)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.uint8])
def test_rows_of_two_tensors(call: Recorder, dtype: torch.dtype) -> None:
    x, y = torch.arange(10).reshape(5, 2).to(dtype), torch.arange(5).to(dtype)
    batches = list(tensor_loader(x, y, 2))
    assert [[part.tolist() for part in batch] for batch in batches] == [
        [[[0, 1], [2, 3]], [0, 1]],
        [[[4, 5], [6, 7]], [2, 3]],
        [[[8, 9]], [4]],
    ]
    assert {part.dtype for batch in batches for part in batch} == {dtype}
    torch.manual_seed(3)
    shuffled = list(tensor_loader(x, y, 1, shuffle=True))
    torch.manual_seed(3)
    assert torch.equal(torch.cat([b[1] for b in shuffled]), y[_order(5)])
    assert all(torch.equal(a[0, 0], 2 * b[0]) for a, b in shuffled)
    tensor_loader(x, y, 6)
    assert call.codes == ["batch_larger_than_data"]


def _order(rows: int) -> torch.Tensor:
    """The order of a data set of that many rows, drawn as the loader draws it."""
    loader = torch.utils.data.DataLoader(TensorDataset(torch.arange(rows)), shuffle=True)
    return torch.cat([batch for (batch,) in loader])


def test_rows_of_tensors_made_without_gradients_can_be_trained_with() -> None:
    with torch.inference_mode():
        x, y = torch.randn(4, 2), torch.zeros(4, 1)
    for a, b in tensor_loader(x, y, 2):
        torch.nn.functional.mse_loss(torch.nn.Linear(2, 1)(a), b).backward()


@pytest.mark.parametrize(
    ("x", "y", "code", "input"),
    [
        (torch.zeros(3, 2), torch.zeros(4), "rows_differ", "y"),
        (torch.zeros(3), torch.zeros(()), "rows_differ", "y"),
        (torch.zeros(()), torch.zeros(3), "rows_differ", "x"),
        (torch.zeros(0, 2), torch.zeros(0), "empty_dataset", "x"),
    ],
)
def test_tensors_that_give_no_rows(x: torch.Tensor, y: torch.Tensor, code: str, input: str) -> None:
    with pytest.raises(InputError) as caught:
        tensor_loader(x, y)
    assert (caught.value.code, caught.value.input) == (code, input)
    if code == "rows_differ":
        assert f"{tuple(x.shape)} and y {tuple(y.shape)}" in str(caught.value)
