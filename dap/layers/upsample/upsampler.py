"""What every upsampler offers to the networks that use it."""

from typing import Protocol

from torch import nn


class Upsampler(Protocol):
    """Makes a module that enlarges maps: (batch, channels, *size) → (batch, channels, *(size · factor)).

    A config of the group ``upsampler`` is one of these, its other arguments filled in.
    """

    def __call__(self, channels: int, factor: tuple[int, ...]) -> nn.Module:
        """For maps of ``channels``, with one whole factor an axis: one for waveforms, (frequency, time) for spectrograms."""
