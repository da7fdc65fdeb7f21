/* SPDX-License-Identifier: MIT */
/* Cases for diagnosis/1: of trials of all kinds, findings that are whole, that the documentation tells of, the same again; of
 * a trial without anything, and a receiver that fails. */
#include "check.h"

enum { STEPS = 24, CURVES = 13, TRIALS = 40, MAX_GIVEN = 64, TEXT = 512 };

static const hone_dim rate_dim = { .size = sizeof(hone_dim),
                                   .type = HONE_DIM_REAL,
                                   .flags = HONE_DIM_LOG,
                                   .key = "optimizer.learning_rate",
                                   .min = 1e-4,
                                   .max = 1 };
static const hone_dim *const dims[] = { &rate_dim };
static const hone_space space = { sizeof(hone_space), 1, dims, 0, 0, NULL };
static const hone_space no_space = { sizeof(hone_space), 0, NULL, 0, 0, NULL };

/* What a trial may look like. */
enum trial_kind { LEARNS, BY_HEART, STANDS_STILL, EXPLODES, GAPS, NOT_A_NUMBER, FAILED, NOTHING, TRIAL_KINDS };

struct patient {
    double values[CURVES][STEPS], x[TRIALS], all[TRIALS], point[1];
    int64_t steps[STEPS];
    hone_curve curves[CURVES];
    const hone_curve *list[CURVES];
    hone_value metrics[4];
    hone_trial_record record;
    hone_diagnosis_data data;
};
static const char *const names[CURVES] = {
    "validation.loss",
    "train.loss",
    "diagnosis.train.loss",
    "diagnosis.baseline_loss",
    "diagnosis.update_ratio",
    "diagnosis.gradient_norm",
    "diagnosis.dead_units",
    "diagnosis.gradient_norm_max",
    "validation.accuracy",
    "diagnosis.dead_units.hidden1",
    "diagnosis.gradient_norm.hidden1",
    "diagnosis.weight_norm.hidden1",
    "diagnosis.validation_loss_error",
};
static const hone_value objective = { "validation.loss", 0, HONE_MINIMIZE, 0 };
static const hone_param rate_param = {
    .type = HONE_T_REAL, .flags = HONE_P_TUNABLE, .key = "learning_rate", .max = HUGE_VAL
};
static const hone_diagnosed_key rate_key = {
    sizeof rate_key, HONE_KEY_SEARCHED, "optimizer.learning_rate", "0.9", "a.ini:3", &rate_param, 0.9, 0, 0
};
static const hone_diagnosed_key *const keys[] = { &rate_key };
static const hone_diagnosed_section dropout = { sizeof dropout, 1, "regularizer.dropout", "regularizer", "dropout" };
static const hone_diagnosed_section *const sections[] = { &dropout };
static const hone_installed_component l2 = { sizeof l2, 0, "regularizer", "l2", "for the test" };
static const hone_installed_component *const installed[] = { &l2 };

static double value_of(enum trial_kind kind, uint32_t curve, uint32_t step)
{
    const double t = (double)step / STEPS, fall = 2.3 * exp(-3 * t);
    if (curve == 3)
        return 2.3;
    if (curve == 12)
        return 0.01;
    switch (kind) {
    case BY_HEART: return curve == 0 ? 1 + t : curve < 3 ? fall * fall * 0.01 : 0.001;
    case STANDS_STILL: return curve < 3 ? 2.2 : 1e-6;
    case EXPLODES: return curve < 3 ? 2.3 * exp(4 * t) : exp(20 * t);
    case GAPS: return step % 3 ? (double)NAN : fall;
    case NOT_A_NUMBER: return (double)NAN;
    case LEARNS:
    case FAILED:
    case NOTHING:
    case TRIAL_KINDS:
    default: return curve < 3 ? fall : 0.001 * (1 + t);
    }
}

static void make_patient(struct patient *p, enum trial_kind kind)
{
    const uint32_t n = kind == NOTHING || kind == FAILED ? 0 : STEPS;
    memset(p, 0, sizeof *p);
    for (uint32_t c = 0; c < CURVES; c++) {
        for (uint32_t i = 0; i < STEPS; i++)
            p->values[c][i] = value_of(kind, c, i);
        p->curves[c] = (hone_curve){ sizeof(hone_curve), HONE_MINIMIZE, names[c], p->values[c] };
        p->list[c] = &p->curves[c];
    }
    for (uint32_t i = 0; i < STEPS; i++)
        p->steps[i] = i + 1;
    for (uint32_t i = 0; i < TRIALS; i++) {
        p->x[i] = pow(10, -4.0 * i / TRIALS);
        p->all[i] = i;
    }
    p->point[0] = 0.9;
    p->metrics[0] = (hone_value){ "validation.loss", n ? p->values[0][STEPS - 1] : (double)NAN, HONE_MINIMIZE, 0 };
    p->metrics[1] = (hone_value){ "diagnosis.classes", 10, HONE_NO_DIRECTION, 0 };
    p->metrics[2] = (hone_value){ "diagnosis.validation_samples", 100, HONE_NO_DIRECTION, 0 };
    p->metrics[3] = (hone_value){ "diagnosis.validation_loss_error", 0.01, HONE_MINIMIZE, 0 };
    p->record = (hone_trial_record){ .size = sizeof p->record,
                                     .state = kind == FAILED ? HONE_STATE_FAILED : HONE_STATE_COMPLETE,
                                     .n_values = 1,
                                     .values = p->all,
                                     .n_metrics = kind == NOTHING ? 0 : 4,
                                     .metrics = p->metrics,
                                     .step = n,
                                     .component = "",
                                     .message = kind == FAILED ? "the loss is not finite at epoch 1, step 1" : "" };
    p->data = (hone_diagnosis_data){ .size = sizeof p->data,
                                     .n_objectives = 1,
                                     .objectives = &objective,
                                     .trial = &p->record,
                                     .n_steps = n,
                                     .n_curves = n ? CURVES : 0,
                                     .steps = p->steps,
                                     .curves = p->list,
                                     .n_keys = kind == NOTHING ? 0 : 1,
                                     .n_sections = kind == NOTHING ? 0 : 1,
                                     .keys = keys,
                                     .sections = sections,
                                     .n_installed = kind == NOTHING ? 0 : 1,
                                     .n_dims = kind == NOTHING ? 0 : 1,
                                     .installed = installed,
                                     .space = kind == NOTHING ? &no_space : &space,
                                     .n = kind == NOTHING ? 0 : TRIALS,
                                     .x = p->x,
                                     .values = p->all,
                                     .trial_x = p->point,
                                     .is_winner = kind != NOTHING };
}

struct given {
    struct check *c;
    char all[MAX_GIVEN][TEXT]; /* everything said in a finding, for comparison */
    uint32_t n, stop_after;    /* stop_after: 0: never */
    int verdict;
};

static int is_one_line(const char *text, int may_be_empty)
{
    return text && (*text || may_be_empty) && !strpbrk(text, "\n\r");
}

/* The documentation has the rule as a word. */
static int told_of(const struct check *c, const char *rule)
{
    const size_t n = strlen(rule);
    for (const char *at = c->component->doc; at && (at = strstr(at, rule)); at += n)
        if ((at == c->component->doc || !strchr("abcdefghijklmnopqrstuvwxyz0123456789_", at[-1])) &&
            !strchr("abcdefghijklmnopqrstuvwxyz0123456789_", at[n] ? at[n] : ' '))
            return 1;
    return 0;
}

static int verify(struct check *c, const hone_finding *f)
{
    if (!is_one_line(f->rule, 0) || !is_one_line(f->verdict, 0) || f->severity > HONE_FINDING_PROBLEM)
        return check_fail(c, "a finding needs a rule, a verdict in one line and a known severity");
    if (strspn(f->rule, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(f->rule))
        return check_fail(c, "the rule is called '%s'; small letters, digits and _ only", f->rule);
    if (!told_of(c, f->rule))
        return check_fail(c, "the documentation does not tell of the rule %s", f->rule);
    if (!is_one_line(f->evidence, f->severity == HONE_FINDING_FINE))
        return check_fail(c, "%s gives no evidence, or more than a line of it", f->rule);
    for (uint32_t i = 0; i < f->n_advice; i++)
        if (!f->advice || !f->advice[i] || !is_one_line(f->advice[i]->key, 0) || !is_one_line(f->advice[i]->text, 0))
            return check_fail(c, "advice %u of %s has no key or no text", i, f->rule);
    return 0;
}

static hone_rc take(void *ctx, const hone_finding *f)
{
    struct given *g = (struct given *)ctx;
    if (!g->verdict)
        g->verdict = verify(g->c, f);
    if (!g->verdict && g->n < MAX_GIVEN) {
        int at = snprintf(g->all[g->n], TEXT, "%u %s %s %s", f->severity, f->rule, f->verdict,
                          f->evidence ? f->evidence : "");
        for (uint32_t i = 0; i < f->n_advice && at < TEXT; i++)
            at += snprintf(g->all[g->n] + at, (size_t)(TEXT - at), " %s %s", f->advice[i]->key, f->advice[i]->text);
    }
    g->n++;
    return g->stop_after && g->n >= g->stop_after ? HONE_EIO : HONE_OK;
}

static int run(struct check *c, enum trial_kind kind, struct given *given, hone_rc *rc)
{
    static struct patient patient;
    hone_diagnosis_v1 diagnosis;
    struct instance in;
    TRY(check_iface(c, &diagnosis, sizeof diagnosis));
    TRY(instance_create(c, &in, 1));
    make_patient(&patient, kind);
    given->c = c;
    given->n = 0;
    given->verdict = 0;
    CALL(c, "diagnose", *rc = diagnosis.diagnose(in.self, &patient.data, take, given, &in.err));
    TRY(given->verdict);
    if (given->n > MAX_GIVEN)
        return check_fail(c, "%u findings about one trial", given->n);
    if (*rc < 0 && !given->stop_after)
        return check_fail(c, "diagnose fails: %s", in.err.msg);
    return instance_destroy(&in);
}

static int case_all_trials(struct check *c)
{
    struct given given = { .n = 0 };
    uint32_t n = 0;
    hone_rc rc;
    for (int kind = 0; kind < TRIAL_KINDS; kind++) {
        TRY(run(c, (enum trial_kind)kind, &given, &rc));
        n += given.n;
    }
    check_note(c, "%u findings about %d trials", n, (int)TRIAL_KINDS);
    return 0;
}

static int case_repeats(struct check *c)
{
    static struct given first, second;
    hone_rc rc;
    for (int kind = 0; kind < TRIAL_KINDS; kind++) {
        memset(&first, 0, sizeof first);
        memset(&second, 0, sizeof second);
        TRY(run(c, (enum trial_kind)kind, &first, &rc));
        TRY(run(c, (enum trial_kind)kind, &second, &rc));
        if (first.n != second.n || memcmp(first.all, second.all, sizeof first.all) != 0)
            return check_fail(c, "the same trial, another diagnosis");
    }
    return 0;
}

static int case_nothing(struct check *c)
{
    struct given given = { .n = 0 };
    hone_rc rc;
    TRY(run(c, NOTHING, &given, &rc));
    if (given.n)
        return check_fail(c, "%u findings about a trial that reported nothing in a study of no trials", given.n);
    return 0;
}

static int case_stopped(struct check *c)
{
    struct given given = { .stop_after = 1 };
    hone_rc rc;
    int any = 0;
    for (int kind = 0; kind < TRIAL_KINDS; kind++) {
        TRY(run(c, (enum trial_kind)kind, &given, &rc));
        any |= given.n > 0;
        if (given.n && (rc != HONE_EIO || given.n != 1))
            return check_fail(c, "a failure of the receiver must end the diagnosis and be returned");
    }
    return any ? 0 : check_skip(c, "no finding about any of the trials");
}

const struct check_case diagnosis_cases[] = {
    { "diagnosis_whole", HONE_KIND_DIAGNOSIS, "findings are whole, and the documentation tells of them",
      case_all_trials },
    { "diagnosis_repeats", HONE_KIND_DIAGNOSIS, "the same trial, the same words", case_repeats },
    { "diagnosis_nothing", HONE_KIND_DIAGNOSIS, "of nothing comes nothing", case_nothing },
    { "diagnosis_stopped", HONE_KIND_DIAGNOSIS, "a receiver that fails", case_stopped },
    { NULL, NULL, NULL, NULL },
};
