"""A chat model small enough to be made in a test: its weights are set so that it gives one answer to every question.

A real Llama with a real tokenizer and chat template, which everything that loads such models can load; but its layers
add nothing, and its last product sends each piece of the answer to the next.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

PIECES = ("Every", " 40", " hours", " [1]", ", with gloves", " [7]", ". Then rinse it", " [2]", ".")
ANSWER = "".join(PIECES)
"""What it says; it is never given a seventh passage."""

CONTEXT = 4096
END = "<|end|>"
TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def make(folder: Path) -> Path:
    """Save the model in ``folder`` and return that."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    size = -(-len(tokenizer) // 8) * 8
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=size,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=4,
        max_position_embeddings=CONTEXT,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    order = tokenizer.convert_tokens_to_ids(["Ċ", *PIECES, END])
    colon = tokenizer.convert_tokens_to_ids(":")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.model.norm.weight.fill_(1.0)
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        for now, then in pairwise(order):
            model.lm_head.weight[then, now] = 2.0
        model.lm_head.weight[order[1], colon] = 2.0  # begins behind 'Answer:' too
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    words = "The filter of the pump is cleaned every forty hours; the passage and the question stand in the manual."
    bpe.train_from_iterator([words], vocab_size=300, show_progress=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, eos_token=END, pad_token=END)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    tokenizer.add_tokens(list(PIECES))
    tokenizer.chat_template = TEMPLATE
    tokenizer.model_max_length = CONTEXT
    return tokenizer
