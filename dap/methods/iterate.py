"""One look at a restoration under way."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Iterate:
    """What a method's ``restore`` yields; a classical method yields one.

    Args:
        step: updates done so far.
        loss: value of the data term, or None where the method has none.
        estimate: the restored waveform as it stands, (channel, time).
    """

    step: int
    loss: float | None
    estimate: Tensor
