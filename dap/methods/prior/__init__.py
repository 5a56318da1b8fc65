"""Networks fitted to the one damaged sound: the deep prior and what is built on it."""
