"""How well several sources were taken apart, in dB: higher is better in all of them.

Waveforms are (source, time), in the order (estimate, reference) as everywhere in dap. The package ``fast_bss_eval`` is
optional; it gives the figures of mir_eval in a small part of the time.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from dap.metrics.distortion import validate

_FILTER_LENGTH = 512  # samples: what a filter of this length makes of a reference is not held against the estimate
_LIMIT_DB = 100.0  # beyond it rounding decides


class SourceScores(NamedTuple):
    """One value a reference, in the order of the references."""

    sdr: tuple[float, ...]  # dB, against all that is wrong with it
    sir: tuple[float, ...]  # dB, against what the other sources left in it
    sar: tuple[float, ...]  # dB, against what is in no source: noise, artefacts
    order: tuple[int, ...]  # the estimate that was taken for each reference


def separation_scores(estimate: Tensor, reference: Tensor, permute: bool = True) -> SourceScores:
    """SDR, SIR and SAR of BSS Eval, version 3, with distortion filters of 512 samples: the figures of most papers.

    Each is held within ±100 dB, so that a perfect estimate has a score too.

    Args:
        estimate, reference: (source, time), two sources or more, as many of each.
        permute: find the order of the estimates in which the mean SIR is highest; False takes them as they come.

    Raises:
        ValueError: as `dap.metrics.distortion.validate`; other than two or more sources, a silent one, clips shorter than the
            filters of all sources together, references of which one is a filtered mixture of the others, or no package
            ``fast_bss_eval``.

    Reference: Vincent, Gribonval & Févotte, "Performance measurement in blind audio source separation", IEEE TASLP 14(4), 2006;
    Scheibler, "SDR – medium rare with fast computations", ICASSP 2022.

    >>> separation_scores(torch.ones(1, 2000), torch.ones(1, 2000))
    Traceback (most recent call last):
    ValueError: expected estimates and references of two or more sources, (source, time), got shape (1, 2000)
    """
    estimate, reference = validate(estimate, reference)
    if reference.ndim != 2 or reference.shape[0] < 2:
        shape = tuple(reference.shape)
        raise ValueError(f"expected estimates and references of two or more sources, (source, time), got shape {shape}")
    for name, signals in (("estimate", estimate), ("reference", reference)):
        silent = [index for index, signal in enumerate(signals) if not signal.any()]
        if silent:
            raise ValueError(f"{name} {silent[0]} is silent: there is nothing to score")
    n_sources, n_samples = reference.shape
    if n_samples < n_sources * _FILTER_LENGTH:
        raise ValueError(f"{n_samples} samples are too short for {n_sources} filters of {_FILTER_LENGTH}")
    try:
        import fast_bss_eval
    except ImportError as error:
        raise ValueError("SDR, SIR and SAR need fast_bss_eval: pip install 'dap[metrics]'") from error
    try:
        sdr, sir, sar, *order = fast_bss_eval.bss_eval_sources(
            reference, estimate, filter_length=_FILTER_LENGTH, clamp_db=_LIMIT_DB, compute_permutation=permute
        )
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise ValueError("the references do not differ enough to tell them apart") from error
    indices = order[0].tolist() if permute else range(n_sources)
    return SourceScores(tuple(sdr.tolist()), tuple(sir.tolist()), tuple(sar.tolist()), tuple(indices))
