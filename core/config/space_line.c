/* SPDX-License-Identifier: MIT */
/* Parser of [space], one line at a time; messages point at the word at fault. */
#include "config/space_line.h"
#include "base/suggest.h"
#include "base/text.h"
#include "config/space_words.h"

#include <stdlib.h>
#include <string.h>

/* Makes room for one more; NULL: out of memory. Counts stay small, so growing by one is fine. */
static void *one_more(void *items, size_t n, size_t size)
{
    char *more = realloc(items, (n + 1) * size);
    if (more)
        memset(more + n * size, 0, size);
    return more;
}

/* ---- conditions ---- */

static int parse_condition(struct parser *p, struct space_line *line)
{
    struct space_condition *conditions = one_more(line->conditions, line->n_conditions, sizeof *conditions), *c;
    if (!conditions)
        FAIL(p, p->at, "out of memory");
    line->conditions = conditions;
    c = conditions + line->n_conditions++;
    if (words_key(p, &c->key) < 0 || words_operator(p, &c->op) < 0)
        return -1;
    do {
        char **values = one_more(c->values, c->n_values, sizeof *values);
        if (!values)
            FAIL(p, p->at, "out of memory");
        c->values = values;
        if (words_value(p, "|", "a value", values + c->n_values) < 0)
            return -1;
        c->n_values++;
    } while (words_take_sign(p, "|"));
    if (c->n_values > 1 && c->op != HONE_EQ && c->op != HONE_NE)
        FAIL(p, p->at, "several values go with = and != only");
    return 0;
}

/* What may stand at the end of every line: [if COND [and COND ...]]. */
static int parse_end(struct parser *p, struct space_line *line, const char *const *modifiers)
{
    char shown[64], word[48];
    struct suggestion s;
    size_t n;
    if (words_take(p, "if")) {
        do
            if (parse_condition(p, line) < 0)
                return -1;
        while (words_take(p, "and"));
        words_skip_blanks(p);
        if (p->text[p->at] == ',')
            FAIL(p, p->at, "conditions are joined by 'and'; several values of one key by '|'");
        if (p->text[p->at])
            FAIL(p, p->at, "%s behind the condition; conditions are joined by 'and'",
                 words_seen(p, shown, sizeof shown));
    }
    words_skip_blanks(p);
    if (!p->text[p->at])
        return 0;
    n = words_run(p, "");
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : 0), p->text + p->at);
    suggestion_start(&s, word);
    for (size_t i = 0; modifiers[i]; i++)
        suggestion_offer(&s, modifiers[i]);
    suggestion_offer(&s, "if");
    if (s.best)
        FAIL(p, p->at, "unexpected %s; did you mean '%s'?", words_seen(p, shown, sizeof shown), s.best);
    FAIL(p, p->at, "unexpected %s", words_seen(p, shown, sizeof shown));
}

/* ---- the types ---- */

static int is_whole(double v)
{
    return v == floor(v) && fabs(v) <= 9007199254740992.0; /* 2^53 */
}

static int parse_range(struct parser *p, struct space_line *line, int whole)
{
    static const char *const modifiers[] = { "log", "step", NULL };
    size_t start, step_at;
    words_skip_blanks(p);
    start = p->at;
    line->type = whole ? HONE_DIM_INT : HONE_DIM_REAL;
    if (words_bounds(p, line->key, &line->min, &line->max) < 0)
        return -1;
    if (whole && (!is_whole(line->min) || !is_whole(line->max)))
        FAIL(p, start, "the bounds of an int are whole numbers (between -2^53 and 2^53)");
    for (;;) {
        if (words_take(p, "log")) {
            if (line->flags & HONE_DIM_LOG)
                FAIL(p, p->at - 3, "'log' is said twice");
            if (!(line->min > 0))
                FAIL(p, start, "a log scale needs a lower bound above 0");
            line->flags |= HONE_DIM_LOG;
        } else if (words_take(p, "step")) {
            if (line->step > 0)
                FAIL(p, p->at - 4, "'step' is said twice");
            words_skip_blanks(p);
            step_at = p->at;
            if (words_number(p, "the step", &line->step) < 0)
                return -1;
            if (!(line->step > 0))
                FAIL(p, step_at, "the step is not above 0");
            if (whole && !is_whole(line->step))
                FAIL(p, step_at, "the step of an int is a whole number");
            if (line->step > line->max - line->min)
                FAIL(p, step_at, "the step is larger than the range");
        } else {
            break;
        }
    }
    if (whole && !(line->step > 0))
        line->step = 1;
    return parse_end(p, line, modifiers);
}

static double normal_below(double z)
{
    return 0.5 * erfc(-z * 0.70710678118654752440);
}

static int parse_normal(struct parser *p, struct space_line *line, int lognormal)
{
    static const char *const modifiers[] = { "in", NULL };
    const double rare = 1e-9; /* a cut that leaves less cannot be meant */
    size_t deviation_at, range_at;
    line->type = HONE_DIM_REAL;
    line->flags = HONE_DIM_NORMAL | (lognormal ? (uint32_t)HONE_DIM_LOG : 0u);
    line->min = lognormal ? 0 : -HUGE_VAL;
    line->max = HUGE_VAL;
    if (words_number(p, lognormal ? "the mean of the logarithm" : "the mean", &line->mean) < 0)
        return -1;
    words_skip_blanks(p);
    deviation_at = p->at;
    if (words_number(p, lognormal ? "the standard deviation of the logarithm" : "the standard deviation",
                     &line->deviation) < 0)
        return -1;
    if (!(line->deviation > 0))
        FAIL(p, deviation_at, "the standard deviation is not above 0");
    if (words_take(p, "in")) {
        double low, high;
        words_skip_blanks(p);
        range_at = p->at;
        if (words_bounds(p, line->key, &line->min, &line->max) < 0)
            return -1;
        if (lognormal && line->min < 0)
            FAIL(p, range_at, "lognormal values are above 0");
        low = lognormal ? (line->min > 0 ? log(line->min) : -HUGE_VAL) : line->min;
        high = lognormal ? log(line->max) : line->max;
        if (!(fabs(normal_below((high - line->mean) / line->deviation) -
                   normal_below((low - line->mean) / line->deviation)) > rare))
            FAIL(p, range_at, "the range holds next to nothing of this distribution");
    }
    return parse_end(p, line, modifiers);
}

static int parse_choices(struct parser *p, struct space_line *line, int ordinal)
{
    static const char *const modifiers[] = { "weight", NULL };
    static const char *const none[] = { NULL };
    char shown[64];
    size_t n_weights = 0;
    double sum = 0;
    line->type = ordinal ? HONE_DIM_ORDINAL : HONE_DIM_CHOICE;
    do {
        char **choices = one_more(line->choices, line->n_choices, sizeof *choices);
        double *weights = choices ? one_more(line->weights, line->n_choices, sizeof *weights) : NULL;
        size_t start;
        if (choices)
            line->choices = choices;
        if (weights)
            line->weights = weights;
        if (!choices || !weights)
            FAIL(p, p->at, "out of memory");
        words_skip_blanks(p);
        start = p->at;
        if (words_value(p, "", line->n_choices ? "another value behind the comma" : "the values: A, B, ...",
                        choices + line->n_choices) < 0)
            return -1;
        line->n_choices++;
        for (size_t i = 0; i + 1 < line->n_choices; i++)
            if (!strcmp(choices[i], choices[line->n_choices - 1]))
                FAIL(p, start, "'%s' is there twice", choices[i]);
        words_skip_blanks(p);
        start = p->at;
        if (words_take(p, "weight")) {
            if (ordinal)
                FAIL(p, start, "the values of an ordinal have no weights; write choice");
            words_skip_blanks(p);
            start = p->at;
            if (words_number(p, "the weight", weights + line->n_choices - 1) < 0)
                return -1;
            if (!(weights[line->n_choices - 1] > 0))
                FAIL(p, start, "the weight is not above 0");
            sum += weights[line->n_choices - 1];
            n_weights++;
        }
        words_skip_blanks(p);
        if (p->text[p->at] && p->text[p->at] != ',' && !(words_run(p, "") == 2 && !strncmp(p->text + p->at, "if", 2))) {
            if (p->text[p->at] == '.' || !strncmp(p->text + p->at, "log", 3) || !strncmp(p->text + p->at, "step", 4))
                FAIL(p, p->at, "unexpected %s in a list of values; ranges are real or int",
                     words_seen(p, shown, sizeof shown));
            break; /* parse_end says what is wrong, unless a comma is missing */
        }
    } while (words_take_sign(p, ","));
    if (n_weights && n_weights < line->n_choices)
        FAIL(p, 0, "some values have a weight and some have none");
    if (!n_weights) {
        free(line->weights);
        line->weights = NULL;
    } else if (!isfinite(sum)) {
        FAIL(p, 0, "the weights are too large");
    }
    for (size_t i = 0; line->weights && i < line->n_choices; i++)
        line->weights[i] /= sum;
    line->min = 0;
    line->max = (double)(line->n_choices - 1);
    if (p->text[p->at] && !(words_run(p, "") == 2 && !strncmp(p->text + p->at, "if", 2))) {
        struct suggestion s;
        char word[48];
        const size_t n = words_run(p, "");
        snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : 0), p->text + p->at);
        suggestion_start(&s, word);
        suggestion_offer(&s, "weight");
        if (!s.best)
            FAIL(p, p->at, "unexpected %s; values are separated by commas, and quoted where they hold blanks",
                 words_seen(p, shown, sizeof shown));
    }
    if (parse_end(p, line, ordinal ? none : modifiers) < 0)
        return -1;
    if (line->n_choices < 2)
        FAIL(p, 0, "only one value to choose from; write fixed V, or set the key in its section");
    return 0;
}

static int parse_fixed(struct parser *p, struct space_line *line)
{
    char shown[64];
    line->type = HONE_DIM_CHOICE;
    line->fixed = 1;
    line->choices = one_more(NULL, 0, sizeof *line->choices);
    if (!line->choices)
        FAIL(p, p->at, "out of memory");
    if (words_value(p, "", "the value", line->choices) < 0)
        return -1;
    line->n_choices = 1;
    words_skip_blanks(p);
    if (p->text[p->at])
        FAIL(p, p->at, "unexpected %s behind a fixed value; it is quoted where it holds blanks or commas",
             words_seen(p, shown, sizeof shown));
    return 0;
}

int space_write_fixed(struct text *out, const char *value)
{
    const int plain = *value && !strpbrk(value, " \t,\"'");
    const char quote = !strchr(value, '"') ? '"' : '\'';
    if (!plain && quote == '\'' && strchr(value, '\''))
        return 0;
    text_add(out, "fixed ");
    text_add_bytes(out, &quote, plain ? 0 : 1);
    text_add(out, value);
    text_add_bytes(out, &quote, plain ? 0 : 1);
    return 1;
}

enum type_word { WORD_REAL, WORD_INT, WORD_NORMAL, WORD_LOGNORMAL, WORD_CHOICE, WORD_ORDINAL, WORD_FIXED, TYPE_WORDS };
static const char *const type_words[] = { "real", "int", "normal", "lognormal", "choice", "ordinal", "fixed" };

/* What other programs call it. */
static const struct {
    const char *word, *hint;
} foreign[] = { { "float", "real LOW .. HIGH" },
                { "double", "real LOW .. HIGH" },
                { "uniform", "real LOW .. HIGH" },
                { "loguniform", "real LOW .. HIGH log" },
                { "quniform", "real LOW .. HIGH step S" },
                { "randint", "int LOW .. HIGH" },
                { "log", "real LOW .. HIGH log" },
                { "categorical", "choice A, B" },
                { "bool", "choice yes, no" },
                { "boolean", "choice yes, no" },
                { "enum", "choice A, B" },
                { "gaussian", "normal MEAN DEVIATION" } };

static int fail_type(struct parser *p)
{
    char word[48], shown[64];
    struct suggestion s;
    const size_t n = words_run(p, "");
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : 0), p->text + p->at);
    if (!*word && !p->text[p->at])
        FAIL(p, p->at,
             "%s has no value; write real, int, normal, lognormal, choice, ordinal or fixed and what goes with it",
             p->item->key);
    if (strchr("+-.0123456789", p->text[p->at]))
        FAIL(p, p->at, "the kind of values comes first: real LOW .. HIGH, int LOW .. HIGH, choice A, B, ...");
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (!strcmp(word, foreign[i].word))
            FAIL(p, p->at, "unknown kind of values '%s'; write %s", word, foreign[i].hint);
    suggestion_start(&s, word);
    for (size_t i = 0; i < TYPE_WORDS; i++)
        suggestion_offer(&s, type_words[i]);
    if (s.best)
        FAIL(p, p->at, "unknown kind of values '%s'; did you mean '%s'?", word, s.best);
    FAIL(p, p->at, "unknown kind of values %s; known: real, int, normal, lognormal, choice, ordinal, fixed",
         words_seen(p, shown, sizeof shown));
}

static int parse_line(struct parser *p, struct space_line *line)
{
    unsigned word = 0;
    words_skip_blanks(p);
    while (word < TYPE_WORDS && !words_take(p, type_words[word]))
        word++;
    switch ((enum type_word)word) {
    case WORD_REAL:
    case WORD_INT: return parse_range(p, line, word == WORD_INT);
    case WORD_NORMAL:
    case WORD_LOGNORMAL: return parse_normal(p, line, word == WORD_LOGNORMAL);
    case WORD_CHOICE:
    case WORD_ORDINAL: return parse_choices(p, line, word == WORD_ORDINAL);
    case WORD_FIXED: return parse_fixed(p, line);
    case TYPE_WORDS:
    default: return fail_type(p);
    }
}

/* a < b, c <= 10 */
static int parse_relations(struct parser *p, struct space_lines *space)
{
    do {
        struct space_relation *relations = one_more(space->relations, space->n_relations, sizeof *relations), *r;
        char shown[64];
        size_t start;
        if (!relations)
            FAIL(p, p->at, "out of memory");
        space->relations = relations;
        r = relations + space->n_relations++;
        words_skip_blanks(p);
        r->place = words_place(p, p->at);
        start = p->at;
        if (p->text[start] && strchr("+-.0123456789", p->text[start]))
            FAIL(p, start, "a relation starts with a key: key <= 10");
        if (words_key(p, &r->key_a) < 0)
            return -1;
        words_skip_blanks(p);
        start = p->at;
        if (words_operator(p, &r->op) < 0)
            return -1;
        if (r->op == HONE_EQ)
            FAIL(p, start, "'=' is no relation of a space: hardly any point would meet it; write <, <=, >, >= or !=");
        words_skip_blanks(p);
        if (p->text[p->at] >= 'a' && p->text[p->at] <= 'z') {
            if (words_key(p, &r->key_b) < 0)
                return -1;
        } else if (words_number(p, "a key of [space] or a number", &r->constant) < 0) {
            return -1;
        }
        words_skip_blanks(p);
        if (p->text[p->at] && p->text[p->at] != ',')
            FAIL(p, p->at, "unexpected %s; relations are separated by commas", words_seen(p, shown, sizeof shown));
    } while (words_take_sign(p, ","));
    return 0;
}

static void line_release(struct space_line *line)
{
    free(line->key);
    for (size_t i = 0; i < line->n_choices; i++)
        free(line->choices[i]);
    free(line->choices);
    free(line->weights);
    for (size_t i = 0; i < line->n_conditions; i++) {
        free(line->conditions[i].key);
        for (size_t j = 0; j < line->conditions[i].n_values; j++)
            free(line->conditions[i].values[j]);
        free(line->conditions[i].values);
    }
    free(line->conditions);
}

static int keep_text(struct space_lines *space, const struct config_item *item)
{
    struct space_text *texts = one_more(space->texts, space->n_texts, sizeof *texts);
    if (!texts)
        return -1;
    space->texts = texts;
    texts[space->n_texts].key = strdup(item->key);
    texts[space->n_texts].text = strdup(item->value);
    texts[space->n_texts].place = item->place;
    space->n_texts++;
    return texts[space->n_texts - 1].key && texts[space->n_texts - 1].text ? 0 : -1;
}

int space_lines_parse(struct space_lines *space, const struct config *config, struct complaints *complaints)
{
    int rc = 0;
    memset(space, 0, sizeof *space);
    for (size_t i = 0; i < config->n_items; i++) {
        const struct config_item *item = config->items + i;
        struct parser p = { item, item->value, 0, complaints };
        struct space_line line = { 0 }, *lines;
        if (strcmp(item->section, "space") != 0)
            continue;
        if (keep_text(space, item) < 0) {
            complain(complaints, &item->place, "out of memory");
            return -1;
        }
        if (!strcmp(item->key, "where") || !strncmp(item->key, "where.", 6)) {
            if (parse_relations(&p, space) < 0)
                rc = -1;
            continue;
        }
        line.key = strdup(item->key);
        line.place = item->place;
        line.value_place = item->value_place;
        lines = one_more(space->lines, space->n_lines, sizeof *lines);
        if (lines)
            space->lines = lines;
        if (!line.key || !lines) {
            complain(complaints, &item->place, "out of memory");
            line_release(&line);
            return -1;
        }
        if (parse_line(&p, &line) < 0) {
            line_release(&line);
            rc = -1;
            continue;
        }
        lines[space->n_lines++] = line;
    }
    return rc;
}

void space_lines_keep_fixed(struct space_lines *space)
{
    size_t n_lines = 0, n_texts = 0;
    for (size_t i = 0; i < space->n_texts; i++) {
        const struct space_line *line = space_lines_find(space, space->texts[i].key);
        if (line && line->fixed) {
            space->texts[n_texts++] = space->texts[i];
        } else {
            free(space->texts[i].key);
            free(space->texts[i].text);
        }
    }
    for (size_t i = 0; i < space->n_lines; i++) {
        if (space->lines[i].fixed)
            space->lines[n_lines++] = space->lines[i];
        else
            line_release(space->lines + i);
    }
    for (size_t i = 0; i < space->n_relations; i++) {
        free(space->relations[i].key_a);
        free(space->relations[i].key_b);
    }
    space->n_lines = n_lines;
    space->n_texts = n_texts;
    space->n_relations = 0;
}

const struct space_line *space_lines_find(const struct space_lines *space, const char *key)
{
    for (size_t i = 0; i < space->n_lines; i++)
        if (!strcmp(space->lines[i].key, key))
            return space->lines + i;
    return NULL;
}

void space_lines_release(struct space_lines *space)
{
    for (size_t i = 0; i < space->n_lines; i++)
        line_release(space->lines + i);
    for (size_t i = 0; i < space->n_relations; i++) {
        free(space->relations[i].key_a);
        free(space->relations[i].key_b);
    }
    for (size_t i = 0; i < space->n_texts; i++) {
        free(space->texts[i].key);
        free(space->texts[i].text);
    }
    free(space->lines);
    free(space->relations);
    free(space->texts);
    memset(space, 0, sizeof *space);
}
