"""GitHub's workflows in Google Cloud, without a key: who deploys, and who only looks."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi_gcp.iam import WorkloadIdentityPoolProviderOidcArgs

from ...config import google as config
from ...config.google import Google
from .agent import Agent
from .secrets import Secrets

ISSUER = "https://token.actions.githubusercontent.com"

# What `pulumi up` of a whole stack makes, changes and removes.
DEPLOYER_ROLES = (
    "artifactregistry.admin",
    "bigquery.admin",
    "compute.admin",
    "iam.roleAdmin",
    "iam.serviceAccountAdmin",
    "iam.workloadIdentityPoolAdmin",
    "resourcemanager.projectIamAdmin",
    "run.viewer",
    "secretmanager.admin",
    "serviceusage.serviceUsageAdmin",
    "storage.admin",
)
# What `pulumi preview --refresh` reads in the project; no row of data.
PREVIEWER_ROLES = (
    "artifactregistry.reader",
    "bigquery.metadataViewer",
    "compute.viewer",
    "iam.securityReviewer",
    "iam.workloadIdentityPoolViewer",
    "run.viewer",
    "secretmanager.viewer",
    "serviceusage.serviceUsageViewer",
    "storage.bucketViewer",
)


@dataclass(frozen=True, kw_only=True)
class GitHubArgs:
    """Jobs of ``told.environment`` may deploy, and use the identity of the ``agent`` for the VM
    that they make; jobs of pull requests may preview, for which they read the Prefect API key: a
    refresh compares a secret's value with the one in the state.
    """

    prefix: str
    google: Google
    told: config.GitHub
    agent: Agent
    secrets: Secrets


class GitHub(pulumi.ComponentResource):
    """Workload identity federation. ``provider``, ``deployer`` and ``previewer`` go into workflows.

    A pool that was removed keeps its name for 30 days: a stack that comes back within them has to
    undelete it first.
    """

    def __init__(
        self, name: str, args: GitHubArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dataflows:gcp:GitHub", name, None, opts)
        mine = pulumi.ResourceOptions(parent=self)
        self.pool = gcp.iam.WorkloadIdentityPool(
            f"{name}-pool",
            workload_identity_pool_id=f"{args.prefix}-{name}",
            display_name="GitHub",
            opts=mine,
        )
        provider = gcp.iam.WorkloadIdentityPoolProvider(
            f"{name}-provider",
            workload_identity_pool_id=self.pool.workload_identity_pool_id,
            workload_identity_pool_provider_id="actions",
            attribute_mapping={"google.subject": "assertion.sub"},
            attribute_condition=(
                f"assertion.repository_owner_id == '{args.told.owner_id}' && "
                f"assertion.repository_id == '{args.told.repository_id}'"
            ),
            oidc=WorkloadIdentityPoolProviderOidcArgs(issuer_uri=ISSUER),
            opts=mine,
        )
        deployer = self._account(
            "deployer", args, DEPLOYER_ROLES, f"environment:{args.told.environment}"
        )
        previewer = self._account("previewer", args, PREVIEWER_ROLES, "pull_request")
        gcp.serviceaccount.IAMMember(
            "deployer-acts-as-agent",
            service_account_id=args.agent.identity.name,
            role="roles/iam.serviceAccountUser",
            member=deployer.member,
            opts=mine,
        )
        # No other secret: the program that a previewer runs is handed this very key.
        gcp.secretmanager.SecretIamMember(
            "previewer-reads-prefect-api-key",
            secret_id=args.secrets.prefect_api_key.secret_id,
            role="roles/secretmanager.secretAccessor",
            member=previewer.member,
            opts=mine,
        )
        self.provider = provider.name
        self.deployer, self.previewer = deployer.email, previewer.email
        self.register_outputs({"provider": self.provider})

    def _account(
        self, name: str, args: GitHubArgs, roles: tuple[str, ...], subject: str
    ) -> gcp.serviceaccount.Account:
        """An identity that just the jobs with this subject may take on."""
        mine = pulumi.ResourceOptions(parent=self)
        account = gcp.serviceaccount.Account(
            f"{name}-identity",
            account_id=f"{args.prefix}-{name}",
            display_name=f"GitHub, {subject}",
            opts=mine,
        )
        for form, repository in _repository_forms(args).items():
            gcp.serviceaccount.IAMMember(
                f"{name}-subject-{form}",
                service_account_id=account.name,
                role="roles/iam.workloadIdentityUser",
                member=pulumi.Output.concat(
                    "principal://iam.googleapis.com/",
                    self.pool.name,
                    f"/subject/repo:{repository}:{subject}",
                ),
                opts=mine,
            )
        for role in roles:
            gcp.projects.IAMMember(
                f"{name}-{role}",
                project=args.google.project,
                role=f"roles/{role}",
                member=account.member,
                opts=mine,
            )
        return account


def _repository_forms(args: GitHubArgs) -> dict[str, str]:
    """How GitHub's tokens may name the repository in their subject.

    By names and ids where it was made, renamed or moved since 15 July 2026, or has opted in
    (https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/);
    by names alone before. The provider's condition holds both to the same ids.
    """
    owner, _, name = args.told.repository.partition("/")
    return {
        "by-name": args.told.repository,
        "by-id": f"{owner}@{args.told.owner_id}/{name}@{args.told.repository_id}",
    }
