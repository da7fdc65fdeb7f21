/* SPDX-License-Identifier: MIT */
/* Parser of [space], one line at a time; messages point at the word at fault. */
#include "config/space_line.h"
#include "base/suggest.h"
#include "base/text.h"
#include "config/config.h"
#include "hone/settings.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    const struct config_item *item;
    const char               *text; /* the value */
    size_t                    at;
    struct complaints        *complaints;
};

#define FAIL(p, offset, ...)                                     \
    do {                                                         \
        const struct place place_ = place_of(p, offset);         \
        complain((p)->complaints, &place_, __VA_ARGS__);         \
        return -1;                                               \
    } while (0)

static struct place place_of(const struct parser *p, size_t offset)
{
    struct place place = p->item->value_place;
    if (place.column)
        place.column += (unsigned)offset;
    return place;
}

static void skip_blanks(struct parser *p)
{
    while (p->text[p->at] == ' ' || p->text[p->at] == '\t')
        p->at++;
}

/* Length of the run at the cursor without blanks, commas and the bytes of `stop`; for messages and words. */
static size_t run(const struct parser *p, const char *stop)
{
    size_t n = 0;
    for (const char *s = p->text + p->at; s[n] && s[n] != ' ' && s[n] != '\t' && s[n] != ',' && !strchr(stop, s[n]);)
        n++;
    return n;
}

/* 1 and the cursor behind the word, where the next word is this one. */
static int take_word(struct parser *p, const char *word)
{
    const size_t n = strlen(word);
    skip_blanks(p);
    if (run(p, "=<>!|") != n || strncmp(p->text + p->at, word, n) != 0)
        return 0;
    p->at += n;
    return 1;
}

static int take_sign(struct parser *p, const char *sign)
{
    const size_t n = strlen(sign);
    skip_blanks(p);
    if (strncmp(p->text + p->at, sign, n) != 0)
        return 0;
    p->at += n;
    return 1;
}

/* The word at the cursor for a message, at most 40 bytes; "the end" without quotes where there is none. */
static const char *seen(const struct parser *p, char *buffer, size_t size)
{
    size_t n = run(p, "");
    if (!p->text[p->at])
        return "the end of the line";
    n = n ? n : 1;
    snprintf(buffer, size, "'%.*s%s'", (int)(n > 40 ? 40 : n), p->text + p->at, n > 40 ? "..." : "");
    return buffer;
}

static int parse_number(struct parser *p, const char *what, double *out)
{
    char word[64], shown[64];
    size_t n, start;
    const char *dots;
    skip_blanks(p);
    start = p->at;
    n = run(p, "=<>!|");
    dots = strstr(p->text + start, "..");
    if (dots && dots < p->text + start + n)
        n = (size_t)(dots - (p->text + start));
    if (n > 0 && n < sizeof word) {
        memcpy(word, p->text + start, n);
        word[n] = '\0';
        if (hone_parse_real(word, NULL, out)) {
            p->at += n;
            return 0;
        }
    }
    if (n == 0)
        FAIL(p, start, "expected %s, found %s", what, seen(p, shown, sizeof shown));
    FAIL(p, start, "'%.*s' is not a number; expected %s", (int)(n > 40 ? 40 : n), p->text + start, what);
}

/* LOW .. HIGH */
static int parse_bounds(struct parser *p, const char *key, double *low, double *high)
{
    char shown[64];
    size_t low_at, high_at;
    skip_blanks(p);
    low_at = p->at;
    if (parse_number(p, "the lower bound: LOW .. HIGH", low) < 0)
        return -1;
    if (!take_sign(p, ".."))
        FAIL(p, p->at, "expected '..' behind the lower bound, found %s; write LOW .. HIGH", seen(p, shown, sizeof shown));
    skip_blanks(p);
    high_at = p->at;
    if (parse_number(p, "the upper bound", high) < 0)
        return -1;
    if (*low > *high)
        FAIL(p, low_at, "the lower bound is above the upper one");
    if (*low == *high)
        FAIL(p, high_at, "both bounds are the same; a fixed value belongs in its section, not in [space] (%s)", key);
    return 0;
}

/* ---- values and conditions ---- */

/* A choice: quoted, or up to a blank, comma or a byte of `stop`. Malloc'ed into *out. */
static int parse_value(struct parser *p, const char *stop, const char *what, char **out)
{
    char shown[64];
    size_t n, start;
    skip_blanks(p);
    start = p->at;
    if (p->text[start] == '"' || p->text[start] == '\'') {
        const char *close = strchr(p->text + start + 1, p->text[start]);
        if (!close)
            FAIL(p, start, "the quote %c is not closed", p->text[start]);
        n = (size_t)(close - (p->text + start + 1));
        *out = strndup(p->text + start + 1, n);
        p->at = start + n + 2;
    } else {
        n = run(p, stop);
        if (n == 0)
            FAIL(p, start, "expected %s, found %s", what, seen(p, shown, sizeof shown));
        for (size_t i = 0; i < n; i++)
            if (p->text[start + i] == '"' || p->text[start + i] == '\'')
                FAIL(p, start + i, "quote inside a value; quote the whole value");
        *out = strndup(p->text + start, n);
        p->at += n;
    }
    if (!*out)
        FAIL(p, start, "out of memory");
    return 0;
}

/* Makes room for one more; NULL: out of memory. Counts stay small, so growing by one is fine. */
static void *one_more(void *items, size_t n, size_t size)
{
    char *more = realloc(items, (n + 1) * size);
    if (more)
        memset(more + n * size, 0, size);
    return more;
}

static int parse_key(struct parser *p, char **key)
{
    char shown[64];
    size_t n = 0;
    skip_blanks(p);
    for (const char *s = p->text + p->at; (s[n] >= 'a' && s[n] <= 'z') || (s[n] >= '0' && s[n] <= '9') || s[n] == '_' || s[n] == '.' ||
                                          s[n] == '-' || (s[n] >= 'A' && s[n] <= 'Z');)
        n++;
    if (n == 0)
        FAIL(p, p->at, "expected a key of [space], found %s", seen(p, shown, sizeof shown));
    *key = strndup(p->text + p->at, n);
    if (!*key)
        FAIL(p, p->at, "out of memory");
    p->at += n;
    return 0;
}

static int parse_operator(struct parser *p, uint32_t *op)
{
    static const struct {
        const char *sign;
        uint32_t    op;
    } signs[] = { { "!=", HONE_NE }, { "<=", HONE_LE }, { ">=", HONE_GE }, { "==", HONE_EQ }, { "=", HONE_EQ }, { "<", HONE_LT }, { ">", HONE_GT } };
    char shown[64];
    skip_blanks(p);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (take_sign(p, signs[i].sign)) {
            *op = signs[i].op;
            return 0;
        }
    FAIL(p, p->at, "expected =, !=, <, <=, > or >=, found %s", seen(p, shown, sizeof shown));
}

static int parse_condition(struct parser *p, struct space_line *line)
{
    struct space_condition *conditions = one_more(line->conditions, line->n_conditions, sizeof *conditions), *c;
    if (!conditions)
        FAIL(p, p->at, "out of memory");
    line->conditions = conditions;
    c = conditions + line->n_conditions++;
    if (parse_key(p, &c->key) < 0 || parse_operator(p, &c->op) < 0)
        return -1;
    do {
        char **values = one_more(c->values, c->n_values, sizeof *values);
        if (!values)
            FAIL(p, p->at, "out of memory");
        c->values = values;
        if (parse_value(p, "|", "a value", values + c->n_values) < 0)
            return -1;
        c->n_values++;
    } while (take_sign(p, "|"));
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
    if (take_word(p, "if")) {
        do
            if (parse_condition(p, line) < 0)
                return -1;
        while (take_word(p, "and"));
        skip_blanks(p);
        if (p->text[p->at] == ',')
            FAIL(p, p->at, "conditions are joined by 'and'; several values of one key by '|'");
        if (p->text[p->at])
            FAIL(p, p->at, "%s behind the condition; conditions are joined by 'and'", seen(p, shown, sizeof shown));
    }
    skip_blanks(p);
    if (!p->text[p->at])
        return 0;
    n = run(p, "");
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : 0), p->text + p->at);
    suggestion_start(&s, word);
    for (size_t i = 0; modifiers[i]; i++)
        suggestion_offer(&s, modifiers[i]);
    suggestion_offer(&s, "if");
    if (s.best)
        FAIL(p, p->at, "unexpected %s; did you mean '%s'?", seen(p, shown, sizeof shown), s.best);
    FAIL(p, p->at, "unexpected %s", seen(p, shown, sizeof shown));
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
    skip_blanks(p);
    start = p->at;
    line->type = whole ? HONE_DIM_INT : HONE_DIM_REAL;
    if (parse_bounds(p, line->key, &line->min, &line->max) < 0)
        return -1;
    if (whole && (!is_whole(line->min) || !is_whole(line->max)))
        FAIL(p, start, "the bounds of an int are whole numbers (between -2^53 and 2^53)");
    for (;;) {
        if (take_word(p, "log")) {
            if (line->flags & HONE_DIM_LOG)
                FAIL(p, p->at - 3, "'log' is said twice");
            if (!(line->min > 0))
                FAIL(p, start, "a log scale needs a lower bound above 0");
            line->flags |= HONE_DIM_LOG;
        } else if (take_word(p, "step")) {
            if (line->step > 0)
                FAIL(p, p->at - 4, "'step' is said twice");
            skip_blanks(p);
            step_at = p->at;
            if (parse_number(p, "the step", &line->step) < 0)
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
    if (parse_number(p, lognormal ? "the mean of the logarithm" : "the mean", &line->mean) < 0)
        return -1;
    skip_blanks(p);
    deviation_at = p->at;
    if (parse_number(p, lognormal ? "the standard deviation of the logarithm" : "the standard deviation", &line->deviation) < 0)
        return -1;
    if (!(line->deviation > 0))
        FAIL(p, deviation_at, "the standard deviation is not above 0");
    if (take_word(p, "in")) {
        double low, high;
        skip_blanks(p);
        range_at = p->at;
        if (parse_bounds(p, line->key, &line->min, &line->max) < 0)
            return -1;
        if (lognormal && line->min < 0)
            FAIL(p, range_at, "lognormal values are above 0");
        low = lognormal ? (line->min > 0 ? log(line->min) : -HUGE_VAL) : line->min;
        high = lognormal ? log(line->max) : line->max;
        if (!(fabs(normal_below((high - line->mean) / line->deviation) - normal_below((low - line->mean) / line->deviation)) > rare))
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
        skip_blanks(p);
        start = p->at;
        if (parse_value(p, "", line->n_choices ? "another value behind the comma" : "the values: A, B, ...", choices + line->n_choices) < 0)
            return -1;
        line->n_choices++;
        for (size_t i = 0; i + 1 < line->n_choices; i++)
            if (!strcmp(choices[i], choices[line->n_choices - 1]))
                FAIL(p, start, "'%s' is there twice", choices[i]);
        skip_blanks(p);
        start = p->at;
        if (take_word(p, "weight")) {
            if (ordinal)
                FAIL(p, start, "the values of an ordinal have no weights; write choice");
            skip_blanks(p);
            start = p->at;
            if (parse_number(p, "the weight", weights + line->n_choices - 1) < 0)
                return -1;
            if (!(weights[line->n_choices - 1] > 0))
                FAIL(p, start, "the weight is not above 0");
            sum += weights[line->n_choices - 1];
            n_weights++;
        }
        skip_blanks(p);
        if (p->text[p->at] && p->text[p->at] != ',' && !(run(p, "") == 2 && !strncmp(p->text + p->at, "if", 2))) {
            if (p->text[p->at] == '.' || !strncmp(p->text + p->at, "log", 3) || !strncmp(p->text + p->at, "step", 4))
                FAIL(p, p->at, "unexpected %s in a list of values; ranges are real or int", seen(p, shown, sizeof shown));
            break; /* parse_end says what is wrong, unless a comma is missing */
        }
    } while (take_sign(p, ","));
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
    if (p->text[p->at] && !(run(p, "") == 2 && !strncmp(p->text + p->at, "if", 2))) {
        struct suggestion s;
        char word[48];
        const size_t n = run(p, "");
        snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : 0), p->text + p->at);
        suggestion_start(&s, word);
        suggestion_offer(&s, "weight");
        if (!s.best)
            FAIL(p, p->at, "unexpected %s; values are separated by commas, and quoted where they hold blanks", seen(p, shown, sizeof shown));
    }
    if (parse_end(p, line, ordinal ? none : modifiers) < 0)
        return -1;
    if (line->n_choices < 2)
        FAIL(p, 0, "only one value; a fixed value belongs in its section, not in [space]");
    return 0;
}

enum type_word { WORD_REAL, WORD_INT, WORD_NORMAL, WORD_LOGNORMAL, WORD_CHOICE, WORD_ORDINAL, TYPE_WORDS };
static const char *const type_words[] = { "real", "int", "normal", "lognormal", "choice", "ordinal" };

/* What other programs call it. */
static const struct {
    const char *word, *hint;
} foreign[] = { { "float", "real LOW .. HIGH" },       { "double", "real LOW .. HIGH" },       { "uniform", "real LOW .. HIGH" },
                { "loguniform", "real LOW .. HIGH log" }, { "quniform", "real LOW .. HIGH step S" }, { "randint", "int LOW .. HIGH" },
                { "log", "real LOW .. HIGH log" },      { "categorical", "choice A, B" },       { "bool", "choice yes, no" },
                { "boolean", "choice yes, no" },        { "enum", "choice A, B" },              { "gaussian", "normal MEAN DEVIATION" } };

static int fail_type(struct parser *p)
{
    char word[48], shown[64];
    struct suggestion s;
    const size_t n = run(p, "");
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : 0), p->text + p->at);
    if (!*word && !p->text[p->at])
        FAIL(p, p->at, "%s has no value; write real, int, normal, lognormal, choice or ordinal and what goes with it", p->item->key);
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
    FAIL(p, p->at, "unknown kind of values %s; known: real, int, normal, lognormal, choice, ordinal", seen(p, shown, sizeof shown));
}

static int parse_line(struct parser *p, struct space_line *line)
{
    unsigned word = 0;
    skip_blanks(p);
    while (word < TYPE_WORDS && !take_word(p, type_words[word]))
        word++;
    switch ((enum type_word)word) {
    case WORD_REAL:
    case WORD_INT: return parse_range(p, line, word == WORD_INT);
    case WORD_NORMAL:
    case WORD_LOGNORMAL: return parse_normal(p, line, word == WORD_LOGNORMAL);
    case WORD_CHOICE:
    case WORD_ORDINAL: return parse_choices(p, line, word == WORD_ORDINAL);
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
        skip_blanks(p);
        r->place = place_of(p, p->at);
        start = p->at;
        if (p->text[start] && strchr("+-.0123456789", p->text[start]))
            FAIL(p, start, "a relation starts with a key: key <= 10");
        if (parse_key(p, &r->key_a) < 0)
            return -1;
        skip_blanks(p);
        start = p->at;
        if (parse_operator(p, &r->op) < 0)
            return -1;
        if (r->op == HONE_EQ)
            FAIL(p, start, "'=' is no relation of a space: hardly any point would meet it; write <, <=, >, >= or !=");
        skip_blanks(p);
        if (p->text[p->at] >= 'a' && p->text[p->at] <= 'z') {
            if (parse_key(p, &r->key_b) < 0)
                return -1;
        } else if (parse_number(p, "a key of [space] or a number", &r->constant) < 0) {
            return -1;
        }
        skip_blanks(p);
        if (p->text[p->at] && p->text[p->at] != ',')
            FAIL(p, p->at, "unexpected %s; relations are separated by commas", seen(p, shown, sizeof shown));
    } while (take_sign(p, ","));
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
