"""Loading tokenizers and encoders, from where their names lead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from graphrun.node import InputError, notice
from graphrun.sources.names import TITLES, Found, announce, by_prefix, find_model, missing

from ._tiny import checkpoint, titled

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_tokenizer(name: str) -> tuple[PreTrainedTokenizerBase, Found]:
    """The tokenizer of a model.

    Raises:
        MissingResource: the name leads nowhere.
        InputError: the files cannot be read.
    """
    found = _found(name)
    place, options = _source(found)
    with _library(found, "tokenizer") as transformers:
        return transformers.AutoTokenizer.from_pretrained(place, **options), found


def load_encoder(name: str) -> PreTrainedModel:
    """The encoder of a model in float32, every parameter trainable, in evaluation mode.

    Raises:
        MissingResource: the name leads nowhere.
        InputError: the architecture is none of the five, the files cannot be read, or they lack
            weights of the encoder.
    """
    found = _found(name)
    place, options = _source(found)
    with _library(found, "model") as transformers:
        config, _ = transformers.PretrainedConfig.get_config_dict(place, **options)
        # Old checkpoints do not say in their configuration what they are.
        kind = config.get("model_type") or by_prefix(name)
        if kind not in TITLES:
            message = f"{name} is of the type {kind}; known: {', '.join(sorted(TITLES))}"
            raise InputError(message, input="model_name", code="unsupported_model")
        from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

        model_class = getattr(transformers, MODEL_MAPPING_NAMES[kind])
        with torch.inference_mode(False):
            encoder, report = model_class.from_pretrained(
                place, dtype=torch.float32, output_loading_info=True, **options
            )
    _check_weights(name, report)
    encoder.requires_grad_(True)
    trainable: PreTrainedModel = encoder
    return trainable


def _found(name: str) -> Found:
    found = find_model(name)
    tiny = found.source == "tiny"
    return announce(found, titled(found.id, TITLES[found.id]) if tiny else "")


def _source(found: Found) -> tuple[str, dict[str, Any]]:
    """What to hand to from_pretrained. Folders never ask the network."""
    if found.source == "tiny":
        return str(checkpoint(found.id)), {"local_files_only": True}
    return found.id, {} if found.source == "hub" else {"local_files_only": True}


def _check_weights(name: str, report: dict[str, Any]) -> None:
    """The library starts weights that it does not find at random, with a log record only."""
    absent = sorted(report.get("missing_keys", ()))
    body = [key for key in absent if not key.startswith("pooler.")]
    if body:
        names = ", ".join(body[:3]) + ", ..." * (len(body) > 3)
        message = f"the weights of {name} lack {len(body)} tensors of the encoder: {names}"
        raise InputError(message, input="model_name", code="incomplete_checkpoint")
    if absent:
        message = f"{name} comes without weights for its pooler; it starts at random"
        hint = "mean pooling does not use it"
        notice(message, code="new_pooler", input="use_mean_pooling", hint=hint)


@contextmanager
def _library(found: Found, what: str) -> Iterator[Any]:
    """The transformers library without progress bars and advice; its errors name the place."""
    import transformers
    from transformers.utils import logging

    before = logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield transformers
    except InputError:
        raise
    except Exception as error:  # parsers and readers raise their own
        if found.source == "hub":
            why = f"the hub does not give it: {error}"
            raise missing("model", found.name, why) from error
        known = f" ({TITLES[found.id]})" if found.id in TITLES else ""
        message = f"the {what} of {found.name} cannot be loaded from {found.id}{known}: {error}"
        raise InputError(message, input="model_name", code="unreadable_model") from error
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
