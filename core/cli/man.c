/* SPDX-License-Identifier: MIT */
/* `hone man`: the manual pages, written from the tables that drive --help and `hone info`. The pages themselves are in
 * man_commands.c and man_ini.c. */
#include "cli/man.h"

#include "base/file.h"
#include "base/suggest.h"
#include "cli/complete.h"
#include "cli/roff.h"

#include <ctype.h>
#include <string.h>

static const struct option_row options[] = {
    { "directory", 'd', "DIR", "write all pages into this directory, as hone-run.1 and the like", 0 },
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

struct page {
    char name[64];
    char section;
    const char *summary;
    const struct command *command; /* NULL: none's */
};
enum { MAX_PAGES = 128 };

static size_t list_pages(struct page *pages)
{
    size_t n = 0;
    pages[n++] = (struct page){ "hone", '1', "tune and regularize deep networks", NULL };
    for (const struct command *const *c = cli_commands; *c && n < MAX_PAGES - 2; c++)
        if ((*c)->summary) {
            pages[n] = (struct page){ "", '1', (*c)->summary, *c };
            man_command_name(*c, pages[n].name, sizeof pages[n].name);
            n++;
        }
    pages[n++] = (struct page){ "hone.ini", '5', MAN_INI_SUMMARY, NULL };
    pages[n++] = (struct page){ "hone-plugin", '7', MAN_PLUGIN_SUMMARY, NULL };
    return n;
}

void man_see_also(struct text *out, const char *self, const char *const *names)
{
    struct page pages[MAX_PAGES];
    const size_t n = list_pages(pages);
    int shown = 0;
    roff_section(out, "SEE ALSO");
    for (size_t i = 0; i < n; i++) {
        int wanted = !names;
        for (const char *const *name = names; name && *name; name++)
            wanted |= !strcmp(*name, pages[i].name);
        if (!wanted || !strcmp(self, pages[i].name))
            continue;
        text_add(out, shown++ ? ",\n" : "");
        text_add(out, ".BR ");
        roff_word(out, pages[i].name, strlen(pages[i].name));
        text_addf(out, " (%c)", pages[i].section);
    }
    text_add(out, "\n");
}

void man_offer_pages(struct completion *completion)
{
    struct page pages[MAX_PAGES];
    const size_t n = list_pages(pages);
    for (size_t i = 0; i < n; i++)
        offer(completion, pages[i].name, pages[i].summary);
}

static hone_rc write_page(struct text *out, const struct page *page, const struct catalog *catalog)
{
    text_clear(out);
    if (page->command)
        man_command(out, page->command, catalog);
    else if (page->section == '1')
        man_program(out);
    else
        (page->section == '5' ? man_ini : man_plugin)(out, catalog);
    return out->failed ? HONE_ENOMEM : HONE_OK;
}

static int write_all(const char *directory, const struct page *pages, size_t n, const struct catalog *catalog)
{
    struct text out = TEXT_INIT, path = TEXT_INIT;
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc = directory_make(directory, &err);
    for (size_t i = 0; i < n && rc == HONE_OK; i++) {
        text_clear(&path);
        text_addf(&path, "%s/%s.%c", directory, pages[i].name, pages[i].section);
        rc = path.failed ? HONE_ENOMEM : write_page(&out, &pages[i], catalog);
        if (rc == HONE_OK)
            rc = file_write_atomically(text_string(&path), out.data, out.length, &err);
    }
    text_release(&out);
    text_release(&path);
    return rc == HONE_OK ? EXIT_OK : cli_fail(EXIT_FAILED, "%s", err.msg[0] ? err.msg : "out of memory");
}

/* "run", "hone-run", "hone-run.1", "plugin check": 1 where that is the page. */
static int is_named(const struct page *page, const char *name)
{
    char wanted[64], with_section[70];
    snprintf(wanted, sizeof wanted, "%s", name);
    for (char *c = wanted; *c; c++)
        *c = *c == ' ' ? '-' : *c;
    snprintf(with_section, sizeof with_section, "%.62s.%c", page->name, page->section);
    return !strcmp(wanted, page->name) || !strcmp(wanted, with_section) ||
           (!strncmp(page->name, "hone", 4) && ispunct((unsigned char)page->name[4]) &&
            !strcmp(wanted, page->name + 5));
}

static int print_page(const char *name, const struct page *pages, size_t n, const struct catalog *catalog)
{
    struct text out = TEXT_INIT;
    struct suggestion s;
    int code = EXIT_OK;
    suggestion_start(&s, name);
    for (size_t i = 0; i < n; i++) {
        suggestion_offer(&s, pages[i].name);
        if (pages[i].name[4])
            suggestion_offer(&s, pages[i].name + 5);
        if (!is_named(&pages[i], name))
            continue;
        if (write_page(&out, &pages[i], catalog) != HONE_OK)
            code = cli_fail(EXIT_FAILED, "out of memory");
        else
            fputs(text_string(&out), stdout);
        text_release(&out);
        return code;
    }
    if (s.best)
        return cli_fail(EXIT_USAGE, "there is no manual page '%s'; did you mean '%s'?", name, s.best);
    return cli_fail(EXIT_USAGE, "there is no manual page '%s'; 'hone man' lists them", name);
}

static int run(const struct cli *cli)
{
    const char *directory = cli_value(cli, "directory");
    struct page pages[MAX_PAGES];
    const size_t n = list_pages(pages);
    struct catalog *catalog = NULL;
    int code;
    if (directory && cli->n_arguments)
        return cli_usage_error(cli, "--directory writes all pages: name none");
    if (!directory && !cli->n_arguments) {
        for (size_t i = 0; i < n; i++)
            printf("%s(%c)%*s %s\n", pages[i].name, pages[i].section, 20 - (int)strlen(pages[i].name), "",
                   pages[i].summary);
        return EXIT_OK;
    }
    if ((code = cli_catalog(cli, &catalog)) != 0)
        return code;
    code = directory ? write_all(directory, pages, n, catalog) : print_page(cli->arguments[0], pages, n, catalog);
    catalog_close(catalog);
    return code;
}

const struct command command_man = {
    "man",
    "print a manual page, or list them",
    "[PAGE] [options]",
    "The pages are in the language of man(1), with the keys of the plugins installed now:\n\n"
    "    hone man run | man -l -\n"
    "    hone man hone.ini | man -l -\n",
    options,
    0,
    1,
    run,
    0
};
