"""Pairs of noisy and clean files: nothing is added, and the pair stays a pair."""

from pathlib import Path

import pytest
import soundfile
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.config.build import build
from dap.methods.observe import observe_clip
from dap.metrics.distortion import si_sdr
from dap.running.parts import build_parts
from dap.running.restoration import restore_clip
from tests.options import composed, settings


@pytest.fixture
def folder(tmp_path) -> Path:
    """VoiceBank's layout: the same names in two folders, and a clean file more."""
    for index, name in enumerate(["p232_001", "p232_002", "p257_001"]):
        clean = 0.2 * torch.sin(0.05 * (index + 1) * torch.arange(4000.0))[None]
        for kind, waveform in (("clean", clean), ("noisy", clean + 0.1 * torch.randn(1, 4000))):
            (tmp_path / f"{kind}_testset_wav").mkdir(exist_ok=True)
            write_audio(tmp_path / f"{kind}_testset_wav" / f"{name}.wav", waveform, 16000)
    write_audio(tmp_path / "clean_testset_wav" / "p257_002.wav", torch.ones(1, 4000), 16000)
    return tmp_path


def dataset(noisy, clean, *overrides):
    patterns = [f"data.noisy='{noisy}'", f"data.clean='{clean}'"]
    return build(settings("data=pairs", *patterns, *(f"data.{one}" for one in overrides))["data"], "data")


def voicebank(folder, *overrides):
    return dataset(folder / "noisy_testset_wav" / "*.wav", folder / "clean_testset_wav" / "*.wav", *overrides)


def test_both_take_the_gain_of_the_noisy_one(folder):
    data = voicebank(folder, "peak=0.5")
    assert data.names == ["p232_001", "p232_002", "p257_001"]
    for index, name in enumerate(data.names):
        clip = data[index]
        assert float(clip.observation.abs().max()) == pytest.approx(0.5)
        for kind, waveform in (("noisy", clip.observation), ("clean", clip.waveform)):
            expected, _ = read_audio(folder / f"{kind}_testset_wav" / f"{name}.wav")
            assert torch.allclose(waveform, clip.gain * expected, atol=1e-7)


def test_drawn_parts_are_the_same_of_both(folder):
    data = voicebank(folder, "n_clips=2", "clip_seed=3", "start=null", "seconds=0.1")
    assert len(data.names) == 2
    for index, name in enumerate(data.names):
        clip = data[index]
        assert clip.waveform.shape == clip.observation.shape == (1, 1600)
        start = float(clip.source.partition(", from ")[2].split(" s on")[0])
        expected, _ = read_audio(folder / "clean_testset_wav" / f"{name}.wav", start, 0.1)
        assert torch.allclose(clip.waveform, clip.gain * expected, atol=1e-7)


def test_real_pairs_in_one_folder(test_audio):
    pairs = test_audio / "pairs_noisy_clean"
    data = dataset(pairs / "*_noisy.flac", pairs / "*_clean.flac", "seconds=1")
    assert data.names == [f"p287_00{index}" for index in range(1, 7)]
    for index in range(6):
        clip = data[index]
        assert float(si_sdr(clip.observation, clip.waveform)) > -5  # the same words: another sentence gives -30 dB


def parts_of(folder, *overrides):
    patterns = [f"data.noisy='{folder}/noisy_testset_wav/*.wav'", f"data.clean='{folder}/clean_testset_wav/*.wav'"]
    small = ["size.width=2", "size.n_fft=126", "size.hop_length=32", "steps=1", "stopping=fixed"]
    choices = {"task": "denoise", "model": "harmonic", "size": "quick", "method": "deep_prior", "stopping": "fixed"}
    return build_parts(composed("data=pairs", *patterns, *small, *overrides), choices, [])


def test_a_run_adds_nothing_and_scores_against_the_clean_one(folder):
    parts = parts_of(folder)
    metrics = restore_clip(parts, parts.data[1], folder / "out")
    sounds = {}
    for name, kind in (("observation", "noisy"), ("reference", "clean")):
        sounds[kind], _ = read_audio(folder / f"{kind}_testset_wav" / "p232_002.wav")
        assert torch.allclose(read_audio(folder / "out" / f"{name}.wav")[0], sounds[kind], atol=1e-6)
    assert metrics["observation"]["si_sdr"] == pytest.approx(float(si_sdr(sounds["noisy"], sounds["clean"])), abs=1e-3)


def test_the_task_knows_what_the_noisy_one_is(folder):
    parts = parts_of(folder, "task=inpainting", "task.gaps=[[0.05,0.1]]")
    clip = parts.data[0]
    _, task, observation = observe_clip(clip, parts.task, parts.settings["seed"])
    assert torch.equal(observation, task.observe(clip.observation))
    assert not observation[:, 800:1600].any()  # whatever stands there is not observed
    with pytest.raises(ValueError, match="makes 32000 Hz of the damaged sound, but its reference has 16000 Hz"):
        observe_clip(clip, parts_of(folder, "task=super_resolution", "task.factor=2").task, 0)
    with pytest.raises(ValueError, match="is none of the 16 levels"):
        observe_clip(clip, parts_of(folder, "task=quantization").task, 0)


@pytest.mark.parametrize(
    ("rate", "shape", "message"),
    [
        (16000, (3998, 1), r"noisy_testset_wav/p232_002.wav: 4000 samples at 16000 Hz, but .*clean.* has 3998 at 16000 Hz"),
        (8000, (4000, 1), r"noisy_testset_wav/p232_002.wav: 4000 samples at 16000 Hz, but .*clean.* has 4000 at 8000 Hz"),
        (16000, (4000, 2), r"noisy_testset_wav/p232_002.wav: 1 channels, but .*clean_testset_wav/p232_002.wav has 2"),
    ],
)
def test_what_is_not_a_pair(folder, rate, shape, message):
    soundfile.write(folder / "clean_testset_wav" / "p232_002.wav", 0.1 * torch.ones(shape).numpy(), rate)
    data = voicebank(folder, "seconds=0.1")
    assert data[0].observation.shape == (1, 1600)  # the others are not concerned
    with pytest.raises(ValueError, match=message):
        data[1]


@pytest.mark.parametrize(
    ("noisy", "clean", "message"),
    [
        ("none/*.wav", "clean_testset_wav/*.wav", "no folder .*/none for noisy=.*https://datashare.ed.ac.uk/handle/10283/2791"),
        ("noisy_testset_wav/*.flac", "clean_testset_wav/*.wav", r"noisy: no file fits .*/noisy_testset_wav/\*.flac"),
        ("noisy_testset_wav", "clean_testset_wav/*.wav", r"noisy must be a file name with one \* in it, as FOLDER/\*.wav, got"),
        ("noisy_testset_wav/*.wav", "clean_testset_wav/*_*.wav", r"clean must be a file name with one \* in it"),
        (
            "clean_testset_wav/*.wav",
            "noisy_testset_wav/*.wav",
            r"p257_002.wav: no clean file .*p257_002.wav to it \(1 of them\)",
        ),
    ],
)
def test_patterns_that_cannot_be(folder, noisy, clean, message):
    with pytest.raises(ValueError, match=message):
        dataset(folder / noisy, folder / clean)
