/* SPDX-License-Identifier: MIT */
/* `hone plugin new KIND NAME`: a plugin to start from, copied from the SDK's template.
 *
 * The template is a folder: KIND.c.in becomes NAME.c; every other file is copied (without ".in"); in all of them
 * @NAME@, @KIND@ and @ABI@ are replaced. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/suggest.h"
#include "base/text.h"
#include "hone/param.h"
#include "plugin/verify.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option_row options[] = {
    { "directory", 'd', "DIR", "where to put it (default: NAME, in the current directory)", 0 },
    { NULL, 0, NULL, NULL, 0 },
};

enum { MAX_FILE = 1 << 20 };

/* "search.c.in": the kind's length, or 0. */
static size_t source_of_kind(const char *file)
{
    static const char tail[] = ".c.in";
    const size_t n = strlen(file);
    return n > sizeof tail - 1 && !strcmp(file + n - (sizeof tail - 1), tail) ? n - (sizeof tail - 1) : 0;
}

/* Malloc'ed; NULL: none is there. */
static char *find_template(void)
{
    char *directory = program_directory(), *path = NULL;
    if (directory && asprintf(&path, "%s/../sdk/template", directory) < 0)
        path = NULL;
    free(directory);
    if (path && access(path, R_OK | X_OK) == 0)
        return path;
    free(path);
    return access(HONE_DATA_DIR "/template", R_OK | X_OK) == 0 ? strdup(HONE_DATA_DIR "/template") : NULL;
}

static void replace(struct text *out, const char *from, const char *kind, const char *name)
{
    char abi[16];
    snprintf(abi, sizeof abi, "%d", HONE_ABI_MAJOR);
    const struct {
        const char *mark, *by;
    } marks[] = { { "@NAME@", name }, { "@KIND@", kind }, { "@ABI@", abi } };
    while (*from) {
        size_t i = 0;
        const size_t plain = strcspn(from, "@");
        text_add_bytes(out, from, plain);
        from += plain;
        if (!*from)
            return;
        while (i < 3 && strncmp(from, marks[i].mark, strlen(marks[i].mark)) != 0)
            i++;
        text_add_bytes(out, i < 3 ? marks[i].by : from, i < 3 ? strlen(marks[i].by) : 1);
        from += i < 3 ? strlen(marks[i].mark) : 1;
    }
}

static hone_rc copy_file(const char *from, const char *to, const char *kind, const char *name, hone_error *err)
{
    char *data = NULL;
    size_t n = 0;
    struct text out = TEXT_INIT;
    hone_rc rc = file_read(from, MAX_FILE, &data, &n, err);
    if (rc != HONE_OK)
        return rc;
    replace(&out, data, kind, name);
    rc = out.failed ? hone_fail(err, HONE_ENOMEM, "", "out of memory")
                    : file_write_atomically(to, text_string(&out), out.length, err);
    text_release(&out);
    free(data);
    return rc;
}

/* The target's file name for a template's file, malloc'ed; *skip: another kind's source. */
static char *target_name(const char *file, const char *kind, const char *name, int *skip)
{
    const size_t n = strlen(file), of_kind = source_of_kind(file);
    char *target = NULL;
    *skip = of_kind && !(strlen(kind) == of_kind && !memcmp(file, kind, of_kind));
    if (*skip)
        return NULL;
    if (of_kind)
        return asprintf(&target, "%s.c", name) < 0 ? NULL : target;
    return strndup(file, n > 3 && !strcmp(file + n - 3, ".in") ? n - 3 : n);
}

static hone_rc copy_all(const char *template, struct dirent **files, int n, const char *directory, const char *kind,
                        const char *name, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (int i = 0; i < n && rc == HONE_OK; i++) {
        int skip = 0;
        char *target = target_name(files[i]->d_name, kind, name, &skip), *from = NULL, *to = NULL;
        if (skip)
            continue;
        if (!target || asprintf(&from, "%s/%s", template, files[i]->d_name) < 0) {
            from = NULL;
            rc = hone_fail(err, HONE_ENOMEM, "", "out of memory");
        } else if (asprintf(&to, "%s/%s", directory, target) < 0) {
            to = NULL;
            rc = hone_fail(err, HONE_ENOMEM, "", "out of memory");
        } else {
            rc = copy_file(from, to, kind, name, err);
        }
        free(target);
        free(from);
        free(to);
    }
    return rc;
}

static int is_plain(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type != DT_DIR;
}

/* 0, or the exit code after having named the kinds there are. */
static int check_kind(const struct cli *cli, struct dirent **files, int n, const char *kind)
{
    struct suggestion s;
    struct text all = TEXT_INIT;
    int found = 0;
    char names[64][64];
    size_t n_names = 0;
    suggestion_start(&s, kind);
    for (int i = 0; i < n; i++) {
        const size_t length = source_of_kind(files[i]->d_name);
        if (!length || length >= sizeof names[0] || n_names == 64)
            continue;
        memcpy(names[n_names], files[i]->d_name, length);
        names[n_names][length] = '\0';
        suggestion_offer(&s, names[n_names]);
        text_addf(&all, "%s%s", all.length ? ", " : "", names[n_names]);
        found |= !strcmp(names[n_names++], kind);
    }
    if (!found && s.best)
        cli_usage_error(cli, "there is no template for the kind '%s'; did you mean '%s'? There are: %s", kind, s.best,
                        text_string(&all));
    else if (!found)
        cli_usage_error(cli, "there is no template for the kind '%s'; there are: %s", kind, text_string(&all));
    text_release(&all);
    return found ? 0 : EXIT_USAGE;
}

static int make_it(const char *template, struct dirent **files, int n, const char *directory, const char *kind,
                   const char *name)
{
    hone_error err = HONE_ERROR_INIT;
    struct stat status;
    if (lstat(directory, &status) == 0)
        return cli_fail(EXIT_FAILED, "%s is there already; nothing was changed", directory);
    if (directory_make(directory, &err) != HONE_OK ||
        copy_all(template, files, n, directory, kind, name, &err) != HONE_OK)
        return cli_fail(EXIT_FAILED, "%s", err.msg);
    printf("%s: a %s plugin to start from. Next:\n  cd %s && make\n  hone plugin check ./%s-%s.so\n", directory, kind,
           directory, kind, name);
    return EXIT_OK;
}

static int run(const struct cli *cli)
{
    const char *kind = cli->arguments[0], *name = cli->arguments[1];
    const char *directory = cli_value(cli, "directory") ? cli_value(cli, "directory") : name;
    struct dirent **files = NULL;
    char *template;
    int n, code;
    if (!verify_name(name))
        return cli_usage_error(cli, "'%s' cannot name a plugin: lower-case letters, digits and _, a letter first",
                               name);
    if (!(template = find_template()))
        return cli_fail(EXIT_FAILED, "the SDK's template is not installed (" HONE_DATA_DIR "/template)");
    if ((n = scandir(template, &files, is_plain, alphasort)) < 0)
        code = cli_fail(EXIT_FAILED, "%s: %s", template, strerror(errno));
    else if ((code = check_kind(cli, files, n, kind)) == 0)
        code = make_it(template, files, n, directory, kind, name);
    for (int i = 0; i < n; i++)
        free(files[i]);
    free(files);
    free(template);
    return code;
}

const struct command command_plugin_new = {
    "plugin new",
    "start a plugin of your own from the template",
    "KIND NAME [options]",
    "Makes a folder with NAME.c, a Makefile that needs pkg-config alone, and a README.\n",
    options,
    2,
    2,
    run,
    0
};
