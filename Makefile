# The project's commands. They need only Python 3.11 and make.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test test-all lint format bench quality reproduce real docs lock

demo: .venv/installed
	@OMP_NUM_THREADS=1 $(BIN)/snakemake --profile profiles/default

# Two processes. Tests that take minutes are left to test-all. If the demo is up to date, the tests
# of the whole chain use its results.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
test: .venv/installed
	$(TEST)

test-all: .venv/installed
	$(TEST) -m "long or not long"

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

# Each of these four writes one file in docs/figures.
quality: .venv/installed
	$(BIN)/snakemake --configfile config/config.yaml config/quality.yaml -- results/quality/quality.json
	cp results/quality/quality.json docs/figures/quality.json
	$(MAKE) docs

bench: .venv/installed
	$(BIN)/python tests/bench.py
	$(MAKE) docs

reproduce: .venv/installed
	$(BIN)/snakemake --configfile config/config.yaml config/reproduce.yaml -- results/reproduce/reproduce.json
	cp results/reproduce/reproduce.json docs/figures/reproduce.json
	$(MAKE) docs

# Options, such as folders of films and of benchmark files: make real REAL="--films FOLDER".
real: .venv/installed
	$(BIN)/python tests/real.py $(REAL)

# Regenerates the parts of the documentation that come from the options and the figures.
docs: .venv/installed
	PYTHONPATH=scripts $(BIN)/python -m strefer docs

.venv/installed: envs/main.lock envs/from_source.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-deps -r envs/main.lock
	SAM2_BUILD_CUDA=0 DS_BUILD_OPS=0 $(BIN)/pip install --quiet --no-deps --no-build-isolation -r envs/from_source.lock
	ln -sf ../../bin/strefer $(BIN)/strefer
	touch $@

# Resolves envs/main.txt again and pins the result.
lock:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r envs/main.txt
	$(BIN)/pip uninstall --quiet --yes opencv-python  # the headless one is enough, and needs no system library
	$(BIN)/pip install --quiet --force-reinstall --no-deps $$(grep opencv envs/main.txt)
	$(BIN)/pip freeze --all --exclude pip --exclude sam2 --exclude deepspeed > envs/main.lock
