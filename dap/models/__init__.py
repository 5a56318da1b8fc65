"""Networks, one a file: from a frozen latent, or from a damaged sound, to a sound or a spectrogram."""
