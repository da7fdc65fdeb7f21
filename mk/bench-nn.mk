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

# Which layout of the weights oneDNN prefers here: make bench-nn-layout
$(B)/tests/bench/nn_layout_bench.o: ALL_CPPFLAGS += -Isdk/nn
$(B)/tests/bench/nn_layout_bench: $(B)/tests/bench/nn_layout_bench.o $(B)/sdk/nn/onednn.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DNNL_LIBS) -ldl -lm

.PHONY: bench-nn-layout
bench-nn-layout: $(B)/tests/bench/nn_layout_bench
	$(Q)$<
