"""What methods have in common that learn from other sounds."""

from abc import abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot


class Learned(OneShot):
    """A method whose networks are trained (`plan`) or loaded (`load`) before it restores.

    Attributes:
        training: what is known of the training, for run.json.
    """

    threaded = True

    def __init__(self) -> None:
        super().__init__()
        self.training: Facts = {}

    @property
    @abstractmethod
    def kept(self) -> dict[str, nn.Module]:
        """The networks that restore, by name; ValueError where there are none yet."""

    def load(self, weights: Mapping[str, Mapping[str, Tensor]], facts: Facts) -> None:
        """Fill the networks, which are there."""
        for name, network in self.kept.items():
            try:
                network.load_state_dict(weights[name])
            except (KeyError, RuntimeError) as error:
                raise ValueError(f"the weights of {name} are of another network than the settings describe") from error
            network.eval()
        self.training = facts
