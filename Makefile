# Satark. `make` alone explains itself.
#
# Each environment is apart: .venv for development, .venv-run with nothing but what a server needs, .venv-bench with
# the peers that benchmarks compare with. Every package is pinned with its hash (requirements/*.txt); uv installs
# them where it is present, plain pip elsewhere.

PYTHON ?= python3
DATA ?= var
BIN := .venv/bin
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help install run test check format docs bench lock browser clean

help: ## Show what there is
	@echo "Satark: decide on payments before the money moves."
	@echo
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)$$/  make \1@\2/' | column -t -s '@'
	@echo
	@echo "Start with: make run"

install: .venv/.installed ## Make .venv with everything that development, tests and checks use

run: .venv-run/.installed ## Install what a server needs, start it with a simulated stream, print the page's address
	@exec .venv-run/bin/satark up --data $(DATA)

test: install browser ## Run all tests, several files at once
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

check: install ## Run the linters: ruff, mypy, import-linter, deptry
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: install ## Format the code
	$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

docs: install ## Write the reference pages that are generated from the code
	$(BIN)/python -m satark.app.reference

bench: .venv-bench/.installed ## Measure speed, side by side with others; writes benchmarks/results.json
	.venv-bench/bin/python -m benchmarks $(ARGS)

lock: ## Pin all packages again (needs uv)
	requirements/lock

browser: install ## Find or install the browser that the page tests use
	@$(BIN)/python tests/browser/setup_browser.py

clean: ## Remove environments and caches, never data
	rm -rf .venv-run .venv-bench .cache .mypy_cache .ruff_cache .pytest_cache

.venv/.installed: requirements/test.txt pyproject.toml
	@requirements/install $(PYTHON) .venv requirements/test.txt

.venv-run/.installed: requirements/runtime.txt pyproject.toml
	@requirements/install $(PYTHON) .venv-run requirements/runtime.txt

.venv-bench/.installed: requirements/bench.txt pyproject.toml
	@requirements/install $(PYTHON) .venv-bench requirements/bench.txt
