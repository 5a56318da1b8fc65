"""Separation: several sounds are heard at once, and each is wanted by itself."""

from itertools import permutations

import torch
from torch import Tensor

from dap.metrics.distortion import si_sdr
from dap.tasks.task import Task

_MAX_SOURCES = 6  # 720 orders


class Separation(Task):
    """observation = Σ sources. The sources are a dimension before the channels: (source, channel, time).

    What is known for certain is the sum alone: `finish` gives what the estimates lack of it, or have too much, to all of them
    in equal parts. A fit does not know which source is which, so with a reference the estimates are put into the order in
    which their mean SI-SDR is highest before anything is scored or written; the sounds themselves stay what they are.

    Args:
        n_sources: how many sounds there are.
        permute: whether the order of the estimates means nothing. False for what was trained to give a certain source first.

    Raises:
        ValueError: fewer than 2 sources or more than 6; waveforms that are not of so many.

    Reference: Gandelsman, Shocher & Irani, "Double-DIP", CVPR 2019 (layers that sum to an image).

    >>> task = Separation()
    >>> mixture = torch.tensor([[1.0, 2.0]])
    >>> task.finish(torch.tensor([[[1.0, 0.0]], [[1.0, 1.0]]]), mixture).tolist()
    [[[0.5, 0.5]], [[0.5, 1.5]]]
    """

    name = "separation"

    def __init__(self, n_sources: int = 2, permute: bool = True) -> None:
        super().__init__()
        if not 2 <= n_sources <= _MAX_SOURCES:
            raise ValueError(f"n_sources must be from 2 to {_MAX_SOURCES}, got {n_sources}")
        self.n_sources, self.permute = n_sources, permute
        self.facts = {"n_sources": n_sources}

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The mixture, (channel, time), of sources (source, channel, time); nothing is drawn."""
        return self.observe(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        """The sum of the sources: (..., source, channel, time) → (..., channel, time)."""
        return self._sources(estimate).sum(-3)

    def unobserved(self, estimate: Tensor) -> Tensor:
        """How the sources differ from their mean."""
        return estimate - self.observe(estimate).unsqueeze(-3) / self.n_sources

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """Sources, (source, channel, time), that sum to the mixture up to rounding."""
        missing = observation - self.observe(estimate)
        return estimate + missing.unsqueeze(-3) / self.n_sources

    def align(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """The estimates, (source, channel, time), in the order in which their mean SI-SDR to the references is highest."""
        if not self.permute:
            return estimate
        ratios = [[si_sdr(one, source) for source in reference] for one in self._sources(estimate)]

        orders = list(permutations(range(self.n_sources)))
        totals = [sum(ratios[taken][index] for index, taken in enumerate(order)) for order in orders]
        return estimate[list(orders[totals.index(max(totals))])]

    def _sources(self, waveform: Tensor) -> Tensor:
        if waveform.ndim < 3 or waveform.shape[-3] != self.n_sources:
            raise ValueError(
                f"expected {self.n_sources} sources, (source, channel, time), got shape {tuple(waveform.shape)}: "
                "task=separation goes with data=mixture, or a damaged file, and a method that takes sounds apart"
            )
        return waveform
