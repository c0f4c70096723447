"""One deployment with what it needs, on the Prefect server at PREFECT_API_URL."""

import prefect_as_code as prefect

pool = prefect.WorkPoolArgs(name="standalone", type="process", concurrency_limit=5)
made = prefect.WorkPool("pool", pool)
prefect.Variable("region", prefect.VariableArgs(name="standalone_region", value={"name": "Paris"}))
daily = {"slug": "daily", "cron": "0 6 * * *", "timezone": "Europe/Paris"}
hello = {"flow_name": "hello", "name": "alone", "entrypoint": "flows/hello.py:hello"}
where = {"work_pool_name": made.name, "tags": ["standalone"], "schedules": [daily]}
prefect.Deployment("hello", prefect.DeploymentArgs(**hello, **where))
