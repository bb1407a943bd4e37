# Two commands matter: `make run` and `make test`. README.md says what they do; both work offline once set up.
PORT ?= 8000
ADDRESS ?= 127.0.0.1
PYTHONPATH =
export PYTHONPATH
# Compiled once, not again at each of some hundred starts of Python.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run check format test test-fast tools migrations diagrams clean

help:
	@echo "make run     set everything up, make the demo city, serve it (PORT=8000)"
	@echo "make test    every check and every test"
	@echo "make check   format, lint, types, borders, migrations, diagrams, TypeScript"
	@echo "make format  format the code"

setup:
	@sh scripts/bootstrap.sh

run: setup
	@ADDRESS=$(ADDRESS) PORT=$(PORT) exec sh scripts/run.sh

check: setup
	@sh scripts/check.sh

format: setup
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

test: setup
	@sh scripts/test.sh

test-fast: setup
	@.venv/bin/pytest -n 2 tests/architecture tests/unit tests/integration tests/web

migrations: setup
	@.venv/bin/zhenxue makemigrations

diagrams: setup
	@.venv/bin/python -m scripts.state_diagrams && .venv/bin/python -m scripts.signal_rules

clean:
	rm -rf .venv .tools node_modules src/zhenxue/kernel/static/built .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
