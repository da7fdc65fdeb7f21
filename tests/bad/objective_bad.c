/* SPDX-License-Identifier: MIT */
/* objective/bad: does wrong on purpose, in the second of three steps of every trial whose number `every` divides; other trials
 * report x1 * x1. For the tests of what a study makes of it. */
#include "hone/objective.h"
#include "hone/param.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xmmintrin.h>

enum mode {
    SEGFAULT,
    ABORT,
    EXIT,
    LOOP,
    STUBBORN,
    ALLOCATE,
    IS_NAN,
    INFINITE,
    MISSING,
    MXCSR,
    RAISE,
    CHILDREN,
    GARBAGE,
    PRINTS,
    PRUNED_UNASKED,
    REPORT_BACKWARDS,
    DEEP,
    OK
};
static const char *const modes[] = { "segfault",
                                     "abort",
                                     "exit",
                                     "loop",
                                     "stubborn",
                                     "allocate",
                                     "nan",
                                     "infinite",
                                     "missing",
                                     "mxcsr",
                                     "raise",
                                     "children",
                                     "garbage",
                                     "prints",
                                     "pruned_unasked",
                                     "report_backwards",
                                     "deep",
                                     "ok",
                                     NULL };
enum { STEPS = 3 };

struct settings {
    uint32_t mode;
    int64_t every;
    uint8_t once, in_create, in_describe;
};
static const hone_param params[] = {
    HONE_ENUM(struct settings, mode, "ok", modes, 0, "What goes wrong."),
    HONE_INT(struct settings, every, "1", 1, 1e9, 0, "trials", "In one trial of so many."),
    HONE_BOOL(struct settings, once, "no", 0, "In the first attempt of a trial only."),
    HONE_BOOL(struct settings, in_create, "no", 0, "While it is made for a trial, that is: always."),
    HONE_BOOL(struct settings, in_describe, "no", 0, "While it describes itself."),
};

struct bad {
    const hone_host *host;
    const struct settings *settings;
};

static const hone_value value_metric = { "value", 0, HONE_MINIMIZE, 0 };

/* The frame is used after the call, so that no compiler makes a loop of it. */
static uint32_t fall(uint32_t depth)
{
    volatile uint32_t frame[1024];
    frame[depth % 1024] = depth;
    return fall(depth + 1) + frame[depth % 1024];
}

/* A child that outlives its parent and holds whatever the parent had open. */
static void leave_child(void)
{
    if (fork() == 0)
        for (;;)
            pause();
}

static hone_rc misbehave(const struct bad *b, hone_error *err)
{
    static const char garbage[] = "These bytes are not a message between a worker and its coordinator.";
    volatile int zero = 0;
    switch ((enum mode)b->settings->mode) {
    case SEGFAULT: *(volatile int *)(uintptr_t)zero = 1; break;
    case ABORT: abort();
    case EXIT: exit(0);
    case LOOP:
        for (volatile uint64_t i = 0;; i++)
            if (!i)
                i = 1;
    case STUBBORN: /* sleeps, whatever it is told */
        signal(SIGTERM, SIG_IGN);
        for (;;)
            pause();
    case ALLOCATE:
        for (;;) {
            char *more = malloc(1 << 20);
            memset(more, 1, 1 << 20); /* as if memory had no end */
        }
    case MXCSR: _mm_setcsr(_mm_getcsr() | 0x8040u); break;
    case RAISE: raise(SIGFPE); break;
    case CHILDREN: leave_child(); abort();
    case GARBAGE:
        return write(3, garbage, sizeof garbage) > 0 ? HONE_OK
                                                     : hone_fail(err, HONE_EIO, NULL, "descriptor 3 is not there");
    case PRINTS:
        for (int i = 0; i < 3000; i++) {
            printf("a line that nobody asked for, number %d\n", i);
            fflush(stdout);
        }
        fprintf(stderr, "without an end of line");
        break;
    case DEEP: return fall(0) ? HONE_OK : HONE_EFAIL;
    case IS_NAN:
    case INFINITE:
    case MISSING:
    case PRUNED_UNASKED:
    case REPORT_BACKWARDS:
    case OK:
    default: break;
    }
    return HONE_OK;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct bad *b = calloc(1, sizeof *b);
    if (!b)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    b->host = host;
    b->settings = info->config;
    *self = b;
    return b->settings->in_create ? misbehave(b, err) : HONE_OK;
}

static void destroy(void *self)
{
    free(self);
}

static hone_rc describe(void *self, hone_description *d, hone_error *err)
{
    const struct bad *b = self;
    d->max_step = STEPS;
    d->any_space = 1;
    d->n_metrics = 1;
    d->metrics = &value_metric;
    return b->settings->in_describe ? misbehave(b, err) : HONE_OK;
}

static hone_rc run(void *self, const hone_trial *trial, hone_error *err)
{
    const struct bad *b = self;
    const uint32_t mode = b->settings->mode;
    const int now = trial->number % (uint64_t)b->settings->every == 0 && !(b->settings->once && trial->attempt);
    hone_value value = value_metric, other = { "other", 1, HONE_MINIMIZE, 0 };
    const double x = trial->n_settings ? trial->settings[0].number : 0;
    for (int64_t step = 1; step <= STEPS; step++) {
        hone_rc rc;
        if (now && step == 2 && (rc = misbehave(b, err)) != HONE_OK)
            return rc;
        value.value = x * x + (double)(STEPS - step);
        if (now && step >= 2 && mode == IS_NAN)
            value.value = (double)NAN;
        if (now && step >= 2 && mode == INFINITE)
            value.value = HUGE_VAL;
        if (now && step == 3 && mode == PRUNED_UNASKED)
            return HONE_DONE;
        rc = trial->report(trial, now && step == 3 && mode == REPORT_BACKWARDS ? 1 : step,
                           now && mode == MISSING ? &other : &value, 1, err);
        if (rc != HONE_OK)
            return rc;
    }
    return HONE_OK;
}

static const hone_objective_v1 iface = { sizeof iface, HONE_OBJECTIVE_ANY_SPACE, 0, 0, NULL, describe, run };
static const hone_component component = { sizeof component,
                                          HONE_C_DETERMINISTIC,
                                          HONE_KIND_OBJECTIVE,
                                          "bad",
                                          "Does wrong on purpose",
                                          NULL,
                                          params,
                                          HONE_COUNT(params),
                                          sizeof *params,
                                          sizeof(struct settings),
                                          0,
                                          &iface,
                                          create,
                                          destroy,
                                          NULL,
                                          NULL,
                                          NULL };
HONE_MODULE("org.hone.tests.objective_bad", "1.0.0", "MIT", "the hone authors", "", &component)
