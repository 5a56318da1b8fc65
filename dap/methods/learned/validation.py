"""How near a restorer comes to files that it does not learn from."""

from collections.abc import Callable

from torch import Tensor

from dap.data.clip import Clip
from dap.data.stretches import Stretches
from dap.methods.observe import observe_clip
from dap.methods.training_plan import Scores
from dap.metrics.scores import score
from dap.tasks.task import Task

_SCORES = ("snr", "log_spectral_distance_1024", "si_sdr")


class Validation:
    """Means over the files, of each the first stretch: the distance, and the scores of the restored and of the damaged sounds.

    Args:
        stretches: of clean sound.
        task: damages them, in each epoch alike; recorded observations are taken as they are.
        loss: (estimate, reference) to a scalar, the distance.
        seed: of the damage.
    """

    def __init__(self, stretches: Stretches, task: Task, loss: Callable[[Tensor, Tensor], Tensor], seed: int) -> None:
        self.stretches, self.task, self.loss, self.seed = stretches, task, loss, seed

    def scores(self, restore: Callable[[Tensor], Tensor]) -> Scores:
        """``valid_distance``, ``valid_NAME`` and ``input_NAME`` of what ``restore`` makes of observations, (channel, time)."""
        found: dict[str, list[float]] = {}
        for item, (_, start, _) in enumerate(self.stretches.items):
            if start > 0:
                continue
            reference, observation = self._damaged(item)
            estimate = restore(observation)
            found.setdefault("valid_distance", []).append(float(self.loss(estimate, reference)))
            for name, sound in (("valid", estimate), ("input", observation)):
                for score_name, value in score(sound, reference, self.stretches.sample_rate, names=_SCORES).items():
                    if isinstance(value, float):
                        found.setdefault(f"{name}_{score_name}", []).append(value)
        return {name: sum(values) / len(values) for name, values in found.items()}

    def _damaged(self, item: int) -> tuple[Tensor, Tensor]:
        """Reference and observation."""
        reference, observation = self.stretches[item]
        clip = Clip("", reference, self.stretches.sample_rate, 1.0, degraded=False, source="", observation=observation)
        return reference, observe_clip(clip, self.task, self.seed)[2]
