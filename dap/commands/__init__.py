"""The console commands, one a file."""
