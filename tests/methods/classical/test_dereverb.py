"""Dereverberation: nearer to the sound, dry sound and silence as they were, and the peer that is a package of others."""

import sys

from nara_wpe.utils import istft, stft
from nara_wpe.wpe import wpe_v8
import numpy as np
import pytest
import torch

import dap
from dap.audio.sound_file import read_audio
from dap.methods.classical.dereverb import Dereverb
from dap.methods.classical.wpe import WPE
from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr
from dap.tasks.denoise import Denoise
from dap.tasks.reverb import Reverb

RATE = 22050
TASK = Reverb(wet_gain_db=6.0)


@pytest.fixture(scope="module")
def speech(test_audio):
    """2.5 s of a dry recording, (1, time)."""
    return read_audio(test_audio / "speech_lj" / "LJ001-0021.flac", 0.3, 2.5)[0]


def last(method, observation, task=TASK):
    return next(method.restore(Problem(observation, task, RATE)))


def test_it_is_nearer_to_the_sound(speech):
    """SI-SDR; of the recording 3.3 dB are gained."""
    room = TASK.at(RATE, speech.shape[-1], None)
    observation = room.observe(speech)
    iterate = last(Dereverb(), observation, room)
    assert iterate.facts["rt60_seconds"] > 0.3
    assert si_sdr(iterate.estimate, speech) > si_sdr(observation, speech) + 1.5
    assert torch.allclose(dap.restore(observation, RATE, task="reverb"), iterate.estimate, atol=1e-6)  # one window


def test_dry_speech_and_silence_come_out_as_they_were(speech):
    assert torch.equal(last(Dereverb(), speech).estimate, speech)
    silence = torch.zeros(2, 8000)
    assert torch.equal(last(Dereverb(), silence).estimate, silence)


def test_each_channel_by_itself_and_at_every_level(speech):
    observation = TASK.at(RATE, speech.shape[-1], None).observe(speech)
    alone = last(Dereverb(), observation).estimate
    both = last(Dereverb(), torch.cat([observation, -observation])).estimate
    assert si_sdr(both, torch.cat([alone, -alone])) > 40  # quantiles of twice as many slopes are a little different
    assert torch.allclose(last(Dereverb(), observation / 64).estimate, alone / 64, atol=1e-6)


def test_the_peer_is_what_the_package_does(generator):
    """Of a second channel too, which would else help the first."""
    observation = torch.randn(2, 4000, generator=generator)
    estimate = WPE(taps=2, iterations=2).estimate(Problem(observation, TASK, 16000))
    spec = stft(observation[:1].double().numpy(), 512, 128).transpose(2, 0, 1)  # (n_freq, channel, n_frames)
    expected = istft(wpe_v8(spec, taps=2, delay=3, iterations=2).transpose(1, 2, 0), 512, 128)[:, :4000]
    assert np.allclose(estimate[:1].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dereverb(iterations=0), "iterations must be at least 1, got 0"),
        (lambda: Dereverb(share=0.0), "share must be above 0 and up to 1, got 0"),
        (lambda: Dereverb(ridge=-1.0), "ridge must be above 0, got -1"),
        (lambda: Dereverb(floor_db=1.0), "floor_db must be at most 0 dB, got 1"),
        (lambda: WPE(taps=0), "taps must be at least 1, got 0"),
        (lambda: WPE().restore(Problem(torch.ones(1, 9), TASK, 50)), "at least four samples at 50 Hz, got 0.032"),
        (lambda: last(Dereverb(), torch.ones(1, 99)), "the clip has 99 samples"),
        (lambda: last(Dereverb(), torch.ones(1, 9999), Denoise(noise_std=0.1)), "Dereverb restores task=reverb"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_where_the_peer_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "nara_wpe", None)
    with pytest.raises(ValueError, match=r"WPE needs nara-wpe: pip install 'dap\[baselines\]'"):
        WPE()
