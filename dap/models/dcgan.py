"""The generator of a DCGAN, fitted to one spectrogram as an image (Virdi, 2017)."""

from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.instance_norm import InstanceNorm2d
from dap.layers.upsample.transposed import Transposed
from dap.layers.upsample.upsampler import Upsampler


class DCGAN(nn.Module):
    """A 3 × 3 transposed convolution, then stages that double both sides of the maps, each with norm and LeakyReLU.

    A stage is the ``upsampler``. One that has weights of its own, such as the source's transposed convolution (kernel 4,
    stride 2, padding 1: the option transposed_overlapping), is the whole of the stage; one that has none is followed by a
    3 × 3 convolution, the source's other form. The last stage has no norm; its maps go to the estimate's by a convolution,
    3 × 3 again or, after learned upsampling, 1 × 1. (The source's last transposed convolution is these two in one.)

    The source ends in a sigmoid, for images between 0 and 1. A spectrogram has no such ceiling, and its peaks stand far above
    its mean: here a magnitude ends in softplus, which is never negative and reaches any level, and starts near silence;
    a complex spectrogram is put out as it is. Batch norm of a single image is instance norm, which is what is used.

    Args:
        in_channels: maps of the latent, a grid 2^stages times coarser than the estimate.
        out_channels: maps of the estimate.
        size: (n_freq, n_frames); what is too much at the end of each is cut off.
        upsampler: makes what doubles the maps, from (channels, factor).
        width: maps of every stage.
        stages: doublings.
        nonnegative: softplus at the end, for magnitudes.
        slope: of the LeakyReLU below 0. (The source's is 1 by a mistake, and so no nonlinearity at all.)
        norm_eps: of the instance norm.
        init_std: standard deviation of the convolutions' weights at the start.

    Shape:
        (batch, in_channels, n_freq / 2^stages, n_frames / 2^stages; rounded up) → (batch, out_channels, n_freq, n_frames)

    Raises:
        ValueError: settings out of range, stages that leave a grid of one value; a latent whose grid is not the one above.

    Reference: Virdi, "Deep Audio Prior", 2017; Ulyanov et al., "Deep Image Prior", 2018 (its DCGAN); Radford et al.,
    "Unsupervised Representation Learning with DCGANs", ICLR 2016.

    >>> import torch
    >>> DCGAN(2, 1, (33, 21), width=4, stages=2)(torch.rand(1, 2, 9, 6)).shape
    torch.Size([1, 1, 33, 21])
    """

    quiet = -3.0  # softplus of it is 0.05

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        upsampler: Upsampler = lambda channels, factor: Transposed(channels, factor, overlap=2, bias=False),
        width: int = 32,
        stages: int = 4,
        nonnegative: bool = True,
        slope: float = 0.2,
        norm_eps: float = 1e-5,
        init_std: float = 0.02,
    ) -> None:
        super().__init__()
        if len(size) != 2:
            raise ValueError(f"this network puts out spectrograms, of size (n_freq, n_frames), got {tuple(size)}")
        if min(in_channels, out_channels, width, stages) < 1:
            raise ValueError(
                "in_channels, out_channels, width and stages must be at least 1, "
                f"got {in_channels}, {out_channels}, {width}, {stages}"
            )
        if init_std <= 0:
            raise ValueError(f"init_std must be above 0, got {init_std}")
        self.size, self.nonnegative = tuple(size), nonnegative
        self.grid = tuple(-(-length // 2**stages) for length in size)
        if self.grid == (1, 1):
            raise ValueError(f"stages = {stages} leave one value of {self.size} maps, which no norm can use: set fewer")

        def normal(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
            nn.init.normal_(layer.weight, 0.0, init_std)
            return layer

        def activation() -> list[nn.Module]:
            return [InstanceNorm2d(width, norm_eps, affine=True), nn.LeakyReLU(slope, inplace=True)]

        layers = [normal(nn.ConvTranspose2d(in_channels, width, 3, padding=1, bias=False)), *activation()]
        for _ in range(stages - 1):
            layers.append(upsampler(width, (2, 2)))
            if not _is_learned(layers[-1]):
                layers.append(normal(nn.Conv2d(width, width, 3, padding=1, bias=False)))
            layers += activation()
        layers.append(upsampler(width, (2, 2)))
        kernel_size = 1 if _is_learned(layers[-1]) else 3
        output = nn.Conv2d(width, out_channels, kernel_size, padding=kernel_size // 2)
        nn.init.constant_(output.bias, self.quiet if nonnegative else 0.0)  # type: ignore[arg-type]
        self.layers = nn.Sequential(*layers, normal(output))

    def forward(self, latent: Tensor) -> Tensor:
        if latent.shape[2:] != self.grid:
            raise ValueError(f"expected a latent on a grid of {self.grid}, got {tuple(latent.shape[2:])}")
        maps: Tensor = self.layers(latent)[..., : self.size[0], : self.size[1]]
        return F.softplus(maps) if self.nonnegative else maps


def _is_learned(layer: nn.Module) -> bool:
    return any(True for _ in layer.parameters())
