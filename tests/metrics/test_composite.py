"""The composite measures and their parts: published values, a second implementation, invariances, and what does not apply."""

import math

import numpy as np
import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.resample import resample
from dap.metrics import composite as module
from dap.metrics.composite import composite, log_likelihood_ratio, raw_pesq, weighted_spectral_slope
from dap.metrics.distortion import segmental_snr
from dap.metrics.perceptual import pesq_nb, pesq_wb

PARTS = (log_likelihood_ratio, weighted_spectral_slope)


@pytest.fixture(scope="module")
def golden(golden_audio) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Hu & Loizou's example: a sentence enhanced by log-MMSE, the clean one, and the rate (8 kHz)."""
    reference, rate = read_audio(golden_audio / "sp09.wav")
    estimate, _ = read_audio(golden_audio / "enhanced_logmmse.wav")
    return estimate, reference[:, : estimate.shape[1]], rate


@pytest.fixture(scope="module")
def speech(test_audio) -> tuple[torch.Tensor, torch.Tensor, int]:
    """A noisy second of speech, the clean one, and the rate (22.05 kHz)."""
    reference, rate = read_audio(test_audio / "speech_lj" / "LJ001-0002.flac", seconds=1)
    noise = torch.randn(reference.shape, generator=torch.Generator().manual_seed(0))
    return reference + 0.005 * noise, reference, rate


def test_the_parts_agree_with_published_values(golden):
    """The settings and values of shared/tools/README.md."""
    assert log_likelihood_ratio(*golden) == pytest.approx(0.681368, abs=1e-6)
    assert weighted_spectral_slope(*golden) == pytest.approx(49.671978, abs=1e-6)


def test_the_measures_agree_with_published_values(golden):
    """Published with the raw score 2.255732: of the whole reference, of which the other parts see what the estimate covers."""
    mos = 0.999 + 4 / (1 + math.exp(4.6607 - 1.4945 * 2.255732))
    assert composite(*golden, "nb", [mos]) == pytest.approx((3.3050, 2.6160, 2.7133), abs=1e-4)


def test_the_measures_are_the_formulas_of_their_parts(speech):
    pytest.importorskip("pesq")
    estimate, reference, own_rate = speech
    for band, rate in (("wb", 16000), ("nb", 8000)):
        pair = resample(estimate.double(), own_rate, rate), resample(reference.double(), own_rate, rate)
        llr, wss, ssnr = (part(*pair, rate) for part in (*PARTS, segmental_snr))
        pesq = pesq_wb(*speech) if band == "wb" else raw_pesq(pesq_nb(*speech))
        csig, cbak, covl = composite(*speech, band)
        assert csig == pytest.approx(3.093 - 1.029 * llr + 0.603 * pesq - 0.009 * wss, abs=1e-6)
        assert cbak == pytest.approx(1.634 + 0.478 * pesq - 0.007 * wss + 0.063 * ssnr, abs=1e-6)
        assert covl == pytest.approx(1.594 + 0.805 * pesq - 0.512 * llr - 0.007 * wss, abs=1e-6)


def test_the_best_and_the_worst(speech):
    pytest.importorskip("pesq")
    _, reference, rate = speech
    noise = torch.randn(reference.shape, generator=torch.Generator().manual_seed(1))
    assert composite(reference, reference, rate) == (5, 5, 5)
    assert composite(noise, reference, rate) == (1, 1, 1)


def test_channels_are_scored_one_by_one(speech):
    """Each is held within 1 … 5 before the average."""
    pytest.importorskip("pesq")
    _, reference, rate = speech
    noise = torch.randn(reference.shape, generator=torch.Generator().manual_seed(1))
    both = composite(torch.cat([reference, noise]), torch.cat([reference, reference]), rate)
    assert both == (3, 3, 3)


def frames_of(signal: torch.Tensor, rate: int) -> np.ndarray:
    """By a loop, from the description: 30 ms, a quarter apart, Hann of L + 2 points without its zeros."""
    signal = signal.double().numpy() + np.finfo(float).eps
    length = round(0.03 * rate)
    hop = length // 4
    window = np.array([0.5 * (1 - math.cos(2 * math.pi * n / (length + 1))) for n in range(1, length + 1)])
    return np.array([window * signal[k * hop : k * hop + length] for k in range(int(len(signal) / hop - length / hop))])


def lowest(values: list[float]) -> float:
    return float(np.mean(sorted(values)[: round(0.95 * len(values))]))


@pytest.mark.parametrize(("rate", "order"), [(8000, 10), (16000, 16)])
def test_log_likelihood_ratio_agrees_with_a_second_implementation(speech, rate, order):
    """The filters by scipy's Levinson recursion, frame by frame."""
    linalg = pytest.importorskip("scipy.linalg")
    estimate, reference, _ = speech
    ratios = []
    for e, r in zip(frames_of(estimate[0], rate), frames_of(reference[0], rate), strict=True):
        lags_e, lags_r = ([np.dot(frame[: len(frame) - k], frame[k:]) for k in range(order + 1)] for frame in (e, r))
        filter_e, filter_r = (np.append(1, linalg.solve_toeplitz(lags[:-1], -np.array(lags[1:]))) for lags in (lags_e, lags_r))
        matrix = linalg.toeplitz(lags_r)
        ratios.append(math.log((filter_e @ matrix @ filter_e) / (filter_r @ matrix @ filter_r)))
    assert log_likelihood_ratio(estimate, reference, rate) == pytest.approx(lowest(ratios), abs=1e-6)


def test_weighted_spectral_slope_agrees_with_a_second_implementation(speech):
    """The search for the nearest peak band by band, as in Loizou's book."""
    estimate, reference, _ = speech
    rate, n_fft = 16000, 1024
    centres, widths = np.array(module._CENTRES_HZ) * n_fft / rate, np.array(module._BANDWIDTHS_HZ) * n_fft / rate
    bins = np.arange(n_fft // 2)
    filters = [
        np.exp(-11 * ((bins - math.floor(centre)) / width) ** 2 + math.log(widths[0] / width))
        for centre, width in zip(centres, widths, strict=True)
    ]
    filters = np.array([np.where(band > math.exp(-30 / (2 * 2.303)), band, 0) for band in filters])

    def weights(energy: np.ndarray, slope: np.ndarray) -> np.ndarray:
        found = []
        for band in range(24):
            n = band
            if slope[band] > 0:
                while n < 24 and slope[n] > 0:
                    n += 1
                peak = energy[n - 1]
            else:
                while n >= 0 and slope[n] <= 0:
                    n -= 1
                peak = energy[n + 1]
            found.append(20 / (20 + max(energy) - energy[band]) / (1 + peak - energy[band]))
        return np.array(found)

    distances = []
    for pair in zip(frames_of(estimate[0], rate), frames_of(reference[0], rate), strict=True):
        powers = [np.abs(np.fft.rfft(frame, n_fft))[: n_fft // 2] ** 2 for frame in pair]
        energies = [10 * np.log10(np.maximum(filters @ power, 1e-10)) for power in powers]
        slopes = [np.diff(energy) for energy in energies]
        weight = (weights(energies[0], slopes[0]) + weights(energies[1], slopes[1])) / 2
        distances.append(np.sum(weight * (slopes[1] - slopes[0]) ** 2) / np.sum(weight))
    assert weighted_spectral_slope(estimate, reference, rate) == pytest.approx(lowest(distances), abs=1e-6)


@pytest.mark.parametrize("part", PARTS)
def test_the_parts_know_no_level(speech, part):
    estimate, reference, rate = speech
    assert part(3 * estimate, reference, rate) == pytest.approx(part(estimate, reference, rate), abs=1e-3)
    assert part(reference, reference, rate) == 0


@pytest.mark.parametrize("part", PARTS)
def test_the_parts_have_a_value_wherever_the_signals_do(generator, part):
    """Pauses of digital silence and pure tones, whose prediction has no error, included."""
    noise = torch.randn(16000, generator=generator)
    half = noise * (torch.arange(16000) < 8000)
    tone = torch.sin(0.5 * torch.arange(16000))
    for estimate, reference in ((noise, half), (half, noise), (half, half), (tone, noise), (noise, tone), (tone, tone)):
        assert 0 <= part(estimate, reference, 16000) < math.inf


@pytest.mark.parametrize("part", PARTS)
def test_a_clip_shorter_than_a_frame(part):
    with pytest.raises(ValueError, match="100 samples at 16000 Hz are too short for frames of 30 ms"):
        part(torch.ones(1, 100), torch.ones(1, 100), 16000)


def test_what_has_no_measure(speech):
    estimate, reference, _ = speech
    with pytest.raises(ValueError, match="wide-band PESQ needs a sample rate of at least 16000 Hz, got 11025"):
        composite(estimate, reference, 11025)
    with pytest.raises(ValueError, match="band must be one of wb, nb, got 'raw'"):
        composite(estimate, reference, 16000, "raw")
