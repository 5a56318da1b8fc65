"""dap: deep audio priors. Fit a randomly initialised network to one degraded sound; an early iterate is the restoration."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["restore"]


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
