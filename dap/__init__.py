"""dap: deep audio priors. Fit a randomly initialised network to one degraded sound; an early iterate is the restoration."""

__version__ = "0.1.0"
