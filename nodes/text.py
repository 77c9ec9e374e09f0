"""Tokenizers and labelled texts."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from graphrun.node import InputError, Nodes, Range, Resource, notice
from graphrun.sources.columns import texts_and_labels
from graphrun.sources.names import Found, announce, find_dataset
from graphrun.sources.paths import find_data_file
from graphrun.sources.tables import read, read_file
from graphrun.sources.vectors import find_vectors, look_up

from ._encoded import EncodedText, TextEncoder, VectorText
from ._load import load_tokenizer
from ._reviews import REVIEWS, stand_in, vectors_at_random
from ._types import Dataset, Encoder

if TYPE_CHECKING:
    import datasets

NODES = Nodes(category="Training", spaced=True)


@NODES.node("HfTokenizerEncode", category="Data Analysis", reads=True)
def tokenizer_encode(
    model_name: Annotated[str, Resource("tokenizer")] = "", *, padding: bool = True,
    padding_method: Literal["max_length", "longest"], truncation: bool = True,
    max_length: Annotated[int, Range(0, 1_000_000, tiny=64)] = 512,
) -> Encoder:  # fmt: skip
    """The tokenizer of a Hugging Face model, as a function of a text or a list of texts.

    It gives tensors of shape (rows, length), in tokens: `input_ids`, `attention_mask` and what
    else the tokenizer has. `max_length` limits them when `truncation` is on and is the length
    padded to when `padding` is on with the method `max_length`; 0 leaves it to the tokenizer.
    Batches need texts of one length, hence the method `max_length`.

    Raises:
        MissingResource: the tokenizer is not on this machine and cannot be downloaded.
        InputError: the files of the tokenizer cannot be read.
    """
    tokenizer, found = load_tokenizer(model_name)
    if found.source == "tiny":
        # The stand-in has fewer positions than what it stands for.
        max_length = min(max_length or tokenizer.model_max_length, tokenizer.model_max_length)
    return TextEncoder(model_name, tokenizer, padding, padding_method, truncation, max_length)


@NODES.node("PtvHfDatasetWithTokenEncode", reads=True)
def hub_dataset(
    name: Annotated[str, Resource("dataset")] = "", split: str = "train", *,
    sample_field_name: str = "text", label_field_name: str = "label", encode: Encoder,
    remove_html_tags: bool = False, encode_return_dict: bool = False,
) -> Dataset:  # fmt: skip
    """Labelled texts of a Hugging Face data set, encoded as they are asked for.

    `name` is a data set of the hub, an alias, or a folder of Parquet, Arrow, CSV, TSV or JSON
    files. Item i is ((ids, mask), label), int64 of shapes (length,), (length,) and (). Labels
    are numbers; words are numbered by the data set itself or by an alias's `labels=`.
    `remove_html_tags` decodes entities and replaces tags by blanks before encoding.
    Whether `encode` gives a mapping or a pair is seen from what it gives, so
    `encode_return_dict` makes no difference.

    Raises:
        MissingResource: the data set is not on this machine and cannot be downloaded, or it has
            no such split.
        InputError: a column is missing, a row has no text or label, a label is neither a whole
            number nor one of the alias's `labels=`, a file cannot be read, or several sets of
            files could be the split.
    """
    data = _hub_texts(name, split, sample_field_name, label_field_name)
    return EncodedText(data, encode, clean=remove_html_tags)


@NODES.node("PtvHfGloveDataset", reads=True)
def glove_dataset(
    name: Annotated[str, Resource("dataset")] = "", split: str = "train", *,
    embed_dim: Annotated[int, Range(32, 4096), Resource("vectors")] = 100,
    max_seq_len: Annotated[int, Range(8, 4096, tiny=48)] = 256, sample_field_name: str = "text",
    label_field_name: str = "label",
) -> Dataset:  # fmt: skip
    """Labelled texts of a Hugging Face data set as the GloVe vectors of their words.

    `name` is that of PtvHfDatasetWithTokenEncode. The vectors are glove-wiki-gigaword-`embed_dim`
    of gensim's folder, glove.6B.`embed_dim`d.txt in the folder glove among the models, or the text
    file (GloVe's or word2vec's, plain or .gz) that an alias of the former name leads to. Item i is
    (matrix, label): float32 of shape (max_seq_len, embed_dim) and int64 of shape ().

    Entities are decoded, tags and all but a-z, A-Z and 0-9 made blanks, words in lower case. Those
    without a vector are rows of zeros, as are the rows after the last.

    Raises:
        MissingResource: the data set or the vectors are not on this machine.
        InputError: as PtvHfDatasetWithTokenEncode; the file of vectors is damaged, or has another
            number of dimensions.
    """
    data = _hub_texts(name, split, sample_field_name, label_field_name)
    path = find_vectors(str(embed_dim))
    if path is None:
        said = f"glove-wiki-gigaword-{embed_dim} → vectors at random (--tiny)"
        notice(said, code="stand_in", once=True)
        data = data.take(min(len(data), 1024))  # networks on vectors are as large as the file says
        return VectorText(data, max_seq_len, partial(vectors_at_random, dimension=embed_dim))
    return VectorText(data, max_seq_len, lambda words: look_up(path, words, embed_dim))


@NODES.node("PtvHfLocalDataset", reads=True)
def local_dataset(
    file_path: Annotated[str, Resource("data_file")] = "", file_format: str = "json", *,
    sample_field_name: str = "text", label_field_name: str = "label", encode: Encoder,
    remove_html_tags: bool = False, encode_return_dict: bool = False,
) -> Dataset:  # fmt: skip
    """Labelled texts of one local file, encoded as they are asked for.

    `file_format` is json (JSON lines as well), csv, tsv, parquet or arrow; the first three are
    UTF-8. Relative paths start at the working folder. Items are those of
    PtvHfDatasetWithTokenEncode, and so are `remove_html_tags` and `encode_return_dict`.

    Raises:
        MissingResource: there is no such file.
        InputError: the format is unknown, the file is not of that format, a column is missing, a
            row has no text or label, or a label is no whole number.
    """
    path = find_data_file(file_path)
    if path:
        data = read_file(path, file_format, (sample_field_name, label_field_name))
        found = Found(file_path, "file", str(path))
    else:
        found = announce(Found(file_path, "tiny", "reviews"), REVIEWS)
        # imdb/test.jsonl, test-00000-of-00001.parquet, ...
        stem = Path(file_path).stem.split("-")[0]
        data = stand_in(stem, text=sample_field_name, label=label_field_name)
    data = texts_and_labels(data, found, text=sample_field_name, label=label_field_name)
    return EncodedText(data, encode, clean=remove_html_tags)


def _hub_texts(name: str, split: str, text: str, label: str) -> datasets.Dataset:
    if not split.strip():
        message, hint = "the name of the split is empty", "most data sets have train and test"
        raise InputError(message, input="split", code="empty_split", hint=hint)
    found = announce(find_dataset(name), REVIEWS)
    if found.source == "tiny":
        data = stand_in(split, text=text, label=label)
    else:
        data = read(found, split, (found.text or text, found.label or label))
    return texts_and_labels(data, found, text=text, label=label)
