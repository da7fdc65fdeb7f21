# SPDX-License-Identifier: MIT
# Speed of libhone-nn: make bench-nn [BENCH_SECONDS=4]
BENCH_SECONDS ?= 4

$(B)/tests/bench/nn_bench: $(B)/tests/bench/nn_bench.o $(B)/$(NN_SONAME)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< -L$(B) -lhone-nn -Wl,-rpath,'$$ORIGIN/../..' -lm

.PHONY: bench bench-nn
bench: bench-nn
bench-nn: $(B)/tests/bench/nn_bench
	$(Q)$< $(BENCH_SECONDS)
