"""The tight frame against its definition: inverse, adjoint, a projection, and one bin written out."""

import math

import pytest
import torch

from dap.dsp.tight_frame import TightFrame


def inner(left, right, n_fft):
    """Re⟨left, right⟩ over all n_fft bins, of which (..., n_freq, n_frames) holds those of no negative frequency."""
    weight = torch.full((n_fft // 2 + 1, 1), 2.0, dtype=torch.float64)
    weight[0] = weight[-1] = 1.0
    return float((weight * (left * right.conj()).real).sum())


@pytest.mark.parametrize(("n_window", "hop_length", "n_fft"), [(64, 16, None), (64, 32, 128), (60, 10, 64)])
@pytest.mark.parametrize("n_samples", [1, 63, 640, 641])
def test_synthesis_is_adjoint_and_inverse(n_window, hop_length, n_fft, n_samples):
    frame = TightFrame(n_window, hop_length, n_fft)
    waveform = torch.randn(2, n_samples, dtype=torch.float64)
    spec = frame.analysis(waveform)
    other = torch.randn_like(spec)
    other[..., 0, :], other[..., -1, :] = other[..., 0, :].real + 0j, other[..., -1, :].real + 0j
    assert spec.shape == (2, frame.n_fft // 2 + 1, math.ceil(n_samples / hop_length) + n_window // hop_length - 1)
    torch.testing.assert_close(frame.synthesis(spec, n_samples), waveform)
    there, back = inner(spec, other, frame.n_fft), float((waveform * frame.synthesis(other, n_samples)).sum())
    assert there == pytest.approx(back, rel=1e-9, abs=1e-9)
    assert inner(spec, spec, frame.n_fft) == pytest.approx(float(waveform.square().sum()), rel=1e-9)


def test_a_bin_is_the_windowed_fourier_sum():
    frame = TightFrame(16, 4, n_fft=32)
    waveform = torch.randn(50, dtype=torch.float64)
    padded = torch.nn.functional.pad(waveform, (12, 16))
    start, bin_index = 5 * 4, 3
    turns = torch.exp(-2j * math.pi * bin_index * torch.arange(16, dtype=torch.float64) / 32)
    expected = (frame.window * padded[start : start + 16] * turns).sum() / math.sqrt(32)
    torch.testing.assert_close(frame.analysis(waveform)[bin_index, 5], expected)


@pytest.mark.parametrize("lengths", [(64, 0), (64, 48), (64, 24), (64, 16, 62), (64, 16, 65)])
def test_lengths_out_of_range_are_refused(lengths):
    with pytest.raises(ValueError, match=r"hop_length must divide|n_fft must be even"):
        TightFrame(*lengths)
