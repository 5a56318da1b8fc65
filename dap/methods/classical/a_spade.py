"""Declipping by analysis sparsity, frame by frame, as it is published: A-SPADE."""

import math

from torch import Tensor

from dap.dsp.declip_spade import declip_spade
from dap.dsp.tight_frame import TightFrame
from dap.methods.classical.declipper import Declipper


class ASPADE(Declipper):
    """Of each frame more and more bins, until they explain it: `dap.dsp.declip_spade`.

    Slow where frames are noisy, as they need most of their bins. The tolerance is in units of full scale.

    Args:
        n_window: length of the frames (tight Hann), samples.
        hop_length: a divisor of it, samples.
        n_fft: bins of the DFT; frames are filled up with zeros.
        increment: of the number of bins, s.
        period: turns from one increment to the next, r.
        tolerance: what may be left of a frame, ε.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not clipping.

    Reference: Kitić, Bertin and Gribonval, LVA/ICA 2015; settings of Záviška, Rajmic, Ozerov and Rencker, IEEE JSTSP 15(1),
    2021.
    """

    def __init__(
        self,
        n_window: int = 8192,
        hop_length: int = 2048,
        n_fft: int = 16384,
        increment: int = 1,
        period: int = 1,
        tolerance: float = 0.1,
    ) -> None:
        super().__init__()
        TightFrame(n_window, hop_length, n_fft)  # says what is wrong with them
        for name, value in (("increment", increment), ("period", period)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not (math.isfinite(tolerance) and tolerance >= 0):
            raise ValueError(f"tolerance must be a finite number, at least 0, got {tolerance}")
        self.n_window, self.hop_length, self.n_fft = n_window, hop_length, n_fft
        self.increment, self.period, self.tolerance = increment, period, tolerance

    def channel(self, lower: Tensor, upper: Tensor, sample_rate: int) -> Tensor:
        """The frames, added up."""
        del sample_rate
        frame = TightFrame(self.n_window, self.hop_length, self.n_fft).to(lower.device)
        return declip_spade(lower, upper, frame, self.increment, self.period, self.tolerance)
