/* SPDX-License-Identifier: MIT */
/* What a study has come to, in words: printed at the end of `hone run`. */
#ifndef HONE_CLI_SUMMARY_H
#define HONE_CLI_SUMMARY_H
#include "study/study.h"

/* Winner, test metrics, model file and the two commands that come next, on standard output. */
void summary_print(struct study *study, const char *storage_url);
/* "name  value" lines of metrics whose names begin with prefix, the prefix cut off. Returns how many. */
unsigned summary_metrics(const hone_value *metrics, uint32_t n, const char *prefix);
/* A line for a file; a table's columns aligned. */
void summary_attachment(const char *name, const char *media_type, const char *content, const char *path);
#endif
