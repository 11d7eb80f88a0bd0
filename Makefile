# What the README tells users to call is what CI calls. Everything but Python 3.11, make and git is installed here.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Three processes, since some tests wait for others; a file's tests stay together, and share what takes long to make.
PYTEST := $(BIN)/pytest --numprocesses 3 --dist loadfile
# The Python that the code is checked against besides 3.11, on systems where nothing is run.
NEWEST := 3.14
SPEC := $(BIN)/python -m brex_accounting.spec

.PHONY: install generate update-spec check-generated vendor check accept-api test soak bench crash demo docs dist clean

install: .venv/installed .tools/installed .books/installed

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

# DEST is the folder of the package that the copy lives in; a copy that is there is brought up to date.
vendor: install
	@test -n "$(DEST)" || { echo 'make vendor DEST=acme_erp/_vendor [PACKAGE=acme_erp._vendor] [PARTS=core,export]' >&2; exit 2; }
	@$(BIN)/python -m brex_accounting vendor "$(DEST)" $(if $(PACKAGE),--package "$(PACKAGE)") $(if $(PARTS),--parts "$(PARTS)") \
	    $$(test ! -e "$(DEST)/brex_accounting/vendored/manifest.json" || echo --update)

# Two at a time, and all of them: each shows what it found when it is done.
CHECKS := $(addprefix .check/,pyright windows macos mypy complete style arrows generated docs api)
.PHONY: $(CHECKS)

check: install .docs/installed
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target $(CHECKS)

.check/style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.check/mypy:
	$(BIN)/mypy

.check/pyright:
	$(BIN)/pyright

.check/windows:
	$(BIN)/pyright --pythonplatform Windows --pythonversion $(NEWEST)

.check/macos:
	$(BIN)/pyright --pythonplatform Darwin --pythonversion $(NEWEST)

.check/complete:
	@# It finds the package by asking the python in PATH, whatever the configuration says.
	PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=custom:. $(BIN)/pyright --verifytypes brex_accounting --ignoreexternal >.verifytypes || { cat .verifytypes; exit 1; }
	@grep score .verifytypes

.check/arrows:
	$(BIN)/lint-imports --no-cache

.check/generated:
	$(SPEC) check

.check/docs:
	.docs/bin/python docs/building/build.py

.check/api:
	$(BIN)/python -m tools.api check

# Records the public API as it is in api/public.json, and tells each change in CHANGELOG.md.
accept-api: install
	$(BIN)/python -m tools.api accept

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

# Builds sdist and wheel, checks what is in them, runs the suite as installed, and only then fills dist/.
dist: install
	$(BIN)/python -m tools.release

clean:
	rm -rf .cache .verifytypes .venv .tools .books .docs .demo .generate-* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
