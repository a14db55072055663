# One short command per habit. Each makes its environment when it is missing: nothing has to be done before.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check test-all docs bench clean

help:            ## what can be made
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

# A stamp per set of extras: installing again happens only when the metadata changed.
$(VENV)/.installed-%: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

$(VENV)/.installed: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

demo: $(VENV)/.installed       ## the whole product in a quarter of a minute, without keys
	@$(BIN)/omnilogue demo

test: $(VENV)/.installed-test  ## all tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.installed-test $(VENV)/.installed-check  ## lint, format, types, architecture, dependencies, generated docs
	@$(BIN)/ruff check core providers tests benchmarks docs conftest.py
	@$(BIN)/ruff format --check core providers tests benchmarks docs conftest.py
	@$(BIN)/mypy core providers tests
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry core providers
	@$(BIN)/python docs/generate.py --check

test-all:        ## the tests on every Python version that is there
	@for version in 3.11 3.12 3.13; do \
		if command -v python$$version >/dev/null && python$$version -c '' 2>/dev/null; then \
			echo "== Python $$version"; $(MAKE) --no-print-directory test PYTHON=python$$version VENV=.venv-$$version || exit 1; \
		else echo "== Python $$version is not here"; fi; \
	done

docs: $(VENV)/.installed-test  ## write the generated parts of the docs again
	@$(BIN)/python docs/generate.py

bench: $(VENV)/.installed      ## what our layer and a copy cost
	@$(BIN)/python benchmarks/layer.py
	@$(BIN)/python benchmarks/copying.py latency 1

clean:           ## remove what was made here
	@rm -rf $(VENV) .venv-3.* .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
