/* SPDX-License-Identifier: MIT */
/* Dots into cells, cells into text. */
#include "canvas.h"

static struct canvas_cell *cell_at(struct canvas *c, double column, double row)
{
    return column >= 0 && row >= 0 && column < c->columns && row < c->rows
               ? &c->cells[(size_t)row * c->columns + (size_t)column]
               : NULL;
}

/* From 0 .. 1 to one of n places; the end belongs to the last one. */
static double place(double u, uint32_t n)
{
    return u < 0 || u > 1 || isnan(u) ? -1 : fmin(floor(u * n), n - 1.0);
}

void canvas_dot(struct canvas *c, double u, double v, uint8_t colour, uint8_t rank)
{
    static const uint8_t bits[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };
    const double x = place(u, 2 * c->columns), y = place(1 - v, 4 * c->rows);
    struct canvas_cell *cell = x < 0 || y < 0 ? NULL : cell_at(c, floor(x / 2), floor(y / 4));
    if (!cell)
        return;
    cell->dots |= bits[(size_t)y % 4][(size_t)x % 2];
    if (rank >= cell->rank) {
        cell->colour = colour;
        cell->rank = rank;
    }
}

void canvas_line(struct canvas *c, double u0, double v0, double u1, double v1, uint8_t colour, uint8_t rank,
                 unsigned dash)
{
    const double steps = fmax(fabs(u1 - u0) * 2 * c->columns, fabs(v1 - v0) * 4 * c->rows);
    if (!isfinite(steps) || steps > 1e5)
        return;
    for (double k = 0; k <= ceil(steps); k++) {
        const double t = steps > 0 ? fmin(k / steps, 1) : 0;
        if (!dash || (unsigned)((u0 + t * (u1 - u0)) * 2 * c->columns) / dash % 2 == 0)
            canvas_dot(c, u0 + t * (u1 - u0), v0 + t * (v1 - v0), colour, rank);
    }
}

void canvas_glyph(struct canvas *c, double u, double v, const char *glyph, uint8_t colour, uint8_t rank)
{
    const double x = place(u, c->columns), y = place(1 - v, c->rows);
    struct canvas_cell *cell = x < 0 || y < 0 ? NULL : cell_at(c, x, y);
    if (!cell || rank < cell->rank)
        return;
    *cell = (struct canvas_cell){ cell->dots, colour, rank, glyph };
}

void canvas_row(const struct canvas *c, uint32_t row, int coloured, struct emit *e)
{
    const struct canvas_cell *cells = c->cells + (size_t)row * c->columns;
    uint32_t last = c->columns;
    uint8_t colour = 0;
    while (last > 0 && !cells[last - 1].dots && !cells[last - 1].glyph)
        last--;
    for (uint32_t i = 0; i < last; i++) {
        const int blank = !cells[i].dots && !cells[i].glyph;
        if (coloured && !blank && cells[i].colour != colour) {
            colour = cells[i].colour;
            if (colour)
                emit_format(e, "\033[38;5;%um", colour);
            else
                emit_text(e, "\033[39m");
        }
        if (cells[i].glyph) {
            emit_text(e, cells[i].glyph);
        } else if (blank) {
            emit_text(e, " ");
        } else if (c->unicode) {
            const char braille[] = { '\xe2', (char)(0xa0 | cells[i].dots >> 6), (char)(0x80 | (cells[i].dots & 0x3f)),
                                     0 };
            emit_text(e, braille);
        } else {
            emit_text(e, ".");
        }
    }
    if (colour)
        emit_text(e, "\033[39m");
    emit_text(e, "\n");
}
