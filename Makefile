# The only door: `make demo`, `make test`, `make check`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check lint docs audit up setup constraints clean
.DEFAULT_GOAL := help

help:                      ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.server: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'SmartMeter needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12' >&2; exit 2; }
	@echo 'Setting up $(VENV) (once; a few minutes, most of it PyTorch) ...'
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) torch==2.13.0
	@$(INSTALL) --editable '.[server]'
	@touch $@

$(VENV)/.dev: $(VENV)/.server
	@$(INSTALL) --editable '.[server,dev]'
	@touch $@

setup: $(VENV)/.server     ## the virtual environment, without running anything

demo: $(VENV)/.server      ## a simulated household, from the camera to the report
	@$(BIN)/smartmeter demo $(ARGS)

up: $(VENV)/.server        ## Prefect server, schedules and worker on this machine
	@$(BIN)/smartmeter up $(ARGS)

test: $(VENV)/.dev         ## every test, in two processes; ARGS="-n 8" takes more, 1.5 GB each
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

lint: $(VENV)/.dev         ## style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(VENV)/.dev         ## the site, in var/site-docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs --quiet build --config-file .ci/mkdocs.yml && echo 'The site: var/site-docs/index.html'

audit: $(VENV)/.dev        ## known holes in the pinned versions, where the advisory service can be reached
	@$(BIN)/python .ci/audit.py

check: lint test           ## what continuous integration runs

constraints: $(VENV)/.dev  ## write constraints.txt anew from the installed versions
	@echo '# Every version that the set-up installs. Written by `make constraints`.' > constraints.new
	@$(BIN)/python -m pip freeze --exclude-editable | sed -n 's/^\([A-Za-z0-9._-]*==[^+]*\).*/\1/p' >> constraints.new
	@mv constraints.new constraints.txt

clean:                     ## remove the virtual environment and caches; var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
