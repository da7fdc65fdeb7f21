/* SPDX-License-Identifier: MIT */
/* Reading [ablation]: levels, labels, baselines, blocks, and what is refused, with its place. */
#include "ablation/ablation.h"
#include "harness.h"

struct read {
    struct config config;
    struct ablation_spec spec;
    struct complaints complaints;
    int rc;
    char said[4096];
};

static void read_text(struct read *r, const char *text)
{
    memset(r, 0, sizeof *r);
    CU_ASSERT_EQUAL_FATAL(config_read_text(&r->config, "t.ini", "dir", text, strlen(text), &r->complaints), 0);
    r->rc = ablation_spec_read(&r->spec, &r->config, &r->complaints);
    FILE *out = fmemopen(r->said, sizeof r->said, "w");
    complaints_print(&r->complaints, out);
    fclose(out);
    CU_ASSERT_EQUAL(r->rc == 0, r->complaints.n == 0);
}

static void done(struct read *r)
{
    ablation_spec_release(&r->spec);
    config_release(&r->config);
    complaints_release(&r->complaints);
}

static void test_values_of_one_key(void)
{
    struct read r;
    read_text(&r,
              "[ablation]\naxis.search = search.use: random, tpe , gp\naxis.hidden = model.hidden: \"64, 32\", 16\n");
    CU_ASSERT_EQUAL_FATAL(r.rc, 0);
    CU_ASSERT_EQUAL_FATAL(r.spec.n_axes, 2);
    CU_ASSERT_STRING_EQUAL(r.spec.axes[0].name, "search");
    CU_ASSERT_EQUAL_FATAL(r.spec.axes[0].n_levels, 3);
    CU_ASSERT_STRING_EQUAL(r.spec.axes[0].levels[1].label, "tpe");
    CU_ASSERT_STRING_EQUAL(r.spec.axes[0].levels[1].assignments[0], "search.use=tpe");
    CU_ASSERT_EQUAL_FATAL(r.spec.axes[1].n_levels, 2);
    CU_ASSERT_STRING_EQUAL(r.spec.axes[1].levels[0].label, "64, 32");
    CU_ASSERT_STRING_EQUAL(r.spec.axes[1].levels[0].assignments[0], "model.hidden=\"64, 32\"");
    CU_ASSERT_EQUAL(r.spec.axes[0].baseline, 0);
    CU_ASSERT_EQUAL(r.spec.raw.seeds, 10);
    CU_ASSERT_EQUAL(r.spec.vary, VARY_SEED | VARY_SPLIT | VARY_SEARCH);
    done(&r);
}

static void test_alternatives(void)
{
    struct read r;
    read_text(&r, "[ablation]\n"
                  "axis.augment = none | regularizer.flip.enabled=yes | both: regularizer.flip.enabled=yes, "
                  "regularizer.crop.pad=4 | regularizer.flip.enabled=no, optimizer.use=adam, model.width=8\n"
                  "baseline.augment = both\nvary = split\nmetric = test.accuracy max\n");
    CU_ASSERT_EQUAL_FATAL(r.rc, 0);
    const struct ablation_axis *axis = &r.spec.axes[0];
    CU_ASSERT_EQUAL_FATAL(axis->n_levels, 4);
    CU_ASSERT_STRING_EQUAL(axis->levels[0].label, "none");
    CU_ASSERT_EQUAL(axis->levels[0].n, 0);
    CU_ASSERT_STRING_EQUAL(axis->levels[1].label, "flip");
    CU_ASSERT_STRING_EQUAL(axis->levels[2].label, "both");
    CU_ASSERT_EQUAL_FATAL(axis->levels[2].n, 2);
    CU_ASSERT_STRING_EQUAL(axis->levels[2].assignments[1], "regularizer.crop.pad=4");
    CU_ASSERT_STRING_EQUAL(axis->levels[3].label, "no_flip+adam+width=8");
    CU_ASSERT_EQUAL(axis->baseline, 2);
    CU_ASSERT_EQUAL(r.spec.vary, VARY_SPLIT);
    CU_ASSERT_STRING_EQUAL(r.spec.metric, "test.accuracy");
    CU_ASSERT_EQUAL(r.spec.direction, HONE_MAXIMIZE);
    done(&r);
}

static void test_a_level_a_line(void)
{
    struct read r;
    read_text(
        &r,
        "[ablation]\naxis.r.none = none\naxis.s = search.use: a, b\naxis.r.both = x.y=1, z.w=2\nbaseline.r = both\n");
    CU_ASSERT_EQUAL_FATAL(r.rc, 0);
    CU_ASSERT_EQUAL_FATAL(r.spec.n_axes, 2);
    CU_ASSERT_STRING_EQUAL(r.spec.axes[0].name, "r");
    CU_ASSERT_EQUAL_FATAL(r.spec.axes[0].n_levels, 2);
    CU_ASSERT_EQUAL(r.spec.axes[0].levels[0].n, 0);
    CU_ASSERT_STRING_EQUAL(r.spec.axes[0].levels[1].label, "both");
    CU_ASSERT_EQUAL(r.spec.axes[0].levels[1].n, 2);
    CU_ASSERT_EQUAL(r.spec.axes[0].baseline, 1);
    done(&r);
}

static void test_blocks_come_last(void)
{
    struct read r;
    read_text(
        &r, "[ablation]\naxis.data = dataset.file: a.csv, b.csv\naxis.search = search.use: random, tpe\nblocks = data\n"
            "design.foldover = yes\n");
    CU_ASSERT_EQUAL_FATAL(r.rc, 0);
    CU_ASSERT(r.spec.has_blocks);
    CU_ASSERT_EQUAL(r.spec.n_design, 1);
    CU_ASSERT_STRING_EQUAL(r.spec.axes[1].name, "data");
    CU_ASSERT_EQUAL_FATAL(r.spec.n_design_settings, 1);
    CU_ASSERT_STRING_EQUAL(r.spec.design_settings[0].key, "foldover");
    done(&r);
}

static void refused(const char *text, const char *expected)
{
    struct read r;
    read_text(&r, text);
    if (!strstr(r.said, expected))
        printf("# expected %s\n# found    %s", expected, *r.said ? r.said : "nothing\n");
    CU_ASSERT(strstr(r.said, expected) != NULL);
    done(&r);
}

static void test_refusals(void)
{
    refused("[study]\nseed = 1\n", "t.ini: error: there is no section [ablation]");
    refused("[ablation]\nseeds = 3\n", "t.ini:1:1: error: [ablation] has no axis");
    refused("[ablation]\nsedes = 3\n", "t.ini:2:1: error: unknown key 'sedes' in [ablation]; did you mean 'seeds'?");
    refused("[ablation]\nseeds = 0\n", "t.ini:2:9: error: seeds = 0 is outside [1, 10000]");
    refused("[ablation]\naxis.a = x.y\n", "t.ini:2:10: error: axis 'a': write SECTION.KEY: A, B or none | ");
    refused("[ablation]\naxis.a = x.y: 1\n", "t.ini:2:10: error: axis 'a' has one level");
    refused("[ablation]\naxis.a = x.y: 1,, 2\n", "t.ini:2:17: error: a value is missing in the levels of axis 'a'");
    refused("[ablation]\naxis.a = x.y: 1, 1\n", "t.ini:2:10: error: axis 'a' has the level '1' twice");
    refused("[ablation]\naxis.a = none | flip\n", "t.ini:2:17: error: 'flip' is no setting: write SECTION.KEY=VALUE");
    refused("[ablation]\naxis.flip = x.y: 1, 2\nbaseline.filp = 1\n",
            "t.ini:3:1: error: there is no axis 'filp'; did you mean 'flip'?");
    refused("[ablation]\naxis.a = x.y: one, two\nbaseline.a = tow\n",
            "t.ini:3:14: error: axis 'a' has no level 'tow'; did you mean 'two'?");
    refused("[ablation]\naxis.a = x.y: 1, 2\nblocks = a\n", "t.ini:3:10: error: blocks = a: beside the axis of blocks");
    refused("[ablation]\naxis.a = x.y: 1, 2\nvary = sed\n",
            "t.ini:3:8: error: vary = sed is none of seed, split, search");
    refused("[ablation]\naxis.a = x.y: 1, 2\nmetric = loss least\n",
            "t.ini:3:10: error: metric = loss least: a metric, then");
}

SUITE(TEST(test_values_of_one_key), TEST(test_alternatives), TEST(test_a_level_a_line), TEST(test_blocks_come_last),
      TEST(test_refusals))
