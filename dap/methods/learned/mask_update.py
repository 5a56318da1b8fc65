"""One update of a network that predicts the target's mask from the spectrogram of a mixture."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from dap.dsp.ratio_mask import log_magnitude, loudness_weight, ratio_mask
from dap.dsp.stft import STFT
from dap.layers.precision import compute, map_layout
from dap.methods.update import Batch, Update


class MaskUpdate(Update):
    """loss(sigmoid(network(log-magnitude of the mixture)), ratio mask of the target), over batches (batch, source, time).

    Args:
        network: (batch, 1, n_freq, n_frames) to the mask's logits, of the same shape.
        stft: of the mixture, and of the target.
        optimizer: makes the optimiser from the weights.
        loss: (estimate, target) to a scalar.
        weighted: whether a bin counts by how loud it is in the mixture (`loudness_weight`), or all alike.
        precision: of the network's convolutions and products (`compute`).

    Reference: Zhang et al., ICLR 2020, Sec. 4.4 (L1 on the ratio mask).
    """

    def __init__(
        self,
        network: nn.Module,
        stft: STFT,
        optimizer: Callable[..., torch.optim.Optimizer],
        loss: Callable[[Tensor, Tensor], Tensor],
        weighted: bool = False,
        precision: str = "float32",
    ) -> None:
        super().__init__()
        self.network, self.stft, self.loss, self.weighted, self.precision = network, stft, loss, weighted, precision
        self.optimizer = optimizer(network.parameters())
        self.modules["network"], self.optimizers["network"] = network, self.optimizer

    def step(self, batch: Batch, epoch: int) -> dict[str, float]:
        value = self.objective(batch)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return {"loss": value.item()}

    def objective(self, batch: Batch) -> Tensor:
        """The loss of a batch of sources, (batch, source, time), the target first."""
        (sources,) = batch
        mixture = self.stft.analysis(sources.sum(1))  # (B, F, T), complex
        mask, target = mask_of(self.network, mixture, self.precision), ratio_mask(self.stft.analysis(sources[:, 0]), mixture)
        if not self.weighted:
            return self.loss(mask, target)
        weight = loudness_weight(mixture)
        return self.loss(weight * mask, weight * target)


def mask_of(network: nn.Module, mixture: Tensor, precision: str = "float32") -> Tensor:
    """The target's mask, in [0, 1], from the mixture's complex spectrogram: both (batch, n_freq, n_frames)."""
    seen = log_magnitude(mixture)[:, None].contiguous(memory_format=map_layout(mixture.device, precision == "bfloat16"))
    logits = compute(network, precision, seen)  # (B, 1, F, T)
    return logits[:, 0].sigmoid()
