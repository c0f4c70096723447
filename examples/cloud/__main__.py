"""What only Prefect Cloud has; each block stands in the library's README too."""

import pulumi

import prefect_as_code as prefect

# ServiceAccount
shop = prefect.ServiceAccount(
    "shop",
    prefect.ServiceAccountArgs(
        name="shop",
        account_role_id=pulumi.Config().require("role"),
        api_key_expiration="2100-01-01T00:00:00Z",
    ),
)
pulumi.export("shop_key", shop.api_key)  # a secret

# Webhook
prefect.Webhook(
    "orders",
    prefect.WebhookArgs(
        name="orders",
        template='{"event": "orders.landed", "resource": {"prefect.resource.id": "shop"}}',
        service_account_id=shop.id,
    ),
)

# ServiceLevelAgreements
hello = prefect.Deployment(
    "hello",
    prefect.DeploymentArgs(
        flow_name="hello", name="agreed", entrypoint="flows/hello.py:hello", work_pool_name="etl"
    ),
)
prefect.ServiceLevelAgreements(
    "hello-agreements",
    prefect.ServiceLevelAgreementsArgs(
        deployment_id=hello.id,
        agreements=[{"name": "within ten minutes", "within": 600, "severity": "high"}],
    ),
)
