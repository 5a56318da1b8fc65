"""How far an estimate lies from its reference, in dB: higher is better in all of them.

Conventions: waveforms are (..., time) and in the order (estimate, reference); what stands before time (channels) is scored
one by one and averaged, except where noted. A reference that is silent has no such score: ValueError.
"""

import torch
from torch import Tensor

from dap.metrics.frames import hann_frames

_EPS = torch.finfo(torch.float64).eps


def validate(estimate: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Both as float64.

    Raises:
        ValueError: shapes that differ, no samples, NaN or Inf, or a silent reference.
    """
    if estimate.shape != reference.shape:
        raise ValueError(f"estimate and reference differ in shape: {tuple(estimate.shape)} and {tuple(reference.shape)}")
    if estimate.shape[-1] == 0:
        raise ValueError("no samples to score")
    if not (torch.isfinite(estimate).all() and torch.isfinite(reference).all()):
        raise ValueError("NaN or Inf in the signals to score")
    if not reference.any():
        raise ValueError("the reference is silent: nothing to compare with")
    return estimate.double(), reference.double()


def psnr(estimate: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio, 20 log10 max|reference| − 10 log10 MSE, over all channels at once.

    The peak is the reference's own, so the score does not depend on the level.

    >>> reference = torch.tensor([1.0, -1.0, 1.0, -1.0])
    >>> round(psnr(0.9 * reference, reference), 3)              # an error of a tenth of the peak
    20.0
    """
    estimate, reference = validate(estimate, reference)
    error = (estimate - reference).square().mean()
    return _decibels(reference.abs().max().square(), error)


def snr(estimate: Tensor, reference: Tensor) -> float:
    """Signal-to-noise ratio, 10 log10 (Σ reference² / Σ (estimate − reference)²).

    >>> reference = torch.tensor([1.0, -1.0, 1.0, -1.0])
    >>> round(snr(1.1 * reference, reference), 3)
    20.0
    """
    estimate, reference = validate(estimate, reference)
    ratios = [
        _decibels(r.square().sum(), (e - r).square().sum())
        for e, r in zip(estimate.reshape(-1, estimate.shape[-1]), reference.reshape(-1, reference.shape[-1]), strict=True)
    ]
    return sum(ratios) / len(ratios)


def si_sdr(estimate: Tensor, reference: Tensor) -> float:
    """Scale-invariant signal-to-distortion ratio, of the signals without their means.

    The target is the reference scaled to the estimate by least squares; what is left of the estimate is distortion.

    Reference: Le Roux et al., "SDR – half-baked or well done?", ICASSP 2019, Eq. 3.

    >>> reference = torch.tensor([1.0, 1.0, -1.0, -1.0])
    >>> across = torch.tensor([1.0, -1.0, 1.0, -1.0])           # orthogonal to the reference
    >>> round(si_sdr(7 * (reference + 0.1 * across), reference), 3)
    20.0
    """
    estimate, reference = validate(estimate, reference)
    estimate = estimate - estimate.mean(-1, keepdim=True)
    reference = reference - reference.mean(-1, keepdim=True)
    scale = (estimate * reference).sum(-1, keepdim=True) / (reference.square().sum(-1, keepdim=True) + _EPS)
    target = scale * reference
    ratio = (target.square().sum(-1) + _EPS) / ((estimate - target).square().sum(-1) + _EPS)
    return float((10 * torch.log10(ratio)).mean())


def segmental_snr(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """SNR frame by frame (SSNR): Hann frames of 30 ms, a quarter apart, each clipped to [−10, 35] dB, averaged.

    Raises:
        ValueError: as `validate`, and a signal shorter than one frame.

    Reference: Hu & Loizou, "Evaluation of objective quality measures for speech enhancement", 2008 (their comp_snr).

    >>> reference = torch.ones(16000)
    >>> round(segmental_snr(1.1 * reference, reference, 16000), 3)
    20.0
    """
    estimate, reference = validate(estimate, reference)

    def energies(signal: Tensor) -> Tensor:
        return hann_frames(signal, sample_rate).square().sum(-1)

    frames = 10 * torch.log10(energies(reference) / (energies(estimate - reference) + _EPS) + _EPS)
    return float(frames.clamp(-10, 35).mean())


def _decibels(signal: Tensor, noise: Tensor) -> float:
    return float(10 * torch.log10((signal + _EPS) / (noise + _EPS)))
