# Works with Python 3.11 or newer, git and make. Everything is installed into .venv (for make docs .venv-docs), once per
# pyproject.toml.
PYTHON ?= python3
PORT ?= 5000
SAMPLE ?= quickstart
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Apart, because the aws CLI of the tests and Sphinx want different versions of docutils.
DOCS_VENV := .venv-docs
TESTS ?=
# The tests start some hundred processes: compiled once, not in each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve test test-terraform lint format docs bench model reference clean
help:
	@echo "make serve   install and start the quickstart on http://localhost:$(PORT) (PORT=... moves it); SAMPLE=... another"
	@echo "             one: existing_service, spa_pkce, machine_to_machine, secret_hash_proxy, offline_site"
	@echo "make test    install and run all tests (TESTS='tests/domain -k scope' picks some)"
	@echo "make test-terraform   apply, change and destroy the Terraform sample, where Terraform is installed"
	@echo "make lint    ruff check, ruff format --check, mypy --strict on the package"
	@echo "make format  put the code into ruff's form"
	@echo "make docs    build the documentation site into build/docs, warnings as errors"
	@echo "make bench   measure the token paths"
	@echo "make model   condense the service model of the installed botocore into the package"
	@echo "make reference   write command-line.md and python.md in docs/reference anew"
	@echo "make clean   remove .venv and everything built"

# A sample of several servers has a run.py that starts them on this port and those behind it.
START = $(or $(wildcard samples/$(SAMPLE)/run.py),-m flask --app samples/$(SAMPLE)/app run)

serve: $(VENV)/.installed-$(SAMPLE)
	$(BIN)/python $(START) --port $(PORT)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not terraform" $(TESTS)

# Apart from the others: two minutes, most of which a provider of 650 MB takes to load, again for each command.
test-terraform: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m terraform

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict app_client_authz

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# From nothing each time: what is kept of an earlier build keeps its warnings to itself.
docs: $(DOCS_VENV)/.installed
	$(DOCS_VENV)/bin/python -m sphinx -W --keep-going -n -q -E -a -b html docs build/docs
	@! grep -rnE '<(script|link|img)[^>]* (src|href)="(https?:)?//' build/docs --include='*.html'
	@echo "build/docs/index.html, which loads nothing from elsewhere"

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) $(DOCS_VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11: say make PYTHON=python3.12 (or newer) ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "no venv could be made: Debian and Ubuntu need the package python3-venv" >&2; exit 1; }

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.installed-%: pyproject.toml samples/%/requirements.txt | $(BIN)/python
	$(PIP) --editable . --requirement samples/$*/requirements.txt
	@touch $@

# Made by nobody: where it is not there, SAMPLE names no sample that make can start.
samples/%/requirements.txt:
	@echo "make serve SAMPLE=$* starts nothing: make help lists the samples" >&2; exit 1

$(DOCS_VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

model: $(VENV)/.installed-dev
	$(BIN)/python -m tests.support.condense

reference: $(VENV)/.installed-dev
	$(BIN)/python -m tests.support.command_line
	$(BIN)/python -m tests.support.python_names
