/* SPDX-License-Identifier: MIT */
/* load believes the length that the bytes name, and writes there. */
#include "bad.h"

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    const uint32_t n = sizeof(hone_rng);
    if (out->write(out->ctx, &n, sizeof n) < 0 || out->write(out->ctx, &((struct bad *)self)->rng, n) < 0)
        return hone_fail(err, HONE_EIO, NULL, "cannot write the state");
    return HONE_OK;
}
static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    uint32_t n = 0;
    unsigned char *at = (unsigned char *)&((struct bad *)self)->rng;
    (void)err;
    for (uint32_t i = 0; i < 4; i++)
        in->read(in->ctx, (unsigned char *)&n + i, 1);
    for (uint32_t i = 0; i < n; i++) {
        unsigned char byte = 0;
        in->read(in->ctx, &byte, 1);
        *(volatile unsigned char *)(at + i) = byte;
    }
    return HONE_OK;
}
BAD_COMPONENT("trusts_state", bad_create, bad_destroy, bad_open, bad_ask, bad_tell, save, load, NULL, 0, 0);
HONE_MODULE("org.hone.tests.trusts_state", "1.0.0", "MIT", "", "", &bad_component)
