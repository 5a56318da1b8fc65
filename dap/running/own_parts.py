"""Objects of the caller's own in place of what a configuration would make."""

from collections.abc import Callable
import copy
from typing import Any

from torch import nn


def own_network(model: Any) -> Callable[..., nn.Module]:
    """What makes the network: a module's copy, with the weights that it has, or what the caller's own function makes.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(model, nn.Module):
        return lambda **_: copy.deepcopy(model)
    if not callable(model):
        raise ValueError(f"model must be a name, a torch.nn.Module or what makes one, got {model!r}")

    def made(**sizes: Any) -> nn.Module:
        network = model(**sizes)
        if not isinstance(network, nn.Module):
            raise ValueError(f"model must make a torch.nn.Module, got {type(network).__name__}")
        return network

    return made


def with_object(settings: Any, node: Any, made: Any) -> Any:
    """Composed settings with an object wherever a node of them stood.

    >>> with_object({"method": {"network": {"a": 1}}, "b": [{"a": 1}]}, {"a": 1}, "mine")
    {'method': {'network': 'mine'}, 'b': ['mine']}
    """
    if settings == node:
        return made
    if isinstance(settings, dict):
        return {name: with_object(value, node, made) for name, value in settings.items()}
    return [with_object(value, node, made) for value in settings] if isinstance(settings, list) else settings
