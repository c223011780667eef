# `make run` shows Filo at work, `make test` is the whole gate. Both do all the
# set-up on a machine with Rust, make and a C compiler.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

CARGO ?= cargo
# More cases than the 256 of every run, for `make test-long`.
PROPTEST_CASES_LONG ?= 5000
# How long `make test-long` throws damaged inputs at the decoders, and which.
FUZZ_SECONDS ?= 600
FUZZ_SEED ?= 1
# How many examples of each operation `make test-long` sends to the running server.
CONFORMANCE_EXAMPLES_LONG ?= 150
# How many calls `make test-long` loads beside the databases' own bulk paths.
LOAD_CALLS ?= 1000000
# How many random months `make test-long` computes a second time, and how full they are.
REPORT_MONTHS ?= 12
REPORT_SCALE ?= 1
# On how many tickets `make test-long` asks every list of the interface.
TICKETS ?= 1000000

.PHONY: help run test test-long assets fmt fmt-check lint check deny doc doctest nextest report-oracle conformance pages tools clean

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

assets: ## what the pages are made of, from npm, where it changed
	@scripts/install-tools assets

run: assets ## builds Filo and starts the demo on the embedded database
	$(CARGO) build --locked --package filo
	$(CARGO) run --locked --quiet --package filo -- demo

# The cheap checks come first, the tests last: their summary closes the run.
test: tools fmt-check check deny lint doc doctest nextest report-oracle conformance pages ## the whole gate, on both databases

fmt: ## formats the sources
	$(CARGO) fmt --all

fmt-check:
	$(CARGO) fmt --all -- --check

lint: ## clippy, with warnings as errors
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

check: ## the architecture's rules and publiccode.yml
	scripts/check-architecture
	target/tools/python/bin/python scripts/check-publiccode

deny: ## licences, banned crates and sources of the dependencies
	$(CARGO) deny --locked check licenses bans sources

doc: ## the crates' documentation, broken links refused
	RUSTDOCFLAGS="-D rustdoc::broken_intra_doc_links" $(CARGO) doc --locked --workspace --no-deps --document-private-items

doctest:
	$(CARGO) test --locked --workspace --doc --quiet

nextest: ## the tests alone, beside a PostgreSQL server, a virus scanner and an S3 server of their own
	scripts/with-postgres scripts/with-clamd scripts/with-moto $(CARGO) nextest run --locked --workspace

# Two small months; `make test-long` has more and fuller ones.
report-oracle: tools ## random months computed a second time, from the exported facts
	$(CARGO) nextest run --locked --workspace --no-run
	scripts/report-oracle

# The rules for the document are tried first: a rule that sees nothing would let everything pass.
# The program is the one that the tests built: by itself it would be built anew with other features of its libraries.
conformance: tools ## the OpenAPI document by the Italian guidelines, and the running server by its document
	$(CARGO) nextest run --locked --workspace --no-run
	scripts/lint-openapi
	scripts/with-postgres scripts/conformance

# The binary must carry Bootstrap Italia here: a plain `cargo build` without it has a small style sheet of its own.
pages: tools ## every page in a browser: accessible, on a phone's width, nothing from elsewhere
	$(CARGO) nextest run --locked --workspace --no-run
	scripts/with-node scripts/check-pages

tools:
	@scripts/install-tools

test-long: ## what takes longer: many more property cases, damaged inputs, kill rounds, full size, advisories
	scripts/install-tools long
	@echo "test-long 1/12: every test, with $(PROPTEST_CASES_LONG) cases to a property"
	PROPTEST_CASES=$(PROPTEST_CASES_LONG) scripts/with-postgres scripts/with-clamd scripts/with-moto $(CARGO) nextest run --locked --workspace --profile long
	@echo "test-long 2/12: the release build, which links no shared database or TLS library"
	$(CARGO) build --locked --release --package filo --package filo-bench
	! ldd "$${CARGO_TARGET_DIR:-target}/release/filo" | grep -E 'libpq|libsqlite3|libssl|libcrypto'
	@echo "test-long 3/12: damaged inputs through every decoder for $(FUZZ_SECONDS) seconds"
	"$${CARGO_TARGET_DIR:-target}/release/filo-bench" fuzz --seconds $(FUZZ_SECONDS) --seed $(FUZZ_SEED)
	@echo "test-long 4/12: imports that are killed and run again (KILL_ROUNDS)"
	scripts/with-postgres scripts/kill-rounds
	@echo "test-long 5/12: a city's calls of most of a year (FULL_SIZE_CALLS)"
	scripts/with-postgres scripts/full-size
	@echo "test-long 6/12: hard logs read a second time, by a program that knows the format alone (ORACLE_LOGS)"
	scripts/with-postgres scripts/phone-oracle
	@echo "test-long 7/12: random months computed a second time, from the exported facts (REPORT_MONTHS, REPORT_SCALE)"
	FILO_BIN="$${CARGO_TARGET_DIR:-target}/release/filo" REPORT_MONTHS=$(REPORT_MONTHS) REPORT_SCALE=$(REPORT_SCALE) scripts/report-oracle
	@echo "test-long 8/12: followers that are killed while their log is rotated (FOLLOW_ROUNDS)"
	scripts/with-postgres scripts/follow-rounds
	@echo "test-long 9/12: calls loaded beside the databases' own bulk paths (LOAD_CALLS)"
	scripts/with-postgres "$${CARGO_TARGET_DIR:-target}/release/filo-bench" load --calls $(LOAD_CALLS) --from 2026-01-01 --days 304
	@echo "test-long 10/12: every list on a million tickets (TICKETS)"
	scripts/with-postgres "$${CARGO_TARGET_DIR:-target}/release/filo-bench" tickets --count $(TICKETS)
	@echo "test-long 11/12: the running server by its document, with $(CONFORMANCE_EXAMPLES_LONG) examples to an operation"
	$(CARGO) nextest run --locked --workspace --no-run
	CONFORMANCE_EXAMPLES=$(CONFORMANCE_EXAMPLES_LONG) scripts/with-postgres scripts/conformance
	@echo "test-long 12/12: known advisories about the dependencies"
	scripts/check-advisories

clean: ## removes everything that was built
	$(CARGO) clean
	rm -rf target
