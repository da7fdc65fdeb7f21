/* SPDX-License-Identifier: MIT */
/* Parameters of an invented network, see parameters.h. */
#include "parameters.h"

void parameters_make(struct parameters *all, const uint64_t *lengths, uint32_t n, uint32_t n_states)
{
    memset(all, 0, sizeof *all);
    all->n = n;
    for (uint32_t i = 0; i < n; i++) {
        hone_parameter *p = &all->list[i];
        const int kernel = lengths[i] % 4 == 0;
        snprintf(all->names[i], sizeof all->names[i], "layer%u.%s", i, kernel ? "weight" : "bias");
        p->size = sizeof *p;
        p->role = kernel ? HONE_PARAMETER_KERNEL : HONE_PARAMETER_BIAS;
        p->name = all->names[i];
        p->length = lengths[i];
        p->n_dims = kernel ? 2 : 1;
        p->dims[0] = (int64_t)(kernel ? lengths[i] / 4 : lengths[i]);
        p->dims[1] = kernel ? 4 : 0;
        p->plain = 1;
        p->value = guarded_floats((size_t)lengths[i]);
        p->gradient = guarded_floats((size_t)lengths[i]);
        for (uint32_t k = 0; k < n_states && k < HONE_MAX_STATES; k++)
            p->state[k] = guarded_floats((size_t)lengths[i]);
        all->pointers[i] = p;
    }
}

int parameters_guarded(struct check *c, const struct parameters *all, uint32_t n_states, const char *call)
{
    for (uint32_t i = 0; i < all->n; i++) {
        const hone_parameter *p = &all->list[i];
        if (!guards_hold(p->value, (size_t)p->length))
            return check_fail(c, "%s writes outside the values of a parameter of %llu numbers", call,
                              (unsigned long long)p->length);
        if (!guards_hold(p->gradient, (size_t)p->length))
            return check_fail(c, "%s writes outside the gradients of a parameter of %llu numbers", call,
                              (unsigned long long)p->length);
        for (uint32_t k = 0; k < n_states && k < HONE_MAX_STATES; k++)
            if (!guards_hold(p->state[k], (size_t)p->length))
                return check_fail(c, "%s writes outside state %u of a parameter of %llu numbers", call, k,
                                  (unsigned long long)p->length);
    }
    return 0;
}

uint64_t parameters_length(const struct parameters *all)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < all->n; i++)
        n += all->list[i].length;
    return n;
}

float *parameters_at(const struct parameters *all, uint64_t i, int gradient)
{
    for (uint32_t k = 0; k < all->n; k++) {
        if (i < all->list[k].length)
            return (gradient ? all->list[k].gradient : all->list[k].value) + i;
        i -= all->list[k].length;
    }
    return NULL;
}
