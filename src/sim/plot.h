/* plot.h -- two kinds of figures as SVG files: curves, and intervals by name.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_PLOT_H
#define SIM_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "sim/stats.h"

struct plot_curve {
    const char *name, *colour;
    const double *x, *y;
    size_t n;
};
struct plot_text {
    const char *title, *x, *y;
};
/* log_y: values below 1e-9 are drawn at 1e-9. 0, ERR_SYS, ERR_NOMEM. */
int plot_curves(const char *path, const struct plot_text *t, const struct plot_curve *c, size_t n,
                bool log_y) NODISCARD;

struct plot_bar {
    const char *name;
    struct stats s;
};
int plot_bars(const char *path, const struct plot_text *t, const struct plot_bar *b,
              size_t n) NODISCARD;

#endif
