"""All that knows Hydra and OmegaConf: the settings, how they are composed and checked, what is made of them."""
