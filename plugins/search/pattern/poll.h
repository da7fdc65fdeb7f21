/* SPDX-License-Identifier: MIT */
/* search/pattern, shared by its files: the search (pattern.c), the poll around its centre (poll.c), and what
 * of it is saved (state.c). */
#ifndef HONE_PATTERN_H
#define HONE_PATTERN_H
#include "hone/cube.h"
#include "hone/lookup.h"
#include "hone/notes.h"

struct settings {
    uint32_t directions, restarts;
    int64_t startup;
    double size, expansion, contraction, tolerance_point;
    uint8_t pattern_moves;
};
enum { COORDINATE, ORTHOGONAL };
enum { RESTART_RANDOM, RESTART_NONE };

#define EMPTY UINT64_MAX
enum { SCOUTING, POLLING };      /* phases */
enum { OPEN, RUNNING, DONE };    /* of a poll */
enum { SCOUT = 1u << 30, LATE }; /* in place of a poll: a random point; one of a poll that is over */

struct pending {
    uint64_t trial, poll;
};

/* Polls: 0 .. n_polls - 1 around the centre at step; n_polls .. 2 n_polls - 1 those that follow if all of
 * them fail; 2 n_polls the pattern move. Of the first kind: two for each numeric dimension, then one for each
 * value of each choice. */
struct state {
    struct numbers {
        uint64_t phase, run, centre_at; /* outcome of the centre */
        uint64_t basis;                 /* number of the directions; counts failures */
        uint64_t first;                 /* poll that succeeded last: it comes first */
        uint64_t n_moves;               /* of the centre since the anchor was set */
        uint64_t n_scouts, best_scout;
        double step;
    } s;
    double *centre, *anchor, *jump; /* (width) positions, of hone_cube; jump: where a pattern move goes */
    uint8_t *polls;                 /* (2 n_polls + 1) */
    hone_notes pending;             /* struct pending */
    hone_history history;
    hone_lookup lookup;
};

struct pattern {
    struct settings settings;
    hone_search_info info;
    uint64_t seed;
    hone_cube cube;      /* numbers first; width in comments here: cube.n */
    uint32_t n, n_polls; /* numeric dimensions; polls of one step */
    double *q;           /* (n_dims) scratch */
    struct state state;
};

/* ---- poll.c ---- */
/* Begins a run at the row, whose outcome is `at`. */
void start_run(struct pattern *p, uint64_t at, const double *row);
/* The poll's row; 0: it has none. */
int poll_row(struct pattern *p, uint64_t poll, double *row);
/* The next poll that is open, SCOUT: none. */
uint64_t next_poll(const struct pattern *p);
/* A poll brought nothing better; when all have, the step shrinks. */
void poll_failed(struct pattern *p, uint64_t poll);
/* A better point: the centre moves there. poll: that found it, or LATE. */
void move_centre(struct pattern *p, uint64_t at, const double *row, uint64_t poll);

/* ---- state.c ---- */
hone_rc state_init(const struct pattern *p, struct state *s, hone_error *err);
void state_release(struct state *s);
hone_rc state_save(void *self, const hone_ostream *out, hone_error *err);
/* Replaces the state by hostile bytes, or leaves it as it was. HONE_EINVAL, HONE_ENOMEM, HONE_EIO. */
hone_rc state_load(void *self, const hone_istream *in, hone_error *err);
#endif /* HONE_PATTERN_H */
