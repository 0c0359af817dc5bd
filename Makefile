# `make demo`: the timeline of the shipped incident. `make test`: all tests. Both set up what they need, once.
# Another Python or place: make PYTHON=python3.12 VENV=/somewhere test

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
ROOMS := $(patsubst %/__init__.py,%,$(wildcard */__init__.py))
CODE := $(wildcard *.py) $(shell find $(ROOMS) -name '*.py') py.typed pyproject.toml README.md LICENSE
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO := incidents/demo

.PHONY: help demo test check lint types golden bench fuzz test-lowest wheel clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 14

demo: $(VENV)/.package ## print the timeline of the shipped incident
	@rm -rf $(DEMO)
	@$(BIN)/retroline collect --from fixtures/incident-c --out $(DEMO)

test: $(VENV)/.dev ## run all tests; ARGS="-k words" chooses
	@$(BIN)/pytest -q $(ARGS)

check: lint types test ## run every check there is

lint: $(VENV)/.dev ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# mypy names modules by folders, so it sees the checkout under the package's name.
types: $(VENV)/.dev ## mypy, strict
	@mkdir -p $(VENV)/house && ln -sfn "$(CURDIR)" $(VENV)/house/retroline
	@mypy=$$(cd $(BIN) && pwd)/mypy; cd $(VENV)/house && "$$mypy" --config-file retroline/pyproject.toml -m retroline -m retroline.__main__ -m retroline.cli $(ROOMS:%=-p retroline.%)

golden: $(VENV)/.dev ## write the golden files anew; then look at the difference
	@RETROLINE_GOLDEN=1 $(BIN)/pytest -q -m golden $(ARGS)

bench: $(VENV)/.bench ## how long it takes, beside other tools in the same run; ARGS="--size medium --only startup"
	@$(BIN)/python benchmarks $(ARGS)

fuzz: $(VENV)/.fuzz ## every decoder of bytes from outside under atheris, on Linux; ARGS="--seconds 600 log series"
	@$(BIN)/python tests/fuzz/atheris_run.py $(ARGS)

test-lowest: ## run all tests with the lowest versions that pyproject.toml allows
	@$(MAKE) --no-print-directory test VENV=$(VENV)-lowest CONSTRAINT="--constraint tests/lowest.txt" ARGS="$(ARGS)"

wheel: $(VENV)/.wheel ## build the wheel into dist/
	@mkdir -p dist && cp $(VENV)/wheel/*.whl dist/

clean: ## remove everything that was set up or built
	rm -rf $(VENV) $(VENV)-lowest build dist *.egg-info $(DEMO) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.python:
	@command -v "$(PYTHON)" >/dev/null || { echo "retroline needs Python 3.11 or newer; there is no $(PYTHON)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "retroline needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1); name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV), once; this takes a minute." >&2
	@$(PYTHON) -m venv --clear $(VENV) >&2 || { echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@touch $@

# What is installed and tested is the wheel: the checkout would also find what the wheel forgot. setuptools keeps
# removed modules in build/, so that goes first.
$(VENV)/.wheel: $(VENV)/.python $(CODE)
	@rm -rf build $(VENV)/wheel
	@$(PIP) wheel --no-deps --wheel-dir $(VENV)/wheel . >&2
	@rm -rf build retroline.egg-info
	@touch $@

$(VENV)/.package: $(VENV)/.wheel
	@$(PIP) install $(CONSTRAINT) $(VENV)/wheel/*.whl >&2
	@$(PIP) install --no-deps --force-reinstall $(VENV)/wheel/*.whl >&2
	@touch $@

$(VENV)/.bench: $(VENV)/.package pyproject.toml
	@$(PIP) install $(CONSTRAINT) "$$(echo $(VENV)/wheel/*.whl)[bench]" >&2
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	@$(PIP) install "$$(echo $(VENV)/wheel/*.whl)[fuzz]" >&2
	@touch $@

$(VENV)/.dev: $(VENV)/.package pyproject.toml
	@$(PIP) install $(CONSTRAINT) "$$(echo $(VENV)/wheel/*.whl)[dev]" >&2
	@touch $@
