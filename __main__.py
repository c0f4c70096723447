"""The Pulumi program of a stack."""

import sys

import pulumi

from stacks import config
from stacks.platform import Platform

ALL_IS_SAID = 32  # the exit status after which Pulumi's language host adds no words of its own

try:
    told = pulumi.Config()
    Platform(config.load(told), config.landing_options(told)).export()
except pulumi.RunError as error:
    pulumi.log.error(str(error))
    sys.exit(ALL_IS_SAID)
