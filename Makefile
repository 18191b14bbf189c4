# make demo: ask the sample manuals.  make test: the whole test suite.  make bench: the figures of the README.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check bench corpora clean

demo: $(VENV)/.installed
	$(BIN)/ragqa ingest --index demo corpora/manuals
	@echo; echo '$$ ragqa ask "What does fault code E17 mean, and what should I do?"'
	@$(BIN)/ragqa ask --index demo "What does fault code E17 mean, and what should I do?"
	@echo; echo '$$ ragqa ask "初效滤网多久清洗一次？"'
	@$(BIN)/ragqa ask --index demo "初效滤网多久清洗一次？"

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench

corpora: $(VENV)/.installed-dev
	$(BIN)/python corpora/build.py

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) build *.egg-info
