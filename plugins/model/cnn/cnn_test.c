/* SPDX-License-Identifier: MIT */
/* model/cnn on a host of this file's own, whose [layer.NAME] sections are of a component that a third party might ship. */
#include "hone/layer.h"
#include "hone/objective.h"
#include "model_case.h"

enum { MAX_SECTIONS = 8 };
static struct {
    const char *names[MAX_SECTIONS]; /* "layer.c1" */
    int64_t units[MAX_SECTIONS];     /* of a dense layer; 0: a relu; -1: not to be had */
    uint32_t n;
} sections;

static hone_var build_layer(void *self, hone_graph *g, hone_var x, const char *name, const hone_task *task)
{
    const int64_t units = *(const int64_t *)self;
    (void)task;
    return units ? hone_dense(g, hone_nn_flatten(g, x), .units = units, .name = name) : hone_nn_relu(g, x);
}

static const hone_layer_v1 layer_iface = { sizeof layer_iface, 0, build_layer };
static const hone_component layer = {
    .size = sizeof layer, .kind = HONE_KIND_LAYER, .name = "acme", .iface = &layer_iface
};

static uint32_t count(const hone_host *host, const char *kind)
{
    (void)host;
    return strcmp(kind, HONE_KIND_LAYER) ? 0 : sections.n;
}

static hone_rc get(const hone_host *host, const char *kind, uint32_t index, hone_instance *instance, hone_error *err)
{
    (void)host, (void)kind;
    if (sections.units[index] < 0)
        return hone_fail(err, HONE_EINVAL, "units", "[%s] units is no number of units", sections.names[index]);
    *instance = (hone_instance){
        .size = sizeof *instance, .component = &layer, .self = &sections.units[index], .name = sections.names[index]
    };
    return HONE_OK;
}

static const void *get_ext(const hone_host *host, const char *id)
{
    static const hone_components_v1 components = { .size = sizeof components, .count = count, .get = get };
    (void)host;
    return strcmp(id, HONE_EXT_COMPONENTS) ? NULL : &components;
}

static const hone_host host = { .size = sizeof host, .abi_major = HONE_ABI_MAJOR, .get_ext = get_ext };
static struct model_case m;

/* As component_open does it, with a host. */
static hone_rc open_model(const char *layers, const char *output, int64_t outputs)
{
    CU_ASSERT_EQUAL_FATAL(component_open(&m.c, "cnn", 1, "layers", layers, "output", output, NULL), HONE_OK);
    m.c.component->destroy(m.c.self);
    const hone_create_info info = { sizeof info, 0, m.c.config, "model", 1 };
    CU_ASSERT_EQUAL_FATAL(m.c.component->create(&host, &info, &m.c.self, &m.c.err), HONE_OK);
    return case_compile(&m, 2, 3, 2, outputs, CASE_BATCH);
}

static void set_sections(uint32_t n, const char *const *names, const int64_t *units)
{
    sections.n = n;
    for (uint32_t i = 0; i < n; i++) {
        sections.names[i] = names[i];
        sections.units[i] = units[i];
    }
}

static void check_outputs(const char *const *layers, unsigned n, int output)
{
    case_fill(&m, 2);
    CU_ASSERT_EQUAL_FATAL(hone_net_infer(m.net, &m.c.err), HONE_OK);
    for (int64_t i = 0; i < CASE_BATCH; i++) {
        struct naive x = naive_input(&m, i);
        for (unsigned k = 0; k < n; k++) {
            if (*layers[k])
                naive_dense(&x, layers[k]);
            else
                naive_relu(&x);
        }
        if (output)
            naive_dense(&x, "output");
        naive_expect(&x, i, 2e-5);
    }
}

static const char *const names[] = { "layer.f1", "layer.r", "layer.f2" };
static const int64_t units[] = { 5, 0, 5 };

static void test_takes_all_sections_in_their_order(void)
{
    static const char *const all[] = { "f1", "", "f2" };
    set_sections(3, names, units);
    CU_ASSERT_EQUAL_FATAL(open_model("", "dense", 4), HONE_OK);
    CU_ASSERT_EQUAL(m.n, 6);
    CU_ASSERT_STRING_EQUAL(m.sites, "0:input1 6:output1");
    check_outputs(all, 3, 1);
    case_release(&m);
}

static void test_takes_the_named_ones_in_the_named_order(void)
{
    static const char *const all[] = { "f2", "", "f1", "", "f2_2" };
    set_sections(3, names, units);
    CU_ASSERT_EQUAL_FATAL(open_model("f2, r, f1, r, f2", "dense", 4), HONE_OK);
    CU_ASSERT_EQUAL(m.n, 8);
    check_outputs(all, 5, 1);
    case_release(&m);
    CU_ASSERT_EQUAL_FATAL(open_model("f2, r, f1, r, f2", "none", 5), HONE_OK);
    check_outputs(all, 5, 0);
    case_release(&m);
}

static void test_says_what_is_wrong(void)
{
    static const struct {
        const char *layers, *output, *message, *key;
    } wrong[] = { { "f1, x, f2", "dense", "no (enabled) section [layer.x]", "layers" },
                  { "f1, f2", "dense", "layers does not name [layer.r]", "layers" },
                  { "", "none", "one number for each of the 4 outputs", "output" } };
    set_sections(3, names, units);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT(open_model(wrong[i].layers, wrong[i].output, 4) < 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(m.c.err.msg, wrong[i].message));
        CU_ASSERT_STRING_EQUAL(m.c.err.param, wrong[i].key);
        case_release(&m);
    }
    sections.units[1] = -1; /* a section that the host cannot make: its own words come through */
    CU_ASSERT(open_model("", "dense", 4) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.c.err.msg, "[layer.r] units is no number of units"));
    case_release(&m);
    sections.n = 0;
    CU_ASSERT(open_model("", "dense", 4) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.c.err.msg, "has no layers"));
    case_release(&m);
}

SUITE(TEST(test_takes_all_sections_in_their_order), TEST(test_takes_the_named_ones_in_the_named_order),
      TEST(test_says_what_is_wrong))
