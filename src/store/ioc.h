/* ioc.h -- indicators of compromise: what others can look for or block.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_IOC_H
#define STORE_IOC_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"

enum ioc_kind {
    IOC_ADDRESS, /* a source of attacks */
    IOC_CONTACT, /* an address named in commands or URLs */
    IOC_DOMAIN,  /* likewise */
    IOC_URL,
    IOC_SHA256,   /* of a file that came in */
    IOC_FILENAME, /* its name on the virtual disk */
    IOC_LOGIN,    /* user and password, parted by a line feed */
    IOC_KEY,      /* fingerprint of a public key */
    IOC_HASSH,    /* fingerprint of an SSH client */
    IOC_CLIENT,   /* its identification line */
    IOC_KINDS
};

struct ioc {
    enum ioc_kind kind;
    const char *value;
    uint64_t count, sessions;
    char first[32], last[32], session[13]; /* session: the one counted last */
};

/* The name of a kind: "address", "contact", ... */
const char *ioc_kind_name(enum ioc_kind k);

/* Gathers all indicators seen since (a timestamp) into a map of "kind value"
 * to struct ioc, all in the arena. 0, ERR_IO or ERR_NOMEM. */
int ioc_gather(sqlite3 *db, const char *since, struct arena *a, struct map **out) NODISCARD;

/* Finds URLs, addresses and hosts in a text, such as a command; fn is called
 * for each. Private, loopback and reserved addresses are left out. */
typedef void ioc_found_fn(void *ctx, enum ioc_kind kind, const char *value, size_t n);
void ioc_find(const char *text, size_t n, ioc_found_fn *fn, void *ctx);

/* Writers: "json" (an object a line), "csv", "stix" (2.1 bundle), "misp"
 * (event). ERR_NOTFOUND for another format. now: timestamp of the report. */
int ioc_write(const char *format, const struct map *iocs, const char *now, FILE *out) NODISCARD;

#endif
