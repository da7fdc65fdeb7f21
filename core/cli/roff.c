/* SPDX-License-Identifier: MIT */
#include "cli/roff.h"

#include "base/version.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { WIDTH = 76 };

/* One character of UTF-8 at *at, which is moved behind it; stray bytes stand for themselves (Latin-1). */
static uint32_t next_rune(const char **at, const char *end)
{
    const unsigned char first = (unsigned char)*(*at)++;
    unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    uint32_t rune = more ? first & (0x3fu >> more) : first;
    for (; more && *at < end && ((unsigned char)**at & 0xc0) == 0x80; more--)
        rune = rune << 6 | ((unsigned char)*(*at)++ & 0x3f);
    return rune;
}

void roff_word(struct text *out, const char *text, size_t n)
{
    static const char specials[] = "\\'`\"~^-";
    static const char *const escapes[] = { "\\(rs", "\\(aq", "\\(ga", "\\(dq", "\\(ti", "\\(ha", "\\-" };
    const char *end = text + n;
    while (text < end) {
        const uint32_t rune = next_rune(&text, end);
        const char *special = rune && rune < 0x80 ? strchr(specials, (int)rune) : NULL;
        if (special)
            text_add(out, escapes[special - specials]);
        else if (rune >= 0x80)
            text_addf(out, "\\[u%04X]", (unsigned)rune);
        else
            text_add_bytes(out, (const char[]){ (char)rune }, 1);
    }
}

/* A word of running text: ` switches bold on and off, a hyphen within a word stays one. */
static void add_running(struct text *out, const char *word, size_t n, int *bold)
{
    size_t start = 0;
    for (size_t i = 0; i <= n; i++) {
        const int hyphen = i && i + 1 < n && word[i] == '-' && isalpha((unsigned char)word[i - 1]) &&
                           isalpha((unsigned char)word[i + 1]) && !*bold;
        if (i < n && word[i] != '`' && !hyphen)
            continue;
        roff_word(out, word + start, i - start);
        start = i + 1;
        if (hyphen)
            text_add(out, "-");
        else if (i < n)
            text_add(out, (*bold = !*bold) ? "\\fB" : "\\fR");
    }
}

static void fill(struct text *out, const char *text, size_t n, int *bold)
{
    const char *end = text + n;
    size_t column = 0;
    struct text word = TEXT_INIT;
    while (text < end) {
        const size_t length = strcspn(text, " \n");
        const size_t used = text + length < end ? length : (size_t)(end - text);
        if (used) {
            text_clear(&word);
            add_running(&word, text, used, bold);
            if (column && column + 1 + word.length > WIDTH) {
                text_add(out, "\n");
                column = 0;
            }
            const char *shown = text_string(&word);
            if (column)
                text_add(out, " ");
            else if (*shown == '.')
                text_add(out, "\\&");
            text_add(out, shown);
            column += word.length + 1;
        }
        text += used + 1;
    }
    if (*bold) /* a mark that was never closed */
        text_add(out, "\\fR");
    *bold = 0;
    if (column)
        text_add(out, "\n");
    out->failed |= word.failed;
    text_release(&word);
}

void roff_text(struct text *out, const char *text)
{
    int bold = 0;
    fill(out, text, strlen(text), &bold);
}

void roff_verbatim(struct text *out, const char *text, size_t n)
{
    const char *end = text + n;
    text_add(out, ".EX\n");
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const size_t length = (size_t)((newline ? newline : end) - text);
        if (length && (*text == '.' || *text == '\''))
            text_add(out, "\\&");
        roff_word(out, text, length);
        text_add(out, "\n");
        text += length + 1;
    }
    text_add(out, ".EE\n");
}

/* A block that loses its sense when filled: code, a table, columns side by side. */
static int keeps_lines(const char *text, size_t n)
{
    const char *end = text + n;
    for (const char *line = text; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const size_t length = (size_t)((newline ? newline : end) - line);
        if (*line == ' ' || *line == '|' || memmem(line, length, "   ", 3))
            return 1;
        line += length + 1;
    }
    return 0;
}

static int is_item(const char *line)
{
    return (*line == '-' || *line == '*') && line[1] == ' ';
}

void roff_paragraphs(struct text *out, const char *text)
{
    int bold = 0, first = 1;
    while (*text) {
        text += strspn(text, "\n");
        if (*text == '#') { /* a heading */
            text += strspn(text, "# ");
            const size_t length = strcspn(text, "\n");
            text_add(out, first ? "\\fB" : ".PP\n\\fB");
            roff_word(out, text, length);
            text_add(out, "\\fR\n");
            first = 0;
            text += length;
            continue;
        }
        const char *end = strstr(text, "\n\n");
        const int indented = *text == ' ';
        size_t n = end ? (size_t)(end - text) : strlen(text);
        if (is_item(text) || (!indented && !keeps_lines(text, n) && memmem(text, n, "\n- ", 3)))
            for (const char *line = text; line < text + n;) { /* up to the next item */
                const char *next = memmem(line + 1, (size_t)(text + n - line - 1), "\n- ", 3);
                const size_t length = (size_t)((next ? next : text + n) - line);
                const int item = is_item(line);
                text_add(out, item ? ".IP \\(bu 2\n" : first ? "" : ".PP\n");
                fill(out, line + 2 * item, length - 2 * (size_t)item, &bold);
                first = 0;
                line += length + 1;
            }
        else if (n) {
            text_add(out, first ? "" : ".PP\n");
            if (keeps_lines(text, n))
                roff_verbatim(out, text, n);
            else
                fill(out, text, n, &bold);
        }
        first = 0;
        text += n;
    }
}

void roff_page(struct text *out, const char *name, char section, const char *summary)
{
    text_add(out, ".\\\" Written by `hone man`: what it says is in the program's own tables.\n.TH \"");
    for (const char *c = name; *c; c++) {
        const char upper = (char)toupper((unsigned char)*c);
        roff_word(out, &upper, 1);
    }
    text_addf(out, "\" %c %s \"hone %s\" \"hone manual\"\n.SH NAME\n", section, HONE_DATE, HONE_VERSION);
    roff_word(out, name, strlen(name));
    text_add(out, " \\-\n");
    roff_text(out, summary);
}

static void add_head(struct text *out, const char *macro, const char *title)
{
    text_addf(out, "%s \"", macro);
    roff_word(out, title, strlen(title));
    text_add(out, "\"\n");
}

void roff_section(struct text *out, const char *title)
{
    add_head(out, ".SH", title);
}

void roff_subsection(struct text *out, const char *title)
{
    add_head(out, ".SS", title);
}

void roff_item(struct text *out, const char *bold, const char *italic)
{
    text_add(out, ".TP\n\\fB");
    roff_word(out, bold, strlen(bold));
    text_add(out, "\\fR");
    if (*italic) {
        text_add(out, " \\fI");
        roff_word(out, italic, strlen(italic));
        text_add(out, "\\fR");
    }
    text_add(out, "\n");
}

void roff_usage(struct text *out, const char *name, const char *usage)
{
    text_add(out, "\\fBhone ");
    roff_word(out, name, strlen(name));
    text_add(out, "\\fR");
    text_add(out, *usage ? " " : "");
    while (*usage) {
        size_t n = 0;
        while (isupper((unsigned char)usage[n]))
            n++;
        if (n) {
            text_add(out, "\\fI");
            roff_word(out, usage, n);
            text_add(out, "\\fR");
        } else {
            while (usage[n] && !isupper((unsigned char)usage[n]))
                n++;
            roff_word(out, usage, n);
        }
        usage += n;
    }
    text_add(out, "\n");
}
