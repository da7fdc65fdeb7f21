/* SPDX-License-Identifier: MIT */
/* load takes a short read for the end of the world. */
#include "bad.h"

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    if (out->write(out->ctx, &((struct bad *)self)->rng, sizeof(hone_rng)) < 0)
        return hone_fail(err, HONE_EIO, NULL, "cannot write the state");
    return HONE_OK;
}
static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    hone_rng rng;
    if (in->read(in->ctx, &rng, sizeof rng) != (int64_t)sizeof rng)
        return hone_fail(err, HONE_EINVAL, NULL, "the state is cut off");
    rng.used = rng.used > 4 ? 4 : rng.used;
    ((struct bad *)self)->rng = rng;
    return HONE_OK;
}
BAD_COMPONENT("short_read", bad_create, bad_destroy, bad_open, bad_ask, bad_tell, save, load, NULL, 0, 0);
HONE_MODULE("org.hone.tests.short_read", "1.0.0", "MIT", "", "", &bad_component)
