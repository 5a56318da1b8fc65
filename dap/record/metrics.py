"""The scores of a run: of each sound that there is, as metrics.json has them."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from dap.metrics.scores import score

Metrics = dict[str, dict[str, Any]]


def metrics_of(
    sounds: Mapping[str, Tensor], reference: Tensor | None, sample_rate: int, missing: Tensor | None = None
) -> Metrics:
    """Every score of each sound, by its name; none without a reference.

    Args:
        sounds: (channel, time), or (source, channel, time); a mixture is held against each source.
        reference, sample_rate, missing: as of `dap.metrics.scores.score`.

    >>> import torch
    >>> tone = torch.sin(torch.arange(8000) / 8)[None]
    >>> round(metrics_of({"restored": 0.9 * tone}, tone, 8000)["restored"]["snr"])
    20
    """
    if reference is None:
        return {name: {} for name in sounds}
    return {name: score(sound.expand_as(reference), reference, sample_rate, missing) for name, sound in sounds.items()}
