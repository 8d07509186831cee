# The commands of this project. Each one sets up what it needs: Python 3.11 to 3.13 and make are enough.

PYTHON  ?= python3
# One more than there are cores, since many tests wait for a process.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PORT    ?= 3000
# pip installs what is locked as well, and takes longer.
INSTALLER ?= uv

BIN   := .venv/bin
QUIET := -qq --disable-pip-version-check
READY := .venv/.ready
LEGS  := dagster-min dagster-max without-bigquery compiled-sqlglot
TYPED := $(wildcard benchmarks definitions.py dqx_core dqx_dagster examples)

# What is imported is compiled then, and kept: compiling all 12,000 files that are installed takes as long as the demo.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test googlesql $(LEGS:%=test-%) ui check format bench lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Run the shop example from data to verdicts and a report
	@$(BIN)/python -m examples.shop.demo $(ARGS)

test: $(READY) ## Run the tests; ARGS="-k name" chooses some
	@$(MAKE) -s googlesql || echo "GoogleSQL cannot be installed here: the tests that need it are skipped."
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

googlesql: .venv/.googlesql ## Install Google's evaluator of GoogleSQL, for the tests that need it

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

lock: ## Resolve the locks again; ARGS=--upgrade takes newer versions
	@command -v uv >/dev/null || test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/python -m pip install $(QUIET) uv; }
	@export PATH="$$PATH:$(CURDIR)/.uv/bin"; \
	lock() { uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --strip-extras --python-version 3.11 "$$@" >/dev/null; }; \
	lock --all-extras --group dev pyproject.toml -o requirements.lock $(ARGS) && \
	lock --no-deps --group googlesql -o requirements-googlesql.lock $(ARGS) && \
	echo "uv>=0.8" | lock - -o requirements-uv.lock $(ARGS)
	@git --no-pager diff --stat -- requirements.lock requirements-googlesql.lock requirements-uv.lock

clean: ## Remove the environments and the caches; data and runs stay
	@rm -rf .venv .venv-* .uv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name .git -prune -o -name __pycache__ -type d -exec rm -rf {} +

# A virtual environment for $(1), and what `pip install` or `uv pip install` makes of each of the arguments $(2) in it.
# uv, which has a lock of its own, takes seconds where pip takes a minute or two. Where uv cannot be had, or does not get
# what it needs, pip does it: it knows its own configuration, and uv does not read that.
define install
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("dqx needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.11")'
	@test -x $(1)/bin/python || $(PYTHON) -m venv --without-pip $(1)
	@pip="$(PYTHON) -m pip --python $(1)/bin/python"; \
	$(PYTHON) -c 'import pip' 2>/dev/null || { $(1)/bin/python -m ensurepip >/dev/null && pip="$(1)/bin/python -m pip"; }; \
	with_uv() { $(1)/bin/python -m uv pip install --quiet --python $(1)/bin/python "$$@"; }; \
	with_pip() { $$pip install $(QUIET) --no-compile "$$@"; }; \
	all_with() { $(foreach what,$(2),$$1 $($(what)) &&) true; }; \
	if [ "$(INSTALLER)" = uv ]; then \
		with_pip --only-binary=:all: --no-deps --require-hashes -r requirements-uv.lock 2>$(1)/uv.log && all_with with_uv 2>>$(1)/uv.log && exit; \
		echo "uv cannot do it here ($(1)/uv.log says why): pip does, which takes two minutes."; \
	fi; \
	all_with with_pip
	@touch $(1)/.ready
endef

# What is locked is installed as it stands and never resolved again; the build backend is locked too, so that the last step
# fetches nothing.
LOCKED  := --no-deps --require-hashes -r requirements.lock
PROJECT := --no-deps --no-build-isolation --editable .

$(READY): requirements.lock requirements-uv.lock pyproject.toml
	@echo "Setting up .venv from requirements.lock"
	$(call install,.venv,LOCKED PROJECT)

# Needed by some tests only, and 65 megabytes: what it compiles is kept in ~/.cache/dqx-googlesql.
GOOGLESQL := --no-deps --require-hashes -r requirements-googlesql.lock

.venv/.googlesql: $(READY) requirements-googlesql.lock
	$(call install,.venv,GOOGLESQL)
	@touch $@

# Each leg is an environment in which something is other than the lock says: the packages that match FREE take the version
# that ADD or pyproject.toml asks for, and PROOF is what then holds. Everything else is as it is locked.
EXTRAS := postgres,bigquery,ui,report
OLDEST := $(shell sed -nE 's/^ *"dagster>=([0-9.]+).*/\1/p' pyproject.toml)
dev     = $(shell $(PYTHON) -c 'import tomllib; print(*map(repr, tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"]))')
VARIED  = -c $(@D)/constraints.txt --editable '.[$(EXTRAS)]' $(dev) $(ADD)

# Only the old `dg` wants an older tomlkit.
.venv-dagster-min/.ready: FREE := dagster|tomlkit
.venv-dagster-min/.ready: ADD := dagster==$(OLDEST)
.venv-dagster-min/.ready: PROOF := import dagster; assert dagster.__version__ == "$(OLDEST)"
test-dagster-min: TESTS := tests/dagster ## Run the plugin's tests on the oldest Dagster that is allowed

.venv-dagster-max/.ready: FREE := dagster
.venv-dagster-max/.ready: PROOF := import dagster, dagster_webserver; assert dagster.__version__ == dagster_webserver.__version__
test-dagster-max: TESTS := tests/dagster ## Run them on the newest Dagster that has all its libraries

.venv-without-bigquery/.ready: FREE := dagster-gcp|dagster-pandas|google|pandas
.venv-without-bigquery/.ready: EXTRAS := postgres,ui,report
.venv-without-bigquery/.ready: ADD := 'pandas>=3'
.venv-without-bigquery/.ready: PROOF := import importlib.util as u; assert not u.find_spec("google") or not u.find_spec("google.cloud")
test-without-bigquery: TESTS := tests --ignore tests/bigquery --ignore tests/test_lock.py ## Run all other tests without Google's packages, on pandas 3

.venv-compiled-sqlglot/.ready: ADD := 'sqlglot[c]'
.venv-compiled-sqlglot/.ready: PROOF := import sqlglot.expressions as e; assert e.core.__file__.endswith(".so")
test-compiled-sqlglot: TESTS := tests --ignore tests/test_lock.py ## Run the tests on sqlglot[c]

$(LEGS:%=.venv-%/.ready): requirements.lock requirements-uv.lock pyproject.toml
	@echo "Setting up $(@D)"
	@mkdir -p $(@D)
	@sed -nE '$(if $(FREE),/^($(FREE))/d; )s/^([A-Za-z0-9_.-]+==[^\\]*[^ \\]) *\\?$$/\1/p' requirements.lock >$(@D)/constraints.txt
	$(call install,$(@D),VARIED)
	@$(@D)/bin/python -c '$(PROOF)' || { rm $@; exit 1; }

$(LEGS:%=test-%): test-%: .venv-%/.ready
	@.venv-$*/bin/python -m pytest -n $(WORKERS) --dist loadgroup $(or $(ARGS),$(TESTS))

.dagster_home/dagster.yaml: examples/shop/dagster.yaml
	@mkdir -p $(@D)
	@cp $< $@
