"""Inpainting."""

import sys

import numpy as np
import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.dsp.masks import runs_of
from dap.dsp.stft import STFT
from dap.tasks.inpainting import Inpainting

KINDS = [
    {"gaps": [[0.1, 0.15], [0.2, 0.3]]},
    {"n_gaps": 3, "gap_seconds": 0.02},
    {"n_gaps": 2, "gap_columns": 3, "n_fft": 256, "hop_length": 64},
    {"missing_share": 0.3},
    {},
]


@pytest.fixture(params=KINDS, ids=str)
def task(request, generator) -> Inpainting:
    """Of each kind, at half a second of 8 kHz."""
    return Inpainting(**request.param).at(8000, 4000, generator)


def test_gaps_are_where_they_were_asked_for(generator):
    observation = Inpainting(gaps=[[0.1, 0.15], [0.4, 0.5]]).at(8000, 4000, None).degrade(torch.ones(2, 4000), generator)
    expected = torch.ones(2, 4000)
    expected[:, 800:1200] = expected[:, 3200:] = 0
    assert torch.equal(observation, expected)


def test_the_amount_that_is_missing_is_as_asked_for_and_told(generator):
    for settings, expected in zip(KINDS, (0.15, 0.06, None, 0.15, 0.2), strict=True):
        task = Inpainting(**settings).at(8000, 4000, generator)
        missing = float((task.degrade(torch.ones(1, 4000), generator) < 1).sum()) / 8000
        assert task.facts["missing_seconds"] == missing
        if expected is not None:
            assert missing == pytest.approx(expected)


def test_without_a_fade_finish_takes_every_observed_sample_and_the_rest_from_the_estimate(generator):
    task = Inpainting(gaps=[[0.1, 0.2]], fade_seconds=0.0).at(8000, 4000, None)
    reference, estimate = torch.randn(2, 2, 4000, generator=generator)
    finished = task.finish(estimate, task.degrade(reference, generator))
    assert torch.equal(finished[:, :800], reference[:, :800])
    assert torch.equal(finished[:, 800:1600], estimate[:, 800:1600])
    assert torch.equal(finished[:, 1600:], reference[:, 1600:])


def test_the_fade_lies_outside_the_gap(generator):
    task = Inpainting(gaps=[[0.1, 0.2]], fade_seconds=0.01).at(8000, 4000, None)
    finished = task.finish(torch.ones(1, 4000), torch.zeros(1, 4000))[0]  # 1 − weight
    assert (finished[800:1600] == 1).all()
    assert (finished[:720] == 0).all()
    assert (finished[1680:] == 0).all()
    assert float(finished.diff().abs().max()) < 0.5 * torch.pi / 80  # no step: the steepest of a raised cosine over 80
    assert (finished[720:800].diff() > 0).all()


def test_finishing_again_moves_the_fades_alone_by_at_most_a_quarter(task, generator):
    reference, estimate = torch.randn(2, 1, 4000, generator=generator)
    observation = task.degrade(reference, generator)
    task, known = task.posed(observation)
    once = task.finish(estimate, known)
    twice = task.finish(once, known)
    fading = (task.weight > 0) & (task.weight < 1)
    assert torch.equal(twice[:, ~fading], once[:, ~fading])
    assert ((twice - once).abs() <= 0.25 * (estimate - known).abs() + 1e-6).all()
    assert ((twice - known).abs() <= (once - known).abs() + 1e-6).all()


def test_what_is_hidden_besides_is_the_estimates(task, generator):
    reference, estimate = torch.randn(2, 1, 4000, generator=generator)
    task, _ = task.posed(task.degrade(reference, generator))
    hidden = torch.rand(4000, generator=generator) < 0.2
    harder = task.without(hidden)
    finished = harder.finish(estimate, harder.degrade(reference, generator))
    expected = torch.where(hidden, estimate, task.finish(estimate, task.degrade(reference, generator)))
    assert torch.equal(finished, expected)
    assert torch.equal(harder.missing, task.missing | hidden)


def test_what_is_missing_of_the_reference_does_not_matter(task, generator):
    reference = torch.randn(1, 4000, generator=generator)
    other = torch.where(task.mask == 0, 5.0, reference)
    assert torch.equal(task.degrade(reference, generator), task.degrade(other, generator))


def test_a_damaged_sound_is_silent_in_the_gap_whatever_stands_there():
    observation, rate = Inpainting(gaps=[[0.1, 0.2]]).receive(torch.ones(1, 4000), 8000)
    assert rate == 8000
    assert (observation[:, 800:1600] == 0).all()
    assert observation.sum() == 3200


@pytest.mark.parametrize("suffix", ["npy", "wav"])
def test_a_mask_from_a_file(tmp_path, suffix, generator):
    mask = (torch.rand(1, 400, generator=generator) > 0.3).float()
    path = tmp_path / f"mask.{suffix}"
    if suffix == "npy":
        np.save(path, mask[0].bool().numpy())
    else:
        write_audio(path, 0.99997 * mask, 8000)  # 16 bits have no 1
    task = Inpainting(mask_path=str(path)).at(8000, 400, None)
    assert torch.equal(task.observe(torch.ones(1, 400)), mask)
    with pytest.raises(ValueError, match=r"must be of one channel and 399 samples as the clip, got \(400,\)"):
        Inpainting(mask_path=str(path)).at(8000, 399, None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.full(100, -0.5), "factors between, got -0.5 to -0.5"),
        (np.full(100, 2), "a mask holds 1"),
        (np.full(100, np.nan), "got nan to nan"),
        (np.zeros(100), "the gaps cover the whole clip of 0.100 s"),
        (np.ones((2, 100)), r"of one channel and 100 samples as the clip, got \(2, 100\)"),
        (np.array(["a"] * 100), "not an .npy or .mat file of numbers"),
        (np.array([None] * 100), "not an .npy or .mat file of numbers"),
    ],
)
def test_masks_that_cannot_be_used(tmp_path, content, message):
    np.save(tmp_path / "mask.npy", content)
    with pytest.raises(ValueError, match=message):
        Inpainting(mask_path=str(tmp_path / "mask.npy")).at(1000, 100, None)


def test_no_mask_file():
    with pytest.raises(ValueError, match=r"nowhere\.npy: no such file"):
        Inpainting(mask_path="nowhere.npy").at(1000, 100, None)


@pytest.mark.parametrize(
    ("gaps", "message"),
    [
        ([[0.4, 0.6]], r"gap \[0.4, 0.6\] s is not inside the clip of 0.500 s"),
        ([[-0.1, 0.2]], r"gap \[-0.1, 0.2\] s is not inside"),
        ([[0.3, 0.2]], r"gap \[0.3, 0.2\] s is not inside"),
        ([[0.1, float("nan")]], "is not inside"),
        ([[0.1, 0.10001]], "a gap of samples 800 to 800 is not inside"),
        ([[0.0, 0.5]], "the gaps cover the whole clip of 0.500 s"),
    ],
)
def test_gaps_that_do_not_fit_the_clip(gaps, message):
    with pytest.raises(ValueError, match=message):
        Inpainting(gaps=gaps).at(8000, 4000, None)


def test_order_of_calls():
    with pytest.raises(ValueError, match=r"call at\(\) first"):
        Inpainting().observe(torch.ones(1, 10))
    with pytest.raises(ValueError, match="a clip of 10 samples, got one of 11"):
        Inpainting(gaps=[[0.1, 0.2]]).at(10, 10, None).observe(torch.ones(1, 11))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gaps": [[0.1, 0.2]], "n_gaps": 2}, "give one of gaps, n_gaps, missing_share, mask_path, got gaps and n_gaps"),
        ({"gaps": []}, "gaps must be a list of"),
        ({"gaps": [[0.1]]}, "gaps must be a list of"),
        ({"n_gaps": 0}, "n_gaps must be at least 1, got 0"),
        ({"gap_seconds": 0.1, "gap_columns": 2}, "give one of gap_seconds and gap_columns"),
        ({"gap_seconds": 0.1, "missing_share": 0.2}, "are the length of n_gaps gaps, and missing_share is given"),
        ({"gap_seconds": 0.0}, "gap_seconds must be above 0 s, got 0.0"),
        ({"gap_seconds": 0.1, "mask_path": "mask.npy"}, "are the length of n_gaps gaps, and mask_path is given"),
        ({"gap_columns": 2, "gaps": [[0.1, 0.2]]}, "are the length of n_gaps gaps, and gaps is given"),
        ({"apart_seconds": -1.0}, "apart_seconds must be above 0 s, got -1.0"),
        ({"apart_seconds": 0.1, "gap_columns": 2}, "apart_seconds is between n_gaps gaps of gap_seconds"),
        ({"gap_columns": 0}, "gap_columns must be at least 1, got 0"),
        ({"missing_share": 1.0}, "missing_share must be between 0 and 1, got 1.0"),
        ({"fade_seconds": -1.0}, "fade_seconds must be from 0 to 60 s, got -1.0"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Inpainting(**settings)


COLUMNS = {"n_gaps": 2, "n_fft": 256, "hop_length": 64}


@pytest.mark.parametrize(("n_columns", "n_missing"), [(2, 0), (4, 2 * 64), (6, 2 * 3 * 64)])
def test_what_is_known_but_for_a_factor_is_divided_by_it(n_columns, n_missing, generator):
    """Of two columns of a quarter's hop nothing is missing; of more what no frame that is left reaches, but for its edges."""
    task = Inpainting(**COLUMNS, gap_columns=n_columns).at(8000, 8000, generator)
    reference = torch.randn(2, 8000, generator=generator)
    observation = task.degrade(reference, generator)
    posed, known = task.posed(observation)
    assert n_missing <= int(posed.missing.sum()) <= n_missing + 2 * 2 * 12  # samples a side whose factor is below 2e-5
    assert (known - reference)[:, ~posed.missing].abs().max() < 4e-6 * 5  # rounded twice, relative to the loudest of 16000
    again, same = posed.posed(known)
    assert again is posed
    assert torch.equal(same, known)
    finished = task.finish(torch.zeros(2, 8000), observation)
    assert torch.equal(finished[:, posed.weight == 1], known[:, posed.weight == 1])


def test_of_sixteen_bits_the_smallest_factors_are_not_used(generator):
    """The quotient's rounding stays 30 dB below the sound."""
    task = Inpainting(**COLUMNS, gap_columns=4).at(8000, 8000, generator)
    reference = 0.1 * torch.randn(1, 8000, generator=generator)
    exact = task.degrade(reference, generator)
    observation = (exact * 2**15).round() / 2**15
    posed, known = task.posed(observation)
    assert posed.missing.sum() > task.posed(exact)[0].missing.sum()
    error = (known - reference)[:, ~posed.missing]
    assert error.abs().max() < 0.03 * 0.1 * 12**0.5 / 2 * 1.1  # half a step, of which e is the standard deviation


def test_a_mask_of_factors_from_a_file(tmp_path, generator):
    factors = torch.rand(400, generator=generator)
    np.save(tmp_path / "mask.npy", factors.numpy())
    task = Inpainting(mask_path=str(tmp_path / "mask.npy")).at(8000, 400, None)
    reference = torch.randn(1, 400, generator=generator)
    damaged, _ = Inpainting(mask_path=str(tmp_path / "mask.npy")).receive(factors * reference, 8000)
    assert torch.equal(damaged, factors * reference)  # as it is, and not multiplied once more
    assert (task.finish(torch.zeros(1, 400), damaged) - reference).abs().max() < 1e-3


@pytest.mark.parametrize("suffix", ["npy", "mat"])
def test_a_mask_of_columns_is_what_the_inverse_stft_makes_of_it(tmp_path, suffix, generator):
    """As the files of the Janssen-TF benchmark hold it: 157 columns for 5 s at 16 kHz, those with the middle in the clip."""
    columns = np.ones((157, 1))
    for first in (20, 50, 110):
        columns[first : first + 3] = 0
    path = tmp_path / f"mask.{suffix}"
    np.save(path, columns) if suffix == "npy" else pytest.importorskip("scipy.io").savemat(path, {"C3": columns})
    task = Inpainting(mask_path=str(path), gap_columns=3).at(16000, 80000, None)
    reference = torch.randn(1, 80000, generator=generator, dtype=torch.float64)
    stft = STFT(2048, 512)
    spec = stft.analysis(reference)
    spec[..., :157] *= torch.from_numpy(columns[:, 0])
    difference = stft.synthesis(spec, 80000) - task.observe(reference)
    assert float(difference.abs().max()) < 1e-4  # the window is of float32, and rounded off to 0 and 1 at 10⁻⁶
    with pytest.raises(ValueError, match="gap_columns=2, but its gaps are of \\[3\\] columns"):
        Inpainting(mask_path=str(path), gap_columns=2).at(16000, 80000, None)
    with pytest.raises(ValueError, match="90000 samples are of 177 columns, the mask is of 157"):
        Inpainting(mask_path=str(path), gap_columns=3).at(16000, 90000, None)
    with pytest.raises(ValueError, match="56000 samples are of 111 columns, the mask is of 157"):
        Inpainting(mask_path=str(path), gap_columns=3).at(16000, 56000, None)


def test_a_matlab_file_of_two_variables(tmp_path):
    pytest.importorskip("scipy.io").savemat(tmp_path / "mask.mat", {"a": np.ones(100), "b": np.ones(100)})
    with pytest.raises(ValueError, match="expected one variable in it, got a, b"):
        Inpainting(mask_path=str(tmp_path / "mask.mat")).at(1000, 100, None)


def test_gaps_keep_their_distance(generator):
    task = Inpainting(n_gaps=5, gap_seconds=0.02, apart_seconds=0.1).at(1000, 900, generator)
    gaps = runs_of(task.mask == 0)
    edges = [0, *(edge for gap in gaps for edge in gap), 900]
    assert len(gaps) == 5
    assert min(after - before for before, after in zip(edges[::2], edges[1::2], strict=True)) >= 100
    with pytest.raises(ValueError, match="5 gaps of 20 samples, 200 apart, do not fit into 900 samples"):
        Inpainting(n_gaps=5, gap_seconds=0.02, apart_seconds=0.2).at(1000, 900, generator)


def test_a_matlab_file_without_scipy(tmp_path, monkeypatch):
    (tmp_path / "mask.mat").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(ValueError, match=r"mask\.mat: a \.mat file needs scipy: pip install 'dap\[baselines\]'"):
        Inpainting(mask_path=str(tmp_path / "mask.mat")).at(1000, 100, None)
