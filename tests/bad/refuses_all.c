/* SPDX-License-Identifier: MIT */
/* create refuses every setting. */
#include "bad.h"

struct settings {
    double rate;
};
static const hone_param params[] = { HONE_REAL(struct settings, rate, "0.5", 0, 1, HONE_P_TUNABLE, NULL, "Share.") };
static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    (void)self;
    return hone_fail(err, HONE_EINVAL, "rate", "rate is never right");
}
BAD_COMPONENT("refuses_all", create, bad_destroy, bad_open, bad_ask, bad_tell, NULL, NULL, params, 1,
              sizeof(struct settings));
HONE_MODULE("org.hone.tests.refuses_all", "1.0.0", "MIT", "", "", &bad_component)
