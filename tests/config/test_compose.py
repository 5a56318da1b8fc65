"""What dap.restore composes by itself is what Hydra composes for the command."""

from omegaconf import OmegaConf
import pytest

from dap.config import compose
from tests.options import composed, options


@pytest.mark.parametrize("task", options("task"))
def test_it_is_what_hydra_composes(task):
    by_hydra = OmegaConf.to_container(composed("method=restore", f"task={task}"), resolve=True)
    assert compose.compose({"method": "restore", "task": task}, device="cpu") == by_hydra


def test_what_only_hydra_understands_is_refused():
    with pytest.raises(ValueError, match=r"dcgan\.yaml: only Hydra can compose {'override /upsampler'"):
        compose.compose({"model": "dcgan"})
