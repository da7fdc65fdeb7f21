/* SPDX-License-Identifier: MIT */
/* Philox4x32-10 in sixteen lanes: the same numbers as hone_philox, a block of sixteen counters at a time. */
#ifndef HONE_NN_PHILOX_H
#define HONE_NN_PHILOX_H
#include <stdint.h>

enum { PHILOX_LANES = 16, PHILOX_WORDS = 4 * PHILOX_LANES };

/* words[w * PHILOX_LANES + lane] = word w of the counter (first + lane, tail[0], tail[1], tail[2]) */
typedef void (*philox_function)(uint32_t first, const uint32_t tail[3], const uint32_t key[2],
                                uint32_t words[PHILOX_WORDS]);
/* The fastest that this CPU runs. */
philox_function philox_choose(void);
/* The one in plain C, for comparison. */
void philox_plain(uint32_t first, const uint32_t tail[3], const uint32_t key[2], uint32_t words[PHILOX_WORDS]);
#endif
