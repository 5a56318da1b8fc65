"""Instance normalisation that leaves the memory layout as it is."""

from torch import Tensor, nn
import torch.nn.functional as F


class InstanceNorm2d(nn.InstanceNorm2d):
    """torch's instance norm, several times as fast for the one item that a prior fits.

    For a batch of one, batch statistics are instance statistics, and torch's batch norm keeps the channels-last layout,
    which its instance norm gives up for two copies.

    Args:
        num_features: channels.
        eps: added to the variance. torch's 1e-5 is more than the variance that two stacked N(0, 0.02) layers leave.

    Shape:
        (batch, channel, n_freq, n_frames) → the same

    >>> import torch
    >>> y = InstanceNorm2d(2)(torch.randn(1, 2, 8, 8))
    >>> y.mean().abs() < 1e-6, (y.var(unbiased=False) - 1).abs() < 1e-3
    (tensor(True), tensor(True))
    """

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > 1:
            return super().forward(x)
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)
