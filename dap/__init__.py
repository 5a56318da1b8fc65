"""dap: deep audio priors. Fit a randomly initialised network to one degraded sound; an early iterate is the restoration."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["restore"]


def restore(waveform: Any, sample_rate: int, task: str = "denoise", quality: str = "default", **settings: Any) -> Any:
    """A damaged sound restored, blind: the same level, length, type and shape (super_resolution: factor times as long).

    Any length: it is worked on window by window. Channels are restored together.

    Args:
        waveform: torch tensor or numpy array of floats, (time,) or (channel, time), full scale at ±1.
        sample_rate: Hz, of the damaged sound.
        task: what was done to it: "denoise", "inpainting", "quantization", "super_resolution", "clipping" (of
            which the levels are found by the flat tops; the peak then exceeds the clip's). "denoise" looks for flat tops too.
        quality: "fast", "default", "best": how long it may take, see docs/restore.md.
        **settings: of the task, as in configs/task: ``gaps=[[0.5, 0.52]]`` of inpainting in seconds, ``n_levels=16`` or
            ``n_bits=4`` of quantization, ``factor=2`` of super_resolution, which gives the sound at factor times its rate.

    Raises:
        ValueError: no sound, no such task, or a setting that it does not have.

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
    from dap import api  # here, because torch takes a second to import

    return api.restore(waveform, sample_rate, task, quality, settings)
