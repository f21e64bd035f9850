/* glob.h -- shell patterns on names: find -name, grep --include, tar.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_GLOB_H
#define CMD_GLOB_H

#include <stdbool.h>

enum {
    GLOB_ICASE = 1,
    GLOB_PATH = 2,   /* * and ? do not match a slash */
    GLOB_PERIOD = 4, /* a leading period must be matched by itself */
};

/* Does the whole name match? * ? [a-z] [!x] [[:alpha:]] and backslash, in time
 * proportional to pattern times name. */
bool glob_match(const char *pattern, const char *name, unsigned flags);

#endif
