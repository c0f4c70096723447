"""The Pulumi program of a stack."""

import pulumi

from stacks import config
from stacks.platform import Platform

told = pulumi.Config()
Platform(config.load(told), config.landing_options(told)).export()
