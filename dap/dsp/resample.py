"""Change of sample rate. The one module that imports torchaudio."""

from functools import lru_cache
import math
import sys
from types import ModuleType
from typing import Any

from torch import Tensor

MAX_COEFFICIENTS = 3 * 10**7  # of all the filter's phases: making them takes some 40 bytes each


def resample(waveform: Tensor, sample_rate: int, new_rate: int) -> Tensor:
    """Resample by torchaudio's windowed sinc (Kaiser, 64 zero crossings, roll-off 0.95): −90 dB above the new Nyquist.

    Args:
        waveform: (..., time).
        sample_rate, new_rate: Hz, at least 1.

    Returns:
        (..., ceil(time · new_rate / sample_rate)).

    Raises:
        ValueError: a rate below 1, two rates with so few common divisors that the filter has more than MAX_COEFFICIENTS,
            or a torchaudio that does not load here.

    >>> import torch
    >>> resample(torch.zeros(2, 441), 44100, 16000).shape
    torch.Size([2, 160])
    """
    if min(sample_rate, new_rate) < 1:
        raise ValueError(f"sample rates must be at least 1 Hz, got {sample_rate} and {new_rate}")
    if sample_rate == new_rate:
        return waveform
    common = math.gcd(sample_rate, new_rate)
    n_in, n_out = sample_rate // common, new_rate // common
    n_coefficients = n_out * (n_in + 2 * 68 * max(1, n_in // n_out))  # phases, times the length of one
    if n_coefficients > MAX_COEFFICIENTS:
        raise ValueError(
            f"from {sample_rate} to {new_rate} Hz takes a filter of {n_coefficients} coefficients, expected at most "
            f"{MAX_COEFFICIENTS}: choose a rate that has more divisors in common"
        )
    resampled: Tensor = _torchaudio_functional().resample(
        waveform,
        sample_rate,
        new_rate,
        lowpass_filter_width=64,
        rolloff=0.9475937167399596,
        resampling_method="sinc_interp_kaiser",
        beta=14.769656459379492,
    )
    return resampled


@lru_cache
def _torchaudio_functional() -> Any:
    """torchaudio.functional; its wheel's compiled part wants CUDA, and beside a CPU torch is left out."""
    try:
        import torchaudio.functional
    except (ImportError, OSError) as first_error:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        stand_in = ModuleType("torchaudio._extension")
        vars(stand_in).update(
            _IS_TORCHAUDIO_EXT_AVAILABLE=False,
            _IS_ALIGN_AVAILABLE=False,
            _check_cuda_version=lambda: None,
            fail_if_no_align=lambda function: function,
        )
        sys.modules[stand_in.__name__] = stand_in
        try:
            import torchaudio.functional
        except Exception as error:
            reason = str(first_error).splitlines()[0]
            raise ValueError(f"changing the sample rate needs torchaudio, which does not load here: {reason}") from error
    return torchaudio.functional
