"""Batches of windows: every window once an epoch, the same ones when asked again, in bounded memory."""

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.data.folder import Folder
from dap.data.pairs import Pairs
from dap.data.stretches import Stretches
from dap.methods.learned.window_batches import WindowBatches
from dap.tasks.denoise import Denoise

RATE = 8000


@pytest.fixture
def stretches(tmp_path):
    """Ramps, so that a window tells where it is from: 12 stretches of 0.25 s, two of them of a second channel."""
    for name, channels, n_samples in (("a", 1, 10000), ("b", 2, 6000), ("c", 1, 3000)):
        ramp = torch.arange(channels * n_samples).reshape(channels, -1) / 2**15
        write_audio(tmp_path / f"{name}.wav", ramp + {"a": 1, "b": 2, "c": 3}[name], RATE)
    return Stretches(Folder(str(tmp_path), "*.wav", peak=None), [0, 1, 2], seconds=0.25)


def batches(stretches, noise=0.0, **settings):
    chosen = {"window": 512, "hop": 256, "batch_size": 8, "seed": 0, "n_mixed": 3} | settings
    return WindowBatches(stretches, Denoise(noise_std=noise), **chosen)


def starts(found):
    return sorted(float(window[0, 0]) for _, reference in found for window in reference)


def test_every_window_comes_once_an_epoch(stretches):
    found = list(batches(stretches).epoch(0))
    assert {batch[0].shape for batch in found[:-1]} == {(8, 1, 512)}
    lengths = [stretches[index][0].shape for index in range(len(stretches))]
    expected = sum(channels * (1 + -(-(n_samples - 512) // 256)) for channels, n_samples in lengths)
    assert len(starts(found)) == len(set(starts(found))) == expected
    assert starts(batches(stretches).epoch(1)) == starts(found)
    ends = {float(stretches[index][0][channel, -1]) for index in range(len(stretches)) for channel in range(lengths[index][0])}
    assert ends <= {float(window[0, -1]) for _, reference in found for window in reference}  # no tail is dropped


def test_the_order_and_the_noise_are_the_epochs_own(stretches):
    first, again, later = (list(batches(stretches, 0.1).epoch(number)) for number in (0, 0, 1))
    for one, other in zip(first, again, strict=True):
        assert all(map(torch.equal, one, other))
    assert not torch.equal(first[0][1], later[0][1])
    noise = {
        float(window[0, 0]): float(noisy[0, 0] - window[0, 0]) for batch in first for noisy, window in zip(*batch, strict=True)
    }
    other = {
        float(window[0, 0]): float(noisy[0, 0] - window[0, 0]) for batch in later for noisy, window in zip(*batch, strict=True)
    }
    assert all(noise[place] != other[place] for place in noise)


def test_an_epoch_can_be_gone_on_with(stretches):
    whole = list(batches(stretches, 0.1).epoch(2))
    for first in (1, 3, len(whole)):
        rest = list(batches(stretches, 0.1).epoch(2, first))
        assert len(rest) == len(whole) - first
        for one, other in zip(rest, whole[first:], strict=True):
            assert all(map(torch.equal, one, other))


def test_the_number_of_batches_can_be_limited(stretches):
    assert len(list(batches(stretches, n_batches=2).epoch(0))) == 2
    assert len(list(batches(stretches, n_batches=2).epoch(0, 1))) == 1


def test_windows_are_brought_to_a_level(stretches):
    for observation, _ in batches(stretches, 0.01, window_rms=0.25).epoch(0):
        assert torch.allclose(observation.square().mean((1, 2)).sqrt(), torch.tensor(0.25))


def test_few_stretches_are_read_before_the_first_batch(stretches):
    asked = []
    read = type(stretches).__getitem__

    class Counted(type(stretches)):
        def __getitem__(self, item):
            asked.append(item)
            return read(self, item)

    stretches.__class__ = Counted
    next(batches(stretches).epoch(0))
    assert len(asked) <= 3


def test_recorded_observations_are_taken_as_they_are(tmp_path):
    for name in ("x_noisy", "x_clean"):
        write_audio(tmp_path / f"{name}.wav", torch.rand(1, 512), RATE)
    pairs = Pairs(str(tmp_path / "*_noisy.wav"), str(tmp_path / "*_clean.wav"), peak=None)
    ((observation, reference),) = batches(Stretches(pairs, [0], 1.0), 0.1).epoch(0)
    assert torch.equal(observation[0], pairs[0].observation)
    assert torch.equal(reference[0], pairs[0].waveform)


def test_wrong_numbers(stretches):
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        batches(stretches, batch_size=0)
    with pytest.raises(ValueError, match="n_batches must be at least 1, got 0"):
        batches(stretches, n_batches=0)
