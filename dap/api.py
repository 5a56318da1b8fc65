"""What `dap.restore` does: a sound that is already in memory, restored without a configuration, a folder or a command."""

from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
import numpy as np
from omegaconf import OmegaConf
import torch
from torch import Tensor

from dap.cli import CONFIGS
from dap.methods.restore import Restore
from dap.multirun import prefer_configs
from dap.schema import Config, build
from dap.tasks.task import Task


def restore(waveform: Any, sample_rate: int, task: str, quality: str, settings: dict[str, Any]) -> Any:
    """See `dap.restore`."""
    if not isinstance(sample_rate, int) or isinstance(sample_rate, bool) or sample_rate < 1:
        raise ValueError(f"sample_rate must be a whole number of Hz above 0, got {sample_rate!r}")
    damaged = torch.as_tensor(waveform)
    if damaged.ndim not in (1, 2) or damaged.numel() == 0 or not damaged.is_floating_point():
        raise ValueError(
            f"waveform must be floats of shape (time,) or (channel, time), got {damaged.dtype} of {tuple(damaged.shape)}"
        )
    if not torch.isfinite(damaged).all():
        raise ValueError("waveform must be finite, and holds NaN or Inf")
    method, configured = blind_method(quality, task, settings)
    channels = damaged if damaged.ndim == 2 else damaged[None]
    observation, rate = configured.receive(channels.float(), sample_rate)
    here = configured.at(rate, observation.shape[-1], None)
    *_, last = method.restore(observation, here, rate)
    restored = here.finish(last.estimate, observation).to(damaged)
    restored = restored if damaged.ndim == 2 else restored[0]
    return restored.numpy() if isinstance(waveform, np.ndarray) else restored


def blind_method(
    quality: str = "default", task: str = "denoise", settings: dict[str, Any] | None = None
) -> tuple[Restore, Task]:
    """method=restore at this quality, and the task, as `dap-run` would make them.

    Args:
        quality: "fast", "default" or "best".
        task: an option of configs/task.
        settings: of the task, in place of those in its file.

    Raises:
        ValueError: no such task, a setting that it does not have, or a value that is of no use.
    """
    tasks = sorted(path.stem for path in (CONFIGS / "task").glob("*.yaml"))
    if task not in tasks:
        raise ValueError(f"task must be one of {', '.join(tasks)}, got {task!r}")
    ConfigStore.instance().store(name="schema", node=Config)
    prefer_configs(CONFIGS)
    before = GlobalHydra.instance().hydra  # of an application that calls this one
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONFIGS), version_base="1.3"):
            cfg = compose("config", overrides=["method=restore", f"task={task}"])
    finally:
        GlobalHydra.instance().hydra = before
    cfg.device = "cpu"
    parts: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    known = set(parts["task"]) - {"_target_"}
    for name in settings or {}:
        if name not in known:
            raise ValueError(f"{name}: task {task!r} has no such setting; it has {', '.join(sorted(known))}")
    method: Restore = build({**parts["method"], "quality": quality}, "method")
    made: Task = build({**parts["task"], **_plain(settings or {})}, "task")
    return method, made


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Tuples and tensors as the lists that a file would hold."""
    return {name: value.tolist() if isinstance(value, Tensor | np.ndarray) else value for name, value in settings.items()}
