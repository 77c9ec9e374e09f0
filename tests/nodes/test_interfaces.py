"""The interfaces that workflow files rely on, restated here: names, order, types, defaults."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import graphrun_nodes
import pytest

from graphrun.catalog.spec import InputSpec, NodeSpec

SPECS = graphrun_nodes.PACK.all_nodes()

Facts = dict[str, Any]


def widget(name: str, type: str, default: Any = None, *bounds: float, **more: Any) -> Facts:
    limits = dict(zip(("min", "max", "step"), bounds, strict=False))
    return {"name": name, "type": type, "default": default, **limits, **more}


def link(name: str, type: str, **more: Any) -> Facts:
    return {"name": name, "type": type, **more}


RATES = [
    widget("learning_rate", "FLOAT", 0.001, 1e-10, 1, 1e-10),
    widget("beta1", "FLOAT", 0.9, 1e-10, 1, 1e-10),
    widget("beta2", "FLOAT", 0.999, 1e-10, 1, 1e-10),
]
CLASSIFIER = [
    widget("model_name", "STRING", "", resource="model"),
    widget("use_mean_pooling", "BOOLEAN", True),
    widget("dropout", "FLOAT", 0, 0, 1, 0.001),
]
TEXTS = [
    widget("sample_field_name", "STRING", "text"),
    widget("label_field_name", "STRING", "label"),
    link("encode", "PTCALLABLE"),
    widget("remove_html_tags", "BOOLEAN", False),
    widget("encode_return_dict", "BOOLEAN", False),
]

# class: (title, category, inputs, outputs, flags)
EXPECTED: dict[str, tuple[str, str, list[Facts], list[tuple[str, str]], Facts]] = {
    "CDAStringCreate": (
        "CDA String Create",
        "Data Analysis",
        [widget("data", "STRING")],
        [("STRING", "STRING")],
        {"echoes": "data"},
    ),
    "CDAIntCreate": (
        "CDA Int Create",
        "Data Analysis",
        [widget("data", "STRING")],
        [("INT", "INT")],
        {},
    ),
    "PandasShowText": (
        "Pandas Show Text",
        "Data Analysis",
        [
            link("text", "STRING", forceInput=True),
            link("unique_id", "UNIQUE_ID", section="hidden"),
            link("extra_pnginfo", "EXTRA_PNGINFO", section="hidden"),
        ],
        [("STRING", "STRING")],
        {"output_node": True, "input_is_list": True},
    ),
    "PtnBCEWithLogitsLoss": (
        "Ptn BCE With Logits Loss",
        "Training",
        [widget("reduction", "COMBO", options=["mean", "sum", "none"])],
        [("PTLOSS", "PTLOSS")],
        {},
    ),
    "PtoAdam": (
        "Pto Adam",
        "Training",
        [link("model", "PTMODEL"), *RATES],
        [("PTOPTIMIZER", "PTOPTIMIZER")],
        {},
    ),
    "PtoAdamW": (
        "Pto AdamW",
        "Training",
        [
            link("model", "PTMODEL"),
            *RATES,
            widget("weight_decay", "FLOAT", 0.01, 0.0, 1.0, 1e-10),
            widget("amsgrad", "BOOLEAN", False),
        ],
        [("PTOPTIMIZER", "PTOPTIMIZER")],
        {},
    ),
    "PtoLrSchedulerCosineAnnealing": (
        "Pto Lr Scheduler Cosine Annealing",
        "Training",
        [
            link("optimizer", "PTOPTIMIZER"),
            widget("num_epochs", "INT", 10, 1, 100_000_000),
            widget("minimum_lr", "FLOAT", 0, 0, 1.0, 1e-9),
        ],
        [("PTLRSCHEDULER", "PTLRSCHEDULER")],
        {},
    ),
    "PtoLrSchedulerStep": (
        "Pto Lr Scheduler Step",
        "Training",
        [
            link("optimizer", "PTOPTIMIZER"),
            widget("step_size", "INT", 10, 1, 100_000_000),
            widget("gamma", "FLOAT", 0.1, 1e-6, 1.0, 1e-8),
        ],
        [("PTLRSCHEDULER", "PTLRSCHEDULER")],
        {},
    ),
    "PtoLrSchedulerReduceOnPlateau": (
        "Pto Lr Scheduler Reduce On Plateau",
        "Training",
        [
            link("optimizer", "PTOPTIMIZER"),
            widget("grace_period", "INT", 10, 0, 100_000_000),
            widget("gamma", "FLOAT", 0.1, 1e-6, 1.0, 1e-8),
        ],
        [("PTLRSCHEDULER", "PTLRSCHEDULER")],
        {},
    ),
    "PtDataLoader": (
        "Pt Data Loader",
        "Training",
        [
            link("dataset", "PTVDATASET"),
            widget("batch_size", "INT", 1, 1, 1_000_000),
            widget("shuffle", "BOOLEAN", False),
            widget("parameters", "STRING", "", section="optional", multiline=True),
        ],
        [("PTDATALOADER", "PTDATALOADER")],
        {},
    ),
    "HfTokenizerEncode": (
        "Hf Tokenizer Encode",
        "Data Analysis",
        [
            widget("model_name", "STRING", "", resource="tokenizer"),
            widget("padding", "BOOLEAN", True),
            widget("padding_method", "COMBO", options=["max_length", "longest"]),
            widget("truncation", "BOOLEAN", True),
            widget("max_length", "INT", 512, 0, 1_000_000, tiny=64),
        ],
        [("PTCALLABLE", "PTCALLABLE")],
        {},
    ),
    "PtvHfDatasetWithTokenEncode": (
        "Ptv Hf Dataset With Token Encode",
        "Training",
        [
            widget("name", "STRING", "", resource="dataset"),
            widget("split", "STRING", "train"),
            *TEXTS,
        ],
        [("PTVDATASET", "PTVDATASET")],
        {},
    ),
    "PtvHfLocalDataset": (
        "Ptv Hf Local Dataset",
        "Training",
        [
            widget("file_path", "STRING", "", resource="data_file"),
            widget("file_format", "STRING", "json"),
            *TEXTS,
        ],
        [("PTVDATASET", "PTVDATASET")],
        {},
    ),
    "PtnHfFineTunedClassificationModel": (
        "Ptn Hf Fine Tuned Classification Model",
        "Training",
        CLASSIFIER,
        [("PTMODEL", "PTMODEL")],
        {"random": True},
    ),
    "PtnHfLoraClassificationModel": (
        "Ptn Hf Lora Classification Model",
        "Training",
        [
            *CLASSIFIER,
            widget("lora_r", "INT", 8, 1, 1_000_000),
            widget("lora_alpha", "INT", 16, 1, 1_000_000),
            widget("lora_dropout", "FLOAT", 0.1, 0, 1, 0.001),
        ],
        [("PTMODEL", "PTMODEL")],
        {"random": True},
    ),
    "PtTrainClassificationTransformerModel": (
        "Pt Train Classification Transformer Model",
        "Training",
        [
            link("model", "PTMODEL", mutates=True),
            link("train_loader", "PTDATALOADER"),
            link("optimizer", "PTOPTIMIZER", mutates=True),
            link("loss_function", "PTLOSS"),
            widget("epochs", "INT", 1, 1, 1_000_000, tiny=2),
            widget("use_gpu", "BOOLEAN", False),
            widget("early_stopping", "BOOLEAN", False),
            widget("early_stopping_rounds", "INT", 10, 1, 1000),
            widget("output_best_val_model", "BOOLEAN", True),
            widget("classification_metrics", "BOOLEAN", True),
            link("scheduler", "PTLRSCHEDULER", section="optional", mutates=True),
            link("val_loader", "PTDATALOADER", section="optional"),
            widget("unpack_input", "BOOLEAN", False, section="optional"),
        ],
        [("Model", "PTMODEL"), ("train loss", "TENSOR"), ("val loss", "TENSOR")],
        {"random": True},
    ),
    "PtLoadModel": (
        "Pt Load Model",
        "Data Analysis",
        [
            link("model", "PTMODEL", mutates=True),
            widget("model_path", "STRING", "model.pkl", resource="weights"),
        ],
        [("model", "PTMODEL")],
        {"volatile": True},
    ),
    "PtSaveModel": (
        "Pt Save Model",
        "Data Analysis",
        [
            link("model", "PTMODEL"),
            widget("model_path", "STRING", "model.pkl", resource="output_file"),
        ],
        [("model full path", "STRING")],
        {"volatile": True},
    ),
}


def _facts(spec: InputSpec) -> Facts:
    own = {"resource": spec.resource, "mutates": spec.mutates or None, "tiny": spec.tiny}
    section = None if spec.section == "required" else spec.section
    found = {"name": spec.name, "type": spec.type, "section": section, **spec.options, **own}
    return {key: value for key, value in found.items() if value is not None}


def _flags(spec: NodeSpec) -> Facts:
    names = ("output_node", "input_is_list", "volatile", "random", "echoes")
    return {name: getattr(spec, name) for name in names if getattr(spec, name)}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_interface_is_the_one_that_files_were_made_with(name: str) -> None:
    title, category, inputs, outputs, flags = EXPECTED[name]
    spec = SPECS[name]
    assert (spec.title, spec.category) == (title, category)
    expected = [{k: v for k, v in facts.items() if v is not None} for facts in inputs]
    assert [_facts(i) for i in spec.inputs] == expected
    assert [(o.name, o.type) for o in spec.outputs] == outputs
    assert _flags(spec) == flags
    assert [o.is_list for o in spec.outputs] == [name == "PandasShowText"] * len(outputs)


def test_no_class_is_missing_or_new() -> None:
    assert SPECS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_every_node_has_a_help_page(name: str) -> None:
    assert len(SPECS[name].description) > 30


@pytest.mark.parametrize("module", ["literals", "display", "_names", "_files", "_cache", "_paths"])
def test_light_modules_do_without_the_heavy_libraries(module: str) -> None:
    code = (
        f"import sys, graphrun_nodes.{module}\n"
        "heavy = {'torch', 'transformers', 'datasets', 'numpy', 'pyarrow'}\n"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
