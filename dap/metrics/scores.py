"""All the scores of an estimate at once, and what there is to know about each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dap.metrics.distortion import psnr, segmental_snr, si_sdr, snr
from dap.metrics.spectral import log_spectral_distance


@dataclass(frozen=True)
class Metric:
    """One score.

    Args:
        title: as in tables.
        unit: "dB", or "" for a number without one.
        function: (estimate, reference, sample_rate in Hz, missing) to the score; ValueError says why it does not apply.
        higher_is_better: or lower.
        of_gaps: it scores what was missing alone, so that it needs to be told what was.
    """

    title: str
    unit: str
    function: Callable[[Tensor, Tensor, int, Tensor], float]
    higher_is_better: bool = True
    of_gaps: bool = False


METRICS = {
    "si_sdr": Metric("SI-SDR", "dB", lambda e, r, rate, gaps: si_sdr(e, r)),
    "psnr": Metric("PSNR", "dB", lambda e, r, rate, gaps: psnr(e, r)),
    "snr": Metric("SNR", "dB", lambda e, r, rate, gaps: snr(e, r)),
    "segmental_snr": Metric("SSNR", "dB", lambda e, r, rate, gaps: segmental_snr(e, r, rate)),
    "snr_missing": Metric("SNR in gaps", "dB", lambda e, r, rate, gaps: snr(e[..., gaps], r[..., gaps]), of_gaps=True),
    "log_spectral_distance": Metric("LSD", "", lambda e, r, rate, gaps: log_spectral_distance(e, r), higher_is_better=False),
}


def score(
    estimate: Tensor,
    reference: Tensor,
    sample_rate: int,
    missing: Tensor | None = None,
    names: Iterable[str] = tuple(METRICS),
) -> dict[str, Any]:
    """Each of `METRICS`; None where one does not apply (silence, a clip too short …), and the reason under "not_scored".

    Args:
        estimate, reference: (channel, time).
        sample_rate: Hz.
        missing: (time,), True for the samples that were not observed; None leaves the scores of gaps out.
        names: which; all.

    >>> reference = torch.ones(1, 100)
    >>> scores = score(0.9 * reference, reference, 16000)
    >>> round(scores["snr"]), scores["segmental_snr"], scores["not_scored"]["segmental_snr"]
    (20, None, '100 samples at 16000 Hz are too short for frames of 30 ms')
    """
    scores: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    gaps = missing if missing is not None else torch.zeros(reference.shape[-1], dtype=torch.bool)
    for name in names:
        metric = METRICS[name]
        if metric.of_gaps and missing is None:
            continue
        try:
            scores[name] = metric.function(estimate, reference, sample_rate, gaps)
        except ValueError as error:
            scores[name], reasons[name] = None, str(error)
    return {**scores, "not_scored": reasons} if reasons else scores
