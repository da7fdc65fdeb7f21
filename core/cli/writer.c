/* SPDX-License-Identifier: MIT */
/* Reporters that write: which one a file's name asks for, and where its bytes go. */
#include "cli/writer.h"

#include "base/file.h"
#include "hone/param.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* ---- choosing ---- */

static int can_write(const struct catalog_component *c, uint32_t flags)
{
    return !strcmp(c->kind_id, HONE_KIND_REPORTER) && catalog_has_hook(c, "write") && (c->iface_flags & flags) == flags;
}

/* Length of the suffix that the path ends with, its dot included; 0: none. '_' stands for a dot. */
static size_t fits(const char *suffixes, const char *path)
{
    const size_t length = strlen(path);
    size_t best = 0;
    for (const char *at = suffixes; *at; at += strcspn(at, " "), at += *at == ' ') {
        const size_t n = strcspn(at, " ");
        size_t i = 0;
        if (length < n + 2 || path[length - n - 1] != '.') /* more than the suffix alone */
            continue;
        while (i < n && (at[i] == '_' ? path[length - n + i] == '.' : !strncasecmp(at + i, path + length - n + i, 1)))
            i++;
        if (i == n && n + 1 > best)
            best = n + 1;
    }
    return best;
}

/* "csv (.csv), html (.html .htm)" */
static void list(const struct catalog *catalog, uint32_t flags, struct text *out)
{
    const struct catalog_component *const *all;
    const size_t n = catalog_components(catalog, &all);
    for (size_t i = 0; i < n; i++) {
        if (!can_write(all[i], flags))
            continue;
        text_addf(out, "%s%s", out->length ? ", " : "", all[i]->name);
        for (const char *at = all[i]->suffixes; *at; at += strcspn(at, " "), at += *at == ' ') {
            const size_t length = strcspn(at, " ");
            text_add(out, at == all[i]->suffixes ? " (." : " .");
            for (size_t k = 0; k < length; k++)
                text_addf(out, "%c", at[k] == '_' ? '.' : at[k]);
        }
        text_add(out, *all[i]->suffixes ? ")" : "");
    }
    if (!out->length)
        text_add(out, "none");
}

static const struct catalog_component *by_path(const struct catalog *catalog, const char *path, uint32_t flags,
                                               const struct catalog_component **rival)
{
    const struct catalog_component *const *all, *found = NULL;
    const size_t n = catalog_components(catalog, &all);
    size_t best = 0;
    *rival = NULL;
    for (size_t i = 0; i < n; i++) {
        const size_t length = !can_write(all[i], flags) ? 0 : path ? fits(all[i]->suffixes, path) : !*all[i]->suffixes;
        if (!length || length < best)
            continue;
        *rival = length == best ? found : NULL;
        found = all[i];
        best = length;
    }
    return found;
}

const struct catalog_component *writer_choose(const struct catalog *catalog, const struct cli *cli, const char *use,
                                              const char *path, uint32_t flags, int *code)
{
    const struct catalog_component *found, *rival = NULL;
    hone_error err = HONE_ERROR_INIT;
    struct text names = TEXT_INIT;
    list(catalog, flags, &names);
    if (use) {
        found = catalog_find(catalog, "reporter", use, &err);
        if (found && !can_write(found, flags)) {
            *code = cli_usage_error(cli, "--use %s: it cannot; those that can: %s", use, text_string(&names));
            found = NULL;
        } else if (!found) {
            *code = cli_fail(EXIT_PLUGIN, "%s", err.msg);
        }
    } else if (!(found = by_path(catalog, path, flags, &rival))) {
        *code = path ? cli_usage_error(cli, "-o %s: no reporter is for files that end so; name one with --use: %s",
                                       path, text_string(&names))
                     : cli_usage_error(cli, "say where to with -o FILE, or how with --use: %s", text_string(&names));
    } else if (rival) {
        *code = cli_usage_error(cli, "both %s and %s are for that: name one with --use", rival->name, found->name);
        found = NULL;
    }
    text_release(&names);
    return found;
}

/* ---- writing ---- */

static int64_t write_file(void *ctx, const void *buffer, uint64_t n)
{
    return file_stream_write(ctx, buffer, (size_t)n) < 0 ? -1 : (int64_t)n;
}

static int64_t write_standard(void *ctx, const void *buffer, uint64_t n)
{
    (void)ctx;
    return fwrite(buffer, 1, (size_t)n, stdout) == n ? (int64_t)n : -1;
}

/* 1 where both name one file: what is read would be overwritten. */
static int same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int failed(const struct catalog_component *entry, hone_rc rc, const hone_error *err)
{
    return cli_fail(EXIT_FAILED, "%s: %s", entry->name,
                    err->msg[0]         ? err->msg
                    : rc == HONE_ENOMEM ? "out of memory"
                                        : "it gave no reason");
}

static int write_into(struct kept *kept, const struct component *reporter, const char *path)
{
    const hone_reporter_v1 *iface = reporter->loaded->iface;
    hone_error err = HONE_ERROR_INIT;
    struct file_stream stream = { .fd = -1 };
    hone_ostream out = { NULL, write_standard };
    kept->view.path = path;
    kept->view.out = NULL;
    if (!(iface->flags & HONE_REPORTER_PATH)) {
        if (path && file_stream_open(&stream, path, &err) != HONE_OK)
            return cli_fail(EXIT_FAILED, "%s", err.msg);
        if (path)
            out = (hone_ostream){ &stream, write_file };
        kept->view.out = &out;
    }
    hone_rc rc = iface->write(reporter->self, &kept->view, &err);
    if (stream.error) /* the reason behind whatever the reporter makes of it */
        hone_fail(&err, HONE_EIO, NULL, "cannot write %.150s: %s", path, strerror(stream.error));
    if (rc == HONE_OK && stream.fd >= 0)
        rc = file_stream_close(&stream, &err);
    file_stream_drop(&stream);
    kept->view.out = NULL; /* it ends here */
    if (rc != HONE_OK && !path && ferror(stdout))
        return cli_finish(EXIT_OK); /* says so, unless nobody reads any more */
    return rc == HONE_OK ? EXIT_OK : failed(reporter->entry, rc, &err);
}

int writer_write(const struct catalog_component *entry, const struct cli *cli, const struct stored *storage,
                 const char *url, const char *path, const struct setting_text *settings, size_t n)
{
    struct kept kept = { 0 };
    struct component reporter = COMPONENT_INIT;
    char *absolute = path ? path_absolute(NULL, path) : NULL;
    const char *file = strrchr(url, ':') ? strrchr(url, ':') + 1 : url;
    int code = 0;
    if (path && !absolute)
        code = cli_fail(EXIT_FAILED, "out of memory");
    else if (!path && entry->iface_flags & HONE_REPORTER_PATH)
        code = cli_usage_error(cli, "%s writes no stream: say where to with -o", entry->name);
    else if (path && (same_file(file, absolute) || same_file(url, absolute)))
        code = cli_usage_error(cli, "-o %s: that is the storage itself", path);
    if (code == 0 && (code = kept_open(&kept, cli, storage, url)) == 0 && entry->iface_flags & HONE_REPORTER_ONE &&
        kept.view.n_studies > 1)
        code = cli_usage_error(cli, "%s is of one study, %s holds %u: say which with --study NAME", entry->name, url,
                               kept.view.n_studies);
    if (code == 0 && (code = chosen_create(&reporter, storage->catalog, entry, cli, settings, n,
                                           kept.view.studies[0]->record->seed)) == 0)
        code = write_into(&kept, &reporter, absolute);
    component_destroy(&reporter);
    kept_release(&kept);
    free(absolute);
    return code;
}
