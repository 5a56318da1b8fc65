"""What dap.restore composes by itself is what Hydra composes for the command."""

from omegaconf import OmegaConf
import pytest

from dap.config import compose
from dap.config.compose import CONFIGS
from tests.options import composed, options

CHOICES = [("task", task, "restore") for task in options("task")]
CHOICES += [(group, option, None) for group in ("model", "size", "stopping", "upsampler", "loss") for option in options(group)]
CHOICES += [("method", option, None) for option in options("method")]


@pytest.mark.parametrize(("group", "option", "method"), CHOICES)
def test_it_is_what_hydra_composes(group, option, method):
    chosen = {group: option} | ({"method": method} if method else {})
    by_hydra = OmegaConf.to_container(composed(*(f"{name}={value}" for name, value in chosen.items())), resolve=True)
    assert compose.compose(chosen, device="cpu") == by_hydra


def test_what_the_caller_chooses_no_option_overrides():
    assert compose.compose({"model": "demucs", "loss": "l2"})["loss"]["_target_"].endswith("l2")
    assert compose.compose({"model": "demucs"})["loss"]["_target_"].endswith("l1")


@pytest.mark.parametrize(
    ("choices", "values", "message"),
    [
        ({"model": "harmonica"}, {}, "model must be one of dcgan, demucs, .*, got 'harmonica'"),
        ({"modle": "harmonic"}, {}, "modle: no such group"),
        ({}, {"stesp": 3}, "stesp: no such setting, did you mean steps?"),
        ({}, {"task.noise_sd": 3}, "task.noise_sd: no such setting, did you mean noise_std?"),
        ({}, {"seed.of.weights": 3}, "seed.of.weights: no such setting; see"),
        ({}, {"steps": "many"}, "steps"),
    ],
)
def test_what_there_is_not_is_refused(choices, values, message):
    with pytest.raises(ValueError, match=message):
        compose.compose(choices, **values)


def test_what_only_hydra_understands_is_refused(tmp_path, monkeypatch):
    for group in CONFIGS.iterdir():
        (tmp_path / group.name).symlink_to(group)
    (tmp_path / "task").unlink()
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "denoise.yaml").write_text("defaults: [{optional noise: white}]")
    monkeypatch.setattr(compose, "CONFIGS", tmp_path)
    with pytest.raises(ValueError, match=r"denoise\.yaml: only Hydra can compose {'optional noise'"):
        compose.compose({})
