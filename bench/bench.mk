# Measuring beside the same plugin in Go; docs/performance.md says what and how.
# CASES=help,start are some cases alone, ROUNDS=3 how often each is measured.

BENCH := build/bench
GOREF := $(BENCH)/goref
FLOOR := $(BENCH)/floor

.PHONY: bench bench-short bench-programs
## bench      measure beside a plugin in Go: CASES=help,start ROUNDS=5
bench: bench-programs
	@$(BENCH)/bench $(BENCH_ARGS) -rounds $(or $(ROUNDS),5) -cases "$(CASES)" -out $(BENCH)

# Less than a minute; fails when a ratio is far from what is promised.
SHORT_CASES := ignored,verified,validation,unknown,help,start,flights,floor,large,read,startup,memory,size
bench-short: bench-programs
	@$(BENCH)/bench $(BENCH_ARGS) -rounds 3 -short -check -cases $(SHORT_CASES)

BENCH_ARGS = -root . -ours $(BUNDLE) -go $(GOREF) -hello build/release/hello-plugin -floor $(FLOOR)

bench-programs: setup-run dist $(GOREF) $(FLOOR) $(BENCH)/bench
	@$(MAKE) --no-print-directory -s BUILD=release build/release/hello-plugin

# As Mattermost's plugins are built.
$(GOREF): $(wildcard bench/goref/*.go) bench/goref/go.mod bench/goref/go.sum
	$(call say,GO,$@)cd bench/goref && CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o ../../$@ .

$(FLOOR): bench/floor.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) -O2 -o $@ $<

$(BENCH)/bench: $(DEV_SRC) dev/go.mod dev/go.sum
	$(call say,GO,$@)cd dev && $(GO) build -o ../$@ ./bench
