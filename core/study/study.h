/* SPDX-License-Identifier: MIT */
/* A study: the ask/tell loop between search, scheduler, workers and storage.
 *
 * Everything that decides runs in one thread. A round of the loop delivers what the workers said (in order of arrival, or of
 * the virtual clock when order = strict), asks for new points, commits all of that in one transaction, and only then tells the
 * workers: so what was acted upon is always in the storage, and a resumed study can replay its decisions. */
#ifndef HONE_STUDY_STUDY_H
#define HONE_STUDY_STUDY_H
#include "base/clock.h"
#include "config/composition.h"
#include "hone/reporter.h"
#include "hone/scheduler.h"
#include "hone/search.h"
#include "hone/storage.h"
#include "study/crew.h"
#include "study/space.h"
#include "study/table.h"

#include <signal.h>

/* A message of a worker, kept until its turn. */
struct held {
    enum crew_what what;
    int64_t step;
    uint32_t status, signal, n_values;
    int died;
    hone_value *values; /* names are copies */
    char *message, *component;
};

/* A virtual worker: one trial at a time. order = asynchronous has as many as there are workers; strict has `lag`, of which
 * `workers` compute at once. */
enum slot_phase {
    SLOT_IDLE,
    SLOT_QUEUED,    /* decided what to do next (start, go on, stop): waits for the commit and for a free worker */
    SLOT_COMPUTING, /* the worker works */
    SLOT_HELD       /* the worker waits, its message is held */
};
struct slot {
    enum slot_phase phase;
    struct trial *trial;
    double at;        /* virtual time of the message held, or before which none can come */
    int starting;     /* QUEUED: to be started, not answered */
    uint32_t verdict; /* QUEUED and not starting */
    struct held held;
    struct held end; /* how the worker died while it waited for a verdict; what == CREW_OUTCOME: there is one */
    double since;    /* monotonic seconds at the start */
    int64_t step;    /* last heard of, for display */
};

enum study_end {
    STUDY_BUDGET = 1,  /* trials or time spent */
    STUDY_SPENT = 2,   /* the search has no more points */
    STUDY_STOPPED = 3, /* by a signal, or asked to */
    STUDY_RULE = 4,    /* target, patience, regret */
};

enum study_purpose {
    STUDY_TO_RUN,
    STUDY_TO_SETTLE, /* no trial is run: to deal with requests, then close */
    STUDY_TO_FILL    /* the same, and the study is made where there is none */
};

/* A trial as a record, with room for its texts. */
struct trial_record {
    hone_trial_record record;
    hone_parameter_record *parameters; /* (n_dims) */
    char (*texts)[32];                 /* (n_dims) */
};

/* Files of trials' states. What is not needed any more is removed after the commit that says so, unless a clone still begins
 * from it. */
struct checkpoints {
    struct crew_checkpoint *doomed; /* (n_doomed) */
    size_t n_doomed, doomed_capacity;
    struct trial **borrowers; /* (n_borrowers) clones without a checkpoint of their own yet */
    size_t n_borrowers, borrowers_capacity;
    uint64_t bytes; /* of all that is kept */
};

struct study {
    const struct composition *composition;
    const hone_host *host;     /* as given; components get `composing` */
    hone_host composing;       /* the same, and hone/compose.h: compose.c */
    struct composed *composed; /* opened through it */
    struct text notes;         /* of components, not told yet */
    int live;                  /* what is decided now is new, not replayed */
    struct crew *crew;
    struct space space;
    struct trial_table table;
    struct component search, scheduler, storage; /* search: a copy of scheduler where that proposes the points */
    struct component *reporters;
    size_t n_reporters;
    const hone_search_v1 *search_iface;
    const hone_scheduler_v1 *scheduler_iface;
    const hone_storage_v1 *storage_iface;
    struct verification *verify; /* NULL: the study runs */
    int64_t id;                  /* in the storage */
    int was_finished;            /* when it was found there */
    enum study_purpose purpose;
    hone_value *objectives; /* (n_values) names and directions */
    uint8_t *maximize;
    double *minimized; /* (n_values) scratch */
    int64_t max_step;  /* of a trial, as schedulers count; 0: unknown */
    int64_t
        length; /* of a run of the objective, in its own steps; 0: unknown. max_step, unless a step is a whole run: */
    int64_t repeats;      /* steps of a trial that measure the same point again (seeds, folds); 0: steps are progress */
    int64_t levels;       /* step k is a whole run at k/levels of the fidelity's maximum; 0: there is no fidelity */
    double *measured;     /* (n_values) of one repeat, as schedulers see it: scratch */
    double *deviations;   /* (n_values) scratch */
    char *stop_key;       /* of the objective's section: ends a trial after so many steps; NULL: none */
    char *length_metric;  /* result that says how many steps the kept state stands for; NULL: none */
    uint8_t *derivatives; /* (n_values, n_dims) 1: the objective reports it; NULL: it reports none */
    int has_final;        /* the objective can train the winner on all data */
    struct slot *slots;
    unsigned n_slots, n_computing, workers;
    struct trial **rerun; /* found running when the study was resumed, by number */
    size_t n_rerun, next_rerun;
    double *given;           /* (n_given, n_dims) points to try before the search is asked; NaN: left to be drawn */
    int64_t *given_requests; /* (n_given) the request that brought it; 0: it is of the INI */
    uint64_t n_given, given_capacity;
    int64_t last_point; /* request of the last point taken in */
    double listened;    /* monotonic: when requests were last looked for */
    int asked_to_stop;  /* by a request, not by a signal */
    char ending[200];   /* by which rule the study ends, "KEY=VALUE: why"; "": by none so far */
    char ended[200];    /* why it ended, in words, for the storage */
    struct checkpoints checkpoints;
    double *cloned_x;                       /* (n_dims) scratch: the point of a clone */
    uint64_t sequence;                      /* of the next event */
    uint64_t before;                        /* trials that had ended when this run began */
    double now;                             /* virtual */
    const struct component *waiting, *done; /* the search or the scheduler, where it said HONE_WAIT, HONE_DONE */
    int nothing_to_resume;                  /* no new trial may start, and the scheduler has nothing else for now */
    unsigned bad_points;                    /* in a row */
    double began, ticked;                   /* monotonic */
    int in_transaction;
    int storage_failed; /* what the transaction holds may be half a decision: it must not be committed */
    struct trial_record record, best_record;
    const struct trial *best_recorded;
    hone_worker_status *worker_status;
    const volatile sig_atomic_t *signalled; /* number of SIGINT, SIGTERM so far */
    int cancelled;
    hone_terminal terminal;
};

struct study_options {
    const struct composition *composition;
    const hone_host *host; /* for plugins that run here */
    struct crew *crew;
    unsigned workers; /* how many may compute at once */
    const hone_terminal *terminal;
    const volatile sig_atomic_t *signalled;
    struct verification *verify; /* NULL: to run. Otherwise the storage is read only, and the replay is all there is */
    enum study_purpose purpose;
};
/* What a replay of recorded decisions came to. */
struct verification {
    uint64_t decisions;   /* asked and judged again */
    char difference[400]; /* the first answer that is not as recorded; "": there is none */
};
/* Opens the storage and the plugins, waits for the first worker to describe the objective, and replays what the storage has
 * of a study of this name. Errors about the INI name their section's key in err->param ("study.objectives"). */
hone_rc study_open(struct study *study, const struct study_options *options, hone_error *err);
/* Runs until the budget is spent, the search is done, or a signal came. */
hone_rc study_run(struct study *study, enum study_end *end, hone_error *err);
/* Trains the winner once more, on all but the test data, and keeps what comes of it. HONE_WAIT: there is nothing to do. */
hone_rc study_final(struct study *study, hone_error *err);
/* Deals with what other processes asked of a study that was opened to settle. */
hone_rc study_settle(struct study *study, hone_error *err);
void study_close(struct study *study);
/* Of what a resolved INI means, whatever the study's name and seeds are, and the keys that may change from run to run. */
uint64_t study_settings_hash(const char *resolved);

/* ---- between the files of this folder ---- */

/* record.c: what goes into the storage */
hone_rc study_begin(struct study *study, hone_error *err); /* a transaction, if none is open */
hone_rc study_commit(struct study *study, hone_error *err);
void study_rollback(struct study *study);
/* The result of a write. After one that failed, the transaction may hold half a decision. */
hone_rc study_written(struct study *study, hone_rc rc);
hone_rc study_put_report(struct study *study, const hone_report_record *report, hone_error *err);
hone_rc study_put_attachment(struct study *study, const struct crew_event *event, uint32_t final, hone_error *err);
hone_rc study_put_study(struct study *study, uint32_t state, hone_error *err);
hone_rc study_put_trial(struct study *study, const struct trial *trial, const struct held *outcome, hone_error *err);
hone_rc study_put_event(struct study *study, uint32_t what, const struct trial *trial, int64_t step, uint32_t verdict,
                        const char *text, hone_error *err);
void study_fill_record(const struct study *study, const struct trial *trial, struct trial_record *record);
hone_rc trial_record_init(struct trial_record *record, uint32_t n_dims, hone_error *err);
void trial_record_release(struct trial_record *record);

/* measure.c: from names to the study's values */
void measure_values(const struct study *study, const hone_value *values, uint32_t n, double *out);
void measure_constraints(const struct study *study, const hone_value *values, uint32_t n, double *out);
/* One name that the INI uses against those that the objective will report; tested: trials are tested at once (evaluate = test).
 * *direction, where not said, becomes the metric's. */
hone_rc study_check_metric(const hone_description *d, const char *name, int tested, const char *key,
                           uint32_t *direction, hone_error *err);
/* The derivatives among the values, into trial->gradient, and what the trial moved, into trial->tuned. HONE_ENOMEM. */
hone_rc measure_for_search(const struct study *study, const hone_value *values, uint32_t n, struct trial *trial,
                           hone_error *err);
/* Those that the objective says it will report, into study->derivatives. HONE_ENOMEM. */
hone_rc measure_promised(struct study *study, const hone_description *d, hone_error *err);
const double *study_minimize(const struct study *study, const double *values); /* into study->minimized */
/* After a step: whether it is the trial's best so far. */
void study_note_best(const struct study *study, struct trial *trial);
/* Where steps are repeats: what the trial's values and constraints have from one step becomes the means so far. */
void study_take_repeat(struct study *study, struct trial *trial);
/* The trial is over: the outcome's values become those of all its steps. */
hone_rc study_conclude_repeats(struct trial *trial, struct held *outcome, hone_error *err);
/* 1: a trial is nothing but its reports, and goes on behind them without a checkpoint. */
int study_is_stateless(const struct study *study);
/* Virtual time of the next news of a trial that runs. */
double study_next_time(const struct study *study, const struct trial *trial);

/* call.c: every call of a plugin that decides or reports, with whom to blame for it */
struct guard;
void study_enter(const struct component *component, struct guard *guard);
/* rc of the call, with what the plugin said put into context: "search 'tpe' failed to VERB: ..." */
hone_rc study_leave(const struct component *component, const struct guard *guard, const char *verb, hone_rc rc,
                    hone_error *err);
hone_rc study_tell_search(struct study *study, const struct trial *trial, hone_error *err);
hone_rc study_ask_search(struct study *study, uint64_t number, double *x, hone_error *err);
/* The next order: HONE_OK, HONE_WAIT, HONE_DONE. number: of the trial that would be new. order->x is study->cloned_x. */
hone_rc study_ask_scheduler(struct study *study, uint64_t number, int may_start, hone_order *order, hone_error *err);
hone_rc study_check_order(const struct study *study, const hone_order *order, hone_error *err);
/* Tells the search how a trial stands: over, or paused. */
hone_rc study_report_scheduler(struct study *study, const struct trial *trial, uint32_t *verdict, hone_error *err);

/* order.c: trials that pause and go on */
hone_rc study_resume_trial(struct study *study, struct trial *trial, int64_t until, hone_error *err);
hone_rc study_clone_trial(struct study *study, const hone_order *order, hone_error *err);
hone_rc study_pause_trial(struct study *study, struct trial *trial, hone_error *err);
/* Where a trial that was ordered until `until` is to pause: nowhere, where that is its end. */
int64_t study_pause_step(const struct study *study, int64_t until);

/* points.c: points that the user gives */
hone_rc study_points_init(struct study *study, hone_error *err);
/* Whether the composition's points can be met, its conditions and relations included. The message names the key. */
hone_rc study_check_points(const struct composition *composition, hone_error *err);
/* The next one, what it leaves out drawn for this trial; study->n_given is not 0. */
hone_rc study_take_point(struct study *study, const struct trial *trial, double *x, int64_t *request, hone_error *err);
/* One more, at the end; row: (n_dims), NaN: left to be drawn. */
hone_rc study_add_point(struct study *study, const double *row, int64_t request, hone_error *err);
/* 1 where some point of the space has the row's values, which are brought to the nearest ones allowed; x: (n_dims) such a one. */
int study_point_possible(const struct study *study, double *row, double *x);
/* A trial has tried x: the point it comes from is not tried again. */
void study_point_tried(struct study *study, const double *x);
/* "KEY=VALUE" lines of a point, and back (0: they are not that). x: (n_dims), NaN where there is no line. */
hone_rc study_point_text(struct study *study, const struct trial *trial, struct text *text, hone_error *err);
int study_point_parse(const struct study *study, const char *lines, double *x);

/* requests.c: what other processes ask of the study, while it runs or not */
/* Deals with what there is, at most every STUDY_TICK; within a transaction that is left open. final: only a stop counts. */
hone_rc study_hear_requests(struct study *study, int final, hone_error *err);
/* All that was asked before the study began to run: a stop is of an earlier run. */
hone_rc study_forget_stops(struct study *study, hone_error *err);
/* The request of a point is dealt with: its trial has begun. */
hone_rc study_drop_request(struct study *study, int64_t request, hone_error *err);

/* ending.c: rules by which a study ends before its budget is spent */
/* After the end of a trial; the first rule that is met is recorded. */
hone_rc study_look_for_end(struct study *study, const struct trial *trial, hone_error *err);
/* 1 where a rule is met as the study stands; text: as in study->ending. */
int study_rule_met(struct study *study, char *text, size_t n, hone_rc *rc, hone_error *err);
/* 1 where the settings still have the rule by which the text says that the study ended. */
int study_rule_holds(const struct study *study, const char *text);
/* What the rules need: one objective, a search that gives a bound. HONE_EINVAL names the key. */
hone_rc study_check_rules(const struct study *study, hone_error *err);

/* checkpoint.c: files of trials' states */
hone_rc study_take_checkpoint(struct study *study, struct trial *trial, const struct crew_checkpoint *checkpoint,
                              hone_error *err);
/* A trial has paused; is over: what it does not need any more is doomed. */
hone_rc study_checkpoint_paused(struct study *study, struct trial *trial, hone_error *err);
hone_rc study_checkpoint_over(struct study *study, struct trial *trial, hone_error *err);
/* A clone begins from another's checkpoint. */
hone_rc study_checkpoint_borrow(struct study *study, struct trial *trial, const struct trial *from, hone_error *err);
void study_checkpoints_sweep(struct study *study); /* after a commit */
void study_checkpoints_tidy(struct study *study);  /* removes files that no trial of the study knows of */
hone_rc study_checkpoints_end(struct study *study, hone_error *err); /* the study is over: nothing can go on any more */
void study_checkpoints_release(struct study *study);

/* decide.c: search and scheduler hear and answer */
/* A trial is over: kept, and told to all who want to know. outcome: what it came to. */
hone_rc study_end_trial(struct study *study, struct trial *trial, uint32_t state, struct held *outcome,
                        hone_error *err);
/* Whether every objective was measured, as a complete trial must have; says in message what is missing. */
int study_is_measured(const struct study *study, const struct trial *trial, const struct held *held, char *message,
                      size_t n);
int study_may_start(const struct study *study);   /* as far as the number of trials goes, and points of the search */
int study_budget_left(const struct study *study); /* more trials may be started, as far as [study] goes */
hone_rc study_fill_slots(struct study *study, hone_error *err);
hone_rc study_deliver(struct study *study, struct slot *slot, hone_error *err);

/* compose.c: what components that run here may ask of the host */
void study_compose_init(struct study *study);
void study_compose_release(struct study *study);
/* Tells what components noted: reporters and the storage; nothing but forgets it while not live. */
hone_rc study_flush_notes(struct study *study, hone_error *err);

/* open.c: why the first worker did not get ready, with the key at fault */
hone_rc study_not_ready(const struct crew_event *event, hone_error *err);

/* loop.c */
#define STUDY_TICK 0.2 /* seconds between ticks of the reporters */
/* before: (n_before) metrics of the trial from when it ran already; what it tuned then takes the place of its point's. */
hone_rc study_start_on_worker(struct study *study, struct slot *slot, uint32_t flags, int64_t until,
                              const hone_value *before, uint32_t n_before, hone_error *err);
hone_rc study_tick(struct study *study, hone_error *err);
hone_rc study_worker_ready(const struct crew_event *event, hone_error *err); /* an error where it is not */

/* replay.c: a study found in the storage */
hone_rc study_replay(struct study *study, hone_error *err);

/* news.c: reporters */
hone_rc study_tell_reporters(struct study *study, uint32_t what, const struct trial *trial, const struct held *outcome,
                             const hone_report_record *report, const char *text, hone_error *err);
hone_rc study_tell_note(struct study *study, const char *text, hone_error *err);
void held_release(struct held *held);
hone_rc held_copy(struct held *held, const struct crew_event *event, hone_error *err);
#endif
