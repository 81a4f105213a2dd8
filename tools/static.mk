# What is different when BUILD is amd64 or arm64: musl, zig, and the libraries of
# tools/static.sh, all in one file that needs nothing of the machine it runs on.

STATIC := $(OUT)/libs.key
CC := $(OUT)/libs/bin/cc
AR := $(OUT)/libs/bin/ar
LINK := tools/static-link.sh $(CC)

BRANCHES_amd64 := -fcf-protection=full
BRANCHES_arm64 := -mbranch-protection=standard
FLAGS_$(BUILD) := -O2 -g -DPLUGIN_RELEASE=1 -fPIE \
	-fstack-protector-strong -fstack-clash-protection $(BRANCHES_$(BUILD)) \
	-ffunction-sections -fdata-sections -ffile-prefix-map=$(CURDIR)=. \
	-isystem $(OUT)/libs/include
# Threads that libcurl starts get their stack from stack-size: else 128 KiB.
# STRIP= keeps the symbols, for a profiler.
STRIP := -s
LDFLAGS_$(BUILD) := -static -pie $(STRIP) -L$(OUT)/libs/lib \
	-Wl,-z,relro,-z,now,-z,noexecstack,-z,stack-size=262144 \
	-Wl,--gc-sections,--build-id=none

# Always asked, and written only where the libraries are others than before.
.PHONY: FORCE
$(STATIC): FORCE
	@tools/static.sh $(BUILD) $(OUT)/libs
