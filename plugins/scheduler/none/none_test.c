/* SPDX-License-Identifier: MIT */
/* Tests of scheduler/none: it is the default, opens, and interferes with nothing. */
#include "fake_host.h"
#include "harness.h"
#include "hone/scheduler.h"

static void test_opens_and_leaves_every_decision_to_the_host(void)
{
    const hone_component *c = fake_component(HONE_KIND_SCHEDULER, "none");
    const hone_scheduler_v1 *iface = (const hone_scheduler_v1 *)c->iface;
    const hone_scheduler_info info = { sizeof info, 3, 10, 100, NULL, 0, NULL };
    fake_plugin p;
    CU_ASSERT_EQUAL(fake_plugin_init(&p, c, 1, NULL), HONE_OK);
    CU_ASSERT_PTR_NOT_NULL(p.self);
    CU_ASSERT_EQUAL(iface->open(p.self, &info, &p.err), HONE_OK);
    CU_ASSERT(!iface->next && !iface->report && !iface->finish); /* START, CONTINUE */
    CU_ASSERT(c->flags & HONE_C_DEFAULT);
    fake_plugin_release(&p);
    c->destroy(NULL);
}

SUITE(TEST(test_opens_and_leaves_every_decision_to_the_host))
