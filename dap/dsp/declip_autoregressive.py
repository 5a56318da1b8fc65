"""Declipping by linear prediction: frames whose clipped samples are what a model of the frame expects, beyond their level."""

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.bounded_prediction import predict_within, predictors


def declip_frames(lower: Tensor, upper: Tensor, order: int, n_window: int, turns: int) -> Tensor:
    """Frame by frame, as it is published: the model and the clipped samples take turns, from the recording on.

    Frames are windowed (Hann, half overlapping), their bounds with them, and beyond them there is silence, so that the model
    and the samples minimize one prediction error in turn.

    Args:
        lower, upper: (time,); equal where a sample is known.
        order: of the models.
        n_window: samples of a frame, even.
        turns: of model and samples.

    Returns:
        (time,), within the bounds.

    Reference: Mokrý and Rajmic, "Regularized autoregressive modeling and its application to audio signal reconstruction",
    IEEE/ACM Trans. Audio, Speech and Language Processing, 2024 (alternate convex search, AR-ACS).
    """
    hop_length = n_window // 2
    window = torch.hann_window(n_window, dtype=torch.float64, device=lower.device).clamp(min=1e-9)
    low, high = _frames(lower, n_window, hop_length) * window, _frames(upper, n_window, hop_length) * window
    made = torch.zeros_like(low).clamp(low, high)
    for _ in range(turns):
        models = predictors(made, order)
        for index in (low < high).any(-1).nonzero()[:, 0].tolist():
            padded = F.pad(made[index], (order, order))
            made[index] = predict_within(padded, low[index], high[index], models[index])
    joined = _joined(made, hop_length, lower.shape[-1])  # the windows' sum is 1
    return joined.to(lower).clamp(lower, upper)


def refine(estimate: Tensor, lower: Tensor, upper: Tensor, order: int, n_window: int, most_clipped: float = 1 / 3) -> Tensor:
    """An estimate made better by linear prediction: its clipped samples anew, from the models of its own frames.

    Each frame's model is that of the estimate in and around it, and what lies around it is taken as it stands, so that its ends
    are no ends of the sound; frames overlap by half, and go over into each other.

    Args:
        estimate: (time,), within the bounds.
        lower, upper: (time,); equal where a sample is known.
        order: of the models, and of the samples to each side that belong to them.
        n_window: samples of a frame, even.
        most_clipped: share of a frame's samples; where more are clipped it stays as it is: too little is known for the model,
            and the work grows with the cube.

    Returns:
        (time,), within the bounds.

    >>> tone = torch.sin(torch.arange(2000) / 8).double()
    >>> lower, upper = tone.clamp(max=0.7), torch.where(tone > 0.7, torch.inf, tone)
    >>> refined = refine(lower, lower, upper, 8, 256)
    >>> bool((refined - tone)[300:-300].abs().max() < 0.01)
    True
    """
    hop_length = n_window // 2
    window = torch.hann_window(n_window, dtype=torch.float64, device=lower.device)
    low, high = _frames(lower, n_window, hop_length), _frames(upper, n_window, hop_length)
    around = _frames(F.pad(estimate, (order, order)), n_window + 2 * order, hop_length, n_window)
    models = predictors(around * torch.hann_window(around.shape[-1]).to(around), order)
    made = around[:, order : order + n_window].clone()
    clipped = (low < high).double().mean(-1)
    for index in ((clipped > 0) & (clipped <= most_clipped)).nonzero()[:, 0].tolist():
        made[index] = predict_within(around[index], low[index], high[index], models[index])
    return _joined(made * window, hop_length, lower.shape[-1]).to(lower).clamp(lower, upper)


def _frames(waveform: Tensor, n_window: int, hop_length: int, reach: int | None = None) -> Tensor:
    """(time,) → (n_frames, n_window), float64: half a window of ``reach`` samples of silence before and after the sound."""
    reach = n_window if reach is None else reach
    n_samples = waveform.shape[-1] - (n_window - reach)
    return F.pad(waveform.double(), (hop_length, reach - hop_length + -n_samples % hop_length)).unfold(0, n_window, hop_length)


def _joined(frames: Tensor, hop_length: int, n_samples: int) -> Tensor:
    """The sum of half overlapping frames, as `_frames` cut them, (n_frames, 2 · hop) → (time,)."""
    first, second = F.pad(frames[:, :hop_length], (0, 0, 0, 1)), F.pad(frames[:, hop_length:], (0, 0, 1, 0))
    return (first + second).flatten()[hop_length : hop_length + n_samples]
