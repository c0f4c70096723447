"""The Pulumi side: what the platform is made of, and how it is put together."""
