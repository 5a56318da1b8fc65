"""All the scores of an estimate at once."""

from torch import Tensor

from dap.metrics.distortion import psnr, segmental_snr, si_sdr, snr

SCORES = ("si_sdr", "psnr", "snr", "segmental_snr")


def score(estimate: Tensor, reference: Tensor, sample_rate: int) -> dict[str, float | None]:
    """Each of `SCORES`, in dB, higher is better; None where a score does not apply (silence, a clip too short).

    Args:
        estimate, reference: (channel, time).
        sample_rate: Hz.

    >>> import torch
    >>> reference = torch.ones(1, 100)
    >>> scores = score(0.9 * reference, reference, 16000)
    >>> round(scores["snr"]), scores["segmental_snr"]
    (20, None)
    """
    functions = {
        "si_sdr": lambda: si_sdr(estimate, reference),
        "psnr": lambda: psnr(estimate, reference),
        "snr": lambda: snr(estimate, reference),
        "segmental_snr": lambda: segmental_snr(estimate, reference, sample_rate),
    }
    scores: dict[str, float | None] = {}
    for name in SCORES:
        try:
            scores[name] = functions[name]()
        except ValueError:
            scores[name] = None
    return scores
