/* SPDX-License-Identifier: MIT */
/* Which search for which study. */
#include "auto.h"

void traits_of(struct traits *traits, const hone_space *space, const hone_search_info *info)
{
    memset(traits, 0, sizeof *traits);
    traits->n_values = info->n_values;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        if (hone_dim_count(d) == 1)
            continue;
        traits->n_dims++;
        traits->n_choices += d->type == HONE_DIM_CHOICE;
        traits->n_conditional += d->n_conditions > 0;
    }
}

uint32_t rule_phase(const struct traits *traits, const struct limits *limits, uint64_t n)
{
    const int few = traits->n_dims <= limits->most_parameters && n < limits->few_trials;
    if (traits->n_values > 1)
        return few ? PHASE_FEW_MULTI : n < limits->long_history ? PHASE_MULTI : PHASE_LONG_MULTI;
    if (few)
        return PHASE_FEW;
    if (traits->n_choices || traits->n_conditional)
        return PHASE_MIXED;
    return traits->n_dims <= limits->most_parameters || n >= limits->long_history ? PHASE_LONG_NUMBERS
                                                                                  : PHASE_MANY_NUMBERS;
}

const char *const *rule_order(uint32_t phase)
{
    static const char *const few[] = { "gp", "tpe", "forest", "anneal", "random", NULL };
    static const char *const many_numbers[] = { "tpe", "forest", "cmaes", "anneal", "random", NULL };
    static const char *const long_numbers[] = { "cmaes", "tpe", "forest", "anneal", "random", NULL };
    static const char *const mixed[] = { "tpe", "forest", "anneal", "random", NULL };
    static const char *const few_multi[] = { "gp", "tpe", "forest", "nsga2", "random", NULL };
    static const char *const multi[] = { "tpe", "forest", "nsga2", "random", NULL };
    static const char *const long_multi[] = { "nsga2", "tpe", "forest", "random", NULL };
    static const char *const *const orders[N_PHASES] = { few,       many_numbers, long_numbers, mixed,
                                                         few_multi, multi,        long_multi };
    return orders[phase];
}

void rule_describe(const struct traits *traits, uint32_t phase, char *text, size_t n)
{
    const int is_few = phase == PHASE_FEW || phase == PHASE_FEW_MULTI;
    char objectives[40] = "";
    if (traits->n_values > 1)
        snprintf(objectives, sizeof objectives, ", %u objectives", traits->n_values);
    snprintf(text, n, "%u parameters, %u of them choices, %u conditional%s%s", traits->n_dims, traits->n_choices,
             traits->n_conditional, objectives, is_few ? ", few trials" : "");
}
