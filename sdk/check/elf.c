/* SPDX-License-Identifier: MIT */
/* Reads ELF64 section headers of type SHT_DYNSYM; no other tool is needed. */
#include "elf.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *whole_file(const char *file, size_t *n)
{
    FILE *in = fopen(file, "rb");
    char *image = NULL;
    long length = -1;
    if (!in)
        return NULL;
    if (!fseek(in, 0, SEEK_END) && (length = ftell(in)) > 0 && !fseek(in, 0, SEEK_SET) &&
        (image = (char *)malloc((size_t)length + 1))) {
        if (fread(image, 1, (size_t)length, in) == (size_t)length) {
            image[length] = '\0'; /* ends every string that the file leaves open */
            *n = (size_t)length;
        } else {
            free(image);
            image = NULL;
        }
    }
    fclose(in);
    return image;
}

static int section_at(const char *image, size_t n, const Elf64_Ehdr *head, size_t i, Elf64_Shdr *section)
{
    const size_t at = (size_t)head->e_shoff + i * sizeof *section;
    if (head->e_shoff > n || i >= head->e_shnum || at > n || n - at < sizeof *section)
        return 0;
    memcpy(section, image + at, sizeof *section);
    return section->sh_type == SHT_NOBITS || (section->sh_offset <= n && section->sh_size <= n - section->sh_offset);
}

int elf_undefined(const char *file, struct elf_symbols *symbols, char *error, size_t n)
{
    size_t length = 0;
    Elf64_Ehdr head;
    Elf64_Shdr table, strings;
    memset(symbols, 0, sizeof *symbols);
    symbols->image = whole_file(file, &length);
    if (!symbols->image)
        return snprintf(error, n, "cannot be read"), 1;
    if (length < sizeof head || memcmp(symbols->image, ELFMAG, SELFMAG) != 0 || symbols->image[EI_CLASS] != ELFCLASS64)
        return snprintf(error, n, "is no 64-bit ELF file"), elf_release(symbols), 1;
    memcpy(&head, symbols->image, sizeof head);
    if (head.e_shentsize != sizeof table)
        return snprintf(error, n, "has no usable section headers"), elf_release(symbols), 1;
    for (size_t i = 0; i < head.e_shnum; i++) {
        if (!section_at(symbols->image, length, &head, i, &table) || table.sh_type != SHT_DYNSYM)
            continue;
        if (!section_at(symbols->image, length, &head, table.sh_link, &strings))
            break;
        const size_t count = table.sh_size / sizeof(Elf64_Sym);
        symbols->names = (const char **)calloc(count + 1, sizeof *symbols->names);
        if (!symbols->names)
            return snprintf(error, n, "out of memory for its symbols"), elf_release(symbols), 1;
        for (size_t k = 0; k < count; k++) {
            Elf64_Sym symbol;
            memcpy(&symbol, symbols->image + table.sh_offset + k * sizeof symbol, sizeof symbol);
            if (symbol.st_shndx == SHN_UNDEF && symbol.st_name && symbol.st_name < strings.sh_size)
                symbols->names[symbols->n++] = symbols->image + strings.sh_offset + symbol.st_name;
        }
        return 0;
    }
    return snprintf(error, n, "has no dynamic symbol table"), elf_release(symbols), 1;
}

void elf_release(struct elf_symbols *symbols)
{
    free(symbols->names);
    free(symbols->image);
    memset(symbols, 0, sizeof *symbols);
}

#define ENDS   "only the host may end the process; return a result and fill *err"
#define SIGNAL "signals belong to the host"
#define RANDOM "random numbers come from create_info->seed and hone/rng.h"
#define PRINTS "file descriptors 1 and 2 belong to the host; use host->log"
#define GLOBAL "it changes the whole process"
int elf_forbidden(const char *name, const char **why)
{
    static const struct {
        const char *name, *why;
        int level;
    } known[] = {
        { "exit", ENDS, ELF_FORBIDDEN },
        { "_exit", "right only in a child process of your own", ELF_DOUBTFUL },
        { "_Exit", ENDS, ELF_FORBIDDEN },
        { "quick_exit", ENDS, ELF_FORBIDDEN },
        { "abort", ENDS, ELF_FORBIDDEN },
        { "__assert_fail", "a failed assert ends the host; compile with -DNDEBUG", ELF_FORBIDDEN },
        { "signal", SIGNAL, ELF_FORBIDDEN },
        { "__sysv_signal", SIGNAL, ELF_FORBIDDEN },
        { "sigset", SIGNAL, ELF_FORBIDDEN },
        { "sigaction", SIGNAL, ELF_DOUBTFUL },
        { "raise", SIGNAL, ELF_DOUBTFUL },
        { "alarm", SIGNAL, ELF_DOUBTFUL },
        { "setlocale", GLOBAL "; uselocale is for one thread", ELF_FORBIDDEN },
        { "chdir", GLOBAL "; right only in a child process of your own", ELF_DOUBTFUL },
        { "fchdir", GLOBAL "; right only in a child process of your own", ELF_DOUBTFUL },
        { "setenv", GLOBAL, ELF_DOUBTFUL },
        { "putenv", GLOBAL, ELF_DOUBTFUL },
        { "umask", GLOBAL, ELF_DOUBTFUL },
        { "rand", RANDOM, ELF_FORBIDDEN },
        { "srand", RANDOM, ELF_FORBIDDEN },
        { "random", RANDOM, ELF_FORBIDDEN },
        { "srandom", RANDOM, ELF_FORBIDDEN },
        { "drand48", RANDOM, ELF_FORBIDDEN },
        { "lrand48", RANDOM, ELF_FORBIDDEN },
        { "srand48", RANDOM, ELF_FORBIDDEN },
        { "rand_r", RANDOM, ELF_DOUBTFUL },
        { "getrandom", RANDOM, ELF_DOUBTFUL },
        { "printf", PRINTS, ELF_FORBIDDEN },
        { "vprintf", PRINTS, ELF_FORBIDDEN },
        { "puts", PRINTS, ELF_FORBIDDEN },
        { "putchar", PRINTS, ELF_FORBIDDEN },
        { "perror", PRINTS, ELF_FORBIDDEN },
        { "__printf_chk", PRINTS, ELF_FORBIDDEN },
        { "__vprintf_chk", PRINTS, ELF_FORBIDDEN },
        { "stdout", PRINTS, ELF_DOUBTFUL },
        { "stderr", PRINTS, ELF_DOUBTFUL },
        { "longjmp", "not across a call from the host", ELF_DOUBTFUL },
        { "siglongjmp", "not across a call from the host", ELF_DOUBTFUL },
        { "fork", "a child of a process that has used OpenMP hangs; use posix_spawn", ELF_DOUBTFUL },
        { "vfork", "posix_spawn does the same without its traps", ELF_DOUBTFUL },
        { "system", "it runs a shell and changes signals; use posix_spawn", ELF_DOUBTFUL },
        { "feenableexcept", "restore the floating-point state before you return", ELF_DOUBTFUL },
        { "fesetround", "restore the floating-point state before you return", ELF_DOUBTFUL },
        { "fesetenv", "restore the floating-point state before you return", ELF_DOUBTFUL },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(name, known[i].name)) {
            *why = known[i].why;
            return known[i].level;
        }
    return ELF_ALLOWED;
}
