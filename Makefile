# Geçit: `make` lists what can be done. Everything sets up what it needs first, and asks nothing.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python

# Orthanc and Geçit would start a relative folder in different places.
ifneq ($(GECIT_DATA),)
export GECIT_DATA := $(abspath $(GECIT_DATA))
endif

# minutes that each suite may take; `make test` stops one that takes longer
FAST_MINUTES := 34
SYSTEM_MINUTES := 42
BROWSER_MINUTES := 18

.PHONY: help setup setup-test demo run test test-fast test-system test-browser check bench bench-page crash crash-province crash-docs docker-test fuzz sbom lock docs clean install install-packages uninstall debian-test

help: ## this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what a node needs (Debian packages, .venv)
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh --test

demo: setup ## a node, the sandbox and one hospital's day; DEMO_EXIT=1 stops afterwards, DEMO_MEDULA=soap speaks SOAP
	@exec .venv/bin/gecit demo

run: setup ## a node and the sandbox, without the day
	@exec .venv/bin/gecit run

test: setup-test ## every test
	@scripts/testdata.sh
	@scripts/suites.sh fast=$(FAST_MINUTES) system=$(SYSTEM_MINUTES) browser=$(BROWSER_MINUTES)

test-fast: setup-test ## the tests without Orthanc and browser
	@scripts/testdata.sh
	@scripts/suites.sh fast=$(FAST_MINUTES)

test-system: setup-test ## the tests on a real Orthanc
	@scripts/testdata.sh
	@scripts/suites.sh system=$(SYSTEM_MINUTES)

test-browser: setup-test ## the tests in a real browser
	@scripts/suites.sh browser=$(BROWSER_MINUTES)

check: setup-test ## format, lint, types, import contracts, supply chain, documents
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m supply
	$(PY) -m pytest -q -m "not system and not browser" tests/test_*.py $(wildcard tests/docs)

bench: setup-test ## every figure beside its anchor, as JSON lines
	@$(PY) -m bench

bench-page: setup-test ## the tables of docs/performance.md anew from bench/results
	@$(PY) -m bench.page
	@if [ -e bench/results/soak-minutes.jsonl ]; then $(PY) -m bench.soak.plot; fi

bench-%: setup-test ## one figure; KEEP=1 keeps its lines (ANYWAY=1 worse ones too), ROUNDS=5, MINUTES=60 of bench-soak
	@$(PY) -m bench $* $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(KEEP),--keep) $(if $(ANYWAY),--anyway)

sbom: setup-test ## the software bill of materials anew from the lock files
	@$(PY) -m supply --write-sbom

crash: setup-test ## kills a node again and again and looks at what is left; goes on to 1,000, or KILLS=n more
	@$(PY) -m tests.crash $(if $(KILLS),--kills $(KILLS)) $(if $(ENGINES),--engines $(ENGINES))

crash-province: setup-test ## the same over NODES=4 nodes with one PostgreSQL, EXAMS=100000 judged before, KILLS=50
	@$(PY) -m tests.crash.province $(if $(NODES),--nodes $(NODES)) $(if $(EXAMS),--exams $(EXAMS)) $(if $(KILLS),--kills $(KILLS))

crash-docs: setup-test ## the tables of docs/reliability.md, of the kills so far
	@$(PY) -m tests.crash --docs

fuzz: setup-test ## hostile input, 50,000 to each reader (some hours); INPUTS=... in all, or of the one that TARGET=... names
	@scripts/fuzz.sh "$(INPUTS)" $(TARGET)

install-packages:
	@scripts/setup.sh --install

install: ## a node at work on this Debian; DESTDIR=... PREFIX=/usr lay it under a folder
	@$(if $(DESTDIR),scripts/assets.sh,scripts/setup.sh --install)
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install.sh

uninstall: ## takes what `make install` laid away again; data and configuration stay
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install.sh --uninstall

debian-test: ## installs, runs and removes a node in roots of Debian 12 and 13; SUITES=trixie one of them, TESTS="fast=90" its suites too
	@scripts/debian-test.sh $(SUITES)

docker-test: setup-test ## builds the images of docker/ and plays the demo's day through a province of them; KEEP=1 keeps them
	@scripts/docker-test.sh

lock: ## the lock files anew from pyproject.toml
	@scripts/lock.sh

docs: setup-test ## the generated reference pages anew
	@$(PY) -m gecit.settings docs/settings.md orthanc-config/gecit.json
	@$(PY) -m gecit.cli.hl7_page docs/conformance/hl7.md
	@$(PY) -m gecit.cli.scale docs/scale.md
	@$(PY) -c 'from pathlib import Path; from gecit.web.front.source import ship; ship(Path())'

clean: ## remove what was built: caches, test data, .venv; never the node's data
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find plugins tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
