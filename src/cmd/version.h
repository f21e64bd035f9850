/* version.h -- GNU's order of version numbers: ls -v, sort -V.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_VERSION_H
#define CMD_VERSION_H

#include <stddef.h>

/* Less than, equal to or greater than 0. */
int version_compare(const char *a, size_t an, const char *b, size_t bn);

#endif
