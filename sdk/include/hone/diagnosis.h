/* SPDX-License-Identifier: MIT */
/* hone/diagnosis.h - kind "diagnosis/1": rules that say in words what is wrong with a trial, from what it reported, its
 * settings and the other trials of its study. Run by `hone diagnose`, in its process, after or beside the study; every
 * installed component of the kind has its say.
 *
 * Its documentation tells each rule: the name, what must hold, and where that comes from; thresholds are keys. */
#ifndef HONE_DIAGNOSIS_H
#define HONE_DIAGNOSIS_H
#include "hone/search.h"
#include "hone/storage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HONE_KIND_DIAGNOSIS "diagnosis/1"

/* ---- what is known ---- */
typedef struct hone_curve { /* a number that the trial reported at its steps */
    uint32_t size, direction;
    const char *name;     /* "validation.loss" */
    const double *values; /* (n_steps) NaN where it was not reported */
} hone_curve;

enum {
    HONE_KEY_SEARCHED = 1u << 0, /* [space] varies it */
    HONE_KEY_DEFAULT = 1u << 1   /* the user did not write it */
};
typedef struct hone_diagnosed_key { /* of the resolved INI, the trial's value in place */
    uint32_t size, flags;
    const char *path;        /* "optimizer.learning_rate"; of [space]: "space.optimizer.learning_rate" */
    const char *text;        /* "0.05"; of [space]: "real 1e-3 .. 0.5 log" */
    const char *place;       /* "fashion.ini:14", "--set"; "": a default */
    const hone_param *param; /* of the component's table; NULL for keys of [space] and for use, enabled */
    double number;           /* of a number; else NaN */
    uint32_t dim, reserved;  /* of the space, where it is searched; else UINT32_MAX */
} hone_diagnosed_key;

typedef struct hone_diagnosed_section {
    uint32_t size, enabled;
    const char *name, *kind, *use; /* "regularizer.dropout", "regularizer", "dropout" */
} hone_diagnosed_section;

typedef struct hone_installed_component {
    uint32_t size, flags; /* flags: those of the kind's own struct (HONE_REGULARIZER_IMAGES, ...) */
    const char *kind, *name, *summary;
} hone_installed_component;

typedef struct hone_diagnosis_data {
    uint32_t size, n_objectives;
    const hone_value *objectives;   /* (n_objectives) of the study */
    const hone_trial_record *trial; /* state, message, metrics it ended with */
    uint32_t n_steps, n_curves;
    const int64_t *steps;            /* (n_steps) ascending */
    const hone_curve *const *curves; /* (n_curves) */
    uint32_t n_keys, n_sections;
    const hone_diagnosed_key *const *keys;         /* (n_keys) */
    const hone_diagnosed_section *const *sections; /* (n_sections) */
    uint32_t n_installed, n_dims;
    const hone_installed_component *const *installed; /* (n_installed) of every kind */
    const hone_space *space;
    uint64_t n;            /* complete trials with a finite value */
    const double *x;       /* (n, n_dims) settled: NaN where inactive */
    const double *values;  /* (n) of the first objective; lower is better */
    const double *trial_x; /* (n_dims) of the trial */
    uint32_t is_winner, reserved;
} hone_diagnosis_data;

/* ---- what is found ---- */
enum {
    HONE_FINDING_FINE = 0,   /* looked at, and in order: said where nothing else is */
    HONE_FINDING_HINT = 1,   /* worth a try */
    HONE_FINDING_PROBLEM = 2 /* likely what holds the trial back */
};
typedef struct hone_advice {
    uint32_t size, reserved;
    const char *key;  /* path of the key to change, or a section to add: "regularizer.dropout" */
    const char *text; /* what to do with it: "raise it: 0.2 .. 0.6"; one line, no full stop */
} hone_advice;
typedef struct hone_finding {
    uint32_t size, severity;
    const char *rule;                 /* "overfits": as documented; [a-z][a-z0-9_]* */
    const char *verdict;              /* a sentence */
    const char *evidence;             /* the numbers, a sentence; "" for HONE_FINDING_FINE alone */
    const hone_advice *const *advice; /* (n_advice) the best first */
    uint32_t n_advice, reserved;
} hone_finding;

/* Takes one; strings live for the call. A failure ends the diagnosis and is returned. */
typedef hone_rc (*hone_diagnosis_sink)(void *ctx, const hone_finding *finding);

typedef struct hone_diagnosis_v1 {
    uint32_t size, flags;
    /* Gives what its rules find; a rule whose numbers were not reported says nothing. The answer depends on the data alone.
     * [study] */
    hone_rc (*diagnose)(void *self, const hone_diagnosis_data *data, hone_diagnosis_sink give, void *ctx,
                        hone_error *err);
} hone_diagnosis_v1;

/* ---- help for rules: all [any], header only ---- */
static inline const hone_curve *hone_diagnosis_curve(const hone_diagnosis_data *d, const char *name)
{
    for (uint32_t i = 0; i < d->n_curves; i++)
        if (!strcmp(d->curves[i]->name, name))
            return d->curves[i];
    return NULL;
}

/* The curve's last value; NaN without one. */
static inline double hone_diagnosis_last(const hone_diagnosis_data *d, const char *name)
{
    const hone_curve *c = hone_diagnosis_curve(d, name);
    return c && d->n_steps ? c->values[d->n_steps - 1] : (double)NAN;
}

/* What the trial ended with under that name; NaN: nothing. */
static inline double hone_diagnosis_metric(const hone_diagnosis_data *d, const char *name)
{
    for (uint32_t i = 0; i < d->trial->n_metrics; i++)
        if (!strcmp(d->trial->metrics[i].name, name))
            return d->trial->metrics[i].value;
    return (double)NAN;
}

static inline const hone_diagnosed_key *hone_diagnosis_key(const hone_diagnosis_data *d, const char *path)
{
    for (uint32_t i = 0; i < d->n_keys; i++)
        if (!strcmp(d->keys[i]->path, path))
            return d->keys[i];
    return NULL;
}

/* The enabled section of a kind ("regularizer") that uses a component (NULL: any), or NULL. */
static inline const hone_diagnosed_section *hone_diagnosis_section(const hone_diagnosis_data *d, const char *kind,
                                                                   const char *use)
{
    for (uint32_t i = 0; i < d->n_sections; i++)
        if (d->sections[i]->enabled && !strcmp(d->sections[i]->kind, kind) &&
            (!use || !strcmp(d->sections[i]->use, use)))
            return d->sections[i];
    return NULL;
}

static inline const hone_installed_component *hone_diagnosis_installed(const hone_diagnosis_data *d, const char *kind,
                                                                       const char *name)
{
    for (uint32_t i = 0; i < d->n_installed; i++)
        if (!strcmp(d->installed[i]->kind, kind) && !strcmp(d->installed[i]->name, name))
            return d->installed[i];
    return NULL;
}
/* ---- writing a finding down ---- */
enum { HONE_DRAFT_ADVICE = 8, HONE_DRAFT_TEXT = 640 };
typedef struct hone_draft {
    hone_finding finding; /* points into the rest */
    char verdict[HONE_DRAFT_TEXT], evidence[HONE_DRAFT_TEXT];
    char keys[HONE_DRAFT_ADVICE][128], texts[HONE_DRAFT_ADVICE][256];
    hone_advice advice[HONE_DRAFT_ADVICE];
    const hone_advice *list[HONE_DRAFT_ADVICE];
} hone_draft;

#if defined(__GNUC__)
#define HONE_PRINTF_(a, b) __attribute__((format(printf, a, b), unused))
#else
#define HONE_PRINTF_(a, b)
#endif

/* A finding without evidence and advice. rule: a constant. */
HONE_PRINTF_(4, 5)
static void hone_draft_begin(hone_draft *draft, const char *rule, uint32_t severity, const char *format, ...)
{
    va_list args;
    memset(draft, 0, sizeof *draft);
    draft->finding.size = sizeof draft->finding;
    draft->finding.severity = severity;
    draft->finding.rule = rule;
    draft->finding.verdict = draft->verdict;
    draft->finding.evidence = draft->evidence;
    draft->finding.advice = draft->list;
    va_start(args, format);
    vsnprintf(draft->verdict, sizeof draft->verdict, format, args);
    va_end(args);
}

/* Appends to the evidence; what does not fit is cut. */
HONE_PRINTF_(2, 3)
static void hone_draft_evidence(hone_draft *draft, const char *format, ...)
{
    const size_t n = strlen(draft->evidence);
    va_list args;
    va_start(args, format);
    vsnprintf(draft->evidence + n, sizeof draft->evidence - n, format, args);
    va_end(args);
}

/* One more piece of advice; the ninth is left out. */
HONE_PRINTF_(3, 4)
static void hone_draft_advise(hone_draft *draft, const char *key, const char *format, ...)
{
    const uint32_t i = draft->finding.n_advice;
    va_list args;
    if (i == HONE_DRAFT_ADVICE)
        return;
    snprintf(draft->keys[i], sizeof draft->keys[i], "%s", key);
    va_start(args, format);
    vsnprintf(draft->texts[i], sizeof draft->texts[i], format, args);
    va_end(args);
    draft->advice[i].size = sizeof draft->advice[i];
    draft->advice[i].key = draft->keys[i];
    draft->advice[i].text = draft->texts[i];
    draft->list[i] = &draft->advice[i];
    draft->finding.n_advice++;
}
#endif /* HONE_DIAGNOSIS_H */
