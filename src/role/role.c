/* role.c -- what all roles but the monitor do alike: obey the control channel.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "role/role.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

const char *role_name(enum role_kind k)
{
    static const char *const names[ROLE_KINDS] = {"monitor", "recorder", "learner", "sensor",
                                                  "fetcher"};
    return names[k];
}

static void stop(struct role *r)
{
    if (r->on_stop)
        r->on_stop(r);
    else
        loop_stop(r->loop);
}

static void ctl_recv(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    struct role *r = ctx;

    if (type == CTL_LINK && n == sizeof(struct role_link) && fd >= 0 && r->on_link) {
        r->on_link(r, body, fd);
    } else if (type == CTL_CONN && n == sizeof(struct role_conn) && fd >= 0 && r->on_conn) {
        r->on_conn(r, body, fd);
    } else if (type == CTL_STOP) {
        stop(r);
    } else if (type == CTL_RELOAD) {
        if (r->on_reload)
            r->on_reload(r);
    } else {
        if (r->on_other)
            r->on_other(r, type, body, n);
        if (fd >= 0)
            close(fd);
    }
}

/* Without a monitor there is nobody left to work for. */
static void ctl_closed(void *ctx)
{
    stop(ctx);
}

int role_init(struct role *r, enum role_kind kind, unsigned index, const struct role_setup *s,
              int ctl_fd)
{
    sigset_t none;

    r->kind = kind;
    r->index = index;
    r->setup = s;
    log_set_name(role_name(kind));
    umask(027); /* records are the operator's, and nobody else's */
    /* Only the monitor answers signals; it tells the others over their channel. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    clock_init(&r->clock);
    r->loop = loop_new(&r->clock);
    if (!r->loop)
        return ERR_NOMEM;
    r->ctl = ipc_new(r->loop, ctl_fd, 1 << 20, ctl_recv, ctl_closed, r);
    return r->ctl ? 0 : ERR_NOMEM;
}

int role_run(struct role *r)
{
    return loop_run(r->loop);
}

void role_done(struct role *r)
{
    ipc_free(r->ctl);
    loop_free(r->loop);
}
