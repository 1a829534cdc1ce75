"""How the hypernetwork's weights move: Muon for its matrices, AdamW for the rest, as for the sample model itself."""

import math

import torch
from torch import nn

WARM_UP = 50


class Optimizer:
    def __init__(self, network: nn.Module, matrix_rate: float, other_rate: float) -> None:
        named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        matrices = [p for name, p in named if p.ndim == 2 and "embeddings" not in name]
        rest = [p for name, p in named if p.ndim != 2 or "embeddings" in name]
        self.optimizers = [
            torch.optim.Muon(matrices, lr=matrix_rate, momentum=0.95, weight_decay=0.01),
            torch.optim.AdamW(rest, lr=other_rate, betas=(0.9, 0.95), weight_decay=0.0),
        ]
        self.rates = [matrix_rate, other_rate]
        self.parameters = [*matrices, *rest]
        self.steps = 0

    def step(self, progress: float) -> None:
        """progress: share of the run that is over, in steps or in time; the rate falls to zero with it."""
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        share = min(1.0, (self.steps + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * progress))
        for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.step()
            optimizer.zero_grad()
        self.steps += 1
