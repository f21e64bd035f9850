/* escape.h -- backslash escapes as echo -e and printf know them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_ESCAPE_H
#define CMD_ESCAPE_H

#include "base/str.h"

/* Adds text with escapes replaced (\0ooo octal, \xHH); true if \c was met:
 * nothing more is to be written. */
bool escape_echo(struct str *b, const char *text);
/* One escape of a printf format: s is behind the backslash. What it stands
 * for is added; the number of bytes of s used. \c sets *stop. */
size_t escape_printf(struct str *b, const char *s, bool *stop);

#endif
