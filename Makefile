# `make demo` and `make test` need only Python 3.11 or newer and make: the rest is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
ERP ?= netsuite
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo up test test-erp check openapi bench bench-activation clean

demo: .venv/run ## play the story from closed-won to cash; ONCE=1 ends after it, ERP=tryton plays it on a real ERP
	$(if $(filter tryton,$(ERP)),$(MAKE) .venv/dev)
	$(BIN)/tollway demo --erp $(ERP) $(if $(ONCE),--once)

up: .venv/run ## run everything in one process
	$(BIN)/tollway up

test: .venv/dev ## everything but the real ERP
	$(BIN)/pytest -n 2 --dist loadfile -m "not real_erp"

test-erp: .venv/dev ## the journey on the real ERP
	$(BIN)/pytest -m real_erp tests/real_erp tests/journeys

check: .venv/dev ## style, types, and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

openapi: .venv/run ## write the published contracts
	$(BIN)/tollway openapi

bench: bench-activation ## all benchmarks

bench-activation: .venv/dev ## latency over the critical path, and the cost of a deal
	$(BIN)/python bench/activation.py

clean: ## remove what was installed and made
	rm -rf .venv .cache .tollway

.venv/run: requirements/base.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Tollway needs Python 3.11 or newer; name one with PYTHON=" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements/base.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

.venv/dev: .venv/run requirements/dev.txt requirements/helm.txt
	$(BIN)/pip install --quiet --requirement requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --requirement requirements/helm.txt
	@touch $@
