"""What is minimised: identity first, then the language model's loss with an auxiliary one."""

import torch
from hypernetwork import Hypernetwork
from language_model import FrozenModel
from training_batches import Batch
from torch import Tensor

AUXILIARY_WEIGHT = 0.5


def identity_loss(network: Hypernetwork, forms: list[Tensor]) -> Tensor:
    """Squared distance of predictions to the mean of the source rows that spell the token.

    For a token of one piece that is the source's own row, as in the paper's warm-up (MIMICK). Longer spellings are
    not in the paper's: they make the start of the next stage sub-token mean instead of noise.
    """
    expected = torch.cat([network.source_rows[table].mean(1) for table in forms])
    return (network(forms) - expected).square().sum(-1).mean()


def transfer_loss(network: Hypernetwork, model: FrozenModel, batch: Batch) -> tuple[Tensor, Tensor]:
    """The model's loss on text in the batch's vocabulary, and the auxiliary loss with its weight left out.

    Auxiliary: squared distance of the predictions for the source's own tokens to the source's rows, over the mean norm
    of those.
    """
    predicted = network(batch.forms)
    specials = len(batch.log_weights) - len(predicted)
    rows = torch.cat([model.rows[:specials], predicted[batch.place]])
    own = batch.forms[0]
    expected = model.rows[own[:, 0]]
    auxiliary = (predicted[: len(own)] - expected).square().sum(-1).mean() / expected.norm(dim=1).mean()
    return model.loss(rows, batch.ids, batch.log_weights), auxiliary
