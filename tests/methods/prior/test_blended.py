"""The blend of a fit and a fill, with methods whose errors are known."""

import pytest
import torch

from dap.dsp.masks import hidden_gaps
from dap.methods.classical.autoregressive import Autoregressive
from dap.methods.iterate import Iterate
from dap.methods.method import Method
from dap.methods.prior.blended import Blended
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting

RATE = 8000


class Off(Method):
    """The truth with an error of its own in all that is missing, in each of two iterates a smaller one."""

    iterative = True

    def __init__(self, truth: torch.Tensor, error: torch.Tensor) -> None:
        super().__init__()
        self.truth, self.error = truth, error

    def iterates(self, state, problem):
        observation, task = problem.observation, problem.task
        assert not observation[..., task.missing].any(), "what is hidden is hidden"
        errors = (scale * self.error * task.missing for scale in (3.0, 1.0))
        return iter(Iterate(step, 0.5, self.truth + error, facts={"n": 7}) for step, error in enumerate(errors))


@pytest.fixture
def truth(generator):
    return torch.randn(1, 8000, generator=generator)


@pytest.fixture
def task(generator):
    return Inpainting(n_gaps=5, gap_seconds=0.02, fade_seconds=0.0).at(RATE, 8000, generator)


def restored(truth, task, fit_error, fill_error):
    method = Blended(Off(truth, fit_error), Off(truth, fill_error))
    iterates = list(method.restore(Problem(task.observe(truth), task, RATE)))
    assert all(iterate.facts == {"n": 7} for iterate in iterates)
    return [snr(iterate.estimate[..., task.missing], truth[..., task.missing]) for iterate in iterates]


def test_two_that_err_independently_are_better_together(truth, task, generator):
    errors = 0.3 * torch.randn(2, 1, 8000, generator=generator)
    alone = snr((truth + errors[0])[..., task.missing], truth[..., task.missing])
    _, last = restored(truth, task, *errors)
    assert last > alone + 2  # halves of two equal errors: 3 dB, and 800 hidden samples tell the halves apart to some %


def test_what_is_no_good_is_left_out(truth, task):
    error = torch.randn(1, 8000, generator=torch.Generator().manual_seed(1))
    nothing, small = torch.zeros_like(error), 0.01 * error
    assert min(restored(truth, task, 10 * error.flip(-1), small)) > 39.5  # as good as the fill alone, at 40 dB
    assert min(restored(truth, task, nothing, error)) > 100


def test_each_iterate_has_its_own_weight(truth, task, generator):
    errors = 0.3 * torch.randn(2, 1, 8000, generator=generator)
    first, last = restored(truth, task, *errors)
    assert last > first + 1


def test_hidden_gaps_are_as_long_and_keep_their_distance():
    missing = torch.zeros(1000, dtype=torch.bool)
    missing[300:340] = missing[700:710] = True
    hidden = hidden_gaps(missing, 50)
    runs = torch.diff(hidden.int()).nonzero()[:, 0].add(1).tolist()
    assert runs == [210, 250, 390, 430, 640, 650, 760, 770]
    assert not (hidden & missing).any()


def test_gaps_at_the_ends_and_too_near_each_other():
    missing = torch.zeros(200, dtype=torch.bool)
    missing[0:40] = missing[160:200] = True
    assert hidden_gaps(missing, 40).int().diff().nonzero()[:, 0].add(1).tolist() == [80, 120]
    full = Inpainting(gaps=[[0.0, 0.45], [0.55, 1.0]]).at(RATE, 8000, None)
    with pytest.raises(ValueError, match="there is no room: take method=autoregressive"):
        Blended(Autoregressive(), Autoregressive()).restore(Problem(torch.ones(1, 8000), full, RATE))


def test_wrong_use():
    with pytest.raises(ValueError, match="distance_seconds must be above 0 s, got 0"):
        Blended(Autoregressive(), Autoregressive(), distance_seconds=0.0)
    with pytest.raises(ValueError, match="Blended restores task=inpainting, and nothing of denoise"):
        Blended(Autoregressive(), Autoregressive()).restore(Problem(torch.ones(1, 8000), Denoise(noise_std=0.1), RATE))
