"""The tokenizer, which hears only the world's words, and the text encoder.

Rule: everything about words is inside the tokenizer's file, so the stock pipeline needs no help: other names
are rewritten to tokens by its normaliser, and unknown words are left out.
"""

from __future__ import annotations

import re

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from training.wide.captions import LENGTH
from training.wide.words import BEGIN, END, SPECIAL, UNKNOWN, world

WIDTH = 192


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Lower-case the prompt, write tokens for names (those of more words first), drop all else, frame it."""
    table = world().number
    forms: dict[str, str] = {}
    for token, names in world().names.items():
        forms |= dict.fromkeys((*map(plural, names), token, *names), token)
    rules = [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(Regex(r"[^a-z0-9\-]+"), " ")]
    for form in sorted(forms, key=lambda form: (-form.count(" "), -len(form))):
        whole_word = Regex(rf"(?<![a-z0-9\-]){re.escape(form)}(?![a-z0-9\-])")
        rules.append(normalizers.Replace(whole_word, forms[form].upper()))
    rules += [normalizers.Replace(Regex(r"[^A-Z]+"), " "), normalizers.Strip(), normalizers.Lowercase()]
    backend = Tokenizer(models.WordLevel(table, unk_token=UNKNOWN))
    backend.normalizer = normalizers.Sequence(rules)
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, table[BEGIN]), (END, table[END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=END,
        unk_token=UNKNOWN,
        model_max_length=LENGTH,
    )


def plural(name: str) -> str:
    """The regular English plural of a name's last word."""
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + ("es" if re.search(r"(s|x|z|ch|sh)$", name) else "s")


def make_text_encoder(width: int = WIDTH, layers: int = 3) -> CLIPTextModel:
    """Stock parts, few layers: the sentences are short and put together from a few words."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(world().number),
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=width,
            hidden_act="gelu",
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )


def read(tokenizer: PreTrainedTokenizerFast, prompts: list[str]) -> Tensor:
    """Prompts -> (n, LENGTH) token numbers, as the pipeline does it."""
    ids: Tensor = tokenizer(
        prompts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    ).input_ids
    return ids


def pooled(text: CLIPTextModel, ids: Tensor) -> Tensor:
    """What whole captions mean: the state at their first END. ids (n, LENGTH) -> (n, width)"""
    states: Tensor = text(ids).last_hidden_state
    first = (ids == 1).int().argmax(1)
    return states[torch.arange(len(ids), device=ids.device), first]


assert len(SPECIAL) == 3  # noqa: S101 - the numbers of BEGIN, END and UNKNOWN are 0, 1 and 2
