"""What a run's folder keeps of its configuration, .hydra/, to compare a rerun with and to repeat the command from."""

from pathlib import Path
from typing import Any

from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from dap.config.build import is_trust
from dap.record.identity import differences, identifying
from dap.system.files import write_whole

_NAME = ".hydra"


def keep_configuration(cfg: DictConfig, hydra_config: Any, folder: Path) -> None:
    """Write .hydra/config.yaml, overrides.yaml and hydra.yaml, where they are not there already.

    Args:
        cfg: of the run.
        hydra_config: Hydra's own node.
        folder: of the run, held by this process.

    Raises:
        ValueError: the folder keeps the configuration of a run of other settings; the message names them.
    """
    if (folder / _NAME / "hydra.yaml").exists() and not cfg.restart:
        before = OmegaConf.load(folder / _NAME / "config.yaml")
        changes = list(differences(identifying(_plain(before)), identifying(_plain(cfg))))
        if changes:
            more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
            raise ValueError(
                f"{folder}: holds another run ({'; '.join(changes[:3])}{more}): take another folder, "
                "or restart=true begins anew here"
            )
        return
    (folder / _NAME).mkdir(parents=True, exist_ok=True)
    contents = {"config": cfg, "overrides": hydra_config.overrides.task, "hydra": OmegaConf.create({"hydra": hydra_config})}
    for name, content in contents.items():  # hydra.yaml is the last: where it is, all are
        write_whole(folder / _NAME / f"{name}.yaml", OmegaConf.to_yaml(content))


def repeat(path: Path) -> tuple[list[str], Path]:
    """The command line that made a run's folder, or a sweep's, and goes on in it; and the folder that it was given in.

    Raises:
        ValueError: there is no run or sweep at ``path``.
    """
    path = path.absolute()
    single, several = path / _NAME / "hydra.yaml", path / "multirun.yaml"
    if single.is_file():
        hydra_config = OmegaConf.load(single).hydra
        place = [f"hydra.run.dir={_quoted(path)}", f"hydra.mode={RunMode.RUN.name}"]
        chosen = list(hydra_config.overrides.task)
    elif several.is_file():
        hydra_config = OmegaConf.load(several).hydra
        place = [f"hydra.sweep.dir={_quoted(path)}", f"hydra.mode={RunMode.MULTIRUN.name}"]
        chosen = [*hydra_config.overrides.task, *hydra_config.overrides.hydra]  # what comes later wins
    else:
        raise ValueError(f"resume: {path} holds no run and no sweep of dap-run")
    folders = [source.path for source in hydra_config.runtime.config_sources if source.provider == "command-line"]
    chosen = [override for override in chosen if not is_trust(str(override))]  # it is given anew
    return [*(f"--config-dir={folder}" for folder in folders), *map(str, chosen), *place], Path(hydra_config.runtime.cwd)


def _plain(config: Any) -> dict[str, Any]:
    return OmegaConf.to_container(config, resolve=False)  # type: ignore[return-value]


def _quoted(path: Path) -> str:
    """For Hydra's grammar of overrides, in which most signs mean something."""
    escaped = str(path).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
