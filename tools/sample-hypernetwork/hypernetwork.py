"""The hypernetwork as it is trained: reads how tokens are spelled, predicts their rows of a tied embedding table."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

# RoBERTa's; tables of this length are what the published runner makes before it loads a checkpoint.
POSITIONS = 514


class Hypernetwork(nn.Module):
    """ZeTT (arXiv 2405.07883) for a model with a tied head; parameters carry the published names.

    Equal to `plain_forward.py`, but nothing is computed for padding, the input projection is done once per source row
    instead of once per occurrence, and the last layer is done for the first position alone, the only one that is read.
    """

    def __init__(self, source_rows: Tensor, hidden: int, intermediate: int, layers: int, heads: int) -> None:
        """source_rows [V_s × d]"""
        super().__init__()
        width = source_rows.shape[1]
        self.register_buffer("source_rows", source_rows, persistent=False)
        mean, deviation = source_rows.mean(0, keepdim=True), source_rows.std(0, keepdim=True)
        self.in_scaler = Rescaler(1 / deviation, -mean / deviation)
        self.scaler = Rescaler(deviation, mean)
        # The sample's tokenizer has all 256 bytes, so no spelling needs a row beyond the source's.
        self.fallback_embeddings = nn.Embedding.from_pretrained(torch.zeros(1, width))
        self.input_projection = nn.Sequential(nn.Linear(width, hidden), ProjectorBlock(hidden, intermediate))
        self.model = Encoder(hidden, intermediate, layers, heads)
        self.output_projection = nn.Sequential(ProjectorBlock(hidden, intermediate), nn.Linear(hidden, width))

    def forward(self, forms: list[Tensor]) -> Tensor:
        """forms: one [n_k × k] table of source ids for every length k that occurs → [Σ n_k × d], in the same order."""
        projected = self.input_projection(self.in_scaler(self.source_rows))
        hidden = self.model([functional.embedding(table, projected) for table in forms])
        return self.scaler(self.output_projection(hidden))


class Rescaler(nn.Module):
    """w ⊙ x + b with w, b [1 × d], fixed: source rows to mean 0 and variance 1, and predictions back."""

    def __init__(self, w: Tensor, b: Tensor) -> None:
        super().__init__()
        self.register_buffer("w", w)
        self.register_buffer("b", b)

    def forward(self, x: Tensor) -> Tensor:
        return self.w * x + self.b


class ProjectorBlock(nn.Module):
    def __init__(self, hidden: int, intermediate: int) -> None:
        super().__init__()
        self.dense1 = nn.Linear(hidden, intermediate)
        self.dense2 = nn.Linear(intermediate, hidden)
        self.ln = nn.LayerNorm(hidden, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.gelu(self.dense1(x), approximate="tanh")
        return self.ln(functional.gelu(self.dense2(inner), approximate="tanh") + x)


class Encoder(nn.Module):
    """RoBERTa's encoder over runs of equal length → the hidden state of every first position."""

    def __init__(self, hidden: int, intermediate: int, layers: int, heads: int) -> None:
        super().__init__()
        self.embeddings = nn.ModuleDict({
            "word_embeddings": nn.Embedding.from_pretrained(torch.zeros(1, hidden)),
            "position_embeddings": nn.Embedding(POSITIONS, hidden),
            "token_type_embeddings": nn.Embedding(1, hidden),
            "LayerNorm": nn.LayerNorm(hidden, eps=1e-5),
        })
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(hidden, intermediate, heads) for _ in range(layers))})

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """inputs: [n_k × k × H] for every length k → [Σ n_k × H]"""
        embed = self.embeddings
        placed = [
            x + embed["position_embeddings"].weight[: x.shape[1]] + embed["token_type_embeddings"].weight[0] for x in inputs
        ]
        shapes = [x.shape[:2] for x in inputs]
        # [Σ n_k·k × H]: one product for all lengths.
        x = embed["LayerNorm"](torch.cat([part.flatten(0, 1) for part in placed]))
        *inner, last = self.encoder["layer"]
        for layer in inner:
            x = layer(x, shapes, first_only=False)
        return last(x, shapes, first_only=True)


class Layer(nn.Module):
    def __init__(self, hidden: int, intermediate: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention = nn.ModuleDict({
            "self": nn.ModuleDict({name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")}),
            "output": nn.ModuleDict({"dense": nn.Linear(hidden, hidden), "LayerNorm": nn.LayerNorm(hidden, eps=1e-5)}),
        })
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(hidden, intermediate)})
        self.output = nn.ModuleDict({
            "dense": nn.Linear(intermediate, hidden),
            "LayerNorm": nn.LayerNorm(hidden, eps=1e-5),
        })

    def forward(self, x: Tensor, shapes: list[tuple[int, int]], first_only: bool) -> Tensor:
        """x [Σ n_k·k × H] → the same, or [Σ n_k × H] of first positions"""
        projections = self.attention["self"]
        residual = torch.cat([part[:, 0] for part in split(x, shapes)]) if first_only else x
        asked = [(n, 1 if first_only else k) for n, k in shapes]
        queries = split(projections["query"](residual), asked)
        keys, values = (split(projections[name](x), shapes) for name in ("key", "value"))
        mixed = torch.cat([self.attend(q, k, v) for q, k, v in zip(queries, keys, values, strict=True)])
        after = self.attention["output"]
        x = after["LayerNorm"](after["dense"](mixed) + residual)
        inner = functional.gelu(self.intermediate["dense"](x))
        return self.output["LayerNorm"](self.output["dense"](inner) + x)

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """queries [n × q × H] · keys, values [n × k × H] → [n·q × H]"""
        if keys.shape[1] == 1:
            return values.flatten(0, 1)
        # Sums of element-wise products: products of matrices this small cost more in calls than in arithmetic.
        queries, keys, values = (x.unflatten(2, (self.heads, -1)) for x in (queries, keys, values))
        scores = (queries[:, :, None] * keys[:, None]).sum(-1) / math.sqrt(queries.shape[-1])
        weights = scores.softmax(2)
        return (weights[..., None] * values[:, None]).sum(2).flatten(2).flatten(0, 1)


def split(x: Tensor, shapes: list[tuple[int, int]]) -> list[Tensor]:
    """[Σ n_k·k × H] → [n_k × k × H] for every length k"""
    parts = x.split([n * k for n, k in shapes])
    return [part.unflatten(0, shape) for part, shape in zip(parts, shapes, strict=True)]
