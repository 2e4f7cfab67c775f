# Every target says what it does: make help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help install etcd zookeeper gen fmt lint types unit conformance test build package demo bench soak chaos fuzz interop check clean-tree

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  \1\t/' | expand -t 16

install: node_modules/.installed ## Install the dependencies of the lockfile

node_modules/.installed: package-lock.json
	npm ci --no-fund --no-audit
	touch $@

etcd: ## Install etcd from the distribution, where there is none
	@scripts/install-from-distribution.sh etcd 'command -v etcd && command -v etcdctl' etcd-server etcd-client

# Not the package "zookeeper": it brings a whole desktop Java, and the tests start their own servers.
zookeeper: ## Install ZooKeeper from the distribution, where there is none; without it its tests are skipped
	@scripts/install-from-distribution.sh ZooKeeper 'test -e /usr/share/java/zookeeper.jar && command -v java' libzookeeper-java default-jre-headless \
		|| echo "the tests that need ZooKeeper will be skipped" >&2

gen: install ## Generate code from the .proto files
	buf generate
	for template in test examples/greeter examples/shop examples/monolith examples/monolith/5-apart; do buf generate --template $$template/buf.gen.yaml; done

fmt: install ## Format the code
	biome check --write

lint: install ## Check code and contracts
	biome ci
	buf lint

types: build ## Check the types
	tsc --noEmit
	tsc -p tsconfig.build.json --noEmit

build: install ## Compile to dist/
	rm -rf dist
	npm run --silent build

package: build ## Check what would be published: publint, are-the-types-wrong
	publint --strict
	attw --pack . --profile esm-only --quiet

# What starts a real etcd or ZooKeeper imports what starts it.
need_programs = $(shell grep -lE '"\.\./support/(etcd|zookeeper)\.js"' test/registry/*.test.ts)

unit: build ## Run the tests that need no other program
	vitest run --project in-process $(addprefix --exclude ,$(need_programs))

conformance: build etcd zookeeper ## Run the shared suites on every driver
	vitest run test/transport test/registry test/selector test/interop

test: build etcd zookeeper ## Install what is needed, then run every test
	tsc --noEmit
	tsc -p tsconfig.build.json --noEmit
	vitest run

demo: build ## hawser up examples/shop: four processes serve real calls, one is killed (REGISTRY=etcd: on a real etcd)
	@[ "$${REGISTRY:-}" != etcd ] || $(MAKE) --no-print-directory etcd
	@node --import tsx examples/shop/demo.ts

bench/node_modules/.installed: bench/package-lock.json
	@npm ci --prefix bench --silent >&2
	@rm -rf bench/node_modules/@bufbuild/protobuf # one copy, as npm gives a project that uses Hawser
	@ln -s ../../../node_modules/@bufbuild/protobuf bench/node_modules/@bufbuild/protobuf
	@touch $@

bench: install bench/node_modules/.installed ## Measure against the peers, in one run (SUITE=wire SECONDS=3)
	@case "$${SUITE:-}" in *registry* | all) $(MAKE) --no-print-directory etcd ;; esac >&2
	@$(MAKE) --no-print-directory build >&2
	@npm run --prefix bench --silent build >&2
	@npm run --prefix bench --silent start

soak: ## Ten million calls over Hawser's own engine, then whether either side holds more than halfway (CALLS=10000000)
	@SUITE=soak $(MAKE) --no-print-directory bench

chaos: build etcd ## Do to a running system what happens at night (SUITE=wire|registry|supervisor FAULT=kill ROUNDS=20 SEED=7)
	@node --import tsx test/chaos/main.ts

fuzz: install ## Send the wire what nobody should, a million times (INPUTS=20000 SEED=7 TARGET=server, or INPUT=file again)
	@node --import tsx test/fuzz/main.ts

interop: install ## gRPC programs in Go, Java, Python, C and Rust meet ours, each case a line; those that can be had here
	@programs=$$(scripts/interop-programs.sh node_modules/.cache/interop); \
	PATH=$$programs:$$PATH:/usr/sbin vitest run --reporter verbose test/interop/outside test/cli/outside-clients

check: gen fmt lint types package test clean-tree ## Everything, on a clean tree

clean-tree:
	@git diff --exit-code --stat || { echo "the tree is not clean: gen or fmt changed something" >&2; exit 1; }
	@[ -z "$$(git status --porcelain)" ] || { git status --short; echo "the tree is not clean" >&2; exit 1; }
