"""The made sounds have the pitches, partials, levels and SNR that they were asked for, and are the same each time."""

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.clipping import flat_tops
from dap.metrics.distortion import snr
from dap.metrics.whiteness import spectral_flatness
from tests.made_sounds.folder import OVERLOADED, PAIRS, PEAK, SOUNDS, make_folder
from tests.made_sounds.instruments import RATE, blown, bowed, organ, plucked, struck_bar, struck_membrane
from tests.made_sounds.noises import hum, rain
from tests.made_sounds.voices import friction, speech, voiced


def magnitude(waveform: torch.Tensor) -> torch.Tensor:
    """Of the whole, windowed: (n_freq,), the bins 1 / seconds apart."""
    return torch.fft.rfft(waveform.double() * torch.hann_window(len(waveform), dtype=torch.float64)).abs()


def period(waveform: torch.Tensor, longest: int) -> int:
    """The lag of the highest peak of the autocorrelation, samples, between a quarter of the longest and that."""
    spec = torch.fft.rfft(waveform.double(), 2 * len(waveform))
    lags = torch.fft.irfft(spec.abs().square())[: longest + 1]
    return longest // 4 + int(lags[longest // 4 :].argmax())


@pytest.mark.slow
def test_the_same_bytes_each_time(made_audio, tmp_path):
    """On one machine; another may round otherwise."""
    make_folder(tmp_path, ["speech_other/vctk16_p226_003", "music_solo/sms_flute-A4", "music_solo/sms_bendir"])
    names = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.flac")]
    assert len(names) == 3 + 1 + 2 * len(PAIRS)
    for name in names:
        assert (tmp_path / name).read_bytes() == (made_audio / name).read_bytes()


@pytest.mark.parametrize("name", SOUNDS)
def test_levels(made_audio, name):
    """No louder than asked for, without an offset, and with a noise floor of its own."""
    waveform, _ = read_audio(made_audio / f"{name}.flac")
    assert float(waveform.abs().max()) == pytest.approx(PEAK, abs=2**-15)  # half a step of 16 bits, and rounding
    assert abs(float(waveform.mean())) < 0.01 * PEAK
    frames = waveform[0, : waveform.shape[1] // 400 * 400].reshape(-1, 400)
    assert float(frames.std(1).min()) > 2**-15  # never digital silence


def test_only_one_side_is_overloaded(made_audio):
    waveform, _ = read_audio(made_audio / f"{OVERLOADED}.flac")
    low, high = flat_tops(waveform)
    assert torch.isinf(low)
    assert high == waveform.max() == 32767 / 32768


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_have_their_snr(made_audio, name):
    pair = (read_audio(made_audio / "pairs_noisy_clean" / f"{name}_{kind}.flac")[0] for kind in ("noisy", "clean"))
    assert snr(*pair) == pytest.approx(PAIRS[name], abs=0.05)  # 16 bits add noise at -100 dB


@pytest.mark.parametrize("sample_rate", [16000, 48000])
def test_a_voice_glides_as_its_pitch_does(sample_rate, generator):
    """By an octave in 2 s; a frame of 50 ms sees the pitch at its middle, within a semitone's half (jitter is 0.5 per cent)."""
    pitch_hz = 100 * 2 ** torch.linspace(0, 1, 2 * sample_rate, dtype=torch.float64)
    formants_hz = torch.tensor([[500.0], [1500.0], [2500.0]], dtype=torch.float64).expand(-1, len(pitch_hz))
    waveform = voiced(pitch_hz, formants_hz, sample_rate, generator)
    for start in range(sample_rate // 10, len(pitch_hz) - sample_rate // 10, sample_rate // 4):
        frame = slice(start, start + sample_rate // 20)
        expected = float(pitch_hz[frame].mean())
        found = sample_rate / period(waveform[frame], round(1.5 * sample_rate / expected))
        assert found == pytest.approx(expected, rel=0.03)


def test_a_voice_resonates_where_its_formants_are(generator):
    """A vowel of 50 Hz has harmonics close enough to trace its envelope: each formant stands out from the dips beside it."""
    formants_hz = torch.tensor([[700.0], [1700.0], [2600.0]], dtype=torch.float64).expand(-1, 32000)
    waveform = voiced(torch.full((32000,), 50.0, dtype=torch.float64), formants_hz, 16000, generator)
    envelope = magnitude(waveform)[: 2 * 4000].reshape(-1, 100).amax(1)  # the highest in each 50 Hz: 2 s have bins of 0.5 Hz
    for formant, dip in ((700, 1200), (1700, 2150), (2600, 3050)):
        assert envelope[formant // 50 - 1 : formant // 50 + 1].max() > 2 * envelope[dip // 50 - 1 : dip // 50 + 1].max()


def test_speech_has_vowels_fricatives_and_pauses(generator):
    """Frames of 20 ms: some 40 dB below others; and some with most of their energy above 3 kHz, others with hardly any."""
    waveform = speech(10 * 16000, 16000, 120.0, generator)
    frames = waveform.reshape(-1, 320)
    level_db = 10 * frames.square().mean(1).log10()
    assert float((level_db < level_db.max() - 40).double().mean()) > 0.05
    power = torch.fft.rfft(frames * torch.hann_window(320)).abs().square()
    high = (power[:, 60:].sum(1) / power.sum(1))[level_db > level_db.max() - 40]  # from 3 kHz on
    assert float((high > 0.5).double().mean()) > 0.05
    assert float((high < 0.02).double().mean()) > 0.3


def test_friction_is_noise_about_its_centre(generator):
    noise = friction(32000, 3000.0, 1000.0, 16000, generator)
    power = magnitude(noise).square()
    assert 2000 < float((power * torch.arange(16001)).sum() / power.sum()) / 2 < 4500
    correlation = torch.fft.irfft(power)[:161]
    assert float(correlation[60:].abs().max()) < 0.1 * float(correlation[0])  # no pitch between 100 and 260 Hz


@pytest.mark.parametrize(
    ("note", "pitch_hz", "ratios"),
    [
        (plucked, 196.0, (1, 2 * 1.0004**0.5, 3 * 1.0009**0.5)),
        (struck_bar, 262.0, (1, 3.93)),
        (struck_membrane, 130.0, (1, 1.594)),
        (organ, 130.8, (1, 2, 3)),
        (blown, 440.0, (1, 2, 3)),
        (bowed, 146.8, (1, 2, 3)),
    ],
)
def test_partials_lie_where_they_were_asked_for(note, pitch_hz, ratios, generator):
    """In 2 s; a peak as wide as the vibrato's 0.6 per cent, or as the decay makes it, and none of it half way between."""
    waveform = note(pitch_hz, 2 * RATE, generator)
    assert float(waveform.abs().max()) == pytest.approx(1)
    found = magnitude(waveform)
    for ratio in ratios:
        low, high = (round(2 * pitch_hz * ratio * factor) for factor in (0.98, 1.02))
        beside = round(2 * pitch_hz * (ratio - 0.25))
        assert found[low : high + 1].max() > 10 * found[beside - 5 : beside + 5].mean()


@pytest.mark.parametrize(("note", "decays"), [(plucked, True), (struck_bar, True), (organ, False), (bowed, False)])
def test_what_is_plucked_or_struck_dies_and_what_is_bowed_or_blown_is_held(note, decays, generator):
    first, last = note(220.0, 2 * RATE, generator)[RATE // 10 : -RATE // 10].split(9 * RATE // 10)[:2]
    assert (float(last.std()) < 0.6 * float(first.std())) == decays


def test_rain_is_noise_and_hum_is_lines(generator):
    """Flat in spectrum and peaky in time, and the other way round."""
    drops, mains = (noise(3 * 16000, 16000, generator).float()[None] for noise in (rain, hum))
    assert spectral_flatness(drops) > 0.5 > 0.05 > spectral_flatness(mains)
    kurtosis = [float(noise.pow(4).mean() / noise.square().mean() ** 2) for noise in (drops, mains)]
    assert kurtosis[0] > 4 > 3 > kurtosis[1]  # 3 of Gaussian noise, 1.5 of a sine
    power = magnitude(mains[0]).square()
    assert float(power[147:154].sum() / power.sum()) > 0.3  # 50 Hz ± 1 Hz: bins of 1/3 Hz
