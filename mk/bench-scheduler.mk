# SPDX-License-Identifier: MIT
# What the decisions of schedulers cost on virtual workers: make bench-scheduler. One binary for each module.
SCHEDULER_BENCHES := halving pbt
SCHEDULER_BENCH_BIN := $(SCHEDULER_BENCHES:%=$(B)/tests/bench/scheduler_bench_%)

define scheduler_bench_rule
$(B)/tests/bench/scheduler_bench_$(1): $(B)/tests/bench/scheduler_bench.o \
        $(patsubst %.c,$(B)/%.o,$(call not_tests,plugins/scheduler/$(1)/*.c))
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(CUNIT_LIBS) -lm
endef
$(foreach module,$(SCHEDULER_BENCHES),$(eval $(call scheduler_bench_rule,$(module))))

.PHONY: bench bench-scheduler
bench: bench-scheduler
bench-scheduler: $(SCHEDULER_BENCH_BIN)
	$(Q)set -e; for bench in $^; do $$bench; done
