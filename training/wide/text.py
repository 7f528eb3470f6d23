"""`mini`'s tokenizer and text encoder, with room for the wide world's new words.

Rule: all that was known keeps its number, so weights that know fewer words can be gone on with.
"""

from __future__ import annotations

import torch
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from training import text
from training.wide.words import world


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Hears the vocabulary's words and the new ones."""
    return text.make_tokenizer(world().new)


def make_text_encoder() -> CLIPTextModel:
    """As `mini`'s, with more words."""
    return text.make_text_encoder(len(world().number))


def widened(known: CLIPTextModel) -> CLIPTextModel:
    """A text encoder that knows what `known` knows; the new words begin as noise."""
    wide = make_text_encoder()
    state, fresh = known.state_dict(), wide.state_dict()
    for name, value in state.items():
        if value.shape != fresh[name].shape:  # the table of words
            state[name] = torch.cat([value, fresh[name][len(value) :]])
    wide.load_state_dict(state)
    return wide
