/* SPDX-License-Identifier: MIT */
/* Which values of a network in bfloat16 lie in memory as bfloat16: those that their layer writes so and all their readers read so.
 * Everything else stays float32, and products read rounded copies of it. */
#include "lower.h"

static const struct habits {
    bool reads, writes; /* bfloat16, where it has to */
    bool alike;         /* what it reads and what it writes must be of one kind */
} habits[NODE_KINDS] = {
    [NODE_CONV] = { true, true, false },
    [NODE_DENSE] = { true, true, false },
    [NODE_ADD] = { true, true, true },
    [NODE_BATCH_NORM] = { true, true, true },
    [NODE_RELU] = { true, true, true },
    [NODE_MAX_POOL] = { true, true, true },
    [NODE_GLOBAL_AVERAGE_POOL] = { true, false, false },
};

static struct habits habits_of(const struct lowering *l, int32_t id)
{
    const struct node *node = &l->nodes[id];
    struct habits h = habits[node->kind];
    if (node->kind == NODE_CONV) {
        const struct conv_shape shape = graph_conv_shape(node, &l->nodes[node->in[0]], l->net->batch, true);
        h.reads = h.writes = graph_own_conv(l->net->graph, node, &shape) == OWN_AMX;
    }
    if (node->is_loss)
        h.reads = h.writes = false;
    if (lower_is_result(l, id))
        h.writes = false;
    return h;
}

/* Neither is bfloat16 unless both are; whether that changed something. */
static bool make_alike(struct lowering *l, int32_t a, int32_t b)
{
    const bool changed = l->halved[a] != l->halved[b];
    l->halved[a] = l->halved[b] = l->halved[a] && l->halved[b];
    return changed;
}

void lower_find_halves(struct lowering *l)
{
    const int32_t n = l->net->n_nodes;
    bool changed = true;
    if (!graph_halves(l->net->graph) || l->net->graph->direct || !half_kernels())
        return;
    for (int32_t id = 0; id < n; id++) /* sources come before their readers */
        if (l->needed[id] && lower_resolve(l, id) == id) {
            const struct habits h = habits_of(l, id);
            l->halved[id] = h.writes;
            for (int i = 0; i < MAX_INPUTS && !h.reads; i++)
                if (l->nodes[id].in[i] >= 0)
                    l->halved[lower_source(l, id, i)] = false;
        }
    while (changed) {
        changed = false;
        for (int32_t id = 0; id < n; id++)
            for (int i = 0; i < MAX_INPUTS && l->needed[id] && habits[l->nodes[id].kind].alike; i++)
                if (l->nodes[id].in[i] >= 0)
                    changed = make_alike(l, id, lower_source(l, id, i)) || changed;
    }
}
