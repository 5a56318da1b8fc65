"""The loss of a mask: by hand, with and without the weight of loud bins."""

from functools import partial

import pytest
import torch
from torch import nn

from dap.dsp.stft import STFT
from dap.losses.elementwise import l1
from dap.methods.learned.mask_update import MaskUpdate, mask_of


class Constant(nn.Module):
    """Logits that are one number everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.logit = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.logit.expand_as(x)


def update(weighted: bool = False) -> MaskUpdate:
    return MaskUpdate(Constant(), STFT(64, 16), partial(torch.optim.SGD, lr=0.1), l1, weighted)


def test_the_loss_by_hand(generator):
    sources = torch.randn(3, 2, 300, generator=generator)
    stft = STFT(64, 16)
    mixture, target = stft.analysis(sources.sum(1)).abs(), stft.analysis(sources[:, 0]).abs()
    error = (0.5 - (target / mixture).clamp(max=1)).abs()
    assert update().objective((sources,)).item() == pytest.approx(float(error.mean()), rel=1e-4)
    weight = torch.log1p(100 * mixture / mixture.amax((1, 2), keepdim=True))
    weight = weight / weight.mean((1, 2), keepdim=True)
    assert update(weighted=True).objective((sources,)).item() == pytest.approx(float((weight * error).mean()), rel=1e-4)


def test_a_step_goes_to_the_mask_that_is_wanted():
    sources = torch.randn(2, 2, 300)
    sources[:, 1] = 0  # the target alone: 1 everywhere
    made = update()
    losses = [made.step((sources,), 0)["loss"] for _ in range(5)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == pytest.approx(0.5)


def test_masks_lie_in_0_to_1(generator):
    spec = 100 * torch.randn(2, 33, 20, dtype=torch.complex64, generator=generator)
    mask = mask_of(nn.Conv2d(1, 1, 3, padding=1), spec)
    assert mask.shape == (2, 33, 20)
    assert 0 <= mask.min().item() < mask.max().item() <= 1
