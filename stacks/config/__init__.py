"""What a stack says: ``Pulumi.<stack>.yaml``, read, checked and typed."""

from .load import SECRETS, ConfigError, landing_options, load, prefect_api_key
from .stack import StackConfig

__all__ = [
    "SECRETS",
    "ConfigError",
    "StackConfig",
    "landing_options",
    "load",
    "prefect_api_key",
]
