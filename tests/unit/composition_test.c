/* SPDX-License-Identifier: MIT */
/* What INI files mean against a catalog of invented components; what is said of those that mean nothing. */
#include "config/composition.h"
#include "fake_catalog.h"
#include "harness.h"

#include <unistd.h>

static struct catalog *catalog;

struct made {
    struct config config;
    struct complaints complaints;
    struct composition composition;
    int rc;
    char said[8192]; /* the complaints as printed */
};

static void make_with(struct made *m, const char *ini, unsigned flags, const char *set)
{
    FILE *out;
    memset(m, 0, sizeof *m);
    if (!catalog)
        catalog = fake_catalog();
    m->rc = config_read_text(&m->config, "t.ini", "conf", ini, strlen(ini), &m->complaints);
    if (m->rc == 0 && set)
        m->rc = config_set(&m->config, set, &m->complaints);
    if (m->rc == 0)
        m->rc = composition_make(&m->composition, &m->config, catalog, flags, &m->complaints);
    CU_ASSERT_EQUAL(m->rc == 0, m->complaints.n == 0);
    out = fmemopen(m->said, sizeof m->said, "w");
    complaints_print(&m->complaints, out);
    fclose(out);
}

static void make(struct made *m, const char *ini)
{
    make_with(m, ini, 0, NULL);
    if (m->rc)
        printf("# %s", m->said);
    CU_ASSERT_EQUAL(m->rc, 0);
}

static void unmake(struct made *m)
{
    composition_release(&m->composition);
    config_release(&m->config);
    complaints_release(&m->complaints);
}

#define HEAD  "[study]\nobjectives = accuracy max\n[objective]\nuse = drill\n[dataset]\nuse = noise\n"
#define SPACE "[space]\nmodel.width = int 1 .. 512 log\n"

/* The only complaint is this one. */
static void refused(const char *ini, const char *expected)
{
    struct made m;
    char line[1024];
    make_with(&m, ini, 0, NULL);
    snprintf(line, sizeof line, "t.ini:%s\n", expected);
    if (strcmp(m.said, line) != 0)
        printf("# expected %s# found    %s", line, *m.said ? m.said : "nothing\n");
    CU_ASSERT_STRING_EQUAL(m.said, line);
    unmake(&m);
}

static void test_small_file(void)
{
    struct made m;
    make(&m, HEAD SPACE);
    const struct study_settings *s = &m.composition.study;
    char here[4096], expected[4200];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    CU_ASSERT_STRING_EQUAL(s->name, "study");
    CU_ASSERT_EQUAL(s->seed, 1);
    CU_ASSERT_EQUAL(s->trials, 100);
    CU_ASSERT(s->workers >= 1);
    CU_ASSERT_EQUAL(s->order, ORDER_ASYNCHRONOUS);
    CU_ASSERT_EQUAL(s->lag, 4);
    CU_ASSERT_EQUAL(s->final, 1);
    snprintf(expected, sizeof expected, "box:%s/study.db", here);
    CU_ASSERT_STRING_EQUAL(s->storage, expected);
    CU_ASSERT_STRING_EQUAL(m.composition.storage->name, "box");
    CU_ASSERT_STRING_EQUAL(m.composition.storage_location, expected + 4);
    snprintf(expected, sizeof expected, "%s/study.d", here);
    CU_ASSERT_STRING_EQUAL(s->directory, expected);
    CU_ASSERT_EQUAL(m.composition.n_objectives, 1);
    CU_ASSERT_STRING_EQUAL(m.composition.objectives[0].metric, "accuracy");
    CU_ASSERT_EQUAL(m.composition.objectives[0].direction, HONE_MAXIMIZE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m.composition.search);
    CU_ASSERT_STRING_EQUAL(m.composition.search->component->name, "plain");
    CU_ASSERT_STRING_EQUAL(m.composition.scheduler->component->name, "calm");
    CU_ASSERT_STRING_EQUAL(m.composition.objective->component->name, "drill");
    /* objective, dataset as written; search, scheduler, model, optimizer, metric.accuracy supplied behind them */
    CU_ASSERT_EQUAL(m.composition.n_sections, 7);
    CU_ASSERT_STRING_EQUAL(m.composition.sections[0].name, "objective");
    CU_ASSERT_STRING_EQUAL(m.composition.sections[1].name, "dataset");
    CU_ASSERT_EQUAL(m.composition.sections[1].explicit_, 1);
    CU_ASSERT_EQUAL(m.composition.sections[2].explicit_, 0);
    CU_ASSERT_STRING_EQUAL(m.composition.sections[6].name, "metric.accuracy");
    unmake(&m);
}

static void test_study_keys(void)
{
    struct made m;
    make(&m, "[study]\nname = a.b-1\nseed = 7\ntime = 20m\nworkers = 3\norder = strict\nlag = 2\ntrial_memory = "
             "2G\ntrial_time = 1h\n"
             "storage = cloud://host/db\ndirectory = /tmp/x/./y\nfinal = no\nobjectives = a min , b  max,c\n"
             "constraints = p <= 500000, q>1e-3\n[objective]\nuse = formula\n[space]\nx1 = real 0 .. 1\n");
    const struct study_settings *s = &m.composition.study;
    CU_ASSERT_STRING_EQUAL(s->name, "a.b-1");
    CU_ASSERT_EQUAL(s->seed, 7);
    CU_ASSERT_EQUAL(s->trials, 0);
    CU_ASSERT_EQUAL(s->time, 1200);
    CU_ASSERT_EQUAL(s->workers, 3);
    CU_ASSERT_EQUAL(s->order, ORDER_STRICT);
    CU_ASSERT_EQUAL(s->lag, 2);
    CU_ASSERT_EQUAL(s->trial_memory, 2147483648);
    CU_ASSERT_EQUAL(s->trial_time, 3600);
    CU_ASSERT_EQUAL(s->final, 0);
    CU_ASSERT_STRING_EQUAL(s->storage, "cloud://host/db");
    CU_ASSERT_STRING_EQUAL(m.composition.storage_location, "//host/db");
    CU_ASSERT_STRING_EQUAL(s->directory, "/tmp/x/y");
    CU_ASSERT_EQUAL_FATAL(m.composition.n_objectives, 3);
    CU_ASSERT_STRING_EQUAL(m.composition.objectives[1].metric, "b");
    CU_ASSERT_EQUAL(m.composition.objectives[1].direction, HONE_MAXIMIZE);
    CU_ASSERT_EQUAL(m.composition.objectives[2].direction, HONE_NO_DIRECTION);
    CU_ASSERT_EQUAL(m.composition.objectives[1].place.column, 22);
    CU_ASSERT_EQUAL_FATAL(m.composition.n_constraints, 2);
    CU_ASSERT_STRING_EQUAL(m.composition.constraints[0].text, "p <= 500000");
    CU_ASSERT_EQUAL(m.composition.constraints[0].bound, 500000);
    CU_ASSERT_EQUAL(m.composition.constraints[1].op, HONE_GT);
    CU_ASSERT_EQUAL(m.composition.constraints[1].bound, 1e-3);
    unmake(&m);
}

static void test_bad_study(void)
{
#define REST "[objective]\nuse = formula\n[space]\nx = real 0 .. 1\n"
    refused("[study]\n" REST,
            "1:1: error: [study] needs objectives: what to optimize, such as objectives = validation.accuracy max");
    refused("[study]\nobjectives =\n" REST,
            "2:13: error: [study] needs objectives: what to optimize, such as objectives = validation.accuracy max");
    refused("[study]\nobjectives = a up\n" REST,
            "2:14: error: an objective is a metric and min or max, not 'a up'; several are separated by commas");
    refused("[study]\nobjectives = a, a min\n" REST, "2:17: error: the objective 'a' is there twice");
    refused("[study]\nobjectives = a,,b\n" REST, "2:16: error: empty element in objectives");
    refused("[study]\nobjectives = max a\n" REST,
            "2:14: error: an objective is a metric and min or max, not 'max a'; several are separated by commas");
    refused("[study]\nobjectives = a\nconstraints = b = 3\n" REST,
            "3:15: error: a constraint is a metric, <=, >=, < or >, and a number: model.parameters <= 500000");
    refused("[study]\nobjectives = a\nconstraints = b <= 1k\n" REST,
            "3:15: error: a constraint is a metric, <=, >=, < or >, and a number: model.parameters <= 500000");
    refused("[study]\nobjectives = a\nworkers = 0\n" REST,
            "3:11: error: workers = 0 is neither auto nor a whole number in [1, 4096]");
    refused("[study]\nobjectives = a\ntrails = 3\n" REST,
            "3:1: error: unknown key 'trails' in [study]; did you mean 'trials'?");
    refused("[study]\nobjectives = a\ntrials = 1e3\n" REST,
            "3:10: error: trials = 1e3 is not a whole number of trials (study)");
    refused("[study]\nobjectives = a\norder = strictly\n" REST,
            "3:9: error: order = strictly is none of asynchronous, strict; did you mean 'strict'? (study)");
    refused("[study]\nobjectives = a\nlag = 3\n" REST,
            "3:1: error: 'lag' has no effect while order = asynchronous; it needs order = strict");
    refused("[study]\nobjectives = a\nname = a/b\n" REST,
            "3:8: error: name = a/b: a study's name has letters, digits, '.', '_' and '-', starts with none of '.' and "
            "'-', and has at "
            "most 100 characters");
    refused("[study]\nobjectives = a\nstorage = bix:x.db\n" REST,
            "3:11: error: unknown storage 'bix'; did you mean 'box'? (a path with ':' is written ./PATH)");
    refused("[study]\nobjectives = a\nepochs = 3\n[objective]\nuse = drill\n[dataset]\nuse = noise\n" SPACE,
            "3:1: error: unknown key 'epochs' in [study]; it is a key of [objective]");
}

static void test_sections(void)
{
    refused("[study]\nobjectives = a\n[space]\nx = real 0 .. 1\n",
            " error: there is no [objective] section: it says what a trial is; installed: drill, formula");
    refused("[study]\nobjectives = a\n[objective]\n[space]\nx = real 0 .. 1\n",
            "3:1: error: [objective] does not say which objective; write use = NAME with one of: drill, formula");
    refused("[study]\nobjectives = a\n[objective]\nuse = dril\n[space]\nx = real 0 .. 1\n",
            "4:7: error: unknown objective 'dril'; did you mean 'drill'?");
    refused("[study]\nobjectives = a\n[objective]\nuse = formula\n[space]\nx = real 0 .. 1\n[dataset]\nuse = noise\n",
            "7:1: error: [dataset] has no effect: objective 'formula' composes nothing");
    refused(HEAD SPACE "[transform.shuffle]\n",
            "9:1: error: [transform.shuffle] has no effect: objective 'drill' composes no transform");
    refused(HEAD SPACE "[modle]\n", "9:1: error: unknown section [modle]; did you mean [model]?");
    refused(HEAD SPACE "[regularisers.l2]\n",
            "9:1: error: unknown section [regularisers.l2]; did you mean [regularizer.l2]?");
    refused(HEAD SPACE "[dropout]\n", "9:1: error: unknown section [dropout]; did you mean [regularizer.dropout]?");
    refused(HEAD SPACE "[adam]\n", "9:1: error: unknown section [adam]; did you mean [optimizer] with use = adam?");
    refused(HEAD SPACE "[weather]\n", "9:1: error: unknown section [weather]; objective 'drill' knows no such kind");
    refused(HEAD SPACE "[model.mlp]\n", "9:1: error: there is one model: write [model] and in it use = mlp");
    refused(HEAD SPACE "[regularizer]\n",
            "9:1: error: there may be several of the kind regularizer: write [regularizer.NAME]");
    refused(HEAD SPACE "[regularizer.drop]\n",
            "9:1: error: unknown regularizer 'drop'; did you mean 'dropout'? (or name another with use = NAME)");
    refused(HEAD SPACE "[search]\nuse = cleverer\n", "10:7: error: unknown search 'cleverer'; did you mean 'clever'?");
    refused(HEAD SPACE "[search]\nenabled = no\n",
            "10:11: error: a study needs its search: [search] cannot be disabled");
    refused(HEAD SPACE "[search]\nenabled = maybe\n", "10:11: error: enabled = maybe is neither yes nor no");
    refused("[study]\nobjectives = a\n[objective]\nuse = drill\n" SPACE,
            "3:1: error: objective 'drill' needs a [dataset] section; installed: disk, noise");
    refused(HEAD SPACE "[metric.accuracy]\nenabled = no\n",
            "10:11: error: objective 'drill' needs a [metric.NAME] section that is enabled");
    refused(HEAD SPACE "[metric.accuracy]\n[metric.loss]\n[metric.x]\nuse = loss\n",
            "3:1: error: objective 'drill' composes at most 2 of the kind metric, not 3");
    refused(HEAD SPACE "[storage]\nuse = box\n",
            "9:1: error: unknown section [storage]; the storage is named by [study] storage");
}

/* Sections of a kind come by the stages of their components, then as in the INI; other kinds stay where they are. */
static void test_stages(void)
{
    static const char *const wanted[] = { "objective",           "dataset",
                                          "regularizer.l2",      "model",
                                          "regularizer.dropout", "regularizer.closing" };
    struct made m;
    struct text text = TEXT_INIT;
    make(&m, HEAD SPACE "[regularizer.closing]\n[model]\n[regularizer.l2]\n[regularizer.dropout]\n");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        CU_ASSERT_STRING_EQUAL(m.composition.sections[i].name, wanted[i]);
    composition_text(&m.composition, NULL, 0, &text); /* as the resolved INI shows it */
    CU_ASSERT(strstr(text_string(&text), "[regularizer.dropout]") <
              strstr(text_string(&text), "[regularizer.closing]"));
    text_release(&text);
    unmake(&m);
    make(&m, HEAD SPACE "[regularizer.l2]\n[regularizer.opening]\n");
    CU_ASSERT_STRING_EQUAL(m.composition.sections[2].name, "regularizer.opening");
    CU_ASSERT_STRING_EQUAL(m.composition.sections[2].component->conflicts, "averaging");
    CU_ASSERT_EQUAL(m.composition.sections[2].component->stage, -3);
    unmake(&m);
}

static void test_conflicts(void)
{
    struct made m;
    hone_error err = HONE_ERROR_INIT;
    refused(
        HEAD SPACE "[regularizer.closing]\n[regularizer.twin]\nuse = closing\n",
        "10:1: error: [regularizer.twin] closing cannot go with [regularizer.closing] closing (averaging): leave one "
        "of them out");
    refused(HEAD SPACE "[regularizer.closing]\n[regularizer.opening]\n",
            "9:1: error: [regularizer.closing] closing cannot go with [regularizer.opening] opening (averaging): leave "
            "one of them out");
    make(&m, HEAD SPACE "[regularizer.opening]\n[regularizer.twin]\nuse = opening\n[regularizer.l2]\n");
    CU_ASSERT_EQUAL(composition_check_point(&m.composition, NULL, 0, &err), HONE_OK); /* nobody provides it */
    unmake(&m);
    make(&m, HEAD SPACE "[regularizer.opening]\n[regularizer.closing]\nenabled = no\n");
    unmake(&m);
    /* where the point decides, the point is refused */
    make(&m, HEAD SPACE "regularizer.closing.enabled = choice yes, no\n[regularizer.opening]\n[regularizer.closing]\n");
    const struct setting_text without = { "regularizer.closing.enabled", "no" },
                              with = { "regularizer.closing.enabled", "yes" };
    CU_ASSERT_EQUAL(composition_check_point(&m.composition, &without, 1, &err), HONE_OK);
    CU_ASSERT_EQUAL(composition_check_point(&m.composition, &with, 1, &err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.param, "regularizer.closing.use");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "cannot go with [regularizer.opening]"));
    unmake(&m);
}

static void test_instances(void)
{
    struct made m;
    make(&m, HEAD SPACE "[regularizer.dropout]\nrate = 0.2\n[regularizer.first]\nuse = "
                        "l2\n[regularizer.hone.static.l2]\n[reporter.gazette]\n");
    const struct composition *c = &m.composition;
    CU_ASSERT_STRING_EQUAL(c->sections[2].name, "regularizer.dropout");
    CU_ASSERT_STRING_EQUAL(c->sections[2].component->name, "dropout");
    CU_ASSERT_STRING_EQUAL(c->sections[2].keys[0].text, "0.2");
    CU_ASSERT_EQUAL(c->sections[2].keys[0].place.line, 10);
    CU_ASSERT_EQUAL(c->sections[2].keys[0].place.column, 8);
    CU_ASSERT_STRING_EQUAL(c->sections[3].component->name, "l2");
    CU_ASSERT_STRING_EQUAL(c->sections[4].component->name, "l2");
    CU_ASSERT_STRING_EQUAL(c->sections[5].component->name, "gazette");
    unmake(&m);
}

/* A scheduler that proposes the points leaves nothing to a search, but may compose some. */
static void test_scheduler_that_proposes(void)
{
    struct made m;
    struct text text = TEXT_INIT;
    make(&m, HEAD SPACE "[scheduler]\nuse = prophet\n[search.clever]\nstrength = 2\n");
    CU_ASSERT_PTR_NULL(m.composition.search);
    CU_ASSERT_STRING_EQUAL(m.composition.scheduler->component->name, "prophet");
    composition_text(&m.composition, NULL, 0, &text);
    CU_ASSERT_PTR_NULL(strstr(text_string(&text), "[search]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&text), "[search.clever]\n"));
    unmake(&m);
    make(&m, text_string(&text)); /* reads back */
    CU_ASSERT_PTR_NULL(m.composition.search);
    text_release(&text);
    unmake(&m);
    refused(
        HEAD SPACE "[scheduler]\nuse = prophet\n[search]\nuse = clever\n",
        "11:1: error: [search] has no effect: scheduler 'prophet' proposes the points itself; leave [search] out, or "
        "use another scheduler");
    refused(HEAD SPACE "[search.clever]\n", "9:1: error: there is one search: write [search] and in it use = clever");
}

static void test_keys(void)
{
    refused(HEAD SPACE "[optimizer]\nleraning_rate = 1\n",
            "10:1: error: unknown key 'leraning_rate' in [optimizer] (sgd); did you mean 'learning_rate'?");
    refused(HEAD SPACE "[optimizer]\nbeta1 = 1\n",
            "10:1: error: unknown key 'beta1' in [optimizer] (sgd); it is a key of optimizer 'adam'");
    refused(HEAD SPACE "[model]\nmomentum = 1\n",
            "10:1: error: unknown key 'momentum' in [model] (mlp); it is a key of [optimizer]");
    refused(HEAD SPACE "[model]\nqqqq = 1\n",
            "10:1: error: unknown key 'qqqq' in [model] (mlp); `hone info model mlp` lists what there is");
    refused(HEAD SPACE "[optimizer]\nmomentum = 1\n", "10:12: error: momentum = 1 is outside [0, 1) (optimizer sgd)");
    refused(HEAD SPACE "[optimizer]\nlearning_rate = fast\n",
            "10:17: error: learning_rate = fast is not a number (optimizer sgd)");
    refused(
        HEAD SPACE "[optimizer]\nschedule = stepp\n",
        "10:12: error: schedule = stepp is none of constant, step, exponential; did you mean 'step'? (optimizer sgd)");
    refused(HEAD SPACE "[optimizer]\nnesterov = perhaps\n",
            "10:12: error: nesterov = perhaps is neither yes nor no (optimizer sgd)");
    refused(HEAD SPACE "[model]\nhidden = 10, 0\n", "10:10: error: hidden = 0 is outside [1, 65536] (model mlp)");
    refused(HEAD SPACE "[model]\nhidden = 10,, 20\n",
            "10:10: error: hidden = 10,, 20 has an empty element (model mlp)");
    refused(HEAD SPACE "[optimizer]\nstep_size = 3\n",
            "10:1: error: 'step_size' has no effect while schedule = constant; it needs schedule=step");
    refused(HEAD SPACE "[optimizer]\nschedule = exponential\nstep_size = 3\n",
            "11:1: error: 'step_size' has no effect while schedule = exponential; it needs schedule=step");
    refused(HEAD SPACE "[optimizer]\nuse = adam\n",
            "9:1: error: [optimizer] needs the key 'warm' (optimizer adam): Warm-up; there is no good default.");
    refused("[study]\nobjectives = a\n[objective]\nuse = drill\n[dataset]\nuse = noise\nvalidation = 1\n" SPACE,
            "7:14: error: validation = 1 is outside [0, 1) (dataset drill)");
}

static void test_slot_and_path_keys(void)
{
    struct made m;
    char here[4096], expected[4200];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    make(&m, "[study]\nobjectives = a\n[objective]\nuse = drill\nmemory = 4M\n[dataset]\nuse = disk\npath = "
             "data/x.csv\nvalidation = 0.2\n" SPACE);
    const struct composed_section *s = m.composition.sections + 1;
    CU_ASSERT_EQUAL_FATAL(s->n_keys, 4);
    snprintf(expected, sizeof expected, "%s/conf/data/x.csv", here); /* beside the INI */
    CU_ASSERT_STRING_EQUAL(s->keys[0].text, expected);
    CU_ASSERT_STRING_EQUAL(s->keys[1].text, "");
    CU_ASSERT_EQUAL(s->keys[3].of_slot, 1);
    CU_ASSERT_STRING_EQUAL(s->keys[3].text, "0.2");
    unmake(&m);
    make_with(&m, "[study]\nobjectives = a\n[objective]\nuse = drill\n[dataset]\nuse = disk\npath = data/x.csv\n" SPACE,
              0, "dataset.path=y");
    CU_ASSERT_EQUAL_FATAL(m.rc, 0);
    snprintf(expected, sizeof expected, "%s/y", here);
    CU_ASSERT_STRING_EQUAL(m.composition.sections[1].keys[0].text, expected);
    unmake(&m);
}

static void test_space(void)
{
#define S HEAD "[space]\n"
    refused(HEAD, " error: there is nothing to search: [space] needs lines such as SECTION.KEY = real LOW .. HIGH");
    refused(HEAD "[space]\n",
            "7:1: error: there is nothing to search: [space] needs lines such as SECTION.KEY = real LOW .. HIGH");
    refused(S "model.widht = int 1 .. 5\n",
            "8:1: error: 'model.widht': no key 'widht' in [model]; did you mean 'model.width'?");
    refused(S "modle.width = int 1 .. 5\n",
            "8:1: error: 'modle.width': there is no section [modle]; did you mean 'model.width'?");
    refused(S "width = int 1 .. 5\n", "8:1: error: 'width' names no section; did you mean 'model.width'?");
    refused(S "regularizer.dropout.rate = real 0 .. 0.5\n",
            "8:1: error: 'regularizer.dropout.rate': there is no section [regularizer.dropout]");
    refused(S "study.seed = int 1 .. 5\n",
            "8:1: error: 'study.seed' belongs to the study, not to a trial, and cannot be searched");
    refused(S "search.use = choice plain, clever\n",
            "8:1: error: 'search.use' belongs to the study, not to a trial, and cannot be searched");
    refused(S "objective.use = choice drill, formula\n",
            "8:1: error: 'objective.use' cannot be searched: a study has one objective");
    refused(S "objective.epochs = int 1 .. 5\n",
            "8:1: error: 'objective.epochs' is not made to be searched (objective drill)");
    refused(S "model.width = int 0 .. 5\n",
            "8:15: error: the range 0 .. 5 goes beyond what model.width may be: [1, 512] (model mlp)");
    refused(S "optimizer.momentum = real 0 .. 1\n",
            "8:22: error: the range 0 .. 1 goes beyond what optimizer.momentum may be: [0, 1) (optimizer sgd)");
    refused(S "optimizer.learning_rate = real 0 .. 1\n",
            "8:27: error: the range 0 .. 1 goes beyond what optimizer.learning_rate may be: (0, 10] (optimizer sgd)");
    refused(S "model.scale = normal 1 0.1\n",
            "8:15: error: model.scale must be greater than 0: cut the distribution with in LOW .. HIGH (model mlp)");
    refused(S "model.width = real 1 .. 5\n",
            "8:15: error: model.width takes whole numbers: write int LOW .. HIGH (model mlp)");
    refused(S "model.scale = int 1 .. 5\n", "8:15: error: model.scale takes real numbers: write real LOW .. HIGH, with "
                                            "step 1 where they are to be whole (model mlp)");
    refused(S "model.activation = real 1 .. 5\n", "8:20: error: model.activation takes one of relu, tanh (model mlp)");
    refused(S "optimizer.nesterov = int 0 .. 1\n",
            "8:22: error: optimizer.nesterov takes yes or no: write choice yes, no (optimizer sgd)");
    refused(S "model.hidden = int 1 .. 5\n",
            "8:16: error: model.hidden takes text or a list: write choice \"A\", \"B\" (model mlp)");
    refused(S "model.activation = choice relu, tan\n",
            "8:33: error: activation = tan is none of relu, tanh; did you mean 'tanh'? (model mlp)");
    refused(S "model.width = choice 16, 1024\n", "8:26: error: width = 1024 is outside [1, 512] (model mlp)");
    refused(S "model.enabled = choice yes, no\n",
            "8:1: error: [model] cannot be disabled: objective 'drill' needs one");
    refused(S "regularizer.l2.enabled = int 0 .. 1\n[regularizer.l2]\n",
            "8:26: error: regularizer.l2.enabled takes yes or no: write choice yes, no");
    refused(S "optimizer.use = ordinal sgd, adam\n[optimizer]\nuse = sgd\n",
            "8:17: error: components have no order: write choice A, B");
    refused(S "optimizer.use = choice adem, sgd\n", "8:24: error: unknown optimizer 'adem'; did you mean 'adam'?");
    refused(S "optimizer.use = choice sgd, adem\n", "8:29: error: unknown optimizer 'adem'; did you mean 'adam'?");
    refused(S "optimizer.decay = real 0.1 .. 0.5\n",
            "8:1: error: 'optimizer.decay' has no effect: it needs schedule=step|exponential in "
            "[optimizer]");
    refused(S "regularizer.l2.strength = real 0 .. 1\n[regularizer.l2]\nenabled = no\n",
            "8:1: error: 'regularizer.l2.strength' has no effect: [regularizer.l2] has enabled = no");
    refused(S "optimizer.use = choice sgd, adam\noptimizer.momentum = real 0 .. 0.9\n[optimizer]\nwarm = 3\n",
            "9:1: error: optimizer.momentum is a key of sgd only; add: if optimizer.use = sgd");
}

static void test_conditions(void)
{
    refused(S "model.width = int 1 .. 5 if model.hight > 3\nmodel.bias = real 0 .. 1\n",
            "8:29: error: the condition's key 'model.hight' is not in [space]; conditions are about keys that are "
            "searched");
    refused(S "model.width = int 1 .. 5 if model.bais > 3\nmodel.bias = real 0 .. 1\n",
            "8:29: error: the condition's key 'model.bais' is not in [space]; did you mean 'model.bias'?");
    refused(S "model.width = int 1 .. 5 if model.width > 3\n", "8:29: error: 'model.width' depends on itself");
    refused(S "model.width = int 1 .. 5 if model.bias > 0.5\nmodel.bias = real 0 .. 1 if model.width > 3\n",
            "8:1: error: the conditions of 'model.width' go in a circle");
    refused(S "model.width = int 1 .. 5 if model.activation = relo\nmodel.activation = choice relu, tanh\n",
            "8:48: error: 'relo' is none of the choices of 'model.activation'; did you mean 'relu'?");
    refused(S "model.width = int 1 .. 5 if model.activation < relu\nmodel.activation = choice relu, tanh\n",
            "8:29: error: the choices of 'model.activation' have no order: conditions on it use = or !=");
    refused(S "model.width = int 1 .. 5 if model.bias > 1\nmodel.bias = real 0 .. 1\n",
            "8:42: error: the condition on 'model.bias' can never be met");
    refused(S "model.width = int 1 .. 5 if model.bias = 1\nmodel.bias = real 0 .. 1\n",
            "8:42: error: 'model.bias' is a continuum: conditions on it use <, <=, > or >=");
    refused(S "model.width = int 1 .. 5\nmodel.bias = real 0 .. 1 if model.width = 6|3\n",
            "9:43: error: 'model.width' never is 6");
    refused(S "model.width = int 1 .. 5\nmodel.bias = real 0 .. 1 if model.width = x\n",
            "9:43: error: 'x' is not a number, as the values of 'model.width' are");
    refused(S "model.width = int 1 .. 5\nwhere = model.width < model.hight\n",
            "9:9: error: the relation's key 'model.hight' is not in [space]");
    refused(S "model.width = int 1 .. 5\nwhere = model.width > 5\n",
            "9:9: error: the relation can never hold: 'model.width' and the number do not overlap that way");
    refused(S "model.activation = choice relu, tanh\nmodel.width = int 1 .. 5\nwhere = model.width < 3, "
              "model.activation < 2\n",
            "10:26: error: 'model.activation' has no numbers to compare");
    refused(S "optimizer.use = choice sgd, adam\noptimizer.momentum = real 0 .. 0.9 if optimizer.use = "
              "adam\n[optimizer]\nwarm = 3\n",
            "9:1: error: optimizer.momentum is a key of sgd only; add: if optimizer.use = sgd");
    refused(S "optimizer.use = choice sgd, adam\noptimizer.momentum = real 0 .. 0.9 if optimizer.use != "
              "sgd|adam\n[optimizer]\nwarm = 3\n",
            "9:22: error: the conditions on the section's 'use' rule out every component");
}

static void test_candidates_and_order(void)
{
    struct made m;
    /* the line about momentum stands before what it depends on; nesterov depends on use through momentum */
    make(&m, S "optimizer.nesterov = choice yes, no if optimizer.momentum > 0.1\n"
               "optimizer.momentum = real 0 .. 0.9 if optimizer.use = sgd\n"
               "optimizer.use = choice adam, sgd\noptimizer.beta1 = real 0.5 .. 0.9 if optimizer.use = adam\n"
               "optimizer.warm = int 0 .. 5 if optimizer.use = adam\noptimizer.schedule = choice step, constant if "
               "optimizer.use = sgd\n"
               "optimizer.step_size = int 1 .. 9 if optimizer.schedule = step\n");
    const struct space_lines *space = &m.composition.space;
    CU_ASSERT_EQUAL_FATAL(space->n_lines, 7);
    CU_ASSERT_STRING_EQUAL(space->lines[0].key, "optimizer.use");
    CU_ASSERT_STRING_EQUAL(space->lines[1].key, "optimizer.momentum");
    CU_ASSERT_STRING_EQUAL(space->lines[2].key, "optimizer.nesterov");
    CU_ASSERT_STRING_EQUAL(space->texts[0].key, "optimizer.nesterov");
    const struct composed_section *o = NULL;
    for (size_t i = 0; i < m.composition.n_sections; i++)
        if (!strcmp(m.composition.sections[i].name, "optimizer"))
            o = m.composition.sections + i;
    CU_ASSERT_PTR_NOT_NULL_FATAL(o);
    CU_ASSERT_STRING_EQUAL(o->use, "adam"); /* the first choice, not the kind's default */
    CU_ASSERT_EQUAL(o->n_candidates, 2);
    struct setting_text adam[] = { { "optimizer.use", "adam" }, { "optimizer.warm", "3" } };
    struct setting_text sgd[] = { { "optimizer.use", "sgd" }, { "optimizer.momentum", "0.5" } };
    struct setting_text bare[] = { { "optimizer.use", "adam" } };
    struct section_settings got;
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL_FATAL(composition_settings(&m.composition, o, adam, 2, &got, &err), HONE_OK);
    CU_ASSERT_STRING_EQUAL(got.component->name, "adam");
    CU_ASSERT_EQUAL_FATAL(got.n_own, 3);
    CU_ASSERT_STRING_EQUAL(got.own[0].text, "0.001");
    CU_ASSERT_STRING_EQUAL(got.own[2].key, "warm");
    CU_ASSERT_STRING_EQUAL(got.own[2].text, "3");
    section_settings_release(&got);
    CU_ASSERT_EQUAL_FATAL(composition_settings(&m.composition, o, sgd, 2, &got, &err), HONE_OK);
    CU_ASSERT_STRING_EQUAL(got.component->name, "sgd");
    CU_ASSERT_EQUAL_FATAL(got.n_own, 8);
    CU_ASSERT_STRING_EQUAL(got.own[0].text, "0.1");
    CU_ASSERT_STRING_EQUAL(got.own[1].text, "0.5");
    section_settings_release(&got);
    CU_ASSERT_EQUAL(composition_settings(&m.composition, o, bare, 1, &got, &err),
                    HONE_EINVAL); /* warm has no default */
    CU_ASSERT_STRING_EQUAL(err.param, "warm");
    unmake(&m);
}

static void test_enabled(void)
{
    struct made m;
    make(&m, S "regularizer.l2.enabled = choice yes, no\nregularizer.l2.strength = real 0 .. 1\nobjective.batch_size = "
               "choice 16, 32\n"
               "[regularizer.l2]\nenabled = no\n");
    const struct composed_section *l2 = m.composition.sections + 2;
    struct section_settings got;
    hone_error err = HONE_ERROR_INIT;
    struct setting_text on[] = { { "regularizer.l2.enabled", "yes" }, { "regularizer.l2.strength", "0.25" } };
    CU_ASSERT_EQUAL_FATAL(composition_settings(&m.composition, l2, NULL, 0, &got, &err), HONE_OK);
    CU_ASSERT_EQUAL(got.enabled, 0);
    section_settings_release(&got);
    CU_ASSERT_EQUAL_FATAL(composition_settings(&m.composition, l2, on, 2, &got, &err), HONE_OK);
    CU_ASSERT_EQUAL(got.enabled, 1);
    CU_ASSERT_STRING_EQUAL(got.own[0].text, "0.25");
    section_settings_release(&got);
    unmake(&m);
}

static void text_of(const struct composition *c, struct text *out)
{
    composition_text(c, NULL, 0, out);
    CU_ASSERT_FALSE(out->failed);
}

/* Reads what is written, and compares: the text, and what a trial would get. */
static void round_trip(const char *ini)
{
    struct made a, b;
    struct text first = TEXT_INIT, second = TEXT_INIT;
    make(&a, ini);
    text_of(&a.composition, &first);
    make(&b, text_string(&first));
    text_of(&b.composition, &second);
    CU_ASSERT_STRING_EQUAL(text_string(&first), text_string(&second));
    CU_ASSERT_EQUAL_FATAL(a.composition.n_sections, b.composition.n_sections);
    for (size_t i = 0; i < a.composition.n_sections; i++) {
        const struct composed_section *x = a.composition.sections + i, *y = b.composition.sections + i;
        CU_ASSERT_STRING_EQUAL(x->name, y->name);
        CU_ASSERT_STRING_EQUAL(x->use, y->use);
        CU_ASSERT_EQUAL(x->enabled, y->enabled);
        CU_ASSERT_EQUAL(x->n_candidates, y->n_candidates);
        CU_ASSERT_EQUAL_FATAL(x->n_keys, y->n_keys);
        for (size_t k = 0; k < x->n_keys; k++) {
            CU_ASSERT_EQUAL(!x->keys[k].text, !y->keys[k].text);
            if (x->keys[k].text && y->keys[k].text)
                CU_ASSERT_STRING_EQUAL(x->keys[k].text, y->keys[k].text);
        }
    }
    CU_ASSERT_EQUAL_FATAL(a.composition.space.n_lines, b.composition.space.n_lines);
    for (size_t i = 0; i < a.composition.space.n_lines; i++) {
        const struct space_line *x = a.composition.space.lines + i, *y = b.composition.space.lines + i;
        CU_ASSERT_STRING_EQUAL(x->key, y->key);
        CU_ASSERT(x->type == y->type && x->flags == y->flags && x->min == y->min && x->max == y->max &&
                  x->step == y->step);
        for (size_t k = 0; x->weights && k < x->n_choices; k++)
            CU_ASSERT_EQUAL(x->weights[k], y->weights[k]);
    }
    CU_ASSERT_EQUAL(a.composition.n_objectives, b.composition.n_objectives);
    CU_ASSERT_EQUAL(a.composition.n_constraints, b.composition.n_constraints);
    CU_ASSERT_STRING_EQUAL(a.composition.study.storage, b.composition.study.storage);
    CU_ASSERT_STRING_EQUAL(a.composition.study.directory, b.composition.study.directory);
    CU_ASSERT_EQUAL(a.composition.study.trials, b.composition.study.trials);
    CU_ASSERT_EQUAL(a.composition.study.seed, b.composition.study.seed);
    text_release(&first);
    text_release(&second);
    unmake(&a);
    unmake(&b);
}

static void test_round_trips(void)
{
    round_trip(HEAD SPACE);
    round_trip("[study]\nobjectives = a min, b\nconstraints = c <= 1e-300, d > -2\nseed = 9007199254740992\norder = "
               "strict\nlag = 3\n"
               "time = 90s\nworkers = auto\nstorage = cloud:x y\n[objective]\nuse = formula\n[space]\nx.y.z = real "
               "-1e-3 .. 0.5\n"
               "n = normal 0 1\nl = lognormal 0 1 in 0.1 .. 2\nc = choice \"a, b\" weight 1, c weight 2 if l > 1\n");
    round_trip("[study]\nobjectives = a\n[objective]\nuse = formula\n[space]\nc = choice a weight 1, b weight 0.3, c "
               "weight 0.1\n"
               "o = ordinal 1, 2, 10\nd = real 0.1 .. 1 log if o >= 2\n");
    round_trip(S "model.width = fixed 64\nmodel.activation = fixed tanh\nmodel.hidden = fixed \"8, 8\"\nmodel.bias = "
                 "real 0 .. 1\n");
    round_trip(S
               "optimizer.use = choice sgd, adam\noptimizer.momentum = real 0 .. 0.9 if optimizer.use = sgd\n"
               "optimizer.learning_rate = real 1e-4 .. 1 log\nwhere = model.width <= 100, objective.batch_size != "
               "model.width\n"
               "model.width = int 8 .. 128 step 8\nobjective.batch_size = int 16 .. 256 log\n[optimizer]\nwarm = 3\n");
    round_trip(
        S "optimizer.schedule = choice step, constant\noptimizer.step_size = int 1 .. 9 if optimizer.schedule = step\n"
          "[optimizer]\nlearning_rate = 0.30000000000000004\nnote = \"a;b # c\"\n[regularizer.dropout]\nenabled = no\n"
          "[regularizer.x]\nuse = l2\nstrength = 1e-300\n[metric.loss]\n[reporter.gazette]\n");
    round_trip("[study]\nobjectives = a\n[objective]\nuse = drill\n[dataset]\nuse = disk\npath = \" a;'b\"\ncolumns = "
               "x,  y\n" SPACE "[optimizer]\nnote = '\"quoted\" ; # both'\n[model]\nhidden =\n");
}

static void test_text_of_a_point(void)
{
    struct made m, again;
    struct text out = TEXT_INIT;
    struct setting_text point[] = { { "optimizer.use", "sgd" },
                                    { "optimizer.momentum", "0.5" },
                                    { "optimizer.schedule", "constant" },
                                    { "regularizer.l2.enabled", "no" } };
    make(&m, S
         "optimizer.use = choice adam, sgd\noptimizer.momentum = real 0 .. 0.9 if optimizer.use = sgd\n"
         "optimizer.schedule = choice step, constant if optimizer.use = sgd\nregularizer.l2.enabled = choice yes, no\n"
         "[optimizer]\nwarm = 5\nstep_size = 7\n[regularizer.l2]\n");
    composition_text(&m.composition, point, 4, &out);
    CU_ASSERT_PTR_NULL(strstr(text_string(&out), "[space]"));
    CU_ASSERT_PTR_NULL(strstr(text_string(&out), "warm"));      /* adam's */
    CU_ASSERT_PTR_NULL(strstr(text_string(&out), "step_size")); /* no effect with this schedule */
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "\nlearning_rate = 0.1\nmomentum = 0.5\n"));
    make_with(&again, text_string(&out), COMPOSE_TRAIN, NULL);
    if (again.rc)
        printf("# %s", again.said);
    CU_ASSERT_EQUAL_FATAL(again.rc, 0);
    struct text second = TEXT_INIT;
    composition_text(&again.composition, NULL, 0, &second);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text_string(&second), "[optimizer]\nuse = sgd\nenabled = yes\nlearning_rate = 0.1\nmomentum = 0.5\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&second), "[regularizer.l2]\nuse = l2\nenabled = no\n"));
    text_release(&out);
    text_release(&second);
    unmake(&m);
    unmake(&again);
}

static void test_fixed(void)
{
    struct made m, again;
    struct text out = TEXT_INIT;
    struct setting_text point[] = { { "x", "0.5" }, { "name", "a, b" } };
    make(&m, "[study]\nobjectives = a\n[objective]\nuse = formula\n[space]\nx = real 0 .. 1\nname = choice c, \"a, "
             "b\"\ny = fixed 3\n");
    composition_text(&m.composition, point, 2, &out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "\n[space]\nx = fixed 0.5\nname = fixed \"a, b\"\n"));
    make_with(&again, text_string(&out), COMPOSE_TRAIN, NULL);
    CU_ASSERT_EQUAL_FATAL(again.rc, 0);
    CU_ASSERT_EQUAL_FATAL(again.composition.space.n_lines, 2);
    CU_ASSERT_STRING_EQUAL(again.composition.space.lines[1].choices[0], "a, b");
    text_release(&out);
    unmake(&m);
    unmake(&again);
    make(&m, "[study]\nobjectives = a\n[objective]\nuse = formula\n[space]\nx = real 0 .. 1\nz = fixed word\ny = fixed "
             "0.5\nwhere = x <= y\n");
    CU_ASSERT_EQUAL(m.composition.space.lines[1].type, HONE_DIM_CHOICE);
    const struct space_line *y = m.composition.space.lines + 2;
    CU_ASSERT(y->type == HONE_DIM_REAL && y->min == 0.5 && y->max == 0.5 && y->step == 1 && !y->n_choices);
    unmake(&m);
    /* what varies is dropped, what is fixed stays and is checked */
    make_with(
        &m,
        "[objective]\nuse = drill\n[dataset]\nuse = noise\n[space]\nmodel.width = int 1 .. 9\nmodel.scale = fixed 2\n",
        COMPOSE_TRAIN, NULL);
    CU_ASSERT_EQUAL_FATAL(m.rc, 0);
    CU_ASSERT_EQUAL_FATAL(m.composition.space.n_lines, 1);
    CU_ASSERT_STRING_EQUAL(m.composition.space.lines[0].key, "model.scale");
    composition_text(&m.composition, NULL, 0, &out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "\n[space]\nmodel.scale = fixed 2\n"));
    text_release(&out);
    unmake(&m);
    refused(S "model.scale = fixed -1\nmodel.width = int 1 .. 9\n",
            "8:15: error: model.scale = -1 is not allowed: greater than 0 (model mlp)");
    refused(S "model.scale = fixed 1\n", "7:1: error: there is nothing to search: every line of [space] is fixed");
    refused(S "optimizer.use = fixed adem\nmodel.width = int 1 .. 9\n",
            "8:23: error: unknown optimizer 'adem'; did you mean 'adam'?");
}

static void test_train(void)
{
    struct made m;
    /* a study's file trains as it is: its search may be absent here, its [space] is not looked at but for the candidates */
    make_with(&m,
              "[search]\nuse = nowhere\n[objective]\nuse = drill\n[dataset]\nuse = noise\n[optimizer]\nwarm = "
              "2\nmomentum = 0.1\n"
              "[space]\noptimizer.use = choice sgd, adam\nmodel.width = nonsense\n",
              COMPOSE_TRAIN, NULL);
    if (m.rc)
        printf("# %s", m.said);
    CU_ASSERT_EQUAL_FATAL(m.rc, 0);
    CU_ASSERT_PTR_NULL(m.composition.search);
    CU_ASSERT_EQUAL(m.composition.space.n_lines, 0);
    CU_ASSERT_EQUAL(m.composition.n_objectives, 0);
    unmake(&m);
    make_with(&m, "[study]\nobjectives = a up\n[objective]\nuse = drill\n[dataset]\nuse = noise\n", COMPOSE_TRAIN,
              NULL);
    CU_ASSERT_EQUAL(m.rc, -1);
    unmake(&m);
}

static void test_sources_and_places(void)
{
    struct made m;
    struct text out = TEXT_INIT;
    make_with(&m, HEAD SPACE "[optimizer]\nmomentum = 0.5\n", 0, "optimizer.learning_rate=0.25");
    CU_ASSERT_EQUAL_FATAL(m.rc, 0);
    config_release(&m.config); /* the composition stands alone */
    composition_sources(&m.composition, &out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "study.objectives\tt.ini:2\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "study.seed\tdefault\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "objective.use\tt.ini:4\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "search.use\tdefault\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "optimizer.learning_rate\t--set\noptimizer.momentum\tt.ini:10\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_string(&out), "space.model.width\tt.ini:8\n"));
    struct place p = composition_place(&m.composition, "optimizer", "momentum");
    CU_ASSERT(p.line == 10 && p.column == 12);
    p = composition_place(&m.composition, "optimizer", "nesterov");
    CU_ASSERT(p.line == 9 && p.column == 1);
    p = composition_place(&m.composition, "model", "width");
    CU_ASSERT_PTR_NULL(p.file);
    p = composition_place(&m.composition, "study", "objectives");
    CU_ASSERT_EQUAL(p.line, 2);
    p = composition_place(&m.composition, "study", NULL);
    CU_ASSERT_EQUAL(p.line, 1);
    p = composition_place(&m.composition, "space", "model.width");
    CU_ASSERT_EQUAL(p.line, 8);
    text_release(&out);
    unmake(&m);
}

static void test_all_at_once(void)
{
    struct made m;
    make_with(&m,
              "[study]\nseed = -1\nobjectives = a b\n[objective]\nuse = drill\n[dataset]\nuse = disk\n[model]\nwidht = "
              "3\nwidth = 0\n"
              "[space]\nmodel.width = int 5 .. 2\nmodel.bias = real 0 .. 1 if x = 1\n",
              0, NULL);
    CU_ASSERT_STRING_EQUAL(
        m.said,
        "t.ini:2:8: error: seed = -1 must be at least 0 (study)\n"
        "t.ini:3:14: error: an objective is a metric and min or max, not 'a b'; several are separated by commas\n"
        "t.ini:6:1: error: [dataset] needs the key 'path' (dataset disk): Where the data are.\n"
        "t.ini:9:1: error: unknown key 'widht' in [model] (mlp); did you mean 'width'?\n"
        "t.ini:10:9: error: width = 0 is outside [1, 512] (model mlp)\n"
        "t.ini:12:19: error: the lower bound is above the upper one\n"
        "t.ini:13:29: error: the condition's key 'x' is not in [space]; conditions are about keys that are searched\n");
    unmake(&m);
}

/* Files put together from words that belong there, more or less: what is accepted reads back, what is not says why. */
static void test_fuzz(void)
{
    static const char *const lines[] = { "[optimizer]",
                                         "[model]",
                                         "[regularizer.l2]",
                                         "[regularizer.x]",
                                         "[metric.loss]",
                                         "[search]",
                                         "[space]",
                                         "use = adam",
                                         "use = sgd",
                                         "use = l2",
                                         "use = mlp",
                                         "enabled = no",
                                         "enabled = yes",
                                         "warm = 3",
                                         "momentum = 0.5",
                                         "schedule = step",
                                         "step_size = 4",
                                         "strength = 1e-3",
                                         "width = 64",
                                         "hidden = 3, 4",
                                         "optimizer.use = choice adam, sgd",
                                         "optimizer.use = fixed sgd",
                                         "optimizer.warm = int 1 .. 9 if optimizer.use = adam",
                                         "optimizer.momentum = real 0 .. 0.5 if optimizer.use = sgd",
                                         "optimizer.learning_rate = real 1e-3 .. 0.5 log",
                                         "model.width = int 1 .. 64 step 3",
                                         "model.width = fixed 7",
                                         "model.activation = choice relu weight 2, tanh weight 1",
                                         "model.bias = normal 0 1 if model.width > 5",
                                         "regularizer.l2.enabled = choice yes, no",
                                         "regularizer.l2.strength = lognormal -5 1 if regularizer.l2.enabled = yes",
                                         "where = model.width <= 40",
                                         "where = model.width < objective.batch_size",
                                         "objective.batch_size = ordinal 32, 64, 128",
                                         "model.hidden = choice 3, \"4, 5\"",
                                         "optimizer.schedule = choice step, constant",
                                         "optimizer.step_size = int 1 .. 5" };
    uint64_t state = 5;
    unsigned accepted = 0;
    struct text ini = TEXT_INIT, first = TEXT_INIT, second = TEXT_INIT;
    for (int i = 0; i < 12000; i++) {
        struct made m, again;
        text_clear(&ini);
        text_add(&ini, HEAD);
        for (unsigned part = 0; part < 3; part++) {
            static const char *const headers[] = { "[optimizer]\n", "[regularizer.l2]\n",
                                                   "[space]\nmodel.scale = real 1 .. 2\n" };
            text_add(&ini, headers[part]);
            for (unsigned n = 0; n < 3; n++) {
                state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                const unsigned word = (unsigned)(state >> 33);
                const unsigned from = part == 0 ? 7 : part == 1 ? 11 : 20, to = part == 0 ? 17 : part == 1 ? 18 : 37;
                if (word % 3)
                    text_addf(&ini, "%s\n", word % 17 ? lines[from + word / 51 % (to - from)] : lines[word / 51 % 37]);
            }
        }
        make_with(&m, text_string(&ini), 0, NULL);
        if (m.rc == 0) {
            accepted++;
            text_clear(&first);
            text_clear(&second);
            text_of(&m.composition, &first);
            make_with(&again, text_string(&first), 0, NULL);
            if (again.rc)
                printf("# %s# of\n%s# of\n%s", again.said, text_string(&first), text_string(&ini));
            CU_ASSERT_EQUAL_FATAL(again.rc, 0);
            text_of(&again.composition, &second);
            CU_ASSERT_STRING_EQUAL(text_string(&first), text_string(&second));
            unmake(&again);
            make_with(&again, text_string(&first), COMPOSE_TRAIN, NULL); /* as workers read it */
            CU_ASSERT_EQUAL(again.rc, 0);
            unmake(&again);
        }
        unmake(&m);
    }
    printf("# %u of 12000 accepted\n", accepted);
    CU_ASSERT(accepted > 100);
    text_release(&ini);
    text_release(&first);
    text_release(&second);
}

static void close_catalog(void)
{
    catalog_close(catalog); /* last: leaks show under ASan */
    catalog = NULL;
}

SUITE(TEST(test_small_file), TEST(test_study_keys), TEST(test_bad_study), TEST(test_sections), TEST(test_stages),
      TEST(test_conflicts), TEST(test_instances), TEST(test_scheduler_that_proposes), TEST(test_keys),
      TEST(test_slot_and_path_keys), TEST(test_space), TEST(test_conditions), TEST(test_candidates_and_order),
      TEST(test_enabled), TEST(test_round_trips), TEST(test_text_of_a_point), TEST(test_train), TEST(test_fixed),
      TEST(test_sources_and_places), TEST(test_all_at_once), TEST(test_fuzz), TEST(close_catalog))
