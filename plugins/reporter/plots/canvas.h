/* SPDX-License-Identifier: MIT */
/* A picture of characters: dots of braille, 2 by 4 in a cell, or whole characters over them; each cell has one colour. */
#ifndef HONE_PLOTS_CANVAS_H
#define HONE_PLOTS_CANVAS_H
#include "emit.h"

struct canvas_cell {
    uint8_t dots;      /* as Unicode orders braille's */
    uint8_t colour;    /* of the 256 of terminals; 0: the terminal's own */
    uint8_t rank;      /* what is drawn with a higher one stays on top */
    const char *glyph; /* NULL: the dots */
};
struct canvas {
    uint32_t columns, rows;
    int unicode;               /* 0: ASCII */
    struct canvas_cell *cells; /* (rows, columns) the top row first */
};
/* u, v: 0 to 1 from the lower left; what is outside is not drawn. */
void canvas_dot(struct canvas *canvas, double u, double v, uint8_t colour, uint8_t rank);
void canvas_line(struct canvas *canvas, double u0, double v0, double u1, double v1, uint8_t colour, uint8_t rank,
                 unsigned dash); /* dash: 0 whole, else of so many dots every second is drawn */
void canvas_glyph(struct canvas *canvas, double u, double v, const char *glyph, uint8_t colour, uint8_t rank);
void canvas_row(const struct canvas *canvas, uint32_t row, int coloured, struct emit *emit);
#endif
