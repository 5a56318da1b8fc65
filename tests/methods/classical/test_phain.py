"""PHAIN fills gaps in tones, keeps what is known, and refuses settings out of range."""

import pytest
import torch

from dap.methods.classical.autoregressive import Autoregressive
from dap.methods.classical.phain import Phain
from dap.methods.problem import Problem
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting

QUICK = {"n_fft": 256, "hop_length": 64, "rounds": 4, "iterations": 80}


def _chord() -> torch.Tensor:
    time = torch.arange(4000) / 8000
    chord = sum(torch.sin(2 * torch.pi * hz * time) for hz in (440.0, 661.0, 1234.0))
    return torch.stack([0.3 * chord, 0.1 * chord.flip(0)])


@pytest.mark.parametrize("start", [None, Autoregressive(order=20)])
def test_a_chord_goes_on_through_gaps(start):
    chord = _chord()
    task = Inpainting(gaps=[[0.1, 0.112], [0.2, 0.212], [0.35, 0.358]], fade_seconds=0.0).at(8000, 4000, None)
    estimate = Phain(**QUICK, start=start).estimate(Problem(task.observe(chord), task, 8000))
    assert torch.equal(estimate[:, ~task.missing], chord[:, ~task.missing])
    error = (estimate - chord)[:, task.missing].square().sum() / chord[:, task.missing].square().sum()
    assert error < 0.01  # measured: 4e-4 from silence


def test_missing_columns_keep_what_a_factor_tells():
    sound = torch.randn(1, 8000, generator=torch.Generator().manual_seed(0)) * 0.1
    task = Inpainting(n_gaps=2, gap_columns=4, n_fft=512, hop_length=128).at(8000, 8000, torch.Generator().manual_seed(0))
    observation = task.observe(sound)
    estimate = task.finish(Phain(**QUICK).estimate(Problem(observation, task, 8000)), observation)
    posed, known = task.posed(observation)
    assert torch.equal(estimate[:, posed.weight == 1], known[:, posed.weight == 1])
    assert posed.missing.sum() < 0.6 * task.missing.sum()


def test_short_and_silent_sounds_are_finite():
    for n_samples in (3, 100):
        task = Inpainting(gaps=[[0, 1 / 8000]]).at(8000, n_samples, None)
        assert torch.equal(Phain(**QUICK).estimate(Problem(torch.zeros(1, n_samples), task, 8000)), torch.zeros(1, n_samples))


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"rounds": 0}, "at least 1"), ({"threshold": 0.0}, "threshold must"), ({"hop_length": 500}, "must divide")],
)
def test_settings_out_of_range(settings, match):
    with pytest.raises(ValueError, match=match):
        Phain(**settings)


def test_another_task_is_refused():
    sound = torch.zeros(1, 4000)
    with pytest.raises(ValueError, match="inpainting"):
        Phain().estimate(Problem(sound, Denoise(noise_std=0.1).at(8000, 4000, None), 8000))
