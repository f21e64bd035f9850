/* sink.h -- where sessions tell what happened: the sensor implements it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_SINK_H
#define SESSION_SINK_H

#include "event/event.h"
#include "rl/transition.h"
#include "vfs/vfs.h"

struct vm_fetch_req;

/* How a record of a terminal begins. */
struct session_record {
    uint64_t id;                /* chosen by the session, unique in the sensor */
    const char *name;           /* file name without folder and suffix */
    const char *term, *command; /* command NULL: a login shell */
    unsigned cols, rows;
};

struct session_sink {
    void *ctx;
    void (*event)(void *ctx, enum event_id id, const struct event_source *src, const void *fields);
    void (*record_open)(void *ctx, const struct event_source *src, const struct session_record *r);
    /* kind: 'o' output, 'i' input, 'r' resize ("80x24"), 'm' marker. */
    void (*record_data)(void *ctx, uint64_t id, char kind, const void *p, size_t n);
    void (*record_close)(void *ctx, uint64_t id);
    /* A file of a machine was written or brought; the sink reads it at once. how:
     * "redirect", "write", "sftp", "scp", "download". src
     * NULL: the session is gone. True if its content is worth something and was
     * never seen before. */
    bool (*artefact)(void *ctx, const struct event_source *src, const char *how, const char *path,
                     const char *url, struct vnode v);
    /* Downloads, as vm_hooks (vm/host.h) has them; may be NULL. */
    bool (*fetch_start)(void *ctx, const struct event_source *src, uint64_t ticket,
                        const struct vm_fetch_req *req);
    void (*fetch_more)(void *ctx, uint64_t ticket);
    void (*fetch_cancel)(void *ctx, uint64_t ticket);
    void (*transition)(void *ctx, const struct rl_transition *t);
};

#endif
