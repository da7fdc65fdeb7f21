/* SPDX-License-Identifier: MIT */
/* Manual pages in the man(7) language: text escaped and filled so that groff and mandoc read it as it was meant. */
#ifndef HONE_CLI_ROFF_H
#define HONE_CLI_ROFF_H
#include "base/text.h"

/* The head of a page and its NAME section. section: '1', '5', '7'. */
void roff_page(struct text *out, const char *name, char section, const char *summary);
void roff_section(struct text *out, const char *title);    /* .SH */
void roff_subsection(struct text *out, const char *title); /* .SS */
/* .TP with a tag: a word in bold, then one in italics (each may be ""); roff_text or roff_paragraphs follow. */
void roff_item(struct text *out, const char *bold, const char *italic);
/* One paragraph, filled; words between ` become bold. */
void roff_text(struct text *out, const char *text);
/* Paragraphs of Markdown: empty lines between them, lists of "- ", indented blocks, tables and columns kept as they are. */
void roff_paragraphs(struct text *out, const char *text);
void roff_verbatim(struct text *out, const char *text, size_t n); /* lines as they are */
/* "hone run FILE... [options]": the name bold, placeholders (upper case) in italics. */
void roff_usage(struct text *out, const char *name, const char *usage);
/* Text within a line of macros or between fonts: escaped, never broken. */
void roff_word(struct text *out, const char *text, size_t n);
#endif
