# Everything starts from a Python alone, 3.11 to 3.13; the environment is .venv/, made from hash-locked requirements.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.runtime-stamp
DEV := $(VENV)/.dev-stamp
PAPER_ARGS ?= --days 28 --seed 1
TEST_ARGS ?= -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help venv venv-dev paper test coverage mutants lint types bench soak power pykka-suite

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make venv: expected Python 3.11 to 3.13 on the PATH, found none" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "make venv: expected Python 3.11 to 3.13, found $$($(PYTHON) -V); set PYTHON=" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# Whatever is needed is in the locks, so pip resolves nothing (docs/decisions/locks-without-resolving.md): neither
# for them, nor for the project itself, which is built by what the lock holds.
$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	$(PIP) check
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	$(PIP) check
	@touch $@

venv: $(RUNTIME)  ## Make .venv/ with what running needs

venv-dev: $(DEV)

paper: $(RUNTIME)  ## Trade the embedded venue (PAPER_ARGS="--days 28 --seed 1")
	$(BIN)/python run.py paper $(PAPER_ARGS)

test: $(DEV)  ## Run the tests (TEST_ARGS="tests/core -k sizing")
	$(BIN)/python -m pytest $(TEST_ARGS)

coverage: $(DEV)  ## Every line and branch of core/ by its own tests; fails under 100 %
	$(BIN)/python -m pytest tests/core $(TEST_ARGS) --cov --cov-report=term

# Results are kept in mutants/: a second run tries only what changed. MUTANTS='core.rules.exit.*' tries some again.
mutants: $(DEV)  ## Change core/ in 5,800 ways: a test must notice 85 % (half an hour)
	HYPOTHESIS_PROFILE=mutants nice -n 10 $(BIN)/mutmut run --max-children 2 $(MUTANTS)
	$(BIN)/mutmut results
	$(BIN)/mutmut export-cicd-stats
	@$(BIN)/python -c 'import json, sys; found = json.load(open("mutants/mutmut-cicd-stats.json")); \
		killed, total = found["killed"] + found["timeout"], found["total"]; \
		print(f"{killed} of {total} mutants killed"); sys.exit(killed < 0.85 * total)'

lint: $(DEV)  ## Style, format and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(DEV)  ## Strict types
	$(BIN)/mypy

bench: $(DEV)  ## Timed figures: a table, and bench.json
	$(BIN)/python -m bench

soak: $(DEV)  ## Long simulations (hours)
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -m soak --timeout 0

# The cuts need root, loop devices and mkfs.ext4, the crash states strace; what is missing is skipped with its reason.
power: $(DEV)  ## Power cuts and crash states (half an hour; some as root only)
	$(BIN)/python -m pytest -m power -rs --timeout 0 tests/power

pykka-suite: $(DEV)  ## Pykka's own tests on our inbox, future and loop
	$(BIN)/python -m tests.pykka_suite.run
