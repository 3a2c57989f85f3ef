# `make demo` and `make test` do all their own set-up: a virtual environment, the package, its extras. No Docker, no
# system Java, no root. PYTHON=... picks the interpreter, 3.11 or later.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: help demo demo-cdc test check unit broker kill-test cdc-test soak bench docs format clean

help:
	@echo "make demo       flights from Kafka into S3, killed half-way, counted at the end"
	@echo "make demo-cdc   a MySQL table through Debezium and Kafka into S3, and the table again from the bucket"
	@echo "make test       everything that CI runs"
	@echo "make check      format, lint, types, import floors"
	@echo "make unit       tests without a broker"
	@echo "make broker     tests on the real Kafka broker and S3 server"
	@echo "make kill-test  30 and more kill -9 at random moments (minutes)"
	@echo "make cdc-test   MySQL, Debezium and the sink, killed, three times (minutes)"
	@echo "make docs       write the pages that are made from the classes"
	@echo "make bench      figures beside the measured limit (minutes)"

$(READY): pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "s3sink needs Python 3.11 or later: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

demo: $(READY)
	@$(BIN)/python -m s3sink.cli demo $(ARGS)

$(READY)-cdc: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,cdc]'
	@touch $@

demo-cdc: $(READY)-cdc
	@$(BIN)/python -m s3sink.cli demo-cdc $(ARGS)

cdc-test: $(READY)-cdc
	$(BIN)/python -m pytest -m long tests/cli/test_demo_cdc.py $(ARGS)

test: check
	$(BIN)/python -m pytest -m "not long" $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(READY)
	$(BIN)/python -m pytest -m "not long and not broker" $(ARGS)

broker: $(READY)
	$(BIN)/python -m pytest -m "broker and not long" $(ARGS)

kill-test: $(READY)
	$(BIN)/python -m pytest -m long tests/broker $(ARGS)

bench: $(READY)
	$(BIN)/python -m benchmarks.transforms
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(READY)
	$(BIN)/python docs/generate.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
