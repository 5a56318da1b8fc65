"""Damage: how it is done to a sound, how an estimate is seen through it, what is known for certain."""
