/* SPDX-License-Identifier: MIT */
/* reporter/svg: one plot as a picture that papers and pages can take. */
#include "draw.h"

#include <stdlib.h>
#include <string.h>

static const hone_param params[] = {
    PLOT_PARAMS("0", "Width of a panel; 0: 720, and 360 where there are several.", "0", "pixels",
                "Height of a panel; 0: as fits the width."),
};

enum {
    LEFT = 74,
    RIGHT = 20,
    TOP = 30,
    BOTTOM = 46,
    HEAD = 56,
    HEAD_ALONE = 30, /* without a legend */
    COLUMNS = 3,
    BARE = 20 /* left of what has no labels */
};
enum { LONGEST = 48 /* characters of a label beside an axis */, ROW = 24 /* height of one with an interval */ };

struct frame { /* of one panel */
    struct emit *e;
    const struct panel *panel;
    double x, y, w, h; /* of the plot's area */
    int bare;          /* the labels of its rows are those of the panel to its left */
};

static const char *const viridis[] = { "#440154", "#482878", "#3e4989", "#31688e", "#26828e",
                                       "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725" };

static const char *colour_of(uint32_t role)
{
    static const char *const named[] = { "#0072b2", "#e69f00", "#d55e00", "#009e73", "#1b1f24",
                                         "#e69f00", "#0072b2", "#0072b2", "#0072b2" };
    static const char *const others[] = { "#cc79a7", "#56b4e9", "#009e73", "#e69f00" };
    return role < ROLE_OTHER ? named[role] : others[(role - ROLE_OTHER) % HONE_COUNT(others)];
}

static double px(const struct frame *f, double v)
{
    return f->x + f->w * axis_unit(&f->panel->x, v);
}

static double py(const struct frame *f, double v)
{
    return f->y + f->h * (1 - axis_unit(&f->panel->y, v));
}

static void text(struct emit *e, double x, double y, const char *attributes, const char *content)
{
    emit_format(e, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
    emit_markup(e, content);
    emit_text(e, "</text>\n");
}

/* A value between two others as a colour. */
static const char *shade(double v, double lo, double hi)
{
    const double t = hi > lo ? (v - lo) / (hi - lo) : 0;
    const int i = (int)(t * 9.999);
    return viridis[i < 0 ? 0 : i > 9 ? 9 : i];
}

static void range_of(const struct panel *p, double *lo, double *hi)
{
    *lo = HUGE_VAL;
    *hi = -HUGE_VAL;
    for (uint32_t i = 0; i < p->n; i++)
        for (size_t k = 0; p->series[i].value && p->series[i].role != ROLE_DENSITY && p->series[i].mark != MARK_ROWS &&
                           k < p->series[i].n;
             k++) {
            *lo = fmin(*lo, p->series[i].value[k]);
            *hi = fmax(*hi, p->series[i].value[k]);
        }
}

/* ---- axes ---- */

static void axes(const struct frame *f)
{
    double ticks[AXIS_TICKS];
    char label[64];
    struct emit *e = f->e;
    const size_t nx = axis_ticks(&f->panel->x, f->w > 400 ? 8 : 5, ticks);
    for (size_t i = 0; i < nx; i++) {
        const double x = px(f, ticks[i]);
        if (!f->panel->x.names)
            emit_format(e, "<path d=\"M%.1f %.1fV%.1f\" class=\"grid\"/>\n", x, f->y, f->y + f->h);
        text(e, x, f->y + f->h + 15, "class=\"tick\" text-anchor=\"middle\"",
             axis_text(&f->panel->x, ticks[i], label, f->panel->x.names && nx > 5 ? 10 : sizeof label));
    }
    const size_t ny = f->bare ? 0 : axis_ticks(&f->panel->y, f->panel->y.names ? 40 : 6, ticks);
    for (size_t i = 0; i < ny; i++) {
        const double y = py(f, ticks[i]);
        if (!f->panel->y.names)
            emit_format(e, "<path d=\"M%.1f %.1fH%.1f\" class=\"grid\"/>\n", f->x, y, f->x + f->w);
        text(e, f->x - 6, y + 4, "class=\"tick\" text-anchor=\"end\"",
             axis_text(&f->panel->y, ticks[i], label, sizeof label));
    }
    emit_format(e, "<path d=\"M%.1f %.1fV%.1fH%.1f\" class=\"axis\"/>\n", f->x, f->y, f->y + f->h, f->x + f->w);
    text(e, f->x + f->w / 2, f->y + f->h + 34, "class=\"label\" text-anchor=\"middle\"", f->panel->x.label);
    if (*f->panel->y.label) {
        emit_format(e, "<g transform=\"translate(%.1f %.1f) rotate(-90)\">", f->x - LEFT + 14, f->y + f->h / 2);
        text(e, 0, 0, "class=\"label\" text-anchor=\"middle\"", f->panel->y.label);
        emit_text(e, "</g>\n");
    }
}

/* ---- marks ---- */

/* Shapes differ by role, for those who see colours otherwise. */
static void point(struct emit *e, double x, double y, uint32_t role, double size)
{
    if (role == ROLE_PRUNED)
        emit_format(e, "<path d=\"M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fz\"/>", x, y - size, size, size, -size, size,
                    -size, -size);
    else if (role == ROLE_FAILED)
        emit_format(e, "<path d=\"M%.1f %.1fl%.1f %.1fh%.1fz\"/>", x, y - size, size, 1.8 * size, -2 * size);
    else if (role == ROLE_RUNNING)
        emit_format(e, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", x - size, y - size, 2 * size,
                    2 * size);
    else
        emit_format(e, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", x, y, size);
}

static void points(const struct frame *f, const struct series *s, double lo, double hi)
{
    const double size = s->n > 500 ? 1.8 : 3;
    emit_format(f->e, "<g fill=\"%s\" %s>\n", colour_of(s->role),
                s->role >= ROLE_OTHER ? "stroke=\"#fff\" stroke-width=\".8\"" : "fill-opacity=\".8\"");
    for (size_t i = 0; i < s->n; i++) {
        const double x = px(f, s->x[i]), y = py(f, s->y[i]);
        if (!isfinite(x) || !isfinite(y))
            continue;
        if (s->value)
            emit_format(f->e, "<g fill=\"%s\">", shade(s->value[i], lo, hi));
        point(f->e, x, y, s->role, size);
        emit_text(f->e, s->value ? "</g>\n" : "\n");
    }
    emit_text(f->e, "</g>\n");
}

static void line(const struct frame *f, const struct series *s)
{
    const int best = s->role == ROLE_BEST, many = f->panel->n > 30;
    int pen = 0;
    double before = 0;
    emit_format(f->e, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" stroke-opacity=\"%g\"%s d=\"",
                colour_of(s->role),
                best   ? 2.0
                : many ? 0.8
                       : 1.5,
                many && !best ? 0.35 : 1.0, s->role == ROLE_TRAINING ? " stroke-dasharray=\"5 3\"" : "");
    for (size_t i = 0; i < s->n; i++) {
        const double x = px(f, s->x[i]), y = py(f, s->y[i]);
        if (!isfinite(x) || !isfinite(y)) {
            pen = 0;
            continue;
        }
        if (pen && s->mark == MARK_STEPS)
            emit_format(f->e, "L%.1f %.1f", x, before);
        emit_format(f->e, "%s%.1f %.1f", pen ? "L" : "M", x, y);
        pen = 1;
        before = y;
    }
    emit_text(f->e, "\"/>\n");
}

static void bars(const struct frame *f, const struct series *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const double x0 = px(f, 0), x = px(f, s->x[i]), y = py(f, s->y[i]), h = 0.6 * f->h / (double)s->n;
        emit_format(f->e, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", fmin(x0, x),
                    y - h / 2, fabs(x - x0), h, colour_of(s->role));
        if (s->x2 && s->x2[i] > 0)
            emit_format(f->e, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>\n", px(f, s->x[i] - s->x2[i]), y,
                        px(f, s->x[i] + s->x2[i]));
    }
}

static void intervals(const struct frame *f, const struct series *s)
{
    emit_format(f->e, "<g fill=\"%s\" stroke=\"%s\" stroke-width=\"1.8\">\n", colour_of(s->role), colour_of(s->role));
    for (size_t i = 0; i < s->n; i++) {
        const double x = px(f, s->x[i]), y = py(f, s->y[i]), from = px(f, s->x1[i]), to = px(f, s->x2[i]);
        if (isfinite(from) && isfinite(to))
            emit_format(f->e, "<path fill=\"none\" d=\"M%.1f %.1fv8m0 -4H%.1fm0 -4v8\"/>", from, y - 4, to);
        emit_format(f->e, "<rect x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"8\"/>\n", x - 4, y - 4);
    }
    emit_text(f->e, "</g>\n");
}

static void spans(const struct frame *f, const struct series *s)
{
    const double h = 0.7 * f->h / (f->panel->y.max - f->panel->y.min);
    emit_format(f->e, "<g fill=\"%s\" stroke=\"#fff\" stroke-width=\".4\">\n", colour_of(s->role));
    for (size_t i = 0; i < s->n; i++)
        emit_format(f->e, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"/>\n", px(f, s->x[i]),
                    py(f, s->y[i]) - h / 2, fmax(px(f, s->x2[i]) - px(f, s->x[i]), 0.4), h);
    emit_text(f->e, "</g>\n");
}

static void cells(const struct frame *f, const struct series *s, double lo, double hi)
{
    const double w = f->w / s->nx, h = f->h / s->ny;
    const int numbers = f->panel->x.names && f->panel->y.names && s->nx <= 16;
    double most = 0;
    for (size_t i = 0; i < s->n; i++)
        most = fmax(most, s->value[i]);
    for (size_t i = 0; i < s->n; i++) {
        const size_t column = i % s->nx, row = i / s->nx;
        const double x = f->x + w * (double)column, y = f->y + f->h - h * (double)(row + 1);
        char number[32];
        if (isnan(s->value[i]))
            continue;
        emit_format(f->e, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"", x, y, w + 0.3,
                    h + 0.3, s->role == ROLE_DENSITY ? colour_of(ROLE_DENSITY) : shade(s->value[i], lo, hi));
        if (s->role == ROLE_DENSITY)
            emit_format(f->e, " fill-opacity=\"%.2f\"", 0.1 + 0.6 * log1p(s->value[i]) / log1p(most));
        emit_text(f->e, "/>\n");
        snprintf(number, sizeof number, "%.4g", s->value[i]);
        if (numbers)
            text(f->e, x + w / 2, y + h / 2 + 4,
                 s->value[i] > lo + 0.6 * (hi - lo) ? "class=\"tick\" text-anchor=\"middle\""
                                                    : "class=\"tick\" style=\"fill:#fff\" text-anchor=\"middle\"",
                 number);
    }
}

static void rows(const struct frame *f, const struct series *s)
{
    const uint32_t k = f->panel->n_axes;
    const struct axis *last = &f->panel->axes[k - 1];
    const double gap = k > 1 ? f->w / (k - 1) : 0;
    char label[40];
    for (size_t r = s->n; r > 0; r--) { /* the best on top */
        const double *v = s->value + (r - 1) * k;
        int pen = 0;
        emit_format(f->e, "<path fill=\"none\" stroke=\"%s\" stroke-opacity=\"%g\" d=\"",
                    shade(v[k - 1], last->min, last->max), s->n > 300 ? 0.25 : 0.6);
        for (uint32_t i = 0; i < k; i++) {
            const double u = axis_unit(&f->panel->axes[i], v[i]);
            if (isfinite(u))
                emit_format(f->e, "%s%.1f %.1f", pen ? "L" : "M", f->x + gap * i, f->y + f->h * (1 - u));
            pen = isfinite(u);
        }
        emit_text(f->e, "\"/>\n");
    }
    for (uint32_t i = 0; i < k; i++) {
        const struct axis *axis = &f->panel->axes[i];
        double ticks[AXIS_TICKS];
        const size_t n = axis_ticks(axis, 6, ticks);
        emit_format(f->e, "<path class=\"axis\" d=\"M%.1f %.1fV%.1f\"/>\n", f->x + gap * i, f->y, f->y + f->h);
        text(f->e, f->x + gap * i, f->y + f->h + (i % 2 ? 34 : 18), "class=\"label\" text-anchor=\"middle\"",
             axis->label);
        for (size_t t = 0; t < n; t++)
            text(f->e, f->x + gap * i + 4, f->y + f->h * (1 - axis_unit(axis, ticks[t])) + 4, "class=\"tick\"",
                 axis_text(axis, ticks[t], label, sizeof label));
    }
}

static void panel(const struct frame *f)
{
    const struct panel *p = f->panel;
    double lo, hi;
    char bold[] = "class=\"head\"";
    range_of(p, &lo, &hi);
    if (*p->title)
        text(f->e, f->x, f->y - 8, bold, p->title);
    if (!p->n_axes)
        axes(f);
    for (uint32_t i = 0; i < p->n_rungs; i++)
        emit_format(f->e, "<path class=\"rung\" d=\"M%.1f %.1fV%.1f\"/>\n", px(f, p->rungs[i]), f->y, f->y + f->h);
    for (uint32_t i = 0; i < p->n; i++) {
        const struct series *s = &p->series[i];
        switch (s->mark) {
        case MARK_POINTS: points(f, s, lo, hi); break;
        case MARK_LINE:
        case MARK_STEPS: line(f, s); break;
        case MARK_BARS: bars(f, s); break;
        case MARK_SPANS: spans(f, s); break;
        case MARK_INTERVAL: intervals(f, s); break;
        case MARK_CELLS: cells(f, s, lo, hi); break;
        case MARK_ROWS: rows(f, s); break;
        }
    }
}

/* Names of what has a colour: the first panel's, each once. */
static void legend(struct emit *e, const struct panel *p, double width)
{
    double x = LEFT;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < p->n && x < width - 120; i++) {
        const struct series *s = &p->series[i];
        const uint32_t bit = 1u << (s->role < ROLE_OTHER ? s->role : ROLE_OTHER);
        static const char *const of_lines[] = { "complete", "pruned", "failed", "not ended", "best" };
        const char *name = s->mark == MARK_LINE && s->role <= ROLE_BEST         ? of_lines[s->role]
                           : s->mark == MARK_LINE && s->role == ROLE_TRAINING   ? "training"
                           : s->mark == MARK_LINE && s->role == ROLE_VALIDATION ? "validation"
                                                                                : s->name;
        if (seen & bit || s->role == ROLE_SURFACE || s->mark == MARK_BARS || s->mark == MARK_ROWS ||
            s->mark == MARK_INTERVAL)
            continue;
        seen |= bit;
        emit_format(e, "<g fill=\"%s\">", colour_of(s->role));
        if (s->mark == MARK_LINE || s->mark == MARK_STEPS)
            emit_format(e, "<rect x=\"%.1f\" y=\"36\" width=\"16\" height=\"2.4\"/>", x);
        else
            point(e, x + 8, 37, s->role, 4);
        emit_text(e, "</g>\n");
        text(e, x + 22, 41, "class=\"tick\"", name);
        x += 22 + 7.0 * (double)strlen(name) + 22;
    }
}

static double label_width(const struct panel *panel)
{
    size_t most = 0;
    for (uint32_t k = 0; k < panel->y.n_names; k++) {
        const size_t n = strlen(panel->y.names[k]);
        most = n > most ? n : most;
    }
    return most > 8 ? (double)LEFT + 6.2 * (double)((most > LONGEST ? LONGEST : most) - 8) : LEFT;
}

/* Rows that stand beside each other need their labels once. */
static int is_bare(const struct figure *figure, uint32_t i, uint32_t across)
{
    return i % across != 0 && figure->panels[i].y.names && figure->panels[i].y.names == figure->panels[i - 1].y.names;
}

static double height_of(const struct figure *figure)
{
    const struct panel *first = &figure->panels[0];
    return first->n && first->series[0].mark == MARK_INTERVAL ? TOP + BOTTOM + ROW * (double)first->y.n_names
           : figure->n == 1                                   ? 420
                                                              : 280;
}

static void head(struct emit *e, const hone_view *view, const struct figure *figure, double w, double h)
{
    emit_format(e,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
                "role=\"img\" font-family=\"sans-serif\">\n<title>",
                w, h, w, h);
    emit_markup(e, figure->title);
    emit_text(e, " of ");
    emit_markup(e, view->studies[0]->record->name);
    emit_text(e, "</title>\n<style>.grid{stroke:#e3e7eb}.axis{stroke:#59636e;fill:none;stroke-width:1.2}"
                 ".rung{stroke:#59636e;stroke-dasharray:1 3}.tick{font-size:11px;fill:#333b45}"
                 ".label{font-size:12px;fill:#333b45}.head{font-size:13px;font-weight:600;fill:#1b1f24}</style>\n"
                 "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    emit_format(e, "<text x=\"%d\" y=\"22\" font-size=\"15\" font-weight=\"600\" fill=\"#1b1f24\">", 16);
    emit_markup(e, figure->title);
    emit_text(e, ", ");
    emit_markup(e, view->studies[0]->record->name);
    if (figure->note) {
        emit_text(e, " (");
        emit_markup(e, figure->note);
        emit_text(e, ")");
    }
    emit_text(e, "</text>\n");
}

static void draw(struct emit *e, const struct plot_settings *settings, const hone_view *view, struct figure *figure)
{
    const uint32_t across = figure->n < COLUMNS ? figure->n : COLUMNS, down = (figure->n + across - 1) / across;
    const double w = settings->width ? (double)settings->width : figure->n == 1 ? 720 : 360;
    const double h = settings->height ? (double)settings->height : height_of(figure);
    const int wide = figure->panels[0].n &&
                     figure->panels[0].series[0].mark == MARK_INTERVAL; /* labels beside the width */
    const double top = wide ? HEAD_ALONE : HEAD;
    double lefts[COLUMNS] = { 0 }, at[COLUMNS + 1] = { 0 };
    for (uint32_t i = 0; i < figure->n; i++)
        lefts[i % across] = fmax(lefts[i % across],
                                 is_bare(figure, i, across) ? BARE : label_width(&figure->panels[i]));
    for (uint32_t k = 0; k < across; k++)
        at[k + 1] = at[k] + (wide ? w - LEFT + lefts[k] : w);
    head(e, view, figure, at[across], h * down + top);
    if (!wide)
        legend(e, &figure->panels[0], at[across]);
    for (uint32_t i = 0; i < figure->n; i++) {
        const uint32_t row = i / across, k = i % across;
        const struct frame f = { e,
                                 &figure->panels[i],
                                 at[k] + lefts[k],
                                 h * row + top + TOP,
                                 fmax(at[k + 1] - at[k] - lefts[k] - RIGHT, 40),
                                 fmax(h - TOP - BOTTOM, 40),
                                 is_bare(figure, i, across) };
        panel(&f);
    }
    emit_text(e, "</svg>\n");
}

static hone_rc write_svg(void *self, const hone_view *view, hone_error *err)
{
    return plot_write(self, view, draw, err);
}

static const char *const suffixes[] = { "svg", NULL };
static const hone_reporter_v1 iface = {
    .size = sizeof iface, .flags = HONE_REPORTER_PLOTS | HONE_REPORTER_ONE, .suffixes = suffixes, .write = write_svg
};

const hone_component component_svg = {
    .size = sizeof(hone_component),
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REPORTER,
    .name = "svg",
    .summary = "One plot of one study as an SVG picture.",
    .doc = "The plots are those of `hone info html`, thinned out alike.\n\n    hone plot importance fashion.db -o "
           "importance.svg\n",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct plot_settings),
    .iface = &iface,
    .create = plot_create,
    .destroy = free,
};
