# The commands of this project; `make run` and `make test` set everything up by themselves.
.PHONY: run test test-all bench lint format screenshot clean

PYTHON = .venv/bin/python
SOURCES = main.py graph runtime gui tests tools
OFFSCREEN = QT_QPA_PLATFORM=offscreen OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1

run: .venv/run.stamp
	@sh tools/setup.sh window
	@$(PYTHON) main.py

test: .venv/test.stamp
	@sh tools/setup.sh offscreen
	.venv/bin/lint-imports --no-logo
	.venv/bin/ruff check $(SOURCES)
	$(OFFSCREEN) $(PYTHON) -m pytest -n 2

test-all: .venv/test.stamp
	@sh tools/setup.sh offscreen
	LAYERLOOM_TESTS=all $(OFFSCREEN) $(PYTHON) -m pytest -n 2 -m "" --ignore=tests/benchmarks

bench: .venv/test.stamp
	@sh tools/setup.sh offscreen
	$(OFFSCREEN) $(PYTHON) -m pytest tests/benchmarks -o python_files="bench_*.py test_*.py" -m "" --capture=no --timeout=1200

lint: .venv/test.stamp
	.venv/bin/lint-imports --no-logo
	.venv/bin/ruff check $(SOURCES)
	.venv/bin/ruff format --check $(SOURCES)
	.venv/bin/pyright

format: .venv/test.stamp
	.venv/bin/ruff check --fix $(SOURCES)
	.venv/bin/ruff format $(SOURCES)

screenshot: .venv/run.stamp
	@sh tools/setup.sh offscreen
	$(OFFSCREEN) $(PYTHON) tools/screenshot.py

clean:
	rm -rf .venv .hypothesis .import_linter_cache .pytest_cache .ruff_cache *.egg-info
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

.venv/run.stamp: pyproject.toml constraints.txt
	@sh tools/setup.sh packages all
	@touch $@

.venv/test.stamp: .venv/run.stamp
	@sh tools/setup.sh packages test
	@touch $@
