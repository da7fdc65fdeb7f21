/* SPDX-License-Identifier: MIT */
/* words.h - how durations, points, values and failures read, on a terminal and in a log. */
#ifndef HONE_REPORTER_PROGRESS_WORDS_H
#define HONE_REPORTER_PROGRESS_WORDS_H
#include "hone/reporter.h"
#include "text.h"

enum { DURATION_SIZE = 40 };
/* "0:07", "1:02:03", "2d 3:04" */
const char *words_duration(double seconds, char out[DURATION_SIZE]);
/* "12.5 ms", "3.40 s", "1:02" */
const char *words_seconds(double seconds, char out[DURATION_SIZE]);
/* Key i without its kind, where the point is as clear without it: "learning_rate", "dropout.rate", but "optimizer.use". */
const char *words_short_key(const hone_parameter_record *parameters, uint32_t n, uint32_t i);
/* "learning_rate=0.01234  width=256": short keys, four digits. */
void words_point_short(struct line *line, const hone_trial_record *trial);
/* One line of a log about a trial that ended, newline included. */
void words_outcome(struct text *text, const hone_status *status, const hone_trial_record *trial);
/* The sentence about a failed trial, for a terminal. */
void words_failure(struct line *line, const hone_trial_record *trial);
#endif
