/* auth.c -- who gets in: the policy behind the password prompt.
 *
 * One entry per source and user, in a hash table chained through an age list.
 * Passwords are kept as keyed hashes only; what was typed goes into the events.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/auth.h"

#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/rng.h"
#include "base/str.h"

enum { BUCKETS = 4096, GUESSES_KEPT = 16 };

struct entry {
    struct entry *chain;
    struct list age;
    uint64_t key;                 /* of source and user */
    uint64_t right;               /* hash of the password that works; 0: none yet */
    unsigned left;                /* distinct guesses until one is right */
    uint64_t wrong[GUESSES_KEPT]; /* the latest ones: a repeated guess stays wrong */
    unsigned nwrong;
};

struct auth_book {
    struct auth_conf conf;
    struct entry *buckets[BUCKETS];
    struct list ages; /* oldest first */
    size_t n;
};

struct auth_book *auth_book_new(const struct auth_conf *c)
{
    struct auth_book *b = x_calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->conf = *c;
    if (!b->conf.sources_max)
        b->conf.sources_max = 100000;
    if (b->conf.max_tries < b->conf.min_tries)
        b->conf.max_tries = b->conf.min_tries;
    list_init(&b->ages);
    return b;
}

static void forget(struct auth_book *b, struct entry *e)
{
    struct entry **at = &b->buckets[e->key % BUCKETS];

    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    list_del(&e->age);
    x_free(e);
    b->n--;
}

void auth_book_free(struct auth_book *b)
{
    if (!b)
        return;
    while (!list_empty(&b->ages))
        forget(b, LIST_ENTRY(b->ages.next, struct entry, age));
    x_free(b);
}

size_t auth_book_sources(const struct auth_book *b)
{
    return b->n;
}

static uint64_t key_of(const struct auth_book *b, const char *source, const char *user)
{
    return hash_fixed(user, strlen(user), hash_fixed(source, strlen(source), b->conf.seed));
}

static struct entry *find(struct auth_book *b, uint64_t key)
{
    struct entry *e = b->buckets[key % BUCKETS];
    struct rng r;

    while (e && e->key != key)
        e = e->chain;
    if (e) {
        list_del(&e->age);
        list_push(&b->ages, &e->age);
        return e;
    }
    if (b->n >= b->conf.sources_max)
        forget(b, LIST_ENTRY(b->ages.next, struct entry, age));
    e = x_calloc(1, sizeof *e);
    if (!e)
        return NULL;
    rng_seed(&r, key);
    e->key = key;
    e->left = (unsigned)rng_range(&r, b->conf.min_tries, b->conf.max_tries);
    e->chain = b->buckets[key % BUCKETS];
    b->buckets[key % BUCKETS] = e;
    list_push(&b->ages, &e->age);
    b->n++;
    return e;
}

/* Was this guess wrong lately? Otherwise it is remembered as wrong now. */
static bool guessed_before(struct entry *e, uint64_t guess)
{
    unsigned kept = e->nwrong < GUESSES_KEPT ? e->nwrong : GUESSES_KEPT;

    for (unsigned i = 0; i < kept; i++)
        if (e->wrong[i] == guess)
            return true;
    e->wrong[e->nwrong++ % GUESSES_KEPT] = guess;
    return false;
}

bool auth_password(struct auth_book *b, const char *source, const char *user, const void *password,
                   size_t n)
{
    uint64_t guess = hash_fixed(password, n, b->conf.seed) | 1;
    struct entry *e;

    if (b->conf.mode != AUTH_WEAK)
        return b->conf.mode == AUTH_ANY;
    e = find(b, key_of(b, source, user));
    if (!e)
        return false;
    if (e->right)
        return e->right == guess;
    if (n == 0) /* PermitEmptyPasswords is off on Debian */
        return false;
    if (guessed_before(e, guess))
        return false;
    if (e->left > 1) {
        e->left--;
        return false;
    }
    e->right = guess;
    return true;
}
