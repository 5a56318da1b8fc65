"""The array and the rate that a caller gives as a sound, and the restoration in an array of the same kind."""

import numbers
import re
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dap.audio.sound_file import MAX_RATE


def read_array(array: Any, channel_axis: int | None = None) -> Tensor:
    """The sound in an array: (channel, time), float32, contiguous, a copy without a gradient, on the array's device.

    Args:
        array: numpy array or torch tensor of floats, (time,), or of two axes, one of them the channels.
        channel_axis: which one: 0 or -2, 1 or -1; None is 0. Of (time,) it says nothing.

    Raises:
        ValueError: no array, not of floats, no sound in it, more channels than samples, or NaN or Inf.

    >>> read_array(np.ones((2, 512))).shape, read_array(np.ones((512, 2)), channel_axis=-1).shape
    (torch.Size([2, 512]), torch.Size([2, 512]))
    >>> read_array(np.ones((512, 2)))
    Traceback (most recent call last):
    ValueError: looks like (time, channel): shape (512, 2) is 512 channels of 2 samples; pass channel_axis=1
    """
    if not isinstance(array, np.ndarray | Tensor) or isinstance(array, np.ma.MaskedArray):
        raise ValueError(
            f"waveform must be a numpy array or a torch tensor, got {type(array).__name__}; numpy.asarray makes an array"
        )
    if channel_axis not in (None, 0, 1, -1, -2):
        raise ValueError(f"channel_axis must be 0 or -2, 1 or -1, or None, got {channel_axis!r}")
    axis, shape = (channel_axis or 0) % 2, tuple(array.shape)
    if len(shape) not in (1, 2):
        raise ValueError(f"waveform must be of shape (time,) or (channel, time), got {shape}")
    if 0 in shape:
        raise ValueError(f"waveform must hold at least one sample of one channel, got shape {shape}")
    if len(shape) == 2 and shape[axis] > shape[1 - axis]:
        raise ValueError(
            f"looks like {('(time, channel)', '(channel, time)')[axis]}: shape {shape} is {shape[axis]} channels of "
            f"{shape[1 - axis]} samples; pass channel_axis={1 - axis}"
        )
    _check_floats(array)
    with torch.inference_mode(False), np.errstate(over="ignore"):  # what is beyond float32 becomes Inf, which is refused
        if isinstance(array, np.ndarray):
            tensor = torch.from_numpy(np.array(array, dtype=np.float32))
        else:
            tensor = array.detach().to(torch.float32, copy=True)
    if not torch.isfinite(tensor).all():
        raise ValueError("waveform must be finite in float32, and holds NaN, Inf or a number beyond 3e38")
    return tensor[None] if len(shape) == 1 else tensor.movedim(axis, 0).contiguous()


def like_array(waveform: Tensor, array: Any, channel_axis: int | None = None) -> Any:
    """A sound, (channel, time), as the caller has them: of the array's type, dtype, device and order of axes; contiguous.

    >>> like_array(torch.zeros(2, 8), np.ones((5, 2), np.float16), channel_axis=1).shape
    (8, 2)
    """
    turned = waveform[0] if array.ndim == 1 else waveform.movedim(0, channel_axis or 0).contiguous()
    if isinstance(array, np.ndarray):
        return turned.cpu().numpy().astype(array.dtype)
    return turned.to(array)


def _check_floats(array: np.ndarray[Any, Any] | Tensor) -> None:
    """Refuse samples that are no floats; of integers it is said how they become some."""
    if array.dtype.kind == "f" if isinstance(array, np.ndarray) else array.is_floating_point():
        return
    name = array.dtype.name if isinstance(array, np.ndarray) else str(array.dtype).removeprefix("torch.")
    advice, whole = "", re.fullmatch(r"(u?)int(8|16|32)", name)
    if whole is not None:
        middle = 2 ** (int(whole[2]) - 1)
        advice = f": pass (waveform - {middle}.0) / {middle}" if whole[1] else f": pass waveform / {middle}"
    raise ValueError(f"waveform must hold floats, full scale at ±1, got {name}{advice}")


def whole_hz(sample_rate: Any) -> int:
    """A caller's sample rate, of any type of number: 16000, 16000.0, numpy's; ValueError where it is no whole number of Hz."""
    number = isinstance(sample_rate, numbers.Real) and not isinstance(sample_rate, bool)
    if not (number and 1 <= sample_rate <= MAX_RATE and float(sample_rate).is_integer()):
        raise ValueError(f"sample_rate must be a whole number of Hz, 1 to {MAX_RATE}, got {sample_rate!r}")
    return int(sample_rate)
