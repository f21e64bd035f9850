/* scribe.h -- a sensor's line to the recorder.
 *
 * store/client spools and resends; here stand the socket, and the reading of
 * files from machines: what is hashed, what is worth keeping, what is new.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_SCRIBE_H
#define ROLE_SCRIBE_H

#include "base/loop.h"
#include "session/sink.h"

struct scribe;

/* name: who speaks ("sensor 0"). artefact_max: bytes of one file. spool: bytes
 * that may wait for the recorder, 0 for the usual. NULL: no memory. */
struct scribe *scribe_new(struct loop *l, const struct clock *c, const char *name,
                          size_t artefact_max, size_t spool) NODISCARD;
void scribe_free(struct scribe *r);
void scribe_link(struct scribe *r, int fd);  /* a new line; takes fd */
void scribe_flush(struct scribe *r, int ms); /* at the end */

void scribe_event(struct scribe *r, enum event_id id, const struct event_source *src,
                  const void *fields);
void scribe_tty_open(struct scribe *r, const struct event_source *src,
                     const struct session_record *rec);
void scribe_tty_data(struct scribe *r, uint64_t id, char kind, const void *p, size_t n);
void scribe_tty_close(struct scribe *r, uint64_t id);

struct scribe_file {
    const char *how, *path, *url;
    struct vnode node;
    /* Has this content been told of already? Then it is not sent. May be NULL. */
    bool (*told)(void *ctx, const struct event_source *src, const void *p, size_t n);
    void *ctx;
};
/* Hashes the file and sends it if it is worth keeping; true if it is new here. */
bool scribe_artefact(struct scribe *r, const struct event_source *src, const struct scribe_file *f);

/* A content that is in memory, with a download's event. */
struct scribe_content {
    const char *how, *path, *url;
    const void *p;
    size_t n;
    bool clipped;
};
/* 0, or ERR_LIMIT when so much waits for the recorder that this cannot. */
int scribe_content(struct scribe *r, const struct event_source *src,
                   const struct scribe_content *c) NODISCARD;

#endif
