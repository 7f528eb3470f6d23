# Three commands do all the set-up: `make lab` opens the lab, `make hub` starts a JupyterHub that gives each
# student a lab of their own, `make test` checks everything. Each installs what it needs and no more.
# `make quick` checks what needs no hub, browser, containers or cluster, in a quarter of an hour.
# `make coverage` says how much of each package the tests run.
# `make notebooks` runs all notebooks on the bundled model; they are left with their pictures in .cache/notebooks.
# `make format` tidies the code, `make clean` forgets the virtual environment.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
COVERAGE := .cache/coverage.json
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt
# Each worker would compile hundreds of modules anew where Python is told not to keep what it compiled
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses=$(WORKERS)
# mypy works on one core alone, for as long as a third of the quick tests
TOGETHER := $(MAKE) --no-print-directory --jobs=2

.PHONY: lab hub test quick lint all-tests quick-tests coverage notebooks format clean

lab: $(VENV)/lab
	$(BIN)/genai-lab serve

hub: $(VENV)/hub
	$(BIN)/genai-lab hub

test: $(VENV)/test
	$(TOGETHER) lint all-tests

quick: $(VENV)/test
	$(TOGETHER) lint quick-tests

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

all-tests: $(VENV)/test
	$(PYTEST)

# asked for by itself, as it makes the quick tests take twice as long; whatever fails, that of what ran is printed
coverage: $(VENV)/test
	mkdir -p $(dir $(COVERAGE))
	$(PYTEST) --cov --cov-report=json:$(COVERAGE) || failed=$$?; \
	$(BIN)/python -m tests.coverage_by_package $(COVERAGE); exit $${failed:-0}

quick-tests: $(VENV)/test
	$(PYTEST) -m "not (hub or browser or docker or slurm or slow)"

notebooks: $(VENV)/notebooks
	$(BIN)/python -m notebooks.execute .cache/notebooks

format: $(VENV)/test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# torch goes first and by its exact version: a looser range would fetch a build of several gigabytes
$(VENV)/lab: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "genai-lab needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) torch==2.13.0
	$(INSTALL) --editable '.[office]'
	touch $@

# a lab that the hub starts is installed with it
$(VENV)/hub: $(VENV)/lab
	$(INSTALL) --editable '.[hub]'
	touch $@

$(VENV)/notebooks: $(VENV)/lab
	$(INSTALL) --editable '.[notebooks]'
	touch $@

$(VENV)/test: $(VENV)/lab
	$(INSTALL) --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV)
