# The front door. `make run` shows a sale, `make test` runs every test, `make check` is what reviewers see first.

SWIFT ?= swift
PYTHON ?= python3
CONFIGURATION := -c release -Xswiftc -enable-testing
BIN := .build/release

.PHONY: run test check bench campaign torture format setup build ship venv clean

run: setup
	$(SWIFT) build $(CONFIGURATION) --product countertop-lab
	$(BIN)/countertop-lab demo --sale

build: setup
	$(SWIFT) build $(CONFIGURATION) --product countertop
	$(SWIFT) build $(CONFIGURATION) --product countertop-lab

# One build serves everything below; the store tests drive the very programs that ship.
test: venv
	@scripts/setup.sh chromium curl
	$(SWIFT) build $(CONFIGURATION) --build-tests
	$(SWIFT) test $(CONFIGURATION) --skip-build --parallel
	.venv/bin/python -m pytest -q Tests/Store Tests/Conformance Tests/Campaigns

check: setup
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests
	COUNTERTOP_STRICT=1 $(SWIFT) build $(CONFIGURATION) --build-tests

# The production program as a package would carry it: no testability, static Swift library, stripped.
ship: setup
	$(SWIFT) build -c release --static-swift-stdlib -Xlinker --gc-sections -Xlinker -s --scratch-path .build-ship --product countertop

bench: build ship venv
	$(SWIFT) build $(CONFIGURATION) --product HostBenchmark
	.venv/bin/python Tests/Benchmarks/bench.py
	.venv/bin/python Tests/Benchmarks/host.py

# Schedules of faults in virtual time: RUNS of them from SEED on.
campaign: build
	$(BIN)/countertop-lab campaign --seed $(or $(SEED),1) --runs $(or $(RUNS),1000000)

# Real processes killed at every named point and at random times: RUNS of them.
torture: build venv
	.venv/bin/python Tests/Campaigns/torture.py --runs $(or $(RUNS),500) $(if $(SEED),--seed $(SEED))

format:
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests

setup:
	@scripts/setup.sh

venv: .venv/ready

.venv/ready: Tests/requirements.txt
	@scripts/setup.sh
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r Tests/requirements.txt
	touch $@

clean:
	rm -rf .build .build-ship .venv artifacts
