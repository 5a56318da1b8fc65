"""What to say where the memory does not hold a fit."""

from collections.abc import Callable
import gc

import torch

_HALVINGS = 6


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no memory left, of a GPU or of the machine.

    >>> is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory")), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    words = "can't allocate memory" in str(error) or "not enough memory" in str(error)  # torch's CPU allocator
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (isinstance(error, RuntimeError) and words)


def seconds_that_fit(attempt: Callable[[int], None], n_samples: int, sample_rate: int) -> float | None:
    """By halving the sound until an attempt at it succeeds; None where none does.

    Args:
        attempt: uses as much memory as so many samples need.
        n_samples: that do not fit.
        sample_rate: Hz.

    >>> def attempt(n_samples):
    ...     if n_samples > 3000:
    ...         raise MemoryError
    >>> seconds_that_fit(attempt, 8000, 8000)
    0.25
    """
    for _ in range(_HALVINGS):
        n_samples //= 2
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        try:
            attempt(n_samples)
        except ValueError:  # too short to be worked at
            return None
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        else:
            return n_samples / sample_rate
    return None
