/* SPDX-License-Identifier: MIT */
/* The worker's life: hear the set-up, describe the objective, evaluate trials until the channel ends. */
#include "worker/worker.h"

#include "base/version.h"
#include "config/composition.h"
#include "hone/rng.h"
#include "worker/checkpoint.h"
#include "worker/components.h"
#include "worker/data_cache.h"
#include "worker/trial_run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    LOG_MAX_BYTES = 2048,     /* a longer message is cut */
    REPEAT_STREAM = 0x7265700 /* of a trial's seed: the seeds of its second, third, ... run */
};

struct worker {
    hone_host host; /* what plugins see; impl points back here */
    struct channel channel;
    struct shared_page *page;
    struct composition composition;
    struct trial_components components;
    char *directory;
    uint64_t seed; /* of the study */
    double checkpoint_interval;
};

/* SIGTERM only interrupts what the trial waits in; whether it is to end, the coordinator says in the shared page. */
static void on_terminate(int signal_number)
{
    (void)signal_number;
}

/* ---- what the host lends ---- */

static struct worker *worker_of(const hone_host *host)
{
    return (struct worker *)host->impl;
}

static void host_log(const hone_host *host, uint32_t level, const char *message)
{
    struct text frame =
        TEXT_INIT; /* of its own: any thread may log, also while the trial's thread puts a report together */
    char shown[LOG_MAX_BYTES];
    if (level < HONE_LOG_INFO || !message)
        return;
    snprintf(shown, sizeof shown, "%s", message);
    wire_begin(&frame, WIRE_LOG);
    wire_u32(&frame, level);
    wire_string(&frame, shown);
    channel_send(&worker_of(host)->channel, &frame, NULL); /* a coordinator that is gone shows elsewhere */
    text_release(&frame);
}

static uint32_t host_cancelled(const hone_host *host)
{
    return worker_of(host)->page->cancel != 0;
}

static uint32_t ext_count(const hone_host *host, const char *kind)
{
    return trial_components_count(&worker_of(host)->components, kind);
}

static hone_rc ext_get(const hone_host *host, const char *kind, uint32_t index, hone_instance *instance,
                       hone_error *err)
{
    return trial_components_get(&worker_of(host)->components, kind, index, instance, err);
}

static hone_rc ext_get_default(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                               hone_error *err)
{
    return trial_components_get_default(&worker_of(host)->components, kind, name, instance, err);
}

static const char *ext_installed(const hone_host *host, const char *kind, uint32_t index)
{
    return trial_components_installed(&worker_of(host)->components, kind, index);
}

static const char *ext_config_text(const hone_host *host)
{
    return trial_components_config_text(&worker_of(host)->components);
}

static const void *host_get_ext(const hone_host *host, const char *id)
{
    static const hone_components_v1 components = {
        sizeof components, 0, ext_count, ext_get, ext_get_default, ext_installed, ext_config_text
    };
    (void)host;
    return !strcmp(id, HONE_EXT_COMPONENTS) ? (const void *)&components
           : !strcmp(id, HONE_EXT_CACHE)    ? (const void *)&data_cache
                                            : NULL;
}

/* ---- set-up ---- */

static hone_rc worker_compose(struct worker *w, const char *config_text, const struct catalog_options *options,
                              hone_error *err)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config config = CONFIG_INIT;
    struct catalog *catalog = NULL;
    hone_rc rc = catalog_open(&catalog, options, err);
    if (rc != HONE_OK)
        return rc;
    if (config_read_text(&config, "resolved", "", config_text, strlen(config_text), &complaints) < 0 ||
        composition_make(&w->composition, &config, catalog, COMPOSE_TRAIN, &complaints) < 0)
        rc = hone_fail(err, HONE_EINVAL, NULL, "internal error: the resolved configuration does not read back: %.150s",
                       complaints.n ? complaints.items[0].message : "?");
    complaints_release(&complaints);
    config_release(&config);
    return rc; /* the catalog stays open as long as the process */
}

/* Makes the objective for the point begun in w->components. */
static hone_rc objective_create(struct worker *w, struct component *objective, uint64_t seed, hone_error *err)
{
    struct section_settings settings;
    const struct composed_section *section = w->composition.objective;
    hone_rc rc = composition_settings(&w->composition, section, w->components.point, w->components.n_point, &settings,
                                      err);
    if (rc != HONE_OK)
        return rc;
    rc = component_create(objective, w->composition.catalog, settings.component, &w->host, section->name, settings.own,
                          settings.n_own, hone_rng_derive(seed, 1), err);
    section_settings_release(&settings);
    return rc;
}

static void write_description(struct text *out, const hone_description *d)
{
    wire_u64(out, (uint64_t)d->max_step);
    wire_string(out, d->stop_key);
    wire_u32(out, d->any_space);
    wire_u32(out, d->any_metric);
    wire_u32(out, d->final);
    wire_u64(out, (uint64_t)d->repeats);
    wire_string(out, d->length_metric);
    wire_u32(out, d->n_metrics);
    for (uint32_t i = 0; i < d->n_metrics; i++) {
        wire_string(out, d->metrics[i].name);
        wire_u32(out, d->metrics[i].direction);
    }
    wire_u32(out, d->n_keys);
    for (uint32_t i = 0; i < d->n_keys; i++)
        wire_string(out, d->keys[i]);
    wire_u32(out, d->n_derivatives);
    for (uint32_t i = 0; i < d->n_derivatives; i++) {
        wire_string(out, d->derivatives[i].metric);
        wire_string(out, d->derivatives[i].key);
    }
}

static hone_rc worker_ready(struct worker *w, hone_rc rc, hone_error *why, hone_error *err)
{
    hone_description description = { .size = sizeof description };
    struct component objective = COMPONENT_INIT;
    struct text *out = &w->channel.out;
    trial_components_begin(&w->components, NULL, 0, w->seed);
    if (rc == HONE_OK && (rc = objective_create(w, &objective, w->seed, why)) == HONE_OK) {
        const hone_objective_v1 *iface = objective.loaded->iface;
        if (iface->describe)
            rc = iface->describe(objective.self, &description, why);
        if (rc == HONE_OK && description.stop_key && !(w->components.stop_key = strdup(description.stop_key)))
            rc = hone_fail(why, HONE_ENOMEM, NULL, "out of memory for the objective's description");
    }
    wire_begin(out, WIRE_READY);
    wire_u32(out, (uint32_t)rc);
    wire_string(out, rc == HONE_OK ? NULL : why->msg);
    wire_string(out, rc == HONE_OK ? NULL : why->param);
    wire_string(out, "objective");
    if (rc == HONE_OK)
        write_description(out, &description);
    component_destroy(&objective);
    trial_components_end(&w->components);
    return channel_send(&w->channel, out, err);
}

static hone_rc worker_set_up(struct worker *w, hone_error *err)
{
    struct wire_frame frame;
    struct catalog_options options = { 0 };
    hone_error why = HONE_ERROR_INIT;
    const char *paths[256];
    hone_rc rc = channel_receive(&w->channel, &frame, 0, err);
    if (rc != HONE_OK)
        return rc;
    if (frame.type != WIRE_SETUP)
        return hone_fail(err, HONE_EIO, NULL, "the coordinator does not begin with a set-up");
    const char *config = wire_get_string(&frame), *directory = wire_get_string(&frame);
    w->seed = wire_get_u64(&frame);
    const uint64_t memory = wire_get_u64(&frame);
    w->checkpoint_interval = wire_get_f64(&frame);
    options.no_default_path = (int)wire_get_u32(&frame);
    options.n_paths = wire_get_u32(&frame);
    if (options.n_paths > sizeof paths / sizeof *paths)
        return hone_fail(err, HONE_EINVAL, NULL, "more than %zu plugin paths", sizeof paths / sizeof *paths);
    for (size_t i = 0; i < options.n_paths; i++)
        paths[i] = wire_get_string(&frame);
    options.paths = paths;
    if (frame.failed || !config || !directory || !(w->directory = strdup(directory)))
        return hone_fail(err, HONE_EIO, NULL, "the coordinator's set-up cannot be read");
    if (memory) { /* malloc fails before the coordinator has to kill; RLIMIT_DATA counts private memory only, not mapped data sets */
        const struct rlimit limit = { memory, memory };
        setrlimit(RLIMIT_DATA, &limit);
    }
    rc = worker_compose(w, config, &options, &why);
    w->components.composition = &w->composition;
    w->components.host = &w->host;
    w->components.study_seed = w->seed;
    return worker_ready(w, rc, &why, err);
}

/* ---- trials ---- */

static hone_rc read_trial(struct worker *w, struct wire_frame *frame, struct trial_run *run, hone_setting **settings,
                          struct setting_text **point, hone_error *err)
{
    hone_trial *t = &run->trial;
    t->number = wire_get_u64(frame);
    t->attempt = wire_get_u64(frame);
    t->flags = wire_get_u32(frame);
    t->seed = wire_get_u64(frame);
    t->until = (int64_t)wire_get_u64(frame);
    run->reported = (int64_t)wire_get_u64(frame);
    run->level = (int64_t)wire_get_u64(frame);
    run->stopped = wire_get_u32(frame);
    t->n_settings = wire_get_u32(frame);
    t->study_seed = w->seed;
    t->directory = w->directory;
    *settings = calloc(t->n_settings + 1, sizeof **settings);
    *point = calloc(t->n_settings + 1, sizeof **point);
    if (!*settings || !*point)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a trial of %u settings", t->n_settings);
    for (uint32_t i = 0; i < t->n_settings; i++) {
        const char *key = wire_get_string(frame), *text = wire_get_string(frame);
        (*settings)[i] = (hone_setting){ key ? strdup(key) : NULL, text ? strdup(text) : NULL, wire_get_f64(frame) };
        if (!(*settings)[i].key || !(*settings)[i].text)
            return hone_fail(err, HONE_EIO, NULL, "a trial's setting cannot be read");
        (*point)[i] = (struct setting_text){ (*settings)[i].key, (*settings)[i].text };
    }
    t->settings = *settings;
    for (size_t i = 0; i < sizeof run->restore / sizeof *run->restore; i++) {
        run->restore[i].trial = wire_get_u64(frame);
        run->restore[i].step = (int64_t)wire_get_u64(frame);
        run->restore[i].size = wire_get_u64(frame);
        run->restore[i].checksum = wire_get_u64(frame);
    }
    run->checkpoint_interval = w->checkpoint_interval;
    return frame->failed ? hone_fail(err, HONE_EIO, NULL, "a trial that cannot be read") : HONE_OK;
}

static void log_damaged(void *ctx, const char *message)
{
    host_log(&((struct worker *)ctx)->host, HONE_LOG_WARN, message);
}

/* The objective, made for the seed that the trial has now, and run. */
static hone_rc run_once(struct worker *w, struct trial_run *run, hone_error *why)
{
    struct component objective = COMPONENT_INIT;
    hone_rc rc = objective_create(w, &objective, run->trial.seed, why);
    if (rc == HONE_OK) {
        const hone_objective_v1 *iface = objective.loaded->iface;
        run->trial.entering(&run->trial, w->composition.objective->name);
        rc = iface->run(objective.self, &run->trial, why);
        if (rc < 0 && !why->msg[0])
            snprintf(why->msg, sizeof why->msg, "failed with code %d and no message", rc);
    }
    component_destroy(&objective);
    return rc;
}

/* Whole runs of the objective, each of which is a step of the trial: repeats, or one level of a fidelity. */
static hone_rc run_as_steps(struct worker *w, struct trial_run *run, const struct setting_text *point, uint32_t n,
                            int64_t repeats, hone_error *why)
{
    const uint64_t seed = run->trial.seed;
    const int64_t first = run->level ? run->level - 1 : run->reported, last = run->level ? run->level : repeats;
    hone_rc rc = HONE_OK;
    for (int64_t step = first; step < last && rc == HONE_OK; step++) {
        trial_run_inner(run, run->level ? 0 : step);
        if (run->repeat) {
            run->trial.seed = hone_rng_derive(seed, REPEAT_STREAM + run->repeat);
            trial_components_end(&w->components);
            trial_components_begin(&w->components, point, n, run->trial.seed);
        }
        if ((rc = run_once(w, run, why)) == HONE_OK)
            rc = trial_run_step(run, step + 1, why);
    }
    return rc;
}

static hone_rc worker_trial(struct worker *w, struct wire_frame *frame, hone_error *err)
{
    struct trial_run run = { 0 };
    hone_setting *settings = NULL;
    struct setting_text *point = NULL;
    hone_error why = HONE_ERROR_INIT;
    hone_rc rc = read_trial(w, frame, &run, &settings, &point, err);
    const uint32_t n = run.trial.n_settings;
    if (rc != HONE_OK)
        goto out;
    trial_run_begin(&run, &w->channel, w->page);
    trial_components_begin(&w->components, point, n, run.trial.seed);
    w->components.trial_number = run.trial.number;
    w->components.until = run.trial.until;
    rc = checkpoints_check(&run, log_damaged, w, &why);
    if (rc == HONE_OK)
        rc = composition_check_point(&w->composition, point, n, &why);
    if (rc == HONE_OK) {
        const int64_t repeats = run.trial.flags & HONE_TRIAL_FINAL ? 1 : w->composition.study.repeats;
        rc = run.stopped                    ? trial_run_stopped(&run)
             : repeats > 1 || run.level > 0 ? run_as_steps(w, &run, point, n, repeats, &why)
                                            : run_once(w, &run, &why);
    }
    rc = trial_run_finish(&run, rc, &why, err);
    trial_components_end(&w->components);
out:
    trial_run_release(&run);
    for (uint32_t i = 0; settings && i < n; i++) {
        free((char *)(uintptr_t)settings[i].key);
        free((char *)(uintptr_t)settings[i].text);
    }
    free(settings);
    free(point);
    return rc;
}

static hone_rc worker_start(struct worker *w, hone_error *err)
{
    /* on a stack of its own: generated code of oneDNN may keep data below the stack pointer, where a handler would write */
    static char handler_stack[32768];
    const stack_t alternate = { .ss_sp = handler_stack, .ss_size = sizeof handler_stack };
    struct sigaction terminate = { .sa_handler = on_terminate, .sa_flags = SA_ONSTACK };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    const pid_t coordinator = getppid();
    /* whoever kills the coordinator means the workers, too */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "hone-worker"); /* for ps and top: it was started as /proc/self/exe */
    if (getppid() != coordinator || fcntl(WORKER_CHANNEL_FD, F_SETFD, FD_CLOEXEC) < 0 ||
        fcntl(WORKER_PAGE_FD, F_SETFD, FD_CLOEXEC) < 0)
        return hone_fail(err, HONE_EINVAL, NULL, "a worker is started by 'hone run', not by hand");
    w->page = mmap(NULL, sizeof *w->page, PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_PAGE_FD, 0);
    if (w->page == MAP_FAILED)
        return hone_fail(err, HONE_EINVAL, NULL, "a worker is started by 'hone run', not by hand");
    sigaltstack(&alternate, NULL);
    sigaction(SIGTERM, &terminate, NULL);
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    w->host = (hone_host){ sizeof w->host, HONE_ABI_MAJOR, HONE_ABI_MINOR, HONE_VERSION, w,
                           host_log,       host_cancelled, host_get_ext };
    return channel_init(&w->channel, WORKER_CHANNEL_FD, &w->page->cancel, err);
}

int worker_main(void)
{
    struct worker worker = { 0 };
    struct wire_frame frame;
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc = worker_start(&worker, &err);
    if (rc == HONE_OK)
        rc = worker_set_up(&worker, &err);
    while (rc == HONE_OK && (rc = channel_receive(&worker.channel, &frame, 0, &err)) == HONE_OK)
        if (frame.type == WIRE_TRIAL) /* a verdict may come late, for a trial that was ended meanwhile */
            rc = worker_trial(&worker, &frame, &err);
    if (rc < 0 && rc != HONE_ECANCELED)
        fprintf(stderr, "hone worker: %s\n", err.msg);
    trial_components_release(&worker.components);
    if (worker.composition.catalog) {
        struct catalog *catalog = worker.composition.catalog;
        composition_release(&worker.composition);
        catalog_close(catalog);
    }
    free(worker.directory);
    channel_release(&worker.channel);
    return rc < 0 ? 1 : 0;
}
