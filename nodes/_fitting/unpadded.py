"""Ways of calling a text classifier that do not compute padding, and give what the model gives.

`calling(model)` is the fastest that fits the model; it is called as the model is:

- `Unpadded`: the tokens of all texts lie one after the other in one row, (1, T). Linear layers see
  no padding, and in attention each text is by itself (`attention.py`).
- `Sorted`: texts of similar length are computed together, each group as long as its longest.
- the model itself, where nothing is known of what it does with padding.

Answers are those of the padded computation to rounding; what dropout drops is drawn differently.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from graphrun.node import InputError, notice

from .._build import apply, ids_and_mask
from ..models import TextClassifier
from . import attention
from .packed import Packed

Call = Callable[[Any], Tensor]
"""Of token ids and mask, each (N, L), or `Packed` texts: a model's answers (N, 1)."""

_ENCODERS = frozenset({"AlbertModel", "BertModel", "DistilBertModel", "ElectraModel"})
_FROM_PADDING = frozenset({"RobertaModel"})  # positions count from the id of padding on


class Unpadded:
    """Calls a text classifier without padding.

    Without gradients no more than `most_tokens` tokens are computed at a time.

    Raises:
        ValueError: the model has an `obstacle`.
    """

    def __init__(self, model: nn.Module, *, most_tokens: int | None = None) -> None:
        _refuse(model)
        self.model: Any = model
        self.most_tokens = most_tokens
        self._core: Any = _core(self.model.llm_model)
        self._own: str = self._core.config._attn_implementation
        self._lasting = False

    @contextmanager
    def lasting(self) -> Iterator[None]:
        """Until the end of the block layers may be computed again for gradients."""
        self._lasting = True
        try:
            with _attending(self._core.config):
                yield
        finally:
            self._lasting = False

    def __call__(self, x: Any) -> Tensor:
        """Logits (N, 1) of `Packed` texts or of [ids, mask], each (N, L), in the order given."""
        texts = x if isinstance(x, Packed) else Packed.of(*ids_and_mask(x))
        if texts is None or not all(texts.lengths):
            # Texts inside their padding, or without a token: what the model makes of them.
            with _attending(self._core.config, self._own):
                padded: Tensor = self.model(x.padded() if isinstance(x, Packed) else x)
            return padded
        if self.most_tokens is None or torch.is_grad_enabled():
            return self._logits(texts)
        return torch.cat([self._logits(part) for _, part in texts.pieces(self.most_tokens)])

    def _logits(self, texts: Packed) -> Tensor:
        pooled = self._pooled(texts)
        if self.model.dropout is not None:
            pooled = self.model.dropout(pooled)
        logits: Tensor = self.model.linear(pooled)
        return logits

    def _pooled(self, texts: Packed) -> Tensor:
        """(N, H), as the classifier pools what its encoder gives."""
        lengths = torch.tensor(texts.lengths, device=texts.ids.device)
        hidden = self._hidden(texts, lengths)  # (T, H)
        if self.model.use_mean_pooling:
            # Lengths fit, as attention has seen: a GPU is not asked for them.
            total = torch.segment_reduce(hidden, "sum", lengths=lengths, unsafe=True)
            return total / lengths.unsqueeze(1)
        first = hidden[lengths.cumsum(0) - lengths]
        pooler = getattr(self._core, "pooler", None)
        if pooler is None:
            return first
        if activation := getattr(self._core, "pooler_activation", None):  # ALBERT's is two modules
            return activation(pooler(first))
        return pooler(first.unsqueeze(1))

    def _hidden(self, texts: Packed, lengths: Tensor) -> Tensor:
        """The encoder's last hidden states (T, H).

        Raises:
            RuntimeError: some layer did not use `attention.attend`. Its texts would have attended
                to each other.
        """
        ids, config = texts.ids.long().unsqueeze(0), self._core.config
        bounds = attention.Texts(texts.lengths, ids.device)
        given = {"position_ids": self._positions(texts, ids, lengths), attention.ARGUMENT: bounds}
        _refuse(self.model)  # what is true of a model may change
        if not self._lasting and torch.is_grad_enabled() and _computed_again(self._core):
            raise ValueError("layers that are computed again for gradients need `lasting`")
        # Nothing is kept for gradients of an encoder that is frozen.
        learning = any(parameter.requires_grad for parameter in self.model.llm_model.parameters())
        with _attending(config), torch.set_grad_enabled(torch.is_grad_enabled() and learning):
            output = apply("llm_model", self.model.llm_model, ids, **given)
        layers = config.num_hidden_layers * getattr(config, "inner_group_num", 1)
        if bounds.calls != layers:
            raise RuntimeError(f"{bounds.calls} of {layers} layers kept texts apart")
        hidden: Tensor = output.last_hidden_state[0]
        return hidden

    def _positions(self, texts: Packed, ids: Tensor, lengths: Tensor) -> Tensor:
        """(1, T): each text counts from 0, or from after the id of padding.

        Raises:
            InputError: a text is longer than the encoder's table of positions.
        """
        real, first = torch.ones_like(ids[0]), -1
        if type(self._core).__name__ in _FROM_PADDING:
            # That id within a text takes no place of its own.
            first = self._core.embeddings.padding_idx
            real = (ids[0] != first).long()
        most = self._core.config.max_position_embeddings - first - 1
        if (longest := max(texts.lengths)) > most:
            message = f"a text has {longest} tokens, and the encoder has places for {most}"
            hint = f"set max_length of the tokenizer to {most} or less, with truncation"
            raise InputError(message, code="text_too_long", hint=hint)
        counted = real.cumsum(0)
        before = (counted - real)[lengths.cumsum(0) - lengths]
        before = before.repeat_interleave(lengths, output_size=len(real))
        return ((counted - before) * real + first).unsqueeze(0)


class Sorted:
    """Calls a text classifier with groups of similar length, each cut where its longest ends.

    A text is in a group if it has at least the share `alike` of the longest's tokens.
    """

    def __init__(self, model: nn.Module, *, alike: float = 0.8) -> None:
        self.model, self.alike = model, alike

    def __call__(self, x: Any) -> Tensor:
        """Logits (N, 1) of [ids, mask], each (N, L), or of `Packed` texts, in the order given."""
        ids, mask = x.padded() if isinstance(x, Packed) else ids_and_mask(x)
        places = torch.arange(1, mask.shape[1] + 1, device=mask.device)
        ends = (places * (mask != 0)).amax(1)
        # What a model makes of a text without a token depends on its padding.
        ends = ends.where(ends > 0, mask.shape[1])
        sizes, order = (found.tolist() for found in ends.sort(descending=True, stable=True))
        outputs, start = [], 0
        while start < len(order):
            stop = next(
                (n for n in range(start, len(order)) if sizes[n] < self.alike * sizes[start]),
                len(order),
            )
            rows, size = order[start:stop], sizes[start]
            outputs.append(self.model((ids[rows, :size], mask[rows, :size])))
            start = stop
        return torch.cat(outputs)[torch.tensor(order, device=ids.device).argsort()]


def calling(model: nn.Module, *, most_tokens: int | None = None) -> Call:
    """The fastest way of calling a model that gives what the model gives; see the module.

    A model that comes back as it is takes no `Packed` texts.
    """
    if not obstacle(model):
        return Unpadded(model, most_tokens=most_tokens)
    if type(model) is not TextClassifier:
        return model
    # Chunks are of one size, so that rows cannot be cut anywhere.
    chunks = getattr(getattr(_core(model.llm_model), "config", None), "chunk_size_feed_forward", 0)
    return model if chunks else Sorted(model)


def obstacle(model: nn.Module) -> str:
    """Why a model cannot be computed without padding; nothing if it can."""
    if type(model) is not TextClassifier:
        return "it is no classifier on top of a pretrained encoder"
    core: Any = _core(model.llm_model)
    kind = type(core).__name__
    known = kind in _ENCODERS | _FROM_PADDING
    if not known or not type(core).__module__.startswith("transformers.models."):
        return f"its encoder is {kind}"
    if getattr(core.config, "is_decoder", False):
        return "its encoder is set up as a decoder"
    if getattr(core.config, "chunk_size_feed_forward", 0):
        return "its feed-forward layers work in chunks"
    return ""


def _computed_again(core: nn.Module) -> bool:
    """Whether layers run again after their call is over, when texts would attend to each other."""
    return any(getattr(module, "gradient_checkpointing", False) for module in core.modules())


@contextmanager
def checkpointing(model: nn.Module) -> Iterator[None]:
    """Layers of the encoder are computed again for gradients, in the place of being kept."""
    core: Any = _core(getattr(model, "llm_model", model))
    if not getattr(core, "supports_gradient_checkpointing", False):
        message = f"{type(model).__name__} has no pretrained encoder whose layers can be computed "
        notice(f"{message}again: --gradient-checkpointing does nothing", code="no_checkpointing")
        yield
        return
    with warnings.catch_warnings():
        # The newer name is not in all versions.
        warnings.simplefilter("ignore", FutureWarning)
        core.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            core.gradient_checkpointing_disable()


def _refuse(model: nn.Module) -> None:
    if why := obstacle(model):
        raise ValueError(f"{type(model).__name__} cannot be computed without padding: {why}")


def _core(encoder: nn.Module) -> nn.Module:
    """transformers' module, which may be inside of one with low-rank adapters."""
    if type(encoder).__module__.startswith("peft."):
        config: Any = encoder.active_peft_config
        if config.peft_type == "LORA":
            inner: nn.Module = encoder.get_base_model()  # type: ignore[operator]
            return inner
    return encoder


@contextmanager
def _attending(config: Any, how: str = attention.NAME) -> Iterator[None]:
    """An encoder attends in one way, until the end of the block and not longer."""
    attention.register()
    before = config._attn_implementation
    config._attn_implementation = how
    try:
        yield
    finally:
        config._attn_implementation = before
