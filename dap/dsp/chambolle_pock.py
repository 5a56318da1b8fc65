"""Dequantization by convex optimization: the sound whose spectrum has the least sum of magnitudes, near the observed cells."""

import torch
from torch import Tensor

from dap.dsp.tight_frame import TightFrame


def chambolle_pock(
    observation: Tensor, lower: Tensor, upper: Tensor, frame: TightFrame, threshold: float, iterations: int, step: float = 10.0
) -> Tensor:
    r"""An iterate on the way to the least of λ ‖A x‖₁ + ½ d²(x), d the distance to the cells, by Chambolle and Pock's steps.

    With A the frame's analysis, Π the projection into the cells, c = 0 and x = p = the observation at first, each turn is

        c ← c + A x / ζ, its magnitudes at most λ;   u ← p − ζ A* c;   p⁺ ← (ζ Π u + u) / (ζ + 1);   x ← 2 p⁺ − p;   p ← p⁺.

    Args:
        observation: (channel, time).
        lower, upper: its cells.
        frame: A.
        threshold: λ, for full scale 1.
        iterations: number of turns.
        step: ζ.

    Returns:
        (channel, time), near the cells.

    Reference: Záviška, Rajmic and Mokrý, "Audio dequantization using (co)sparse (non)convex methods", ICASSP 2021 (the analysis
    model, inconsistent); Chambolle and Pock, J. Math. Imaging and Vision 40, 2011.
    """
    primal = relaxed = observation
    dual = torch.zeros_like(frame.analysis(observation))
    for _ in range(iterations):
        dual = dual + frame.analysis(relaxed) / step
        dual = dual * (threshold / dual.abs().clamp(min=threshold))
        nearer = primal - step * frame.synthesis(dual, observation.shape[-1])
        following = (step * nearer.clamp(lower, upper) + nearer) / (step + 1)
        primal, relaxed = following, 2 * following - primal
    return primal
