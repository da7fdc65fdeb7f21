/* SPDX-License-Identifier: MIT */
/* The one place of the core with changing globals: a signal handler has nothing else to look at. */
#include "plugin/crash.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct catalog_component *volatile entered;

void crash_enter(const struct catalog_component *component)
{
    entered = component;
}

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return; /* nobody listens, and there is nothing else to be done here */
}

int crash_is_inside(void)
{
    return entered != NULL;
}

int crash_name_entered(void)
{
    const struct catalog_component *component = entered;
    if (!component)
        return 0;
    say(component->kind);
    say(" '");
    say(component->name);
    say("' (");
    say(component->module->path);
    say(")");
    return 1;
}

static void tell(const char *how)
{
    say("\nhone: ");
    if (!crash_name_entered())
        say("the coordinator");
    say(how);
    say("; what was committed is kept: the same command goes on from there\n");
}

static void on_crash(int number)
{
    const char *name = sigabbrev_np(number);
    char how[64] = " crashed (SIG";
    strncat(how, name ? name : "?", 16);
    strncat(how, ")", 2);
    tell(how);
    signal(number, SIG_DFL);
    raise(number);
}

static void on_exit_call(void)
{
    if (!entered)
        return;
    tell(" called exit");
    _exit(1); /* a study that ended so did not end well, whatever the plugin says */
}

void crash_install(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_NODEFER };
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    atexit(on_exit_call);
}
