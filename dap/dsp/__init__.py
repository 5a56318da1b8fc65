"""Signals: spectrograms, noise, gaps, clipping, resampling, autoregression."""
