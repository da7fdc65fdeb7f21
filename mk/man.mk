# SPDX-License-Identifier: MIT
# Manual pages and shell completion, written by the program from its own tables.
mandir           ?= $(datadir)/man
bashcompdir      ?= $(datadir)/bash-completion/completions
zshcompdir       ?= $(datadir)/zsh/site-functions
fishcompdir      ?= $(datadir)/fish/vendor_completions.d

MAN_COMMANDS := $(subst _,-,$(shell sed -n 's/^COMMAND(\(.*\))/\1/p' core/cli/commands.def))
MAN_1        := hone.1 $(MAN_COMMANDS:%=hone-%.1)
MAN_5        := hone.ini.5
MAN_7        := hone-plugin.7
MAN_PAGES    := $(addprefix $(B)/man/,$(MAN_1) $(MAN_5) $(MAN_7))
COMPLETIONS  := $(addprefix $(B)/completion/,hone _hone hone.fish)
MAN_INSTALLED = $(addprefix $(mandir)/man1/,$(MAN_1)) $(addprefix $(mandir)/man5/,$(MAN_5)) $(addprefix $(mandir)/man7/,$(MAN_7)) \
                $(bashcompdir)/hone $(zshcompdir)/_hone $(fishcompdir)/hone.fish

.PHONY: man
man: $(B)/man/written $(COMPLETIONS)

# with the plugins of this build, and nothing that happens to be installed
$(B)/man/written: $(B)/hone $(PLUGINS)
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)env -u HONE_PLUGIN_PATH XDG_CACHE_HOME=$(abspath $(B))/man-cache $(B)/hone man --directory $(@D) --no-default-path --plugin-path $(B)/plugins
	$(Q)touch $@
$(MAN_PAGES): $(B)/man/written

$(B)/completion/hone $(B)/completion/_hone $(B)/completion/hone.fish: $(B)/hone
	@mkdir -p $(@D)
	$(Q)$(B)/hone completion $(if $(filter %.fish,$@),fish,$(if $(filter %/_hone,$@),zsh,bash)) >$@
