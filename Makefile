# `make` prints the menu. Needs only Python 3.11 to 3.13 and make; everything else is installed into .venv.
# PYTHON=… chooses the Python, PORT=… the port, BOOK=simulated the other book.
.DEFAULT_GOAL := menu
.PHONY: menu setup setup-dev run test check bench seed close docs screenshots deep clean messages lock
SETUP := sh tools/set_up.sh
PY := .venv/bin/python
BOOK ?= sample
PORT ?= 8000
ACCOUNTS ?= 1000000
# Each book has a folder of its own (tools/run.py says the same).
FOLDER_sample := var
FOLDER_simulated := var/simulated
FOLDER_none := var/empty
export PYTHON BOOK PORT

menu: ## print this menu
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: ## make .venv and install what the site needs
	@$(SETUP)

setup-dev:
	@$(SETUP) --dev

run: setup ## start the site with the sample book (BOOK=simulated, PORT=8000)
	@$(PY) -m tools.run

test: setup-dev ## every check and every test that needs no server
	@$(PY) -m tools.test

check: setup-dev ## lint, types, layers, migrations, messages, documents; no tests
	@$(PY) -m tools.check

bench: setup-dev ## measure on 1,000,000 accounts (ACCOUNTS=…); minutes, prints a table
	@$(PY) -m tests.benchmarks --accounts $(ACCOUNTS)

seed: setup ## load the book (BOOK=sample or simulated) without starting the site
	@$(PY) -m tools.run --only-prepare

close: setup ## close a business day: make close DATE=2025-10-31 [THROUGH=2025-11-05]
	@test -n "$(DATE)" || { echo "Which day? make close DATE=2025-10-31 [THROUGH=2025-11-05]"; exit 2; }
	@RISKOPS_VAR=$${RISKOPS_VAR:-$(FOLDER_$(BOOK))} $(PY) manage.py close_of_business --date $(DATE) $(if $(THROUGH),--through $(THROUGH))

docs: setup-dev ## write the tables in docs/ that are made from the code
	@$(PY) -m tools.documents write

screenshots: setup-dev ## take the pictures in docs/screenshots with a real browser (BOOK=simulated: casework and recovery)
	@$(PY) -m tools.screenshots --book $(if $(filter simulated,$(BOOK)),simulated,sample)

deep: setup-dev ## everything, for an hour: many more random books, the slow and the kill tests
	@$(PY) -m tools.test --deep

messages: setup-dev ## collect new texts into the .po files
	@$(PY) -m tools.messages update

lock: ## pin requirements*.in with hashes, for every Python and system at once (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		requirements.in --output-file requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--constraint requirements.txt requirements-dev.in --output-file requirements-dev.txt

clean: ## remove .venv, caches and compiled messages; the books in var/ stay
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find . -name '*.mo' -path '*/locale/*' -delete
