"""Which mixture of several estimates is nearest to a sound that nobody has: by Stein's unbiased estimate of the risk."""

import torch
from torch import Tensor


def least_risk_weights(observation: Tensor, estimates: Tensor, changes: Tensor, probe: Tensor, ridge: float = 1e-3) -> Tensor:
    r"""Weights a of the mixture Σ a_k f_k(y) of least expected squared error, for an observation y with Gaussian noise.

    Stein: E⟨f_k(y), x⟩ = E[⟨f_k(y), y⟩ − tr(C J_k)], where C is the noise's covariance and J_k the derivative of f_k. With a
    probe b that is drawn as the noise is, ⟨b, f_k(y + ε b) − f_k(y)⟩ / ε has the mean of that trace. So

        (M + λ I) a = c + λ / K,  M_kl = ⟨f_k(y), f_l(y)⟩,  c_k = ⟨f_k(y), y⟩ − trace_k,

    where λ draws the weights to the plain mean of the estimates.

    Args:
        observation: y, (channel, time).
        estimates: f_k(y), (estimate, channel, time).
        changes: (f_k(y + ε b) − f_k(y)) / ε, of the same shape.
        probe: b, (channel, time).
        ridge: λ over the energy of the noise.

    Returns:
        (estimate, channel), float64.

    Reference: Stein, Annals of Statistics 9, 1981; Blu & Luisier, "The SURE-LET approach to image denoising", IEEE Trans. Image
    Processing 16, 2007; Ramani, Blu & Unser, "Monte-Carlo SURE", 2008.

    >>> noise = torch.randn(2, 1, 20000, generator=torch.Generator().manual_seed(0))
    >>> y = 3 * torch.ones(1, 20000) + noise[0]                                    # Wiener: 9 / (9 + 1) of it
    >>> weights = least_risk_weights(y, y[None], noise[1:], noise[1])
    >>> round(float(weights), 2)
    0.9
    """
    estimates, y, b = estimates.double(), observation.double(), probe.double()
    energy = b.square().sum(-1)  # (channel,)
    gram = torch.einsum("kct,lct->ckl", estimates, estimates)
    trace = torch.einsum("kct,ct->ck", changes.double(), b)
    right = torch.einsum("kct,ct->ck", estimates, y) - trace
    n_estimates = len(estimates)
    strength = (ridge * energy).clamp(min=1e-30)[:, None]
    eye = torch.eye(n_estimates, dtype=gram.dtype, device=gram.device)
    weights: Tensor = torch.linalg.solve(gram + strength[..., None] * eye, right + strength / n_estimates)
    return weights.T
