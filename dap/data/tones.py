"""A sum of steady sines."""

from dap.data.clip import Clip, make_clip
from dap.dsp.signals import tones


class Tones:
    """One clip of steady sines: Figure 1 of Zhang et al. (ICLR 2020) is 1000 + 2000 + 3000 Hz.

    Args:
        frequencies_hz: one a sine.
        n_samples, sample_rate: length in samples, and Hz.
        peak: level that the clip is scaled to.

    Raises:
        ValueError: see `dap.dsp.signals.tones`.
    """

    def __init__(self, frequencies_hz: list[float], n_samples: int, sample_rate: int, peak: float | None = 1.0) -> None:
        waveform = tones(frequencies_hz, n_samples, sample_rate)[None]
        name = "tones_" + "_".join(f"{frequency:g}" for frequency in frequencies_hz)
        self.clip = make_clip(name, waveform, sample_rate, peak=peak, source=name)

        self.names = [name]

    def __getitem__(self, index: int) -> Clip:
        return self.clip
