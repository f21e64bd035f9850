/* machines.h -- which machines a sensor keeps, and for how long.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_MACHINES_H
#define SESSION_MACHINES_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/host.h"

struct machines;

struct machines *machines_new(struct vm_world *w) NODISCARD; /* NULL: no memory */
void machines_free(struct machines *m);                      /* not the machines */
/* The machine of a source, made if there is none; NULL: no memory. */
struct vm *machines_get(struct machines *m, const char *key, bool *made);
/* Frees those without a login that were last used before mono_us; how many. */
unsigned machines_expire(struct machines *m, int64_t mono_us);

#endif
