# The SDK for others: public headers, libmmplugin.a, mmplugin.pc.
#
#	make install PREFIX=/usr/local       DESTDIR=... puts a root in front
#	cc $(pkg-config --cflags mmplugin) hello.c $(pkg-config --libs mmplugin)

SDK_INTERNAL := gob/skip.h gob/types.h gob/wire.h mm/plugin.h mm/pull.h \
	mm/gen/rows.h rpc/pool.h yamux/frame.h yamux/session.h
SDK_HEADERS := $(filter-out $(SDK_INTERNAL), \
	$(patsubst sdk/%,%,$(wildcard sdk/*/*.h sdk/mm/gen/*.h)))
TO = $(DESTDIR)$(abspath $(PREFIX))

define PC
prefix=$(abspath $(PREFIX))
includedir=$${prefix}/include/mmplugin
libdir=$${prefix}/lib

Name: mmplugin
Description: SDK for Mattermost server plugins in C and C++
Version: $(VERSION)
Cflags: -I$${includedir} -pthread
Libs: -L$${libdir} -lmmplugin -pthread
endef

.PHONY: install uninstall
## install    the SDK: headers, libmmplugin.a, mmplugin.pc; PREFIX, DESTDIR
install: export PC := $(PC)
install:
	@$(MAKE) --no-print-directory BUILD=release build/release/libmmplugin.a
	@rm -rf "$(TO)/include/mmplugin"
	@cd sdk && for header in $(SDK_HEADERS); do \
		install -D -m 644 $$header "$(TO)/include/mmplugin/$$header" || exit; \
	done
	@install -D -m 644 build/release/libmmplugin.a "$(TO)/lib/libmmplugin.a"
	@install -D -m 644 /dev/null "$(TO)/lib/pkgconfig/mmplugin.pc"
	@printf '%s\n' "$$PC" >"$(TO)/lib/pkgconfig/mmplugin.pc"
	@echo "installed mmplugin $(VERSION) into $(TO)"

## uninstall  remove what install has put there
uninstall:
	@rm -rf "$(TO)/include/mmplugin"
	@rm -f "$(TO)/lib/libmmplugin.a" "$(TO)/lib/pkgconfig/mmplugin.pc"
