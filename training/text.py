"""Stage 2, the text encoder: a tokenizer of known words, and a transformer that plans the picture.

Rule: everything about words is inside the tokenizer file, so the stock pipeline call needs no help:
synonyms and plurals are rewritten by its normaliser, unknown words are removed by it.

A prompt is padded to a fixed length, and what a text encoder puts into the empty places is usually of no use.
Here it is the plan: each of the last 64 places learns to say what an eighth by an eighth of the picture
looks like on average, given the words. That is plain regression, done in minutes; a denoiser that has to find
out by itself which word looks like what needs hours (a small CLIP in this place was tried before).
The idea is that of a prior (DALL-E 2, arXiv:2204.06125), put into the padding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from lab.models.mini.vocabulary import FOLDS, MOST_TOKENS, rewritings, vocabulary
from training.data import Scene, caption
from training.loop import Stage

WORDS = 16  # places for words, begin and end included
GRID = 8  # the plan's places are so many by so many
LENGTH = WORDS + GRID * GRID
WIDTH = 256
EMPTY = 0.1  # part of the captions that is replaced by nothing
BEGIN, END, UNKNOWN = "<|startoftext|>", "<|endoftext|>", "<|unknown|>"


def make_tokenizer(more: Mapping[str, Sequence[str]] | None = None) -> PreTrainedTokenizerFast:
    """Rewrite a prompt as the vocabulary says, until nothing but tokens is left; frame with begin and end.

    `more` has tokens that the vocabulary lacks, with their plain names, which are read before all others.
    """
    more = more or {}
    table = {token: i for i, token in enumerate((BEGIN, END, UNKNOWN, *vocabulary().tokens, *more))}
    backend = Tokenizer(models.WordLevel(table, unk_token=UNKNOWN))
    backend.normalizer = normalizers.Sequence(
        [
            normalizers.NFKD(),
            *(normalizers.Replace(Regex(pattern), content) for pattern, content in FOLDS),
            normalizers.Lowercase(),
            *(
                normalizers.Replace(Regex(rf"\b(?:{'|'.join(names)})\b"), token.upper())
                for token, names in more.items()
            ),
            *(normalizers.Replace(Regex(pattern), content) for pattern, content in rewritings()),
            # behind the words' places stands the plan, so nothing may be written there
            normalizers.Replace(Regex(rf"^(?: *[A-Z]+){{{MOST_TOKENS}}}\K.*"), ""),
            normalizers.Lowercase(),
        ]
    )
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


def make_text_encoder(words: int | None = None) -> CLIPTextModel:
    """Few layers: the sentences are short, and what they say is put together from a few words.

    `words` is how many tokens it knows, the special ones included; by default those of the vocabulary.
    """
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=words or 3 + len(vocabulary().tokens),
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            num_hidden_layers=3,
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
    rows = [[0, *(numbers[token] for token in words[: WORDS - 2])] for words in captions]
    return torch.tensor([row + [1] * (LENGTH - len(row)) for row in rows])


def step_captions(scenes: list[Scene], generator: torch.Generator) -> list[list[str]]:
    """Captions of scenes, random but belonging to the step."""
    rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
    return [caption(scene, rng) for scene in scenes]


def some_empty(captions: list[list[str]], generator: torch.Generator) -> list[list[str]]:
    """The captions, one in ten replaced by nothing: what guidance is measured against."""
    empty = (torch.rand(len(captions), generator=generator) < EMPTY).tolist()
    return [[] if none else words for none, words in zip(empty, captions, strict=True)]


class Planner(nn.Module):
    """The text encoder, and a way to read its plan that only training needs."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.text = make_text_encoder()
        self.patch = side // GRID  # latents a place of the plan stands for, down and across
        self.read = nn.Linear(WIDTH, channels * self.patch**2)

    def forward(self, ids: Tensor) -> Tensor:
        """Token numbers (n, LENGTH) -> expected latents (n, channels, side, side)."""
        plan = self.read(self.text(ids).last_hidden_state[:, WORDS:])  # (n, GRID * GRID, channels * patch²)
        return F.pixel_shuffle(plan.transpose(1, 2).unflatten(2, (GRID, GRID)), self.patch)


def text_stage(latents: Tensor, scenes: list[Scene], device: torch.device) -> Stage:
    """Expect a scene's latents, given its caption (the mean of all, given none). latents (m, c, s, s)"""

    def loss(model: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        which = torch.randint(len(scenes), (batch,), generator=generator)
        ids = encode_tokens(
            some_empty(step_captions([scenes[i] for i in which.tolist()], generator), generator)
        )
        expected = model(ids.to(device)).float()
        return F.mse_loss(expected, latents[which].float().to(device))

    return Stage("text", Planner(latents.shape[1], latents.shape[2]), loss)
