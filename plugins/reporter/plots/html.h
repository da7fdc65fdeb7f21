/* SPDX-License-Identifier: MIT */
/* The components of the module. */
#ifndef HONE_PLOTS_HTML_H
#define HONE_PLOTS_HTML_H
#include "hone/plugin.h"

extern const hone_component component_html;
#endif
