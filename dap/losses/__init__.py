"""What is minimised: differences of samples, of spectra, and the terms of a training."""
