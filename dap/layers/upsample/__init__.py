"""Ways to make maps larger, one a file."""
