"""What an encoder does to a text, taken out of it so that it can be done to many at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import tokenizers

from graphrun.sources.columns import LABEL, TEXT

from .._encoded import EncodedText, TextEncoder, encoded

LONG = 1 << 14
"""Characters that are tokenized first, at least, of a text that has more than twice as many."""

# These look at no more than a word and the blanks around it.
_BY_WORD = {"BertPreTokenizer", "ByteLevel", "Whitespace", "WhitespaceSplit"}


class NoTokens(Exception):
    """Texts cannot be tokenized ahead; says why, in words that follow a colon."""


@dataclass(frozen=True)
class Recipe:
    """How texts become ids.

    `backend` cuts and does not pad. `width` is the length that rows are padded to with the id
    `pad`, 0 for none; longer ones stay as they are. `clean` takes markup away first. `by_word`
    says whether the ids of a word depend on it and the blanks around it alone.
    """

    backend: tokenizers.Tokenizer
    width: int
    pad: int
    clean: bool
    by_word: bool

    @property
    def kind(self) -> str:
        """The type of numbers that holds every id of the vocabulary."""
        most = max(self.backend.get_vocab(with_added_tokens=True).values(), default=0)
        return "<u2" if most < 1 << 16 else "<u4"

    def ids(self, texts: list[str]) -> list[Any]:
        """The encodings of texts, on all cores; `ids` of each are a list of numbers.

        Raises:
            NoTokens: the tokenizer refuses a text.
        """
        try:
            given: list[Any] = self.backend.encode_batch_fast([self._start(text) for text in texts])
        except Exception as error:  # the library raises bare ones
            raise NoTokens(f"a text cannot be tokenized: {error}") from error
        return given

    def _start(self, text: str) -> str:
        """A start of a very long text that gives the same ids, else the text.

        Nothing is cut unless the words of its first half are enough already.
        """
        cut = self.backend.truncation
        if not self.by_word or not cut or cut["direction"] != "right":
            return text
        most = max(LONG, 64 * cut["max_length"])
        if len(text) <= 2 * most:
            return text
        starts = [text[: text.rfind(" ", 0, size) + 1] for size in (most // 2, most)]
        some, more = (one.ids for one in self.backend.encode_batch_fast(starts))
        return starts[1] if some == more and len(some) == cut["max_length"] else text


def why_not(texts: EncodedText) -> str | None:
    """Why texts cannot be tokenized ahead, None if nothing speaks against it so far."""
    encode, data = texts.encode, texts.data
    if type(encode) is not TextEncoder:
        return f"the encoder is a {type(encode).__name__}"
    if reason := _odd(encode):
        return reason
    if not {TEXT, LABEL} <= set(data.column_names):
        return f"the data set has the columns {', '.join(data.column_names)}"
    if data.format["type"] is not None:
        return f"the data set has the format {data.format['type']}"
    text, label = (data.data.column(name).type for name in (TEXT, LABEL))
    if str(text) not in ("string", "large_string"):
        return f"texts are of the type {text}"
    if not str(label).startswith(("int", "uint8", "uint16", "uint32")):
        return f"labels are of the type {label}"
    if any(data.data.column(name).null_count for name in (TEXT, LABEL)):
        return "a row has no text or label"
    return None if len(data) else "there are no rows"


def _odd(encode: TextEncoder) -> str | None:
    """What is unlike the tokenizers whose calls are known."""
    from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

    kind = type(encode.tokenizer)
    if not isinstance(encode.tokenizer, PreTrainedTokenizerFast):
        return f"{kind.__name__} is a tokenizer in Python"
    own = (PreTrainedTokenizerFast, "_encode_plus"), (PreTrainedTokenizerBase, "__call__")
    if any(getattr(kind, name) is not getattr(base, name) for base, name in own):
        return f"{kind.__name__} tokenizes in a way of its own"
    if encode.padding and encode.tokenizer.padding_side != "right":
        return "the tokenizer pads on the left"
    return None


def recipe_of(texts: EncodedText) -> Recipe:
    """What the encoder of texts does, found out by asking it for one.

    Raises:
        NoTokens: it refuses, or does not do the same for every text.
    """
    encode: Any = texts.encode
    try:
        encoded(encode, "a")
        # The call has left its settings, whatever rules they were made by.
        asked = encode.tokenizer.backend_tokenizer
        text = asked.to_str()
        backend = tokenizers.Tokenizer.from_str(text)
    except Exception as error:  # the library raises bare ones
        raise NoTokens(f"the encoder refuses a text: {error}") from error
    form = json.loads(text)
    if form["model"].get("dropout") or form["model"].get("alpha"):
        raise NoTokens("the tokenizer draws at random")
    padding = asked.padding or {}
    if padding.get("pad_to_multiple_of"):
        raise NoTokens("the tokenizer pads to multiples of a length")
    backend.no_padding()
    backend.encode_special_tokens = asked.encode_special_tokens
    width, pad = padding.get("length") or 0, padding.get("pad_id", 0)
    return Recipe(backend, width, pad, texts.clean, _by_word(form["pre_tokenizer"] or {}))


def _by_word(form: dict[str, Any]) -> bool:
    parts = form.get("pretokenizers", [form])
    return bool(parts) and all(
        part.get("type") in _BY_WORD or (part.get("type") == "Metaspace" and part.get("split"))
        for part in parts
    )
