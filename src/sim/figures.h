/* figures.h -- the loss curves of the 2018 paper, as published and done right.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_FIGURES_H
#define SIM_FIGURES_H

#include "sim/options.h"

/* figure 7: simple reward; 8: complex. Writes figN.csv and figN.svg below
 * o->out; returns an exit status. */
int sim_figure(const struct sim_options *o, int figure);

#endif
