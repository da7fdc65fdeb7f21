# SPDX-License-Identifier: MIT
# Speed of networks: make bench-nn [BENCH_ARGS="--net resnet20 --batch 128 --threads 2 --peer PYTHON"]
.PHONY: bench bench-nn
bench: bench-nn
bench-nn: all
	$(Q)$(B)/hone bench nn $(BENCH_ARGS)

# Which layout of the weights oneDNN prefers here: make bench-nn-layout
$(B)/tests/bench/nn_layout_bench.o: ALL_CPPFLAGS += -Isdk/nn
$(B)/tests/bench/nn_layout_bench: $(B)/tests/bench/nn_layout_bench.o $(B)/sdk/nn/onednn.o $(B)/sdk/nn/onednn_conv.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DNNL_LIBS) -ldl -lm

.PHONY: bench-nn-layout
bench-nn-layout: $(B)/tests/bench/nn_layout_bench
	$(Q)$<
