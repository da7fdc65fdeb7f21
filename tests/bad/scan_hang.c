/* SPDX-License-Identifier: MIT */
/* Never lets go once it is mapped. */
#include "hone/hone.h"

#include <unistd.h>

__attribute__((constructor)) static void hang(void)
{
    for (;;)
        pause();
}
