/* fetch_guard.h -- may this connection be made? Asked before each one.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_FETCH_GUARD_H
#define ROLE_FETCH_GUARD_H

#include <stdint.h>

#include "conf/conf.h"
#include "role/fetch_addr.h"

struct fetch_guard;

struct fetch_guard_conf {
    unsigned rate;                /* connections a minute to one destination; 0: no limit */
    unsigned together;            /* transfers at a time with one destination; 0: no limit */
    const struct conf_list *test; /* servers on this host, for tests; may be NULL */
};

/* NULL: no memory, or a test address that is none (*bad points at it). */
struct fetch_guard *fetch_guard_new(const struct fetch_guard_conf *conf,
                                    const char **bad) NODISCARD;
void fetch_guard_free(struct fetch_guard *g);

/* What one transfer uses of the guard. Zero it first. */
struct fetch_pass {
    struct fetch_guard *guard;
    const char *refused;        /* why a connection was not allowed; NULL: none was refused */
    struct fetch_place *place;  /* the destination it counts for */
    struct sockaddr_storage to; /* that was asked for last */
};
void fetch_pass_done(struct fetch_pass *p);

/* Decides on a connection to sa (in a sockaddr_storage), which a test address
 * may take the place of. 0 or ERR_DENIED, with p->refused set. */
int fetch_pass_connect(struct fetch_pass *p, struct sockaddr *sa, socklen_t *n,
                       int64_t now_us) NODISCARD;

/* In a test all names are answered without DNS: an address text, or NULL where
 * there is no test. */
const char *fetch_guard_test_name(const struct fetch_guard *g, const char *host);

#endif
