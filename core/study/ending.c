/* SPDX-License-Identifier: MIT */
/* Rules by which a study ends before its budget is spent: a value is reached (target), nothing gets better any more (patience), or
 * little can be won (regret). They look at what has ended, in the order in which it was delivered, and at nothing else; so a strict
 * study ends behind the same trial every time. Trials that run then run to their end. */
#include "study/study.h"

#include "hone/param.h"
#include "plugin/guard.h"

#include <stddef.h>
#include <string.h>

static const hone_regret_bound_v1 *regret_bound_of(const struct study *study)
{
    const hone_component *search = study->search.loaded;
    return search->get_ext ? search->get_ext(HONE_EXT_REGRET_BOUND) : NULL;
}

hone_rc study_check_rules(const struct study *study, hone_error *err)
{
    const struct study_settings *s = &study->composition->study;
    if (s->has_target && study->table.n_values > 1)
        return hone_fail(err, HONE_EINVAL, "study.target", "a target is of one objective; the study has %u",
                         study->table.n_values);
    if (!(s->regret > 0))
        return HONE_OK;
    if (study->table.n_values > 1 || study->table.n_constraints)
        return hone_fail(err, HONE_EINVAL, "study.regret",
                         "a bound on the regret is of one objective without constraints; the study has %u and %u",
                         study->table.n_values, study->table.n_constraints);
    return regret_bound_of(study)
               ? HONE_OK
               : hone_fail(err, HONE_EINVAL, "study.regret",
                           "search '%s' gives no bound on the regret; one that has a model of the whole space does "
                           "(gp), and patience needs none",
                           study->search.entry->name);
}

static int target_met(const struct study *study, char *text, size_t n)
{
    const struct study_settings *s = &study->composition->study;
    const struct trial *best = trial_table_best(&study->table);
    if (!s->has_target || !best || trial_violation(&study->table, best) > 0 ||
        (study->maximize[0] ? best->values[0] < s->target : best->values[0] > s->target))
        return 0;
    snprintf(text, n, "target=%.17g: target %.10g reached by trial %llu", s->target, s->target,
             (unsigned long long)best->number);
    return 1;
}

static int patience_over(const struct study *study, char *text, size_t n)
{
    const struct study_settings *s = &study->composition->study;
    if (s->patience <= 0 || study->table.since_best < (uint64_t)s->patience)
        return 0;
    snprintf(text, n, "patience=%lld: no improvement for %lld trials", (long long)s->patience, (long long)s->patience);
    return 1;
}

static int regret_small(struct study *study, char *text, size_t n, hone_rc *rc, hone_error *err)
{
    const struct study_settings *s = &study->composition->study;
    const hone_regret_bound_v1 *extension = s->regret > 0 ? regret_bound_of(study) : NULL;
    double bound = HUGE_VAL;
    struct guard guard;
    if (!extension)
        return 0;
    study_enter(&study->search, &guard);
    *rc = extension->bound(study->search.self, &bound, err);
    *rc = study_leave(&study->search, &guard, "bound the regret", *rc, err);
    if (*rc < 0 || !(bound <= s->regret))
        return 0;
    snprintf(text, n, "regret=%.17g: at most %.3g left to win, by the bound of %s", s->regret, bound,
             study->search.entry->name);
    return 1;
}

int study_rule_met(struct study *study, char *text, size_t n, hone_rc *rc, hone_error *err)
{
    return target_met(study, text, n) || patience_over(study, text, n) || regret_small(study, text, n, rc, err);
}

int study_rule_holds(const struct study *study, const char *text)
{
    const struct study_settings *s = &study->composition->study;
    double number;
    char value[64];
    const char *equals = strchr(text, '='), *colon = strchr(text, ':');
    if (!equals || !colon || colon < equals || (size_t)(colon - equals) > sizeof value)
        return 0;
    snprintf(value, sizeof value, "%.*s", (int)(colon - equals - 1), equals + 1);
    if (!hone_parse_real(value, NULL, &number))
        return 0;
    return (!strncmp(text, "target=", 7) && s->has_target && number == s->target) ||
           (!strncmp(text, "patience=", 9) && number == (double)s->patience) ||
           (!strncmp(text, "regret=", 7) && number == s->regret);
}

hone_rc study_look_for_end(struct study *study, const struct trial *trial, hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (study->ending[0] || !study_rule_met(study, study->ending, sizeof study->ending, &rc, err))
        return rc < 0 ? rc : HONE_OK;
    if ((rc = study_put_event(study, HONE_EVENT_END, trial, 0, 0, study->ending, err)) != HONE_OK)
        return rc;
    return study_tell_note(study, strchr(study->ending, ':') + 2, err);
}
