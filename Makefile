# SPDX-License-Identifier: MIT
# make help lists the targets. Build products live in build/ (build-SAN/ for a sanitizer build); nothing else is written.
.DEFAULT_GOAL := all
VERSION  := $(shell sed -n 's/^\#define HONE_VERSION "\(.*\)"/\1/p' core/base/version.h)
ABI      := $(shell sed -n 's/^\#define HONE_ABI_MAJOR \([0-9]*\).*/\1/p' sdk/include/hone/plugin.h)
NN_SONAME := libhone-nn.so.1

PREFIX     ?= /usr/local
bindir     ?= $(PREFIX)/bin
libdir     ?= $(PREFIX)/lib
libexecdir ?= $(PREFIX)/libexec
includedir ?= $(PREFIX)/include
datadir    ?= $(PREFIX)/share
plugindir  ?= $(libdir)/hone/plugins-$(ABI)
INSTALL    ?= install
SAN        ?=
# sanitizers multiply the code: at -O2 building it takes longer than running it
CFLAGS     ?= $(if $(SAN),-O1 -g1,-O2 -g)
DEPS       ?= yes
V          ?=

empty :=
comma := ,
B     := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))

# the structs of the ABI grow at their ends, and what an initializer leaves out is zero, by contract
GROWS := -Wno-missing-field-initializers
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion -Wstrict-prototypes \
        -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wcast-qual -Wundef -Wvla -Wformat=2 \
        -Wswitch-enum $(GROWS) $(if $(WERROR),-Werror)
HARDEN := -fstack-protector-strong -fno-common $(if $(SAN),,-D_FORTIFY_SOURCE=2)
# what gcc warns of by what it learns while it optimizes, the plain build says: less optimized and instrumented, it guesses
SANF   := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-format-truncation -Wno-maybe-uninitialized)

INIPARSER_CFLAGS ?= -I/usr/include/iniparser
INIPARSER_LIBS   ?= -liniparser
DNNL_CFLAGS      ?=
DNNL_LIBS        ?= -ldnnl
CUNIT_LIBS       ?= -lcunit

ALL_CPPFLAGS = -D_GNU_SOURCE -Isdk/include $(CPPFLAGS)
ALL_CFLAGS   = -std=c11 -fPIC -fvisibility=hidden $(WARN) $(HARDEN) $(SANF) $(CFLAGS)
ALL_LDFLAGS  = $(SANF) -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(LDFLAGS)
NODEFS       = $(if $(SAN),,-Wl$(comma)-z$(comma)defs)
# a plugin finds libhone-nn beside the build folder's plugins/ and beside the installed hone/plugins-1/
RPATH        = -Wl,-rpath,'$$ORIGIN/..' -Wl,-rpath,'$$ORIGIN/../..'

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))
not_tests = $(filter-out %_test.c,$(wildcard $(1)))

CORE_SRC  := $(call not_tests,core/*/*.c)
MAIN_SRC  := core/cli/main.c
CORE_OBJ  := $(patsubst %.c,$(B)/%.o,$(filter-out $(MAIN_SRC),$(CORE_SRC)))
NN_OBJ    := $(patsubst %.c,$(B)/%.o,$(call not_tests,sdk/nn/*.c))
CHECK_OBJ := $(patsubst %.c,$(B)/%.o,$(call not_tests,sdk/check/*.c))
# every plugins/KIND/NAME/ with a .c file becomes KIND-NAME.so: adding a plugin edits no Makefile
# (with a file `requires`, names for pkg-config, it is left out, and that is said, where one of them is not installed)
missing    = $(if $(wildcard $(1)requires),$(shell pkg-config --exists $$(cat $(1)requires) || cat $(1)requires))
left_out   = $(if $(call missing,$(1)),$(info leaving out $(1) which needs $(call missing,$(1)): make deps),$(1))
PLUGDIR   := $(foreach d,$(sort $(dir $(call not_tests,plugins/*/*/*.c))),$(call left_out,$(d)))
plugin_so  = $(B)/plugins/$(word 2,$(subst /, ,$(1)))-$(word 3,$(subst /, ,$(1))).so
PLUGINS   := $(foreach d,$(PLUGDIR),$(call plugin_so,$(d)))

TESTS_CORE := $(wildcard tests/unit/*_test.c core/*/*_test.c)
TESTS_NN   := $(wildcard sdk/nn/*_test.c sdk/check/*_test.c)
TESTS_PLUG := $(foreach t,$(wildcard plugins/*/*/*_test.c),$(if $(filter $(dir $(t)),$(PLUGDIR)),$(t)))
TESTS_C    := $(TESTS_CORE) $(TESTS_NN) $(TESTS_PLUG)
test_bin    = $(B)/tests/$(subst /,-,$(basename $(1)))
TESTS      := $(foreach t,$(TESTS_C),$(call test_bin,$(t)))
TESTS_SH   := $(sort $(wildcard tests/e2e/*_test.sh))
# plugins made for tests, some of them broken on purpose: tests/bad/NAME.c becomes tests/bad-NAME.so
BAD        := $(patsubst tests/bad/%.c,$(B)/tests/bad/%.so,$(wildcard tests/bad/*.c))

# plugins of folders that were there once: hone would still load them
STALE := $(filter-out $(PLUGINS),$(wildcard $(B)/plugins/*.so))
stale:
	$(if $(STALE),$(Q)rm -f $(STALE))

all: stale $(B)/hone $(B)/hone-plugin-check $(B)/$(NN_SONAME) $(PLUGINS)

# ---- program, library, plugins ----
$(B)/hone: $(B)/core/cli/main.o $(CORE_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -pie -o $@ $^ $(INIPARSER_LIBS) -ldl -lm $(LDLIBS)

$(B)/$(NN_SONAME): $(NN_OBJ)
	$(call say,SO,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -shared $(NODEFS) -Wl,-soname,$(NN_SONAME) -o $@ $^ $(DNNL_LIBS) -ljansson -lm
	$(Q)ln -sf $(NN_SONAME) $(B)/libhone-nn.so

$(B)/hone-plugin-check: $(CHECK_OBJ) $(B)/$(NN_SONAME)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -pie -o $@ $(CHECK_OBJ) -L$(B) -lhone-nn -Wl,-rpath,'$$ORIGIN' -Wl,-rpath,'$$ORIGIN/../../lib' -ldl -lm

$(B)/core/%.o $(B)/tests/%.o: ALL_CPPFLAGS += $(INIPARSER_CFLAGS) -DHONE_PLUGIN_DIR='"$(plugindir)"' -DHONE_LIBEXEC_DIR='"$(libexecdir)/hone"' -DHONE_DATA_DIR='"$(datadir)/hone"'
$(B)/sdk/nn/%.o: ALL_CPPFLAGS += $(DNNL_CFLAGS)
$(B)/tests/%.o $(B)/core/%.o: ALL_CPPFLAGS += -Icore
$(B)/tests/%.o: ALL_CPPFLAGS += -Itests
$(B)/sdk/nn/%_test.o $(B)/sdk/check/%_test.o $(B)/core/%_test.o $(B)/plugins/%_test.o: ALL_CPPFLAGS += -Itests

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define plugin
$(call plugin_so,$(1)): $(patsubst %.c,$(B)/%.o,$(call not_tests,$(1)*.c)) $(wildcard $(1)ldlibs) | $(B)/$(NN_SONAME)
	@mkdir -p $$(@D)
	$$(call say,SO,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -shared $$(NODEFS) $$(RPATH) -o $$@ $$(filter %.o,$$^) -L$(B) $$(shell cat $(1)ldlibs 2>/dev/null) -lm
endef
$(foreach d,$(PLUGDIR),$(eval $(call plugin,$(d))))

# ---- tests ----
# a core test links the core; a library test links libhone-nn; a plugin test links its plugin's objects and libhone-nn
define test
$(call test_bin,$(1)): $(B)/$(basename $(1)).o $(2) $(3)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(4) $(CUNIT_LIBS) $(INIPARSER_LIBS) -ldl -lm
endef
nn_link = -L$(B) -lhone-nn -Wl,-rpath,'$$$$ORIGIN/..'
$(foreach t,$(TESTS_CORE),$(eval $(call test,$(t),$(CORE_OBJ),,)))
$(foreach t,$(filter sdk/nn/%,$(TESTS_NN)),$(eval $(call test,$(t),$(NN_OBJ),,$(DNNL_LIBS) -ljansson)))
$(foreach t,$(filter sdk/check/%,$(TESTS_NN)),$(eval $(call test,$(t),$(filter-out %/main.o,$(CHECK_OBJ)),$(B)/$(NN_SONAME),$(nn_link))))
$(foreach t,$(TESTS_PLUG),$(eval $(call test,$(t),$(patsubst %.c,$(B)/%.o,$(call not_tests,$(dir $(t))*.c)),$(B)/$(NN_SONAME),$(nn_link) $(shell cat $(dir $(t))ldlibs 2>/dev/null))))

$(B)/tests/bad/%.so: tests/bad/%.c
	@mkdir -p $(@D)
	$(call say,SO,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -Wno-all -MMD -MP -MF $(@:.so=.d) $(ALL_LDFLAGS) -shared -o $@ $< $$(cat $(<:.c=.ldlibs) 2>/dev/null) -lm

$(B)/tests/runner: tests/runner.c
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=c11 $(WARN) $(CFLAGS) -o $@ $<

# `make check ONLY=config` builds and runs the suites whose name contains "config"
WANTED := $(if $(ONLY),$(foreach t,$(TESTS),$(if $(findstring $(ONLY),$(notdir $(t))),$(t))),$(TESTS))
test-binaries: all $(WANTED) $(BAD) $(B)/tests/runner

check: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) test-binaries $(if $(ONLY),,hdr-check)
	$(Q)HONE_BUILD=$(abspath $(B)) $(B)/tests/runner $(if $(ONLY),--only $(ONLY)) $(WANTED) $(if $(SAN),,$(TESTS_SH))

hdr-check:
	$(Q)for h in sdk/include/hone/*.h; do \
	  for s in c99 c11 c17; do $(CC) -std=$$s -Wall -Wextra -Wpedantic -Wconversion -Wc++-compat -Werror -Isdk/include -fsyntax-only -x c $$h || exit 1; done; \
	  for s in c++11 c++17 c++20; do $(CXX) -std=$$s -Wall -Wextra -Wpedantic -Wconversion -Werror -Isdk/include -fsyntax-only -x c++ $$h || exit 1; done; \
	done

# ---- what it needs ----
PACKAGES := gcc g++ make pkg-config procps sqlite3 libiniparser-dev libdnnl-dev libsqlite3-dev zlib1g-dev libjansson-dev libpng-dev libjpeg62-turbo-dev libmicrohttpd-dev libcunit1-dev libopenblas-serial-dev libnlopt-dev python3 mandoc dataset-fashion-mnist
deps:
	$(Q)DEPS=$(DEPS) sh tests/deps.sh $(PACKAGES)

demo: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) all
	$(Q)cd $(B) && ./hone run ../conf/quickstart.ini --set study.storage=sqlite:$(abspath $(B))/demo.db

clean:
	rm -rf build build-*

help:
	@sed -n 's/^#: //p' Makefile
#: make              build hone into build/ (build/hone runs in place)
#: make demo         install what is missing, build, tune a network on Fashion-MNIST (about two minutes)
#: make check        install what is missing, build, run every test   (ONLY=text: some of them)
#: make install      PREFIX=/usr/local DESTDIR=           make uninstall takes it away again
#: make lint         clang-format, clang-tidy, cppcheck
#: make bench        speed, compared with its limits
#: make coverage     line coverage of the test suites
#: make charts       fetch the chart library of the reports again, by npm
#: make clean        remove build/
#: SAN=address,undefined | SAN=thread   a sanitizer build in its own folder     WERROR=1  warnings are errors
#: DEPS=no           never call apt-get            V=1  show the commands

.DELETE_ON_ERROR:
.PHONY: all stale check test-binaries hdr-check deps demo clean help
include $(wildcard mk/*.mk)
# what a plugin needs beside its .c files: rules of its own
include $(wildcard plugins/*/*/rules.mk)
-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)
