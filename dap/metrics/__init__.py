"""How near an estimate is to its reference."""
