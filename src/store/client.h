/* client.h -- a sender's side of the recorder: numbers, spools, resends.
 *
 * Nothing here blocks or waits. Messages are kept until the recorder has
 * confirmed them, also while it is away, and sent again to its successor. The
 * spool is bounded: bytes of terminals are refused when it is three quarters
 * full, everything when it is full; how much was refused becomes one
 * EVENT_LIMIT ("records") as soon as there is room.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include "base/clock.h"
#include "store/proto.h"

struct store_client;

struct store_client_conf {
    const char *name; /* "sensor 0" */
    const struct clock *clock;
    size_t spool_max; /* bytes; 0: 32 MiB */
};
/* NULL: no memory or no randomness. */
struct store_client *store_client_new(const struct store_client_conf *conf) NODISCARD;
void store_client_free(struct store_client *c); /* leaves the line to its owner */

/* A line to a (new) recorder; the owner calls store_client_recv with what it
 * receives on it, store_client_pump when its queue has drained, and
 * store_client_line(c, NULL) when it closed. */
void store_client_line(struct store_client *c, struct ipc *line);
void store_client_recv(struct store_client *c, uint32_t type, const void *body, size_t n);
void store_client_pump(struct store_client *c);

/* 0, ERR_LIMIT (spool full: counted), ERR_NOMEM, or event_encode's errors. */
int store_client_event(struct store_client *c, enum event_id id, const struct event_source *src,
                       const void *fields);
int store_client_tty_open(struct store_client *c, const struct event_source *src,
                          const struct store_tty_open *m); /* head is filled here */
int store_client_tty_data(struct store_client *c, uint64_t tty, char kind, const void *p,
                          size_t n); /* longer pieces are split */
int store_client_tty_close(struct store_client *c, uint64_t tty);
/* Content up to STORE_INLINE_MAX travels inside, more in a memfd made here. also
 * < 0: no second event; else its id, with fields (shasum, outfile and duplicate
 * are filled by the recorder). */
struct store_client_file {
    struct event_artefact what; /* how, path, url, clipped */
    const void *content;
    size_t n;
    int also;
    const void *also_fields;
};
int store_client_artefact(struct store_client *c, const struct event_source *src,
                          const struct store_client_file *f);

size_t store_client_waiting(const struct store_client *c);   /* bytes not yet confirmed */
uint64_t store_client_refused(const struct store_client *c); /* messages, in all */

#endif
