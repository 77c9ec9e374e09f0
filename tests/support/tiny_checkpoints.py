"""Makes the stand-ins of --tiny: python tests/support/tiny_checkpoints.py [architecture ...]

Each checkpoint is pretrained by masked language modelling on unlabelled synthetic reviews, so that
its features are worth fine-tuning while nothing has seen a label or a review of a labelled split.
The SentencePiece model learns its pieces from some of the same reviews.
"""

import argparse
import html
import json
import math
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import sentencepiece
import synthetic_reviews
import torch
from graphrun_nodes import _tiny
from safetensors.torch import load_file, save_file
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    AlbertTokenizer,
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    BertTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    RobertaTokenizer,
)

SEED = 20
MAX_LENGTH = 64
CORPUS_SIZE = 24_000
BATCH_SIZE = 64
STEPS = 1500
PEAK_LEARNING_RATE = 2.5e-3
WARMUP_STEPS = 100
# A frequent token is mostly grammar, easily guessed: the others teach what goes with what.
FREQUENT = 0.004
MASKED_FREQUENT, MASKED_OTHER = 0.08, 0.35
HIDDEN, HEADS, LAYERS, FEED_FORWARD = 160, 4, 2, 256
ROBERTA_VOCABULARY = 1100
# About as many as the few words of the reviews allow.
PIECES, PIECES_CORPUS_SIZE = 400, 6000

# No dropout: so small a model underfits, and smoke runs are short.
_BERT_LIKE = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": FEED_FORWARD,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "max_position_embeddings": MAX_LENGTH,
}
CONFIGS: dict[str, dict[str, Any]] = {
    # Its layers share their weights, so that it can be wider than the others.
    "albert": _BERT_LIKE | {"hidden_size": 192, "embedding_size": 192},
    "bert": _BERT_LIKE,
    "distilbert": {
        "dim": HIDDEN,
        "n_layers": LAYERS,
        "n_heads": HEADS,
        "hidden_dim": FEED_FORWARD,
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "max_position_embeddings": MAX_LENGTH,
    },
    "electra": _BERT_LIKE | {"embedding_size": HIDDEN},
    # Its positions count from the padding index on, and its larger vocabulary takes room.
    "roberta": _BERT_LIKE
    | {
        "hidden_size": 144,
        "intermediate_size": 192,
        "max_position_embeddings": MAX_LENGTH + 2,
        "type_vocab_size": 1,
    },
}


def clean(text: str) -> str:
    return re.sub(r"<[^>]*>", " ", html.unescape(text))


def _word_counts(texts: list[str]) -> list[tuple[str, int]]:
    counts = Counter(word for text in texts for word in re.findall(r"\w+|[^\w\s]", text.lower()))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _characters() -> list[str]:
    return [chr(code) for code in range(33, 127) if not chr(code).isupper()]


def _word_pieces(texts: list[str]) -> BertTokenizer:
    # Whole words, and single characters to spell any other word with.
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_characters()]
    tokens += [f"##{character}" for character in _characters() if character.isalnum()]
    tokens += [word for word, _ in _word_counts(texts) if len(word) > 1]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return BertTokenizer(vocab=vocabulary, model_max_length=MAX_LENGTH)


def _unigrams(texts: list[str]) -> AlbertTokenizer:
    counts = _word_counts(texts)
    total = sum(count for _, count in counts)
    pieces = [(token, 0.0) for token in ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")]
    # A character scores below any word, so that it only spells what no word covers.
    pieces += [(character, -20.0) for character in ("▁", *_characters())]
    pieces += [(f"▁{word}", math.log(count / total)) for word, count in counts if word.isalnum()]
    return AlbertTokenizer(vocab=pieces, model_max_length=MAX_LENGTH)


def _byte_pairs(texts: list[str]) -> RobertaTokenizer:
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        texts,
        vocab_size=ROBERTA_VOCABULARY,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    model = json.loads(trained.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    return RobertaTokenizer(vocab=model["vocab"], merges=merges, model_max_length=MAX_LENGTH)


def tokenizer_for(architecture: str, texts: list[str]) -> PreTrainedTokenizerBase:
    if architecture == "albert":
        return _unigrams(texts)
    if architecture == "roberta":
        return _byte_pairs(texts)
    return _word_pieces(texts)


def _masked_shares(ids: torch.Tensor, tokenizer: PreTrainedTokenizerBase) -> torch.Tensor:
    """How often each token of the vocabulary is to be guessed."""
    counts = torch.bincount(ids.flatten(), minlength=len(tokenizer)).float()
    counts[tokenizer.all_special_ids] = 0
    frequent = counts / counts.sum() > FREQUENT
    shares = torch.where(frequent, MASKED_FREQUENT, MASKED_OTHER)
    shares[tokenizer.all_special_ids] = 0
    return shares


def _mask(
    ids: torch.Tensor, shares: torch.Tensor, *, tokenizer: PreTrainedTokenizerBase
) -> tuple[torch.Tensor, torch.Tensor]:
    """The input with tokens to guess (80% masked, 10% replaced, 10% kept) and the targets."""
    chosen = torch.rand(ids.shape) < shares[ids]
    targets = ids.masked_fill(~chosen, -100)
    how = torch.rand(ids.shape)
    inputs = ids.masked_fill(chosen & (how < 0.8), tokenizer.mask_token_id)
    replaced = chosen & (how >= 0.9)
    return torch.where(replaced, torch.randint(len(tokenizer), ids.shape), inputs), targets


def _learning_rate(step: int) -> float:
    if step < WARMUP_STEPS:
        return (step + 1) / WARMUP_STEPS
    return max(0.02, (STEPS - step) / (STEPS - WARMUP_STEPS))


def pretrain(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, texts: list[str]
) -> None:
    ids = tokenizer(
        texts, padding="max_length", truncation=True, max_length=MAX_LENGTH, return_tensors="pt"
    )["input_ids"]
    shares = _masked_shares(ids, tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _learning_rate)
    started = time.monotonic()
    model.train()
    order = torch.empty(0, dtype=torch.long)
    for step in range(STEPS):
        if len(order) < BATCH_SIZE:
            order = torch.randperm(len(ids))
        batch, order = ids[order[:BATCH_SIZE]], order[BATCH_SIZE:]
        used = batch != tokenizer.pad_token_id
        width = int(used.sum(dim=1).max())
        inputs, targets = _mask(batch[:, :width], shares, tokenizer=tokenizer)
        loss = model(input_ids=inputs, attention_mask=used[:, :width].long(), labels=targets).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            after = f"{time.monotonic() - started:.0f} s"
            print(f"  step {step + 1}/{STEPS} loss {loss.item():.3f} after {after}", flush=True)


def _save(model: PreTrainedModel, folder: Path) -> None:
    model.save_pretrained(folder)
    # Half precision on disk only: the configuration keeps saying float32, which is what loads.
    weights = folder / "model.safetensors"
    halves = {name: tensor.half() for name, tensor in load_file(weights).items()}
    save_file(halves, weights, metadata={"format": "pt"})
    # As it is written for its owner alone, an installed package would be unreadable.
    weights.chmod(0o644)


def make(architecture: str, texts: list[str]) -> None:
    torch.manual_seed(SEED)
    tokenizer = tokenizer_for(architecture, texts)
    config = AutoConfig.for_model(
        architecture,
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **CONFIGS[architecture],
    )
    masked_model = AutoModelForMaskedLM.from_config(config)
    parameters = sum(parameter.numel() for parameter in masked_model.base_model.parameters())
    print(f"{architecture}: {len(tokenizer)} tokens, {parameters} parameters", flush=True)
    pretrain(masked_model, tokenizer, texts=texts)
    # The plain encoder has a pooler that the masked model lacks: it stays as initialized.
    encoder = AutoModel.from_config(config)
    kept = encoder.load_state_dict(masked_model.base_model.state_dict(), strict=False)
    strays = (*kept.missing_keys, *kept.unexpected_keys)
    if lost := [name for name in strays if "pooler" not in name]:
        raise RuntimeError(f"{architecture}: the encoder did not get {', '.join(lost)}")
    folder = _tiny.FOLDER / architecture
    _save(encoder, folder)
    tokenizer.save_pretrained(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"  saved {size} bytes", flush=True)


def make_pieces(texts: list[str]) -> None:
    """A SentencePiece model that numbers its control symbols as T5's does."""
    with _tiny.PIECES.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=file,
            vocab_size=PIECES,
            character_coverage=1.0,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            num_threads=1,
            minloglevel=1,
        )
    print(f"{_tiny.PIECES.name}: {_tiny.PIECES.stat().st_size} bytes", flush=True)


def main() -> None:
    known = [*CONFIGS, "pieces"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architectures", nargs="*", help=f"any of {', '.join(known)}; or all")
    chosen = parser.parse_args().architectures or known
    if unknown := sorted(set(chosen) - set(known)):
        parser.error(f"unknown architecture: {', '.join(unknown)}")
    torch.use_deterministic_algorithms(True)
    texts = [clean(text) for text in synthetic_reviews.unlabelled(CORPUS_SIZE)]
    for architecture in chosen:
        if architecture == "pieces":
            make_pieces(texts[:PIECES_CORPUS_SIZE])
        else:
            make(architecture, texts)


if __name__ == "__main__":
    main()
