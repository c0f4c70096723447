"""Which flows are deployed: in this tuple means registered, taken out means removed."""

from flows.declarations import FlowDeployment, Schedule, check

DEPLOYMENTS = (
    FlowDeployment(  # by hand, from the UI
        entrypoint="flows/hello.py:hello",
        tags=("example",),
    ),
    FlowDeployment(
        entrypoint="flows/ingest/flow.py:ingest",
        parameters={"sample": True},
        schedules=(Schedule(slug="daily", cron="0 5 * * *"),),
        concurrency_limit=1,  # two would load the same partitions, and wait for one another
        tags=("aviation",),
        memory="2Gi",
    ),
    FlowDeployment(
        entrypoint="flows/report/flow.py:report",
        schedules=(Schedule(slug="daily", cron="0 6 * * *"),),  # an hour after the ingest
        tags=("aviation",),
        memory="1Gi",
    ),
)

if __name__ == "__main__":
    check(DEPLOYMENTS)  # python -m flows.deployments
