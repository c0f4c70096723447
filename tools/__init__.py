"""What a machine needs before the platform can run on it. Standard library only."""
