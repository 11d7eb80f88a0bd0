# What the README tells users to call is what CI calls. Everything but Python 3.11, make and git is installed here.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Two processes; a file's tests stay together, since some share what takes long to make.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile
SPEC := $(BIN)/python -m brex_accounting.spec

.PHONY: install generate update-spec check-generated check test soak bench crash demo docs clean

install: .venv/installed .tools/installed .books/installed .docs/installed

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# The generator caps libraries that the project uses, so it has an environment of its own.
.tools/installed: openapi/generator-requirements.txt
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check --requirement openapi/generator-requirements.txt
	@touch $@

# Programs that check and show the books of the demo and the tests; the product imports neither.
.books/installed: examples/books-requirements.txt
	$(PYTHON) -m venv .books
	.books/bin/python -m pip install --quiet --disable-pip-version-check --requirement examples/books-requirements.txt
	@touch $@

# What builds the site; it reads the sources and imports none of them.
.docs/installed: docs/building/requirements.txt
	$(PYTHON) -m venv .docs
	.docs/bin/python -m pip install --quiet --disable-pip-version-check --requirement docs/building/requirements.txt
	@touch $@

generate: install
	$(SPEC) generate

# make update-spec API=accounting FROM=new.yaml; DRY_RUN=1 writes nothing.
update-spec: install
	@test -n "$(FROM)" || { echo 'FROM= names the new document: make update-spec API=accounting FROM=new.yaml' >&2; exit 1; }
	$(SPEC) update "$(FROM)" --api $(or $(API),accounting) $(if $(DRY_RUN),--dry-run)

check-generated: install
	$(SPEC) check

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	@# It finds the package by asking the python in PATH, whatever the configuration says.
	PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=custom:. $(BIN)/pyright --verifytypes brex_accounting --ignoreexternal >.verifytypes || { cat .verifytypes; exit 1; }
	@grep score .verifytypes
	$(BIN)/lint-imports --no-cache
	$(SPEC) check
	.docs/bin/python docs/building/build.py

test: install
	$(PYTEST)

soak: install
	HYPOTHESIS_PROFILE=soak $(PYTEST)

bench: install
	$(BIN)/python -m benchmarks

crash: install
	$(BIN)/python -m tests.export.crash

demo: install
	$(BIN)/python examples/export_account.py

docs: .docs/installed
	.docs/bin/python docs/building/build.py

clean:
	rm -rf .cache .verifytypes .venv .tools .books .docs .demo .generate-* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
