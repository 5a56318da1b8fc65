"""Declipping by linear prediction within the bounds, frame by frame: AR-ACS."""

from torch import Tensor

from dap.dsp.declip_autoregressive import declip_frames
from dap.methods.classical.declipper import Declipper


class ARACS(Declipper):
    """In each frame an autoregressive model and the clipped samples take turns, these beyond their level:
    `dap.dsp.declip_autoregressive`.

    The samples of each turn are the exact minimum, where the paper makes it nearly, by accelerated projections. The work grows
    with the cube of the clipped samples in a frame: well below a second a second of sound where a tenth is clipped, a minute
    where most are. Float64.

    Args:
        order: of the models, p.
        n_window: length of the frames (Hann, half overlapping), even, samples; longer than the order.
        turns: of model and samples.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not clipping.

    Reference: Mokrý and Rajmic, "Regularized autoregressive modeling and its application to audio signal reconstruction",
    IEEE/ACM Trans. Audio, Speech and Language Processing, 2024.
    """

    def __init__(self, order: int = 256, n_window: int = 2048, turns: int = 5) -> None:
        super().__init__()
        if order < 1:
            raise ValueError(f"order must be at least 1, got {order}")
        if n_window % 2 or n_window <= order:
            raise ValueError(f"n_window must be even and above the order of {order}, got {n_window}")
        if turns < 1:
            raise ValueError(f"turns must be at least 1, got {turns}")
        self.order, self.n_window, self.turns = order, n_window, turns

    def channel(self, lower: Tensor, upper: Tensor, sample_rate: int) -> Tensor:
        """The frames, added up."""
        del sample_rate
        return declip_frames(lower[0], upper[0], self.order, self.n_window, self.turns)[None]
