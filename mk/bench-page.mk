# SPDX-License-Identifier: MIT
# Listing, report and dashboard of a study of 50,000 trials, in a headless Chromium where there is one: make bench-page
.PHONY: bench bench-page
bench: bench-page
bench-page: all
	$(Q)python3 tests/bench/page_bench.py $(B)/hone
