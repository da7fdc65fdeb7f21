/* SPDX-License-Identifier: MIT */
/* `hone importance`: how much each parameter of a study matters, as a plugin of the kind importance tells. */
#include "cli/chosen.h"
#include "cli/evaluated.h"

#include "hone/importance.h"
#include "hone/param.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "method", 0, "NAME", "how to measure it: a plugin of the kind importance ('hone info importance')", 0 },
    { "set", 0, "KEY=VALUE", "set a key of the method (repeatable)", 1 },
    { "objective", 0, "NAME", "importance for this objective, where the study has several (default: the first)", 0 },
    { "pairs", 0, NULL, "of pairs of parameters too, where the method knows them", 0 },
    OPTION_FORMAT,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

struct evaluation {
    struct stored stored;
    struct evaluated study;
    struct component method;
    hone_importance *found; /* (n_found) */
    size_t n_found, found_capacity;
    hone_error err;
};

/* ---- reading ---- */

static int choose_objective(struct evaluation *e, const struct cli *cli)
{
    const char *wanted = cli_value(cli, "objective");
    const hone_study_record *study = &e->stored.study;
    if (!wanted)
        return 0;
    for (; e->study.objective < study->n_objectives; e->study.objective++)
        if (!strcmp(study->objectives[e->study.objective].name, wanted))
            return 0;
    return cli_usage_error(cli, "--objective %s: the study's are %s%s%s", wanted, study->objectives[0].name,
                           study->n_objectives > 1 ? ", " : "",
                           study->n_objectives > 1 ? study->objectives[1].name : "");
}

static int read_study(struct evaluation *e)
{
    int code = evaluated_open(&e->study, &e->stored);
    if (code == 0 && !e->study.space.view.n_dims)
        return cli_fail(EXIT_FAILED, "the study has no [space]: there is nothing to compare");
    if (code == 0 && (code = evaluated_trials(&e->study)) == 0 && e->study.n < 2)
        code = cli_fail(EXIT_FAILED, "study '%s' has %llu complete trials; importance needs two at least",
                        e->stored.study.name, (unsigned long long)e->study.n);
    return code;
}

/* ---- the method ---- */

static int open_method(struct evaluation *e, const struct cli *cli)
{
    const char *name = cli_value(cli, "method");
    const struct catalog_component *entry = name ? catalog_find(e->stored.catalog, "importance", name, &e->err)
                                                 : catalog_default(e->stored.catalog, "importance");
    if (!entry)
        return cli_fail(EXIT_PLUGIN, "%s", name ? e->err.msg : "no importance plugin is installed, or no default one");
    return chosen_create(&e->method, e->stored.catalog, entry, cli, NULL, 0, e->stored.study.seed);
}

static hone_rc keep(void *ctx, const hone_importance *one)
{
    struct evaluation *e = ctx;
    if (one->dim_a >= e->study.space.view.n_dims ||
        (one->dim_b != UINT32_MAX && one->dim_b >= e->study.space.view.n_dims))
        return hone_fail(&e->err, HONE_EINVAL, NULL, "the method speaks of a parameter that there is not");
    if (e->n_found == e->found_capacity) {
        const size_t capacity = e->found_capacity ? e->found_capacity * 2 : 64;
        hone_importance *more = realloc(e->found, capacity * sizeof *more);
        if (!more)
            return hone_fail(&e->err, HONE_ENOMEM, NULL, "out of memory for the result");
        e->found = more;
        e->found_capacity = capacity;
    }
    e->found[e->n_found++] = *one;
    return HONE_OK;
}

/* Single ones first, the most important first. */
static int compare(const void *a, const void *b)
{
    const hone_importance *x = a, *y = b;
    const int pair_x = x->dim_b != UINT32_MAX, pair_y = y->dim_b != UINT32_MAX;
    if (pair_x != pair_y)
        return pair_x - pair_y;
    if (x->importance < y->importance || x->importance > y->importance)
        return x->importance < y->importance ? 1 : -1;
    return x->dim_a != y->dim_a ? (x->dim_a > y->dim_a) - (x->dim_a < y->dim_a)
                                : (x->dim_b > y->dim_b) - (x->dim_b < y->dim_b);
}

static int print(struct evaluation *e, enum output_format format)
{
    static const struct column columns[] = { { "parameter", COLUMN_TEXT },
                                             { "with", COLUMN_TEXT },
                                             { "importance", COLUMN_NUMBER },
                                             { "deviation", COLUMN_NUMBER } };
    struct output output;
    int pairs = 0;
    for (size_t i = 0; i < e->n_found; i++)
        pairs |= e->found[i].dim_b != UINT32_MAX;
    const int hide = format == OUTPUT_TEXT && !pairs; /* a column of dashes */
    struct column shown[4] = { columns[0] };
    for (int i = 1; i < 4; i++)
        shown[i - (i > 1 && hide)] = columns[i];
    qsort(e->found, e->n_found, sizeof *e->found, compare);
    if (output_open(&output, format, shown, hide ? 3 : 4) < 0)
        return cli_fail(EXIT_FAILED, "out of memory");
    for (size_t i = 0; i < e->n_found; i++) {
        const hone_importance *one = &e->found[i];
        char importance[32], deviation[32] = "";
        const char *cells[4] = { e->study.space.view.dims[one->dim_a]->key };
        size_t n = 1;
        if (format == OUTPUT_TEXT) {
            snprintf(importance, sizeof importance, "%.4f", one->importance);
            snprintf(deviation, sizeof deviation, "%.4f", one->deviation);
        } else {
            number_format(one->importance, importance, sizeof importance);
            number_format(one->deviation, deviation, sizeof deviation);
        }
        if (!hide)
            cells[n++] = one->dim_b == UINT32_MAX ? NULL : e->study.space.view.dims[one->dim_b]->key;
        cells[n++] = importance;
        cells[n++] = isnan(one->deviation) ? NULL : deviation;
        if (output_row(&output, cells) < 0)
            break;
    }
    return output_close(&output) < 0 ? cli_fail(EXIT_FAILED, "cannot write the table: %s", strerror(errno)) : EXIT_OK;
}

static int evaluate(struct evaluation *e, const struct cli *cli, enum output_format format)
{
    const hone_importance_v1 *iface = e->method.loaded->iface;
    const hone_importance_data data = { sizeof data,
                                        e->study.space.view.n_dims,
                                        &e->study.space.view,
                                        e->study.n,
                                        e->study.x,
                                        e->study.values,
                                        (uint32_t)cli_has(cli, "pairs"),
                                        0 };
    hone_error err = HONE_ERROR_INIT;
    if (data.pairs && !(iface->flags & HONE_IMPORTANCE_PAIRS))
        return cli_usage_error(cli, "--pairs: the method '%s' knows single parameters only", e->method.entry->name);
    if (iface->evaluate(e->method.self, &data, keep, e, &err) < 0)
        return cli_fail(EXIT_FAILED, "%s: %s", e->method.entry->name,
                        e->err.msg[0] ? e->err.msg
                        : err.msg[0]  ? err.msg
                                      : "it gave no reason");
    return print(e, format);
}

static int run(const struct cli *cli)
{
    struct evaluation e = { .err = HONE_ERROR_INIT };
    enum output_format format;
    int code = cli_format(cli, &format);
    if (code != 0)
        return code;
    if ((code = stored_open(&e.stored, cli, cli->arguments[0])) == 0 && (code = stored_choose(&e.stored, cli)) == 0 &&
        (code = choose_objective(&e, cli)) == 0 && (code = read_study(&e)) == 0 && (code = open_method(&e, cli)) == 0)
        code = evaluate(&e, cli, format);
    component_destroy(&e.method);
    evaluated_release(&e.study);
    free(e.found);
    stored_release(&e.stored);
    return code;
}

const struct command command_importance = {
    "importance",
    "say which parameters of a study matter",
    "STUDY [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db), with --study where it holds several.\n"
    "Complete trials count. What a number means is the method's: hone info METHOD.\n",
    options,
    1,
    1,
    run,
    0
};
