"""What a node of a configuration describes, made: the one place that calls what a ``_target_`` names."""

from collections.abc import Callable, Sequence
import importlib
import inspect
import re
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

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


def build(node: Any, key: str, trust: Sequence[str] = ()) -> Any:
    """Make the object that a node of the configuration describes: ``_target_`` is called with the other entries.

    Args:
        node: plain containers and values, interpolations resolved. ``_partial_: true`` leaves the call for later.
        key: where the node stands, for messages.
        trust: packages, beside dap's parts and torch.optim, whose classes and functions may be called.

    Raises:
        ValueError: a target of none of these, an argument that it does not have or that is of another type,
            or whatever the target itself finds wrong; the message begins with the key.

    >>> build({"_target_": "dap.tasks.denoise.Denoise", "noise_std": 0.1}, "task").noise_std
    0.1
    """
    if key in _PART_ROOMS:
        _check_part(node, key, trust)
    if isinstance(node, list):
        return [build(item, f"{key}[{index}]", trust) for index, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    if "_target_" not in node:
        return {name: build(value, f"{key}.{name}", trust) for name, value in node.items()}
    target = find_target(node["_target_"], key, trust)
    settings = {name: value for name, value in node.items() if name not in ("_target_", "_partial_")}
    _check_names(target, settings, key)
    hints = get_type_hints(target.__init__ if inspect.isclass(target) else target)
    arguments = {}
    for name, value in settings.items():
        arguments[name] = build(value, f"{key}.{name}", trust)
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


def find_target(path: Any, key: str, trust: Sequence[str] = ()) -> Callable[..., Any]:
    """The class (or loss function) that ``path`` names: of dap's parts, of torch.optim or of a trusted package.

    Raises:
        ValueError: there is none, or it is from elsewhere, or none that a configuration may make.

    >>> find_target("dap.losses.elementwise.l1", "loss").__name__
    'l1'
    """
    trusted = tuple(f"{package}." for package in trust)
    if not isinstance(path, str) or not path.startswith((*ALLOWED_TARGETS, *trusted)):
        places = " or ".join((*ALLOWED_TARGETS, *trusted))
        raise ValueError(
            f"{key}._target_: expected a class or function inside {places}, got {path!r}; trust permits a package of yours"
        )
    module_name, _, name = path.rpartition(".")
    ours = path.startswith("dap.")
    if ours and not f"{module_name}.".startswith(_PARTS):
        raise ValueError(f"{key}._target_: {path!r} is no part that a configuration can make")
    try:
        target = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{key}._target_: there is no {path!r}: {error}") from error
    home = f"{getattr(target, '__module__', '')}."
    if not callable(target) or not home.startswith((*ALLOWED_TARGETS, *trusted)):  # e.g. a module's own imports
        raise ValueError(f"{key}._target_: {path!r} is not a class or function of its package")
    if not inspect.isclass(target) and not home.startswith(("dap.losses.elementwise.", *trusted)):
        raise ValueError(f"{key}._target_: {path!r} is no part that a configuration can make")
    return target  # type: ignore[no-any-return]


def check_trust(trust: Sequence[str], overrides: Sequence[str]) -> None:
    """Find out whether packages are trusted by whoever gave the command: a file may not say that it can be.

    Raises:
        ValueError: no names of packages, or such as the command line does not say.
    """
    for package in trust:
        if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", package) is None:
            raise ValueError(f"trust: expected names of packages, got {package!r}")
    if trust and not any(map(is_trust, overrides)):
        raise ValueError(f"trust: {', '.join(trust)} can be trusted on the command line alone: trust=[{','.join(trust)}]")


def is_trust(override: str) -> bool:
    """Whether it is the override of a command line that trusts packages."""
    return override.lstrip("+").startswith("trust=")


def _check_part(node: Any, key: str, trust: Sequence[str]) -> None:
    """Refuse a part of a run that is a plain value, is made later, or is another kind of thing."""
    if not isinstance(node, dict) or "_target_" not in node or node.get("_partial_", False) is not False:
        raise ValueError(f"{key}: expected settings with a _target_, and no _partial_, got {node!r}")
    target = node["_target_"]
    find_target(target, key, trust)
    if (target.startswith("dap.") and not target.startswith(_PART_ROOMS[key])) or target.startswith("torch."):
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
