"""What a network that is fitted starts from."""
