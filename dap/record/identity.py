"""What makes a run the run it is: two runs of one identity have the same result."""

from collections.abc import Iterator, Mapping
import hashlib
import json
from typing import Any

from torch import Tensor

from dap.record.neutral import is_neutral


def identifying(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that change a result; not the data, since what was read from it is compared itself.

    >>> identifying({"seed": 0, "device": "cpu", "method": {"lr": 0.1, "device": "cpu"}})
    {'seed': 0, 'method': {'lr': 0.1}}
    """
    return {
        name: identifying(value) if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if name != "data" and not is_neutral(name)
    }


def identity(settings: Mapping[str, Any], observation: Tensor, reference: Tensor | None) -> str:
    """64 hexadecimal digits of the identifying settings and of the sounds, (channel, time).

    >>> import torch
    >>> one, other = torch.zeros(1, 8), torch.ones(1, 8)
    >>> identity({"seed": 0}, one, None) == identity({"seed": 0}, one, None) != identity({"seed": 0}, other, None)
    True
    """
    digest = hashlib.sha256(json.dumps(identifying(settings), sort_keys=True, default=str).encode())
    for sound in (observation, reference):
        if sound is not None:
            digest.update(repr(tuple(sound.shape)).encode() + sound.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """In words, setting by setting.

    >>> list(differences({"seed": 0, "model": {"width": 8}}, {"seed": 1, "model": {"width": 8}}))
    ['seed was 0, is 1']
    """
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, f"{prefix}{name}.")
        elif old != new:
            yield f"{prefix}{name} was {old}, is {new}"
