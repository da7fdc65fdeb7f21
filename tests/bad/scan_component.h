/* SPDX-License-Identifier: MIT */
/* The least that a module needs, for plugins that the scanner's tests look at. Define SCAN_ID and SCAN_NAME first. */
#ifndef HONE_TESTS_SCAN_COMPONENT_H
#define HONE_TESTS_SCAN_COMPONENT_H
#include "hone/hone.h"

struct settings {
    double rate;
};
static const hone_param params[] = { HONE_REAL(struct settings, rate, "0.5", 0, 1, HONE_P_TUNABLE, NULL, "A rate.") };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *settings = info->config;
    (void)host;
    if (settings->rate == 0.125) /* a test asks for these */
        return hone_fail(err, HONE_EINVAL, "rate", "rate is an eighth");
    if (settings->rate == 0.25)
        return HONE_OK; /* without an instance */
    *self = malloc(1);
    return *self ? HONE_OK : HONE_ENOMEM;
}
static void destroy(void *self)
{
    free(self);
}
static hone_rc search_open(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    (void)self, (void)space, (void)info, (void)err;
    return HONE_OK;
}
static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    (void)self, (void)trial, (void)x, (void)err;
    return HONE_DONE;
}
static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    (void)self, (void)outcome, (void)err;
    return HONE_OK;
}
static const hone_search_v1 iface = { sizeof iface, 0, search_open, ask, tell };
static const hone_component component = { sizeof component,
                                          HONE_C_DETERMINISTIC,
                                          HONE_KIND_SEARCH,
                                          SCAN_NAME,
                                          "A search for tests",
                                          NULL,
                                          params,
                                          HONE_COUNT(params),
                                          sizeof(hone_param),
                                          sizeof(struct settings),
                                          0,
                                          &iface,
                                          create,
                                          destroy,
                                          NULL,
                                          NULL,
                                          NULL };
#endif
