"""The distance in the bottleneck of an autoencoder that was trained on the identity."""

from collections.abc import Callable

import torch
from torch import Tensor

from dap.losses.term import Term, descend, evaluating, frozen, warmed_up
from dap.models.epfl_autoencoder import EPFLAutoencoder


class AutoencoderFeatures(Term):
    """λ · mean (ψ(reference) − ψ(estimate))², with ψ what an autoencoder's bottleneck puts out.

    In the first epochs the autoencoder learns to put out the references that it is given, while the network learns by its
    distance alone; from then on the autoencoder stays as it is, and the term is added.

    Args:
        autoencoder: makes the network from ``in_channels``, ``out_channels`` and ``size``; without skips, which would let it
            pass the bottleneck by.
        optimizer: makes its optimiser from the weights.
        weight: λ.
        epochs: how many it is trained for.

    Raises:
        ValueError: settings out of range; an autoencoder with skips.

    Reference: Kim & Sathe, "Adversarial Audio Super-Resolution with Unsupervised Feature Losses", 2018.
    """

    def __init__(
        self,
        autoencoder: Callable[..., EPFLAutoencoder],
        optimizer: Callable[..., torch.optim.Optimizer],
        weight: float,
        epochs: int = 2,
    ) -> None:
        super().__init__()
        if weight < 0:
            raise ValueError(f"weight must be at least 0, got {weight}")
        self.make, self.make_optimizer, self.weight = autoencoder, optimizer, weight
        self.epochs = warmed_up("epochs", epochs)

    def build(self, n_channels: int, n_samples: int, device: torch.device) -> None:
        """The autoencoder, for windows (batch, n_channels, n_samples)."""
        self.autoencoder = self.make(in_channels=n_channels, out_channels=n_channels, size=(n_samples,)).to(device)
        if self.autoencoder.skips or self.autoencoder.add_input:
            raise ValueError("the autoencoder needs skips: false and add_input: false, or nothing need pass its bottleneck")
        self.modules["autoencoder"] = self.autoencoder
        self.optimizers["autoencoder"] = self.make_optimizer(self.autoencoder.parameters())

    @property
    def name(self) -> str:
        return "features"

    def learn(self, estimate: Tensor, reference: Tensor, observation: Tensor, epoch: int) -> dict[str, float]:
        """One step of the autoencoder on the identity, in its epochs."""
        if epoch >= self.epochs:
            return {}
        self.autoencoder.train()
        loss = (self.autoencoder(reference) - reference).square().mean()
        descend(self.optimizers["autoencoder"], loss)
        return {"autoencoder": loss.item()}

    def loss(self, estimate: Tensor, reference: Tensor, observation: Tensor, epoch: int) -> Tensor | None:
        """The distance of the features, once they are learnt."""
        if epoch < self.epochs:
            return None
        with frozen(self.autoencoder), evaluating(self.autoencoder):
            made, _ = self.autoencoder.encode(estimate)
            with torch.no_grad():
                wanted, _ = self.autoencoder.encode(reference)
            return self.weight * (made - wanted).square().mean()
