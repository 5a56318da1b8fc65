"""Where sounds come from."""
