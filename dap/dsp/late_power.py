"""The power of late reverberation, from the power that was there before and the time in which the room decays."""

import torch
from torch import Tensor


def late_power(power: Tensor, decay: float, share: float, delay: int) -> Tensor:
    r"""What is left of sound at least ``delay`` frames old.

        R_m = ρ · ((1 − κ) · R_{m−1} + κ · P_{m−1}),  late_m = ρ^{delay − 1} · R_{m − delay + 1}

    Args:
        power: P, (..., n_freq, n_frames).
        decay: ρ, of the power from one frame to the next, 0 to 1.
        share: κ, of a frame's power that the room takes up, 0 to 1: 1 is Lebart's, where the sound itself is as weak as
            what the room adds to it; less, Habets'.
        delay: frames, at least 1.

    Returns:
        (..., n_freq, n_frames).

    Reference: Lebart, Boucher & Denbigh, "A new method based on spectral subtraction for speech dereverberation", 2001;
    Habets, Gannot & Cohen, "Late reverberant spectral variance estimation based on a statistical model", 2009.

    >>> late_power(torch.tensor([[1.0, 0.0, 0.0, 0.0]]), decay=0.5, share=1.0, delay=2).tolist()
    [[0.0, 0.0, 0.25, 0.0]]
    >>> late_power(torch.tensor([[1.0, 0.0, 0.0, 0.0]]), decay=0.5, share=0.5, delay=1).tolist()
    [[0.0, 0.25, 0.0625, 0.015625]]
    """
    reverberant = torch.zeros_like(power[..., 0])
    frames = []
    for before in power.unbind(-1):
        frames.append(reverberant)
        reverberant = decay * ((1 - share) * reverberant + share * before)
    late = torch.stack(frames, -1)
    for _ in range(delay - 1):
        late = decay * torch.cat([torch.zeros_like(late[..., :1]), late[..., :-1]], dim=-1)
    return late
