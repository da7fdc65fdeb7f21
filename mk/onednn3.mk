# SPDX-License-Identifier: MIT
# oneDNN 3.x beside Debian's 2.6: make onednn3 unpacks it into build/onednn3, make check-onednn3 builds libhone-nn
# and its suites with it in build-onednn3 and runs these.
ONEDNN3      := build/onednn3
ONEDNN3_PIP  := onednn-cpu-gomp==2023.2.0 --hash=sha256:2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb
ONEDNN3_PIPD := onednn-devel-cpu-gomp==2023.2.0 --hash=sha256:9763c69e8c907e119056bd52ad918ca84ac9ba939d130a99dfa95ccca3e5e284
WITH_ONEDNN3 := B=build-onednn3 DNNL_CFLAGS="-isystem $(abspath $(ONEDNN3))/include" \
                DNNL_LIBS="-L$(abspath $(ONEDNN3))/lib -ldnnl -Wl,-rpath,$(abspath $(ONEDNN3))/lib"

$(ONEDNN3)/include/oneapi/dnnl/dnnl.h:
	@mkdir -p $(ONEDNN3)
	$(call say,GET,$(ONEDNN3))
	$(Q)printf '%s\n' '$(ONEDNN3_PIP)' '$(ONEDNN3_PIPD)' >$(ONEDNN3)/requirements.txt
	$(Q)python3 -m pip download -q --no-deps --require-hashes -r $(ONEDNN3)/requirements.txt -d $(ONEDNN3)
	$(Q)cd $(ONEDNN3) && for wheel in *.whl; do python3 -m zipfile -e $$wheel unpacked || exit 1; rm $$wheel; done
	$(Q)cd $(ONEDNN3) && cp -r unpacked/*.data/data/* . && rm -rf unpacked && touch include/oneapi/dnnl/dnnl.h

.PHONY: onednn3 check-onednn3
onednn3: $(ONEDNN3)/include/oneapi/dnnl/dnnl.h

check-onednn3: onednn3
	@$(MAKE) --no-print-directory -j$$(nproc) ONLY=$(or $(ONLY),sdk-nn) $(WITH_ONEDNN3) check-nn

.PHONY: check-nn
check-nn: $(B)/$(NN_SONAME) $(WANTED) $(B)/tests/runner
	$(Q)HONE_BUILD=$(abspath $(B)) $(B)/tests/runner --only $(ONLY) $(WANTED)
