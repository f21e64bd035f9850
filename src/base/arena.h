/* arena.h -- memory with a lifetime: allocate freely, free all at once.
 *
 * Every arena draws on a budget, and every budget has a maximum; several
 * arenas may share one (all processes of a virtual machine do). Reaching the
 * maximum calls the budget's on_limit, which may leave by switching away (the
 * virtual kernel kills the process: programs therefore never see NULL); if it
 * returns or is absent, the allocation answers NULL.
 *
 * Blocks are aligned to 16 bytes. Small ones come from chunks and can be given
 * back by size to be used again; large ones are separate and go back to the
 * host when freed. Clean-up callbacks run, last added first, when the arena is
 * freed or reset past them: they close what is not memory.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct arena;

struct arena_budget {
    size_t used, peak, max;      /* bytes taken from the host, chunks included */
    void (*on_limit)(void *ctx); /* may not return; may be NULL */
    void *ctx;
};

struct arena_mark {
    void *chunk;
    size_t used;
    void *large, *cleanup;
};

/* A new, empty arena; it takes no chunk until the first allocation. NULL if
 * the host has no memory. The budget must outlive it. chunk: bytes of the
 * first chunk (later ones an eighth of what it has, up to 64 KiB); 0 means 2048. */
struct arena *arena_new(struct arena_budget *budget, size_t chunk) NODISCARD;
void arena_free(struct arena *a); /* NULL is fine */

void *arena_alloc(struct arena *a, size_t n) NODISCARD;  /* uninitialised */
void *arena_zalloc(struct arena *a, size_t n) NODISCARD; /* zeroed */
/* Gives a block of n bytes back for reuse; p may be NULL. n must be the size
 * it was allocated with. */
void arena_release(struct arena *a, void *p, size_t n);
/* Grows or shrinks a block; contents kept up to the smaller size. */
void *arena_realloc(struct arena *a, void *p, size_t old_n, size_t n) NODISCARD;

char *arena_strdup(struct arena *a, const char *s) NODISCARD;
char *arena_memdup(struct arena *a, const void *p, size_t n) NODISCARD; /* adds a NUL */
char *arena_printf(struct arena *a, const char *fmt, ...) NODISCARD PRINTF_LIKE(2, 3);

/* Everything allocated after a mark is freed by resetting to it. Blocks
 * released with arena_release since are forgotten as well: do not mix marks
 * and release in one arena unless the released block is younger than the mark. */
struct arena_mark arena_mark(struct arena *a);
void arena_reset(struct arena *a, struct arena_mark m);

/* Calls fn(ctx) when the arena is freed or reset past this point. */
int arena_on_free(struct arena *a, void (*fn)(void *ctx), void *ctx) NODISCARD;

size_t arena_used(const struct arena *a); /* bytes taken from the host */

/* malloc for things with a life of their own; only base/ calls the C library's.
 * x_free(NULL) is fine. NULL when the host has no memory. */
void *x_malloc(size_t n) NODISCARD;
void *x_calloc(size_t n, size_t size) NODISCARD;
void *x_realloc(void *p, size_t n) NODISCARD;
char *x_strdup(const char *s) NODISCARD;
void x_free(void *p);

#endif
