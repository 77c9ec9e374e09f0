"""SentencePiece models, and lists of texts as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from sentencepiece import SentencePieceProcessor
from torch.nn.functional import pad

from graphrun.node import InputError, Nodes, Range, Resource, Socket, notice
from graphrun.sources.paths import find_data_file

from ._encoded import encoded
from ._tiny import PIECES
from ._types import Encoder, Tensor

NODES = Nodes(category="Data Analysis", spaced=True)

Pieces = Annotated[SentencePieceProcessor, Socket("SPMODEL")]
Ids = torch.Tensor | list[torch.Tensor]


@NODES.node("SpLoadModel", outputs=("spmodel",), reads=True)
def load_pieces(model_path: Annotated[str, Resource("data_file")] = "spiece.model") -> Pieces:
    """A SentencePiece model, such as the spiece.model that comes with a T5 checkpoint.

    Relative paths start at the working folder, the run's input folder, or the folder
    sentencepiece among the models.

    Raises:
        MissingResource: there is no such file.
        InputError: the file is no SentencePiece model, or damaged.
    """
    path = find_data_file(model_path)
    if path is None:
        path = PIECES
        notice(f"{model_path} → built-in SentencePiece model (--tiny)", code="stand_in", once=True)
    proto = path.read_bytes()
    try:
        # The library takes no bytes for no model, which it would find out when it encodes.
        return SentencePieceProcessor(model_proto=proto or b"\0")
    except RuntimeError as error:
        message = f"{path} ({len(proto):,} bytes) is no SentencePiece model, or damaged"
        hint = "the spiece.model of T5 has about 800 KB; one of 130 bytes is a mere pointer"
        raise InputError(message, input="model_path", code="unreadable_model", hint=hint) from error


@NODES.node("SpEncode")
def encode_pieces(
    spmodel: Pieces, padding: bool = False, *, padding_method: Literal["max_length", "longest"],
    padding_value: Annotated[int, Range(0, 255)] = 0, truncation: bool = False,
    max_length: Annotated[int, Range(1, 1_000_000, tiny=64)] = 512,
) -> Encoder:  # fmt: skip
    """A SentencePiece model as a function of a text or a list of texts.

    It gives a pair (ids, mask), int64, without marks of begin and end. `truncation` cuts the ids of
    a text to `max_length`. `padding` fills them up at the end with `padding_value`, to `max_length`
    or to the longest text of the call; the mask is 0 where an id is `padding_value`, be it of the
    text or not. A text gives two tensors of rank 1. A list gives two of shape (rows, length) if
    `padding` is on or it has one entry, else two lists of tensors of rank 1.
    """
    if padding_method not in ("max_length", "longest"):
        message = f"padding_method is {padding_method!r}: it has to be max_length or longest"
        raise InputError(message, input="padding_method", code="value_not_in_list")
    return PieceEncoder(spmodel, padding, padding_method, padding_value, truncation, max_length)


@NODES.node("PtTokenizer", outputs=("token_tens", "mask_tens"))
def tokenize(
    encode: Encoder, text_list: Annotated[list[str], Socket("PYLIST")]
) -> tuple[Tensor, Tensor]:
    """The token ids of a list of texts and their mask, as the encoder gives them.

    They have the shape (rows, length); SpEncode without padding gives lists of tensors instead.

    Raises:
        InputError: the list is empty or holds something else, the texts cannot be one tensor, or
            the encoder gives neither a pair nor a mapping.
    """
    texts = text_list if isinstance(text_list, list | tuple | str) else [text_list]
    odd = [text for text in texts if not isinstance(text, str)]
    if odd or not texts:
        message = f"{odd[0]!r} in the list is no text" if odd else "the list of texts is empty"
        raise InputError(message, input="text_list", code="not_a_text" if odd else "empty_list")
    return encoded(encode, text_list)


@dataclass(frozen=True)
class PieceEncoder:
    """What SpEncode gives; see there. It can be pickled, as the library's model can."""

    model: SentencePieceProcessor
    padding: bool
    method: Literal["max_length", "longest"]
    value: int
    truncation: bool
    max_length: int

    def __call__(self, text: str | Sequence[str]) -> tuple[Ids, Ids]:
        limit = self.max_length if self.truncation else None
        encoded = [self.model.encode(one) for one in ([text] if isinstance(text, str) else text)]
        rows = [torch.tensor(ids[:limit], dtype=torch.int64) for ids in encoded]
        masks = [torch.ones_like(row) for row in rows]
        if self.padding:
            length = self.max_length if self.method == "max_length" else max(map(len, rows))
            rows = [pad(row, (0, max(0, length - len(row))), value=self.value) for row in rows]
            masks = [(row != self.value).long() for row in rows]
        if isinstance(text, str):
            return rows[0], masks[0]
        if self.padding or len(rows) == 1:
            return torch.stack(rows), torch.stack(masks)
        return rows, masks
