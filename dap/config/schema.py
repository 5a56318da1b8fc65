"""What a configuration must look like, checked before any work; and the making of objects from it.

The names that a user can misspell are all caught here: keys by the dataclass and by the signatures of the classes that
the groups name, types by their annotations, values by those classes themselves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import importlib
import inspect
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

from omegaconf import MISSING

ALLOWED_TARGETS = ("dap.", "torch.optim.")
# In dap itself: what restores, not what writes, fetches or runs, which a file from elsewhere may not set to work.
_ROOMS = "commands.run config.multirun data dsp layers losses methods models record.trackers tasks"
_PARTS = tuple(f"dap.{room}." for room in _ROOMS.split())
# Where the parts of a run come from, which nothing else can stand for.
_PART_ROOMS = {
    "task": "dap.tasks.",
    "method": "dap.methods.",
    "stopping": "dap.methods.stopping.",
    "data": "dap.data.",
    "tracker": "dap.record.trackers.",
}


@dataclass
class Config:
    """Top level of the configuration: configs/config.yaml says what each entry is."""

    task: Any = MISSING
    size: Any = MISSING
    upsampler: Any = MISSING
    model: Any = MISSING
    representation: Any = MISSING
    latent: Any = MISSING
    optimizer: Any = MISSING
    loss: Any = MISSING
    method: Any = MISSING
    stopping: Any = MISSING
    gan: Any = MISSING
    feature_loss: Any = MISSING
    collaborative: Any = MISSING
    data: Any = MISSING
    tracker: Any = MISSING
    steps: int = MISSING
    epochs: int = MISSING
    lr: float = MISSING
    lr_decay: Any = MISSING
    input_noise_std: float = MISSING
    unobserved_weight: float = MISSING
    stft_loss_weight: float = MISSING
    seed: int = MISSING
    device: str = MISSING
    threads: int | None = MISSING
    precision: str = MISSING
    snapshot_every: int = MISSING
    stop_early: bool = MISSING
    checkpoint_seconds: float | None = MISSING
    restart: bool = MISSING
    objective: str | None = MISSING


def system_name(method: Mapping[Any, Any], choices: Mapping[Any, Any]) -> str:
    """What restored, for folders and tables: the model, the method where there is no model in it, or both.

    A method has a model if it has a network (or networks), or if the method that it calls ``fit`` has.

    >>> system_name({"network": {}}, {"method": "deep_prior", "model": "harmonic"})
    'harmonic'
    >>> system_name({"fit": {"network": {}}}, {"method": "dnp", "model": "harmonic"})
    'dnp_harmonic'
    >>> system_name({}, {"method": "wiener", "model": "harmonic"})
    'wiener'
    """
    name, model = str(choices.get("method")), str(choices.get("model"))
    if not {"network", "networks"} & {*method, *method.get("fit", {})}:
        return name
    return model if name == "deep_prior" else f"{name}_{model}"


def build(node: Any, key: str) -> Any:
    """Make the object that a node of the configuration describes: ``_target_`` is called with the other entries.

    Args:
        node: plain containers and values, interpolations resolved. ``_partial_: true`` leaves the call for later.
        key: where the node stands, for messages.

    Raises:
        ValueError: a target outside dap and torch.optim, an argument that it does not have or that is of another type,
            or whatever the target itself finds wrong; the message begins with the key.

    >>> build({"_target_": "dap.tasks.denoise.Denoise", "noise_std": 0.1}, "task").noise_std
    0.1
    """
    if key in _PART_ROOMS:
        _check_part(node, key)
    if isinstance(node, list):
        return [build(item, f"{key}[{index}]") for index, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    if "_target_" not in node:
        return {name: build(value, f"{key}.{name}") for name, value in node.items()}
    target = find_target(node["_target_"], key)
    settings = {name: value for name, value in node.items() if name not in ("_target_", "_partial_")}
    _check_names(target, settings, key)
    hints = get_type_hints(target.__init__ if inspect.isclass(target) else target)
    arguments = {}
    for name, value in settings.items():
        arguments[name] = build(value, f"{key}.{name}")
        if name in hints and not _fits(arguments[name], hints[name]):
            raise ValueError(f"{key}.{name}: expected {_describe(hints[name])}, got {value!r}")

    def make(*late: Any, **named: Any) -> Any:
        try:
            return target(*late, **{**arguments, **named})
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{key}: {error}") from error
        except RuntimeError as error:  # torch's word for a wrong value; of too little memory others tell
            if type(error).__name__ == "OutOfMemoryError":
                raise
            raise ValueError(f"{key}: {error}") from error

    return make if node.get("_partial_", False) else make()


def find_target(path: Any, key: str) -> Callable[..., Any]:
    """The class (or loss function) that ``path`` names, where it is one of dap's parts or of torch.optim's own.

    Raises:
        ValueError: there is none, or it is from elsewhere, or none that a configuration may make.

    >>> find_target("dap.losses.elementwise.l1", "loss").__name__
    'l1'
    """
    if not isinstance(path, str) or not path.startswith(ALLOWED_TARGETS):
        raise ValueError(f"{key}._target_: expected a class or function inside {' or '.join(ALLOWED_TARGETS)}, got {path!r}")
    module_name, _, name = path.rpartition(".")
    if not f"{module_name}.".startswith((*_PARTS, "torch.optim.")):
        raise ValueError(f"{key}._target_: {path!r} is no part that a configuration can make")
    try:
        target = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{key}._target_: there is no {path!r}") from error
    if not callable(target) or not f"{target.__module__}.".startswith(ALLOWED_TARGETS):  # e.g. a module's own imports
        raise ValueError(f"{key}._target_: {path!r} is not a class or function of dap or torch.optim")
    if not inspect.isclass(target) and target.__module__ != "dap.losses.elementwise":
        raise ValueError(f"{key}._target_: {path!r} is no part that a configuration can make")
    return target  # type: ignore[no-any-return]


def _check_part(node: Any, key: str) -> None:
    """Refuse a part of a run that is a plain value, is made later, or is another kind of thing."""
    if not isinstance(node, dict) or "_target_" not in node or node.get("_partial_", False) is not False:
        raise ValueError(f"{key}: expected settings with a _target_, and no _partial_, got {node!r}")
    target = node["_target_"]
    find_target(target, key)
    if not target.startswith(_PART_ROOMS[key]):
        raise ValueError(f"{key}._target_: expected a class inside {_PART_ROOMS[key]}, got {target!r}")


def _check_names(target: Callable[..., Any], settings: dict[str, Any], key: str) -> None:
    names = [name for name in inspect.signature(target).parameters if not name.startswith("_")]
    for name in settings:
        if name not in names:
            raise ValueError(f"{key}.{name}: no such setting; {target.__name__} has {', '.join(names)}")


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the annotated type; of what was made of a node, only that it is no plain value."""
    if get_origin(hint) in (Union, types.UnionType):
        return any(_fits(value, option) for option in get_args(hint))
    if get_origin(hint) in (list, tuple):
        items = get_args(hint)
        if not isinstance(value, list | tuple):
            return False
        if get_origin(hint) is tuple and Ellipsis not in items:
            return len(value) == len(items) and all(map(_fits, value, items))
        return all(_fits(item, items[0]) for item in value)
    if hint in (int, float):  # a whole number will do for a float, and no bool for either
        return isinstance(value, int if hint is int else (int, float)) and not isinstance(value, bool)
    if hint in (str, bool, types.NoneType):
        return isinstance(value, hint)
    return not (_is_part(hint) and (value is None or isinstance(value, bool | int | float | str | list | dict)))


def _is_part(hint: Any) -> bool:
    """Whether a node with a _target_ is wanted: an object of dap's or torch's, or what is called later."""
    return get_origin(hint) is Callable or str(getattr(hint, "__module__", "")).startswith(("dap.", "torch."))


def _describe(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text", types.NoneType: "null"}
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(_describe(option) for option in get_args(hint))
    if get_origin(hint) is tuple and Ellipsis not in get_args(hint):
        return "[" + ", ".join(_describe(item) for item in get_args(hint)) + "]"
    if get_origin(hint) in (list, tuple):
        return f"a list of {_describe(get_args(hint)[0])}"
    if _is_part(hint):
        return "settings with a _target_"
    return names.get(hint, getattr(hint, "__name__", str(hint)))
