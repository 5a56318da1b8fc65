"""dap: deep audio priors. Fit a randomly initialised network to one degraded sound; an early iterate is the restoration.

    restored = dap.restore(waveform, sample_rate)

    fit = dap.fit(waveform, sample_rate, model="harmonic", task="denoise")
    for iterate in fit:
        iterate.step, iterate.loss, iterate.estimate
    fit.estimate, fit.reason, fit.plot(), fit.play()

restore   the best blind restoration of a damaged sound, in seconds
fit       a deep prior, or any other method, fitted to it step by step
score     how near a sound is to its reference
degrade   damage a clean sound, for experiments
choices   the options of a config group: models, tasks, methods …

Sounds are numpy arrays or torch tensors, (time,) or (channel, time), and come back as they came. The commands, for files and
for experiments: dap-restore, dap-run, dap-score, dap-table, dap-listen.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dap.config.choices import Choice
    from dap.running.live_fit import LiveFit

__version__ = "0.1.0"
__all__ = ["choices", "degrade", "fit", "restore", "score"]


def restore(
    waveform: Any,
    sample_rate: float,
    task: str = "denoise",
    quality: str = "default",
    *,
    strength: float | None = None,
    channel_axis: int | None = None,
    **settings: Any,
) -> Any:
    """A damaged sound restored, blind: the same level, length, type and shape (super_resolution: factor times as long).

    Any length: it is worked on window by window, in float32. Channels are restored together. The array is left as it was;
    what comes back is a new, contiguous one of the same kind (numpy or torch), dtype, device and order of axes, without a
    gradient. It computes on one thread, and several may call it at once; nothing of Hydra is touched, or of torch's random
    state and number of threads.

    Args:
        waveform: torch tensor or numpy array of floats of any width, full scale at ±1, finite: (time,), (channel, time), or
            with ``channel_axis=1`` (time, channel). Integers are refused, because a restoration may exceed full scale: of
            int16 pass ``waveform / 32768``. More channels than samples are taken for axes in the other order, and refused.
        sample_rate: Hz, a whole number (16000, 16000.0, numpy's), of the damaged sound.
        task: what was done to it: "denoise", "inpainting", "quantization", "super_resolution", "reverb", "clipping"
            (whose levels are found by the flat tops; the peak then exceeds the clip's). "denoise" looks for flat tops, hum,
            clicks and rumble too.
        quality: "fast", "default", "best": how long it may take, see docs/restore.md.
        strength: of "denoise" and "reverb", the largest attenuation in dB: what is taken away comes back that much softer. 0
            leaves the sound as it is; None, the default, takes away all that is found.
        channel_axis: which of two axes the channels are: 0 or -2, the default, or 1 or -1, as soundfile.read gives them.
            Of (time,) it says nothing, so one call does for every file that soundfile.read reads.
        **settings: of the task, as in configs/task: ``gaps=[[0.5, 0.52]]`` of inpainting in seconds, ``n_levels=16`` or
            ``n_bits=4`` of quantization, ``factor=2`` of super_resolution, which gives the sound at factor times its rate.

    Raises:
        ValueError: no sound in floats, axes in the other order, no such task, or a setting that it does not have.

    >>> import torch, dap
    >>> tone = torch.sin(torch.arange(16000) / 8)
    >>> noisy = tone + 0.1 * torch.randn(16000, generator=torch.Generator().manual_seed(0))
    >>> restored = dap.restore(noisy, 16000)
    >>> restored.shape, bool((restored - tone).std() < 0.1 / 5)                  # 14 dB less noise, told nothing
    (torch.Size([16000]), True)
    >>> tone[4000:4100] = 0
    >>> filled = dap.restore(tone, 16000, task="inpainting", gaps=[[0.25, 0.25625]])
    >>> bool((filled - torch.sin(torch.arange(16000) / 8)).abs().max() < 0.01)
    True
    """
    from dap.running.caller_array import like_array, read_array  # here, because torch takes a second to import

    damaged = read_array(waveform, channel_axis)

    from dap.running.api import restored  # after what is wrong with the array was said, because it takes a while to import too

    return like_array(restored(damaged, sample_rate, task, quality, settings, strength), waveform, channel_axis)


def fit(
    waveform: Any,
    sample_rate: float,
    model: Any = "harmonic",
    task: Any = "denoise",
    size: str = "quick",
    *,
    method: str = "deep_prior",
    stopping: Any = None,
    loss: Any = None,
    upsampler: str | None = None,
    like: str = "harmonic",
    reference: Any = None,
    channel_axis: int | None = None,
    peak: float | None = 1.0,
    progress: bool | None = None,
    **settings: Any,
) -> "LiveFit":
    """A deep prior fitted to a damaged sound, step by step; with the settings and defaults of `dap-run data.degraded=true`.

    Iterate over what is returned, or take its ``estimate``, which runs what is left. It also has ``step``, ``reason``,
    ``scores`` (with a reference), ``plot()``, ``play()``, ``rows`` and ``facts``. Torch's random state is left alone.

    Args:
        waveform, sample_rate, channel_axis: the damaged sound, as of `restore`.
        model: a name (`choices("model")`), or your own: a torch.nn.Module, from (1, latent channels, …) to (1, maps, …), whose
            copy is fitted; or a function of ``in_channels``, ``out_channels`` and ``size`` that makes one.
        task: a name (`choices("task")`), or a dap.tasks.task.Task.
        size: "quick", for a CPU, or "paper".
        method: a name: "deep_prior", or another one that fits ("dnp", "guided") or does not ("restore", "wiener").
        stopping: a name, or a dap.methods.stopping.StoppingRule, new; None: "discrepancy", which is blind.
        loss: a name, or a function of estimate and target to a scalar; None: the model's.
        upsampler: a name; None: the model's.
        like: the model whose latent, representation and optimizer a model of your own takes.
        reference: the clean sound, of the waveform's shape, for ``scores`` and ``oracle`` alone.
        peak: level that the waveform is scaled to for the fit, and back from after it; None leaves it. Tasks whose settings are
            levels, such as quantization, need None.
        progress: whether there is a bar; None: in a terminal or a notebook.
        **settings: as of `dap-run`: ``steps=200``, ``seed=1``, ``device="cpu"``, ``precision="bfloat16"``,
            ``**{"task.noise_std": 0.05, "model.depth": 3}``.

    Raises:
        ValueError: anything wrong with the sound, a name, a value or an object, in one line, before any work.

    >>> import torch, dap
    >>> noisy = torch.sin(torch.arange(8000) / 8) + 0.1 * torch.randn(8000, generator=torch.Generator().manual_seed(0))
    >>> fit = dap.fit(noisy, 8000, steps=2, **{"size.width": 2})
    >>> [iterate.step for iterate in fit], fit.step, fit.estimate.shape
    ([0, 1, 2], 2, torch.Size([8000]))
    """
    from dap.running.begin_fit import begin_fit

    parts = {"model": model, "task": task, "size": size, "method": method}
    parts |= {"stopping": stopping, "loss": loss, "upsampler": upsampler}
    given = {"reference": reference, "channel_axis": channel_axis, "peak": peak, "progress": progress}
    return begin_fit(waveform, sample_rate, parts, like=like, settings=settings, **given)


def score(
    estimate: Any, reference: Any, sample_rate: float, *, missing: Any = None, channel_axis: int | None = None
) -> dict[str, Any]:
    """Every score of an estimate, by name; None where one does not apply, and why under "not_scored".

    Args:
        estimate, reference: sounds of one shape, as of `restore`.
        sample_rate: Hz.
        missing: (time,), true for the samples that were not observed: then they are scored too.
        channel_axis: as of `restore`, of both.

    Raises:
        ValueError: no sounds, or of different shapes.

    >>> import numpy as np, dap
    >>> tone = np.sin(np.arange(8000) / 8)
    >>> round(dap.score(tone + 0.1 * np.cos(np.arange(8000) / 3), tone, 8000)["si_sdr"])
    20
    """
    from dap.running.api import scored

    return scored(estimate, reference, sample_rate, missing, channel_axis)


def degrade(
    waveform: Any, sample_rate: float, task: Any = "denoise", *, seed: int = 0, channel_axis: int | None = None, **settings: Any
) -> Any:
    """A clean sound, damaged as a task says: what `fit` and `restore` are for. An array of the same kind, shape and level.

    Args:
        waveform, sample_rate, channel_axis: as of `restore`.
        task: a name (`choices("task")`), or a dap.tasks.task.Task.
        seed: of what is drawn.
        **settings: of the task, as in configs/task: ``noise_std=0.05``, ``gaps=[[0.5, 0.52]]``; at the sound's own level.

    Raises:
        ValueError: no sound in floats, no such task or setting, or a value that is of no use.

    >>> import numpy as np, dap
    >>> noisy = dap.degrade(np.zeros(8000), 8000, noise_std=0.2)
    >>> round(float(noisy.std()), 2)
    0.2
    """
    from dap.running.api import degraded

    return degraded(waveform, sample_rate, task, seed, channel_axis, settings)


def choices(group: str = "model") -> "list[Choice]":
    """The options of a config group: (name, about, source).

    Args:
        group: "model", "task", "method", "size", "upsampler", "loss", "stopping", "data" …

    Raises:
        ValueError: there is no such group; the line names them.

    >>> import dap
    >>> [choice.name for choice in dap.choices("size")]
    ['epfl', 'paper', 'quick']
    """
    from dap.config.choices import choices_of

    return choices_of(group)
