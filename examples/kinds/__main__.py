"""Every kind of Prefect object once; each block stands in the library's README too."""

import prefect_as_code as prefect

# WorkPool
worker = "prefect.workers.process:ProcessWorker"
pool = prefect.WorkPool("etl", prefect.WorkPoolArgs.of(worker, name="etl", concurrency_limit=5))

# WorkQueue
urgent = prefect.WorkQueue(
    "urgent", prefect.WorkQueueArgs(work_pool_name=pool.name, name="urgent", priority=1)
)

# Variable
prefect.Variable("shops", prefect.VariableArgs(name="shops", value=["paris", "oslo"], tags=["etl"]))

# BlockType
secret_type = prefect.BlockType(
    "secret-type", prefect.BlockTypeArgs.of("prefect.blocks.system:Secret")
)

# Block
prefect.Block(
    "shop-token",
    prefect.BlockArgs(type_slug="secret", name="shop-token", secret_data={"value": "made-up"}),
)

# GlobalConcurrencyLimit
warehouse = prefect.GlobalConcurrencyLimit(
    "warehouse", prefect.GlobalConcurrencyLimitArgs(name="warehouse", limit=3)
)

# TagConcurrencyLimit
prefect.TagConcurrencyLimit(
    "shop-api", prefect.TagConcurrencyLimitArgs(tag="shop-api", concurrency_limit=10)
)

# Deployment
orders = prefect.Deployment(
    "orders",
    prefect.DeploymentArgs(
        flow_name="sync-orders",
        name="prod",
        entrypoint="flows/orders.py:sync_orders",
        work_pool_name=pool.name,
        work_queue_name=urgent.name,
        global_concurrency_limit_id=warehouse.id,
        parameters={"api": "https://shop.example"},
        schedules=[{"slug": "daily", "cron": "0 6 * * *", "timezone": "Europe/Paris"}],
        triggers=[{"name": "orders-landed", "expect": ["orders.landed"]}],
    ),
)

# Automation
prefect.Automation(
    "orders-late",
    prefect.AutomationArgs(
        name="orders-late",
        description="Run the orders again if none have come for a day",
        trigger={
            "type": "event",
            "posture": "Proactive",
            "within": 86400,
            "expect": ["prefect.flow-run.Completed"],
        },
        actions=[{"type": "run-deployment", "source": "selected", "deployment_id": orders.id}],
    ),
)
