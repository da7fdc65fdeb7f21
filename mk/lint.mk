# SPDX-License-Identifier: MIT
# make lint: what a compiler that is not gcc, clang-tidy, cppcheck and clang-format have to say; make format lays the code out.
# Each of them takes the files side by side, on all processors; each says all it has before lint fails.
LINT_PACKAGES := clang clang-tidy clang-format cppcheck
# headers of the frozen ABI stay as they were released
LINT_C    = $(filter-out tests/abi/headers/%,$(wildcard core/*/*.c sdk/nn/*.c sdk/check/*.c plugins/*/*/*.c tests/*.c tests/*/*.c))
LINT_H    = $(filter-out tests/abi/headers/%,$(wildcard core/*/*.h sdk/include/hone/*.h sdk/nn/*.h sdk/check/*.h plugins/*/*/*.h tests/*.h tests/*/*.h))
# clang-tidy is slow: the tests, and plugins that are wrong on purpose, are left to the compilers and cppcheck; its analyzer,
# slower still, takes the program and the SDK, and gives up on a function after 20,000 states instead of 225,000
TIDY_C    = $(filter-out %_test.c,$(filter core/% sdk/% plugins/%,$(LINT_C)))
LINT_CPP  = -D_GNU_SOURCE -std=c11 -Isdk/include -Icore -Itests -Isdk/nn $(INIPARSER_CFLAGS) $(DNNL_CFLAGS) -include build/lint.h
ANALYZER  = -Xclang -analyzer-config -Xclang max-nodes=20000
EACH      = xargs -P $$(nproc)
CLANG_FORMAT ?= clang-format

.PHONY: lint lint-deps lint-clang lint-format lint-tidy lint-cppcheck lint-licence format
lint: deps lint-deps
	@failed=; for part in licence format clang cppcheck tidy; do \
	  $(MAKE) --no-print-directory lint-$$part || failed="$$failed $$part"; \
	done; if [ -n "$$failed" ]; then echo "lint found something:$$failed"; exit 1; fi; echo "lint found nothing"

lint-deps:
	$(Q)DEPS=$(DEPS) sh tests/deps.sh $(LINT_PACKAGES)

# Every file says its licence in its first lines, but for those that have no place for a comment.
lint-licence:
	$(call say,LINT,licence)
	$(Q)missing=$$(git ls-files | grep -vE '^(LICENSE|tests/ini/|tests/abi/headers/|tests/fuzz/)|\.(csv|expected|svg)$$|/(ldlibs|requires)$$|^sdk/template/README|/package(-lock)?\.json$$' | \
	  while read -r file; do [ ! -f "$$file" ] || head -n 3 "$$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$$file"; done); \
	if [ -n "$$missing" ]; then echo "no SPDX-License-Identifier in:"; echo "$$missing"; exit 1; fi

lint-format:
	$(call say,LINT,clang-format)
	$(Q)printf '%s\n' $(LINT_C) $(LINT_H) | $(EACH) -n 16 $(CLANG_FORMAT) --dry-run -Werror 2>&1 | grep 'error:' | sed 's/:[0-9]*:[0-9]*:.*/: run make format/' | sort -u | \
	  { if grep .; then exit 1; fi; }

format:
	$(Q)printf '%s\n' $(LINT_C) $(LINT_H) | $(EACH) -n 16 $(CLANG_FORMAT) -i

# The whole program, built by clang, its warnings errors; in its own folder, and not optimized, as clang finds what it warns of before
# that. Double promotion is gcc's to say: clang takes NAN for one.
lint-clang:
	$(call say,LINT,clang)
	@$(MAKE) --no-print-directory -k -j$$(nproc) B=build-clang CC=clang CXX=clang++ WERROR=1 HARDEN= CFLAGS='-O0 -Wno-double-promotion' all test-objects

.PHONY: test-objects
test-objects: $(patsubst %.c,$(B)/%.o,$(TESTS_C))

# folders that the Makefile gives the program: here any
build/lint.h:
	$(Q)mkdir -p build; for name in PLUGIN LIBEXEC DATA; do echo "#define HONE_$${name}_DIR \"/$$name\""; done >$@

lint-cppcheck: build/lint.h
	$(call say,LINT,cppcheck)
	$(Q)mkdir -p build/cppcheck; cppcheck -q -j $$(nproc) --cppcheck-build-dir=build/cppcheck --error-exitcode=1 --inline-suppr --std=c11 --language=c \
	  --enable=warning,performance,portability --suppressions-list=mk/cppcheck.txt -D_GNU_SOURCE -DDNNL_VERSION_MAJOR=2 \
	  --include=build/lint.h -Isdk/include -Icore -Isdk/nn $(TIDY_C)

lint-tidy: build/lint.h
	$(call say,LINT,clang-tidy)
	$(Q)mkdir -p build; tidy() { checks=$$1; shift; printf '%s\n' "$$@" | $(EACH) -n 4 sh -c \
	    'checks=$$1; shift; clang-tidy --quiet --checks="$$checks" "$$@" -- $(LINT_CPP) $(ANALYZER) 2>/dev/null || true' tidy "$$checks"; }; \
	{ tidy '' $(filter-out plugins/%,$(TIDY_C)); tidy '-clang-analyzer-*' $(filter plugins/%,$(TIDY_C)); } >build/tidy.txt; \
	if grep -q ': \(warning\|error\): ' build/tidy.txt; then cat build/tidy.txt; exit 1; fi
