"""Settings of all kinds, sensible and not: everything is made, or one line says why not; never a traceback."""

from functools import cache
import os

from hydra.errors import HydraException
from hypothesis import HealthCheck, given, settings, strategies
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
import pytest
import yaml

from dap.commands.run import _in_one_line, _keys
from dap.config import command_line
from dap.config.hydra_internals import install
from dap.methods.observe import observe_clip
from dap.running.parts import build_parts, choose_device
from tests.commands.test_run import SMALL
from tests.processes import dap_run

N_SETTINGS = int(os.environ.get("DAP_FUZZ_SETTINGS", 150))
N_OVERRIDES = int(os.environ.get("DAP_FUZZ_OVERRIDES", 40))
N_COMMANDS = int(os.environ.get("DAP_FUZZ_COMMANDS", 10))

CHOICES = [
    [],
    ["task=inpainting", "model=wave_unet", "stopping=emv", "data=tones"],
    ["task=quantization", "method=wavelet", "stopping=oracle"],
    ["task=clipping", "method=declip"],
    ["task=super_resolution", "method=dnp", "model=demucs"],
    ["task=chain", "method=blended", "model=skip_unet", "upsampler=sinc"],
    ["method=dfl", "data=folder", "data.path=."],
    ["method=autoregressive", "task=inpainting", "model=dcgan"],
]
NUMBERS = ["0", "-1", "1", "2", "3", "4", "0.1", "0.5", "1e-300", "1e300", "inf", "-inf", "nan", "1e9"]
NUMBERS += ["9223372036854775808", "1" + "0" * 400]
TEXTS = ["''", "x", "'a b'", "é", "'\U0001f600'", '"\\""', "'${'", "3:30", "0x10", "'\x1b[31m'", "a=b", "../..", "~", "%s"]
LISTS = ["[]", "{}", "[0]", "[1,2]", "[null]", "[[0,1]]", "[a,b]", "{a:1}", "[nan]", "[-1,0.5]", "[[]]"]
LISTS += ["{_target_:dap.losses.elementwise.l1}"]
OTHERS = ["null", "true", "false", "???", "${steps}", "${nope}", "${oc.env:NOPE}", "${task}", "${.}", "${oc.decode:'['}", ""]
VALUES = strategies.one_of(
    strategies.sampled_from(NUMBERS),
    strategies.sampled_from([*TEXTS, *LISTS, *OTHERS]),
    strategies.integers().map(str),
    strategies.floats().map(repr),
    strategies.text(max_size=8),
)
EXPECTED = (ValueError, HydraException, OmegaConfBaseException, OSError)  # what the command makes a line of


@cache
def composed(index: int) -> tuple[DictConfig, dict[str, str], list[str]]:
    """One of the CHOICES, with what Hydra chose, and its keys."""
    cfg, chosen = command_line.composed(["device=cpu", *CHOICES[index]])
    return cfg, chosen, sorted(_keys(cfg))


def prepare(cfg: DictConfig, chosen: dict[str, str], overrides: list[str]) -> None:
    """All that a run does before its first step."""
    cfg = cfg.copy()
    cfg.device = choose_device(cfg.device, cfg.precision)
    parts = build_parts(cfg, chosen, overrides)
    clip, task, observation = observe_clip(parts.data[0], parts.task, parts.settings["seed"])
    parts.stopping().start(task, observation, None if clip.degraded else clip.waveform)


def one_line(error: BaseException) -> None:
    said = " ".join(_in_one_line(error).split())
    assert 0 < len(said) < 2000
    assert "Traceback" not in said


@pytest.mark.slow
def test_any_value_of_any_setting():
    """Two settings of a composed configuration, put to anything."""
    counts = {"made": 0, "refused": 0}

    @settings(max_examples=N_SETTINGS, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategies.data())
    def put(data):
        cfg, chosen, keys = composed(data.draw(strategies.integers(0, len(CHOICES) - 1)))
        cfg = cfg.copy()
        try:
            for _ in range(data.draw(strategies.integers(1, 2))):
                key, value = data.draw(strategies.sampled_from(keys)), data.draw(VALUES)
                OmegaConf.update(cfg, key, OmegaConf.create(f"[{value}]")[0] if value else None, force_add=True)
        except (yaml.YAMLError, OmegaConfBaseException, ArithmeticError, ValueError):
            return  # no value: of a run, dap.config.guard says so
        try:
            prepare(cfg, chosen, [])
            counts["made"] += 1
        except EXPECTED as error:
            if not isinstance(error.__cause__ or error, OmegaConfBaseException):
                one_line(error)
            counts["refused"] += 1

    put()
    print(counts)
    assert counts["made"] > 0.05 * N_SETTINGS
    assert counts["refused"] > 0.3 * N_SETTINGS


def overrides():
    """One to three overrides: of known keys, of near misses, with every prefix, and what is none at all."""
    key = strategies.sampled_from(
        [*composed(0)[2], "hydra.run.dir", "hydra.sweep.dir", "hydra.mode", "hydra.job.name", "hydra.verbose"]
    )
    near = strategies.tuples(key, strategies.integers(0, 30)).map(lambda pair: pair[0][: pair[1]] + pair[0][pair[1] + 1 :])
    prefix = strategies.sampled_from(["", "", "", "", "", "+", "++", "~"])

    def override(parts):
        return f"{parts[0]}{parts[1]}={parts[2]}"

    sensible = strategies.tuples(strategies.just(""), key, strategies.sampled_from(NUMBERS[:7])).map(override)
    odd = strategies.tuples(prefix, strategies.one_of(key, near), VALUES).map(override)
    one = strategies.one_of(sensible, sensible, odd, strategies.text(max_size=12))
    return strategies.one_of(sensible.map(lambda text: [text]), strategies.lists(one, min_size=1, max_size=3))


@pytest.mark.slow
def test_any_overrides():
    """Through Hydra's grammar and composing, then all that a run does before its first step."""
    install()
    counts = {"made": 0, "refused": 0}

    @settings(max_examples=N_OVERRIDES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(overrides())
    def compose_and_prepare(given_overrides):
        try:
            cfg, chosen = command_line.composed(["device=cpu", *given_overrides])
            prepare(cfg, chosen, given_overrides)
            counts["made"] += 1
        except EXPECTED as error:
            one_line(error)
            counts["refused"] += 1

    compose_and_prepare()
    print(counts)
    assert counts["refused"] > 0


@pytest.mark.slow
def test_any_overrides_of_the_command(tmp_path):
    """The command itself: exit 0 or 2, and one line on stderr or none."""
    drawn = [["seed=3"], ["task.noise_std=0.5", "hydra.job.name='a b'"]]  # these can be done

    @settings(max_examples=N_COMMANDS, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(overrides())
    def draw(given_overrides):
        drawn.append([text.replace("\x00", "") for text in given_overrides])  # no program can be given a zero byte

    draw()

    def run(index: int) -> str:
        folder = tmp_path / str(index)
        folder.mkdir()
        done = dap_run(*SMALL, *drawn[index], folder=folder)
        lines = done.stderr.strip().splitlines()
        assert done.returncode in (0, 2), (drawn[index], done.stderr)
        assert (done.returncode == 0) == (lines == []), (drawn[index], done.stderr)
        assert len(lines) <= 1, (drawn[index], done.stderr)
        assert all(line.startswith("dap-run: error: ") for line in lines), (drawn[index], done.stderr)
        assert all(line.isprintable() for line in lines), (drawn[index], done.stderr)
        return "made" if done.returncode == 0 else "refused"

    ends = [run(index) for index in range(len(drawn))]
    print({end: ends.count(end) for end in set(ends)})
    assert ends[:2] == ["made", "made"]
