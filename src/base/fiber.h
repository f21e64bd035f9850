/* fiber.h -- a second stack to run on: cooperative threads in user space.
 *
 * A fiber runs until it yields or its function returns; then fiber_resume
 * returns to whoever resumed it. Stacks are mapped with a guard page below and
 * kept in a pool. Freeing a suspended fiber drops its frames without unwinding:
 * what a fiber owns must hang on an arena or a table, not on its stack.
 * Aware of AddressSanitizer.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_FIBER_H
#define BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct fiber;
typedef void fiber_fn(void *arg);

enum { FIBER_STACK = 256 * 1024 }; /* address space; only touched pages cost memory */

/* A new suspended fiber that will call fn(arg). NULL: no memory or too many
 * mappings. */
struct fiber *fiber_new(fiber_fn *fn, void *arg) NODISCARD;
void fiber_free(struct fiber *f);   /* not the running one; NULL is fine */
void fiber_resume(struct fiber *f); /* not from inside a fiber; f must not be done */
void fiber_yield(void);             /* from inside one */
bool fiber_done(const struct fiber *f);
/* Inside a fiber: unwinds to the fiber's start and calls fn(arg) there on the
 * same stack, as if it had just begun (exec). Never returns. */
void fiber_restart(fiber_fn *fn, void *arg) __attribute__((noreturn));
struct fiber *fiber_self(void); /* NULL outside */
/* Gives the pages that a suspended fiber once touched but has left back to the
 * host: for one that will be idle for a while. */
void fiber_shrink(struct fiber *f);
size_t fiber_stack_left(void);     /* bytes until the guard page; huge outside a fiber */
void fiber_pool_trim(size_t keep); /* unmaps pooled stacks beyond keep */

#endif
