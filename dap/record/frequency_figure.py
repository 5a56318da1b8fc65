"""Figure 2 of Zhang et al. (ICLR 2020): how pictures, spectrograms and waveforms fall off with frequency, clean and noisy."""

from pathlib import Path

from matplotlib import cbook, image
import numpy as np
import torch
from torch import Tensor

from dap.audio.sound_file import read_audio
from dap.dsp.frequency_statistics import Falloff, falloff, patches
from dap.dsp.stft import STFT
from dap.record.plots import draw_falloffs
from dap.system.files import write_whole

PICTURES = (".png", ".jpg", ".jpeg")
SOUNDS = (".wav", ".flac", ".ogg")

Panels = dict[str, dict[str, Falloff]]


def read_pictures(folder: Path | None) -> list[Tensor]:
    """The grey pictures of a folder, (height, width) in [0, 1]; without one, the photograph that comes with matplotlib.

    Raises:
        ValueError: no picture there, or one that cannot be read.
    """
    if folder is None:
        paths = [Path(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))]
    else:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
    if not paths:
        raise ValueError(f"{folder}: no picture below this folder ({', '.join(PICTURES)})")
    pictures = []
    for path in paths:
        try:
            pixels = np.asarray(image.imread(path))
        except (OSError, SyntaxError, ValueError) as error:
            raise ValueError(f"{path}: not a picture that can be read: {error}") from error
        scale = 255.0 if pixels.dtype == np.uint8 else 1.0
        grey = pixels[..., :3].mean(-1) if pixels.ndim == 3 else pixels
        pictures.append(torch.from_numpy(grey / scale).float())
    return pictures


def read_sounds(folder: Path) -> list[Tensor]:
    """The sounds of a folder, first channel, at peak 1: (time,).

    Raises:
        ValueError: no sound there, or one that cannot be read or is silent.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS)
    if not paths:
        raise ValueError(f"{folder}: no sound below this folder ({', '.join(SOUNDS)})")
    sounds = []
    for path in paths:
        sound = read_audio(path)[0][0]
        if not sound.any():
            raise ValueError(f"{path}: silent")
        sounds.append(sound / sound.abs().max())
    return sounds


def frequency_statistics(
    pictures: list[Tensor], sounds: list[Tensor], snr_db: float = 10.0, n_patches: int = 20, size: int = 128, seed: int = 0
) -> Panels:
    """Of each kind the falloff, clean and with white noise of one SNR; a spectrogram is the magnitude of the STFT (1022 / 64).

    Args:
        pictures, sounds: see `read_pictures`, `read_sounds`.
        snr_db: variance of picture or sound over variance of the noise, dB.
        n_patches: of each picture or sound.
        size: of a patch of picture or spectrogram, a side; a waveform's is 32 times as long.
        seed: of places and noise.

    Raises:
        ValueError: a picture or sound smaller than a patch.
    """
    stft = STFT(1022, 64)
    panels: Panels = {}
    for kind, signals in (("pictures", pictures), ("spectrograms", sounds), ("waveforms", sounds)):
        panels[kind] = {}
        for state in ("clean", "noisy"):
            generator = torch.Generator().manual_seed(seed)
            parts = []
            for signal in signals:
                noise_std = float(signal.std()) * 10 ** (-snr_db / 20) if state == "noisy" else 0.0
                heard = signal + noise_std * torch.randn(signal.shape, generator=torch.Generator().manual_seed(seed))
                maps = stft.analysis(heard).abs() if kind == "spectrograms" else heard
                parts.append(patches(maps, 32 * size if kind == "waveforms" else size, n_patches, generator))
            panels[kind][state] = falloff(torch.cat(parts))
    return panels


def write_figure(path: Path, panels: Panels) -> str:
    """Write the picture; returns the slopes as a table of text."""
    write_whole(path, draw_falloffs(panels))
    lines = [f"{'slope of the magnitude':24}{'clean':>8}{'noisy':>8}"]
    lines += [f"{kind:24}{found['clean'].slope:8.2f}{found['noisy'].slope:8.2f}" for kind, found in panels.items()]
    return "\n".join(lines)
