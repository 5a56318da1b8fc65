"""SDR, SIR and SAR: agreement with mir_eval, values by hand, the order of the sources, and what does not apply."""

import sys
import warnings

import pytest
import torch

from dap.metrics.separation import separation_scores

pytest.importorskip("fast_bss_eval")


@pytest.fixture
def sources(generator) -> torch.Tensor:
    return torch.randn(2, 6000, generator=generator)


def test_agreement_with_mir_eval(sources, generator):
    """Coloured sources that leak, echo and are noisy, in the wrong order."""
    separation = pytest.importorskip("mir_eval.separation")
    reference = sources.cumsum(1).sin()
    estimate = reference.flip(0) + 0.2 * reference + 0.1 * reference.flip(0).roll(3, 1)
    estimate = estimate + 0.1 * torch.randn(2, 6000, generator=generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # mir_eval means to drop the module
        expected = separation.bss_eval_sources(reference.double().numpy(), estimate.double().numpy())
    scores = separation_scores(estimate, reference)
    assert scores.order == (1, 0)
    for name, ours, theirs in zip(scores._fields, scores, expected, strict=True):
        assert ours == pytest.approx(theirs.tolist(), abs=1e-3), name


def test_known_values(sources, generator):
    """White signals of 6000 samples, of which the 1024 taps of two filters fit a sixth: so much is forgiven."""
    interference = separation_scores(sources + 0.1 * sources.flip(0), sources)
    assert interference.sir == pytest.approx((20, 20), abs=1.4)  # two white signals have a little in common: 0.7 dB were seen
    assert min(interference.sar) > 60
    noise = separation_scores(sources + 0.1 * torch.randn(2, 6000, generator=generator), sources)
    assert noise.sar == pytest.approx((20.8, 20.8), abs=0.5)
    assert min(noise.sir) > 28
    assert min(noise.sdr) < min(noise.sar)


def test_filters_and_levels_are_no_distortion(sources):
    """A level, a delay and an echo within 512 samples."""
    silence = torch.zeros(2, 100)
    reference = torch.cat([sources, silence], 1)
    estimate = 5 * reference + 2 * torch.cat([silence, sources], 1)
    assert min(separation_scores(estimate, reference).sdr) > 80


def test_a_perfect_estimate_has_a_score(sources):
    scores = separation_scores(sources, sources)
    assert (*scores.sdr, *scores.sir, *scores.sar) == pytest.approx((100,) * 6, abs=1e-3)


def test_order(sources):
    swapped = sources.flip(0) + 0.1 * sources
    found = separation_scores(swapped, sources)
    assert found.order == (1, 0)
    assert found.sir == pytest.approx((20, 20), abs=1.4)  # two white signals have a little in common: 0.7 dB were seen
    as_they_come = separation_scores(swapped, sources, permute=False)
    assert as_they_come.order == (0, 1)
    assert max(as_they_come.sir) < -9  # not −20: a twelfth of the other source passes for a filtered version of this one


def test_what_cannot_be_scored(sources):
    with pytest.raises(ValueError, match=r"two or more sources, \(source, time\), got shape \(1, 6000\)"):
        separation_scores(sources[:1], sources[:1])
    with pytest.raises(ValueError, match="differ in shape"):
        separation_scores(sources[:1], sources)
    with pytest.raises(ValueError, match="reference 1 is silent"):
        separation_scores(sources, sources * torch.tensor([[1], [0]]))
    with pytest.raises(ValueError, match="estimate 0 is silent"):
        separation_scores(sources * torch.tensor([[0], [1]]), sources)
    with pytest.raises(ValueError, match="1000 samples are too short for 2 filters of 512"):
        separation_scores(sources[:, :1000], sources[:, :1000])
    with pytest.raises(ValueError, match="the references do not differ enough"):
        separation_scores(sources, sources[[0, 0]])


def test_a_package_that_is_missing(monkeypatch, sources):
    monkeypatch.setitem(sys.modules, "fast_bss_eval", None)
    with pytest.raises(ValueError, match=r"need fast_bss_eval: pip install 'dap\[metrics\]'"):
        separation_scores(sources, sources)
