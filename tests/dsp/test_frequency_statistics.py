"""Falloffs that are known: of noise, of power laws in one and two dimensions, of a tone."""

import pytest
import torch

from dap.dsp.frequency_statistics import falloff, patches


def power_law(shape: tuple[int, ...], exponent: float, generator: torch.Generator) -> torch.Tensor:
    """White noise whose spectrum is multiplied with |frequency|^exponent; (n, size) or (n, size, size)."""
    axes = tuple(range(1, len(shape)))
    grid = torch.meshgrid(*[torch.fft.fftfreq(size) for size in shape[1:]], indexing="ij")
    distance = sum(axis.square() for axis in grid).sqrt().clamp(min=1 / max(shape))
    spectrum = torch.fft.fftn(torch.randn(shape, generator=generator), dim=axes) * distance**exponent
    return torch.fft.ifftn(spectrum, dim=axes).real


@pytest.mark.parametrize("exponent", [0.0, -1.0, -1.5])
@pytest.mark.parametrize("shape", [(100, 256), (20, 128, 128)])
def test_the_slope_of_a_power_law(shape, exponent, generator):
    assert falloff(power_law(shape, exponent, generator)).slope == pytest.approx(exponent, abs=0.2)  # the window smears it


def test_a_tone_is_where_it_is():
    tone = torch.sin(2 * torch.pi * 0.125 * torch.arange(256))[None]
    found = falloff(tone)
    assert found.frequency[found.magnitude.argmax()] == 0.125


def test_the_level_moves_all_and_the_slope_not(generator):
    signals = power_law((20, 64, 64), -1.0, generator)
    quiet, loud = falloff(signals), falloff(3 + 10 * signals)
    assert torch.allclose(loud.magnitude, 10 * quiet.magnitude, rtol=1e-3)
    assert loud.slope == pytest.approx(quiet.slope, abs=1e-3)


def test_patches_are_parts_of_the_signal(generator):
    ramp = torch.arange(1000.0)
    assert (patches(ramp, 16, 50, generator).diff(dim=-1) == 1).all()
    picture = torch.arange(40.0)[:, None] * 100 + torch.arange(60.0)
    found = patches(picture, 8, 50, generator)
    assert found.shape == (50, 8, 8)
    assert (found.diff(dim=1) == 100).all()
    assert (found.diff(dim=2) == 1).all()
    with pytest.raises(ValueError, match="a signal of 40 × 60 is smaller than a patch of 41"):
        patches(picture, 41, 1, generator)
