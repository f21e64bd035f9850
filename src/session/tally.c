/* tally.c -- how many connections each source has open now.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/tally.h"

#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"

enum { BUCKETS = 8192 };

struct one {
    struct one *chain;
    unsigned n;
    char source[46];
};

struct tally {
    struct one *buckets[BUCKETS];
};

struct tally *tally_new(void)
{
    return x_calloc(1, sizeof(struct tally));
}

void tally_free(struct tally *t)
{
    for (size_t i = 0; t && i < BUCKETS; i++)
        for (struct one *o = t->buckets[i], *next; o; o = next) {
            next = o->chain;
            x_free(o);
        }
    x_free(t);
}

/* Where the source's entry hangs, or would hang. */
static struct one **find(struct tally *t, const char *source)
{
    struct one **at = &t->buckets[hash_str(source) % BUCKETS];

    while (*at && strcmp((*at)->source, source) != 0)
        at = &(*at)->chain;
    return at;
}

bool tally_enter(struct tally *t, const char *source, unsigned max)
{
    struct one **at = find(t, source);

    if (!*at) {
        struct one *o = x_calloc(1, sizeof *o);
        if (!o)
            return false;
        str_copy(o->source, sizeof o->source, source);
        *at = o;
    }
    if (max && (*at)->n >= max)
        return false;
    (*at)->n++;
    return true;
}

void tally_leave(struct tally *t, const char *source)
{
    struct one **at = find(t, source), *o = *at;

    if (!o || --o->n > 0)
        return;
    *at = o->chain;
    x_free(o);
}

unsigned tally_count(const struct tally *t, const char *source)
{
    const struct one *o = t->buckets[hash_str(source) % BUCKETS];

    while (o && strcmp(o->source, source) != 0)
        o = o->chain;
    return o ? o->n : 0;
}
