"""Small networks and batches for the tests of the updates."""

from functools import partial

import torch

from dap.dsp.representation import Waveform
from dap.methods.learned.adversarial import Adversarial
from dap.methods.learned.restorer import Restorer
from dap.models.discriminators.discriminator import Discriminator
from dap.models.epfl_autoencoder import EPFLAutoencoder

WINDOW = 128
DEVICE = torch.device("cpu")


def restorer(dropout: float = 0.5) -> Restorer:
    torch.manual_seed(0)
    return Restorer(EPFLAutoencoder(1, 1, (WINDOW,), width=4, depth=3, dropout=dropout), Waveform())


def judge(**settings) -> Adversarial:
    """A built adversary of the EPFL discriminator."""
    torch.manual_seed(1)
    chosen = {"weight": 0.1, "warm_up_epochs": 0} | settings
    made = Adversarial(partial(Discriminator, width=4, depth=3), partial(torch.optim.Adam, lr=3e-3), **chosen)
    made.build(1, WINDOW, DEVICE)
    return made


def batch(n_items: int = 8, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Tones without their second partial, and with it."""
    generator = torch.Generator().manual_seed(seed)
    places = 0.2 + 0.3 * torch.rand(n_items, 1, 1, generator=generator)
    turns = places * torch.arange(WINDOW) + 6 * torch.rand(n_items, 1, 1, generator=generator)
    return 0.3 * torch.sin(turns), 0.3 * torch.sin(turns) + 0.3 * torch.sin(2 * turns)


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in module.state_dict().values() if weight.is_floating_point()])
