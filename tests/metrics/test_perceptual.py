"""PESQ and STOI: the packages' own figures, a published value, determinism, and what does not apply."""

import sys

import numpy as np
import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.metrics.composite import raw_pesq
from dap.metrics.perceptual import estoi, pesq_nb, pesq_of_channels, pesq_wb, stoi

PESQ, STOI = (pesq_wb, pesq_nb), (stoi, estoi)


@pytest.fixture(scope="module")
def speech(test_audio) -> tuple[torch.Tensor, torch.Tensor, int]:
    """A noisy second of speech, the clean one, and the rate (22.05 kHz)."""
    reference, rate = read_audio(test_audio / "speech_lj" / "LJ001-0002.flac", seconds=1)
    noise = torch.randn(reference.shape, generator=torch.Generator().manual_seed(0))
    return reference + 0.02 * noise, reference, rate


@pytest.mark.parametrize(("ours", "rate", "mode"), [(pesq_wb, 16000, "wb"), (pesq_nb, 8000, "nb")])
def test_pesq_is_that_of_the_package(speech, ours, rate, mode):
    """Resampled by another resampler, whose roll-off differs a little."""
    package, signal = pytest.importorskip("pesq"), pytest.importorskip("scipy.signal")
    estimate, reference, own_rate = speech
    resampled = [signal.resample_poly(waveform[0].double().numpy(), rate, own_rate) for waveform in (reference, estimate)]
    assert ours(estimate, reference, own_rate) == pytest.approx(package.pesq(rate, *resampled, mode), abs=0.01)


def test_pesq_at_its_own_rate_is_not_resampled(speech):
    package = pytest.importorskip("pesq")
    estimate, reference, _ = speech
    expected = package.pesq(16000, reference[0].numpy(), estimate[0].numpy(), "wb")
    assert pesq_wb(estimate, reference, 16000) == pytest.approx(expected, abs=1e-6)


def test_pesq_agrees_with_a_published_value(golden_audio):
    """2.255732 for the composite measures' example (shared/tools/README.md), before the mapping to MOS-LQO."""
    pytest.importorskip("pesq")
    reference, rate = read_audio(golden_audio / "sp09.wav")
    estimate, _ = read_audio(golden_audio / "enhanced_logmmse.wav")
    padded = torch.nn.functional.pad(estimate, (0, reference.shape[1] - estimate.shape[1]))
    assert raw_pesq(pesq_nb(padded, reference, rate)) == pytest.approx(2.255732, abs=1e-5)


@pytest.mark.parametrize(("ours", "extended"), [(stoi, False), (estoi, True)])
def test_stoi_is_that_of_the_package(speech, ours, extended):
    package = pytest.importorskip("pystoi")
    estimate, reference, rate = speech
    expected = package.stoi(reference[0].numpy(), estimate[0].numpy(), rate, extended)
    assert ours(estimate, reference, rate) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("metric", [*PESQ, *STOI])
def test_the_noisier_the_worse(speech, metric):
    pytest.importorskip("pesq")
    estimate, reference, rate = speech
    noise = estimate - reference
    scores = [metric(reference + level * noise, reference, rate) for level in (0, 0.2, 1, 5)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx({pesq_wb: 4.644, pesq_nb: 4.549}.get(metric, 1), abs=1e-3)


@pytest.mark.parametrize("metric", [*PESQ, *STOI])
def test_channels_are_averaged(speech, metric):
    pytest.importorskip("pesq")
    estimate, reference, rate = speech
    other = reference + 0.2 * (estimate - reference)
    both = metric(torch.cat([estimate, other]), torch.cat([reference, reference]), rate)
    assert both == pytest.approx((metric(estimate, reference, rate) + metric(other, reference, rate)) / 2, abs=1e-6)


def test_equal_signals_score_the_same_and_leave_numpys_generator_alone(speech):
    """ESTOI adds noise from numpy's global generator, which would change the last digits from run to run."""
    state = np.random.get_state()[1].copy()
    assert estoi(*speech) == estoi(*speech)
    assert (np.random.get_state()[1] == state).all()


@pytest.mark.parametrize("metric", [*PESQ, *STOI])
def test_what_cannot_be_heard(generator, metric):
    noise = torch.randn(1, 16000, generator=generator)
    with pytest.raises(ValueError, match="the reference is silent"):
        metric(noise, 0 * noise, 16000)
    with pytest.raises(ValueError, match="a channel of the reference is silent"):
        metric(noise.expand(2, -1), torch.cat([noise, 0 * noise]), 16000)
    with pytest.raises(ValueError, match="the estimate is silent"):
        metric(0 * noise, noise, 16000)
    with pytest.raises(ValueError, match=r"needs a sample rate of at least \d+ Hz, got 4000"):
        metric(noise, noise, 4000)


def test_pesq_of_what_is_not_speech_enough(generator):
    pytest.importorskip("pesq")
    noise = torch.randn(1, 3999, generator=generator)
    with pytest.raises(ValueError, match=r"0\.25 s are too short for PESQ: it needs 0\.25 s"):
        pesq_wb(noise, noise, 16000)
    click = torch.zeros(1, 32000)
    click[:, 16000:18400] = noise[:, :2400]  # 0.15 s
    with pytest.raises(ValueError, match="PESQ finds no utterance"):
        pesq_wb(click + 0.1 * torch.randn(1, 32000, generator=generator), click, 16000)
    with pytest.raises(ValueError, match="PESQ gives no number"):
        pesq_wb(1e-30 * noise.double().repeat(1, 4), noise.repeat(1, 4), 16000)


def test_pesq_is_not_asked_about_what_may_crash_its_code(generator):
    """Its arrays hold 50 utterances: noise that begins anew every 0.44 s for 30 s ends the whole program (pesq 0.0.4)."""
    with pytest.raises(ValueError, match=r"more than 18\.8 s, the clip lasts 30\.0 s"):
        pesq_nb(torch.ones(1, 240000), torch.ones(1, 240000), 8000)


def test_an_unknown_band():
    with pytest.raises(ValueError, match="band must be one of wb, nb, got 'swb'"):
        pesq_of_channels(torch.ones(8000), torch.ones(8000), 16000, "swb")


@pytest.mark.parametrize(("metric", "name"), [(stoi, "STOI"), (estoi, "ESTOI")])
def test_stoi_of_too_little(generator, metric, name):
    pytest.importorskip("pystoi")
    noise = torch.randn(1, 20000, generator=generator)
    with pytest.raises(ValueError, match=rf"0\.01 s are too short for {name}"):
        metric(noise[:, :100], noise[:, :100], 10000)
    mostly_silent = noise * (torch.arange(20000) < 3000)  # 0.3 s of 2 s
    with pytest.raises(ValueError, match=f"too little is left for {name} without the pauses"):
        metric(noise, mostly_silent, 10000)


@pytest.mark.parametrize(("metric", "package"), [(pesq_wb, "pesq"), (pesq_nb, "pesq"), (stoi, "metrics"), (estoi, "metrics")])
def test_a_package_that_is_missing(monkeypatch, generator, metric, package):
    monkeypatch.setitem(sys.modules, "pesq", None)
    monkeypatch.setitem(sys.modules, "pystoi", None)
    noise = torch.randn(1, 16000, generator=generator)
    with pytest.raises(ValueError, match=rf"needs py?.*: pip install 'dap\[{package}\]'"):
        metric(noise, noise, 16000)
