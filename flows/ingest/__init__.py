"""From the landing into the warehouse, partition by partition."""
