# The front door. `make run` shows a sale, `make test` runs every test, `make check` is what reviewers see first.

SWIFT ?= swift
PYTHON ?= python3
CONFIGURATION := -c release -Xswiftc -enable-testing
BIN := .build/release
# What the virtual machine is built and run with.
LABORATORY := umockdev qemu-system-x86 busybox-static cpio kmod zstd

.PHONY: run test coverage umockdev hil check fuzz bench campaign torture format setup build ship venv clean

run: setup
	$(SWIFT) build $(CONFIGURATION) --product countertop-lab
	$(BIN)/countertop-lab demo --sale

build: setup
	$(SWIFT) build $(CONFIGURATION) --product countertop
	$(SWIFT) build $(CONFIGURATION) --product countertop-lab

# One build serves everything below; the store tests drive the very programs that ship.
test: venv
	@scripts/setup.sh chromium curl umockdev
	$(SWIFT) build $(CONFIGURATION) --build-tests
	$(SWIFT) test $(CONFIGURATION) --skip-build --parallel
	.venv/bin/python -m pytest -q Tests/Store Tests/Conformance Tests/Campaigns
	Tests/HardwareInTheLoop/umockdev.sh $(BIN)
	Hardware/lab/hil.sh --where-possible $(BIN)

# Lines of a module that its own tests run, file by file; fails below LEAST percent.
MODULE ?= EMV
LEAST ?= 95
coverage: setup
	COUNTERTOP_ONLY=$(MODULE) $(SWIFT) test --scratch-path .build-coverage --enable-code-coverage
	$(PYTHON) scripts/coverage.py Sources/$(MODULE) $(LEAST) "$$(COUNTERTOP_ONLY=$(MODULE) $(SWIFT) test --scratch-path .build-coverage --show-codecov-path)"

# The device tests' bodies on real libusb and libudev, umockdev in the kernel's place.
umockdev: venv
	@scripts/setup.sh umockdev
	$(SWIFT) build $(CONFIGURATION) --build-tests
	Tests/HardwareInTheLoop/umockdev.sh $(BIN)

# Hardware in the loop: the drivers and a whole sale on a real kernel, in a virtual machine with virtual devices (CYCLES=500 for more plugging);
# DEVICES=usb: with real ones on this machine's USB, and a person.
hil: venv
	$(SWIFT) build $(CONFIGURATION) --build-tests
ifeq ($(DEVICES),usb)
	$(PYTHON) Hardware/lab/bench.py $(BIN)
else
	Hardware/lab/hil.sh $(BIN)
endif

check: setup
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests
	COUNTERTOP_STRICT=1 $(SWIFT) build $(CONFIGURATION) --build-tests

# The production program as a package would carry it: no testability, static Swift library, stripped.
SHIP := -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --gc-sections -Xlinker -z -Xlinker nostart-stop-gc \
	-Xlinker -z -Xlinker pack-relative-relocs -Xlinker -s --scratch-path .build-ship
ship: setup
	$(SWIFT) build $(SHIP) --product countertop

# libFuzzer on what a POS can send: FUZZ_SECONDS for each target. What it finds stays in .build-fuzz/corpus; Tests/Fuzz/Corpus is run by `make test`.
FUZZ_SECONDS ?= 60
fuzz: setup
	mkdir -p artifacts
	for target in Decoder Session; do \
	  mkdir -p .build-fuzz/corpus/$$target && \
	  COUNTERTOP_FUZZ=1 $(SWIFT) build --scratch-path .build-fuzz -Xswiftc -sanitize=fuzzer --product $${target}Fuzzer && \
	  .build-fuzz/debug/$${target}Fuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -artifact_prefix=artifacts/$$target- \
	    .build-fuzz/corpus/$$target Tests/Fuzz/Corpus/$$target || exit 1; \
	done

bench: build ship venv
	$(SWIFT) build $(SHIP) --product countertop-lab
	@scripts/setup.sh nodejs node-ws
	$(SWIFT) build $(CONFIGURATION) --product HostBenchmark
	$(SWIFT) build $(CONFIGURATION) --product APIBenchmark
	$(SWIFT) build $(CONFIGURATION) --product EMVBenchmark
	@missed=0; \
	for part in bench host bench_api latency emv journal; do .venv/bin/python Tests/Benchmarks/$$part.py || missed=1; done; \
	PARTS=peers APDUS=1000 REPEATS=3 Hardware/lab/hil.sh .build-ship/release || missed=1; \
	exit $$missed

# Schedules of faults in virtual time: RUNS of them from SEED on.
campaign: build
	$(BIN)/countertop-lab campaign --seed $(or $(SEED),1) --runs $(or $(RUNS),1000000)
	$(BIN)/countertop-lab campaign --disk --seed $(or $(SEED),1) --runs $(or $(DISK_RUNS),20000)

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
	rm -rf .build .build-ship .build-lab .build-fuzz .build-coverage .venv artifacts
