"""Every option composes and builds, and nothing in the code is out of reach of the configuration."""

from importlib.util import find_spec
import re

from omegaconf import OmegaConf
import pytest

from dap.config.build import build
from dap.config.compose import CONFIGS
from tests.conftest import REPOSITORY
from tests.options import composed, options, settings

GROUPS = ["task", "size", "model", "upsampler", "loss", "method", "stopping", "gan", "feature_loss", "collaborative", "data"]
PARTS = [
    "task",
    "model",
    "latent",
    "representation",
    "optimizer",
    "loss",
    "method",
    "stopping",
    "gan",
    "feature_loss",
    "collaborative",
]
OPTIONS = [(group, option) for group in GROUPS for option in options(group)]


def wants_a_path(override: str) -> bool:
    """Whether the data is a user's to name or to fetch; the tests of its reader build it."""
    cfg = composed(override)
    return cfg.data.get("origin") is not None or any(key.startswith("data.") for key in OmegaConf.missing_keys(cfg))


@pytest.mark.parametrize(("group", "option"), OPTIONS, ids=["=".join(pair) for pair in OPTIONS])
def test_every_option_builds(group, option):
    made = settings(f"{group}={option}")
    for part in PARTS:
        build(made[part], part)
    if not wants_a_path(f"{group}={option}"):
        build(made["data"], "data")


@pytest.mark.parametrize("option", options("tracker"))
def test_every_tracker_builds(option):
    made = settings(f"tracker={option}")["tracker"]
    if option != "none" and find_spec(option) is None:
        with pytest.raises(ValueError, match=rf"tracker: needs {option}: pip install 'dap\[{option}\]'"):
            build(made, "tracker")
    else:
        build(made, "tracker")


@pytest.mark.parametrize("experiment", options("experiment"))
def test_every_experiment_builds(experiment):
    made = settings(f"experiment={experiment}")
    for part in PARTS:
        build(made[part], part)
    if not wants_a_path(f"experiment={experiment}"):
        build(made["data"], "data")


FAMILIES = ["models", "models/latents", "models/discriminators", "tasks", "data", "layers/upsample", "record/trackers"]
FAMILIES += ["methods", "methods/classical", "methods/prior", "methods/learned"]


@pytest.mark.parametrize("folder", FAMILIES)
def test_every_class_is_an_option_of_a_group(folder):
    text = "".join(path.read_text() for path in CONFIGS.rglob("*.yaml"))
    # what the others have in common
    contracts = {
        "task",
        "iterate",
        "method",
        "problem",
        "fit",
        "train",
        "one_shot",
        "first_step",
        "spectral_filter",
        "declipper",
        "clip",
        "draw",
        "place",
        "stretches",
        "split",
        "upsampler",
        "guarded",
        "update",
        "regression",
        "restorer",
        "window_batches",
        "mixture_batches",
        "mask_update",
        "training_plan",
        "learned",
        "schooling",
        "validation",
    }
    for path in (REPOSITORY / "dap" / folder).glob("*.py"):
        has_class = re.search(r"^class ", path.read_text(), re.MULTILINE)
        if has_class and path.stem not in contracts:
            assert f"_target_: dap.{folder.replace('/', '.')}.{path.stem}." in text, f"{path.name} is the target of no yaml"


def test_every_setting_is_explained():
    """In each file every value that is not wiring has its comment."""
    for path in CONFIGS.rglob("*.yaml"):
        for line in path.read_text().split("\nhydra:")[0].splitlines():
            key, _, value = line.strip().partition(":")
            plain = (
                value.strip() and not value.strip().startswith(("${", "dap.", "torch.")) and not key.startswith(("_", "-", "#"))
            )
            if plain and "override" not in line and path.parent.name != "experiment":
                assert "#" in line, f"{path.relative_to(CONFIGS)}: {line.strip()} has no comment"


def test_a_model_can_choose_its_loss_and_the_command_line_another():
    assert composed("model=wave_decoder").method.loss._target_ == "dap.losses.elementwise.l2_norm"
    for overrides in (["model=wave_decoder", "loss=l1"], ["loss=l1", "model=wave_decoder"]):
        assert composed(*overrides).method.loss._target_ == "dap.losses.elementwise.l1"


@pytest.mark.slow
def test_a_model_can_be_given_on_top_of_an_experiment():
    for experiment in options("experiment"):
        cfg = composed(f"experiment={experiment}", "model=dilated_unet", "steps=7")
        assert (cfg.model.operator.dilation, cfg.method.get("steps", cfg.steps)) == ([3, 3], 7)


@pytest.mark.parametrize(
    ("method", "place"), [("guided", "method.guide"), ("blended", "method.fill"), ("blended", "method.fit.guide")]
)
def test_a_method_within_a_method_can_be_another(method, place):
    cfg = composed("task=inpainting", f"method={method}", f"method@{place}=linear")
    assert OmegaConf.select(cfg, place)._target_.endswith("Interpolation")
