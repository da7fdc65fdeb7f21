# SPDX-License-Identifier: MIT
# Reporters that show plots: what is embedded into them. The chart library is bundled once, by npm, into build/charts.
CHARTS := build/charts/charts.js
$(CHARTS): $(addprefix plugins/reporter/plots/page/,package.json package-lock.json charts.js charts.sh)
	$(call say,NPM,$@)
	$(Q)DEPS=$(DEPS) sh plugins/reporter/plots/page/charts.sh $@

# the page's script: one function made of these files, in this order
PAGE_PARTS := $(addprefix plugins/reporter/plots/page/,base.js table.js trial.js figures.js trials.js study.js live.js page.js)
PAGE_SCRIPT := $(B)/plugins/reporter/plots/script.js
$(PAGE_SCRIPT): $(PAGE_PARTS) plugins/reporter/plots/rules.mk
	$(call say,JS,$@)
	@mkdir -p $(@D)
	$(Q){ echo "'use strict';"; echo '(() => {'; cat $(PAGE_PARTS); echo '})();'; } >$@.new && mv $@.new $@

$(B)/plugins/reporter/plots/assets.o: $(CHARTS) $(PAGE_SCRIPT) plugins/reporter/plots/page/page.css
$(B)/plugins/reporter/plots/assets.o: ALL_CPPFLAGS += -DHONE_CHARTS_FILE='"$(abspath $(CHARTS))"' -DHONE_SCRIPT_FILE='"$(abspath $(PAGE_SCRIPT))"' -DHONE_STYLE_FILE='"$(abspath plugins/reporter/plots/page/page.css)"'

.PHONY: charts
charts:
	$(Q)rm -f $(CHARTS)
	@$(MAKE) --no-print-directory $(CHARTS)
