"""Quantisation."""

import math

import pytest
import torch

from dap.tasks.quantization import Quantization

SETTINGS = [
    {"n_levels": 16},
    {"n_levels": 5, "mid_tread": True},
    {"n_bits": 8, "mu_law": 255.0},
    {"n_bits": 16},
    {"n_levels": 2},
]


@pytest.fixture(params=SETTINGS, ids=str)
def task(request) -> Quantization:
    return Quantization(**request.param)


def test_sixteen_levels_are_the_papers(generator):
    levels = Quantization().degrade(torch.linspace(-1, 1, 1000), generator).unique()
    assert levels.tolist() == [-15 / 16 + index / 8 for index in range(16)]


def test_the_levels_of_eight_bit_pcm_are_its_values(generator):
    values = torch.arange(-128, 128) / 128
    assert torch.equal(Quantization(n_bits=8, mid_tread=True).degrade(values, generator), values)


def test_the_noise_of_a_fine_quantiser_is_its_cells_twelfth(generator):
    reference = torch.rand(100_000, generator=generator) * 2 - 1
    error = Quantization(n_bits=6).degrade(reference, generator) - reference
    assert float(error.square().mean()) == pytest.approx((2 / 64) ** 2 / 12, rel=0.02)  # 100 000 samples: 0.3 %


def test_mu_law_spares_the_quiet_samples(generator):
    quiet = 0.01 * torch.randn(10_000, generator=generator)
    uniform, companded = (
        (Quantization(n_bits=8, mu_law=mu_law).degrade(quiet, generator) - quiet).square().mean() for mu_law in (None, 255.0)
    )
    # Near 0 the companding is steeper by 255 / ln 256 = 46, so 33 dB; half of it is gone at 0.01, where 1 + µ|x| is 3.6.
    assert 10 * math.log10(float(uniform / companded)) > 20


def test_quantising_again_changes_nothing(task, generator):
    once = task.degrade(2.5 * torch.rand(2, 1001) - 1.25, generator)
    assert torch.equal(task.degrade(once, generator), once)
    assert torch.equal(task.finish(once, once), once)


def test_finish_never_makes_the_error_of_a_sample_worse(task, generator):
    reference = 2.5 * torch.rand(2, 5000, generator=generator) - 1.25  # beyond full scale too
    estimate = reference + 0.3 * torch.randn(2, 5000, generator=generator)
    finished = task.finish(estimate, task.degrade(reference, generator))
    assert ((finished - reference).abs() <= (estimate - reference).abs() + 1e-7).all()  # float32 at 1: 6e-8
    if task.n_levels <= 256:
        assert (finished - reference).square().mean() < 0.99 * (estimate - reference).square().mean()


def test_what_is_finished_is_observed_as_it_was(task, generator):
    observation = task.degrade(2 * torch.rand(1, 5000, generator=generator) - 1, generator)
    finished = task.finish(0.5 * torch.randn(1, 5000, generator=generator), observation)
    error = (task._compress(task.degrade(finished, generator)) - task._compress(observation)).abs()
    assert float(error.max()) <= 2 / task.n_levels + 1e-6  # clamped to a border: of this cell or of the next


def test_a_file_that_was_quantised(generator):
    task = Quantization(n_levels=16)
    levels = task.degrade(2 * torch.rand(1, 1000, generator=generator) - 1, generator)
    in_a_file = (levels * 32768).round() / 32768 + 2e-5
    assert torch.equal(task.receive(in_a_file, 8000)[0], levels)
    with pytest.raises(ValueError, match=r"value 0\.\d+ is none of the 16 levels"):
        task.receive((levels / levels.max()).abs() * 0.8, 8000)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_levels": 16, "n_bits": 4}, "give one of n_levels and n_bits, got 16 and 4"),
        ({"n_levels": 1}, "n_levels must be from 2 to 16777216, got 1"),
        ({"n_levels": 0}, "n_levels must be from 2 to 16777216, got 0"),
        ({"n_bits": 0}, "n_bits must be from 1 to 24, got 0"),
        ({"n_bits": 8, "mu_law": 0.0}, "mu_law must be a number above 0 or null, got 0.0"),
        ({"n_bits": 8, "mu_law": math.nan}, "mu_law must be a number above 0 or null, got nan"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Quantization(**settings)
