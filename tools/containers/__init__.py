"""A Docker engine, an image to build upon and a registry, where a machine has none of them."""
