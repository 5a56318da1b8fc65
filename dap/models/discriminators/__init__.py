"""Networks that tell restored sounds from clean ones."""
