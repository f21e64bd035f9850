/* size.h -- sizes as people read them: df, du.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_SIZE_H
#define CMD_SIZE_H

#include <stdint.h>

enum { SIZE_TEXT = 24 };

/* "1.5M": rounded up, one decimal below ten; base 1024 or 1000. Returns out. */
const char *size_human(uint64_t bytes, unsigned base, char out[SIZE_TEXT]);

#endif
