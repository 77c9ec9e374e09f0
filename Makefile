# Two commands: `make run` tries the main job, `make test` passes the tests.
# Each makes a virtual environment when there is none.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin

.PHONY: run test regress check lint types contracts contract schemas docs docs-site bench clean

run: $(VENV)/.installed
	$(BIN)/graphrun workflows/distilbert_classification.json --tiny

# A process a core; tests of one file stay together, as they share what they have trained.
test: $(VENV)/.installed
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile

# The tests of the example workflows, which lie beside them.
regress: $(VENV)/.installed
	$(BIN)/graphrun test workflows

# Everything CI runs.
check: lint types contracts docs-site test regress

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

contracts: $(VENV)/.installed
	$(BIN)/lint-imports

# Writes docs/comfyui.md from the cases of the contract; a test fails when they differ.
contract: $(VENV)/.installed
	$(BIN)/python tests/conformance/contract.py

# Writes schemas/nodes/ and schemas/core/ from the code; a test fails when they differ.
schemas: $(VENV)/.installed
	$(BIN)/graphrun nodes export schemas/nodes
	$(BIN)/graphrun nodes export schemas/core

# Writes docs/nodes/, a page for every class, docs/errors.md and the reference of the command line;
# a test fails when they differ.
docs: $(VENV)/.installed
	$(BIN)/graphrun nodes export docs/nodes --format md
	$(BIN)/graphrun explain --format md > docs/errors.md
	$(BIN)/python docs/reference/make_cli.py

# Makes the pages of docs/ a site in build/docs; a warning, such as a link to nothing, is an error.
docs-site: $(VENV)/.installed
	$(BIN)/sphinx-build -q -W --keep-going -j auto -b html docs build/docs

bench: $(VENV)/.installed
	$(BIN)/python tests/bench/startup.py
	$(BIN)/python tests/bench/engine.py
	$(BIN)/python tests/bench/convert.py
	$(BIN)/python tests/bench/store.py
	$(BIN)/python tests/bench/page.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
