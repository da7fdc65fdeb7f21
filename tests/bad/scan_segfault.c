/* SPDX-License-Identifier: MIT */
/* Dies as soon as it is mapped. */
#include "hone/hone.h"

#include <signal.h>

__attribute__((constructor)) static void die(void)
{
    raise(SIGSEGV);
}
