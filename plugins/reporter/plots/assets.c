/* SPDX-License-Identifier: MIT */
/* Files that the build puts into the module, byte for byte; rules.mk names them. */
#include "page.h"

#ifndef HONE_CHARTS_FILE /* tools that only read the source */
#define EMBED(name, file)                  \
    static const char name##_data[1] = ""; \
    static const uint64_t name##_size = 0
#else
#define EMBED(name, file)                                                                                 \
    extern const char name##_data[] __attribute__((visibility("hidden")));                                \
    extern const uint64_t name##_size __attribute__((visibility("hidden")));                              \
    __asm__(".section .rodata\n"                                                                          \
            ".global " #name "_data\n.hidden " #name "_data\n"                                            \
            ".global " #name "_size\n.hidden " #name "_size\n" #name "_data:\n.incbin \"" file "\"\n0:\n" \
            ".balign 8\n" #name "_size:\n.quad 0b - " #name "_data\n.previous\n")
#endif

EMBED(hone_style, HONE_STYLE_FILE);
EMBED(hone_script, HONE_SCRIPT_FILE);
EMBED(hone_charts, HONE_CHARTS_FILE);

struct asset asset_style(void)
{
    return (struct asset){ hone_style_data, (size_t)hone_style_size };
}

struct asset asset_script(void)
{
    return (struct asset){ hone_script_data, (size_t)hone_script_size };
}

struct asset asset_charts(void)
{
    return (struct asset){ hone_charts_data, (size_t)hone_charts_size };
}
