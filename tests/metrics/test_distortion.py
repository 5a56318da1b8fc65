"""The distortion measures: values by hand, invariances, a published value, and what does not apply."""

import math

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.metrics.distortion import psnr, segmental_snr, si_sdr, snr
from dap.metrics.scores import score


@pytest.fixture
def pair(generator) -> tuple[torch.Tensor, torch.Tensor]:
    reference = torch.randn(1, 16000, generator=generator)
    return reference + 0.1 * torch.randn(1, 16000, generator=generator), reference


def test_known_values(pair):
    estimate, reference = pair  # noise of a tenth of the amplitude: 20 dB
    assert snr(estimate, reference) == pytest.approx(20, abs=0.2)
    assert si_sdr(estimate, reference) == pytest.approx(20, abs=0.2)
    assert segmental_snr(estimate, reference, 16000) == pytest.approx(20, abs=0.3)
    peak_db = 20 * math.log10(float(reference.abs().max()))
    assert psnr(estimate, reference) == pytest.approx(20 + peak_db, abs=0.2)


def test_si_sdr_does_not_depend_on_level_or_offset(pair):
    estimate, reference = pair
    expected = si_sdr(estimate, reference)
    assert si_sdr(7 * estimate + 3, reference) == pytest.approx(expected, abs=1e-3)
    assert si_sdr(estimate, 0.1 * reference - 2) == pytest.approx(expected, abs=1e-3)


def test_no_score_depends_on_the_common_level(pair):
    estimate, reference = pair
    for function in (psnr, snr, lambda e, r: segmental_snr(e, r, 16000)):
        assert function(0.01 * estimate, 0.01 * reference) == pytest.approx(function(estimate, reference), abs=1e-3)


def test_channels_are_averaged(pair):
    estimate, reference = pair
    other = reference + 0.5 * (estimate - reference)
    both = torch.cat([estimate, other]), torch.cat([reference, reference])
    for function in (snr, si_sdr):
        mean = (function(estimate, reference) + function(other, reference)) / 2
        assert function(*both) == pytest.approx(mean, abs=1e-4)


def test_segmental_snr_agrees_with_a_published_value(golden_audio):
    """Hu & Loizou's comp_snr on the composite measures' example: 3.991727 (shared/tools/README.md)."""
    reference, rate = read_audio(golden_audio / "sp09.wav")
    estimate, _ = read_audio(golden_audio / "enhanced_logmmse.wav")
    n_samples = min(estimate.shape[1], reference.shape[1])
    assert segmental_snr(estimate[:, :n_samples], reference[:, :n_samples], rate) == pytest.approx(3.991727, abs=1e-5)


@pytest.mark.parametrize("function", [psnr, snr, si_sdr])
def test_what_cannot_be_scored(function):
    with pytest.raises(ValueError, match="differ in shape"):
        function(torch.ones(1, 4), torch.ones(1, 5))
    with pytest.raises(ValueError, match="the reference is silent"):
        function(torch.ones(1, 4), torch.zeros(1, 4))
    with pytest.raises(ValueError, match="NaN or Inf"):
        function(torch.tensor([math.nan, 1]), torch.ones(2))
    with pytest.raises(ValueError, match="no samples"):
        function(torch.ones(1, 0), torch.ones(1, 0))


def test_scores_that_do_not_apply_are_none_and_say_why():
    scores = score(torch.ones(1, 100), torch.zeros(1, 100), 16000)
    reasons = scores.pop("not_scored")
    assert set(scores.values()) == {None}
    assert reasons.keys() == scores.keys()
    assert reasons["snr"] == "the reference is silent: nothing to compare with"
    too_short = score(torch.ones(1, 100), torch.ones(1, 100).cumsum(1), 16000)
    assert too_short["segmental_snr"] is None
    assert too_short["snr"] is not None


def test_what_was_missing_is_scored_by_itself():
    reference = torch.ones(1, 4096)
    estimate = reference.clone()
    estimate[:, 100:200] = 0.9
    missing = torch.zeros(4096, dtype=torch.bool)
    missing[100:200] = True
    assert score(estimate, reference, 16000, missing)["snr_missing"] == pytest.approx(20, abs=1e-4)
    assert "snr_missing" not in score(estimate, reference, 16000)
