"""One look at a restoration under way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

Facts = dict[str, Any]  # what run.json is to say, plain values by name
State = dict[str, Any]  # of plain values and tensors, so that torch.load(weights_only=True) reads it


@dataclass(frozen=True)
class Iterate:
    """What a method's ``restore`` yields; a classical method yields one.

    Args:
        step: updates done so far.
        loss: value of the data term, or None where the method has none.
        estimate: the restored waveform as it stands, (channel, time).
        state: makes what the method's ``resume`` needs to go on after this iterate; to be called before the next one is asked
            for. None for a method that has nothing to go on with.
        facts: what is known by now of how this sound was restored.
    """

    step: int
    loss: float | None
    estimate: Tensor
    state: Callable[[], State] | None = None
    facts: Facts = field(default_factory=dict)
