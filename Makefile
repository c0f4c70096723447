# The one list of commands: `make help` prints it. What takes more than a line is Python.
.DEFAULT_GOAL := help
PYTHON ?= python3
STACK ?= local
PART ?= registration
PY := .venv/bin/python
UV := .venv/bin/uv

# What of Python a command needs: the program's packages; the local stack's as well; all of them.
PROGRAM := .venv/.program
LOCAL := .venv/.local
ALL := .venv/.made
OF_STACK = $(if $(filter local docker,$(STACK)),$(LOCAL),$(PROGRAM))

# The stacks of this machine have commands of their own. No other stack is taken for one of them.
HERE = $(if $(filter local,$(STACK)),local,$(if $(filter docker,$(STACK)),local.docker,$(NOT_HERE)))
NOT_HERE = $(error make $@ is for the stacks of this machine, STACK=local or STACK=docker; \
	for $(STACK) there are make preview, make deploy, and pulumi destroy --stack $(STACK))

# With a Pulumi engine on PATH, and so that no interrupt leaves anything of it running.
GUARDED = $(PY) -m tools.guarded
# What is changed in a cloud may take so long, should it be interrupted meanwhile.
CHANGING = $(GUARDED) --seconds-to-finish 300
# What a message of the program names as the way out after an interrupt.
export PREFECT_RECOVER := make recover STACK=$(STACK)

# uv trusts its own list of certificates, unless told that the machine has one.
export UV_SYSTEM_CERTS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

.PHONY: up
up: $(LOCAL) ## Bring the local stack up and run its flows; safe to repeat (STACK=docker, RUNS=0: no flows)
	@$(PY) -m $(HERE) up $(if $(filter 0,$(RUNS)),--no-runs)

.PHONY: status
status: $(LOCAL) ## Show the local services (STACK=docker)
	@$(PY) -m $(HERE) status

.PHONY: logs
logs: $(LOCAL) ## Show the end of the local logs (ARGS="-f", ARGS="worker -n 100")
	@$(PY) -m $(HERE) logs $(ARGS)

.PHONY: down
down: $(LOCAL) ## Stop the local services; data and run history stay
	@$(PY) -m $(HERE) down

.PHONY: destroy
destroy: $(LOCAL) ## Remove the local stack, its data included (YES=1: do not ask)
	@$(PY) -m $(HERE) destroy $(if $(YES),--yes)

.PHONY: env
env: $(LOCAL) ## Print the stack's environment: eval "$(make -s env)" (STACK=docker)
	@$(PY) -m $(HERE) env

.PHONY: preview
preview: $(OF_STACK) ## Show what `pulumi up` would change (STACK=local)
ifneq ($(filter local docker,$(STACK)),)
	@$(PY) -m $(HERE) env pulumi preview --stack $(STACK) --diff
else
	@$(GUARDED) --stack $(STACK) pulumi preview --stack $(STACK) --diff
endif

.PHONY: deploy
deploy: $(PROGRAM) ## Run `pulumi up` on a stack in the cloud (STACK=dev, YES=1: do not ask)
ifneq ($(filter local docker,$(STACK)),)
	@echo "make deploy STACK=dev, for example; here it is make up STACK=$(STACK)" >&2; exit 2
else
	@$(PY) -m tools.builder $(STACK)
	@$(CHANGING) --stack $(STACK) pulumi up --stack $(STACK) --diff $(if $(YES),--yes)
endif

.PHONY: recover
recover: $(OF_STACK) ## Finish what a kill has interrupted in a stack (STACK=dev, YES=1, PRUNE=1)
ifneq ($(filter local docker,$(STACK)),)
	@$(PY) -m $(HERE) up
else
	@$(CHANGING) --stack $(STACK) $(PY) -m prefect_as_code.recover --stack $(STACK) $(if $(YES),--yes) $(if $(PRUNE),--prune)
endif

.PHONY: promote
promote: $(PROGRAM) ## Let TO run what FROM has proved (FROM=dev TO=prod, DRY_RUN=1, REASON="...")
ifeq ($(and $(FROM),$(TO)),)
	@echo "make promote FROM=dev TO=prod, for example" >&2; exit 2
else
	@$(GUARDED) $(PY) -m promotion promote --from "$(FROM)" --to "$(TO)" $(if $(DRY_RUN),--dry-run) $(if $(REASON),--reason "$$REASON")
endif

.PHONY: rollback
rollback: $(PROGRAM) ## Let a stack run the images from before (STACK=prod, DRY_RUN=1)
	@$(GUARDED) $(PY) -m promotion rollback --stack "$(STACK)" $(if $(DRY_RUN),--dry-run)

.PHONY: plan
plan: $(OF_STACK) ## Write the preview as a comment, into .local/plan-<stack>.md (STACK=dev)
	@$(if $(filter local docker,$(STACK)),$(PY) -m $(HERE) env,$(GUARDED) --stack $(STACK)) $(PY) -m tools.plan write --stack $(STACK)

.PHONY: comment
comment: $(PROGRAM) ## Post that comment on a pull request, or update it (STACK=dev PR=12)
ifeq ($(PR),)
	@echo "make comment STACK=dev PR=12, for example: PR is the pull request's number" >&2; exit 2
else
	@$(PY) -m tools.plan post --stack $(STACK) --pull-request $(PR)
endif

.PHONY: test
test: $(ALL) ## Run the tests (ARGS="tests/flows -k rows")
	@$(GUARDED) $(PY) -m pytest $(ARGS)

.PHONY: e2e
e2e: $(ALL) ## Build the images and run them, in a Docker engine (ARGS="-k agent")
	@$(PY) -m pytest -m e2e tests/e2e tests/places/docker tests/story $(ARGS)

.PHONY: story
story: $(ALL) ## Tell the whole life of dev, with all of Google stood in for (docs/STORY.md)
	@$(PY) -m pytest -m e2e -x tests/story/test_story.py $(ARGS)

.PHONY: interrupts
interrupts: $(ALL) ## Interrupt the local stack's commands at random moments (ARGS="--help")
	@$(PY) -m bench.interrupts $(ARGS)

.PHONY: lint
lint: $(ALL) ## Check the code's rules and form
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check

.PHONY: format
format: $(ALL) ## Put the code into form
	@.venv/bin/ruff check --fix
	@.venv/bin/ruff format

.PHONY: types
types: $(ALL) ## Check the types
	@.venv/bin/mypy

.PHONY: audit
audit: $(PROGRAM) ## Look for known vulnerabilities in what the images have of Python
	@for image in agent runner; do $(AUDIT) -r images/$$image/requirements.txt || exit 1; done

.PHONY: docs
docs: $(PROGRAM) ## Write what pages have from the code: references, the picture of dev
	@$(PY) -m stacks.config.reference
	@$(PY) -m tests.live.conformance.table
	@$(PY) -m tests.places.google.picture

.PHONY: release-check
release-check: $(ALL) ## See whether the library can be released, and build its wheel (TAG=v0.1.0)
	@$(PY) -m tools.release check $(if $(TAG),--tag "$(TAG)")

# GitHub's workflow does it when a tag is pushed.
.PHONY: release
release: $(ALL) ## Check it, and release a tag on GitHub (TAG=v0.1.0)
ifeq ($(TAG),)
	@echo "make release TAG=v0.1.0, for example: a tag that is on GitHub" >&2; exit 2
else
	@$(PY) -m tools.release publish --tag "$(TAG)"
endif

.PHONY: bench
bench: $(ALL) ## Measure beside the peers (PART=registration or images; ARGS="--help")
	@$(GUARDED) $(PY) -m bench.$(PART) $(ARGS)

# Renovate moves the version. The locks say it all, so nothing is resolved or built.
AUDIT = $(UV) tool run -q pip-audit@2.10.1 --strict --disable-pip --require-hashes \
	--progress-spinner off

# The groups share one resolution, the dev one: what a test has seen is what an image has.
COMPILE = $(UV) pip compile --universal --python-version 3.11 --generate-hashes -q \
	--no-header --no-annotate
.PHONY: lock
lock: $(PROGRAM) ## Resolve all dependencies anew, within what pyproject.toml allows
	$(COMPILE) --group dev --group agent -o requirements-dev.txt
	$(COMPILE) --group program --group server --group runner -c requirements-dev.txt -o requirements-local.txt
	$(COMPILE) --group program -c requirements-dev.txt -o requirements.txt
	$(COMPILE) --group agent -c requirements-dev.txt -o images/agent/requirements.txt
	$(COMPILE) --group runner -c requirements-dev.txt -o images/runner/requirements.txt

$(PROGRAM): requirements.txt
$(LOCAL): requirements-local.txt
$(ALL): requirements-dev.txt
$(PROGRAM) $(LOCAL) $(ALL):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is %d.%d: make PYTHON=python3.12 ..., or https://www.python.org/downloads/" % sys.version_info[:2])'
	@$(PYTHON) -m tools.packages $@
