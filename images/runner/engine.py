"""Prefect's engine, loaded without the garbage collector: what loading makes is there to stay."""

import gc
import os
import runpy
import sys

gc.disable()

import prefect.flow_engine  # noqa: E402, F401

gc.freeze()
gc.enable()

# As `python -m prefect.engine` has it; the module that was loaded on the way is not `__main__`.
sys.path[0] = os.getcwd()
sys.modules.pop("prefect.engine", None)
runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
