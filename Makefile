# Each target does everything on a fresh machine with Python >= 3.11: it makes .venv,
# installs the package into it and runs. PYTHON chooses the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# The tests share the cores. Reports hold BLAS to one thread, at which stacks of small
# matrices are fastest, for the library and for its peers.
RUN = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m
ONE_BLAS = OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

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
	$(ONE_BLAS) $(BIN)/geomsci validate --out validation-report

bench: $(VENV)/.peers
	$(ONE_BLAS) $(BIN)/geomsci bench --against-peers --out bench-report

docs: $(VENV)/.docs
	$(ONE_BLAS) $(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf build dist *.egg-info validation-report bench-report docs/_build
	rm -rf docs/gallery docs/api/generated .pytest_cache .mypy_cache .ruff_cache
