# Zoom for Mattermost. `make help` lists the targets.
#
# BUILD is the flavour: debug (default), asan, tsan, release, and amd64 and arm64,
# the static programs of the bundle. Each has a folder of its own under build/.
# ONLY=gob runs the tests whose names begin so.

VERSION := 10.0.0
BUILD ?= debug
OUT := build/$(BUILD)
PREFIX ?= /usr/local

CC ?= gcc
GO ?= $(shell tools/setup.sh go)
CLANG_FORMAT ?= clang-format-14
CLANG_TIDY ?= clang-tidy-14

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wformat=2 \
	-Wimplicit-fallthrough
ifneq ($(WERROR),0)
WARNINGS += -Werror
endif

FLAGS_debug := -O1 -g
FLAGS_asan := -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
FLAGS_tsan := -O1 -g -fsanitize=thread
# What the processor can check of jumps and returns. gcc 12 knows FORTIFY 3.
BRANCHES_x86_64 := -fcf-protection=full
BRANCHES_aarch64 := -mbranch-protection=standard
FORTIFY := $(shell v=$$($(CC) -dumpversion 2>/dev/null | cut -d. -f1); \
	test "$${v:-0}" -ge 12 && echo 3 || echo 2)
FLAGS_release := -O2 -g -DPLUGIN_RELEASE=1 -U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=$(FORTIFY) -fstack-protector-strong \
	-fstack-clash-protection $(BRANCHES_$(shell uname -m)) \
	-fPIE -ffunction-sections -fdata-sections
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_tsan := -fsanitize=thread
LDFLAGS_release := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code \
	-Wl,--gc-sections
LINK = $(CC)

include $(if $(filter amd64 arm64,$(BUILD)),tools/static.mk)

CFLAGS_ALL := -std=c17 -D_GNU_SOURCE -DPLUGIN_VERSION='"$(VERSION)"' -pthread \
	$(WARNINGS) -Isdk -I. $(FLAGS_$(BUILD)) $(CFLAGS)
LDFLAGS_ALL := -pthread $(LDFLAGS_$(BUILD)) $(LDFLAGS)
LIBS := -lcurl -lssl -lcrypto -ljansson -lyajl

SDK_SRC := $(wildcard sdk/base/*.c sdk/gob/*.c sdk/yamux/*.c sdk/rpc/*.c \
	sdk/goplugin/*.c sdk/mm/*.c sdk/mm/gen/*.c)
ZOOM_SRC := $(wildcard zoom/*.c)
PLUGIN_SRC := $(wildcard plugin/*.c) \
	$(patsubst %.po,%.c,$(wildcard plugin/i18n/*.po))
TEST_LIB_SRC := $(wildcard tests/lib/*.c)
TEST_SRC := $(wildcard tests/unit/test_$(ONLY)*.c)
C_FILES = $(shell git ls-files '*.c' '*.h' | grep -v /gen/)

# V=1 shows the commands.
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2);)

objects = $(patsubst %.c,$(OUT)/%.o,$(1))

SDK := $(OUT)/libmmplugin.a
ZOOM := $(OUT)/libzoom.a
PLUGIN := $(OUT)/zoom-plugin
HELLO := $(OUT)/hello-plugin
TESTS := $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(TEST_SRC))
BUNDLE := dist/zoom-$(VERSION).tar.gz

.DEFAULT_GOAL := all
.PHONY: all help
all: $(PLUGIN) $(HELLO)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

$(OUT)/%.o: %.c $(STATIC)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# A translation is compiled as it is: sed makes a table of its lines.
$(OUT)/plugin/i18n/%.o: plugin/i18n/%.po plugin/i18n/po.sed plugin/lang.h $(STATIC)
	@mkdir -p $(@D)
	$(call say,PO,$<)sed -f plugin/i18n/po.sed $< | $(CC) $(CFLAGS_ALL) \
		-DLANG_TEXTS=lang_$* -DLANG_FILE='"$<"' -x c -c -o $@ -

$(SDK): $(call objects,$(SDK_SRC))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(ZOOM): $(call objects,$(ZOOM_SRC))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(PLUGIN): $(call objects,$(PLUGIN_SRC)) $(ZOOM) $(SDK)
	$(call say,LD,$@)$(LINK) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(HELLO): $(call objects,sdk/examples/hello.c) $(SDK)
	$(call say,LD,$@)$(LINK) $(LDFLAGS_ALL) -o $@ $^

# Programs that only tests run: the plugin that mirrors every hook and API call
# to Go, and one that speaks a single layer on a socket.
.PHONY: test-programs
test-programs: $(OUT)/mirror-plugin $(OUT)/wire

$(OUT)/mirror-plugin: $(call objects,tests/plugins/mirror.c \
		$(wildcard tests/plugins/gen/*.c)) $(SDK)
	$(call say,LD,$@)$(LINK) $(LDFLAGS_ALL) -o $@ $^

$(OUT)/wire: $(call objects,tests/plugins/wire.c) $(SDK)
	$(call say,LD,$@)$(LINK) $(LDFLAGS_ALL) -o $@ $^

# The plugin's own objects but for main, so that tests reach every layer.
TESTED := $(call objects,$(filter-out plugin/main.c,$(PLUGIN_SRC)))
$(OUT)/tests/%: $(OUT)/tests/unit/%.o $(call objects,$(TEST_LIB_SRC)) \
		$(TESTED) $(ZOOM) $(SDK)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(LINK) $(LDFLAGS_ALL) -o $@ $^ -lcheck -lsubunit $(LIBS) -lm -lrt

# Tests in which the n-th allocation fails; see tests/lib/faults.h.
$(OUT)/tests/test_%_faults: LDFLAGS_ALL += -Wl,--wrap=malloc,--wrap=calloc \
	-Wl,--wrap=realloc,--wrap=strdup,--wrap=free

.PRECIOUS: $(OUT)/%.o
-include $(shell test -d $(OUT) && find $(OUT) -name '*.d')

# ---- the bundle ---------------------------------------------------------------

EXECUTABLES := build/amd64/zoom-plugin build/arm64/zoom-plugin
WEBAPP := webapp/dist/main.js
BUNDLE_FILES := plugin.json assets/profile.svg assets/profile.png \
	public/app-bar-icon.png $(WEBAPP) LICENSE NOTICE

.PHONY: dist bundle-name
bundle-name:
	@echo $(notdir $(BUNDLE))

## dist       build dist/zoom-VERSION.tar.gz, the bundle that a server takes
dist: setup-build
	@$(MAKE) --no-print-directory BUILD=amd64 build/amd64/zoom-plugin
	@$(MAKE) --no-print-directory BUILD=arm64 build/arm64/zoom-plugin
	@$(MAKE) --no-print-directory $(BUNDLE)

$(BUNDLE): $(EXECUTABLES) $(BUNDLE_FILES) tools/dist.sh tools/sbom.py
	@tools/dist.sh $@ $(EXECUTABLES) $(BUNDLE_FILES)

NODE_MODULES := webapp/node_modules/.package-lock.json
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	$(call say,NPM,$*)cd $* && npm ci --no-audit --no-fund --silent
	@touch $@

$(WEBAPP): $(NODE_MODULES) webapp/build.mjs $(wildcard webapp/src/* webapp/i18n/*)
	$(call say,JS,$@)node webapp/build.mjs

.PHONY: webapp webapp-test
webapp: $(WEBAPP)

webapp-test: $(WEBAPP)
	@node webapp/tests/run.mjs

# ---- running and testing --------------------------------------------------------

RUN := build/run
DEV_SRC := $(shell find dev -name '*.go' -o -path 'dev/zoomsim/pages/*')
PAGE := build/page/root.html
PAGE_MODULES := dev/page/client/node_modules/.package-lock.json

.PHONY: page run test test-long check check-style unit e2e setup-build setup-run setup-test setup-long
## run        the real Mattermost with the plugin and a Zoom stand-in: PORT=8065
run: setup-run dist $(RUN) $(PAGE)
	@exec $(RUN) -port $(or $(PORT),8065) -bundle $(BUNDLE)

$(RUN): $(DEV_SRC) dev/go.mod dev/go.sum
	@tools/setup.sh modules
	$(call say,GO,$@)cd dev && $(GO) build -o ../$@ ./cmd/run

page: $(PAGE)

$(PAGE): $(PAGE_MODULES) dev/page/client/build.mjs $(wildcard dev/page/client/src/*)
	$(call say,JS,$(@D))node dev/page/client/build.mjs $(@D)

setup-build setup-run setup-test setup-long:
	@tools/setup.sh $(subst setup-,,$@)

## test       everything: unit tests (debug, asan), generated code, style,
##            web app, end-to-end, page; ONLY=gob for some unit tests alone
test: setup-test
ifeq ($(ONLY),)
	@tools/test.sh
else
	@$(MAKE) -s unit BUILD=$(BUILD) ONLY=$(ONLY)
endif

## sentences  is all that people read translated and explained? WRITE=1 puts
##            new sentences into plugin/i18n
.PHONY: sentences
sentences:
	cd dev && $(GO) test -count=1 ./sentences $(if $(WRITE),-run Translated$$ -write)

unit: $(TESTS)
	@TESTS_ROOT=. UNIT_WRAPPER=$(UNIT_WRAPPER) tools/unit.sh $(TESTS)

## parity     all end-to-end tests, and docs/parity.md from those that pass
.PHONY: parity
parity: setup-test dist
	@$(MAKE) --no-print-directory -s BUILD=asan all
	cd dev && BUILD=asan $(GO) test -count=1 -timeout 20m ./e2e -parity.write

## check-style  format, layers, types, static analysis
check-style: setup-test $(NODE_MODULES) $(PAGE_MODULES)
	$(CLANG_FORMAT) --dry-run --Werror $(C_FILES)
	tools/check-layers.sh
	cd dev && test -z "$$(gofmt -l . ../bench | tee /dev/stderr)"
	cd webapp && npm run --silent check
	cd dev/page/client && npm run --silent check
	printf '%s\n' $(filter-out tests/%,$(filter %.c,$(C_FILES))) | \
		xargs -P2 -n8 $(CLANG_TIDY) --quiet --extra-arg=-std=c17 \
		--extra-arg=-D_GNU_SOURCE --extra-arg=-DPLUGIN_VERSION='""' \
		--extra-arg=-Isdk --extra-arg=-I. --extra-arg=-pthread

## generate   write sdk/mm/gen again from Mattermost's own types
.PHONY: generate format sizes clean
generate:
	cd tools/gen && $(GO) generate ./...

## format     clang-format and gofmt over everything
format:
	$(CLANG_FORMAT) -i $(C_FILES)
	cd dev && gofmt -w . ../bench

clean:
	rm -rf build dist webapp/dist

## shots      pictures of every page and card in build/shots, and docs/pictures
.PHONY: shots sizes
shots: setup-test dist $(RUN) $(PAGE)
	cd dev/browser && npm ci --no-audit --no-fund --silent
	node dev/browser/run.mjs $(RUN) $(BUNDLE) build/shots docs/pictures

## sizes      lines per file and function, next to what good looks like
sizes:
	@tools/sizes.sh $(filter-out tests/%,$(C_FILES))

## test-long  what takes longer: threads under TSan, valgrind, kills, health
test-long: setup-long
	@tools/test.sh long

include tools/release.mk tools/install.mk fuzz/fuzz.mk bench/bench.mk
