/* hooks.c -- what happens inside machines, told to the sink as the session's.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "session/session_priv.h"

/* The session a login belongs to; NULL once its connection is gone. */
static struct session *session_of(struct vm_login *login)
{
    return login ? vm_login_owner(login) : NULL;
}

static void tell(struct session_host *h, struct vm_login *login, enum event_id id,
                 const void *fields)
{
    struct session *s = session_of(login);

    h->sink->event(h->sink->ctx, id, s ? &s->src : NULL, fields);
}

/* How a file came about, by the program that wrote it. */
static const char *how_written(const char *program)
{
    static const char *const hows[][2] = {{"sftp-server", "sftp"},
                                          {"scp", "scp"},
                                          {"bash", "redirect"},
                                          {"sh", "redirect"},
                                          {"dash", "redirect"}};

    for (size_t i = 0; i < sizeof hows / sizeof *hows; i++)
        if (strcmp(hows[i][0], program) == 0)
            return hows[i][1];
    return "write";
}

static void file_written(void *ctx, struct vm *vm, struct vm_login *login,
                         const struct vm_written *f)
{
    struct session_host *h = ctx;
    struct session *s = session_of(login);
    bool fresh;

    (void)vm;
    fresh = h->sink->artefact(h->sink->ctx, s ? &s->src : NULL, how_written(f->program), f->path,
                              NULL, f->v);
    if (s && fresh)
        policy_note_artefact(s->policy);
}

static void foreign_exec(void *ctx, struct vm *vm, struct vm_login *login, const char *path,
                         struct vnode v)
{
    struct event_foreign_exec e = {.path = event_s(path)};

    (void)vm, (void)v;
    tell(ctx, login, EVENT_FOREIGN_EXEC, &e);
}

static void not_emulated(void *ctx, struct vm *vm, struct vm_login *login, const char *path)
{
    struct event_not_emulated e = {.path = event_s(path)};

    (void)vm;
    tell(ctx, login, EVENT_NOT_EMULATED, &e);
}

static void limit(void *ctx, struct vm *vm, struct vm_login *login, const char *which)
{
    struct event_limit e = {.which = event_s(which), .count = 1};

    (void)vm;
    tell(ctx, login, EVENT_LIMIT, &e);
}

static void audit(void *ctx, struct vm *vm, struct vm_login *login, const char *what,
                  const char *detail)
{
    struct event_audit e = {.what = event_s(what), .detail = event_s(detail)};

    (void)vm;
    tell(ctx, login, EVENT_AUDIT, &e);
}

static bool fetch_start(void *ctx, struct vm *vm, struct vm_login *login, uint64_t ticket,
                        const struct vm_fetch_req *req)
{
    struct session_host *h = ctx;
    struct session *s = session_of(login);

    (void)vm;
    return h->sink->fetch_start &&
           h->sink->fetch_start(h->sink->ctx, s ? &s->src : NULL, ticket, req);
}

static void fetch_more(void *ctx, uint64_t ticket)
{
    struct session_host *h = ctx;

    if (h->sink->fetch_more)
        h->sink->fetch_more(h->sink->ctx, ticket);
}

static void fetch_cancel(void *ctx, uint64_t ticket)
{
    struct session_host *h = ctx;

    if (h->sink->fetch_cancel)
        h->sink->fetch_cancel(h->sink->ctx, ticket);
}

struct vm_hooks session_vm_hooks(struct session_host *h)
{
    return (struct vm_hooks){.ctx = h,
                             .file_written = file_written,
                             .foreign_exec = foreign_exec,
                             .not_emulated = not_emulated,
                             .limit = limit,
                             .audit = audit,
                             .fetch_start = fetch_start,
                             .fetch_more = fetch_more,
                             .fetch_cancel = fetch_cancel};
}
