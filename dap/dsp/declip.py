"""Declipping by sparsity: of all sounds that would have been clipped to this recording, one of few strong spectral bins."""

import math

import torch
from torch import Tensor
import torch.nn.functional as F

# Times the noise in a bin, where the threshold ends: what is weaker is the noise that was clipped with the sound.
_ABOVE_NOISE = 4.0


def declip(
    lower: Tensor,
    upper: Tensor,
    n_fft: int,
    hop_length: int,
    iterations: int = 200,
    depth_db: float = 60.0,
    noise_std: float = 0.0,
) -> Tensor:
    r"""The sound within bounds whose STFT is sparse, by the alternating directions of A-SPADE with a falling threshold.

    With A the STFT, Γ the sounds between the bounds, and u a running sum of what each turn leaves open:

        z ← the bins of A x + u that are strong;   x ← the point of Γ nearest to A⁻¹(z − u);   u ← u + A x − z.

    In A-SPADE the strong bins are the k largest of each frame, and k grows by one a turn. Here they are those above a
    threshold λ, the same for all frames, that falls from the strongest bin to ``depth_db`` below it, a fixed ratio a turn;
    and x is the whole sound, so overlapping frames agree in each turn and not only in the end. A bin counts as strong where
    √(E · Ē) > λ², E its energy and Ē the mean of its own and of those just before and after: a partial lasts, an artefact
    does not.

    Args:
        lower, upper: (channel, time); equal where a sample is known. Channels are restored each with its own threshold.
        n_fft: frame (Hann), samples: even.
        hop_length: at most a quarter of it, and a divisor.
        iterations: number of turns.
        depth_db: how far the threshold falls.
        noise_std: of white noise in the recording: the threshold ends at four times its standard deviation in a bin, if that
            is not reached before. The louder the noise, the more this helps; 0 for what is to come back with its noise.

    Returns:
        (channel, time), between the bounds.

    Reference: Kitić, Bertin and Gribonval, "Sparsity and cosparsity for audio declipping", LVA/ICA 2015 (A-SPADE); the
    energy of neighbours as in Siedenburg, Kowalski and Dörfler, "Audio declipping with social sparsity", ICASSP 2014.

    >>> tone = torch.sin(torch.arange(4000) / 8)[None]
    >>> unknown = tone > 0.7
    >>> lower, upper = tone.clamp(max=0.7), torch.where(unknown, math.inf, tone)
    >>> restored = declip(lower, upper, n_fft=512, hop_length=128)
    >>> bool((restored - tone).abs().max() < 0.02), bool((restored[~unknown] == tone[~unknown]).all())
    (True, True)
    """
    n_samples = lower.shape[-1]
    after = n_fft + -n_samples % hop_length
    low = F.pad(lower, (n_fft, after), value=-math.inf)  # beyond the ends nothing is known
    high = F.pad(upper, (n_fft, after), value=math.inf)
    window = torch.hann_window(n_fft, dtype=lower.dtype, device=lower.device)

    def analysis(waveform: Tensor) -> Tensor:
        return torch.stft(waveform, n_fft, hop_length, window=window, pad_mode="constant", return_complex=True)

    def synthesis(spec: Tensor) -> Tensor:
        return torch.istft(spec, n_fft, hop_length, window=window, length=low.shape[-1])

    start = torch.zeros_like(low).clamp(low, high)  # the recording: what was clipped stands at its bound
    spec = analysis(start)  # (channel, n_freq, n_frames)
    loudest = spec.abs().amax((-2, -1), keepdim=True)
    quietest = (loudest * 10 ** (-depth_db / 20)).clamp(min=_ABOVE_NOISE * noise_std * float(window.square().sum().sqrt()))
    fall = (quietest / loudest.clamp(min=torch.finfo(loudest.dtype).tiny)).clamp(max=1.0)
    left = torch.zeros_like(spec)
    estimate = start
    for turn in range(iterations):
        threshold = loudest * fall ** (turn / max(iterations - 1, 1))
        sparse = spec + left
        sparse = sparse.where(_strength(sparse) > threshold, 0)
        estimate = synthesis(sparse - left).clamp(low, high)
        spec = analysis(estimate)
        left = left + spec - sparse
    return estimate[..., n_fft : n_fft + n_samples]


def _strength(spec: Tensor) -> Tensor:
    """(E · Ē)^¼ of each bin, (…, n_freq, n_frames): its magnitude, where its neighbours in time are as strong."""
    energy = spec.real.square() + spec.imag.square()
    around = F.pad(energy, (1, 1), mode="replicate")
    mean = (around[..., :-2] + energy + around[..., 2:]) / 3
    return (energy.sqrt() * mean.sqrt()).sqrt()
