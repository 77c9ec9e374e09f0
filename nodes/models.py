"""Classifiers on top of pretrained encoders."""

from __future__ import annotations

import json
import warnings
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from graphrun.node import InputError, Nodes, Range, Resource

from ._build import apply, ids_and_mask, masked_mean
from ._load import load_encoder
from ._types import Model

NODES = Nodes(category="Training", spaced=True)

ModelName = Annotated[str, Resource("model")]
Share = Annotated[float, Range(0, 1, 0.001)]
Positive = Annotated[int, Range(1, 1_000_000)]


class TextClassifier(nn.Module):
    """An encoder and a linear head that gives one logit a text.

    `config` says how the module was made, in JSON's types; it is saved with the weights.
    """

    def __init__(self, llm_model: nn.Module, *, use_mean_pooling: bool, dropout: float) -> None:
        super().__init__()
        encoder_config: Any = llm_model.config
        self.llm_model = llm_model
        self.use_mean_pooling = use_mean_pooling
        self.dropout = nn.Dropout(dropout) if dropout > 0 else None
        self.linear = nn.Linear(encoder_config.hidden_size, 1)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.config: dict[str, Any] = {
            "use_mean_pooling": use_mean_pooling,
            "dropout": dropout,
            "encoder": json.loads(encoder_config.to_json_string(use_diff=False)),
        }

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Logits (B, 1) of token ids (B, L) and their mask (B, L)."""
        ids, mask = ids_and_mask(inputs)
        output = apply("llm_model", self.llm_model, ids, attention_mask=mask)
        hidden = output.last_hidden_state  # (B, L, H)
        pooled = getattr(output, "pooler_output", None)  # (B, H); not every encoder has one
        if self.use_mean_pooling:
            pooled = masked_mean(hidden, mask)
        elif pooled is None:
            pooled = hidden[:, 0]
        if self.dropout is not None:
            pooled = self.dropout(pooled)
        logits: Tensor = self.linear(pooled)
        return logits


@NODES.node("PtnHfFineTunedClassificationModel", random=True, reads=True)
def fine_tuned_classifier(
    model_name: ModelName = "", use_mean_pooling: bool = True, *, dropout: Share = 0.0
) -> Model:
    """A pretrained encoder with a linear head of one logit, all of it trainable.

    The model is called with a pair (ids, mask), each (batch, length), and gives logits of shape
    (batch, 1). `use_mean_pooling` averages the last hidden states of the tokens that the mask
    marks; otherwise the encoder's pooler is used, or the first token where it has none.
    `dropout` is the share of pooled features dropped in training. BERT, RoBERTa, DistilBERT,
    ALBERT and ELECTRA checkpoints are known, whatever they are called.

    Raises:
        MissingResource: the model is not on this machine and cannot be downloaded.
        InputError: its architecture is none of the five, its files are damaged, or `dropout` is
            negative.
    """
    return _classifier(
        "PtnHfFineTunedClassificationModel", load_encoder(model_name), model_name,
        use_mean_pooling=use_mean_pooling, dropout=dropout,
    )  # fmt: skip


@NODES.node("PtnHfLoraClassificationModel", random=True, reads=True)
def lora_classifier(
    model_name: ModelName = "", use_mean_pooling: bool = True, *, dropout: Share = 0.0,
    lora_r: Positive = 8, lora_alpha: Positive = 16, lora_dropout: Share = 0.1,
) -> Model:  # fmt: skip
    """A pretrained encoder with low-rank adapters and a linear head of one logit.

    Every linear layer of the encoder gets an adapter of rank `lora_r`, scaled by
    `lora_alpha / lora_r`. The adapters, the biases of the layers they belong to and the head
    are trained; the encoder's own weights stay. Otherwise as PtnHfFineTunedClassificationModel.

    Raises:
        MissingResource: the model is not on this machine and cannot be downloaded.
        InputError: its architecture is none of the five, its files are damaged, or `dropout` is
            negative.
    """
    encoder = load_encoder(model_name)
    import peft

    config = peft.LoraConfig(
        r=lora_r,
        lora_alpha=lora_alpha,
        lora_dropout=lora_dropout,
        target_modules="all-linear",
        bias="lora_only",
        task_type=peft.TaskType.FEATURE_EXTRACTION,
    )
    with torch.inference_mode(False), warnings.catch_warnings():
        # About what the two libraries call of each other.
        warnings.simplefilter("ignore", FutureWarning)
        adapted = peft.get_peft_model(encoder, config)
    model = _classifier(
        "PtnHfLoraClassificationModel", adapted, model_name,
        use_mean_pooling=use_mean_pooling, dropout=dropout,
    )  # fmt: skip
    model.config["lora"] = {"r": lora_r, "alpha": lora_alpha, "dropout": lora_dropout}
    return model


def _classifier(
    class_type: str, encoder: nn.Module, name: str, *, use_mean_pooling: bool, dropout: float
) -> TextClassifier:
    if dropout < 0:
        message = f"dropout has to be 0 or more, not {dropout}"
        raise InputError(message, input="dropout", code="value_smaller_than_min")
    with torch.inference_mode(False):
        model = TextClassifier(encoder, use_mean_pooling=use_mean_pooling, dropout=dropout)
    model.config = {"class": class_type, "model_name": name, **model.config}
    return model
