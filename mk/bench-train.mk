# SPDX-License-Identifier: MIT
# Speed of whole trainings: make bench-train
TRAIN_BENCH_OBJ := $(patsubst %.c,$(B)/%.o,$(call not_tests,plugins/objective/train/*.c))

$(B)/tests/bench/train_bench: $(B)/tests/bench/train_bench.o $(TRAIN_BENCH_OBJ) $(B)/$(NN_SONAME)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -L$(B) -lhone-nn -ljansson -Wl,-rpath,'$$ORIGIN/../..' $(CUNIT_LIBS) -ldl -lm

.PHONY: bench bench-train
bench: bench-train
bench-train: $(B)/tests/bench/train_bench $(PLUGINS)
	$(Q)HONE_BUILD=$(abspath $(B)) $<
