/* tally.h -- how many connections each source has open now.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_TALLY_H
#define SESSION_TALLY_H

#include <stdbool.h>
#include <stddef.h>

struct tally;

struct tally *tally_new(void) __attribute__((warn_unused_result)); /* NULL: no memory */
void tally_free(struct tally *t);
/* One more of this source, unless it has max already (0: no limit). False: refused. */
bool tally_enter(struct tally *t, const char *source, unsigned max);
void tally_leave(struct tally *t, const char *source); /* once for each that entered */
unsigned tally_count(const struct tally *t, const char *source);

#endif
