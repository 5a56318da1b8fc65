"""Sounds of steady phase: the operator's adjoint, the frequency of tones, and gaps in them."""

import torch

from dap.dsp.steady_phase import _differences, _differences_adjoint, fill_steady, phase_advance
from dap.dsp.tight_frame import TightFrame


def _random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(len(shape) + shape[-1]))


def test_the_differences_adjoint_is_one():
    spec, dual = _random(2, 9, 12), _random(2, 9, 11)
    turn = torch.polar(torch.ones(2, 9, 11, dtype=torch.float64), torch.arange(198.0, dtype=torch.float64).reshape(2, 9, 11))
    one, other = (_differences(spec, turn).conj() * dual).sum(), (spec.conj() * _differences_adjoint(dual, turn)).sum()
    assert (one - other).abs() < 1e-10  # sums of 200 products in float64


def test_a_tone_is_steady_once_its_phase_is_turned_back():
    frame = TightFrame(128, 32)
    tone = torch.sin(1.1 * torch.arange(1280.0, dtype=torch.float64))
    spec, advance = frame.analysis(tone), phase_advance(frame, tone)
    turned = _differences(spec, torch.polar(torch.ones_like(advance), advance))
    inner = slice(4, -4)
    strong = spec.abs()[:, inner].amax()
    assert turned.abs()[:, inner].amax() < 1e-3 * strong  # exact but for the negative frequency's sidelobes
    assert spec.diff(dim=-1).abs()[:, inner].amax() > 0.5 * strong


def test_silence_and_gaps_of_everything_are_finite():
    frame = TightFrame(64, 16)
    for n_samples in (1, 10, 200):
        missing = torch.ones(n_samples, dtype=torch.bool)
        assert torch.equal(fill_steady(torch.zeros(2, n_samples), missing, frame, 2, 3), torch.zeros(2, n_samples))


def test_channels_are_independent_and_scale_with_the_sound():
    frame = TightFrame(64, 16)
    sound = torch.randn(2, 400, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    missing = torch.zeros(400, dtype=torch.bool).index_fill(0, torch.arange(190, 210), True)
    begun = sound.where(~missing, 0.0)
    both = fill_steady(begun, missing, frame, 2, 20)
    alone = torch.stack([fill_steady(channel, missing, frame, 2, 20) for channel in begun])
    assert torch.allclose(both, alone, atol=1e-12)
    assert torch.allclose(fill_steady(begun * 7, missing, frame, 2, 20), 7 * both, atol=1e-9)  # amplified rounding
