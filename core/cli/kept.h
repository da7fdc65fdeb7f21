/* SPDX-License-Identifier: MIT */
/* What a storage keeps, as reporters see it that write (hone_view, hone/reporter.h): for `hone report` and its kin. */
#ifndef HONE_CLI_KEPT_H
#define HONE_CLI_KEPT_H
#include "cli/evaluated.h"
#include "hone/reporter.h"

struct kept_study {
    hone_kept_study view;
    struct stored stored; /* this study in the storage; catalog and storage are those of struct kept */
    struct evaluated evaluated;
    struct text command;
};
struct kept {
    hone_view view; /* path and out are the caller's to set */
    hone_terminal terminal;
    const struct stored *storage;
    const char *url;
    struct kept_study **studies; /* (view.n_studies) */
    size_t capacity;
    int all; /* of the storage: new ones too */
    hone_error err;
};
/* Those named by --study (repeatable), or all of an open storage. 0, or the exit code after having said why. */
int kept_open(struct kept *kept, const struct cli *cli, const struct stored *storage, const char *url);
/* Reads the records anew, and takes in studies that are new where all were asked for; each keeps its index. */
hone_rc kept_refresh(struct kept *kept, hone_error *err);
void kept_release(struct kept *kept);
#endif
