"""What goes wrong with registries."""


class RegistryError(Exception):
    """A registry refused, or could not be reached; the text says which, and what to do."""
