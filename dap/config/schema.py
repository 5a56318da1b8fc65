"""Every setting of a run and its type, for Hydra to check what is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING


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
    trust: list[str] = MISSING


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
