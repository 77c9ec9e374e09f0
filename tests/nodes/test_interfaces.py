"""The interfaces that workflow files rely on: names, order, types, defaults, choices, outputs.

tests/data/interfaces.json restates them, one class a line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import graphrun_nodes
import pytest

from graphrun.catalog import Catalog
from graphrun.catalog.spec import InputSpec

FACTS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "interfaces.json").read_text("utf-8")
)
SPECS = graphrun_nodes.PACK.all_nodes()
CATALOG = Catalog.installed()

# What the engine is told besides: what texts name, what is changed in place, limits of --tiny.
MARKED = {
    "PtoAdam": {},
    "PtoLrSchedulerStep": {},
    "HfTokenizerEncode": {"model_name": "tokenizer", "max_length": 64},
    "PtvHfDatasetWithTokenEncode": {"name": "dataset"},
    "PtvHfLocalDataset": {"file_path": "data_file"},
    "PtnHfFineTunedClassificationModel": {"model_name": "model"},
    "PtnHfLoraClassificationModel": {"model_name": "model"},
    "PtTrainClassificationTransformerModel": {
        "model": "changed",
        "optimizer": "changed",
        "scheduler": "changed",
        "epochs": 2,
    },
    "PandasLoadCSVWithIndex": {"file_path": "data_file"},
    "PtvImageFolderDataset": {"root": "data_folder"},
    "PtvHfGloveDataset": {"name": "dataset", "embed_dim": "vectors", "max_seq_len": 48},
    "SpLoadModel": {"model_path": "data_file"},
    "SpEncode": {"max_length": 64},
    "PtLoadModel": {"model": "changed", "model_path": "weights"},
    "PtSaveModel": {"model_path": "output_file"},
}
INTERFACE_ONLY = {
    "CLIPTextEncode",
    "CheckpointLoaderSimple",
    "EmptyLatentImage",
    "KSampler",
    "MarkdownNote",
    "Note",
    "VAEDecode",
}
RANDOM = {
    "PtnHfFineTunedClassificationModel",
    "PtnHfLoraClassificationModel",
    "PtTrainClassificationTransformerModel",
}


def _told(one: InputSpec) -> list[Any]:
    options = {k: v for k, v in one.options.items() if not (k == "multiline" and v is False)}
    options.pop("lazy", None)  # when a value is computed is ours
    if one.section != "required":
        options["section"] = one.section
    return [one.name, one.type, options]


@pytest.mark.parametrize("name", FACTS)
def test_the_interface_is_the_one_that_files_were_made_with(name: str) -> None:
    facts, spec = FACTS[name], CATALOG[name]
    assert (spec.title, spec.category) == (facts["title"], facts["category"])
    assert [_told(one) for one in spec.inputs] == facts["inputs"]
    assert [[one.name, one.type] for one in spec.outputs] == facts["outputs"]
    assert spec.output_node == facts.get("output_node", False)
    assert spec.input_is_list == facts.get("input_is_list", False)


@pytest.mark.parametrize("name", FACTS)
def test_widget_values_stand_in_the_order_of_the_files(name: str) -> None:
    widgets = [n for one in CATALOG[name].visible if one.is_widget for n in one.widget_names()]
    told = [f"({n.partition(':')[2]})" if ":" in n else n for n in widgets]
    assert told == FACTS[name].get("widgets", [])


@pytest.mark.parametrize("name", MARKED)
def test_the_engine_is_told_what_inputs_stand_for(name: str) -> None:
    found = {}
    for one in SPECS[name].inputs:
        mark = one.resource or ("changed" if one.mutates else one.tiny)
        if mark is not None:
            found[one.name] = mark
    assert found == MARKED[name]


def test_every_class_is_there_and_no_other() -> None:
    assert SPECS.keys() <= FACTS.keys()
    assert {name for name in FACTS if not CATALOG.runs(name)} == INTERFACE_ONLY


def test_more_epochs_extend_a_training_and_nothing_else_does() -> None:
    extending = {(n, i.name) for n, spec in SPECS.items() for i in spec.inputs if i.extends}
    trainers = {name for name in SPECS if name.startswith("PtTrain")}
    assert extending == {(name, "epochs") for name in trainers}
    assert all(SPECS[name].lazy == {"train_loader", "val_loader"} for name in trainers)
    assert all(i.extends for i in CATALOG["PtTrainModel"].inputs if i.name == "epochs")


@pytest.mark.parametrize("name", sorted(RANDOM))
def test_what_draws_random_numbers_says_so(name: str) -> None:
    assert SPECS[name].random


def test_what_reads_or_writes_files_says_so() -> None:
    touching = {name for name, spec in SPECS.items() if any(one.resource for one in spec.inputs)}
    touching |= {"PtvDataset", "PtvDatasetLoader"}
    assert {name for name, spec in SPECS.items() if spec.reads or spec.writes} == touching
    assert [name for name, spec in SPECS.items() if spec.writes] == ["PtSaveModel"]
    assert not any(spec.volatile for spec in SPECS.values())


@pytest.mark.parametrize("name", SPECS)
def test_every_node_has_a_help_page(name: str) -> None:
    first = SPECS[name].description.partition("\n")[0]
    assert first.endswith(".")
    assert len(first) > 20


@pytest.mark.parametrize(
    "module",
    [
        "graphrun_nodes.literals",
        "graphrun.sources.names",
        "graphrun.sources.paths",
        "graphrun.sources.files",
        "graphrun.sources.hub_cache",
        "graphrun.sources.vectors",
    ],
)
def test_light_modules_do_without_the_heavy_libraries(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "heavy = {'torch', 'transformers', 'datasets', 'numpy', 'pyarrow'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
