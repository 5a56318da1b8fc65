"""How a sound is restored: what every method offers, its iterates, and the rules that stop them."""
