/* records.h -- a sensor's line to the recorder.
 *
 * Nothing here blocks: what the recorder cannot take now waits in a bounded
 * queue, also while it is being restarted; beyond that bound the oldest
 * terminal bytes are dropped before any event, and the loss itself is an event.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_RECORDS_H
#define ROLE_RECORDS_H

#include "base/loop.h"
#include "session/sink.h"

struct records;

struct records *records_new(struct loop *l, const struct clock *c, uint64_t seed) NODISCARD;
void records_free(struct records *r);
void records_link(struct records *r, int fd); /* a new line; takes fd */
void records_flush(struct records *r, int ms); /* at the end */

void records_event(struct records *r, enum event_id id, const struct event_source *src,
                   const void *fields);
void records_tty_open(struct records *r, const struct event_source *src,
                      const struct session_record *rec);
void records_tty_data(struct records *r, uint64_t id, char kind, const void *p, size_t n);
void records_tty_close(struct records *r, uint64_t id);

struct records_file {
    const char *how, *path, *url;
    struct vnode node;
};
/* Hashes the file and sends it if it is worth keeping; true if it is new here. */
bool records_artefact(struct records *r, const struct event_source *src, const struct records_file *f);

#endif
