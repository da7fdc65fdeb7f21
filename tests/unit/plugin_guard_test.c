/* SPDX-License-Identifier: MIT */
/* What a plugin leaves changed is seen, named, and put back. */
#include "harness.h"

#include "plugin/guard.h"

#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static void test_quiet_where_nothing_changed(void)
{
    struct guard guard;
    struct guard_process process;
    hone_error err = HONE_ERROR_INIT;
    guard_save(&guard);
    volatile double third = 1.0 / 3.0; /* raises the inexact flag, which is nobody's fault */
    (void)third;
    CU_ASSERT_EQUAL(guard_check(&guard, &err), HONE_OK);
    guard_process_save(&process);
    CU_ASSERT_EQUAL(guard_process_check(&process, &err), HONE_OK);
}

static void test_rounding(void)
{
    struct guard guard;
    hone_error err = HONE_ERROR_INIT;
    guard_save(&guard);
    fesetround(FE_UPWARD);
    CU_ASSERT_EQUAL(guard_check(&guard, &err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "changed the floating-point state"));
    CU_ASSERT_EQUAL(fegetround(), FE_TONEAREST);
    CU_ASSERT_EQUAL(guard_check(&guard, &err), HONE_OK);
}

static void test_flush_to_zero(void)
{
#if defined(__x86_64__)
    struct guard guard;
    hone_error err = HONE_ERROR_INIT;
    guard_save(&guard);
    _mm_setcsr(_mm_getcsr() | 0x8040);
    CU_ASSERT_EQUAL(guard_check(&guard, &err), HONE_EFAIL);
    CU_ASSERT_STRING_EQUAL(err.msg, "changed the floating-point state (MXCSR 1f80 to 9fc0)");
    volatile double tiny = 2.3e-308;
    CU_ASSERT(tiny / 4 > 0); /* denormal numbers are back */
#else
    CU_PASS("MXCSR is of x86");
#endif
}

static void test_locale(void)
{
    struct guard guard;
    hone_error err = HONE_ERROR_INIT;
    guard_save(&guard);
    if (!setlocale(LC_CTYPE, "C.UTF-8")) /* in every Debian */
        return;
    CU_ASSERT_EQUAL(guard_check(&guard, &err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "changed the locale (C to LC_CTYPE=C.UTF-8"));
    CU_ASSERT_STRING_EQUAL(setlocale(LC_ALL, NULL), "C");
}

static void on_signal(int number)
{
    (void)number;
}

static void test_process(void)
{
    struct guard_process process;
    struct sigaction action;
    hone_error err = HONE_ERROR_INIT;
    char before[4096], after[4096];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(before, sizeof before));
    guard_process_save(&process);
    signal(SIGUSR1, on_signal);
    CU_ASSERT_EQUAL(guard_process_check(&process, &err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "changed what signal"));
    sigaction(SIGUSR1, NULL, &action);
    CU_ASSERT(action.sa_handler == SIG_DFL);
    guard_process_save(&process);
    CU_ASSERT_EQUAL_FATAL(chdir("/proc"), 0);
    CU_ASSERT_EQUAL(guard_process_check(&process, &err), HONE_EFAIL);
    CU_ASSERT_STRING_EQUAL(err.msg, "changed the working directory");
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(after, sizeof after));
    CU_ASSERT_STRING_EQUAL(before, after);
}

SUITE(TEST(test_quiet_where_nothing_changed), TEST(test_rounding), TEST(test_flush_to_zero), TEST(test_locale),
      TEST(test_process))
