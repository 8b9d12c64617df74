# Each target does its own set-up on a Debian machine that has Rust (rustup) and nothing else; as root it installs what
# is missing, otherwise it says what to install. The work is in tools/, one script a concern.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# One target directory for everything native: the R package, its check and the core's own tests share compiled crates.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
# The path is absolute, so that tests find the data from any working directory.
export STARSCAPE_DATA := $(shell . tools/lib.sh && data_dir)
# Tests that are too slow or too special for a repository's machines run here.
export NOT_CRAN := true
export PATH := $(PATH):$(HOME)/.cargo/bin
CARGO := nice cargo
JOBS := -j 2

VERSION = $(shell sed -n 's/^Version: *//p' rpkg/DESCRIPTION)
TARBALL = dist/starscape_$(VERSION).tar.gz
RUST_SOURCES := Cargo.toml Cargo.lock build.rs $(shell find src rpkg/src/rust -type f)
R_SOURCES := $(shell find rpkg -type f -not -path 'rpkg/src/rust/*' -not -path 'rpkg/tests/*' -not -name '*.o' \
  -not -name '*.so' -not -name Makevars)
PACKAGED := $(wildcard benches/*.rs) $(shell find vignettes rpkg/tests -type f -not -name Rplots.pdf)
INSTALLED := .Rlib/starscape/DESCRIPTION

.PHONY: help setup demo test test-core test-r install package test-package check bench stability panel slices scale \
  markers transst smoke fuzz fuzz-core sanitize lint lint-rust lint-r deny bioccheck docs vignettes site picture \
  stack-current test-current clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

setup: ## install what is missing (every target does this)
	@tools/setup.sh

demo: install ## a section from counts to domains; DATA=space_ranger_dir K=7, or a simulated section
	R_LIBS="$(CURDIR)/.Rlib" Rscript demo/run.R "$(DATA)" "$(K)"

test: test-core test-r ## the tests of the core and of the R package

test-core: setup
	$(CARGO) test $(JOBS) --locked

test-r: install
	Rscript tools/test-r.R .Rlib

install: $(INSTALLED) ## the R package into .Rlib/

$(INSTALLED): $(RUST_SOURCES) $(R_SOURCES) | setup
	tools/install-r.sh .Rlib

package: $(TARBALL) ## dist/starscape_VERSION.tar.gz, which installs with no network

$(TARBALL): $(INSTALLED) $(PACKAGED) tools/package.sh tools/vendor.sh
	tools/package.sh

test-package: package ## install that file with no network and no downloaded crates
	tools/install-offline.sh $(TARBALL) build/offline/Rlib

check: package ## R CMD check, without errors or warnings
	tools/check.sh

bench: setup ## time the kernels of the core
	$(CARGO) bench $(JOBS) --locked

stability: install ## over seeds, into benches/stability/; SEEDS, PARTS, PEERS, DRAWS, SECTIONS, OUT make it shorter
	Rscript benches/stability/run.R .Rlib "$(or $(OUT),benches/stability)" $(or $(SEEDS),100) $(or $(PARTS),20) \
	  $(or $(PEERS),20) $(or $(DRAWS),20) $(SECTIONS)

panel: install ## accuracy and steadiness on sections of six technologies, into benches/panel/; SECTIONS, OUT shorten it
	Rscript benches/panel/run.R .Rlib "$(or $(OUT),benches/panel)" $(SECTIONS)
	Rscript benches/panel/network.R .Rlib "$(or $(OUT),benches/panel)" $(SECTIONS)
	Rscript benches/panel/project.R .Rlib "$(or $(OUT),benches/panel)" $(SECTIONS)

slices: install ## several slices together, into benches/slices/; SEEDS, DRAWS, SIDE, OUT make it shorter
	Rscript benches/slices/run.R .Rlib "$(or $(OUT),benches/slices)" $(or $(SEEDS),20) $(or $(DRAWS),3) $(or $(SIDE),1)

scale: install ## time and memory by the number of cells, into benches/scale/; LARGEST, OUT shorten it
	Rscript benches/scale/run.R .Rlib "$(or $(OUT),benches/scale)" $(or $(LARGEST),262144)

markers: install ## p-values, power and speed of markers, into benches/markers/; DRAWS, GENES, SEEDS, SIDE, OUT shorten it
	Rscript benches/markers/run.R .Rlib "$(or $(OUT),benches/markers)" $(or $(DRAWS),50)
	Rscript benches/markers/null.R .Rlib "$(or $(OUT),benches/markers)" $(or $(GENES),400) $(or $(SEEDS),4) \
	  $(or $(SIDE),1)

transst: install ## domains with a labelled source, into benches/transst/; DRAWS, SIDE and OUT make it shorter
	Rscript benches/transst/run.R .Rlib "$(or $(OUT),benches/transst)" $(or $(DRAWS),20) $(or $(SIDE),1)
	Rscript benches/transst/proportions.R .Rlib "$(or $(OUT),benches/transst)" $(or $(DRAWS),20)

smoke: install ## every benchmark once, on small simulated sections
	tools/smoke-benches.sh

fuzz: install ## random calls of all exports: each returns or refuses an argument by name; CALLS, SEED, NUMBER of one
	Rscript tools/fuzz.R .Rlib $(or $(CALLS),5000) $(or $(SEED),1) $(NUMBER)

fuzz-core: setup ## random input to every function of the core that takes data from R; SECONDS=20, TARGETS of them
	tools/fuzz-core.sh $(or $(SECONDS),20) $(TARGETS)

sanitize: install ## memory: a thousand refused calls without growth, valgrind on the core and on R calls of it
	tools/sanitize.sh .Rlib

lint: lint-rust lint-r ## formatting, lints and documentation of the Rust code, lints of the R code

lint-rust: setup
	tools/rust-component.sh clippy rustfmt
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy $(JOBS) --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(JOBS) --locked --workspace --no-deps
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(JOBS) --locked --workspace --no-deps --document-private-items

lint-r: install
	Rscript tools/lint-r.R .Rlib

deny: setup ## licences, origins and known faults of the crates (installs cargo-deny)
	tools/deny.sh

docs: setup ## manual pages and NAMESPACE from the roxygen comments
	Rscript -e 'roxygen2::roxygenise("rpkg", load_code = roxygen2::load_source)'

vignettes: install ## render them into build/vignettes/
	Rscript tools/vignettes.R .Rlib build/vignettes

site: install ## the pages of the package with pkgdown, into build/site/
	tools/site.sh .Rlib build/site

picture: install ## the picture of the README
	mkdir -p rpkg/man/figures
	Rscript tools/picture.R .Rlib rpkg/man/figures/section.png

bioccheck: install ## Bioconductor's own checks, without errors or warnings
	tools/bioccheck.sh

stack-current: setup ## a Debian trixie root with current R and Seurat, in ~/.cache/starscape
	tools/stack-current.sh

test-current: setup ## the R tests and the vignettes on that stack
	tools/in-current.sh tools/suite.sh build/current

clean: ## remove everything that was built (the trixie root stays)
	rm -rf build dist .Rlib demo/out target
	cd rpkg && sh ./cleanup
