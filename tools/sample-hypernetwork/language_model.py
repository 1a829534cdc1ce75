"""The frozen sample model: how well it predicts a text with rows that were given to it."""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM


class FrozenModel:
    def __init__(self, folder: Path) -> None:
        self.model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval().requires_grad_(False)
        if not self.model.config.tie_word_embeddings:
            raise SystemExit(f"{folder}: the head is not tied; this hypernetwork predicts one row for both")
        self.rows = self.model.get_input_embeddings().weight.clone()
        """[V_s × d]"""

    def loss(self, rows: Tensor, ids: Tensor, log_weights: Tensor) -> Tensor:
        """Mean −ln p of the next token. rows [n × d] · ids [b × t] · log_weights [n], added to the logits."""
        hidden = self.model.model(inputs_embeds=functional.embedding(ids, rows), use_cache=False).last_hidden_state
        logits = functional.linear(hidden[:, :-1].flatten(0, 1), rows)
        return functional.cross_entropy(logits.float() + log_weights, ids[:, 1:].flatten())
