"""The schema of a node kind and the rules say the same about every value."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from graphrun.catalog import Catalog
from graphrun.catalog.schema import from_schema, to_schema
from graphrun.convert.dynamic import settle_prompt
from graphrun.documents import loads
from graphrun.plan.rules import values

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("schemas/*/*.json"))
CANDIDATES = [
    None,
    True,
    False,
    "",
    "false",
    "mean",
    "max_length",
    0,
    1,
    -1,
    2,
    2.0,
    2.7,
    1e-10,
    10**7,
    10**12,
    ["9", 0],
    {"a": 1},
]
RULES = (
    values.required_inputs,
    values.known_inputs,
    values.literal_values,
)


def test_there_are_schemas():
    assert {"PtoAdamW", "PtTrainClassificationTransformerModel", "SaveImage"} <= {
        f.stem for f in FILES
    }


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_schema_is_valid_and_gives_back_its_spec(file):
    schema = json.loads(file.read_text())
    Draft202012Validator.check_schema(schema)
    spec = from_schema(schema)
    assert spec.class_type == file.stem
    assert json.loads(json.dumps(to_schema(spec))) == schema


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_schema_and_rules_agree_on_every_candidate(file):
    schema = json.loads(file.read_text())
    spec, validator = from_schema(schema), Draft202012Validator(schema)
    # Inputs that grow have the members that they have to have, and one that they may.
    inputs = settle_prompt(spec, {}).visible
    good = {i.name: i.initial if i.is_widget else ["9", 0] for i in inputs}
    trials = [good, {**good, "no_such_input": 1}]
    trials += [{**good, i.name: value} for i in (*spec.visible, *inputs) for value in CANDIDATES]
    trials += [{k: v for k, v in good.items() if k != i.name} for i in inputs]
    for given in trials:
        node = {"class_type": spec.class_type, "inputs": given}
        prompt = loads(json.dumps({"1": node}))
        found = [d for rule in RULES for d in rule(prompt, {spec.class_type: spec})]
        assert validator.is_valid(node) == (not found), given


@pytest.mark.parametrize("name", ["workflow", "prompt", "report"])
def test_document_schemas_are_valid(name):
    Draft202012Validator.check_schema(
        json.loads((ROOT / f"schemas/{name}.schema.json").read_text())
    )


def test_the_flagship_satisfies_the_schemas_of_its_nodes():
    from graphrun import api

    prompt = api.convert(api.load(ROOT / "workflows/distilbert_classification.json"))
    for node in prompt.to_json().values():
        schema = json.loads((ROOT / f"schemas/nodes/{node['class_type']}.json").read_text())
        Draft202012Validator(schema).validate(node)
    assert len(prompt.nodes) == 12
    own = {
        name
        for pack in Catalog.installed().packs
        if pack.folder == "nodes"
        for name in pack.names()
    }
    assert own == {f.stem for f in FILES if f.parent.name == "nodes"}
