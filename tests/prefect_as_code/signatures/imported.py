"""What Prefect says of flows as it imports them: entrypoints come in as JSON, answers go out."""

import inspect
import json
import os
import sys

from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema


def told(entrypoint):
    flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    return {
        "name": flow.name,
        "description": flow.description,
        "docstring": inspect.getdoc(flow.fn),
        "parameter_openapi_schema": parameter_schema(flow).model_dump_for_openapi(),
    }


def alone(entrypoint):
    """As the first that this process imports."""
    modules, path, variables = {*sys.modules}, [*sys.path], dict(os.environ)
    try:
        return told(entrypoint)
    except Exception as error:
        return f"{entrypoint}: {error!r}"
    finally:
        for name in {*sys.modules} - modules:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(os.getcwd()):
                del sys.modules[name]
        sys.path[:] = path
        os.environ.clear()
        os.environ.update(variables)


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps([alone(each) for each in json.load(sys.stdin)]), file=answers)
