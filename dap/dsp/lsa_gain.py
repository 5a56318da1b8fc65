"""The gain of the log-spectral amplitude estimator."""

import torch
from torch import Tensor


def lsa_gain(prior_snr: Tensor, posterior_snr: Tensor) -> Tensor:
    r"""What to multiply a bin of a noisy STFT with, for the least expected squared error of its log magnitude.

    G = ξ / (1 + ξ) · exp(½ E₁(v)), v = γ ξ / (1 + ξ). Where v is large it is Wiener's ξ / (1 + ξ), and never less.

    Args:
        prior_snr: ξ, power of the sound over power of the noise, above 0.
        posterior_snr: γ, power of the noisy bin over power of the noise, above 0.

    Raises:
        ValueError: scipy is not installed.

    Reference: Ephraim and Malah, IEEE Trans. ASSP 33(2), 1985, Eq. 20.

    >>> lsa_gain(torch.tensor(1.0), torch.tensor(2.0)).round(decimals=4)     # ½ exp(½ E₁(1)), and E₁(1) = 0.2194
    tensor(0.5580)
    """
    try:
        from scipy.special import exp1
    except ImportError as error:
        raise ValueError("the LSA gain needs scipy: pip install 'dap[baselines]'") from error
    wiener = prior_snr / (1 + prior_snr)
    integral = torch.as_tensor(exp1((wiener * posterior_snr).double().cpu().numpy()))
    return wiener * torch.exp(integral.to(wiener) / 2)
