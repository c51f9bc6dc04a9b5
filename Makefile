# Everything that people do here. `make` alone lists it.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := 0.13.9
# The first Python that will do; or say which: make PYTHON=/path/to/python3.12
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	2>/dev/null && echo $$python && break; done)

# Airflow starts three times faster from compiled files.
unexport PYTHONDONTWRITEBYTECODE
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo)
# What is installed here is not to be looked for elsewhere.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help install demo up test pages chromium interop live wheels prove bench lint format schema requirements

help:  ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)  ## Two runs of a generated DAG against a demo OData service, and what came of them
	@$(BIN)/python -m tandem.demo.story

up: $(READY)  ## Airflow on http://localhost:8080 with the demo service beside it, until Ctrl-C
	@$(BIN)/python -m tandem.demo.up

test: lint  ## Lint, types and tests
	$(BIN)/pytest -m "not interop and not browser and not live" -n 2 --dist loadfile

pages: $(READY)  ## The pages in a real Airflow and a real browser; needs Chromium: make chromium
	$(BIN)/pytest -m browser tests/browser

chromium:  ## Install Chromium where there is none, on Debian and its kin
	@command -v chromium >/dev/null || $(AS_ROOT) sh -c "apt-get update -qq && apt-get install -y -qq chromium"

interop: $(READY)  ## The same syncs against SAP CAP, an OData server of others; needs Node
	$(BIN)/pytest -m interop tests/interop

live: $(READY)  ## Whole Airflows, standalone and Celery, and what befalls them; PostgreSQL, Redis
	$(BIN)/pytest -m live tests/live

# The Python of the image, on both architectures that it is made for.
wheels: $(READY)  ## Is there a wheel of every pinned package, so that the image compiles nothing?
	for machine in x86_64 aarch64; do $(BIN)/uv pip compile --quiet --no-deps --only-binary :all: \
		--python-version 3.11 --python-platform $$machine-manylinux_2_28 \
		requirements.txt >/dev/null || exit 1; done

prove: $(READY)  ## Thousands of random histories and 200 kills of a two-way sync; for the night
	TANDEM_HISTORIES=3000 TANDEM_KILLS=200 $(BIN)/pytest \
		tests/sync/test_histories.py tests/sync/two_way/test_histories.py \
		tests/sync/two_way/test_window_histories.py tests/sync/two_way/test_expiry.py \
		tests/sync_odata/test_histories.py tests/systems/test_business_central_histories.py tests/faults

bench: $(READY)  ## Measure against dlt and a bare script (BENCHMARKS.md)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.parse_time
	$(BIN)/python -m benchmarks.parallel_reads

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)  ## Format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(READY)  ## Write the JSON Schema of integration files from the models
	$(BIN)/python -m tandem.integration_schema > config/integration.schema.json

requirements: $(READY)  ## Pin what pyproject.toml asks for
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--extra deployment pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--extra deployment --group dev pyproject.toml -c requirements.txt -o requirements-dev.txt

install: $(READY)  ## Make .venv, which the others do by themselves

$(READY): requirements-dev.txt pyproject.toml
ifeq ($(PYTHON),)
	$(error Tandem needs Python 3.11, 3.12 or 3.13 with its venv module \
		(Debian and Ubuntu: apt install python3-venv). Or say where it is: make PYTHON=/path/to/python3)
endif
	@echo "Installing into $(VENV) (the first time: 250 packages, 1.3 GB, some minutes) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements-dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@
