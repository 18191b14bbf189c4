"""A small language model of one's own, where no pretrained one is at hand: its tokens and its shape. Trains no weights.

GPT-2's form (Radford et al. 2019) and byte-level BPE (Sennrich et al. 2016, arXiv 1508.07909), learned on the very text
that it will read. It knows nothing but that text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

VOCABULARY = 4096
CONTEXT = 2048
"""What the rules, some passages and an answer need; a position costs next to nothing."""
LAYERS, WIDTH, HEADS = 4, 256, 4
END, PAD = "<|end|>", "<|pad|>"


def make_tokenizer(texts: Iterable[str]) -> Any:
    """Return a tokenizer for ``texts``, the same for the same texts; anything else is written with bytes."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(texts, vocab_size=VOCABULARY, show_progress=False, special_tokens=[END, PAD])
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=bpe._tokenizer,
        eos_token=END,
        pad_token=PAD,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: Any, seed: int) -> Any:
    """Return an untrained model. It has no dropout: what is asked of it is to know its text by heart."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        n_positions=CONTEXT,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GPT2LMHeadModel(config)
