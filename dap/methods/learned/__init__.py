"""Networks trained on other sounds: batches, updates, what they minimise."""
