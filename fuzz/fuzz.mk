# Fuzzing; see docs/reliability.md. Included by the Makefile.

FUZZ_NAMES := gob yamux rpc broker handshake webhook command query grant zoom action
FUZZ_DRIVERS := $(patsubst %,$(OUT)/fuzz/%,$(FUZZ_NAMES))
FUZZ_CLANG := $(shell command -v clang-14)
FUZZ_LIBFUZZER := $(and $(FUZZ_CLANG),$(wildcard \
	/usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.fuzzer-*))
FUZZ_FLAGS := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=undefined

.PHONY: fuzz fuzz-regression fuzz-drivers
## fuzz       new inputs for every decoder, T=60 seconds each, ONLY=gob one of
##            them; libFuzzer where there is one, else fuzz/driver.c
fuzz:
ifeq ($(FUZZ_LIBFUZZER),)
	@$(MAKE) --no-print-directory BUILD=asan ONLY= fuzz-drivers
	@fuzz/run.sh mutate build/asan/fuzz $(or $(T),60) $(or $(ONLY),$(FUZZ_NAMES))
else
	@$(MAKE) --no-print-directory BUILD=fuzz ONLY= CC=$(FUZZ_CLANG) WERROR=0 \
		FLAGS_fuzz='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined' \
		LDFLAGS_fuzz='-fsanitize=fuzzer,address,undefined' FUZZ_MAIN= fuzz-drivers
	@fuzz/run.sh libfuzzer build/fuzz/fuzz $(or $(T),60) $(or $(ONLY),$(FUZZ_NAMES))
endif

## fuzz-regression  every input of fuzz/corpus and fuzz/regression once more
fuzz-regression:
	@$(MAKE) --no-print-directory BUILD=asan ONLY= fuzz-drivers
	@fuzz/run.sh replay build/asan/fuzz 0 $(FUZZ_NAMES)

fuzz-drivers: $(FUZZ_DRIVERS)

FUZZ_MAIN := $(OUT)/fuzz/driver.o

$(OUT)/fuzz/%: $(OUT)/fuzz/fuzz_%.o $(OUT)/tests/lib/feed.o $(FUZZ_MAIN) \
		$(ZOOM) $(SDK)
	$(call say,LD,$@)$(LINK) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) \
		$(filter %.a,$^) $(LIBS)

# Each has the only copy of a file, to reach what is static in it.
PLUGIN_WITHOUT = $(call objects,$(filter-out plugin/main.c $1,$(PLUGIN_SRC)))
$(OUT)/fuzz/command: $(call objects,$(filter-out plugin/main.c,$(PLUGIN_SRC)))
$(OUT)/fuzz/query: $(call PLUGIN_WITHOUT,plugin/store.c)
$(OUT)/fuzz/grant: $(call PLUGIN_WITHOUT,plugin/grant.c)
$(OUT)/fuzz/action: $(call PLUGIN_WITHOUT,plugin/action.c plugin/channel_settings.c)
