# Two commands: `make serve` for the dashboard, `make test` for the tests.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 5006
# Two workers, a file of tests each at a time: the browser tests share one server.
WORKERS ?= 2
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: serve test test-slow test-page lint types check audit bench docs lock clean

serve: $(VENV)/.serve
	$(BIN)/hoam serve --port $(PORT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist loadscope

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow -n $(WORKERS) --dist loadscope

# The slow tests of the page alone; CI takes them after `make test`.
test-page: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow tests/ui

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --recursive hoam_core dashboard

types: $(VENV)/.dev
	$(BIN)/pyright

check: lint types test

# Security: the static rules, and known advisories of the locked packages where a service answers.
audit: $(VENV)/.dev
	$(BIN)/python .ci/audit.py

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# The documentation, in site/; a warning is an error.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Every package is pinned by its hash; the project itself is installed without asking an index.
$(VENV)/.serve: $(BIN)/python requirements/serve.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/serve.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(BIN)/python requirements/dev.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.serve

$(VENV)/.docs: $(BIN)/python requirements/docs.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/docs.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

LOCK = $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-header pyproject.toml requirements/build.in

lock: $(BIN)/python
	$(PIP) uv
	$(LOCK) --extra dashboard --extra fast --extra cluster --extra test --extra dev -o requirements/dev.txt
	cp requirements/dev.txt requirements/serve.txt  # so that both name the same versions
	$(LOCK) --extra dashboard --extra fast --extra cluster -o requirements/serve.txt
	cp requirements/dev.txt requirements/docs.txt
	$(LOCK) --extra docs -o requirements/docs.txt

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist site
