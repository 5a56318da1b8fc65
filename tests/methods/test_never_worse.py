"""method=restore never leaves a sound worse than it was damaged: gaps, columns, clipping and quantization, drawn at random."""

import pytest
import torch
from torch import Tensor

from dap.dsp.signals import NOISES
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.running.api import blind_method

RATE = 8000
LEAST = -0.1  # dB, issue 18: what rounding and a mixture's bad luck may cost; most damages gain several


def sound(generator: torch.Generator, n_samples: int) -> Tensor:
    """One or two channels of gliding partials, bursts of noise and silence, at a level drawn too, below 1."""
    channels = int(torch.randint(1, 3, (1,), generator=generator))
    time = torch.arange(n_samples) / RATE
    made = torch.zeros(channels, n_samples)
    for _ in range(6):
        hertz, glide, phase, start = (float(value) for value in torch.rand(4, generator=generator))
        turns = (80 + 1500 * hertz) * (time + 0.1 * (glide - 0.5) * time**2)
        part = torch.sin(2 * torch.pi * turns + 6.28 * phase) * (time > 0.5 * start * time[-1])
        made += part * torch.rand(channels, 1, generator=generator)
    burst = NOISES["pink"]((channels, n_samples), generator=generator)
    made += 0.5 * float(torch.rand(1, generator=generator)) * burst * (time % 0.4 < 0.1)
    return made / made.abs().max() * (0.1 + 0.9 * float(torch.rand(1, generator=generator)))


def damage(task: str, generator: torch.Generator) -> dict[str, object]:
    """Settings of the task, from mild to severe."""
    amount = float(torch.rand(1, generator=generator))
    if task == "gaps":
        return {"n_gaps": 3, "gap_seconds": 0.002 + 0.1 * amount}
    if task == "samples":
        return {"missing_share": 0.02 + 0.9 * amount}
    if task == "columns":
        return {"n_gaps": 2, "gap_columns": 1 + int(6 * amount), "n_fft": 512, "hop_length": 128}
    if task == "clipping":
        return {"input_sdr_db": 1 + 19 * amount}
    return {"n_levels": 2 ** (1 + int(8 * amount))}


TASKS = {"gaps": "inpainting", "samples": "inpainting", "columns": "inpainting", "clipping": "clipping"}
TASKS |= {"levels": "quantization"}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
@pytest.mark.parametrize("kind", TASKS)
def test_never_worse_than_the_observation(kind, seed):
    generator = torch.Generator().manual_seed(1000 * sorted(TASKS).index(kind) + seed)
    reference = sound(generator, 4000 + int(torch.randint(4000, (1,), generator=generator)))
    method, task = blind_method("default", TASKS[kind], damage(kind, generator))
    here = task.at(RATE, reference.shape[-1], generator)
    observation = here.degrade(reference, generator)
    estimate = here.finish(method.estimate(Problem(observation, here, RATE)), observation)
    assert torch.isfinite(estimate).all()
    for channel in range(len(reference)):
        truth = reference[channel : channel + 1]
        if truth.any():
            assert snr(estimate[channel : channel + 1], truth) >= snr(observation[channel : channel + 1], truth) + LEAST
