/* auth.h -- who gets in: the policy behind the password prompt.
 *
 * The default, `weak`, cannot be told from a server with one weak password: a
 * source guesses for a while, then "finds" a password for a user; that pair
 * works from then on and no other does, for that source. How many guesses it
 * takes is drawn per source and user from the installation's seed, so it is the
 * same after a restart. Memory is bounded: the sources seen longest ago are
 * forgotten first.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_AUTH_H
#define SESSION_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum auth_mode { AUTH_WEAK, AUTH_ANY, AUTH_NONE };

struct auth_conf {
    enum auth_mode mode;
    unsigned min_tries, max_tries; /* of `weak`: guesses before one is right */
    unsigned sources_max;          /* remembered; 0: 100,000 */
    uint64_t seed;
};

struct auth_book;

struct auth_book *auth_book_new(const struct auth_conf *c) NODISCARD; /* NULL: no memory */
void auth_book_free(struct auth_book *b);
/* Does this password open this account for this source? Remembers the guess. */
bool auth_password(struct auth_book *b, const char *source, const char *user, const void *password,
                   size_t n);
size_t auth_book_sources(const struct auth_book *b);

#endif
