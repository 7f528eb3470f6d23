"""Stage 2, the text half: a tokenizer that hears only known words, and a small CLIP that gives them meaning.

Rule: everything about words is inside the tokenizer file, so the stock pipeline call needs no help:
synonyms and plurals are rewritten by its normaliser, unknown words are removed by its splitter.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from lab.mini.data import Scene, caption
from lab.mini.loop import Stage
from lab.mini.words import replacements, vocabulary

LENGTH = 16  # places for words, begin and end included
WIDTH = 256
BEGIN, END, UNKNOWN = "<|startoftext|>", "<|endoftext|>", "<|unknown|>"


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Lower-case, rewrite names to tokens (longest first), keep tokens only, frame with begin and end."""
    tokens = vocabulary().tokens
    table = {token: i for i, token in enumerate((BEGIN, END, UNKNOWN, *tokens))}
    backend = Tokenizer(models.WordLevel(table, unk_token=UNKNOWN))
    rewrites = [
        normalizers.Replace(Regex(rf"\b{re.escape(name)}\b"), token)
        for name, token in replacements()
        if name != token
    ]
    backend.normalizer = normalizers.Sequence(
        [normalizers.Lowercase(), normalizers.Replace(Regex(r"\s+"), " "), *rewrites]
    )
    known = "|".join(sorted(tokens, key=len, reverse=True))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(rf"\b(?:{known})\b"), behavior="removed", invert=True)
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


def make_text_encoder() -> CLIPTextModel:
    """Two layers: the sentences are short."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=3 + len(vocabulary().tokens),
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=WIDTH,
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


def encode_tokens(captions: list[list[str]]) -> Tensor:
    """Captions that are tokens already -> (n, LENGTH) numbers: the tokenizer's last step alone."""
    numbers = {token: i for i, token in enumerate((BEGIN, END, UNKNOWN, *vocabulary().tokens))}
    rows = [[0, *(numbers[token] for token in words[: LENGTH - 2])] for words in captions]
    return torch.tensor([row + [1] * (LENGTH - len(row)) for row in rows])


def step_captions(scenes: list[Scene], generator: torch.Generator) -> list[list[str]]:
    """Captions of scenes, random but belonging to the step."""
    rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
    return [caption(scene, rng) for scene in scenes]


class TwoTowers(nn.Module):
    """A small CLIP: one tower for words, one for latents, trained to meet."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.text = make_text_encoder()
        widths = (channels, 64, 128, 192, WIDTH)
        self.image = nn.Sequential(  # (n, 8, 16, 16) -> (n, WIDTH)
            *[layer for a, b in pairwise(widths) for layer in (nn.Conv2d(a, b, 3, 2, 1), nn.SiLU())],
            nn.Flatten(),
            nn.Linear(WIDTH, WIDTH),
        )
        self.scale = nn.Parameter(torch.tensor(math.log(10.0)))

    def forward(self, ids: Tensor, latents: Tensor) -> Tensor:
        """Similarity of every caption to every picture, (n, n)."""
        words = F.normalize(self.text(ids).pooler_output, dim=-1)  # (n, WIDTH)
        pictures = F.normalize(self.image(latents), dim=-1)  # (n, WIDTH)
        return self.scale.clamp(max=math.log(100.0)).exp() * words @ pictures.T


def text_stage(latents: Tensor, scenes: list[Scene], device: torch.device) -> Stage:
    """Match captions and pictures, both ways. latents (m, 8, 16, 16)."""

    def loss(model: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        which = torch.randint(len(scenes), (batch,), generator=generator)
        ids = encode_tokens(step_captions([scenes[i] for i in which.tolist()], generator))
        similar = model(ids.to(device), latents[which].float().to(device))
        own = torch.arange(batch, device=device)
        return (F.cross_entropy(similar, own) + F.cross_entropy(similar.T, own)) / 2

    return Stage("text", TwoTowers(latents.shape[1]), loss)
