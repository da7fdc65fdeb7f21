/* SPDX-License-Identifier: MIT */
/* State of the process that plugins must not change: floating point, locale, directory, signals, threads. */
#include "check.h"

#include <fenv.h>
#include <locale.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

static uint32_t mxcsr(void)
{
#if defined(__SSE__)
    return _mm_getcsr() & ~0x3fu; /* the low six bits only record that an exception happened */
#else
    return 0;
#endif
}

/* The kernel counts two links of /proc/self/task and one for each thread. */
static uint64_t threads(void)
{
    struct stat st;
    return stat("/proc/self/task", &st) ? 0 : (uint64_t)st.st_nlink;
}

void environment_take(struct environment *e)
{
    memset(e, 0, sizeof *e);
    e->mxcsr = mxcsr();
    e->rounding = fegetround();
    e->threads = threads();
    snprintf(e->locale, sizeof e->locale, "%s", setlocale(LC_ALL, NULL));
    if (!getcwd(e->directory, sizeof e->directory))
        e->directory[0] = '\0';
    for (int s = 1; s < NSIG; s++)
        sigaction(s, NULL, &e->signals[s]);
    pthread_sigmask(SIG_SETMASK, NULL, &e->blocked);
}

/* SA_RESTORER is glibc's own: it is set wherever an action was ever put back. */
static int same_action(const struct sigaction *a, const struct sigaction *b)
{
    const int restorer = 0x04000000;
    return (a->sa_flags & ~restorer) == (b->sa_flags & ~restorer) &&
           (a->sa_flags & SA_SIGINFO ? a->sa_sigaction == b->sa_sigaction : a->sa_handler == b->sa_handler);
}

int environment_compare(const struct environment *before, char *text, size_t n)
{
    struct environment now;
    const struct timespec moment = { 0, 2000000 };
    environment_take(&now);
    for (int i = 0; i < 100 && now.threads > before->threads; i++) { /* a joined thread may still be leaving */
        nanosleep(&moment, NULL);
        now.threads = threads();
    }
    if (now.mxcsr != before->mxcsr)
        return snprintf(
                   text, n,
                   "changed the floating-point state MXCSR from %x to %x (flush-to-zero, rounding or exception masks)",
                   before->mxcsr, now.mxcsr),
               1;
    if (now.rounding != before->rounding)
        return snprintf(text, n, "changed the rounding mode (fegetround) from %d to %d", before->rounding,
                        now.rounding),
               1;
    if (strcmp(now.locale, before->locale) != 0)
        return snprintf(text, n, "changed the locale from %.60s to %.60s", before->locale, now.locale), 1;
    if (strcmp(now.directory, before->directory) != 0)
        return snprintf(text, n, "changed the current directory to %.200s", now.directory), 1;
    for (int s = 1; s < NSIG; s++)
        if (!same_action(&now.signals[s], &before->signals[s]))
            return snprintf(text, n, "changed what signal %d (%s) does", s, strsignal(s)), 1;
        else if (sigismember(&now.blocked, s) != sigismember(&before->blocked, s))
            return snprintf(text, n, "changed whether signal %d (%s) is blocked", s, strsignal(s)), 1;
    if (now.threads > before->threads)
        return snprintf(text, n, "left %llu thread(s) running", (unsigned long long)(now.threads - before->threads)), 1;
    return 0;
}
