/* SPDX-License-Identifier: MIT */
/* All that is wrong with the user's input, collected so that it can be shown at once, in the order of the file. */
#ifndef HONE_BASE_COMPLAINTS_H
#define HONE_BASE_COMPLAINTS_H
#include <stddef.h>
#include <stdio.h>

struct place {
    const char *file; /* as the user named it; "--set"; life: as long as the complaints */
    unsigned line;    /* from 1; 0: no line (a --set, a whole file) */
    unsigned column;  /* from 1; 0: none */
};

struct complaint {
    struct place place;
    char *message; /* "unknown key 'leraning_rate' in [optimizer] (sgd); did you mean 'learning_rate'?" */
};
struct complaints {
    struct complaint *items;
    size_t n, capacity;
    size_t missing; /* of the n: only that a plugin is not installed, or cannot be used; counted by who complains */
};
#define COMPLAINTS_INIT \
    {                   \
        NULL, 0, 0, 0   \
    }

void complain(struct complaints *complaints, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "file:line:column: error: message", sorted by place (files in the order of their first complaint), each once, at most
 * 20 and then "error: and N more". Control bytes in messages are shown as \xNN. */
void complaints_print(struct complaints *complaints, FILE *out);
void complaints_release(struct complaints *complaints);
#endif
