"""The a-priori SNR by decisions of the frames before and of those after: a recording need not be restored in real time."""

from collections.abc import Sequence

import torch
from torch import Tensor

LOWEST_SNR = 10**-2.5  # −25 dB


def two_way_prior_snr(posterior_snr: Tensor, memories: Sequence[float], lowest: float = LOWEST_SNR) -> Tensor:
    r"""The mean of the decision-directed a-priori SNR that runs forth through the frames and of the one that runs back.

        ξ_m = α · g²_{m∓1} γ_{m∓1} + (1 − α) · max(γ_m − 1, 0), at least the lowest; g = ξ / (1 + ξ)

    What dulls onsets on the way forth dulls ends on the way back, so α can be where musical noise is least.

    Args:
        posterior_snr: γ, (..., n_freq, n_frames), float.
        memories: α of each run, at least 0 and below 1.
        lowest: of ξ.

    Returns:
        (memory, ..., n_freq, n_frames).

    Raises:
        ValueError: a memory out of range.

    Reference: Ephraim & Malah, 1984, for one way, α = 0.98.

    >>> two_way_prior_snr(torch.tensor([[2.0, 4.0]]), [0.0]).tolist()            # ξ = γ − 1
    [[[1.0, 3.0]]]
    """
    if not all(0 <= memory < 1 for memory in memories):
        raise ValueError(f"memories must be at least 0 and below 1, got {list(memories)}")
    both = torch.stack([posterior_snr, posterior_snr.flip(-1)])  # (way, ..., n_freq, n_frames)
    alpha = torch.tensor(memories).to(posterior_snr).reshape(-1, *[1] * (both.ndim - 1))
    previous = both.new_ones(())
    steps = []
    for snr in both.unbind(-1):
        prior = (alpha * previous + (1 - alpha) * (snr - 1).clamp(min=0)).clamp(min=lowest)  # (memory, way, ..., n_freq)
        previous = (prior / (1 + prior)).square() * snr
        steps.append(prior)
    prior = torch.stack(steps, -1)
    return (prior[:, 0] + prior[:, 1].flip(-1)) / 2
