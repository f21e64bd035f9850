/* plot.c -- writes SVG by hand: axes, ticks, lines, whiskers.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "sim/plot.h"

#include <math.h>
#include <stdio.h>

enum { W = 760, H = 420, LEFT = 130, RIGHT = 20, TOP = 40, BOTTOM = 50, TICKS = 6 };

struct axis {
    double min, max;
    bool log;
};

static double scaled(const struct axis *a, double v)
{
    const double x = a->log ? log10(fmax(v, 1e-9)) : v;
    return a->max > a->min ? (x - a->min) / (a->max - a->min) : 0.5;
}

static double at_x(const struct axis *a, double v)
{
    return LEFT + scaled(a, v) * (W - LEFT - RIGHT);
}

static double at_y(const struct axis *a, double v)
{
    return H - BOTTOM - scaled(a, v) * (H - TOP - BOTTOM);
}

static void widen(struct axis *a, double v)
{
    const double x = a->log ? log10(fmax(v, 1e-9)) : v;
    if (!isfinite(x))
        return;
    a->min = fmin(a->min, x);
    a->max = fmax(a->max, x);
}

static void frame(FILE *f, const struct plot_text *t, const struct axis *x)
{
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<text x=\"%d\" y=\"22\" text-anchor=\"middle\" font-size=\"15\">%s</text>\n"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n"
            "<text x=\"12\" y=\"%d\">%s</text>\n",
            W, H, W / 2, t->title, (LEFT + W - RIGHT) / 2, H - 12, t->x, TOP - 8, t->y);
    for (int i = 0; i <= TICKS; i++) {
        const double v = x->min + (x->max - x->min) * i / TICKS, px = at_x(x, v);
        fprintf(f,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#e0e0e0\"/>\n"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.4g</text>\n",
                px, TOP, px, H - BOTTOM, px, H - BOTTOM + 16, v);
    }
}

static void y_ticks(FILE *f, const struct axis *y)
{
    for (int i = 0; i <= TICKS; i++) {
        const double v = y->min + (y->max - y->min) * i / TICKS;
        const double shown = y->log ? pow(10, v) : v, py = at_y(y, shown);
        fprintf(f,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#e0e0e0\"/>\n"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>\n",
                LEFT, py, W - RIGHT, py, LEFT - 6, py + 4, shown);
    }
}

static int finish(FILE *f)
{
    fprintf(f, "</svg>\n");
    const int bad = ferror(f);
    return fclose(f) != 0 || bad ? ERR_SYS : 0;
}

int plot_curves(const char *path, const struct plot_text *t, const struct plot_curve *c, size_t n,
                bool log_y)
{
    struct axis x = {INFINITY, -INFINITY, false}, y = {INFINITY, -INFINITY, log_y};
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < c[i].n; j++) {
            widen(&x, c[i].x[j]);
            widen(&y, c[i].y[j]);
        }
    FILE *f = fopen(path, "we");
    if (!f)
        return ERR_SYS;
    frame(f, t, &x);
    y_ticks(f, &y);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.3\" points=\"",
                c[i].colour);
        for (size_t j = 0; j < c[i].n; j++)
            fprintf(f, "%.1f,%.1f ", at_x(&x, c[i].x[j]), at_y(&y, c[i].y[j]));
        fprintf(f, "\"/>\n<text x=\"%d\" y=\"%d\" fill=\"%s\" text-anchor=\"end\">%s</text>\n",
                W - RIGHT - 8, TOP + 16 + 16 * (int)i, c[i].colour, c[i].name);
    }
    return finish(f);
}

int plot_bars(const char *path, const struct plot_text *t, const struct plot_bar *b, size_t n)
{
    struct axis x = {0, 1, false};
    for (size_t i = 0; i < n; i++) {
        widen(&x, b[i].s.q1);
        widen(&x, b[i].s.q3);
    }
    FILE *f = fopen(path, "we");
    if (!f)
        return ERR_SYS;
    frame(f, t, &x);
    for (size_t i = 0; i < n; i++) {
        const double y = TOP + (H - TOP - BOTTOM) * ((double)i + 0.5) / (double)n;
        const struct stats *s = &b[i].s;
        fprintf(
            f,
            "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n"
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#7aa6d8\" "
            "stroke-width=\"8\"/>\n"
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#1f4e8c\" "
            "stroke-width=\"2\"/>\n<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#1f4e8c\"/>\n",
            LEFT - 6, y + 4, b[i].name, at_x(&x, s->q1), at_x(&x, s->q3), y, y, at_x(&x, s->low),
            at_x(&x, s->high), y, y, at_x(&x, s->median), y);
    }
    return finish(f);
}
