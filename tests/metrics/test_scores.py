"""All scores at once: what each says of more noise, what is computed once, and what is missing."""

import sys

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.metrics import scores as module
from dap.metrics.composite import composite
from dap.metrics.perceptual import estoi, pesq_wb, stoi
from dap.metrics.scores import METRICS, score
from dap.metrics.spectral import LSD_EPFL, log_spectral_distance, multi_resolution_stft_distance

OF_SOURCES = ("sdr", "sir", "sar")
SPEECH_SCORES = ("pesq_wb", "stoi", "estoi", "csig", "cbak", "covl")


@pytest.fixture(scope="module")
def speech(test_audio) -> tuple[torch.Tensor, torch.Tensor, int]:
    """A noisy second of stereo speech, the clean one, and the rate (22.05 kHz)."""
    reference, rate = read_audio(test_audio / "speech_lj" / "LJ001-0002.flac", seconds=1)
    noise = torch.randn((2, reference.shape[1]), generator=torch.Generator().manual_seed(0))
    return reference + 0.005 * noise, reference.expand(2, -1), rate


def test_the_order_of_tables():
    first = ["si_sdr", "psnr", "snr", "segmental_snr"]
    assert list(METRICS)[:4] == first
    assert set(SPEECH_SCORES) <= set(METRICS)
    assert max(len(metric.title) for metric in METRICS.values()) <= 11, "titles are heads of columns"
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)


def test_each_entry_is_its_function(speech):
    pytest.importorskip("pesq")
    pair, rate = speech[:2], speech[2]
    scores = score(*speech)
    assert "not_scored" not in scores
    assert scores["log_spectral_distance"] == log_spectral_distance(*pair)
    assert scores["log_spectral_distance_1024"] == log_spectral_distance(*pair, *LSD_EPFL)
    assert scores["multi_resolution_stft"] == multi_resolution_stft_distance(*pair)
    assert (scores["stoi"], scores["estoi"]) == (stoi(*pair, rate), estoi(*pair, rate))
    assert scores["pesq_wb"] == pesq_wb(*pair, rate)
    assert (scores["csig"], scores["cbak"], scores["covl"]) == composite(*pair, rate, "wb")


@pytest.mark.parametrize("name", [name for name in METRICS if name not in OF_SOURCES])
def test_more_noise_is_worse(speech, name):
    estimate, reference, rate = speech
    missing = torch.arange(reference.shape[1]) < 1000
    noisier = reference + 8 * (estimate - reference)
    better, worse = (score(signal, reference, rate, missing, [name]) for signal in (estimate, noisier))
    if "pip install" in better.get("not_scored", {}).get(name, ""):
        pytest.skip(better["not_scored"][name])
    assert (better[name] > worse[name]) == METRICS[name].higher_is_better
    assert better[name] != worse[name]


def test_pesq_is_computed_once_a_channel(speech, monkeypatch):
    package = pytest.importorskip("pesq")
    calls = []
    original = package.pesq
    monkeypatch.setattr(package, "pesq", lambda *arguments: calls.append(arguments) or original(*arguments))
    scores = score(*speech, names=SPEECH_SCORES)
    assert None not in scores.values()
    assert len(calls) == 2  # left and right


def test_a_missing_package_is_a_reason(speech, monkeypatch):
    monkeypatch.setitem(sys.modules, "pesq", None)
    monkeypatch.setitem(sys.modules, "pystoi", None)
    scores = score(*speech)
    reasons = scores["not_scored"]
    assert set(reasons) == set(SPEECH_SCORES)
    assert reasons["covl"] == "PESQ needs pesq: pip install 'dap[pesq]'"
    assert reasons["stoi"] == "STOI needs pystoi: pip install 'dap[metrics]'"
    assert all(isinstance(scores[name], float) for name in METRICS if name not in (*SPEECH_SCORES, "snr_missing", *OF_SOURCES))


def test_what_is_no_mistake_of_the_signals_is_not_swallowed(speech, monkeypatch):
    """Only ValueError is a reason; a fault of the program stays one."""
    faulty = module.Metric("faulty", "", lambda pair: 1 / 0)
    monkeypatch.setitem(METRICS, "faulty", faulty)
    with pytest.raises(ZeroDivisionError):
        score(*speech, names=["faulty"])


def test_a_low_rate_has_no_wide_band():
    noise = torch.randn(1, 11025, generator=torch.Generator().manual_seed(0))
    scores = score(0.5 * noise, noise, 11025)
    wide = "wide-band PESQ needs a sample rate of at least 16000 Hz, got 11025"
    assert {name: scores["not_scored"][name] for name in ("pesq_wb", "csig", "cbak", "covl")} == dict.fromkeys(
        ("pesq_wb", "csig", "cbak", "covl"), wide
    )
    assert scores["psnr"] > 0


def test_several_sources_have_scores_of_their_own_and_their_means(generator):
    reference = torch.randn(2, 2, 12000, generator=generator)  # (source, channel, time)
    estimate = reference + torch.tensor([0.1, 0.01])[:, None, None] * reference.flip(0)
    names = ["snr", "psnr", "snr_missing", "estoi", *OF_SOURCES]
    scores = score(estimate, reference, 8000, names=names)
    assert "snr_missing" not in scores
    first, second = scores["sources"]["1"], scores["sources"]["2"]
    assert (first["snr"], second["snr"]) == pytest.approx((20, 40), abs=0.3)
    assert (first["sir"], second["sir"]) == pytest.approx((20, 40), abs=0.5)
    for name in ("snr", "psnr", *OF_SOURCES):
        assert scores[name] == pytest.approx((first[name] + second[name]) / 2)


def test_sources_that_are_too_short_say_so():
    reference = torch.randn(2, 1, 900)
    scores = score(0.5 * reference, reference, 8000, names=["snr", "segmental_snr", "sdr"])
    assert (scores["sdr"], scores["not_scored"]["sdr"]) == (None, "900 samples are too short for 2 filters of 512")
