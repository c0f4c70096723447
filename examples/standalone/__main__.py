"""One deployment with what it needs, on the Prefect server at PREFECT_API_URL."""

from stacks.prefect import (
    Deployment,
    DeploymentArgs,
    Variable,
    VariableArgs,
    WorkPool,
    WorkPoolArgs,
)

pool = WorkPool("pool", WorkPoolArgs(name="standalone", type="process", concurrency_limit=5))
Variable("region", VariableArgs(name="standalone_region", value={"name": "Paris"}))
daily = {"slug": "daily", "cron": "0 6 * * *", "timezone": "Europe/Paris"}
settings = {"entrypoint": "flows/hello.py:hello", "tags": ["standalone"], "schedules": [daily]}
hello = DeploymentArgs(flow_name="hello", name="alone", work_pool_name=pool.name, **settings)
Deployment("hello", hello)
