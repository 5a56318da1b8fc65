"""Several fills of a gap: a mixture that is found without looking into it."""

import math

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.resample import resample
from dap.methods.classical.autoregressive import Autoregressive
from dap.methods.classical.interpolation import Interpolation
from dap.methods.classical.mixed_fills import MixedFills
from dap.methods.problem import Problem
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting

RATE = 8000


def gaps(n_samples: int, *places: float) -> Inpainting:
    return Inpainting(gaps=[[place, place + 0.01] for place in places]).at(RATE, n_samples, None)


def test_the_better_fill_has_the_weight(generator):
    """A line through noise is no fill, and all of the weight goes to the model that knows the tone."""
    sound = torch.sin(torch.arange(RATE) * 0.9)[None] + 0.001 * torch.randn(1, RATE, generator=generator)
    task = gaps(RATE, 0.3, 0.6)
    method = MixedFills([Interpolation("linear"), Autoregressive()], ridge=1e-3)
    iterate = next(method.restore(Problem(task.observe(sound), task, RATE)))
    estimate = iterate.estimate
    assert iterate.facts["weights"] == pytest.approx([0, 1], abs=0.1)
    assert (estimate - sound).abs().max() < 0.1
    assert torch.equal(estimate[:, ~task.missing], sound[:, ~task.missing])


def test_without_room_to_hide_a_gap_it_is_the_mean():
    sound = torch.sin(torch.arange(320) * 0.9)[None]
    task = gaps(320, 0.015)
    fills = [Interpolation("linear"), Autoregressive()]
    one, other = (next(fill.restore(Problem(task.observe(sound), task, RATE))).estimate for fill in fills)
    mixed = next(MixedFills(fills).restore(Problem(task.observe(sound), task, RATE))).estimate
    assert torch.allclose(mixed, (one + other) / 2)


def test_it_does_not_look_into_the_gaps(generator):
    task = gaps(RATE, 0.3, 0.6)
    sound = torch.randn(1, RATE, generator=generator)
    other = sound.where(~task.missing, 7.0)
    method = MixedFills([Autoregressive(order=8), Autoregressive(order=30)])
    assert torch.equal(*(next(method.restore(Problem(task.observe(each), task, RATE))).estimate for each in (sound, other)))


@pytest.mark.parametrize("clip", ["music_solo/sms_oboe-A4.flac", "speech_lj/LJ001-0021.flac"])
def test_it_is_near_the_best(clip, test_audio):
    waveform, rate = read_audio(test_audio / clip, 0.5, 2.5)
    sound = resample(waveform[:1], rate, RATE)
    task = gaps(sound.shape[1], 0.4, 0.8, 1.2, 1.6)
    fills = [Autoregressive(), Autoregressive(max_order_seconds=0.024), Interpolation("linear")]

    def error_db(method) -> float:
        estimate = next(method.restore(Problem(task.observe(sound), task, RATE))).estimate
        return 10 * math.log10(float((estimate - sound)[:, task.missing].square().mean()))

    alone = [error_db(fill) for fill in fills]
    assert error_db(MixedFills(fills)) < min(alone) + 1  # dB; the hidden gaps are eight


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MixedFills([]), "at least one method, got none"),
        (lambda: MixedFills([Autoregressive()], ridge=0.0), "ridge must be above 0, got 0.0"),
        (lambda: MixedFills([Autoregressive()], math.nan), "distance_seconds must be above 0, got nan"),
        (
            lambda: MixedFills([Autoregressive()]).restore(Problem(torch.ones(1, 9), Denoise(noise_std=0.1), RATE)),
            "MixedFills restores task=inpainting, and nothing of denoise",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
