# Everything starts from a Python alone, 3.11 to 3.13; the environment is .venv/, made from hash-locked requirements.
SHELL := /bin/bash
# Unless one is given, the first supported Python on the PATH.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/.made-stamp
RUNTIME := $(VENV)/.runtime-stamp
DEV := $(VENV)/.dev-stamp
RESEARCH := $(VENV)/.research-stamp
BROWSER := $(VENV)/.browser-stamp
# What builds the documentation has an environment of its own: no test and no engine needs it.
DOCS_VENV := .venv-docs
DOCS_MADE := $(DOCS_VENV)/.made-stamp
DOCS := $(DOCS_VENV)/.docs-stamp
# Two clients of Deribit, which bring what they pin themselves.
STRANGERS_VENV := .venv-strangers
STRANGERS_MADE := $(STRANGERS_VENV)/.made-stamp
STRANGERS := $(STRANGERS_VENV)/.strangers-stamp
PAPER_ARGS ?= --days 28 --seed 1
TEST_ARGS ?= -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: always help venv venv-research venv-dev paper live-demo test test-long coverage mutants lint types runbook pages metrics-page docs bench soak soak-months two-roads simulate simulate-long power tamper kills gateway-kills hostile drills screens test-page page-screens crosscheck image-check compose-check pykka-suite null-sweeps

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What the user's shell says to Python and pip holds for the user's own work. PYTHONPATH, for one, would let pip take
# for installed what is elsewhere. What says from where and how pip downloads stays.
DOWNLOAD := INDEX_URL EXTRA_INDEX_URL FIND_LINKS NO_INDEX CONFIG_FILE CERT CLIENT_CERT TRUSTED_HOST PROXY TIMEOUT \
	DEFAULT_TIMEOUT RETRIES CACHE_DIR NO_CACHE_DIR KEYRING_PROVIDER NO_INPUT USE_FEATURE USE_DEPRECATED
unexport $(filter-out PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX PYTHONUNBUFFERED,$(filter PYTHON%,$(.VARIABLES)))
unexport $(filter-out $(DOWNLOAD:%=PIP_%),$(filter PIP_%,$(.VARIABLES)))

# A pip.conf may say `user = true`, which an environment refuses; PIP_USER overrules it.
PIP := PIP_USER=0 $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --no-deps
# A source distribution would be built with what its author asks for, unlocked and from the network.
LOCKED := $(INSTALL) --only-binary :all: --require-hashes

# The environment itself, without what is installed into it. Whether it is still usable is looked at each time.
$(MADE): always
	@.ci/make-venv '$(VENV)' $(PYTHON)

# Whatever is needed is in the locks, so pip resolves nothing (docs/decisions/locks-without-resolving.md): neither
# for them, nor for the project itself, which is built by what the lock holds. While pip works the environment does
# not count as made, so that one in which pip was cut off is made again.
$(RUNTIME): requirements.lock pyproject.toml $(MADE)
	@mv $(MADE) $(MADE).unfinished
	$(LOCKED) -r requirements.lock
	$(INSTALL) --no-build-isolation -e .
	$(PIP) check
	@mv $(MADE).unfinished $(MADE)
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@mv $(MADE) $(MADE).unfinished
	$(LOCKED) -r requirements-dev.lock
	$(PIP) check
	@mv $(MADE).unfinished $(MADE)
	@touch $@

# What sweeps, their clusters and Parquet need, over what running needs.
$(RESEARCH): requirements-research.lock $(RUNTIME)
	@mv $(MADE) $(MADE).unfinished
	$(LOCKED) -r requirements-research.lock
	$(PIP) check
	@mv $(MADE).unfinished $(MADE)
	@touch $@

# What drives a browser is installed over it; no other test needs it.
$(BROWSER): requirements-browser.lock $(DEV)
	@mv $(MADE) $(MADE).unfinished
	$(LOCKED) -r requirements-browser.lock
	$(PIP) check
	@mv $(MADE).unfinished $(MADE)
	@touch $@

$(DOCS_MADE): always
	@.ci/make-venv '$(DOCS_VENV)' $(PYTHON)

$(DOCS): requirements-docs.lock $(DOCS_MADE)
	@mv $(DOCS_MADE) $(DOCS_MADE).unfinished
	$(subst $(BIN)/,$(DOCS_VENV)/bin/,$(LOCKED)) -r requirements-docs.lock
	$(subst $(BIN)/,$(DOCS_VENV)/bin/,$(PIP)) check
	@mv $(DOCS_MADE).unfinished $(DOCS_MADE)
	@touch $@

$(STRANGERS_MADE): always
	@.ci/make-venv '$(STRANGERS_VENV)' $(PYTHON)

$(STRANGERS): requirements-strangers.lock $(STRANGERS_MADE)
	@mv $(STRANGERS_MADE) $(STRANGERS_MADE).unfinished
	$(subst $(BIN)/,$(STRANGERS_VENV)/bin/,$(LOCKED)) -r requirements-strangers.lock
	$(subst $(BIN)/,$(STRANGERS_VENV)/bin/,$(PIP)) check
	@mv $(STRANGERS_MADE).unfinished $(STRANGERS_MADE)
	@touch $@

venv: $(RUNTIME)  ## Make .venv/ with what running needs

venv-research: $(RESEARCH)  ## The same with what sweeps, clusters and Parquet need

venv-dev: $(DEV)

paper: $(RUNTIME)  ## Trade the embedded venue (PAPER_ARGS="--days 28 --seed 1")
	$(BIN)/python run.py paper $(PAPER_ARGS)

live-demo: $(RUNTIME)  ## Trade a simulated Deribit through the live gateway (DEMO_ARGS="--days 3 --seed 45")
	$(BIN)/python run.py gateway demo $(DEMO_ARGS)

test: $(DEV)  ## Run the tests (TEST_ARGS="tests/core -k sizing")
	$(BIN)/python -m pytest $(TEST_ARGS)

test-long: $(DEV)  ## Whole engines that play for weeks or are killed (a minute or two)
	$(BIN)/python -m pytest -m long tests/actors tests/backtest tests/cli tests/gateway tests/kills tests/power tests/research tests/scenarios tests/simulate $(TEST_ARGS)

coverage: $(DEV)  ## Every line and branch of core/ by its own tests; fails under 100 %
	$(BIN)/python -m pytest tests/core $(TEST_ARGS) --cov --cov-report=term

# Results are kept in mutants/: a second run tries only what changed, and survivors if a test has changed.
# MUTANTS='audit' tries one part, MUTANTS='core.rules.exit.*' some again.
mutants: $(DEV)  ## Change what must not break in 10,000 ways: of each part tests must notice 85 % (hours)
	$(BIN)/python -m tests.mutation.run $(MUTANTS)

lint: $(DEV)  ## Style, format and import contracts
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/lint-imports

types: $(DEV)  ## Strict types
	$(BIN)/python -m mypy

runbook: $(DEV)  ## Write the alerts of docs/runbook.md anew from their table
	$(BIN)/python -m tests.tidy.runbook

metrics-page: $(DEV)  ## Write the tables of docs/metrics.md anew
	$(BIN)/python -m tests.tidy.metrics_page

pages: $(DEV)  ## Write the tables of docs/ that are made from the code anew
	$(BIN)/python -m tests.tidy.pages

docs: $(DOCS)  ## Build docs/ as a site with search in site/; every link is checked
	$(DOCS_VENV)/bin/zensical build --clean --strict

bench: $(DEV)  ## Timed figures: a table, and bench.json
	$(BIN)/python -m bench

soak: $(DEV)  ## Long simulations (hours)
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -m soak --timeout 0

# What `make soak` does of it, alone. Chains and W1 where the variables of docs/backtest.md name them.
two-roads: $(DEV)  ## Both roads of a backtest on years, months and 100 drawn strategies (hours)
	$(BIN)/python -m pytest -m 'soak or not soak' --timeout 0 tests/backtest/test_two_roads.py tests/backtest/test_w1.py

# A seed is one run: what is found is replayed by the command that is printed with it.
SIMULATE_ARGS ?= --seeds 0:200 --days 30
simulate: $(DEV)  ## Disturb 200 simulated engines for 30 days each
	$(BIN)/python run.py simulate $(SIMULATE_ARGS)

# Goes on where it was cut off, by its journal.
SIMULATE_LONG_ARGS ?= --seeds 0:20000 --days 2 --journal simulate.journal
simulate-long: $(DEV)  ## The same with 20,000 seeds (hours; goes on where it was cut off)
	$(BIN)/python run.py simulate $(SIMULATE_LONG_ARGS)

# What `make soak` does of it, alone: 90 market days of the real processes, and the table of what they cost.
soak-months: $(DEV)  ## Ninety market days on threads with faults: what grows (half an hour)
	$(BIN)/python -m pytest -m soak --timeout 0 -s tests/soak/test_months.py

NULL_SWEEPS := null-sweeps
null-sweeps: $(DEV)  ## How often a verdict finds what is not there: 2,000 drawn sweeps, 200 market years (an hour)
	$(BIN)/python -m pytest -m soak --timeout 0 -s tests/research/test_max_t.py
	$(BIN)/python -m tests.research.null_rate $(NULL_SWEEPS)

# The cuts need root, loop devices and mkfs.ext4, the crash states strace; what is missing is skipped with its reason.
power: $(DEV)  ## Power cuts and crash states (half an hour; some as root only)
	$(BIN)/python -m pytest -m power -rs --timeout 0 tests/power

# Also the long runs. Crash states that are mistaken for tampering are looked for by `make power`.
TAMPERINGS := tests/actors/audit/test_tampering.py tests/actors/audit/test_closed_files.py \
	tests/actors/audit/test_books_at_boot.py tests/actors/state/test_missing_alerts.py tests/actors/anchor \
	tests/reading/test_proof.py tests/reading/test_flipped_books.py

TAMPER_ARGS ?= -n auto --dist load

tamper: $(DEV)  ## Every way to change log and books is found (a quarter of an hour; TAMPER_ARGS)
	$(BIN)/python -m pytest -m 'soak or not soak' --timeout 0 $(TAMPERINGS) $(TAMPER_ARGS)

kills: $(DEV)  ## kill -9 at every failpoint and at 325 random instants (an hour)
	$(BIN)/python -m pytest -m 'soak or not soak' --timeout 0 tests/kills

gateway-kills: $(DEV)  ## kill -9 of gateway, engine and both, 20 times each, over a faulty wire (half an hour)
	$(BIN)/python -m pytest -m soak --timeout 0 -s tests/kills/test_gateway_kills.py

hostile: $(DEV)  ## The engine against a tool server that misbehaves (under a minute)
	$(BIN)/python -m pytest -m hostile tests/hostile

drills: $(DEV)  ## Follow entries of the runbook literally, from the fault to the healthy engine
	$(BIN)/python -m pytest -m drill tests/runbook

crosscheck: $(DEV) $(STRANGERS)  ## ccxt and typed-deribit trade at the simulated Deribit (under a minute)
	$(BIN)/python -m pytest -m strangers -rs tests/crosscheck

screens: $(DEV)  ## Draw the screens of the documentation anew (docs/pictures/)
	$(BIN)/python -m tests.cli.screens

# Needs the distribution's Chromium; without it everything is skipped with the reason.
test-page: $(BROWSER)  ## The page in a real browser: what it shows, access, accessibility (minutes)
	$(BIN)/python -m pytest -m browser -rs --timeout 900 tests/page

page-screens: $(BROWSER)  ## Photograph the page in all states, light and dark, desk and phone (page-screens/)
	$(BIN)/python -m tests.page.screens

# No part of .ci/run: it needs buildah, mmdebstrap and Debian's mirror.
image-check:  ## Build the image without Docker, and try its container (two minutes; without root)
	packaging/image-check

compose-check:  ## Try compose.yaml on a Docker daemon, with the profile paper (two minutes)
	packaging/compose-check

pykka-suite: $(DEV)  ## Pykka's own tests on our inbox, future and loop
	$(BIN)/python -m tests.pykka_suite.run
