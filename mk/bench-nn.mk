# SPDX-License-Identifier: MIT
# Speed of libhone-nn: make bench-nn [BENCH_SECONDS=4]; one network: make bench-nn BENCH_ARGS="resnet20 128 2"
BENCH_SECONDS ?= 4

$(B)/tests/bench/nn_bench: $(B)/tests/bench/nn_bench.o $(B)/$(NN_SONAME)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< -L$(B) -lhone-nn -Wl,-rpath,'$$ORIGIN/../..' -lm

.PHONY: bench bench-nn
bench: bench-nn
bench-nn: $(B)/tests/bench/nn_bench
	$(Q)$(if $(BENCH_ARGS),,$< $(BENCH_SECONDS) &&) $< $(BENCH_SECONDS) $(or $(BENCH_ARGS),all)

# Which layout of the weights oneDNN prefers here: make bench-nn-layout
$(B)/tests/bench/nn_layout_bench.o: ALL_CPPFLAGS += -Isdk/nn
$(B)/tests/bench/nn_layout_bench: $(B)/tests/bench/nn_layout_bench.o $(B)/sdk/nn/onednn.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DNNL_LIBS) -ldl -lm

.PHONY: bench-nn-layout
bench-nn-layout: $(B)/tests/bench/nn_layout_bench
	$(Q)$<
