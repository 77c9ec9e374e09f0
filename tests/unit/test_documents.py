"""Bytes → documents, and positions in them."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrun.documents import BadLink, Link, Prompt, Source, Workflow, load, loads
from graphrun.errors import DocumentError, ExitCode


def refused(text, name="f.json"):
    with pytest.raises(DocumentError) as caught:
        loads(text, name=name)
    assert caught.value.exit_code is ExitCode.INVALID
    return caught.value.diagnostics[0]


def test_a_prompt_holds_links_literals_and_titles():
    document = {
        "2": {
            "class_type": "A",
            "inputs": {"x": ["1", 0], "y": {"__value__": [1, 2]}, "z": [1, 2, 3], "s": "t"},
            "_meta": {"title": "My A"},
        },
        "1": {"class_type": "B"},
    }
    prompt = loads(json.dumps(document))
    assert isinstance(prompt, Prompt)
    assert list(prompt.nodes) == ["2", "1"]
    node = prompt.nodes["2"]
    assert dict(node.inputs) == {
        "x": Link("1", 0),
        "y": [1, 2],
        "z": BadLink([1, 2, 3]),
        "s": "t",
    }
    assert node.label == "node 2 (My A, A)"
    assert prompt.to_json()["2"] == document["2"]


def test_a_request_is_unwrapped_and_its_workflow_kept():
    workflow = {"nodes": [], "version": 0.4}
    request = {
        "prompt": {"1": {"class_type": "A", "inputs": {}}},
        "extra_data": {"extra_pnginfo": {"workflow": workflow}},
    }
    prompt = loads(json.dumps(request))
    assert list(prompt.nodes) == ["1"]
    assert prompt.workflow == workflow
    assert prompt.position("1").column == request_column(request)


def request_column(request):
    return json.dumps(request).index('{"class_type"') + 1


@pytest.mark.parametrize(
    "text",
    [
        '{"nodes": [], "links": [], "version": 0.4}',
        '{"nodes": [], "links": [], "version": 1, "state": {"lastNodeId": 0}}',
        '{"nodes": [], "definitions": {"subgraphs": [{"id": "a", "nodes": []}]}}',
        '{"nodes": [], "definitions": null, "extra": {"groupNodes": {"A": {"nodes": []}}}}',
    ],
)
def test_a_workflow_is_recognised_by_its_list_of_nodes(text):
    assert isinstance(loads(text), Workflow)


def test_a_fault_in_a_nested_definition_has_its_place():
    nested = {"id": "b", "nodes": [{"id": 1}]}
    outer = {"id": "a", "nodes": [], "definitions": {"subgraphs": [nested]}}
    text = json.dumps({"nodes": [], "definitions": {"subgraphs": [outer]}})
    found, place = refused(text), text.index('{"id": 1}') + 1
    assert (found.code, str(found.position)) == ("invalid_workflow", f"f.json:1:{place}")


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ('{"1": {"class_type": "A", ', "invalid_json", "f.json:1:27"),
        ('{\n "1": nope}', "invalid_json", "f.json:2:7"),
        ("[1, 2]", "not_a_workflow", "f.json:1:1"),
        ('"text"', "not_a_workflow", "f.json:1:1"),
        ('{"a": "\\ud800"}', "invalid_encoding", "f.json:1:8"),
        ('{"a": "\\udc00"}', "invalid_encoding", "f.json:1:8"),
        ('{"a": "\\\\\\ud800 "}', "invalid_encoding", "f.json:1:10"),
        ('{"1": {"inputs": {}}}', "not_a_workflow", "f.json:1:7"),
        ('{"templates": []}', "not_a_workflow", "f.json:1:1"),
        ('{"nodes": [], "definitions": {"subgraphs": [{}]}}', "invalid_workflow", "f.json:1:45"),
        ('{"nodes": [{"id": 1}], "version": 0.4}', "invalid_workflow", "f.json:1:12"),
        ('{"1": {"class_type": 5}}', "invalid_prompt", "f.json:1:22"),
        ('{"1": {"class_type": "A", "inputs": []}}', "invalid_prompt", "f.json:1:37"),
    ],
)
def test_what_is_refused_and_where(text, code, position):
    found = refused(text)
    assert (found.code, str(found.position)) == (code, position)


def test_a_truncated_file_is_called_incomplete():
    assert "is the file complete?" in refused('{"1": {"class_type": "A"').hint


def test_a_node_without_class_is_named():
    assert "node 7: class_type is missing" in refused('{"7": {"inputs": {}}}').message


def test_two_nodes_with_one_id_are_refused():
    node = '{"class_type": "A", "inputs": {}}'
    found = refused(f'{{"1": {node}, "1": {node}}}')
    assert found.code == "duplicate_key"
    assert "'1'" in found.message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{"1": {"class_type": "A"},\n "1": {"class_type": "A"}}', "2:2", "an id of its own"),
        ('{"nodes": [],\n "links": ["links", {"a\\"": 1}],\n  "links": []}', "3:3", "counts"),
        ('{"1": {"class_type": "A", "inputs": {"a": {}, "\\u0061": 2}}}', "1:47", "counts"),
    ],
)
def test_a_key_that_stands_twice_has_its_place(text, place, words):
    found = refused(text)
    assert (found.code, str(found.position)) == ("duplicate_key", f"f.json:{place}")
    assert words in found.hint


def test_what_is_nested_too_deep_has_its_place():
    found = refused('{\n"a": ' + "[" * 200_000 + "]" * 200_000 + "}")
    assert (found.code, found.message) == ("invalid_json", "nested too deep")
    assert str(found.position) == "f.json:2:200005"


def test_bytes_that_are_no_text_have_their_place():
    for mark in (b"", b"\xef\xbb\xbf"):
        found = refused(mark + '{"é": 1,\n "né'.encode() + b"\xe9")
        assert (found.code, str(found.position)) == ("invalid_encoding", "f.json:2:5")
    assert str(refused(b'\xef\xbb\xbf{"\xe9": 1}').position) == "f.json:1:3"
    assert refused(b"\x93\0\1").position is None


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("size", [1, 100_000])
def test_wide_text_is_named(encoding, size):
    found = refused(('{"a": "' + "x" * size + '"}').encode(encoding))
    assert found.code == "invalid_encoding"
    assert f"{encoding[:6].upper()} text" in found.message
    assert "UTF-8" in found.hint


@pytest.mark.parametrize(
    ("document", "words", "way"),
    [
        (
            {"A": {"input": {}, "output": []}, "B": {"input": {}, "output": []}},
            "definitions of node kinds",
            "--object-info",
        ),
        ({"templates": [{"name": "x", "data": "{}"}]}, "node templates", "Manage Node Templates"),
    ],
)
def test_other_documents_are_recognised(document, words, way):
    found = refused(json.dumps(document))
    assert found.code == "not_a_workflow"
    assert words in found.message
    assert way in found.hint


def missing(path):
    with pytest.raises(DocumentError) as caught:
        load(path)
    return caught.value.diagnostics[0].hint


def test_suggestions_are_files_of_the_folder_with_a_like_name(tmp_path, monkeypatch):
    (tmp_path / "portrait.json").write_text("{}")
    (tmp_path / "portrait.png").write_text("{}")
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "gone.json").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    for name in ("Portrat.json", "portrait.jsn"):
        first, second = tmp_path / "portrait.json", tmp_path / "portrait.png"
        assert missing(tmp_path / name) == f"did you mean {first} or {second}?"
    assert missing("a.json") is None
    assert missing("gone.json") == "it is a link to nowhere, which does not exist"
    assert missing("folder/portrait.json") == "there is no folder folder"


def test_bare_nan_is_read_as_null_with_a_warning():
    prompt = loads('{"1": {"class_type": "A", "inputs": {"x": NaN}}}')
    assert prompt.nodes["1"].inputs["x"] is None
    assert [n.code for n in prompt.notes] == ["not_json_number"]


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "workflow.json").write_text("{}")
    with pytest.raises(DocumentError, match="no such file") as caught:
        load(tmp_path / "workflw.json")
    assert "workflow.json" in caught.value.diagnostics[0].hint
    latin = tmp_path / "latin.json"
    latin.write_bytes('{"café": 1}'.encode("latin-1"))
    with pytest.raises(DocumentError, match="not UTF-8 text \\(byte 0xe9 at offset 5\\)"):
        load(latin)
    with pytest.raises(DocumentError, match="is a directory"):
        load(tmp_path)


def test_a_byte_order_mark_is_no_error():
    assert isinstance(loads(b'\xef\xbb\xbf{"nodes": []}'), Workflow)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


def paths(value, here=()):
    yield here, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*here, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*here, index))


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_value_is_found_where_it_stands(document, indent, escape):
    text = json.dumps(document, indent=indent, ensure_ascii=escape)
    source = Source("f.json", text)
    lines = text.split("\n")
    for path, value in paths(document):
        place = source.locate(path)
        offset = sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1
        assert json.JSONDecoder().raw_decode(text, offset)[0] == value


def test_a_path_that_leads_nowhere_gives_its_closest_ancestor():
    source = Source("f.json", '{"a": {"b": 1}}')
    assert source.locate(("a", "x", 0)).column == 7


@pytest.mark.parametrize("text", [r'"\ud83d\ude00"', r'"\\ud800"', '"😀"'])
def test_whole_characters_are_no_half_ones(text):
    prompt = loads('{"1": {"class_type": "A", "inputs": {"x": ' + text + "}}}")
    prompt.nodes["1"].inputs["x"].encode()


@pytest.mark.parametrize(
    ("text", "name"), [("null", "null"), ("3", "number"), ("1.5", "number"), ("true", "boolean")]
)
def test_what_is_no_workflow_is_called_as_json_calls_it(text, name):
    assert f"found a JSON {name}" in refused(text).message


def test_a_version_that_is_a_text_is_read():
    assert isinstance(loads('{"nodes": [], "version": "0.4"}'), Workflow)


def test_thousands_of_places_in_a_large_file_cost_little_more_than_one():
    nodes = [{"id": i, "values": ["x" * 600, {"deep": [i]}]} for i in range(1500)]
    source = Source("f.json", json.dumps({"nodes": nodes}, indent=1))
    start = time.perf_counter()
    places = [source.locate(("nodes", i, "values", 1, "deep", 0)) for i in reversed(range(1500))]
    assert time.perf_counter() - start < 1
    lines = source.text.splitlines()
    assert [lines[p.line - 1].strip() for p in reversed(places) if p] == list(map(str, range(1500)))
