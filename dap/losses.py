"""What a fit minimises: (estimate, target) of the same shape, to a scalar.

>>> import torch
>>> estimate, target = torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])
>>> l2(estimate, target), l1(estimate, target), l2_norm(estimate, target)
(tensor(2.), tensor(1.), tensor(2.))
"""

import torch
from torch import Tensor

_EPS = 1e-7  # added to the power


def l2(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference (Zhang et al., ICLR 2020; Ulyanov et al., 2018)."""
    return (estimate - target).square().mean()


def l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference (DAWP, Turetzky et al., 2022): a few loud bins weigh less than in `l2`."""
    return (estimate - target).abs().mean()


def l2_norm(estimate: Tensor, target: Tensor) -> Tensor:
    """Square root of the sum of squared differences (Vinyard, 2018): of white noise of σ in n samples, σ√n.

    Its gradient does not shrink as the difference does; for Adam, which divides by the gradient's size, it differs from `l2`
    only as the size changes within its memory. At no difference at all the gradient is 0.
    """
    difference: Tensor = torch.linalg.vector_norm(estimate - target)
    return difference


def multi_resolution_stft(estimate: Tensor, target: Tensor, n_ffts: tuple[int, ...] = (512, 1024, 2048)) -> Tensor:
    """Distance of the magnitudes of waveforms (..., time), averaged over frames of several lengths (Hann, hop n_fft / 4).

    Of each length: spectral convergence ‖|T| − |E|‖ / ‖T‖, plus the mean absolute difference of the natural logarithms. The
    phases do not count, so it stands beside a loss that knows them. Lengths above the signal's are left out.

    Raises:
        ValueError: a signal shorter than the shortest frame.

    Reference: Yamamoto et al., "Parallel WaveGAN", ICASSP 2020, Eqs. 3–6; as a prior's loss: DPAI, Miotello et al., 2023.

    >>> target = torch.randn(1, 4096, generator=torch.Generator().manual_seed(0))
    >>> round(float(multi_resolution_stft(2 * target, target)), 3)                    # 1 + ln 2
    1.693
    """
    fitting = [n_fft for n_fft in n_ffts if n_fft <= target.shape[-1]]
    if not fitting:
        raise ValueError(f"{target.shape[-1]} samples are too short for frames of {min(n_ffts)}")
    total = torch.zeros((), device=target.device, dtype=target.dtype)
    for n_fft in fitting:
        e, t = (_magnitude(waveform, n_fft) for waveform in (estimate, target))
        convergence = torch.linalg.vector_norm(t - e) / torch.linalg.vector_norm(t)
        total = total + convergence + (t.log() - e.log()).abs().mean()
    return total / len(fitting)


def _magnitude(waveform: Tensor, n_fft: int) -> Tensor:
    """(..., time) → (items, n_freq, n_frames), above 0: silence has a logarithm, and its gradient an end."""
    window = torch.hann_window(n_fft, device=waveform.device, dtype=waveform.dtype)
    items = waveform.reshape(-1, waveform.shape[-1])
    spec = torch.stft(items, n_fft, n_fft // 4, window=window, pad_mode="constant", return_complex=True)
    return (spec.real.square() + spec.imag.square() + _EPS).sqrt()
