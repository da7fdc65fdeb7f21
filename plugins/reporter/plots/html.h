/* SPDX-License-Identifier: MIT */
/* The components of the module. */
#ifndef HONE_PLOTS_HTML_H
#define HONE_PLOTS_HTML_H
#include "hone/plugin.h"

extern const hone_component component_html, component_terminal, component_svg, component_dashboard;
/* Settings and keys of those that draw one figure. */
struct plot_settings {
    uint32_t kind;
    int64_t objective, width, height;
};
#endif
