"""A stack on one Docker host: Prefect by docker-compose.yml, the rest by Pulumi; see `local`."""
