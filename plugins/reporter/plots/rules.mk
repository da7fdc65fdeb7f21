# SPDX-License-Identifier: MIT
# Reporters that show plots: what is embedded into them. The chart library is bundled once, by npm, into build/charts.
CHARTS := build/charts/charts.js
$(CHARTS): $(addprefix plugins/reporter/plots/page/,package.json package-lock.json charts.js charts.sh)
	$(call say,NPM,$@)
	$(Q)DEPS=$(DEPS) sh plugins/reporter/plots/page/charts.sh $@

$(B)/plugins/reporter/plots/assets.o: $(CHARTS) $(addprefix plugins/reporter/plots/page/,page.css page.js)
$(B)/plugins/reporter/plots/assets.o: ALL_CPPFLAGS += -DHONE_CHARTS_FILE='"$(abspath $(CHARTS))"' -DHONE_PAGE_FOLDER='"$(abspath plugins/reporter/plots/page)/"'

.PHONY: charts
charts:
	$(Q)rm -f $(CHARTS)
	@$(MAKE) --no-print-directory $(CHARTS)
