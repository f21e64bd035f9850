/* sweep.h -- which results hang on numbers that nobody has measured?
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SIM_SWEEP_H
#define SIM_SWEEP_H

#include "sim/options.h"

/* Solves the world exactly with every assumed parameter at both ends of its
 * range, and prints what changes. Writes sweep.csv below o->out; returns an
 * exit status. */
int sim_sweep(const struct sim_options *o);

#endif
