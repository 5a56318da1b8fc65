"""Declipping by social sparsity with the persistent empirical Wiener gain, as it is published."""

import math

import torch
from torch import Tensor

from dap.dsp.declip_social import declip_social
from dap.dsp.tight_frame import TightFrame
from dap.methods.classical.declipper import Declipper


class SSPEW(Declipper):
    """Accelerated shrinkage towards few, persistent bins, for one threshold after another: `dap.dsp.declip_social`.

    With these settings the best of the field's comparison in SDR (Záviška et al. 2021), and slow: up to 10 000 turns, half a
    minute of work a second of sound at 44.1 kHz. Thresholds are in units of full scale: a sound far below it is not restored.

    Args:
        n_window: length of the frames (tight Hann), samples.
        hop_length: a divisor of it, samples.
        n_fft: bins of the DFT; frames are filled up with zeros.
        neighborhood: bins by frames whose mean energy decides about a bin, odd both.
        thresholds: λ of the first turns and of the last.
        n_thresholds: from the one to the other, a fixed ratio apart.
        iterations: turns of each at most.
        tolerance: and they end where the sound changes by less than this in a turn, ‖·‖₂.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not clipping.

    Reference: Siedenburg, Kowalski and Dörfler, "Audio declipping with social sparsity", ICASSP 2014; settings of Záviška,
    Rajmic, Ozerov and Rencker, "A survey and an extensive evaluation of popular audio declipping methods", IEEE JSTSP 15(1),
    2021.
    """

    def __init__(
        self,
        n_window: int = 8192,
        hop_length: int = 2048,
        n_fft: int = 16384,
        neighborhood: tuple[int, int] = (3, 7),
        thresholds: tuple[float, float] = (1e-1, 1e-4),
        n_thresholds: int = 20,
        iterations: int = 500,
        tolerance: float = 1e-4,
    ) -> None:
        super().__init__()
        TightFrame(n_window, hop_length, n_fft)  # says what is wrong with them
        if len(neighborhood) != 2 or not all(width >= 1 and width % 2 for width in neighborhood):
            raise ValueError(f"neighborhood must be two odd numbers, of bins and of frames, got {list(neighborhood)}")
        if len(thresholds) != 2 or not (math.isfinite(thresholds[0]) and thresholds[0] >= thresholds[1] > 0):
            raise ValueError(f"thresholds must be two numbers above 0, the larger first, got {list(thresholds)}")
        for name, value in (("n_thresholds", n_thresholds), ("iterations", iterations)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not (math.isfinite(tolerance) and tolerance >= 0):
            raise ValueError(f"tolerance must be a finite number, at least 0, got {tolerance}")
        self.n_window, self.hop_length, self.n_fft = n_window, hop_length, n_fft
        self.neighborhood = (neighborhood[0], neighborhood[1])
        self.exponents = (math.log10(thresholds[0]), math.log10(thresholds[1]))
        self.n_thresholds, self.iterations, self.tolerance = n_thresholds, iterations, tolerance

    def channel(self, lower: Tensor, upper: Tensor, sample_rate: int) -> Tensor:
        """The sound of the last threshold's spectrum."""
        del sample_rate
        frame = TightFrame(self.n_window, self.hop_length, self.n_fft).to(lower.device)
        thresholds = torch.logspace(*self.exponents, self.n_thresholds).to(lower)
        return declip_social(lower, upper, frame, thresholds, self.iterations, self.tolerance, self.neighborhood)
