"""Collaborative sampling: the discriminator helps the network after the training, too; and is shaped for that."""

from collections.abc import Iterator
import contextlib

import torch
from torch import Tensor, nn

from dap.losses.term import evaluating, frozen
from dap.methods.learned.adversarial import Adversarial
from dap.methods.update import Batch, Update


class Collaborative:
    """Refines an estimate by gradient descent on an activation inside the network, until the discriminator takes it for real.

    The activation is what a block of the network puts out; all that passes that block by (skips) stays as it was. Each item of
    a batch is judged and refined for itself, in evaluation: an item of which the discriminator is sure enough is left as it
    is, to the bit. Of the others that state is kept of which it was surest. No weight changes.

    Args:
        n_steps: how many at most (the source's K, 50); 0 refines nothing.
        step_size: what the gradient of the discriminator's loss is multiplied with.
        threshold: of the probability that an item is real (the source's η), from which on it is left alone.
        block: name of the list of blocks inside the network.
        index: which block of it; negative ones count from the last.
        shaping_epochs: epochs after the training in which the discriminator alone learns, of refined estimates: otherwise it
            would lead to where it never was.

    Raises:
        ValueError: settings out of range; on refining, a network that has no such block.

    Reference: Liu, Kothari & Alahi, "Collaborative Sampling in Generative Adversarial Networks", AAAI 2020.
    """

    def __init__(
        self,
        n_steps: int = 0,
        step_size: float = 0.1,
        threshold: float = 0.5,
        block: str = "up",
        index: int = -2,
        shaping_epochs: int = 0,
    ) -> None:
        if n_steps < 0 or shaping_epochs < 0:
            raise ValueError(f"n_steps and shaping_epochs must be at least 0, got {n_steps} and {shaping_epochs}")
        if step_size <= 0:
            raise ValueError(f"step_size must be above 0, got {step_size}")
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must be a probability above 0 and below 1, got {threshold}")
        self.n_steps, self.step_size, self.threshold = n_steps, step_size, threshold
        self.block, self.index, self.shaping_epochs = block, index, shaping_epochs

    def find_block(self, network: nn.Module) -> nn.Module:
        """The block whose output is changed; ValueError where the network has none of that name and number."""
        for name, blocks in network.named_modules():
            if name.split(".")[-1] == self.block and isinstance(blocks, nn.ModuleList | nn.Sequential):
                if -len(blocks) <= self.index < len(blocks):
                    return blocks[self.index]
                raise ValueError(f"index: {self.block} has {len(blocks)} blocks, got {self.index}")
        raise ValueError(f"block: the network has no list of blocks {self.block!r}: collaborative sampling needs one to act on")

    def refine(self, network: nn.Module, judge: Adversarial, observation: Tensor) -> Tensor:
        """The estimates of observations, (batch, channel, time), refined."""
        block = self.find_block(network)
        with frozen(network, judge.discriminator), evaluating(network, judge.discriminator):
            with torch.no_grad(), _output(block) as seen:
                best: Tensor = network(observation)
                sure = confidence(judge, best, observation)
            activation = seen[0].clone()
            for step in range(self.n_steps + 1):
                places = (sure <= self.threshold).nonzero()[:, 0]  # items that are not taken for real
                if self.n_steps == 0 or len(places) == 0:
                    break
                part = activation[places].requires_grad_()
                with torch.enable_grad(), _output(block, part):
                    moved = network(observation[places])
                    logits = judge.logits(moved, observation[places])
                    (gradient,) = torch.autograd.grad(judge.wish(logits).sum(), part)
                found = torch.sigmoid(logits.detach()).mean(1)
                better = found > sure[places] if step else torch.zeros_like(found, dtype=torch.bool)  # as it was: not moved
                best = best.index_copy(0, places[better], moved.detach()[better])
                sure = sure.index_copy(0, places[better], found[better])
                activation[places] = (part - self.step_size * gradient).detach()
        return best


class Shaping(Update):
    """An update, and after its epochs the shaping of the discriminator: one step on references and refined estimates.

    Args:
        inner: the update of the first epochs.
        epochs: how many these are.
        network: what restores; it is not changed any more.
        judge: whose discriminator is shaped.
        collaborative: how estimates are refined.
    """

    def __init__(
        self, inner: Update, epochs: int, network: nn.Module, judge: Adversarial, collaborative: Collaborative
    ) -> None:
        super().__init__()
        self.inner, self.epochs, self.network, self.judge, self.collaborative = inner, epochs, network, judge, collaborative
        self.modules, self.optimizers, self.schedulers = inner.modules, inner.optimizers, inner.schedulers

    def step(self, batch: Batch, epoch: int) -> dict[str, float]:
        if epoch < self.epochs:
            return self.inner.step(batch, epoch)
        observation, reference = batch
        refined = self.collaborative.refine(self.network, self.judge, observation)
        return self.judge.learn(refined, reference, observation, epoch)

    def end_epoch(self, value: float) -> None:
        self.inner.end_epoch(value)


def confidence(judge: Adversarial, sound: Tensor, observation: Tensor) -> Tensor:
    """How sure the discriminator is that each item is real: (batch, channel, time) → (batch,), mean over its logits."""
    with torch.no_grad():
        return torch.sigmoid(judge.logits(sound, observation)).mean(1)


@contextlib.contextmanager
def _output(module: nn.Module, instead: Tensor | None = None) -> Iterator[list[Tensor]]:
    """Inside, what the module puts out is listed, and another tensor takes its place."""
    seen: list[Tensor] = []

    def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        seen.append(output)
        return output if instead is None else instead

    handle = module.register_forward_hook(hook)
    try:
        yield seen
    finally:
        handle.remove()
