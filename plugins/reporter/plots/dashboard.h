/* SPDX-License-Identifier: MIT */
/* What the files of the dashboard share: dashboard.c runs it, hears who asks and what is to be changed; answers.c gives what is asked for. */
#ifndef HONE_PLOTS_DASHBOARD_H
#define HONE_PLOTS_DASHBOARD_H
#include "page.h"

#include <microhttpd.h>

struct stream;
struct server {
    const hone_host *host;
    const hone_view *view;
    const hone_serving *serving;
    uint64_t changes, signature, beat; /* changes: counted, from 1 */
    struct stream *streams;
    struct study study; /* the last one asked for, as it was when `read` was its signature */
    uint32_t index;
    uint64_t read, versions; /* versions: the last one that was given, unlike those of any server before */
    hone_error err;
    char address[80]; /* "127.0.0.1:8080", as browsers name it */
    uint16_t port;
};

/* Another one where its trials are others than they were. */
uint64_t study_signature(const hone_study_record *record);
/* A hash and one more value. */
static inline uint64_t dashboard_mix(uint64_t hash, uint64_t v)
{
    hash = (hash ^ v) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

enum MHD_Result give(struct MHD_Connection *connection, unsigned status, const char *type,
                     struct MHD_Response *response);
enum MHD_Result give_text(struct MHD_Connection *connection, unsigned status, const char *text);
/* An argument of the address that is a number; UINT64_MAX: there is none. */
uint64_t argument(struct MHD_Connection *connection, const char *name);
/* What is at that address, or that there is nothing. */
enum MHD_Result give_page(struct server *server, struct MHD_Connection *connection, const char *url);
#endif
