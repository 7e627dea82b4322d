# Everything a newcomer needs: `make demo`. Python 3.11 or later and make are enough.

PYTHON ?=
WORKERS ?= 0
MINUTES ?= 20
UV ?= uv
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --no-input --disable-pip-version-check
ENOUGH := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

.PHONY: help demo test faults fuzz check bench wheel sbom audit lock graphiql composers conformance clean
.DELETE_ON_ERROR:

help:
	@echo "make demo      start the gateway with made-up children and show what it does"
	@echo "               ONCE=1 stops after showing; SCENE=name shows that scene and stops;"
	@echo "               SCENE=cross-border shows three authorities, and stops with ONCE=1 or Ctrl-C"
	@echo "make test      run the tests; WORKERS=2 runs them in two processes"
	@echo "make faults    cause every fault for as long as promised, and print what was lost (15 minutes)"
	@echo "make fuzz      break documents, bytes and files at random, other ones each time (MINUTES=20)"
	@echo "make check     formatting, lint, types and policies"
	@echo "make wheel     build the package in dist/, with rules, pages, schema and migrations in it"
	@echo "make sbom      list what the package is made of, in dist/sbom.json (CycloneDX)"
	@echo "make audit     ask for known vulnerabilities of every locked package (needs the advisory service)"
	@echo "make bench     measure, and print ratios"
	@echo "make clean     remove the environment and caches"
	@echo "make lock      choose the versions of all packages afresh (needs uv)"
	@echo "make graphiql  bundle GraphiQL afresh (needs Node 20 and npm)"
	@echo "make conformance installs the published audits of GraphQL over HTTP, for the tests of that (the same)"
	@echo "make composers install what partners compose with, for the tests of that (needs Node 20 and npm)"
	@echo
	@echo "PYTHON=path chooses the Python (3.11 or later) that .venv is made with."

demo: .venv/running
	@$(BIN)/gateway demo $(if $(ONCE),--once) $(if $(SCENE),--scene "$(SCENE)")

test: .venv/development
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

faults: .venv/development
	@$(BIN)/python -m pytest -q tests/faults --long

fuzz: .venv/development
	@$(BIN)/python -m tests.fuzzing --minutes $(MINUTES)

check: .venv/development
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/gateway policy lint
	$(BIN)/gateway policy test

bench: .venv/development
	@$(BIN)/python -m benchmarks

wheel: .venv/running
	$(BIN)/python -m hatchling build -t wheel

sbom: .venv/supply
	@mkdir -p dist
	$(SUPPLY)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --mc-type application \
		--output-reproducible --sv 1.6 -o dist/sbom.json

audit: .venv/supply
	@tools/supply/audit $(SUPPLY)/pip-audit

# In an environment of its own, so that it is no part of what it looks over.
SUPPLY := .venv/supply-tools/bin
.venv/supply: tools/supply/requirements.lock .venv/running
	@$(BIN)/python -m venv --clear .venv/supply-tools
	@$(SUPPLY)/python -m pip install --no-input --disable-pip-version-check --quiet \
		--require-hashes --requirement tools/supply/requirements.lock
	@touch $@

lock:
	$(UV) pip compile pyproject.toml --group build $(LOCKING) --output-file requirements.lock
	$(UV) pip compile pyproject.toml --group build --group dev $(LOCKING) --constraint requirements.lock \
		--output-file requirements-dev.lock
	$(UV) pip compile tools/supply/requirements.in $(LOCKING) --output-file tools/supply/requirements.lock

LOCKING := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

graphiql:
	cd tools/graphiql && npm ci && npm run build

composers: tools/composition/node_modules/.package-lock.json

conformance: tools/conformance/node_modules/.package-lock.json

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis tools/*/node_modules

# A stamp for each of the two sets of packages: made afresh when its lock or the project's own settings change.
.venv/running: requirements.lock pyproject.toml
	@$(make_environment)
	@$(call install,requirements.lock)
	@$(INSTALL) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/development: requirements-dev.lock .venv/running
	@$(call install,requirements-dev.lock)
	@touch $@

# npm writes this file last. No script of a package is run.
tools/%/node_modules/.package-lock.json: tools/%/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: it comes with Node 20 (Debian: apt install nodejs npm)." >&2; exit 1; }
	cd tools/$* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

define make_environment
$(BIN)/python -m pip --version >/dev/null 2>&1 && exit 0; \
for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
	if $$python -c '$(ENOUGH)' >/dev/null 2>&1; then \
		echo "Making .venv with $$($$python --version)"; \
		exec $$python -m venv --clear .venv; \
	fi; \
done; \
echo "No usable Python among: $(or $(PYTHON),python3 python3.11 and later). Wanted: 3.11 or later, with its venv module"; \
echo "(Debian and Ubuntu: apt install python3-venv). Choose one with: make PYTHON=/path/to/python"; \
exit 1
endef

# One line that counts, instead of pip's hundreds; all of pip's words are in .venv/install.log.
define install
total=$$(grep -c == $(1)); count=0; rm -f .venv/failed; \
{ PYTHONUNBUFFERED=1 $(INSTALL) --require-hashes --requirement $(1) 2>&1 || touch .venv/failed; } | \
tee .venv/install.log | while read -r word package rest; do \
	case $$word in \
		Collecting|Requirement) count=$$((count + 1)); printf '\rInstalling %s: %d of %d ' $(1) $$count $$total ;; \
		Installing) printf '\rInstalling %s: unpacking      ' $(1) ;; \
	esac; \
done; echo; \
if test -e .venv/failed; then grep -A 4 ERROR .venv/install.log | head -n 20; exit 1; fi
endef
