"""What the filter bank is made of: the noise's density, two-way decisions, warped frames, the least risk."""

import math

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.chirp_filter import ChirpFilter
from dap.dsp.least_risk import least_risk_weights
from dap.dsp.noise_density import NoiseDensity, blind_noise_density
from dap.dsp.signals import NOISES
from dap.dsp.spectral_gain import DecisionDirected, wiener_gain
from dap.dsp.stft import STFT
from dap.dsp.two_way_snr import two_way_prior_snr
from dap.methods.classical.spectral_filter import frame_stft
from dap.metrics.distortion import si_sdr

RATE = 16000
STFT_32 = STFT(512, 128)


@pytest.mark.parametrize(("colour", "white"), [("white", True), ("pink", False), ("brown", False)])
def test_white_noise_is_told_from_coloured(colour, white, generator):
    """Of 20 s: the slope of pink noise scatters, and of 2 s one draw in three passes for white."""
    noise = 0.1 * NOISES[colour]((1, 20 * RATE), generator=generator)
    assert blind_noise_density(noise, STFT_32).white is white


def test_a_density_draws_noise_that_has_it(generator):
    slope = torch.linspace(1, 0.01, 257)[None, :, None].expand(1, 257, 251).contiguous()
    drawn = NoiseDensity(slope, 128).draw(250 * 128, generator)
    power = STFT_32.analysis(drawn).abs().square().mean(-1)[0] / STFT_32.window.square().sum()
    for low, high in ((10, 60), (100, 150), (200, 250)):  # 50 bins, 250 frames: within 0.3 dB
        assert 10 * math.log10(float(power[low:high].mean() / slope[0, low:high].mean())) == pytest.approx(0, abs=0.3)


def test_a_density_keeps_its_level_on_any_grid(generator):
    """In frames twice as long noise of the same density has twice the power, in each bin and frame that both have."""
    density = blind_noise_density(0.1 * NOISES["pink"]((1, 2 * RATE), generator=generator), STFT_32)
    short, long = (density.power(STFT(n, n // 4), 2 * RATE // (n // 4) + 1) for n in (512, 1024))
    assert torch.allclose(long[:, ::2], 2 * short[..., ::2], rtol=1e-4)


def test_the_level_is_corrected_by_what_is_silent(generator):
    """A σ that is taken 1 dB too low is found, beside a tone that the estimate knows of."""
    tone = 0.5 * torch.sin(torch.arange(2 * RATE) / 5)[None]
    observation = tone + 0.1 * torch.randn(1, 2 * RATE, generator=generator)
    low = NoiseDensity(torch.tensor([[[0.01 * 10**-0.1]]]), 128)
    corrected = low.refined(observation, tone, STFT_32).density
    assert 10 * math.log10(float(corrected) / 0.01) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.95])
def test_two_ways_are_the_mean_of_one_way_and_its_mirror_image(alpha, generator):
    """Against the decision-directed filter that goes one way; gains of ξ instead of ξ itself would not do for a mean."""
    snr = torch.rand((3, 40), generator=generator) * 5

    def one_way(power: torch.Tensor) -> torch.Tensor:
        gain = DecisionDirected(wiener_gain, alpha, -25.0)(power, torch.ones_like(power))
        return gain / (1 - gain)

    expected = (one_way(snr) + one_way(snr.flip(-1)).flip(-1)) / 2
    assert torch.allclose(two_way_prior_snr(snr, [alpha])[0], expected, rtol=1e-4)


def test_two_ways_refuse_a_memory_that_never_ends():
    with pytest.raises(ValueError, match=r"below 1, got \[1.0\]"):
        two_way_prior_snr(torch.ones(2, 2), [1.0])


def test_warped_frames_follow_a_glide(generator):
    """Eleven partials that rise by three quarters in a second: warped frames of 96 ms lose less of them than steady ones."""
    time = torch.arange(RATE) / RATE
    phase = 2 * math.pi * (200 * time + 75 * time**2)
    sound = 0.2 * sum(torch.sin(k * phase) / k for k in range(1, 12))[None]
    observation = sound + 0.05 * torch.randn(1, RATE, generator=generator)
    noise = NoiseDensity(torch.tensor([[[0.0025]]]), 128)
    scores = {}
    for name, warps in (("steady", (0.0,)), ("warped", (-0.1, -0.05, 0.0, 0.05, 0.1))):
        chirp = ChirpFilter(1536, warps)
        chosen = chirp.choose(sound, noise)
        scores[name] = si_sdr(chirp(observation, sound, noise, chosen), sound)
    assert scores["warped"] > scores["steady"] + 0.2  # dB; 0.38 to 0.47
    assert (chosen[0, 4:20] == 1).float().mean() > 0.9  # a = −0.05: it rises by some 10 % within a frame


@pytest.mark.parametrize("warp", [-0.2, 0.0, 0.15])
@pytest.mark.parametrize(("n_fft", "n_samples"), [(64, 1000), (256, 1001), (2116, 5003)])
def test_without_noise_a_warp_changes_nothing(warp, n_fft, n_samples):
    sound = torch.sin(torch.arange(n_samples) / 5)[None].repeat(2, 1)
    quiet = NoiseDensity(torch.full((2, 1, 1), 1e-12), 16)
    chirp = ChirpFilter(n_fft, (warp,))
    same = chirp(sound, sound, quiet, chirp.choose(sound, quiet))
    assert same.shape == sound.shape
    edge = min(n_fft, n_samples // 3)
    assert (same - sound)[:, edge:-edge].abs().max() < 1e-3


def test_the_least_risk_is_that_of_the_truth(generator):
    """The weights are near to those of least squares on the reference, which they have not seen."""
    sound = torch.sin(torch.arange(20000) / 7)[None]
    noise, probe = 0.5 * torch.randn((2, 1, 20000), generator=generator)
    spectrum_gains = torch.rand((3, 10001), generator=generator)

    def filters(waveform: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.fft.irfft(gain * torch.fft.rfft(waveform), n=20000) for gain in spectrum_gains])

    estimates = filters(sound + noise)
    weights = least_risk_weights(sound + noise, estimates, filters(probe), probe, ridge=1e-6)
    told = torch.linalg.lstsq(estimates[:, 0].T.double(), sound[0].double()[:, None]).solution[:, 0]
    risk = [
        float((torch.einsum("k,kt->t", w, estimates[:, 0].double()) - sound).square().mean()) for w in (weights[:, 0], told)
    ]
    assert risk[0] < 1.02 * risk[1]
    assert risk[0] < float((estimates - sound).square().mean((1, 2)).min())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ChirpFilter(66), "multiple of 4, at least 16 samples, got 66"),
        (lambda: ChirpFilter(64, (1.0,)), r"below 1, got \[1.0\]"),
        (lambda: ChirpFilter(64, ()), r"got \[\]"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_is_soft_is_not_taken_for_noise(test_audio):
    """Clean speech with hardly a pause: 38 dB below it there may be noise, 35 of the made voice; 32 is half way to the wrong.

    A quarter of the frames, free, would say 29 of the recording.
    """
    speech, rate = read_audio(test_audio / "speech_lj" / "LJ001-0001.flac")
    speech = speech[:, round(0.3 * rate) : round(2.3 * rate)]
    found = blind_noise_density(speech, frame_stft(0.032, rate)).density.mean()
    assert 10 * math.log10(float(found / speech.square().mean())) < -32
