# SPDX-License-Identifier: MIT
# What the decisions of schedulers cost, 100,000 trials on 1,000 virtual workers: make bench-scheduler
SCHEDULER_BENCH_OBJ := $(patsubst %.c,$(B)/%.o,$(call not_tests,plugins/scheduler/halving/*.c))

$(B)/tests/bench/scheduler_bench: $(B)/tests/bench/scheduler_bench.o $(SCHEDULER_BENCH_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(CUNIT_LIBS) -lm

.PHONY: bench bench-scheduler
bench: bench-scheduler
bench-scheduler: $(B)/tests/bench/scheduler_bench
	$(Q)$<
