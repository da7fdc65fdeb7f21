# SPDX-License-Identifier: MIT
# make coverage: the suites and the end-to-end tests on a build that counts lines, in build-coverage/; line coverage by folder.
.PHONY: coverage coverage-deps
coverage-deps:
	$(Q)DEPS=$(DEPS) sh tests/deps.sh gcovr

coverage: deps coverage-deps
	$(Q)find build-coverage -name '*.gcda' -delete 2>/dev/null; true
	@$(MAKE) --no-print-directory B=build-coverage CFLAGS='-O1 -g --coverage -fprofile-update=atomic' LDFLAGS=--coverage check || echo "coverage: some tests failed"
	$(Q)gcovr --root . --object-directory build-coverage --exclude 'tests/' --exclude '.*_test\.c' --gcov-ignore-parse-errors -j 2 \
	  --json-summary build-coverage/coverage.json >/dev/null 2>build-coverage/gcovr.log || { tail -n 5 build-coverage/gcovr.log; exit 1; }
	$(Q)python3 tests/coverage.py build-coverage/coverage.json
