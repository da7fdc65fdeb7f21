/* SPDX-License-Identifier: MIT */
/* Cases for every component: settings, instances, seeds, interleaving, extensions. */
#include "check.h"

#include <malloc.h>

static int one_setting(struct check *c, int how, const char *which, hone_rc *rc)
{
    struct instance in;
    char text[400];
    TRY(settings_choose(c, &in, how));
    TRY(instance_try(c, &in, 1, rc));
    settings_describe(&in, text, sizeof text);
    if (*rc == HONE_OK && !in.self)
        return check_fail(c, "create succeeded with %s but left *self NULL", text);
    if (*rc < 0 && *rc != HONE_ENOMEM && !in.err.param[0] && *rc != HONE_EIO)
        return check_fail(c, "create refuses %s (%s) and names no parameter: %s", which, text, in.err.msg);
    if (*rc < 0)
        check_note(c, "%s refused: %.160s", which, in.err.msg);
    return instance_destroy(&in);
}

static int case_defaults(struct check *c)
{
    struct instance in;
    TRY(instance_create(c, &in, c->options->seed));
    if (!in.self)
        return check_fail(c, "create succeeded but left *self NULL");
    return instance_destroy(&in);
}

static int case_minimum(struct check *c)
{
    hone_rc rc;
    return c->component->n_params ? one_setting(c, SETTINGS_MINIMUM, "minimum", &rc) : check_skip(c, "no parameters");
}

static int case_maximum(struct check *c)
{
    hone_rc rc;
    return c->component->n_params ? one_setting(c, SETTINGS_MAXIMUM, "maximum", &rc) : check_skip(c, "no parameters");
}

/* 1 where a key has no default and nobody has given it a value: a path, the name of a column. */
static int wants_settings(const struct check *c)
{
    for (uint32_t i = 0; i < c->component->n_params && !c->options->n_sets; i++)
        if (!hone_param_at(c->component->params, c->component->param_size, i)->def)
            return 1;
    return 0;
}

static int case_random_settings(struct check *c)
{
    enum { DRAWS = 200 };
    unsigned refused = 0;
    char last[256] = "";
    if (!c->component->n_params)
        return check_skip(c, "no parameters");
    for (unsigned i = 0; i < DRAWS; i++) {
        struct instance in;
        hone_rc rc = HONE_OK;
        TRY(settings_choose(c, &in, SETTINGS_RANDOM));
        TRY(instance_try(c, &in, i, &rc));
        if (rc < 0) {
            char text[400];
            refused++;
            snprintf(last, sizeof last, "%s", in.err.msg);
            settings_describe(&in, text, sizeof text);
            if (!in.err.param[0] && rc != HONE_EIO && rc != HONE_ENOMEM)
                return check_fail(c, "create refuses %s and names no parameter: %s", text, in.err.msg);
        } else if (!in.self) {
            return check_fail(c, "create succeeded but left *self NULL");
        }
        TRY(instance_destroy(&in));
    }
    if (refused == DRAWS && wants_settings(c))
        return check_skip(c, "wants real settings (--set key=value), all %d drawn are refused, the last with: %s",
                          DRAWS, last);
    if (refused == DRAWS)
        return check_fail(c, "all %d settings are refused, the last with: %s", DRAWS, last);
    if (refused)
        check_note(c, "%u of %d refused", refused, DRAWS);
    return 0;
}

static int case_destroy_null(struct check *c)
{
    CALL(c, "destroy(NULL)", c->component->destroy(NULL));
    return 0;
}

static int case_extensions(struct check *c)
{
    static const char *const ids[] = { "com.example.no-such-extension/1", "", "hone.components/1\xff", "/",
                                       "a/99999999999999999999" };
    const void *found = NULL;
    if (!c->component->get_ext)
        return check_skip(c, "no get_ext");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        CALL(c, "get_ext", found = c->component->get_ext(ids[i]));
        if (found)
            return check_fail(c, "get_ext answers the unknown id \"%s\"", ids[i]);
    }
    return 0;
}

/* The heap in use must come back after create and destroy. Sanitizers replace the allocator: then mallinfo2 stays 0. */
static int case_leak(struct check *c)
{
    /* warm: glibc keeps up to 7 freed blocks of a size as in use; smallest: bytes of the smallest block that it gives */
    enum { WARM = 32, ROUNDS = 64, SMALLEST = 24 };
    size_t before = 0;
    for (int i = 0; i < WARM + ROUNDS; i++) {
        struct instance in;
        if (i == WARM)
            before = mallinfo2().uordblks;
        TRY(instance_create(c, &in, 1));
        TRY(instance_destroy(&in));
    }
    const size_t after = mallinfo2().uordblks;
    if (after > before + ROUNDS * SMALLEST)
        return check_fail(c, "loses %zu bytes with each create and destroy", (after - before) / ROUNDS);
    return 0;
}

/* ---- with a driver ---- */
static const struct driver *driver_or_skip(struct check *c)
{
    const struct driver *driver = driver_of(c->component->kind);
    if (!driver)
        check_skip(c, "nothing generic can be called on an instance of %s", c->component->kind);
    return driver;
}

static int drive(struct instance *in, const struct driver *driver, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        TRY(driver->step(in, i));
    return 0;
}

/* First byte that differs, as a step; answers have one length a step or the test has failed anyway. */
static int compare_answers(struct check *c, const struct instance *a, const struct instance *b, const char *what,
                           uint32_t steps)
{
    const size_t n = a->answers.n < b->answers.n ? a->answers.n : b->answers.n;
    size_t at = 0;
    while (at < n && a->answers.data[at] == b->answers.data[at])
        at++;
    if (at == a->answers.n && at == b->answers.n)
        return 0;
    return check_fail(c, "%s: answers differ about call %zu of %u", what,
                      n ? at * steps / (n > at ? n : at + 1) + 1 : 1, steps);
}

static int case_same_seed(struct check *c)
{
    const struct driver *driver = driver_or_skip(c);
    struct instance a, b, other;
    if (!driver)
        return CHECK_SKIPPED;
    TRY(instance_create(c, &a, 42));
    TRY(driver->start(&a));
    TRY(drive(&a, driver, 0, driver->steps));
    TRY(instance_create(c, &b, 42));
    TRY(driver->start(&b));
    TRY(drive(&b, driver, 0, driver->steps));
    if (c->component->flags & HONE_C_DETERMINISTIC)
        TRY(compare_answers(c, &a, &b, "the same seed and the same calls", driver->steps));
    else
        return check_skip(c, "does not claim HONE_C_DETERMINISTIC");
    TRY(instance_create(c, &other, 43));
    TRY(driver->start(&other));
    TRY(drive(&other, driver, 0, driver->steps));
    if (a.answers.n == other.answers.n && !memcmp(a.answers.data, other.answers.data, a.answers.n))
        check_note(c, "the seed changes nothing");
    TRY(instance_destroy(&other));
    TRY(instance_destroy(&a));
    return instance_destroy(&b);
}

static int case_two_instances(struct check *c)
{
    const struct driver *driver = driver_or_skip(c);
    struct instance alone[2], together[2];
    if (!driver)
        return CHECK_SKIPPED;
    if (!(c->component->flags & HONE_C_DETERMINISTIC))
        return check_skip(c, "does not claim HONE_C_DETERMINISTIC");
    for (unsigned k = 0; k < 2; k++) {
        TRY(instance_create(c, &alone[k], 7 + k));
        TRY(driver->start(&alone[k]));
        TRY(drive(&alone[k], driver, 0, driver->steps));
    }
    for (unsigned k = 0; k < 2; k++) {
        TRY(instance_create(c, &together[k], 7 + k));
        TRY(driver->start(&together[k]));
    }
    for (uint32_t i = 0; i < driver->steps; i++)
        for (unsigned k = 0; k < 2; k++)
            TRY(driver->step(&together[k], i));
    for (unsigned k = 0; k < 2; k++)
        TRY(compare_answers(c, &alone[k], &together[k], "two instances side by side against each alone",
                            driver->steps));
    for (unsigned k = 0; k < 2; k++) {
        TRY(instance_destroy(&alone[k]));
        TRY(instance_destroy(&together[k]));
    }
    return 0;
}

const struct check_case generic_cases[] = {
    { "settings_default", NULL, "the defaults make an instance", case_defaults },
    { "settings_minimum", NULL, "every parameter at its minimum", case_minimum },
    { "settings_maximum", NULL, "every parameter at its maximum", case_maximum },
    { "settings_random", NULL, "200 random settings create and destroy, or are refused with a reason",
      case_random_settings },
    { "destroy_null", NULL, "destroy accepts NULL", case_destroy_null },
    { "extensions", NULL, "unknown extension ids give NULL", case_extensions },
    { "leak", NULL, "create and destroy give back their memory", case_leak },
    { "same_seed", NULL, "same seed, same calls: same answers", case_same_seed },
    { "two_instances", NULL, "instances side by side do not disturb each other", case_two_instances },
    { NULL, NULL, NULL, NULL },
};

/* ---- saved state ---- */
static int save(struct instance *in, struct bytes *state)
{
    struct check *c = in->c;
    const hone_ostream out = bytes_writer(state);
    hone_rc rc;
    state->n = 0;
    CALL(c, "save", rc = c->component->save(in->self, &out, &in->err));
    TRY(check_error(c, "save", rc, &in->err));
    return rc == HONE_OK ? 0 : check_fail(c, "save failed: %s", in->err.msg);
}

static int load(struct instance *in, struct bytes *state, hone_rc *rc)
{
    struct check *c = in->c;
    const hone_istream from = bytes_reader(state);
    CALL(c, "load", *rc = c->component->load(in->self, &from, &in->err));
    return check_error(c, "load", *rc, &in->err);
}

/* An instance in the middle of its work, and its state. */
static int halfway(struct check *c, struct instance *in, struct bytes *state, const struct driver *driver)
{
    TRY(instance_create(c, in, 42));
    if (driver) {
        TRY(driver->start(in));
        TRY(drive(in, driver, 0, driver->steps / 2));
    }
    return save(in, state);
}

static int case_state_round_trip(struct check *c)
{
    const struct driver *driver = driver_of(c->component->kind);
    struct bytes state = { 0 }, again = { 0 };
    hone_rc rc;
    if (!(c->component->flags & HONE_C_STATEFUL))
        return check_skip(c, "keeps no state");
    for (size_t piece = 0; piece <= 7; piece += 7) {
        struct instance first, second;
        TRY(halfway(c, &first, &state, driver));
        TRY(save(&first, &again));
        if (again.n != state.n || memcmp(again.data, state.data, state.n) != 0)
            return check_fail(c, "two saves of one state differ: padding or addresses in the bytes?");
        TRY(instance_create(c, &second, 42));
        if (driver)
            TRY(driver->start(&second));
        state.piece = piece;
        TRY(load(&second, &state, &rc));
        if (rc < 0)
            return check_fail(c, "load refuses what save wrote%s: %s", piece ? " (when read 7 bytes at a time)" : "",
                              second.err.msg);
        TRY(save(&second, &again));
        if (again.n != state.n || memcmp(again.data, state.data, state.n) != 0)
            return check_fail(c, "the state saved after load differs from the one loaded");
        if (driver &&
            driver
                ->memory) { /* from here on both must answer alike; the driver's own memory of the first half is copied */
            memcpy(second.drive, first.drive, driver->memory);
            first.answers.n = second.answers.n = 0;
            TRY(drive(&first, driver, driver->steps / 2, driver->steps));
            TRY(drive(&second, driver, driver->steps / 2, driver->steps));
            TRY(compare_answers(c, &first, &second, "after load against the original that went on",
                                driver->steps - driver->steps / 2));
        }
        TRY(instance_destroy(&first));
        TRY(instance_destroy(&second));
    }
    check_note(c, "%zu bytes", state.n);
    return 0;
}

/* A fresh instance gets the bytes: it may take or refuse them, and must work or be destroyed afterwards. */
static int feed(struct check *c, struct bytes *hostile, const struct driver *driver, unsigned *taken)
{
    struct instance in;
    hone_rc rc;
    TRY(instance_create(c, &in, 42));
    if (driver)
        TRY(driver->start(&in));
    TRY(load(&in, hostile, &rc));
    *taken += rc == HONE_OK;
    return instance_destroy(&in);
}

static int case_state_hostile(struct check *c)
{
    static const size_t sizes[] = { 64, 65536, 1048576 };
    const struct driver *driver = driver_of(c->component->kind);
    struct instance in;
    struct bytes state = { 0 }, hostile = { 0 };
    unsigned taken = 0, fed = 0;
    if (!(c->component->flags & HONE_C_STATEFUL))
        return check_skip(c, "keeps no state");
    TRY(halfway(c, &in, &state, driver));
    for (size_t k = 0; k < 16; k++, fed++) { /* empty, then cut at 15 points */
        hostile.n = 0;
        bytes_add(&hostile, state.data, k == 15 && state.n ? state.n - 1 : state.n * k / 16);
        TRY(feed(c, &hostile, driver, &taken));
    }
    for (size_t k = 0; k < 3; k++, fed++) {
        hostile.n = 0;
        for (size_t i = 0; i < sizes[k] / 4; i++) {
            const uint32_t word = hone_rng_u32(&c->rng);
            bytes_add(&hostile, &word, 4);
        }
        TRY(feed(c, &hostile, driver, &taken));
    }
    for (size_t k = 0; k < 64 && state.n; k++, fed++) { /* one to four bits turned */
        hostile.n = 0;
        bytes_add(&hostile, state.data, state.n);
        for (size_t i = 0; i < 1 + k % 4; i++)
            hostile.data[hone_rng_below(&c->rng, state.n)] ^= (unsigned char)(1u << hone_rng_below(&c->rng, 8));
        TRY(feed(c, &hostile, driver, &taken));
    }
    for (size_t k = 0; k < 24 && k * 4 + 4 <= state.n; k++, fed++) { /* counts that are far too big */
        const uint32_t huge = k % 2 ? 0xffffffffu : 0x7ffffff0u;
        hostile.n = 0;
        bytes_add(&hostile, state.data, state.n);
        memcpy(hostile.data + k * 4, &huge, 4);
        TRY(feed(c, &hostile, driver, &taken));
    }
    check_note(c, "%u of %u damaged states taken", taken, fed);
    return instance_destroy(&in);
}

const struct check_case state_cases[] = {
    { "state_round_trip", NULL, "a saved state loads, also in short reads, and saves to the same bytes",
      case_state_round_trip },
    { "state_hostile", NULL, "empty, cut, random and damaged states do no harm", case_state_hostile },
    { NULL, NULL, NULL, NULL },
};
