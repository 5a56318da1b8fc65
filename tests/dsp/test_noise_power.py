"""The power of the noise: right in noise alone, in speech, beside held notes, and after a change."""

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.noise_power import NoisePower
from dap.dsp.signals import coloured_noise, tones, white_noise
from dap.dsp.stft import STFT

STFT_16K = STFT(512, 128, phase="frame")


def error_db(kind: str, observation: torch.Tensor, std: float, stft: STFT = STFT_16K) -> torch.Tensor:
    """Of white noise of this σ; (channel, n_freq, n_frames), without DC, Nyquist and the frames at the ends."""
    settings = {"noise_std": std} if kind == "known" else {}
    power = NoisePower(kind, **settings).of(observation, stft)
    return 10 * torch.log10(power / (std**2 * stft.window.square().sum()))[:, 1:-1, 3:-3]


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [(kind, seconds) for kind in ("tracked", "white", "lead", "known") for seconds in (1, 3)]
    + [("tracked", 0.25), ("lead", 0.25)],
)
def test_white_noise(kind, seconds, generator):
    error = error_db(kind, white_noise((2, int(16000 * seconds)), 0.1, generator), 0.1)
    assert abs(float((10 ** (error / 10)).mean().log10() * 10)) < 1
    assert float(error.abs().mean()) < {"known": 1e-5, "lead": 2.2}.get(kind, 1)


@pytest.mark.parametrize("kind", ["tracked", "white"])
@pytest.mark.parametrize(
    "name", ["speech_lj/LJ001-0014.flac", "speech_other/vctk16_p226_003.flac", "speech_other/sms_speech_male.flac"]
)
def test_speech_that_begins_at_once(kind, name, test_audio, generator):
    waveform, rate = read_audio(test_audio / name, 0.5, 2.0)
    clip = waveform / waveform.abs().max()
    hop = round(0.008 * rate)
    observation = clip + white_noise(tuple(clip.shape), 0.1, generator)
    error = error_db(kind, observation, 0.1, STFT(4 * hop, hop))
    assert abs(float(error.mean())) < 1
    assert float(error.abs().mean()) < 1.5
    assert float(error.abs().quantile(0.95)) < 4.5


def test_held_notes_are_no_noise(generator):
    notes = tones([220.0 * k for k in range(1, 20)], 32000, 16000)[None]
    error = error_db("tracked", notes + white_noise((1, 32000), 0.1, generator), 0.1)
    assert float(error.mean()) < 1.5
    assert float(error.max()) < 5  # 2.9 to 3.5, where the partials themselves lie 20 dB above the noise


def test_a_change_is_followed(generator):
    """10 dB up in the middle of 8 s, and down again for its mirror image."""
    noise = white_noise((1, 128000), 1.0, generator)
    noise[:, :64000] *= 10**-0.5
    for observation, sign in ((noise, 1), (noise.flip(-1), -1)):
        error = error_db("tracked", observation, 1.0).mean((0, 1))
        early, late = error[:350].mean(), error[650:].mean()
        assert float(late - early) == pytest.approx(sign * 10, abs=1)


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_coloured_noise(exponent, generator):
    noise = coloured_noise((4, 32000), exponent, generator)
    power = STFT_16K.analysis(noise).abs().square().double()[..., 3:-3].mean((0, 2))
    ours = NoisePower("tracked").of(noise, STFT_16K)[..., 3:-3].mean((0, 2))
    error = 10 * torch.log10(ours / power)
    assert float(error[4:-1].abs().max()) < 3  # from 125 Hz on
    assert abs(float(error[4:-1].mean())) < 1


def test_the_lead_is_what_counts(generator):
    """Whatever comes after it; and coloured as it is."""
    noise = coloured_noise((1, 16000), 1.0, generator)
    loud = noise.clone()
    loud[:, 4096:] += 100 * torch.randn(1, 16000 - 4096, generator=generator)
    lead = NoisePower("lead", lead_samples=4096)
    assert torch.equal(lead.of(noise, STFT_16K), lead.of(loud, STFT_16K))
    power = STFT_16K.analysis(noise).abs().square().double().mean((0, 2))
    error = 10 * torch.log10(lead.of(noise, STFT_16K)[0, :, 0] / power)
    assert abs(float(error[4:].mean())) < 1
    assert float(error[4:].abs().mean()) < 2.2


@pytest.mark.parametrize("kind", ["tracked", "white", "lead"])
def test_it_scales_with_the_waveform(kind, generator):
    noise = white_noise((2, 8000), 0.1, generator)
    one, other = (NoisePower(kind).of(gain * noise, STFT_16K) for gain in (1, 2**-6))
    assert torch.allclose(other, one * 2**-12, rtol=1e-4)


@pytest.mark.parametrize("kind", ["tracked", "white", "lead"])
@pytest.mark.parametrize("n_samples", [1024, 5000])
def test_silence_has_some_noise_and_no_nan(kind, n_samples):
    power = NoisePower(kind).of(torch.zeros(1, n_samples), STFT_16K)
    assert power.shape == STFT_16K.analysis(torch.zeros(1, n_samples)).shape
    assert 0 < float(power.min()) <= float(power.max()) < 1e-30


def test_known_by_the_caller():
    power = NoisePower("known").of(torch.randn(1, 4000), STFT_16K, noise_std=0.2)
    assert float(power.max()) == pytest.approx(0.04 * float(STFT_16K.window.square().sum()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "guessed"}, "noise must be one of tracked, white, lead, known, got 'guessed'"),
        ({"kind": "known", "noise_std": -0.1}, "noise_std must be a finite number, at least 0, or null, got -0.1"),
        ({"kind": "tracked", "noise_std": 0.1}, "noise_std = 0.1 is for noise=known, and noise is tracked"),
        ({"kind": "lead", "lead_samples": 63}, "lead_samples must be at least 64, got 63"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        NoisePower(**settings)


def test_what_does_not_fit_the_clip():
    with pytest.raises(ValueError, match="the clip has 1000 samples, fewer than lead_samples = 1024"):
        NoisePower("lead").of(torch.zeros(1, 1000), STFT_16K)
    with pytest.raises(ValueError, match="noise=known needs noise_std"):
        NoisePower("known").of(torch.zeros(1, 1000), STFT_16K)
    with pytest.raises(ValueError, match="500 samples, shorter than one STFT frame"):
        NoisePower("tracked").of(torch.zeros(1, 500), STFT_16K)
