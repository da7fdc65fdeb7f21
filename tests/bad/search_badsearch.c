/* SPDX-License-Identifier: MIT */
/* search/badsearch: uniform draws, until trial `at`, when it does what `mode` says. */
#include "bad.h"
#include "misdeeds.h"

static const char *const modes[] = { "none",  "segfault", "abort", "exit", "loop",    "allocate", "raise",
                                     "mxcsr", "print",    "fail",  "nan",  "outside", NULL };
struct settings {
    uint32_t mode;
    int64_t at;
};
static const hone_param params[] = {
    HONE_ENUM(struct settings, mode, "none", modes, 0,
              "What goes wrong in ask: as objective/crash; nan, outside: the point."),
    HONE_INT(struct settings, at, "3", 0, 1e9, 0, NULL, "Number of the trial."),
};

struct search {
    struct bad honest; /* first: its functions take it for themselves */
    struct settings settings;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct search *s = (struct search *)calloc(1, sizeof *s);
    (void)host;
    if (!s)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    s->honest.rng = hone_rng_at(info->seed, 0);
    s->settings = *(const struct settings *)info->config;
    *self = s;
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct search *s = (struct search *)self;
    const hone_rc rc = bad_ask(&s->honest, trial, x, err);
    if (trial != (uint64_t)s->settings.at || rc != HONE_OK)
        return rc;
    if (s->settings.mode == MODE_FAIL)
        return hone_fail(err, HONE_EFAIL, "mode", "failed as asked at trial %llu", (unsigned long long)trial);
    if (s->settings.mode == MODE_NAN)
        x[0] = (double)NAN;
    else if (s->settings.mode == MODE_OUTSIDE)
        x[0] = s->honest.space->dims[0]->max + 1;
    else
        misbehave(s->settings.mode);
    return HONE_OK;
}

BAD_COMPONENT("badsearch", create, bad_destroy, bad_open, ask, bad_tell, NULL, NULL, params, HONE_COUNT(params),
              sizeof(struct settings));
HONE_MODULE("org.hone.tests.badsearch", "1.0.0", "MIT", "the hone authors", "", &bad_component)
