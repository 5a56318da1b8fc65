"""From what `dap.fit` is given to a restoration that can begin."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from dap.config.compose import compose
from dap.data.clip import Clip, make_clip
from dap.methods.stopping import Fixed, StoppingRule
from dap.running.caller_array import like_array, read_array, whole_hz
from dap.running.live_fit import LiveFit
from dap.running.own_parts import own_network, with_object
from dap.running.parts import find_device, make_part
from dap.tasks.task import Task


def begin_fit(
    array: Any,
    sample_rate: Any,
    parts: Mapping[str, Any],
    *,
    like: str,
    reference: Any,
    channel_axis: int | None,
    peak: float | None,
    progress: bool | None,
    settings: Mapping[str, Any],
) -> LiveFit:
    """A fit that has not made a step; see `dap.fit`.

    Args:
        parts: of config groups, by their names: the name of an option, an object, or None for the configuration's own.
        settings: by their names on the command line.

    Raises:
        ValueError: anything that is wrong with the sound, a name, a value or an object, in one line.
    """
    damaged = read_array(array, channel_axis).cpu()
    clean = None if reference is None else read_array(reference, channel_axis).cpu()
    clip = _clip(damaged, clean, whole_hz(sample_rate), peak)
    own = {name: part for name, part in parts.items() if part is not None and not isinstance(part, str)}
    chosen = {name: part for name, part in parts.items() if isinstance(part, str)} | ({"model": like} if "model" in own else {})
    composed = compose(chosen, **settings)
    if composed["precision"] == "tf32":
        raise ValueError("precision: dap.fit leaves torch.backends as it is: allow tf32 there, and take float32 here")
    device = find_device(composed["device"], composed["precision"])
    composed = compose(chosen, **{**settings, "device": device})  # again: what refers to the device follows
    if "model" in own:
        composed = with_object(composed, composed["model"], own_network(own["model"]))
    if "loss" in own:
        composed = with_object(composed, composed["loss"], own["loss"])
    task = _part(own.get("task"), "task", composed["task"], Task)
    method = make_part("method", composed["method"], ())
    rule = _part(own.get("stopping"), "stopping", composed["stopping"], StoppingRule) if method.iterative else Fixed()

    def as_callers(waveform: Tensor) -> Any:
        return like_array(waveform, array, channel_axis)

    return LiveFit(clip, task, method, rule, composed["seed"], composed["stop_early"], as_callers, progress)


def _clip(damaged: Tensor, clean: Tensor | None, sample_rate: int, peak: float | None) -> Clip:
    """At the level that is worked at, which is the damaged sound's, as of `data=pairs`."""
    clip = make_clip("waveform", damaged, sample_rate, peak=peak, degraded=True)
    if clean is None:
        return clip
    if clean.shape != damaged.shape:
        raise ValueError(f"reference must be of the waveform's shape {tuple(damaged.shape)}, got {tuple(clean.shape)}")
    return replace(clip, waveform=clip.gain * clean, observation=clip.waveform, degraded=False)


def _part(own: Any, name: str, node: Any, kind: type) -> Any:
    if own is None:
        return make_part(name, node, ())
    if not isinstance(own, kind):
        raise ValueError(f"{name} must be a name or a {kind.__module__}.{kind.__name__}, got {own!r}")
    return own
