"""What networks are made of: convolutions, the harmonic one above all, norms, upsamplers."""
