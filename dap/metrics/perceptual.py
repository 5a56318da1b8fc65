"""Quality (PESQ) and intelligibility (STOI, ESTOI) of speech, as models of listeners estimate them: higher is better.

They know speech only: of music they give a number that means little. Conventions as in `dap.metrics.distortion`: waveforms
(..., time), in the order (estimate, reference), channels scored one by one and averaged. Each needs a package that is optional,
and where a score does not apply, ValueError says why: never a number that stands for "none".
"""

import warnings

import numpy as np
from torch import Tensor

from dap.dsp.resample import resample
from dap.metrics.distortion import validate

PESQ_RATES = {"wb": 16000, "nb": 8000}  # Hz: wide band (P.862.2) and narrow band (P.862.1)

# The reference code of P.862 has room for 50 utterances, and with more writes past its arrays: a wrong score, or a crash that
# takes the program along. Two utterances begin at least 97 frames of 4 ms apart, and 0.6 s of padding are added.
_PESQ_MAX_SECONDS = 50 * 97 * 0.004 - 0.6
_STOI_MIN_SECONDS = 0.4  # a segment of 30 frames
_STOI_MIN_RATE = 8000  # Hz: its bands end at 4.3 kHz


def pesq_wb(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """Wide-band PESQ (ITU-T P.862.2) of the signals at 16 kHz, as MOS-LQO: 1.04 (bad) to 4.64 (no difference heard).

    Args:
        estimate, reference: (..., time).
        sample_rate: Hz, at least 16000; other rates are resampled.

    Raises:
        ValueError: as `validate`; a rate below 16 kHz, a clip shorter than 0.25 s or longer than 18.8 s, a silent channel, no
            utterance in it, or no package ``pesq``.

    Reference: ITU-T P.862 (2001) and P.862.2 (2007), by their reference code.

    >>> import torch
    >>> pesq_wb(torch.ones(8000), torch.ones(8000), 8000)
    Traceback (most recent call last):
    ValueError: wide-band PESQ needs a sample rate of at least 16000 Hz, got 8000
    """
    scores = pesq_of_channels(estimate, reference, sample_rate, "wb")
    return sum(scores) / len(scores)


def pesq_nb(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """Narrow-band PESQ (ITU-T P.862.1) of the signals at 8 kHz, as MOS-LQO: 1.02 to 4.55; otherwise as `pesq_wb`.

    >>> import torch
    >>> pesq_nb(torch.ones(8000), torch.ones(8000), 4000)
    Traceback (most recent call last):
    ValueError: narrow-band PESQ needs a sample rate of at least 8000 Hz, got 4000
    """
    scores = pesq_of_channels(estimate, reference, sample_rate, "nb")
    return sum(scores) / len(scores)


def pesq_of_channels(estimate: Tensor, reference: Tensor, sample_rate: int, band: str) -> list[float]:
    """PESQ of each channel: see `pesq_wb`; ``band`` is "wb" or "nb"."""
    if band not in PESQ_RATES:
        raise ValueError(f"band must be one of {', '.join(PESQ_RATES)}, got {band!r}")
    rate = PESQ_RATES[band]
    if sample_rate < rate:
        name = {"wb": "wide-band", "nb": "narrow-band"}[band]
        raise ValueError(f"{name} PESQ needs a sample rate of at least {rate} Hz, got {sample_rate}")
    seconds = reference.shape[-1] / sample_rate
    if seconds > _PESQ_MAX_SECONDS:
        raise ValueError(
            f"PESQ's code can crash on more than {_PESQ_MAX_SECONDS:.1f} s, the clip lasts {seconds:.1f} s: score a part of it"
        )
    return [
        _pesq(resample(actual, sample_rate, rate), resample(wanted, sample_rate, rate), band)
        for actual, wanted in channels(estimate, reference)
    ]


def stoi(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """Short-time objective intelligibility, of the signals at 10 kHz: 0 to 1, a little below 0 for the worst.

    Args:
        estimate, reference: (..., time).
        sample_rate: Hz, at least 8000; pystoi resamples as the authors' code does.

    Raises:
        ValueError: as `validate`; a rate below 8 kHz, a clip shorter than 0.4 s, or with less than that left of it once its
            pauses are cut, a silent channel, or no package ``pystoi``.

    Reference: Taal et al., "An algorithm for intelligibility prediction of time-frequency weighted noisy speech", 2011.

    >>> import torch
    >>> noise = torch.randn(8000, generator=torch.Generator().manual_seed(0))
    >>> round(stoi(0.5 * noise, noise, 10000), 6)                                   # the level does not count
    1.0
    """
    return _stoi(estimate, reference, sample_rate, extended=False)


def estoi(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """Extended STOI, which also holds for noise that comes and goes; otherwise as `stoi`.

    Reference: Jensen & Taal, "An algorithm for predicting the intelligibility of speech masked by modulated noise
    maskers", 2016.

    >>> import torch
    >>> noise = torch.randn(8000, generator=torch.Generator().manual_seed(0))
    >>> round(estoi(0.5 * noise, noise, 10000), 6)
    1.0
    """
    return _stoi(estimate, reference, sample_rate, extended=True)


def channels(estimate: Tensor, reference: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The pairs of channels, each (time,) in float64.

    Raises:
        ValueError: as `validate`, and a channel that is silent.

    >>> import torch
    >>> len(channels(torch.ones(2, 100), torch.ones(2, 100)))
    2
    """
    signals = (signal.reshape(-1, signal.shape[-1]) for signal in validate(estimate, reference))
    pairs = list(zip(*signals, strict=True))
    for actual, wanted in pairs:
        if not wanted.any():
            raise ValueError("a channel of the reference is silent: nothing to compare with")
        if not actual.any():
            raise ValueError("the estimate is silent: there is nothing to hear")
    return pairs


def _pesq(estimate: Tensor, reference: Tensor, band: str) -> float:
    rate = PESQ_RATES[band]
    try:
        import pesq
    except ImportError as error:
        raise ValueError("PESQ needs pesq: pip install 'dap[pesq]'") from error
    try:
        return float(pesq.pesq(rate, reference.cpu().numpy(), estimate.cpu().numpy(), band))
    except pesq.BufferTooShortError as error:
        raise ValueError(f"{reference.shape[-1] / rate:.3g} s are too short for PESQ: it needs 0.25 s") from error
    except pesq.NoUtterancesError as error:
        raise ValueError("PESQ finds no utterance in the clip") from error
    except (pesq.PesqError, ValueError) as error:  # levels so far apart that single precision does not hold both
        raise ValueError("PESQ gives no number for this clip") from error


def _stoi(estimate: Tensor, reference: Tensor, sample_rate: int, extended: bool) -> float:
    name = "ESTOI" if extended else "STOI"
    if sample_rate < _STOI_MIN_RATE:
        raise ValueError(f"{name} needs a sample rate of at least {_STOI_MIN_RATE} Hz, got {sample_rate}")
    seconds = reference.shape[-1] / sample_rate
    if seconds < _STOI_MIN_SECONDS:
        raise ValueError(f"{seconds:.3g} s are too short for {name}: it needs {_STOI_MIN_SECONDS} s")
    try:
        import pystoi
    except ImportError as error:
        raise ValueError(f"{name} needs pystoi: pip install 'dap[metrics]'") from error
    scores = []
    state = np.random.get_state()  # ESTOI adds noise of 1e-16 from numpy's global generator
    try:
        for actual, wanted in channels(estimate, reference):
            np.random.seed(0)  # so that equal signals score the same to the last digit
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)  # pystoi warns, and returns 1e-5, where it cannot score
                scores.append(float(pystoi.stoi(wanted.cpu().numpy(), actual.cpu().numpy(), sample_rate, extended)))
    except RuntimeWarning as warning:
        too_little = f"too little is left for {name} without the pauses: it needs {_STOI_MIN_SECONDS} s"
        reason = too_little if "Not enough STFT frames" in str(warning) else f"{name} gives no number for this clip: {warning}"
        raise ValueError(reason) from warning
    finally:
        np.random.set_state(state)
    return sum(scores) / len(scores)
