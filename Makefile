# Each target does everything on a fresh machine with Python >= 3.11: it makes .venv,
# installs the package into it and runs. PYTHON chooses the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# One BLAS thread: the tests share the cores, and peers are at their best with it.
ONE = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
RUN = $(ONE) $(BIN)/python -m

.PHONY: test test-all lint validate bench docs clean

# The stamps remember which pyproject.toml was installed.
$(VENV)/.dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable ".[dev,docs]"
	touch $@

$(VENV)/.peers: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable ".[dev,peers]"
	touch $@

test: $(VENV)/.dev
	$(RUN) pytest -n 2

test-all: $(VENV)/.dev
	$(RUN) pytest -n 2 -m ""

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy geomsci

validate: $(VENV)/.dev
	$(ONE) $(BIN)/geomsci validate --out validation-report

bench: $(VENV)/.peers
	$(ONE) $(BIN)/geomsci bench --against-peers --out bench-report

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf build dist *.egg-info validation-report bench-report docs/_build
	rm -rf docs/gallery docs/api/generated .pytest_cache .mypy_cache .ruff_cache
