/* SPDX-License-Identifier: MIT */
/* `hone --version`. */
#include "cli/version.h"

#include "base/file.h"
#include "base/version.h"
#include "cli/cli.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef const char *(*version_fn)(void);

/* libhone-nn beside the program (a build tree), in ../lib of it, or where the installed plugins are:
 * libdir/hone/plugins-1. */
static void *open_library(void)
{
    static const char *const places[] = { "", "/../lib" };
    char *directory = program_directory(), *path = NULL;
    void *library = NULL;
    for (size_t i = 0; directory && !library && i < sizeof places / sizeof *places; i++) {
        if (asprintf(&path, "%s%s/libhone-nn.so.1", directory, places[i]) < 0)
            break;
        library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
        free(path);
    }
    free(directory);
    return library ? library : dlopen(HONE_PLUGIN_DIR "/../../libhone-nn.so.1", RTLD_LAZY | RTLD_LOCAL);
}

int version_print(void)
{
    void *library = open_library(), *symbol = library ? dlsym(library, "hone_nn_version") : NULL;
    version_fn version = NULL;
    printf("hone " HONE_VERSION "\nplugin ABI %d.%d\n", HONE_ABI_MAJOR, HONE_ABI_MINOR);
    memcpy(&version, &symbol, sizeof version);
    printf("%s\n", version ? version() : "libhone-nn not found: networks cannot be trained");
    return EXIT_OK;
}
