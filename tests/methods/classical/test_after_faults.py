"""Faults that are taken away before the noise: each found, said, and left where its switch is off."""

import math

import pytest
import torch

from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr
from dap.running.api import blind_method

RATE = 8000


@pytest.fixture
def faulty(generator):
    """Four seconds of a beating tone; and with a click each half second, hum, rumble and flat tops."""
    time = torch.arange(4 * RATE) / RATE
    clean = (0.3 * torch.sin(2 * math.pi * 440 * time) + 0.3 * torch.sin(2 * math.pi * 443 * time))[None]
    noisy = clean + 0.02 * torch.sin(2 * math.pi * 50 * time + 1) + 0.01 * torch.sin(2 * math.pi * 150 * time)
    noisy += 0.2 * torch.sin(2 * math.pi * 9 * time) + 0.003 * torch.randn(noisy.shape, generator=generator)
    noisy = noisy.clamp(-0.65, 0.65)
    noisy[0, 2000::4000] += 0.9
    return clean, noisy


def restored(noisy: torch.Tensor, **switches: bool):
    method, task = blind_method("fast")
    for name, value in switches.items():
        setattr(method.parts["denoise"], name, value)
    return next(method.restore(Problem(noisy, task, RATE)))


@pytest.mark.slow
def test_all_of_them_at_once_unless_they_are_switched_off(faulty):
    clean, noisy = faulty
    iterate = restored(noisy)
    assert si_sdr(iterate.estimate, clean) > si_sdr(noisy, clean) + 15  # 21 dB were seen
    assert iterate.facts["clicks_a_minute"] == pytest.approx(120, abs=15)  # eight in four seconds, and none or one too many
    assert iterate.facts["hum_hz"] == pytest.approx(50, abs=0.05)
    assert iterate.facts["hum_std"] == pytest.approx(math.hypot(0.02, 0.01) / math.sqrt(2), rel=0.2)
    assert iterate.facts["rumble_std"] == pytest.approx(0.2 / math.sqrt(2), rel=0.1)
    left_in = restored(noisy, clicks=False, hum=False, rumble=False)
    assert not {"clicks_a_minute", "hum_hz", "hum_std", "rumble_std"} & set(left_in.facts)
    assert si_sdr(left_in.estimate, clean) < si_sdr(iterate.estimate, clean) - 10


def test_samples_that_no_click_hit_are_left(generator):
    """Of a sound without noise but for its floor, on each channel."""
    tone = torch.sin(torch.arange(4 * RATE) * 0.3) + 1e-3 * torch.randn(2, 4 * RATE, generator=generator)
    noisy = tone.clone()
    noisy[0, 3000:3004] += 2
    noisy[1, 20000] -= 2
    filled, n_clicks = blind_method()[0].parts["denoise"]._without_clicks(noisy, RATE)
    changed = (filled != noisy).nonzero().tolist()
    assert n_clicks == 1
    assert all((channel == 0 and 2990 < place < 3014) or (channel == 1 and 19990 < place < 20011) for channel, place in changed)
    assert (filled - tone).abs().max() < 0.02


@pytest.mark.parametrize("kind", ["hum", "constant", "clicks", "opposite"])
def test_what_holds_nothing_else_comes_out_finite(kind, generator):
    time = torch.arange(3 * RATE) / RATE
    hum = 0.1 * torch.sin(2 * math.pi * 50 * time)
    clicks = torch.zeros(3 * RATE)
    clicks[100::3000] = 1
    noise = 0.1 * torch.randn(3 * RATE, generator=generator)
    waveform = torch.stack(
        {
            "hum": [hum, hum],
            "constant": [torch.full_like(hum, 0.3)] * 2,
            "clicks": [clicks, clicks],
            "opposite": [noise, -noise],
        }[kind]
    )
    estimate = restored(waveform).estimate
    assert torch.isfinite(estimate).all()
    assert estimate.abs().max() <= waveform.abs().max() * 1.5
