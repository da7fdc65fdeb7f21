/* SPDX-License-Identifier: MIT */
/* What is known of a study, as an INI to start from: its objectives, and the space that its trials were drawn from. */
#include "library.h"

#include <ctype.h>
#include <stdio.h>

/* A key of [space]: lower-case letters, digits, _ and dots. */
static int is_key(const char *name)
{
    if (!islower((unsigned char)*name))
        return 0;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_' && *name != '.')
            return 0;
    return 1;
}

/* One line of printable text, as a comment may hold it. */
static void put_line(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
}

static void put_number(FILE *out, double value)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (!(fabs(strtod(text, NULL) - value) > 0))
            break;
    }
    fputs(text, out);
}

/* 0: no quotes fit. */
static int put_choices(FILE *out, const struct distribution *d)
{
    for (uint32_t i = 0; i < d->n_choices; i++) {
        const char *choice = d->choices[i];
        const int plain = *choice &&
                          strspn(choice, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-") ==
                              strlen(choice) &&
                          !strstr(choice, "..") && strcmp(choice, "weight") != 0 && strcmp(choice, "if") != 0;
        const char quote = strchr(choice, '\'') ? '"' : '\'';
        for (const char *c = choice; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == '\\' || (!plain && *c == quote))
                return 0;
        fputs(i ? ", " : "choice ", out);
        if (plain)
            fputs(choice, out);
        else
            fprintf(out, "%c%s%c", quote, choice, quote);
    }
    return d->n_choices > 0;
}

static int put_dimension(FILE *out, const struct distribution *d)
{
    if (d->kind == DISTRIBUTION_CATEGORICAL)
        return put_choices(out, d);
    if (!(d->low < d->high)) {
        fputs("fixed ", out);
        put_number(out, d->low);
        return 1;
    }
    fputs(d->kind == DISTRIBUTION_INT ? "int " : "real ", out);
    put_number(out, d->low);
    fputs(" .. ", out);
    put_number(out, d->high);
    fputs(d->log ? " log" : "", out);
    if (d->step > (d->kind == DISTRIBUTION_INT ? 1 : 0)) {
        fputs(" step ", out);
        put_number(out, d->step);
    }
    return 1;
}

static void put_space(FILE *out, const struct study *s)
{
    for (size_t i = 0; i < s->n_distributions; i++) {
        const struct distribution *d = s->distributions[i];
        char *line = NULL;
        size_t n = 0, before = 0;
        FILE *text = open_memstream(&line, &n);
        const int fits = text && put_dimension(text, d);
        if (text)
            fclose(text);
        while (before < i && strcmp(s->distributions[before]->name, d->name) != 0)
            before++;
        fputs(fits && is_key(d->name) && before == i && n < 900 ? "" : "; ", out); /* a line has room for 1022 bytes */
        put_line(out, d->name);
        fputs(" = ", out);
        put_line(out, fits ? line : "what [space] cannot say");
        if (d->n_trials < s->n_trials)
            fprintf(out, "   ; in %llu of %zu trials", (unsigned long long)d->n_trials, s->n_trials);
        fputs(before < i ? "   ; its range was another one at first\n" : "\n", out);
        free(line);
    }
}

const char *library_config(struct library *l, struct study *s)
{
    char *text = NULL;
    size_t n = 0;
    if (s->config)
        return s->config;
    FILE *out = open_memstream(&text, &n);
    if (!out) {
        library_fail(l, "out of memory");
        return NULL;
    }
    fputs("; study ", out);
    put_line(out, s->name);
    fputs(" of Optuna\n[study]\nobjectives = ", out);
    for (uint32_t i = 0; i < s->n_objectives; i++) {
        fputs(i ? ", " : "", out);
        put_line(out, s->objectives[i].name);
        fputs(s->objectives[i].direction == HONE_MAXIMIZE ? " max" : " min", out);
    }
    fputs("\n[space]\n", out);
    put_space(out, s);
    if (fclose(out) == 0 && text)
        s->config = library_text(l, text);
    free(text);
    return s->config;
}
