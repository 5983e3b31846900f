# Everything happens in .venv, which is made on first use; only Python >= 3.11, git and make are needed.
PYTHON ?= python3
# What `make test` installs beside arctl; CI adds torch with EXTRAS=examples.
EXTRAS ?= demo
# Processes that share the tests: these mostly wait for daemons and runs, so that four suit two cores.
WORKERS ?= 4
# Jobs of `make storm`.
N ?= 1000
# Whatever else pytest is to be told: `make test PYTEST_ARGS="-k forum"`.
PYTEST_ARGS ?=
BIN := .venv/bin

.PHONY: demo test lint faults storm bench coordination tour clean

demo: .make/demo ## set everything up, then run the digits campaign before your eyes
	$(BIN)/arctl demo

test: .make/dev-$(EXTRAS) ## set everything up, then run the tests
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

lint: .make/dev-$(EXTRAS) ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: .make/dev-$(EXTRAS) ## kill, truncate, fill and flood; print what was done, expected and seen
	$(BIN)/python -m pytest -n $(WORKERS) -m "fault or not long" --fault-table $(PYTEST_ARGS) tests/faults

storm: .make/dev-$(EXTRAS) ## kill daemon and shims at random under N short jobs, and see that nothing is lost
	$(BIN)/python -m tests.faults.storm $(N)

bench: .make/dev-$(EXTRAS) ## measure overheads and throughput, and print tables
	$(BIN)/python -m tests.benchmarks.overhead
	$(BIN)/python -m tests.benchmarks.busy
	$(BIN)/python -m tests.benchmarks.idle
	$(BIN)/python -m tests.benchmarks.ledger
	$(BIN)/python -m tests.benchmarks.gate
	$(BIN)/python -m tests.benchmarks.tui

coordination: .make/dev-$(EXTRAS) ## measure what working in teams is worth, in virtual time (an hour)
	$(BIN)/python -m tests.benchmarks.coordination

tour: .make/dev-$(EXTRAS) ## draw the pictures of the documentation anew, from a real campaign
	$(BIN)/python -m tests.tui.tour

.make/venv:
	$(PYTHON) -c 'import sys; sys.exit("arctl needs Python >= 3.11: make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	mkdir -p .make && touch $@

.make/demo: .make/venv pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	touch $@

.make/dev-%: .make/venv pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[$*]' --group dev
	touch $@

clean:
	rm -rf .venv .make .mypy_cache .ruff_cache .import_linter_cache
