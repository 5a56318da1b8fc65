"""How a restorer is trained."""

from dataclasses import dataclass

KEEPS = ("best", "last")


@dataclass(frozen=True)
class Schooling:
    """How it is trained, besides what the update is.

    Args:
        epochs: with the network learning.
        batch_size: windows a batch.
        n_train, n_valid, n_test: files to train on (None: all others), to choose the best weights by, and to test on.
        test_names: the clips to test on, in place of n_test drawn ones.
        n_batches: of an epoch, at most; None takes all.
        stretch_seconds: how much of a file is read at a time.
        valid_seconds: how much of each validation file is restored after an epoch.
        keep: "best" keeps the weights of the epoch with the smallest distance in the validation, "last" those of the last;
            with collaborative sampling always the last, which the discriminator was shaped for.
    """

    epochs: int
    batch_size: int
    n_train: int | None
    n_valid: int
    n_test: int
    test_names: list[str] | None
    n_batches: int | None
    stretch_seconds: float
    valid_seconds: float
    keep: str

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "n_train", "n_valid", "n_test", "n_batches"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name} must be at least 1, got {number}")
        for name in ("stretch_seconds", "valid_seconds"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be above 0 s, got {getattr(self, name)}")
        if self.keep not in KEEPS:
            raise ValueError(f"keep must be one of {', '.join(KEEPS)}, got {self.keep!r}")
