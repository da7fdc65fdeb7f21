/* SPDX-License-Identifier: MIT */
/* Names that a shared object wants from elsewhere, read from its ELF dynamic symbol table. */
#ifndef HONE_CHECK_ELF_H
#define HONE_CHECK_ELF_H
#include <stddef.h>

struct elf_symbols {
    char *image;        /* the file */
    const char **names; /* (n), into the image */
    size_t n;
};
/* 0, or 1 and why not. The bytes are not trusted. */
int elf_undefined(const char *file, struct elf_symbols *symbols, char *error, size_t n);
void elf_release(struct elf_symbols *symbols);

enum { ELF_ALLOWED = 0, ELF_DOUBTFUL = 1, ELF_FORBIDDEN = 2 };
int elf_forbidden(const char *name, const char **why);
#endif
