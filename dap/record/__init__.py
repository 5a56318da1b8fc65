"""What one run leaves behind: curves, plots, a page, checkpoints."""
