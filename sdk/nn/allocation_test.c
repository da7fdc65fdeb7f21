/* SPDX-License-Identifier: MIT */
/* A step allocates nothing: this binary's own malloc counts. What oneDNN's execute does inside (its argument table, and
 * packing space where its gemm serves) is counted apart by standing between the library and it. */
#include "hone/nn.h"

#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0 /* the sanitizer's must stay */
#else
#define OWN_MALLOC 1
#endif

/* volatile: a compiler may take for granted that malloc changes no variable of ours */
static volatile bool counting;
static volatile unsigned ours, theirs;

#if OWN_MALLOC
static volatile bool inside;
static volatile int fail_at = -1; /* this many allocations of ours from now on, one fails */

extern char __executable_start, etext; /* the linker's: this binary's code, which the library's is part of */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

/* Counts; true where the allocation asked for from `caller` shall fail. */
static bool note(const void *caller)
{
    const bool own = (uintptr_t)caller >= (uintptr_t)&__executable_start && (uintptr_t)caller < (uintptr_t)&etext;
    if (counting) {
        if (inside)
            theirs++;
        else
            ours++;
    }
    return own && fail_at >= 0 && fail_at-- == 0;
}
#define NOTE note(__builtin_return_address(0))

HONE_EXPORT void *malloc(size_t n)
{
    return NOTE ? NULL : __libc_malloc(n);
}

HONE_EXPORT void *calloc(size_t n, size_t size)
{
    return NOTE ? NULL : __libc_calloc(n, size);
}

HONE_EXPORT void *realloc(void *p, size_t n)
{
    return NOTE ? NULL : __libc_realloc(p, n);
}

HONE_EXPORT void *aligned_alloc(size_t alignment, size_t n)
{
    return NOTE ? NULL : __libc_memalign(alignment, n);
}

HONE_EXPORT int posix_memalign(void **p, size_t alignment, size_t n)
{
    if (NOTE)
        return ENOMEM;
    *p = __libc_memalign(alignment, n);
    return *p ? 0 : ENOMEM;
}

int dnnl_primitive_execute(const void *primitive, void *stream, int n, const void *args);
int dnnl_primitive_execute(const void *primitive, void *stream, int n, const void *args)
{
    static int (*real)(const void *, void *, int, const void *);
    if (!real) {
        void *symbol = dlsym(RTLD_NEXT, "dnnl_primitive_execute");
        memcpy(&real, &symbol, sizeof symbol);
    }
    inside = true;
    const int status = real(primitive, stream, n, args);
    inside = false;
    return status;
}
#endif

/* Steps and inferences of a net: what they allocated must be nothing of ours. */
static void expect_no_allocation(hone_net *net, int products)
{
    hone_error err = HONE_ERROR_INIT;
    double loss;
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 0, &loss, &err), HONE_OK);
    ours = theirs = 0;
    counting = OWN_MALLOC;
    for (uint64_t step = 0; step < 100; step++) {
        if (hone_net_forward_backward(net, step, &loss, &err) != HONE_OK || hone_net_infer(net, &err) != HONE_OK)
            ours = 1000000;
    }
    counting = false;
    CU_ASSERT_EQUAL(ours, 0);
    printf("# inside oneDNN: %.1f allocations in a primitive\n", (double)theirs / (100 * products));

    counting = OWN_MALLOC; /* and the counter counts */
    void *volatile some = malloc(1);
    counting = false;
    free(some);
    CU_ASSERT_EQUAL(ours, OWN_MALLOC);
}

static void dense_net_allocates_nothing(uint32_t precision)
{
    const hone_graph_options options = { sizeof options, 1, 1 };
    const int64_t in = 50, classes = 10;
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = hone_nn_graph_create(&options);
    hone_net *net;
    hone_nn_set_precision(g, precision);
    const hone_var x = hone_nn_input(g, "x", &in, 1), t = hone_nn_input(g, "t", &classes, 1);
    hone_var h = hone_nn_dropout(g, hone_nn_relu(g, hone_dense(g, x, .units = 64)), 0.5);
    h = hone_nn_add(g, h, hone_nn_dropout(g, hone_nn_gelu(g, hone_dense(g, h, .units = 64)), 0.1));
    h = hone_nn_sigmoid(g, hone_nn_tanh(g, h));
    h = hone_dense(g, h, .units = 10);
    CU_ASSERT_EQUAL_FATAL(
        hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, t), hone_nn_softmax(g, h), 32, &net, &err), HONE_OK);
    for (int i = 0; i < 32; i++)
        hone_net_input(net, t)[i * 10 + i % 10] = 1.0f;
    expect_no_allocation(net, 8 + 3);
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
}

static void test_a_step_allocates_nothing(void)
{
    dense_net_allocates_nothing(HONE_FLOAT32);
    dense_net_allocates_nothing(HONE_PRECISION_AUTO); /* bfloat16 where the CPU has it */
}

/* A residual network of images: x (3, h, w), one more block beside the shortcut, four classes. */
static hone_var residual(hone_graph *g, hone_var x)
{
    hone_var h = hone_nn_relu(
        g, hone_batch_norm(g, hone_conv2d(g, x, .filters = 16, .kernel = 3, .pad = 1), .epsilon = 1e-4));
    hone_var b = hone_batch_norm(g, hone_conv2d(g, h, .filters = 16, .kernel = 3, .pad = 1), .name = "second");
    h = hone_max_pool(g, hone_nn_relu(g, hone_nn_add(g, b, h)), .kernel = 2);
    const hone_var both[2] = { h, hone_group_norm(g, h, .groups = 2) };
    h = hone_nn_concat(g, both, 2);
    return hone_dense(g, hone_nn_global_average_pool(g, h), .units = 4);
}

static void image_net_allocates_nothing(uint32_t precision)
{
    const hone_graph_options options = { sizeof options, 1, 1 };
    const int64_t image[3] = { 3, 8, 8 }, classes = 4;
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = hone_nn_graph_create(&options);
    hone_net *net;
    const hone_var x = hone_nn_input(g, "x", image, 3), t = hone_nn_input(g, "t", &classes, 1);
    hone_nn_set_precision(g, precision);
    const hone_var y = residual(g, x);
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, y, t), y, 4, &net, &err), HONE_OK);
    expect_no_allocation(net, 8 + 3);
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
}

static void test_a_step_of_images_allocates_nothing(void)
{
    image_net_allocates_nothing(HONE_FLOAT32);
    image_net_allocates_nothing(HONE_PRECISION_AUTO);
}

#if OWN_MALLOC
/* Builds, compiles, trains a step, saves and loads: the first failure, or HONE_OK. */
static hone_rc whole_life(const char *path, bool images)
{
    const hone_graph_options options = { sizeof options, 1, 1 };
    const int64_t in = 5, classes = images ? 4 : 3, image[3] = { 3, 4, 4 };
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = hone_nn_graph_create(&options);
    hone_net *net = NULL;
    hone_model_file *file = NULL;
    hone_rc rc = HONE_ENOMEM;
    uint32_t n;
    double loss;
    if (!g)
        return rc;
    const hone_var x = images ? hone_nn_input(g, "x", image, 3) : hone_nn_input(g, "x", &in, 1);
    const hone_var t = hone_nn_input(g, "t", &classes, 1);
    if (images) {
        hone_nn_set_precision(g, HONE_PRECISION_AUTO);
        const hone_var y = residual(g, x);
        if ((rc = hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, y, t), y, 2, &net, &err)) == HONE_OK)
            rc = hone_net_forward_backward(net, 0, &loss, &err);
        goto out;
    }
    hone_var h = hone_nn_site(g, hone_dense(g, x, .units = 4), HONE_SITE_PRE_ACTIVATION, "hidden");
    h = hone_dense(g, hone_nn_dropout(g, hone_nn_relu(g, h), 0.5), .units = 3);
    if ((rc = hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, t), hone_nn_softmax(g, h), 2, &net, &err)) < 0 ||
        (rc = hone_nn_allocate_states(g, 2, &err)) < 0 || (rc = hone_net_forward_backward(net, 0, &loss, &err)) < 0)
        goto out;
    hone_parameter *const *p = hone_nn_parameters(g, &n);
    const hone_model_tensor w = { p[0]->name, HONE_F32, p[0]->n_dims, p[0]->dims, p[0]->value };
    const hone_model_text text = { "format", "hone/1" };
    if ((rc = hone_model_save(path, &w, 1, &text, 1, &err)) < 0)
        goto out;
    rc = hone_model_open(path, &file, &err);
out:
    CU_ASSERT(rc >= 0 || err.msg[0] != '\0');
    hone_model_close(file);
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
    return rc;
}

static void fail_in_turn(bool images)
{
    char path[] = "/tmp/hone-allocation-XXXXXX";
    int at = 0, failures = 0;
    close(mkstemp(path));
    for (; at < 2000; at++) {
        fail_at = at;
        const hone_rc rc = whole_life(path, images);
        if (fail_at >= 0) { /* there were fewer */
            CU_ASSERT_EQUAL(rc, HONE_OK);
            break;
        }
        failures += rc == HONE_ENOMEM;
        CU_ASSERT(rc == HONE_ENOMEM || rc == HONE_OK); /* some can be done without: the plan */
    }
    fail_at = -1;
    unlink(path);
    CU_ASSERT(at > 40 && failures > at - 6);
    printf("# %d allocations failed in turn\n", at);
}

static void test_every_failing_allocation_is_an_error(void)
{
    fail_in_turn(false);
    fail_in_turn(true);
}

SUITE(TEST(test_a_step_allocates_nothing), TEST(test_a_step_of_images_allocates_nothing),
      TEST(test_every_failing_allocation_is_an_error))
#else
SUITE(TEST(test_a_step_allocates_nothing), TEST(test_a_step_of_images_allocates_nothing))
#endif
