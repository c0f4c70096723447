"""What is declared: flows/deployments.py, read as a file, whatever it holds."""

import os
import runpy
import traceback
from pathlib import Path

import pulumi

from flows.declarations import FILE
from flows.declarations.checking import UnreadableError, relative

from .config.complaints import closest


class DeclarationError(pulumi.RunError):  # Pulumi shows its text alone, without a traceback
    """Something in ``flows/deployments.py`` cannot be deployed; the text says what and where."""


def read() -> object:
    """``DEPLOYMENTS``, whatever it holds.

    Raises:
        DeclarationError: the file does not come to its end, or says nothing of DEPLOYMENTS.
    """
    if not Path(FILE).is_file():
        raise DeclarationError(f"{FILE}: there is no such file; it says which flows are deployed")
    try:
        names = runpy.run_path(FILE, run_name="flows.deployments")
    except (Exception, SystemExit) as error:
        raise DeclarationError(_in_words(error)) from None
    if "DEPLOYMENTS" not in names:
        raise DeclarationError(
            f"{FILE}: DEPLOYMENTS is missing{closest('DEPLOYMENTS', [*names])}; write "
            "DEPLOYMENTS = (FlowDeployment(…),), or () for none"
        )
    return names["DEPLOYMENTS"]


def _in_words(error: BaseException) -> str:
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, SyntaxError):
        at = f"{relative(error.filename or FILE)}:{error.lineno or 1}"
        told = error.msg
    else:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f for f in frames if not relative(f.filename).startswith((os.sep, ".venv", "<"))]
        at = f"{relative(ours[-1].filename)}:{ours[-1].lineno}" if ours else f"{FILE}:1"
        told = traceback.format_exception_only(error)[-1].strip()
    remedy = "mend it first: nothing of the file can be read before"
    if isinstance(error, ModuleNotFoundError):
        remedy = "import no package of a flow here: declarations are read where it may be missing"
    elif isinstance(error, NameError):
        told += closest(str(error.name), ["FlowDeployment", "Schedule"])
    return f"{at}: {told}; {remedy}"
