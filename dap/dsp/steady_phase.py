"""Phase-aware sparsity along time: what a sound is like whose partials are steady, and the missing samples that make it so."""

import math

import torch
from torch import Tensor

from dap.dsp.tight_frame import TightFrame


def phase_advance(frame: TightFrame, waveform: Tensor) -> Tensor:
    r"""By what phase each bin turns from one frame to the next: hop · ω, with ω its instantaneous frequency, rad.

    ω = 2πm/M − Im(A′x / Ax), A′ the frame with the window's derivative in the place of the window; 2πm/M where Ax is 0.

    Shape:
        waveform (..., time) → (..., n_freq, n_frames − 1): the mean of the two frames that each step lies between.

    Reference: Auger and Flandrin, IEEE Trans. Signal Processing 43(5), 1995; as used in Yatabe and Oikawa, "Phase corrected
    total variation for audio signals", ICASSP 2018.

    >>> frame = TightFrame(64, 16)
    >>> tone = torch.sin(0.8 * torch.arange(640.0, dtype=torch.float64))
    >>> bool((phase_advance(frame, tone)[8, 4:-4] - 16 * 0.8).abs().max() < 0.01)   # bin 8 is at 0.785 rad
    True
    """
    spec = frame.analysis(waveform)
    ratio = _with_derivative(frame).analysis(waveform) / spec
    ratio = ratio.where(ratio.isfinite(), 0.0)
    bins = torch.arange(spec.shape[-2], device=waveform.device).to(waveform) * (2 * math.pi / frame.n_fft)
    frequency = bins[:, None] - ratio.imag
    return frame.hop_length / 2 * (frequency[..., 1:] + frequency[..., :-1])


def fill_steady(
    waveform: Tensor, missing: Tensor, frame: TightFrame, rounds: int = 10, iterations: int = 500, threshold: float = 0.01
) -> Tensor:
    r"""The waveform with the missing samples for which the spectrum changes least along time, once its phase is turned back.

        min ‖D R G x‖₁ over all x that are the waveform where it is known,

    (D R c)[m, n] = c[m, n + 1] − e^{jφ[m, n]} c[m, n], G the tight frame and φ its `phase_advance` for the x of the round
    before. By Chambolle and Pock's primal-dual steps, with τ = 1/4 and σ = 1 (‖D R G‖² ≤ 4):

        x⁺ ← known samples pasted into x − τ (D R G)* y;   y ← clip_λ(y + σ D R G (2x⁺ − x)).

    Args:
        waveform: (..., time); what stands at the missing samples is where it starts from. Scaled to peak 1 inside.
        missing: (time,), True for each missing sample.
        rounds: how often φ is estimated.
        iterations: steps in each round.
        threshold: λ, which sets the step's length against the sound's, not what it converges to.

    Reference: Tanaka, Yatabe and Oikawa, "PHAIN: Audio inpainting via phase-aware optimization with instantaneous frequency",
    IEEE/ACM TASLP 32, 2024; Chambolle and Pock, J. Math. Imaging and Vision 40, 2011.

    >>> tone = torch.sin(0.8 * torch.arange(640.0, dtype=torch.float64))
    >>> missing = gap = torch.zeros(640, dtype=torch.bool).index_fill(0, torch.arange(300, 330), True)
    >>> filled = fill_steady(tone.where(~gap, 0.0), gap, TightFrame(128, 32), rounds=5, iterations=100)
    >>> bool((filled - tone).abs().max() < 0.1), bool((filled == tone)[~gap].all())
    (True, True)
    """
    n_samples = waveform.shape[-1]
    peak = waveform.abs().amax(-1, keepdim=True)
    scale = peak.where(peak > 0, 1.0)
    known = waveform / scale
    filled = known
    dual = torch.zeros_like(frame.analysis(known)[..., 1:])
    for _ in range(rounds):
        advance = phase_advance(frame, filled)
        turn = torch.polar(torch.ones_like(advance), advance)
        for _ in range(iterations):
            step = frame.synthesis(_differences_adjoint(dual, turn), n_samples)
            before, filled = filled, torch.where(missing, filled - 0.25 * step, known)
            dual = dual + _differences(frame.analysis(2 * filled - before), turn)
            dual = dual * (threshold / dual.abs().clamp(min=threshold))
    return torch.where(missing, filled * scale, waveform)


def _differences(spec: Tensor, turn: Tensor) -> Tensor:
    """D R: (..., n_freq, n_frames) → (..., n_freq, n_frames − 1)."""
    return spec[..., 1:] - turn * spec[..., :-1]


def _differences_adjoint(dual: Tensor, turn: Tensor) -> Tensor:
    """(D R)*: (..., n_freq, n_frames − 1) → (..., n_freq, n_frames)."""
    spec = torch.nn.functional.pad(dual, (1, 0))
    spec[..., :-1] -= turn.conj() * dual
    return spec


def _with_derivative(frame: TightFrame) -> TightFrame:
    """The same with its window's derivative, a sample, by the DFT: exact for what is a trigonometric polynomial."""
    sloped = TightFrame(frame.n_window, frame.hop_length, frame.n_fft)
    window = torch.fft.rfft(sloped.window)
    turns = 2j * math.pi / frame.n_window * torch.arange(len(window))
    sloped.window = torch.fft.irfft(window * turns, frame.n_window)
    return sloped.to(frame.window.device)
