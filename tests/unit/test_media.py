"""Workflows and prompts inside media files, and files that are neither media nor JSON."""

import io
import json
import struct
import sys
import tracemalloc
import zlib

import media
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphrun.documents import Prompt, Workflow, load, loads
from graphrun.errors import DocumentError

kinds = pytest.mark.parametrize("data", media.KINDS.values(), ids=media.KINDS)


def refused(data, name="picture.png", **options):
    with pytest.raises(DocumentError) as caught:
        loads(data, name=name, **options)
    return caught.value.diagnostics[0]


def tried(data):
    """The document, or None where reading fails as it should: with a DocumentError."""
    try:
        return loads(data)
    except DocumentError:
        return None


@kinds
def test_a_workflow_comes_before_a_prompt(data):
    found = loads(data, name="file")
    assert isinstance(found, Workflow)
    assert found.source.name == "file (workflow)"
    assert found.data == json.loads(media.WORKFLOW)


@kinds
def test_the_prompt_can_be_preferred_and_keeps_the_workflow(data):
    found = loads(data, name="file", prefer="prompt")
    assert isinstance(found, Prompt)
    assert str(found.position("1", "text")).startswith("file (prompt):1:")
    assert found.nodes["1"].inputs == {"text": "é"}
    assert found.workflow == json.loads(media.WORKFLOW)


def test_what_there_is_is_read_whatever_is_preferred():
    only = media.png_text({"prompt": media.PROMPT})
    assert isinstance(loads(only), Prompt)
    assert loads(only).workflow is None
    assert isinstance(
        loads(media.png_text({"Workflow": media.WORKFLOW}), prefer="prompt"), Workflow
    )


@pytest.mark.parametrize("make", [media.mp4, media.webm, media.mp3], ids=["mp4", "webm", "mp3"])
def test_both_documents_in_one_comment(make):
    both = json.dumps({k: json.loads(t) for k, t in media.TEXTS.items()})
    assert isinstance(loads(make({"comment": both})), Workflow)
    assert isinstance(loads(make({"comment": both}), prefer="prompt"), Prompt)


@kinds
def test_every_cut_is_noticed_or_harmless(data):
    """Behind the texts a cut need not be noticed: sound and pixels are not read."""
    whole = loads(data).data
    for length in range(len(data)):
        found = tried(data[:length])
        assert found is None or found.data == whole


@pytest.mark.parametrize("name", [n for n in media.KINDS if n.startswith("png")])
def test_a_cut_png_is_always_noticed(name):
    """A cut behind the texts is only told, as they are whole."""
    data = media.KINDS[name]
    texts = data.index(b"IDAT") - 4
    for length in range(8, len(data)):
        if length < texts:
            assert refused(data[:length]).code == "truncated_media"
        else:
            (note,) = loads(data[:length]).notes
            assert (note.code, note.severity) == ("truncated_media", "warning")


def test_a_prompt_that_is_wanted_and_whole_is_read_from_a_cut_png():
    data = media.png_text()
    data = data[: data.index(b"tEXtworkflow") + 20]
    assert [n.code for n in loads(data, prefer="prompt").notes] == ["truncated_media"]


def test_a_cut_png_names_the_chunk_and_the_place():
    data = media.png_text()
    start = data.index(b"tEXtworkflow") - 4
    found = refused(data[: start + 30])
    assert found.code == "truncated_media"
    assert f"'tEXt' at byte {start}" in found.message
    assert "needs" in found.message
    assert "again" in found.hint


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(media.KINDS)),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=8)), min_size=1, max_size=4),
)
@example("safetensors", [(0, b"\xff" * 8)])
def test_damage_is_never_more_than_a_document_error(name, changes):
    data = bytearray(media.KINDS[name])
    for place, new in changes:
        place %= len(data)
        data[place : place + len(new)] = new
    tried(bytes(data))


@given(st.sampled_from(sorted(media.KINDS)), st.integers(0, 40), st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_noise_behind_a_true_beginning(name, length, noise):
    tried(media.KINDS[name][:length] + noise)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (media.png(), "no_embedded_workflow", "PNG image has neither"),
        (media.png_text({"parameters": "a cat"}), "no_embedded_workflow", "only the parameters"),
        (media.png_text({"workflow": ""}), "no_embedded_workflow", "neither"),
        (media.mp4({"title": "x"}), "no_embedded_workflow", "MP4 video has neither"),
        (b"\xff\xfb\x90audio", "no_embedded_workflow", "MP3 audio has neither"),
        (b"<svg></svg>", "no_embedded_workflow", "SVG image has neither"),
        (b"<svg>", "truncated_media", "before </svg>"),
        (b"GIF89a....", "unsupported_media", "a GIF image cannot hold"),
        (b"RIFF\4\0\0\0AVI ", "unsupported_media", "an AVI video cannot hold"),
        (b"RIFF\4\0\0\0WAVE", "unsupported_media", "a WAV audio cannot hold"),
        (b"PK\3\4....", "unsupported_media", "a ZIP archive cannot hold"),
        (b"\x93NUMPY\1\0", "invalid_encoding", "not UTF-8"),
    ],
)
def test_what_has_no_workflow(data, code, words):
    found = refused(data, name="f")
    assert (found.code, found.message[:3]) == (code, "f: ")
    assert words in found.message
    assert found.hint


def test_embedded_text_that_is_no_json_is_located_in_it():
    texts = {"prompt": media.PROMPT, "workflow": '{"nodes": [,]}'}
    found = refused(media.png_text(texts))
    assert found.code == "invalid_json"
    assert str(found.position) == "picture.png (workflow):1:12"
    assert "--prefer prompt" in found.hint
    assert isinstance(loads(media.png_text(texts), prefer="prompt"), Prompt)


def test_a_damaged_chunk_is_refused():
    data = media.png_text().replace(b'"Text"', b'"Test"')
    found = refused(data)
    assert found.code == "broken_media"
    assert "checksum" in found.message


def test_damage_to_another_text_is_a_warning():
    texts = {"Software": "painter", **media.TEXTS}
    data = media.png_text(texts).replace(b"painter", b"pointer")
    found = loads(data)
    assert isinstance(found, Workflow)
    assert [(n.code, n.severity) for n in found.notes] == [("broken_media", "warning")]
    assert "checksum" in found.notes[0].message
    alone = media.png_text({"Software": "painter"}).replace(b"painter", b"pointer")
    assert refused(alone).code == "broken_media"


def test_damage_without_end_is_refused():
    texts = {f"Note{i}": "painter" for i in range(9)}
    data = media.png_text({**texts, **media.TEXTS}).replace(b"painter", b"pointer")
    assert refused(data).code == "broken_media"


@pytest.mark.parametrize(
    "text", ["{}", "null", " [] ", '{"nodes": [], "version": 0.4}', '{"nodes": null}']
)
def test_an_empty_workflow_gives_way_to_a_good_prompt(text):
    found = loads(media.png_text({"prompt": media.PROMPT, "workflow": text}))
    assert isinstance(found, Prompt)
    assert found.source.name == "<string> (prompt)"
    assert [(n.code, n.severity) for n in found.notes] == [("empty_workflow", "warning")]


def test_an_empty_workflow_stays_where_there_is_nothing_better():
    empty = '{"nodes": []}'
    assert isinstance(loads(media.png_text({"workflow": empty})), Workflow)
    assert isinstance(loads(media.png_text({"prompt": "{}", "workflow": empty})), Workflow)
    assert isinstance(loads(media.png_text({"prompt": "[", "workflow": empty})), Workflow)


def exif_bomb(text, tags=5000):
    """Tags that all name the same bytes."""
    start = 8 + 2 + 12 * tags + 4
    entries = struct.pack("<HHII", 0x010F, 2, len(text), start) * tags
    return b"II*\0" + struct.pack("<IH", 8, tags) + entries + bytes(4) + text


@pytest.mark.parametrize("start", [b"", b"workflow:", b"prompt:", b"{"])
def test_tags_that_share_their_bytes_cost_nothing(start):
    body = exif_bomb(start + bytes(1 << 20))
    chunks = media.riff(b"VP8L", b"pix") + media.riff(b"EXIF", body)
    found = refused(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks)
    assert found.code == ("broken_media" if start else "no_embedded_workflow")


def test_directories_that_share_a_directory_cost_nothing():
    tags = 20_000
    entries = struct.pack("<HHII", 0x8769, 4, 1, 8) * tags
    body = b"II*\0" + struct.pack("<IH", 8, tags) + entries + bytes(4)
    chunks = media.riff(b"EXIF", body)
    refused(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks)


def test_bombs_and_lies_cost_nothing():
    bomb = zlib.compress(bytes(100 << 20), 9)
    body = b"workflow\0\1\0\0\0" + bomb
    assert "too much" in refused(media.png(media.chunk(b"iTXt", body))).message
    lie = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFFF) + b"tEXt" + b"workflow\0{}"
    assert refused(lie).code == "truncated_media"
    huge = b"fLaC" + b"\x84\0\0\x10" + struct.pack("<I", 0xFFFFFFF0) + bytes(12)
    assert refused(huge).code == "truncated_media"
    deep = json.dumps({"asset": {"extras": {"workflow": 0}}}).replace("0", "[" * 100_000)
    glb = b"glTF" + struct.pack("<III", 2, 20 + len(deep), len(deep)) + b"JSON" + deep.encode()
    assert refused(glb).code == "broken_media"


def test_files_and_standard_input(tmp_path, monkeypatch):
    """The content decides, not the name, and input need not be seekable."""
    file = tmp_path / "workflow.json"
    file.write_bytes(media.KINDS["webp"])
    assert isinstance(load(file), Workflow)
    assert isinstance(load(file, prefer="prompt"), Prompt)

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    for data in (media.KINDS["png tEXt"], media.KINDS["mp4"], media.PROMPT.encode()):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Pipe(data)))
        assert load("-", prefer="prompt").nodes["1"].inputs == {"text": "é"}
    assert isinstance(loads(media.svg().decode()), Workflow)


def big(path, start, size=100 << 20):
    """A file that is large and takes no room."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)
    return path


LOG = b"2024-01-01 info started\n" * 5000


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (LOG, "invalid_json"),
        (b'{"a": 1}\n' * 20_000, "invalid_json"),
        (b"{'a': 1, " * 20_000, "invalid_json"),
        (b'{"a": [1, 2,, 3' + b"0" * 70_000, "invalid_json"),
        (b"\x7fELF" + bytes(80_000), "invalid_json"),
        (b"\x93NUMPY" + bytes(80_000), "invalid_encoding"),
        (b"", "invalid_json"),
    ],
)
def test_a_large_file_that_cannot_be_a_document_is_refused_unread(tmp_path, start, code):
    file = big(tmp_path / "big.bin", start)
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError) as caught:
            load(file)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert caught.value.diagnostics[0].code == code


def test_a_large_document_is_read(tmp_path):
    for text in ("é" * 100_000, "x" * 65_523 + "€" * 10, "\\n" * 50_000):
        document = {"1": {"class_type": "Text", "inputs": {"text": text}}}
        file = tmp_path / "large.json"
        file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
        assert load(file).nodes["1"].inputs["text"] == text
    file.write_text(" " * 100_000 + media.WORKFLOW)
    assert isinstance(load(file), Workflow)


def test_numbers_that_no_machine_holds_are_refused():
    assert refused('{"1": ' + "9" * 5000 + "}").code == "invalid_json"
