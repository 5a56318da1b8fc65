"""All the scores of an estimate at once, and what there is to know about each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from dap.metrics.composite import Composite, composite
from dap.metrics.distortion import psnr, segmental_snr, si_sdr, snr
from dap.metrics.perceptual import estoi, pesq_of_channels, stoi
from dap.metrics.separation import SourceScores, separation_scores
from dap.metrics.spectral import LSD_EPFL, LSD_KULESHOV, log_spectral_distance, multi_resolution_stft_distance


@dataclass(frozen=True)
class Pair:
    """What is scored; what several scores build on is computed once."""

    estimate: Tensor  # (channel, time), or (source, channel, time)
    reference: Tensor  # of the same shape
    sample_rate: int  # Hz
    missing: Tensor  # (time,), True for the samples that were not observed

    @property
    def signals(self) -> tuple[Tensor, Tensor]:
        return self.estimate, self.reference

    @property
    def gaps(self) -> tuple[Tensor, Tensor]:
        """The signals where they were not observed."""
        return self.estimate[..., self.missing], self.reference[..., self.missing]

    @cached_property
    def pesq_of_channels(self) -> list[float]:
        return pesq_of_channels(*self.signals, self.sample_rate, "wb")

    @cached_property
    def composite(self) -> Composite:
        return composite(*self.signals, self.sample_rate, "wb", self.pesq_of_channels)

    @cached_property
    def separation(self) -> SourceScores:
        """Of each source, as they come, averaged over the channels."""
        channels = zip(self.estimate.unbind(1), self.reference.unbind(1), strict=True)
        found = [separation_scores(estimate, reference, permute=False) for estimate, reference in channels]
        sdr, sir, sar = (
            tuple(map(_mean, zip(*values, strict=True)))
            for values in ([one.sdr for one in found], [one.sir for one in found], [one.sar for one in found])
        )
        return SourceScores(sdr, sir, sar, found[0].order)


@dataclass(frozen=True)
class Metric:
    """One score.

    Args:
        title: as in tables.
        unit: "dB", or "" for a number without one.
        function: of the pair to the score; ValueError says why it does not apply.
        higher_is_better: or lower.
        of_gaps: it scores what was missing alone, so that it needs to be told what was.
        of_sources: it scores several sources together.
    """

    title: str
    unit: str
    function: Callable[[Pair], float]
    higher_is_better: bool = True
    of_gaps: bool = False
    of_sources: bool = False

    @property
    def label(self) -> str:
        """The title with its unit.

        >>> METRICS["si_sdr"].label, METRICS["estoi"].label
        ('SI-SDR, dB', 'ESTOI')
        """
        return f"{self.title}, {self.unit}" if self.unit else self.title


# Those from PESQ on are models of how speech is heard; "wb" says that they hear the wide band, at 16 kHz.
METRICS = {
    "si_sdr": Metric("SI-SDR", "dB", lambda pair: si_sdr(*pair.signals)),
    "psnr": Metric("PSNR", "dB", lambda pair: psnr(*pair.signals)),
    "snr": Metric("SNR", "dB", lambda pair: snr(*pair.signals)),
    "segmental_snr": Metric("SSNR", "dB", lambda pair: segmental_snr(*pair.signals, pair.sample_rate)),
    "snr_missing": Metric("SNR in gaps", "dB", lambda pair: snr(*pair.gaps), of_gaps=True),
    "log_spectral_distance": Metric(
        "LSD", "", lambda pair: log_spectral_distance(*pair.signals, *LSD_KULESHOV), higher_is_better=False
    ),
    "log_spectral_distance_1024": Metric(
        "LSD-1024", "", lambda pair: log_spectral_distance(*pair.signals, *LSD_EPFL), higher_is_better=False
    ),
    "multi_resolution_stft": Metric(
        "MR-STFT", "", lambda pair: multi_resolution_stft_distance(*pair.signals), higher_is_better=False
    ),
    "pesq_wb": Metric("PESQ-wb", "", lambda pair: sum(pair.pesq_of_channels) / len(pair.pesq_of_channels)),
    "stoi": Metric("STOI", "", lambda pair: stoi(*pair.signals, pair.sample_rate)),
    "estoi": Metric("ESTOI", "", lambda pair: estoi(*pair.signals, pair.sample_rate)),
    "csig": Metric("CSIG-wb", "", lambda pair: pair.composite.csig),
    "cbak": Metric("CBAK-wb", "", lambda pair: pair.composite.cbak),
    "covl": Metric("COVL-wb", "", lambda pair: pair.composite.covl),
    "sdr": Metric("SDR", "dB", lambda pair: _mean(pair.separation.sdr), of_sources=True),
    "sir": Metric("SIR", "dB", lambda pair: _mean(pair.separation.sir), of_sources=True),
    "sar": Metric("SAR", "dB", lambda pair: _mean(pair.separation.sar), of_sources=True),
}


def score(
    estimate: Tensor,
    reference: Tensor,
    sample_rate: int,
    missing: Tensor | None = None,
    names: Iterable[str] = tuple(METRICS),
) -> dict[str, Any]:
    """Each of `METRICS`; None where one does not apply (silence, a clip too short, no such package …), and the reason under
    "not_scored".

    Args:
        estimate, reference: (channel, time); or several sources, (source, channel, time), in the same order: then the scores
            are means over the sources, each of which has its own under "sources", and SDR, SIR and SAR are among them.
        sample_rate: Hz.
        missing: (time,), True for the samples that were not observed; None leaves the scores of gaps out.
        names: which; all.

    >>> reference = torch.ones(1, 100)
    >>> scores = score(0.9 * reference, reference, 16000)
    >>> round(scores["snr"]), scores["segmental_snr"], scores["not_scored"]["segmental_snr"]
    (20, None, '100 samples at 16000 Hz are too short for frames of 30 ms')
    """
    if reference.ndim == 3:
        return _score_sources(estimate, reference, sample_rate, missing, names)
    scores: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    nothing = torch.zeros(reference.shape[-1], dtype=torch.bool)
    pair = Pair(estimate, reference, sample_rate, nothing if missing is None else missing)
    for name in names:
        metric = METRICS[name]
        if metric.of_sources or (metric.of_gaps and missing is None):
            continue
        try:
            scores[name] = metric.function(pair)
        except ValueError as error:
            scores[name], reasons[name] = None, str(error)
    return {**scores, "not_scored": reasons} if reasons else scores


def _score_sources(
    estimate: Tensor, reference: Tensor, sample_rate: int, missing: Tensor | None, names: Iterable[str]
) -> dict[str, Any]:
    """The means over the sources, and under "sources" the scores of each, by its number from 1 on."""
    names = list(names)
    sources = [score(one, source, sample_rate, missing, names) for one, source in zip(estimate, reference, strict=True)]
    scores: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    pair = Pair(estimate, reference, sample_rate, torch.zeros(reference.shape[-1], dtype=torch.bool))
    for name in names:
        try:
            if METRICS[name].of_sources:
                scores[name] = METRICS[name].function(pair)
                for index, source in enumerate(sources):
                    source[name] = getattr(pair.separation, name)[index]
            elif name in sources[0]:
                values = [source[name] for source in sources]
                scores[name] = None if None in values else _mean(values)
                if None in values:
                    reasons[name] = sources[values.index(None)]["not_scored"][name]
        except ValueError as error:
            scores[name], reasons[name] = None, str(error)
    numbered = {str(index + 1): source for index, source in enumerate(sources)}
    return {**scores, **({"not_scored": reasons} if reasons else {}), "sources": numbered}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
