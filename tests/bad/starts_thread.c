/* SPDX-License-Identifier: MIT */
/* create starts a thread that stays. */
#include "bad.h"

#include <pthread.h>
#include <unistd.h>
static void *sleeper(void *nothing)
{
    for (;;)
        sleep(1000);
    return nothing;
}
static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleeper, NULL))
        return hone_fail(err, HONE_EFAIL, NULL, "no thread");
    return bad_create(host, info, self, err);
}
BAD_SEARCH("starts_thread", create, bad_destroy, bad_open, bad_ask, bad_tell)
