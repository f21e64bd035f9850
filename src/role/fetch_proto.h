/* fetch_proto.h -- messages between a sensor and the fetcher.
 *
 * A sensor starts a request under its ticket; the fetcher answers with headers
 * once, the body in pieces, and an end. At most FETCH_WINDOW bytes of a body are
 * under way: the sensor gives credit back for what its machine has taken.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef ROLE_FETCH_PROTO_H
#define ROLE_FETCH_PROTO_H

#include "base/buf.h"
#include "event/event.h"
#include "vm/net.h"

enum fetch_msg {
    FETCH_START = 1, /* sensor to fetcher: struct fetch_start */
    FETCH_CREDIT,    /* ... ticket, bytes taken */
    FETCH_CANCEL,    /* ... ticket; an end comes all the same, unless it is under way */
    FETCH_HEADERS,   /* fetcher to sensor: struct fetch_headers */
    FETCH_BODY,      /* ... ticket, bytes */
    FETCH_END,       /* ... struct fetch_end; nothing follows */
};

enum {
    FETCH_WINDOW = 128 * 1024,
    FETCH_PIECE = 32 * 1024,
    FETCH_URL_MAX = 8192,
    FETCH_LINES_MAX = 32,     /* request headers */
    FETCH_TEXT_MAX = 8192,    /* one of them */
    FETCH_HEADERS_MAX = 32768 /* of a response */
};

struct fetch_start {
    uint64_t ticket;
    bool has_src;
    struct event_source src;
    const char *tool, *method, *url;
    const char *user_agent; /* NULL: none */
    const char *lines[FETCH_LINES_MAX + 1];
    uint32_t max_redirects, timeout_ms;
    bool insecure;
};

struct fetch_headers {
    uint64_t ticket;
    struct vm_fetch_result r;
};

struct fetch_end {
    uint64_t ticket;
    enum vm_fetch_error error;
    bool kept;       /* the body became an artefact ... */
    uint64_t size;   /* ... of this size ... */
    uint8_t sha[32]; /* ... and hash */
};

/* put: 0, ERR_LIMIT (texts too long), ERR_NOMEM. get: 0 or ERR_FORMAT; texts
 * point into the message. */
int fetch_put_start(struct buf *b, const struct fetch_start *m) NODISCARD;
int fetch_get_start(struct fetch_start *m, const void *p, size_t n) NODISCARD;
int fetch_put_headers(struct buf *b, const struct fetch_headers *m) NODISCARD;
int fetch_get_headers(struct fetch_headers *m, const void *p, size_t n) NODISCARD;
int fetch_put_end(struct buf *b, const struct fetch_end *m) NODISCARD;
int fetch_get_end(struct fetch_end *m, const void *p, size_t n) NODISCARD;

#endif
