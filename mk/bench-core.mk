# SPDX-License-Identifier: MIT
# Speed of everything around the trials: make bench-core; make bench runs all benchmarks.
.PHONY: bench bench-core
bench: bench-core bench-train
bench-core: all
	$(Q)HONE_BUILD=$(abspath $(B)) sh tests/bench/core_bench.sh
