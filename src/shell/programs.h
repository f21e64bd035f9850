/* programs.h -- the shells as the virtual kernel starts them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_PROGRAMS_H
#define SHELL_PROGRAMS_H

#include "vm/host.h"

/* bash, rbash, dash and sh; ended by a NULL name. */
extern const struct vm_program shell_programs[];

#endif
