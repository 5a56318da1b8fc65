"""The adversarial term: a discriminator that learns to tell estimates from references, and the network's wish to pass."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.losses.term import Term, descend, frozen, warmed_up

LOSSES = ("bce", "hinge")


class Adversarial(Term):
    """λ · L_adv, and the discriminator's training.

    With logits D, "bce" is binary cross-entropy: the discriminator descends ½ [softplus(−D(reference)) +
    softplus(D(estimate))], the network softplus(−D(estimate)) = −log p(real). A discriminator that only guesses has a loss of
    ln 2, one that is never wrong 0: from neither can the network learn. "hinge" is ½ [max(0, 1 − D(reference)) + max(0, 1 +
    D(estimate))] and −D(estimate). Losses are means over the batch and over a discriminator's logits.

    Args:
        discriminator: makes the network that judges from ``in_channels`` and ``n_samples``.
        optimizer: makes its optimiser from the weights.
        weight: λ.
        loss: "bce" or "hinge".
        conditional: it sees estimate and observation, side by side as channels; so it judges not only whether the sound is
            real, but whether it is that of this observation.
        warm_up_epochs: in the first so many, network and discriminator learn apart: nothing is added to the network's loss.

    Raises:
        ValueError: settings out of range.

    Reference: Goodfellow et al., "Generative Adversarial Networks", 2014; Lim & Ye, "Geometric GAN", 2017 (hinge).
    """

    def __init__(
        self,
        discriminator: Callable[..., nn.Module],
        optimizer: Callable[..., torch.optim.Optimizer],
        weight: float,
        loss: str = "bce",
        conditional: bool = False,
        warm_up_epochs: int = 1,
    ) -> None:
        super().__init__()
        if weight < 0:
            raise ValueError(f"weight must be at least 0, got {weight}")
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
        self.make, self.make_optimizer = discriminator, optimizer
        self.weight, self.kind, self.conditional = weight, loss, conditional
        self.warm_up_epochs = warmed_up("warm_up_epochs", warm_up_epochs)

    def build(self, n_channels: int, n_samples: int, device: torch.device) -> None:
        """The discriminator, for windows (batch, n_channels, n_samples)."""
        n_seen = (2 if self.conditional else 1) * n_channels
        discriminator = self.make(in_channels=n_seen, n_samples=n_samples).to(device)
        self.modules["discriminator"] = discriminator
        self.optimizers["discriminator"] = self.make_optimizer(discriminator.parameters())

    @property
    def name(self) -> str:
        return "adversarial"

    @property
    def discriminator(self) -> nn.Module:
        return self.modules["discriminator"]

    def logits(self, sound: Tensor, observation: Tensor) -> Tensor:
        """The discriminator's logits of a sound, (batch, channel, time) → (batch, logits): above 0 it takes it for real."""
        seen = torch.cat([sound, observation], dim=1) if self.conditional else sound
        logits: Tensor = self.discriminator(seen)
        return logits

    def wish(self, logits: Tensor) -> Tensor:
        """What makes an estimate pass, item by item: (batch, logits) → (batch,), without λ."""
        return (F.softplus(-logits) if self.kind == "bce" else -logits).mean(1)

    def learn(self, estimate: Tensor, reference: Tensor, observation: Tensor, epoch: int) -> dict[str, float]:
        """One step of the discriminator; its loss, and how sure it is that either is real."""
        self.discriminator.train()
        real, made = self.logits(reference, observation), self.logits(estimate, observation)
        if self.kind == "bce":
            loss = (F.softplus(-real).mean() + F.softplus(made).mean()) / 2
        else:
            loss = (F.relu(1 - real).mean() + F.relu(1 + made).mean()) / 2
        descend(self.optimizers["discriminator"], loss)
        sure = {"real": torch.sigmoid(real).mean().item(), "made": torch.sigmoid(made).mean().item()}
        return {"discriminator": loss.item(), **{f"discriminator_{name}": value for name, value in sure.items()}}

    def loss(self, estimate: Tensor, reference: Tensor, observation: Tensor, epoch: int) -> Tensor | None:
        """λ · L_adv, from the epoch ``warm_up_epochs`` on."""
        if epoch < self.warm_up_epochs:
            return None
        with frozen(self.discriminator):
            return self.weight * self.wish(self.logits(estimate, observation)).mean()
