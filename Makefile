# Two commands do all the set-up: `make demo` lints two samples, `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test spark format schemas reports clean

demo: $(VENV)/.demo
	@NO_COLOR=1 $(BIN)/notelint check samples/as-lumbosacral-gaps.txt --code M45.7 --setting outpatient --date-of-service 2026-04-14 --fail-on never
	@NO_COLOR=1 $(BIN)/notelint check samples/pyogenic-disc-no-organism-code.txt --code M46.37 --setting inpatient --date-of-service 2026-06-22 --fail-on never

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

# Spark is half a gigabyte, and needs Java: its tests are skipped by `make test` where it is not there.
spark: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,spark]"
	$(BIN)/python -m pytest tests/test_spark.py

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/.test
	$(BIN)/notelint patterns schema --output patterns/schema

reports: $(VENV)/.test
	-NOTELINT_WRITE_REPORTS=1 $(BIN)/python -m pytest -q tests/test_samples.py
	git diff --stat tests/reports

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The marks are renewed when the dependencies change; sources are read from the checkout.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
