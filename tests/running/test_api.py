"""dap.restore as a program of somebody else's calls it: which arrays it takes, what it gives back, what it leaves alone."""

from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import re
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
import torch

import dap
from dap.layers.seeded import seeded
from dap.running import api

RATE = 8000
SECONDS = 0.1  # of this process, within which a wrong array is refused


def noise(*shape: int) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal(shape)


def fast(waveform, sample_rate=RATE, **settings):
    return dap.restore(waveform, sample_rate, quality="fast", **settings)


def backwards(array: np.ndarray) -> np.ndarray:
    """The same values, in memory from last to first."""
    return array[::-1, ::-1].copy()[::-1, ::-1]


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.setflags(write=False)
    return array


@pytest.mark.parametrize("shape", [(2, 512), (1, 2000), (2000,)])
def test_channels_come_first(shape):
    assert fast(noise(*shape)).shape == shape


@pytest.mark.parametrize("axis", [1, -1])
def test_channels_come_last_where_the_caller_says_so(axis):
    """The same bits as in the other order, in the caller's; a sound of one axis has no order."""
    sound = noise(2, 2000)
    restored = fast(sound.T, channel_axis=axis)
    assert restored.flags.c_contiguous
    assert np.array_equal(restored, fast(sound).T)
    assert torch.equal(fast(torch.from_numpy(sound.T), channel_axis=axis), torch.from_numpy(restored))
    assert np.array_equal(fast(sound[0], channel_axis=axis), fast(sound[0]))
    assert fast(sound.T, task="super_resolution", factor=2, channel_axis=axis).shape == (4000, 2)


@pytest.mark.parametrize(
    ("shape", "channel_axis", "message"),
    [
        ((16000, 2), None, "looks like (time, channel): shape (16000, 2) is 16000 channels of 2 samples; pass channel_axis=1"),
        ((512, 2), None, "looks like (time, channel): shape (512, 2) is 512 channels of 2 samples; pass channel_axis=1"),
        ((512, 2), 0, "looks like (time, channel): shape (512, 2) is 512 channels of 2 samples; pass channel_axis=1"),
        ((4000, 1), None, "looks like (time, channel): shape (4000, 1) is 4000 channels of 1 samples; pass channel_axis=1"),
        ((2, 512), -1, "looks like (channel, time): shape (2, 512) is 512 channels of 2 samples; pass channel_axis=0"),
        ((2, 512), 2, "channel_axis must be 0 or -2, 1 or -1, or None, got 2"),
        ((0, 512), None, "waveform must hold at least one sample of one channel, got shape (0, 512)"),
        ((2, 0), None, "waveform must hold at least one sample of one channel, got shape (2, 0)"),
        ((0,), None, "waveform must hold at least one sample of one channel, got shape (0,)"),
        ((2, 2, 512), None, "waveform must be of shape (time,) or (channel, time), got (2, 2, 512)"),
        ((2, 2), None, "the clip has 2 samples, shorter than one STFT frame of n_fft = 256"),
        ((1, 1), None, "the clip has 1 samples, shorter than one STFT frame of n_fft = 256"),
    ],
)
@pytest.mark.parametrize("kind", [np.ones, torch.ones])
def test_shapes_that_are_refused(kind, shape, channel_axis, message):
    begun = time.process_time()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        fast(kind(shape), channel_axis=channel_axis)
    if "looks like" in message:
        assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        ([0.1] * 800, "waveform must be a numpy array or a torch tensor, got list; numpy.asarray makes an array"),
        (np.ma.array(noise(800)), "got MaskedArray"),
        (RATE, "got int"),
        (noise(800).astype(complex), "waveform must hold floats, full scale at ±1, got complex128"),
        (noise(800) > 0, "got bool"),
        (noise(800).astype(np.int64), r"got int64$"),
        (np.full(800, np.nan), "waveform must be finite in float32, and holds NaN, Inf"),
        (torch.full((800,), -torch.inf), "waveform must be finite"),
        (np.full(800, 1e39), "or a number beyond 3e38"),
    ],
)
def test_values_that_are_refused(waveform, message):
    with pytest.raises(ValueError, match=message):
        fast(waveform)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32])
@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_integers_are_refused_with_what_makes_floats_of_them(dtype, kind):
    """Taken at its word, the line makes ±1 of the format's limits and silence of its middle."""
    limits = np.iinfo(dtype)
    middle = 0 if limits.min < 0 else limits.max // 2 + 1
    waveform = kind(np.array([limits.min, middle, limits.max], dtype))
    with pytest.raises(ValueError, match=f"got {np.dtype(dtype).name}: pass ") as refused:
        fast(waveform)
    floats = eval(str(refused.value).partition("pass ")[2], {"waveform": waveform})
    assert floats.tolist() == pytest.approx([-1, 0, 1], abs=1 / 64)  # the highest of 8 bits is 1 / 128 short of it


KINDS = {
    "float16": np.float16,
    "float64": np.float64,
    "big_endian": lambda sound: sound.astype(">f4"),
    "fortran": np.asfortranarray,
    "backwards": backwards,
    "read_only": read_only,
    "every_second": lambda sound: np.repeat(sound, 2, axis=1)[:, ::2],
    "half": lambda sound: torch.from_numpy(sound).half(),
    "bfloat16": lambda sound: torch.from_numpy(sound).bfloat16(),
    "requires_grad": lambda sound: torch.from_numpy(sound).requires_grad_(),
    "transposed": lambda sound: torch.from_numpy(sound.T.copy()).T,
}


def in_float32(array) -> torch.Tensor:
    return array.detach().float().clone() if isinstance(array, torch.Tensor) else torch.from_numpy(array.astype(np.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_is_of_the_callers_kind(kind):
    """With the values of float32, as far as the kind can hold them; what was given is left as it was."""
    given = KINDS[kind](noise(2, 800).astype(np.float32))
    before = in_float32(given)
    restored = fast(given)
    assert (type(restored), restored.dtype, restored.shape) == (type(given), given.dtype, given.shape)
    assert not getattr(restored, "requires_grad", False)
    expected = fast(before)
    assert torch.equal(in_float32(restored), in_float32(KINDS[kind](expected.numpy())))
    assert not torch.equal(expected, before)
    assert torch.equal(in_float32(given), before)


@pytest.mark.parametrize("rate", [float(RATE), np.int64(RATE), np.float32(RATE)])
def test_a_rate_may_be_any_whole_number(rate):
    assert np.array_equal(fast(noise(800), rate), fast(noise(800), RATE))


@pytest.mark.parametrize("rate", [8000.5, 0, -1, True, "8000", None, float("nan"), float("inf"), 10**8, torch.tensor(8000)])
def test_other_rates_are_refused(rate):
    message = f"sample_rate must be a whole number of Hz, 1 to 10000000, got {rate!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fast(noise(800), rate)


def test_settings_may_be_numpys():
    gaps = [(np.float32(0.25), np.float64(0.26))]
    tone = np.sin(np.arange(4000) / 8)
    filled = fast(tone, task="inpainting", gaps=np.array(gaps))
    assert np.array_equal(fast(tone, task="inpainting", gaps=gaps), filled)
    assert fast(tone, task="super_resolution", factor=np.int64(2)).shape == (8000,)


def test_it_may_be_called_where_gradients_are_off():
    sound = torch.from_numpy(noise(800))
    expected = fast(sound)
    for off in (torch.no_grad, torch.inference_mode):
        with off():
            assert torch.equal(fast(sound), expected)


def test_two_threads_give_what_one_gives():
    """Different sounds and tasks at once, the same bits as one after another."""
    tone = np.sin(np.arange(4000) / 8)
    calls = [
        lambda: fast(noise(2, 2000)),
        lambda: fast(tone, task="inpainting", gaps=[[0.25, 0.26]]),
        lambda: fast(tone + noise(4000)),
        lambda: fast(tone.clip(-0.7, 0.7), task="clipping"),
    ]
    alone = [call() for call in calls]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda call: call(), calls * 2))
    assert all(np.array_equal(one, other) for one, other in zip(alone * 2, together, strict=True))


def test_two_threads_draw_the_same_weights():
    """Networks draw from the generator that threads share: each has it to itself, and it is left where it was."""
    before = torch.get_rng_state()
    at_once = threading.Barrier(4)

    def draw(seed: int) -> list[float]:
        at_once.wait()
        with seeded(seed):
            return [float(torch.randn(())) for _ in range(200)]

    with ThreadPoolExecutor(4) as threads:
        one, other, same, third = threads.map(draw, [0, 1, 0, 2])
    assert one == same
    assert len({tuple(drawn) for drawn in (one, other, third)}) == 3
    assert torch.equal(torch.get_rng_state(), before)


def test_it_composes_once(monkeypatch):
    composed = []
    compose = api.compose
    monkeypatch.setattr(api, "compose", lambda *args, **values: composed.append(args) or compose(*args, **values))
    api._composed.cache_clear()
    for _ in range(3):
        fast(noise(800))
        fast(noise(800), task="clipping")
    assert composed == [({"method": "restore", "task": task},) for task in ("denoise", "clipping")]


def test_a_setting_of_one_call_is_not_the_nexts():
    shapes = [fast(noise(800), task="super_resolution", **settings).shape for settings in ({"factor": 4}, {}, {"factor": 4})]
    assert shapes == [(3200,), (1600,), (3200,)]


def run(script: str, folder: Path) -> str:
    """What a script prints, run by this interpreter in a folder."""
    (folder / "script.py").write_text(textwrap.dedent(script))
    command = [sys.executable, "-W", "error", "script.py"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_wrong_array_is_refused_at_the_first_call_too(tmp_path):
    """A script as one writes it: nothing was imported but torch, numpy and dap."""
    script = """
        import time
        import numpy, torch, dap
        begun = time.process_time()
        try:
            dap.restore(numpy.zeros((16000, 2)), 16000)
        except ValueError as error:
            print(time.process_time() - begun, error)
    """
    seconds, line = run(script, tmp_path).split(" ", 1)
    assert line.startswith("looks like (time, channel): ")
    assert float(seconds) < SECONDS


@pytest.mark.slow
def test_hydra_is_not_even_imported(tmp_path):
    script = """
        import sys
        import torch, dap
        dap.restore(torch.zeros(8000), 8000)
        print([name for name in sys.modules if name.partition(".")[0].startswith("hydra")])
    """
    assert run(script, tmp_path) == "[]\n"


@pytest.mark.slow
def test_a_program_of_hydras_keeps_its_own(tmp_path):
    """Within @hydra.main, and between its initialize and compose: its globals are the same objects of the same content."""
    script = """
        import sys
        import hydra, numpy
        from hydra.core.config_store import ConfigStore
        from hydra.core.global_hydra import GlobalHydra
        from hydra.core.hydra_config import HydraConfig
        from hydra.core.plugins import Plugins
        from hydra.core.singleton import Singleton
        from hydra._internal.sources_registry import SourcesRegistry
        from omegaconf.basecontainer import BaseContainer
        import dap

        def names(repo, path=""):
            for name, item in repo.items():
                yield from names(item, f"{path}/{name}") if isinstance(item, dict) else [(f"{path}/{name}", id(item))]

        def state():
            return {
                "hydra": id(GlobalHydra.instance().hydra),
                "store": sorted(names(ConfigStore.instance().repo)),
                "plugins": sorted(Plugins.instance().class_name_to_class),
                "sources": dict(SourcesRegistry.instance().types),
                "singletons": {kind: id(one) for kind, one in Singleton._instances.items()},
                "version": hydra.version.getbase(),
                "resolvers": sorted(BaseContainer._resolvers),
                "arguments": list(sys.argv),
            }

        ConfigStore.instance().store(name="mine", node={"rate": 8000, "name": "${hydra:job.name}"})
        ConfigStore.instance().store(name="schema", node={"mine": True})

        @hydra.main(version_base="1.2", config_path=None, config_name="mine")
        def main(cfg):
            before, config = state(), HydraConfig.get()
            restored = dap.restore(numpy.zeros(800), cfg.rate, task="clipping", quality="fast")
            assert state() == before
            assert HydraConfig.get() is config
            assert (cfg.name, restored.shape) == ("script", (800,))

        main()
        with hydra.initialize(config_path=None, version_base="1.3"):
            before = state()
            dap.restore(numpy.zeros(800), 8000, task="denoise", quality="fast")
            assert state() == before
            assert hydra.compose("mine", overrides=["rate=16000"]).rate == 16000
        before = state()
        dap.restore(numpy.zeros(800), 8000, task="inpainting", gaps=[[0.05, 0.06]], quality="fast")
        assert state() == before
        assert ConfigStore.instance().load("schema.yaml").node.mine
        print("untouched")
    """
    assert run(script, tmp_path).endswith("untouched\n")
