/* SPDX-License-Identifier: MIT */
/* search/particle_swarm: how one coordinate of a particle moves. */
#include "swarm.h"

double constriction(double phi)
{
    return 2 / fabs(2 - phi - sqrt(phi * phi - 4 * phi));
}

void step_number(double *x, double *v, double own, double other, double inertia, double pull_own, double pull_other,
                 double most)
{
    double speed = inertia * *v + pull_own * (own - *x) + pull_other * (other - *x);
    speed = speed > most ? most : speed < -most ? -most : speed;
    *x += speed;
    if (*x < 0 || *x > 1) {
        *x = *x < 0 ? 0 : 1;
        speed *= -0.5;
    }
    *v = speed;
}

double step_choice(double x, double own, double other, double inertia, double pull_own, double pull_other, double u)
{
    u *= inertia + pull_own + pull_other;
    return u < inertia ? x : u < inertia + pull_own ? own : other;
}
