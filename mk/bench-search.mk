# SPDX-License-Identifier: MIT
# The searches on test problems: make bench-search [BENCH_SEARCH="--search tpe,gp --trials 200"] [PEER=venv/bin/python]
.PHONY: bench bench-search
bench: bench-search
bench-search: all
	$(Q)$(B)/hone bench search $(BENCH_SEARCH) $(if $(PEER),--peer $(PEER))
