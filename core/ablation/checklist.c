/* SPDX-License-Identifier: MIT */
/* What the checklists of conferences ask of experiments, answered from what the storage has of the runs. */
#include "ablation/plan.h"

#include <math.h>
#include <string.h>

/* The line "key=value" of an environment, or "unknown". */
static void add_line(struct text *out, const char *environment, const char *key)
{
    const size_t n = strlen(key);
    for (const char *line = environment; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (!strncmp(line, key, n) && line[n] == '=') {
            text_add_bytes(out, line + n + 1, strcspn(line + n + 1, "\n"));
            return;
        }
    text_add(out, "unknown");
}

/* A section of a resolved INI, a line an item. */
static void add_section(struct text *out, const char *resolved, const char *section)
{
    int inside = 0;
    for (const char *line = resolved; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const size_t n = strcspn(line, "\n");
        if (*line == '[')
            inside = n == strlen(section) + 2 && !strncmp(line + 1, section, strlen(section));
        else if (inside && n)
            text_addf(out, "  - `%.*s`\n", (int)n, line);
    }
}

static void add_value(struct text *out, const char *resolved, const char *section, const char *key)
{
    const size_t n_key = strlen(key);
    int inside = 0;
    for (const char *line = resolved; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (*line == '[')
            inside = !strncmp(line + 1, section, strlen(section)) && line[1 + strlen(section)] == ']';
        else if (inside && !strncmp(line, key, n_key) && !strncmp(line + n_key, " = ", 3)) {
            text_add_bytes(out, line + n_key + 3, strcspn(line + n_key + 3, "\n"));
            return;
        }
    }
    text_add(out, "none");
}

static void add_runs(struct text *out, const struct comparison *c)
{
    const struct ablation *a = c->ablation;
    double seconds = 0, least = HUGE_VAL, most = 0;
    uint64_t trials = 0, failed = 0;
    size_t runs = 0, failed_runs = 0;
    for (size_t i = 0; i < a->n_compared; i++)
        for (size_t k = 0; k < a->n_seeds; k++) {
            const struct ablation_run *run = &a->cells[i].runs[k];
            if (run->state < RUN_DONE)
                continue;
            runs++;
            failed_runs += run->state == RUN_FAILED;
            trials += run->trials;
            failed += run->failed;
            seconds += run->seconds;
            least = fmin(least, run->seconds);
            most = fmax(most, run->seconds);
        }
    text_addf(
        out,
        "- Runs: %zu of %zu (%zu cells, %zu seeds); %zu failed and count as the worst of all; none was left out.\n",
        runs, a->n_compared * a->n_seeds, a->n_compared, a->n_seeds, failed_runs);
    text_addf(out, "- Trials in all: %llu, of which %llu failed.\n", (unsigned long long)trials,
              (unsigned long long)failed);
    text_addf(out,
              "- Time of a run: %.3g to %.3g s; of all: %.3g h of one worker. Trials that were made outside of this "
              "ablation: "
              "not counted.\n",
              least, most, seconds / 3600);
}

static void add_choice(struct text *out, const struct ablation *a)
{
    if (!a->objective) {
        text_add(out,
                 "- Hyperparameters: set by hand, nothing was searched; they are in the resolved INI of every run.\n");
        return;
    }
    text_add(out, "- Hyperparameters: searched in\n");
    add_section(out, a->resolved, "space");
    text_addf(out, "- Chosen by: the best %s of ", a->objective);
    if (a->base.study.trials > 0)
        text_addf(out, "%lld trials a run", (long long)a->base.study.trials);
    else
        text_addf(out, "the trials of %g s a run", a->base.study.time);
    text_add(out, "; the same budget for every cell. The test data took no part in it.\n");
    text_addf(
        out,
        "- Final hyperparameters: `hone best %s --study RUN --format ini`; the runs are listed by `--format json`.\n",
        a->base.study.storage);
}

static void add_cells(struct text *out, const struct comparison *c)
{
    const struct ablation *a = c->ablation;
    const char *objective = a->objective ? a->objective : a->metric;
    const int beside = strcmp(objective, a->metric) != 0;
    text_addf(out, "\n| cell | n | %s |%s%s%s parameters |\n|---|---:|---:|%s---:|\n", a->metric, beside ? " " : "",
              beside ? objective : "", beside ? " |" : "", beside ? "---:|" : "");
    for (size_t i = 0; i < a->n_compared; i++) {
        double validated = 0, least = HUGE_VAL, most = 0;
        size_t n = 0;
        for (size_t k = 0; k < a->n_seeds; k++) {
            const struct ablation_run *run = &a->cells[i].runs[k];
            if (run->state != RUN_DONE)
                continue;
            n++;
            validated += run->validated;
            least = fmin(least, run->parameters);
            most = fmax(most, run->parameters);
        }
        text_addf(out, "| %s | %zu | %.5g", a->cells[i].label, c->cells[i].n, c->cells[i].mean);
        if (!isnan(c->cells[i].deviation))
            text_addf(out, " ± %.2g", c->cells[i].deviation);
        text_add(out, " |");
        if (beside && n)
            text_addf(out, " %.5g |", validated / (double)n);
        else if (beside)
            text_add(out, " - |");
        if (n && most > 0)
            text_addf(out, least < most ? " %.0f to %.0f |\n" : " %.0f |\n", least, most);
        else
            text_add(out, " - |\n");
    }
}

void checklist_text(const struct comparison *c, const char *command, struct text *out)
{
    static const char *const varied[] = { "the training's own randomness", "the split of the data", "the search" };
    const struct ablation *a = c->ablation;
    int n = 0;
    text_addf(out, "# %s\n\n- Compared: %s, %s is better; design %s.\n", a->base.study.name, a->metric,
              c->maximize ? "more" : "less", a->design->name);
    add_runs(out, c);
    add_choice(out, a);
    if (a->resolved && strstr(a->resolved, "\n[dataset]\n")) {
        text_add(out, "- Data:\n");
        add_section(out, a->resolved, "dataset");
    }
    text_add(out, "- Seeds change:");
    for (unsigned i = 0; i < 3; i++)
        if (a->spec.vary & 1u << i)
            text_addf(out, "%s %s", n++ ? "," : "", varied[i]);
    text_add(out, "; the same seeds in all cells.\n");
    text_addf(
        out,
        "- Error bars: sample deviation over seeds; intervals at %g %% of the mean, %s; differences in pairs of equal "
        "seeds; Wilcoxon signed-rank tests, %s over %zu comparisons.\n",
        100 * a->spec.raw.level, c->cells[0].method ? c->cells[0].method : "none below 3 runs",
        a->spec.raw.correction == CORRECT_HOLM ? "Holm" : "Benjamini and Hochberg", c->comparisons);
    text_add(out, "- Hardware: ");
    add_line(out, a->environment, "cpu");
    text_add(out, ", ");
    add_line(out, a->environment, "processors");
    text_add(out, " processors; ");
    add_line(out, a->environment, "system");
    text_add(out, ".\n- Software: hone ");
    add_line(out, a->environment, "hone");
    text_add(out, ", plugin ABI ");
    add_line(out, a->environment, "abi");
    text_add(out, "; model ");
    add_value(out, a->resolved, "model", "use");
    text_add(out, ", optimizer ");
    add_value(out, a->resolved, "optimizer", "use");
    text_addf(out, ".\n- Again: `%s`; all runs are in `%s`.\n", command, a->base.study.storage);
    add_cells(out, c);
}
