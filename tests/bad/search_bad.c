/* SPDX-License-Identifier: MIT */
/* search/bad: random search that does wrong on purpose from the point number `from` on. For the tests of what a study makes of it. */
#include "bad.h"

#include <xmmintrin.h>

enum mode {
    OUTSIDE,
    NOT_A_NUMBER,
    INACTIVE_SET,
    BETWEEN_STEPS,
    SEGFAULT,
    EXIT,
    LOOP,
    FAILS,
    MXCSR,
    WAIT_FOREVER,
    DONE,
    OK
};
static const char *const modes[] = { "outside", "nan",   "inactive_set", "between_steps", "segfault", "exit", "loop",
                                     "error",   "mxcsr", "wait_forever", "done",          "ok",       NULL };
struct settings {
    uint32_t mode;
    int64_t from, every;
};
static const hone_param params[] = {
    HONE_ENUM(struct settings, mode, "ok", modes, 0, "What goes wrong."),
    HONE_INT(struct settings, from, "5", 0, 1e9, 0, "trials", "First trial with it."),
    HONE_INT(struct settings, every, "1", 1, 1e9, 0, "trials", "From there on, in one of so many."),
};

struct self {
    struct bad bad; /* first: what the honest half knows */
    const struct settings *settings;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **out, hone_error *err)
{
    struct self *s = calloc(1, sizeof *s);
    (void)host;
    if (!s)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    s->bad.rng = hone_rng_at(info->seed, 0);
    s->settings = info->config;
    *out = s;
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct self *s = self;
    const hone_space *space = s->bad.space;
    const uint64_t from = (uint64_t)s->settings->from;
    volatile int zero = 0;
    const hone_rc rc = bad_ask(&s->bad, trial, x, err);
    if (rc != HONE_OK || trial < from || (trial - from) % (uint64_t)s->settings->every)
        return rc;
    switch ((enum mode)s->settings->mode) {
    case OUTSIDE: x[0] = space->dims[0]->max + 1; break;
    case NOT_A_NUMBER: x[0] = (double)NAN; break;
    case INACTIVE_SET:
        for (uint32_t i = 0; i < space->n_dims; i++)
            if (isnan(x[i]))
                x[i] = space->dims[i]->min;
        break;
    case BETWEEN_STEPS:
        for (uint32_t i = 0; i < space->n_dims; i++)
            if (space->dims[i]->step > 0)
                x[i] = space->dims[i]->min + space->dims[i]->step / 2;
        break;
    case SEGFAULT: *(volatile int *)(uintptr_t)zero = 1; break;
    case EXIT: exit(0);
    case LOOP:
        for (volatile uint64_t i = 0;; i++)
            if (!i)
                i = 1;
    case FAILS: return hone_fail(err, HONE_EFAIL, NULL, "the oracle is silent");
    case MXCSR: _mm_setcsr(_mm_getcsr() | 0x8040u); break;
    case WAIT_FOREVER: return HONE_WAIT;
    case DONE: return HONE_DONE;
    case OK:
    default: break;
    }
    return HONE_OK;
}
BAD_COMPONENT("bad", create, bad_destroy, bad_open, ask, bad_tell, NULL, NULL, params, HONE_COUNT(params),
              sizeof(struct settings));
HONE_MODULE("org.hone.tests.search_bad", "1.0.0", "MIT", "the hone authors", "", &bad_component)
