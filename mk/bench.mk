# SPDX-License-Identifier: MIT
# make bench: speed, beside the limits that were set. mk/bench-*.mk add the parts of the library and of training; here is what
# a user of the program waits for. Nothing fails by its time: the machine decides that.
.PHONY: bench bench-program
bench: bench-program
bench-program: all
	$(Q)python3 tests/bench/program_bench.py $(B)/hone conf
