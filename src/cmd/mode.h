/* mode.h -- symbolic and octal file modes: chmod, mkdir -m, install, find.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_MODE_H
#define CMD_MODE_H

#include <stdbool.h>
#include <stdint.h>

/* What text makes of mode old (S_IFMT tells directories): true and *out, false
 * if text is no mode. Clauses without a who leave the umask's bits alone. */
bool mode_change(const char *text, uint32_t old, uint32_t umask, uint32_t *out);

#endif
