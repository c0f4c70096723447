"""What runs: the flows, and which of them are deployed. Knows nothing of Pulumi."""
