"""method=restore: better than filters that are told more, windows without a seam, every task, nothing lost on the way."""

import pytest
import torch

import dap
from dap.audio.sound_file import read_audio
from dap.audio.windows import Layout
from dap.methods.classical.decision_directed import DecisionDirectedFilter
from dap.methods.classical.filter_bank import FilterBank
from dap.methods.classical.restore import Restore
from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr, snr
from dap.metrics.spectral import log_spectral_distance
from dap.running.api import blind_method
from dap.tasks.chain import Chain
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting
from dap.tasks.quantization import Quantization
from dap.tasks.sample import Sample
from dap.tasks.super_resolution import SuperResolution
from dap.tasks.task import Task

TASK = Denoise(noise_std=0.1)
RATE = 16000
CLIPS = ["speech_lj/LJ001-0021.flac", "speech_other/vctk16_p226_003.flac", "music_solo/sms_oboe-A4.flac"]


def last(method, observation, rate=RATE, task: Task = TASK):
    return next(method.restore(Problem(observation, task, rate))).estimate


def facts_at(method, observation):
    return next(method.restore(Problem(observation, TASK, RATE))).facts


def short(quality="default", **settings) -> Restore:
    method, _ = blind_method(quality)
    for name, value in settings.items():
        setattr(method, name, value)
    return method


@pytest.fixture(params=CLIPS)
def noisy(request, test_audio, generator):
    """(reference, observation, rate) of a second of a recording."""
    reference, rate = read_audio(test_audio / request.param, 0.6, 1.0)
    reference = reference[:1] / reference[:1].abs().max()
    return reference, TASK.degrade(reference, generator), rate


def test_it_is_better_than_filters_that_are_told_the_noise(noisy):
    """Than Wiener with the true σ, by less than the least seen over recordings and made sounds, 0.8 dB (of flutes 0.7 to 1.1).

    And no worse than any filter that it is made of.
    """
    reference, observation, rate = noisy
    told = si_sdr(last(DecisionDirectedFilter("known", noise_std=0.1), observation, rate), reference)
    score = si_sdr(last(short(), observation, rate), reference)
    assert score > told + 0.5
    assert score > si_sdr(last(DecisionDirectedFilter(estimator="log_mmse"), observation, rate), reference) + 1
    assert score > si_sdr(last(short("fast"), observation, rate), reference) - 0.05
    for seconds in (0.016, 0.032, 0.064, 0.128):
        one = FilterBank((seconds,), (0.35,), ())
        assert score > si_sdr(last(one, observation, rate), reference) - 0.05


@pytest.mark.parametrize(("std", "gain"), [(0.003, -6.0), (0.03, 0.8)])
def test_little_noise_is_no_reason_to_take_the_sound_away(std, gain, test_audio, generator):
    """The sound's own floor passes for noise to a filter that tracks it; here no more is lost than with the true σ.

    At an SNR of 36 dB that holds where the noise is found white: then 2 dB are gained over the true σ. It is the noise's seed
    that decides, and of three in nine it is found coloured, by the hiss that was in the recording: then 3.2 dB are lost.
    At 17 dB 1.6 dB are gained, whatever the seed.
    """
    reference, rate = read_audio(test_audio / "speech_lj" / "LJ001-0021.flac", 0.6, 1.5)
    reference = reference / reference.abs().max()
    observation = reference + std * torch.randn(reference.shape, generator=generator)
    told = si_sdr(last(DecisionDirectedFilter("known", noise_std=std), observation, rate), reference)
    score = si_sdr(last(short("fast"), observation, rate), reference)
    assert score > max(told, si_sdr(observation, reference)) + gain
    assert score > si_sdr(last(DecisionDirectedFilter(), observation, rate), reference) + 2


@pytest.mark.slow
def test_the_seed_makes_little_difference(test_audio, generator):
    """Also where the probe is drawn as the noise was: from the same seed."""
    reference, rate = read_audio(test_audio / CLIPS[0], 0.6, 1.0)
    reference = reference / reference.abs().max()
    observation = TASK.degrade(reference, generator)  # of seed 0
    scores = [si_sdr(last(FilterBank(seed=seed), observation, rate), reference) for seed in range(3)]
    assert max(scores) - min(scores) < 0.6  # dB; up to 0.2 with other noise
    assert torch.equal(last(FilterBank(seed=1), observation, rate), last(FilterBank(seed=1), observation, rate))


@pytest.mark.slow
def test_windows_leave_no_seam(generator):
    """A steady tone in noise: where windows meet it is no other than elsewhere, in level and in what is left of the noise."""
    n_samples = 5 * RATE
    tone = 0.5 * torch.sin(torch.arange(n_samples) * 0.3)[None]
    method = short(layout=Layout(1.0, 0.4, 0.1))
    estimate = last(method, tone + 0.1 * torch.randn(1, n_samples, generator=generator))
    assert estimate.shape == tone.shape
    blocks = (estimate - tone)[0, : n_samples // 160 * 160].reshape(-1, 160).square().mean(1)  # 10 ms each
    seams = torch.zeros(len(blocks), dtype=torch.bool)
    for k in range(7):  # windows begin each 0.6 s, and meet in the middle of what they share
        place = int((0.8 + 0.6 * k) * 100)
        seams[place - 6 : place + 6] = True
    inside = ~seams
    inside[:20] = inside[-20:] = False
    assert 10 * float((blocks[seams].mean() / blocks[inside].mean()).log10()) < 4  # dB; −0.8 to 0.7, as the noise falls
    assert blocks[seams].max() < 3 * blocks[inside].max()  # the loudest 10 ms of residual noise: 1.5 were seen
    levels = estimate[0, : n_samples // 1600 * 1600].reshape(-1, 1600).square().mean(1)[2:-2]  # 100 ms each
    assert 10 * float((levels.max() / levels.min()).log10()) < 0.5  # dB; 0.2 to 0.3


@pytest.mark.parametrize("n_samples", [2000, RATE, 2 * RATE + 1, 2 * RATE + 601])
@pytest.mark.parametrize("channels", [1, 2])
def test_lengths_and_channels(n_samples, channels, generator):
    observation = 0.1 * torch.randn(channels, n_samples, generator=generator)
    estimate = last(short("fast", layout=Layout(1.0, 0.4, 0.1)), observation)
    assert estimate.shape == observation.shape
    assert estimate.std() < 0.05  # 6 dB less; 13 to 19 in the shortest clip


def test_channels_help_each_other(noisy):
    """What is alike in two channels of independent noise is restored better than from one of them."""
    reference, observation, rate = noisy
    other = reference + 0.1 * torch.randn(reference.shape, generator=torch.Generator().manual_seed(5))
    both = last(short("fast"), torch.cat([observation, other]), rate)
    alone = last(short("fast"), observation, rate)
    assert si_sdr(both[:1], reference) > si_sdr(alone, reference) + 0.8  # dB; 1.4 and more


def test_the_level_is_kept(noisy):
    reference, observation, rate = noisy
    estimate = last(short("fast"), observation, rate)
    assert torch.allclose(last(short("fast"), observation / 64, rate), estimate / 64, atol=1e-6)
    gain = float((estimate * reference).sum() / reference.square().sum())
    assert 0.85 < gain <= 1.02


def test_silence_and_what_is_clipped(generator):
    silence = torch.zeros(2, RATE)
    assert torch.equal(last(short(), silence), silence)
    half = torch.cat([torch.zeros(1, RATE), (3 * torch.randn(1, RATE, generator=generator)).clamp(-1, 1)], dim=1)
    estimate = last(short("fast", layout=Layout(0.5, 0.2, 0.1)), half)
    assert torch.isfinite(estimate).all()
    assert estimate[:, : RATE // 2].abs().max() < 1e-6


def test_the_facts_are_of_the_recording(generator):
    """Two windows, of which the second has ten times the noise: its power is the mean of theirs, and so are the weights."""
    tone = 0.5 * torch.sin(torch.arange(9 * RATE // 5) * 0.3)[None]
    second = 4 * RATE // 5  # where it begins
    noisy = tone + 0.01 * torch.randn(tone.shape, generator=generator)
    noisy[:, second:] += 0.1 * torch.randn(1, RATE, generator=generator)
    windows = [noisy[:, :RATE], noisy[:, second:]]
    bank = short("fast").parts["denoise"].then
    one, other = (facts_at(bank, window) for window in windows)
    assert one["noise_std"] < other["noise_std"] / 3
    method = short("fast", layout=Layout(1.0, 0.2, 0.1))
    for _ in range(2):  # and nothing is left of what was restored before
        facts = facts_at(method, noisy)
        assert facts["noise_std"] ** 2 == pytest.approx((one["noise_std"] ** 2 + other["noise_std"] ** 2) / 2)
        means = [sum(pair) / 2 for pair in zip(one["weights"], other["weights"], strict=True)]
        assert facts["weights"] == pytest.approx(means, abs=5.1e-4)  # told to three digits
    assert facts["noise"] == (one["noise"] if one["noise"] == other["noise"] else "white in 1 of 2 windows")
    noisy[:, second:] = 0
    facts = facts_at(method, noisy)  # the second window is silent: half the power, the weights of the first
    first = facts_at(bank, noisy[:, :RATE])
    assert facts["noise_std"] == pytest.approx(first["noise_std"] / 2**0.5)
    assert facts["weights"] == pytest.approx(first["weights"])


@pytest.mark.parametrize("clip", CLIPS)
def test_quantized_sound_comes_nearer(clip, test_audio):
    reference, rate = read_audio(test_audio / clip, 0.6, 1.0)
    task = Quantization(n_levels=16)
    observation = task.degrade(reference[:1] / reference.abs().max(), torch.Generator())
    estimate = task.finish(last(short("fast"), observation, rate, task), observation)
    reference = reference[:1] / reference.abs().max()
    assert si_sdr(estimate, reference) > si_sdr(observation, reference) + 2


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("clip", CLIPS)
def test_a_band_comes_nearer_in_spectrum_at_hardly_a_cost(clip, factor, test_audio):
    """Than what was observed, on each clip; in the mean over many it costs 0.1 dB of SNR and leaves half of the LSD."""
    reference, rate = read_audio(test_audio / clip, 0.6, 1.0)
    task = SuperResolution(factor)
    observation = task.degrade(reference[:1], torch.Generator())
    sinc = task.finish(observation, observation)
    estimate = task.finish(last(short(), observation, rate, task), observation)
    assert snr(estimate, reference[:1]) > snr(sinc, reference[:1]) - 1
    assert float(log_spectral_distance(estimate, reference[:1])) < float(log_spectral_distance(sinc, reference[:1]))


@pytest.mark.parametrize("clip", CLIPS)
def test_straight_lines_between_samples_are_bent_again(clip, test_audio):
    """task=sample: nearer in wave than what was observed, by 0.2 dB at the least."""
    reference, rate = read_audio(test_audio / clip, 0.6, 1.0)
    task = Sample(5000).at(rate, reference.shape[-1], None)
    observation = task.observe(reference[:1])
    assert snr(last(short(), observation, rate, task), reference[:1]) > snr(observation, reference[:1]) + 0.1


def test_gaps_and_chains():
    tone = torch.sin(torch.arange(RATE) / 8)[None]
    gap = Inpainting(gaps=[[0.5, 0.51]]).at(RATE, RATE, None)
    assert (last(short(), gap.observe(tone), RATE, gap) - tone).abs().max() < 0.01
    chain = Chain([Inpainting(gaps=[[0.5, 0.51]]), TASK]).at(RATE, RATE, torch.Generator().manual_seed(0))
    observation = chain.degrade(tone, torch.Generator().manual_seed(0))
    estimate = last(short(), observation, RATE, chain)
    assert si_sdr(estimate, tone) > si_sdr(observation, tone) + 2  # dB; 4.9 to 6.4


def test_numpy_goes_in_and_comes_out():
    noisy = torch.sin(torch.arange(8000) / 8).double().numpy()
    restored = dap.restore(noisy, 8000, quality="fast")
    assert type(restored) is type(noisy)
    assert (restored.dtype, restored.shape) == (noisy.dtype, noisy.shape)
    twice = dap.restore(noisy[None], 8000, task="super_resolution", factor=2)
    assert twice.shape == (1, 16000)


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ((torch.ones(8000), 8000, "denoising"), {}, "task must be one of .*denoise.*, got 'denoising'"),
        ((torch.ones(8000), 8000, "denoise", "good"), {}, "quality must be one of fast, default, best, got 'good'"),
        ((torch.ones(8000), 8000), {"noise": "pink", "sigma": 1.0}, "sigma: task 'denoise' has no such setting"),
        ((torch.ones(20), 8000), {}, "the clip has 20 samples"),
        ((torch.linspace(0, 1, 500), 100), {}, "in frames of 4 samples, expected at least 8: the rate is too low"),
    ],
)
def test_what_cannot_be_restored(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        dap.restore(*arguments, **settings)
