/* SPDX-License-Identifier: MIT */
/* Compares the state of the thread and of the process around a plugin's call. A library that was linked with
 * -ffast-math sets flush-to-zero in its constructor, for the whole process: that must not pass unseen. */
#include "plugin/guard.h"

#include "hone/param.h"

#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

/* The sticky exception flags (bits 0..5) change with every rounded result; the rest is control. */
enum { MXCSR_CONTROL = 0xffc0 };

static uint32_t float_control(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return _mm_getcsr() & MXCSR_CONTROL;
#elif defined(__aarch64__)
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return (uint32_t)fpcr;
#else
    return (uint32_t)fegetround();
#endif
}

static void set_float_control(uint32_t control)
{
#if defined(__x86_64__) || defined(__i386__)
    _mm_setcsr((_mm_getcsr() & ~(uint32_t)MXCSR_CONTROL) | control);
#elif defined(__aarch64__)
    const uint64_t fpcr = control;
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
#else
    fesetround((int)control);
#endif
}

static uint16_t x87_control(void)
{
    uint16_t control = 0;
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("fnstcw %0" : "=m"(control));
#endif
    return control;
}

static void set_x87_control(uint16_t control)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("fldcw %0" : : "m"(control));
#else
    (void)control;
#endif
}

static const char *locale_now(void)
{
    const char *name = setlocale(LC_ALL, NULL);
    return name ? name : "C";
}

void guard_save(struct guard *guard)
{
    guard->mxcsr = float_control();
    guard->x87 = x87_control();
    strncpy(guard->locale, locale_now(), sizeof guard->locale - 1);
    guard->locale[sizeof guard->locale - 1] = '\0';
}

hone_rc guard_check(const struct guard *guard, hone_error *err)
{
    const uint32_t mxcsr = float_control();
    const uint16_t x87 = x87_control();
    hone_rc rc = HONE_OK;
    if (mxcsr != guard->mxcsr) {
        set_float_control(guard->mxcsr);
        rc = hone_fail(err, HONE_EFAIL, "", "changed the floating-point state (MXCSR %04x to %04x)", guard->mxcsr,
                       mxcsr);
    }
    if (x87 != guard->x87) {
        set_x87_control(guard->x87);
        if (rc == HONE_OK)
            rc = hone_fail(err, HONE_EFAIL, "", "changed the floating-point state (x87 %04x to %04x)", guard->x87, x87);
    }
    const char *locale = locale_now();
    if (strncmp(locale, guard->locale, sizeof guard->locale - 1)) {
        if (rc == HONE_OK)
            rc = hone_fail(err, HONE_EFAIL, "", "changed the locale (%s to %.100s)", guard->locale, locale);
        /* a name that was cut is a mix of locales; hone itself never leaves "C" */
        setlocale(LC_ALL, strlen(guard->locale) + 1 < sizeof guard->locale ? guard->locale : "C");
    }
    return rc;
}

void guard_process_save(struct guard_process *guard)
{
    guard_save(&guard->state);
    memset(guard->signals, 0, sizeof guard->signals);
    for (int s = 1; s < GUARD_SIGNALS; s++)
        sigaction(s, NULL, &guard->signals[s]); /* fails for the two that libc keeps for itself */
    guard->directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

hone_rc guard_process_check(struct guard_process *guard, hone_error *err)
{
    hone_rc rc = guard_check(&guard->state, err);
    struct stat before, now;
    for (int s = 1; s < GUARD_SIGNALS; s++) {
        struct sigaction action;
        if (sigaction(s, NULL, &action) < 0 || action.sa_handler == guard->signals[s].sa_handler)
            continue;
        sigaction(s, &guard->signals[s], NULL);
        if (rc == HONE_OK)
            rc = hone_fail(err, HONE_EFAIL, "", "changed what signal %d (%s) does", s, strsignal(s));
    }
    if (guard->directory >= 0) {
        if (fstat(guard->directory, &before) == 0 &&
            (stat(".", &now) < 0 || before.st_ino != now.st_ino || before.st_dev != now.st_dev)) {
            const int back = fchdir(guard->directory);
            if (rc == HONE_OK)
                rc = hone_fail(err, HONE_EFAIL, "", "changed the working directory%s",
                               back < 0 ? ", which is out of reach now" : "");
        }
        close(guard->directory);
        guard->directory = -1;
    }
    return rc;
}
