/* main.h -- the shells as programs of a machine.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_MAIN_H
#define SHELL_MAIN_H

#include "vm/host.h"

extern const struct vm_program shell_programs[]; /* bash, dash; ended by a NULL name */

#endif
