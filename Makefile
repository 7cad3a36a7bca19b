# The front door. `make help` lists what there is.
PREFIX ?= /usr/local
BUILD := build/release
JOBS ?= $(shell nproc)

.DEFAULT_GOAL := help
.PHONY: help build demo test image e2e fault-matrix verdict-matrix size-soak limits-soak crash-test lint web screenshots bench fuzz install deb clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the programs, optimised, in build/release
	@tools/packages build
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) -DBUILD_TESTING=OFF >/dev/null
	@cmake --build --preset release -j $(JOBS)

demo: ## a cluster of network namespaces, a fault, and what meshcheck says of it
	@tools/packages demo
	@$(MAKE) --no-print-directory build
	@examples/demo $(DEMO_FLAGS)

test: ## all tests: unit, black box, in the lab, in a browser
	@tools/packages test
	@tools/web true
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS)
	@ctest --preset dev $(TEST_FLAGS); ended=$$?; tools/slowest build/dev; exit $$ended
	@grep -hE '^SKIPPED|\[  SKIPPED \].* \(' build/dev/Testing/Temporary/LastTest.log || true

fault-matrix: ## each fault of sizes and fragments on the lab, and what the mesh says of it
	@tools/packages build lab
	@$(MAKE) --no-print-directory build
	@MESHCHECK_BUILD=$(CURDIR)/$(BUILD) /usr/bin/python3 test/lab/fault_matrix.py $(MATRIX_FLAGS)

image: ## an OCI image of the programs, without network or base image; IMAGE=NAME:TAG names it
	@tools/packages build image
	@$(MAKE) --no-print-directory build
	@examples/image/build.sh $(IMAGE)

e2e: ## the chart on the cluster that KUBECONFIG names
	@tools/packages build image test
	@$(MAKE) --no-print-directory build
	@MESHCHECK_BUILD=$(BUILD) /usr/bin/python3 -m pytest -q -rs $(E2E_FLAGS) $(wildcard test/e2e/cluster_*test.py)

verdict-matrix: ## each fault on the lab, alone and in pairs, and its verdicts
	@tools/packages build lab
	@$(MAKE) --no-print-directory build
	@MESHCHECK_BUILD=$(CURDIR)/$(BUILD) /usr/bin/python3 test/lab/verdict_matrix.py $(MATRIX_FLAGS)

size-soak: ## 5 % loss and busy processors for MINUTES (30): no fault of sizes may be seen
	@tools/packages build lab
	@$(MAKE) --no-print-directory build
	@MESHCHECK_BUILD=$(CURDIR)/$(BUILD) /usr/bin/python3 test/lab/size_soak.py --minutes $${MINUTES:-30}

limits-soak: ## server and agents within the chart's limits for MINUTES (10), with CPU thousandths of a core
	@tools/packages build test
	@$(MAKE) --no-print-directory build
	@MESHCHECK_BUILD=$(CURDIR)/$(BUILD) /usr/bin/python3 test/lab/limits_soak.py --minutes $${MINUTES:-10} --cpu $${CPU:-0}

crash-test: ## kill -9 of server and agents KILLS (200) times while episodes are posted
	@tools/packages build test
	@$(MAKE) --no-print-directory build
	@MESHCHECK_BUILD=$(CURDIR)/$(BUILD) MESHCHECK_KILLS=$${KILLS:-200} /usr/bin/python3 -m pytest -q -s -p no:cacheprovider test/sla/crash_test.py

lint: ## formatting, arrows between folders, clang-tidy, shellcheck
	@tools/packages lint
	@tools/lint

web: ## web/dist, the page as the server carries it, anew from web/src
	@tools/web sh -c 'npm run types && npm run lint && npm test && npm run build'

screenshots: ## the pictures in doc/images, from the lab and a mesh of 1,000 nodes made by hand: half an hour
	@tools/packages build lab web screenshots
	@$(MAKE) --no-print-directory build
	@MESHCHECK_BUILD=$(CURDIR)/$(BUILD) tools/web ../test/web/screenshots.py

bench: ## figures, next to nginx and pushgateway
	@tools/packages bench
	@$(MAKE) --no-print-directory build
	@bench/ingest $(BUILD)
	@bench/agent $(BUILD)
	@cmake --build --preset release --target clock_bench -j $(JOBS)
	@bench/clock $(BUILD)

fuzz: ## each parser of foreign bytes for FUZZ_SECONDS (60)
	@tools/packages fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@fuzz/run build/fuzz $${FUZZ_SECONDS:-60}

install: build ## programs, man pages, systemd units, under DESTDIR and PREFIX (/usr/local)
	@cmake --install $(BUILD) --prefix $(PREFIX)

deb: ## build/meshcheck_VERSION_ARCH.deb
	@$(MAKE) --no-print-directory build PREFIX=/usr
	@cpack --config $(BUILD)/CPackConfig.cmake -G DEB -B build >/dev/null
	@ls build/*.deb

clean: ## forget all builds
	@rm -rf build
