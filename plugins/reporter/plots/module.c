/* SPDX-License-Identifier: MIT */
/* The module: reporters that show plots. They share what turns a study into figures. */
#include "html.h"
#include "hone/param.h"

HONE_MODULE("org.hone.reporter.plots", "1.0.0", "MIT AND Apache-2.0 AND BSD-3-Clause", "hone", "", &component_html,
            &component_dashboard, &component_svg, &component_terminal)
