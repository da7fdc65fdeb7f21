/* SPDX-License-Identifier: MIT */
/* Says that it keeps its state, and saves nothing of it. */
#include "bad.h"

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    (void)self;
    return out->write(out->ctx, "", 1) == 1 ? HONE_OK : hone_fail(err, HONE_EIO, NULL, "not written");
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    char byte[2];
    (void)self;
    return in->read(in->ctx, byte, 2) == 1 ? HONE_OK : hone_fail(err, HONE_EINVAL, NULL, "no state of this search");
}
BAD_COMPONENT("forgets", bad_create, bad_destroy, bad_open, bad_ask, bad_tell, save, load, NULL, 0, 0);
HONE_MODULE("org.hone.tests.forgets", "1.0.0", "MIT", "the hone authors", "", &bad_component)
