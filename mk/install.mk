# SPDX-License-Identifier: MIT
# make install, make uninstall: PREFIX, DESTDIR and the folders at the top of the Makefile. Both walk the same list, so that
# uninstall removes exactly what install has put there.
pkgconfigdir ?= $(libdir)/pkgconfig
docdir       ?= $(datadir)/doc/hone

TEMPLATE_FILES := $(wildcard sdk/template/*)
HEADERS        := $(wildcard sdk/include/hone/*.h)
EXAMPLES       := $(wildcard conf/*.ini)
EXAMPLE_DIRS   := command data
EXAMPLE_FILES  := $(foreach d,$(EXAMPLE_DIRS),$(wildcard conf/$(d)/*.*))
DOCS           := $(wildcard LICENSE README.md)
PC_FILES       := hone-sdk.pc hone-nn.pc
PC             := $(addprefix $(B)/,$(PC_FILES))

INSTALLED = $(bindir)/hone $(libexecdir)/hone/hone-plugin-check $(libdir)/$(NN_SONAME) $(libdir)/libhone-nn.so \
            $(addprefix $(plugindir)/,$(notdir $(PLUGINS))) $(addprefix $(includedir)/hone/,$(notdir $(HEADERS))) \
            $(addprefix $(pkgconfigdir)/,$(PC_FILES)) $(addprefix $(datadir)/hone/template/,$(notdir $(TEMPLATE_FILES))) \
            $(addprefix $(docdir)/examples/,$(patsubst conf/%,%,$(EXAMPLES) $(EXAMPLE_FILES))) $(addprefix $(docdir)/,$(DOCS)) \
            $(MAN_INSTALLED)
# those of hone alone, the inner ones first; uninstall takes them away where they are empty
OWN_DIRS  = $(plugindir) $(libdir)/hone $(libexecdir)/hone $(includedir)/hone $(datadir)/hone/template $(datadir)/hone \
            $(addprefix $(docdir)/examples/,$(EXAMPLE_DIRS)) $(docdir)/examples $(docdir)

# the values may change from call to call: written anew each time
$(B)/%.pc: sdk/%.pc.in FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|g; s|@includedir@|$(includedir)|g; s|@libdir@|$(libdir)|g; s|@plugindir@|$(plugindir)|g' \
	        -e 's|@ABI@|$(ABI)|g; s|@VERSION@|$(VERSION)|g' $< >$@.$$$$ && mv $@.$$$$ $@

# The program knows the folders it was built for: where they change (make, then make install PREFIX=/usr), what names them
# is compiled again.
FOLDERS := $(plugindir) $(libexecdir) $(datadir)
$(B)/folders: FORCE
	@mkdir -p $(@D)
	@echo '$(FOLDERS)' | cmp -s - $@ || echo '$(FOLDERS)' >$@
$(patsubst %.c,$(B)/%.o,$(shell grep -lE 'HONE_(PLUGIN|LIBEXEC|DATA)_DIR' $(CORE_SRC) /dev/null)): $(B)/folders

install: all man $(PC)
	$(Q)for d in $(bindir) $(libdir) $(pkgconfigdir) $(OWN_DIRS); do $(INSTALL) -d "$(DESTDIR)$$d" || exit 1; done
	$(Q)$(INSTALL) -m 755 $(B)/hone "$(DESTDIR)$(bindir)"
	$(Q)$(INSTALL) -m 755 $(B)/hone-plugin-check "$(DESTDIR)$(libexecdir)/hone"
	$(Q)$(INSTALL) -m 644 $(B)/$(NN_SONAME) "$(DESTDIR)$(libdir)"
	$(Q)ln -sf $(NN_SONAME) "$(DESTDIR)$(libdir)/libhone-nn.so"
	$(Q)$(if $(PLUGINS),$(INSTALL) -m 644 $(PLUGINS) "$(DESTDIR)$(plugindir)")
	$(Q)$(INSTALL) -m 644 $(HEADERS) "$(DESTDIR)$(includedir)/hone"
	$(Q)$(INSTALL) -m 644 $(PC) "$(DESTDIR)$(pkgconfigdir)"
	$(Q)$(INSTALL) -m 644 $(TEMPLATE_FILES) "$(DESTDIR)$(datadir)/hone/template"
	$(Q)$(if $(EXAMPLES),$(INSTALL) -m 644 $(EXAMPLES) "$(DESTDIR)$(docdir)/examples")
	$(Q)$(foreach f,$(EXAMPLE_FILES),$(INSTALL) -m 644 $(f) "$(DESTDIR)$(docdir)/examples/$(patsubst conf/%,%,$(f))" &&) true
	$(Q)$(INSTALL) -m 644 $(DOCS) "$(DESTDIR)$(docdir)"
	$(Q)for d in $(sort $(dir $(MAN_INSTALLED))); do $(INSTALL) -d "$(DESTDIR)$$d" || exit 1; done
	$(Q)$(foreach n,1 5 7,$(INSTALL) -m 644 $(addprefix $(B)/man/,$(MAN_$(n))) "$(DESTDIR)$(mandir)/man$(n)" &&) true
	$(Q)$(INSTALL) -m 644 $(B)/completion/hone "$(DESTDIR)$(bashcompdir)"
	$(Q)$(INSTALL) -m 644 $(B)/completion/_hone "$(DESTDIR)$(zshcompdir)"
	$(Q)$(INSTALL) -m 644 $(B)/completion/hone.fish "$(DESTDIR)$(fishcompdir)"
	@echo "installed: $(DESTDIR)$(bindir)/hone, plugins in $(DESTDIR)$(plugindir)"

uninstall:
	$(Q)rm -f $(foreach f,$(INSTALLED),"$(DESTDIR)$(f)")
	$(Q)for d in $(OWN_DIRS); do rmdir "$(DESTDIR)$$d" 2>/dev/null; done; true

.PHONY: install uninstall FORCE
