/* recorder.c -- the only process that writes what is kept of attackers.
 *
 * Sensors, learner and monitor tell it; it stores ten times a second, earlier
 * when much has come together, and confirms. When the disk refuses it tries
 * again every second and takes nothing new meanwhile: the senders keep it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "role/role.h"
#include "role/sandbox.h"
#include "store/artefact.h"
#include "store/retain.h"
#include "store/store.h"

enum {
    COMMIT_US = 100000,
    RETRY_US = 1000000,
    COMMIT_BYTES = 2 << 20, /* do not wait for the clock beyond this */
    STOP_US = 5000000,      /* how long the others may take to end */
    PEERS_MAX = 260,        /* 256 sensors and the learner */
    QUEUE_MAX = 1 << 20,    /* confirmations: small */
    RETAIN_ROWS = 20000,    /* removed from a table at a time */
};

static const int64_t RETAIN_FIRST_US = INT64_C(60000000), RETAIN_US = INT64_C(600000000);

struct recorder;
struct peer {
    struct recorder *r;
    struct role_link who;
    struct ipc *ipc;
    struct store_sender *sender;
};

struct recorder {
    struct role role; /* first: callbacks cast back */
    struct store *store;
    struct store_sender *monitor;
    struct peer peers[PEERS_MAX];
    struct loop_timer commit_timer, stop_timer, retain_timer;
    bool stopping;
    char folder[4096], host[256], uuid[37];
};

/* --- storing ---------------------------------------------------------------- */

static void commit(void *ctx);

static void commit_in(struct recorder *r, int64_t us)
{
    if (loop_timer_in(r->role.loop, &r->commit_timer, us, commit, r))
        log_error("no timer for the next commit");
}

static void commit(void *ctx)
{
    struct recorder *r = ctx;

    if (store_commit(r->store))
        commit_in(r, RETRY_US);
    else
        loop_timer_stop(r->role.loop, &r->commit_timer);
}

static void arrived(struct recorder *r)
{
    if (!r->commit_timer.slot)
        commit_in(r, COMMIT_US);
    else if (store_pending(r->store) > COMMIT_BYTES &&
             r->commit_timer.at_us - clock_mono_us(&r->role.clock) <= COMMIT_US)
        commit(r);
}

/* A little every ten minutes: age and bytes as configured. */
static void retain(void *ctx)
{
    struct recorder *r = ctx;
    const struct conf *conf = r->role.setup->conf;
    struct retain_conf rc = {.dir = r->folder,
                             .now_us = clock_real_us(&r->role.clock),
                             .keep_us = conf->store.keep * 1000,
                             .max_bytes = (uint64_t)conf->store.size,
                             .rows_max = RETAIN_ROWS};
    struct retain_stats st;

    if (retain_run(&rc, &st))
        log_warn("not everything that is due could be removed");
    if (st.files || st.rows)
        log_info("removed %llu files and %llu rows", (unsigned long long)st.files,
                 (unsigned long long)st.rows);
    if (loop_timer_in(r->role.loop, &r->retain_timer, RETAIN_US, retain, r))
        log_error("no timer for removals");
}

/* --- lines --------------------------------------------------------------------- */

static void reply(void *ctx, uint32_t type, const void *body, size_t n)
{
    struct peer *p = ctx;

    if (p->ipc && ipc_send(p->ipc, type, body, n, -1))
        log_warn("%s %u does not take its confirmations", role_name(p->who.kind), p->who.index);
}

static void no_reply(void *ctx, uint32_t type, const void *body, size_t n)
{
    (void)ctx, (void)type, (void)body, (void)n;
}

static void peer_recv(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    struct peer *p = ctx;

    store_recv(p->sender, type, body, n, fd);
    arrived(p->r);
}

static void peer_drop(struct peer *p)
{
    store_sender_free(p->sender);
    ipc_free(p->ipc);
    p->sender = NULL;
    p->ipc = NULL;
}

static bool anyone_left(const struct recorder *r)
{
    for (int i = 0; i < PEERS_MAX; i++)
        if (r->peers[i].ipc)
            return true;
    return false;
}

static void peer_closed(void *ctx)
{
    struct peer *p = ctx;

    peer_drop(p);
    arrived(p->r);
    if (p->r->stopping && !anyone_left(p->r))
        loop_stop(p->r->role.loop);
}

/* The place of a peer that was linked before, else a free one. */
static struct peer *peer_place(struct recorder *r, const struct role_link *who)
{
    struct peer *free_one = NULL;

    for (int i = 0; i < PEERS_MAX; i++) {
        struct peer *p = &r->peers[i];
        if (p->ipc && p->who.kind == who->kind && p->who.index == who->index)
            return p;
        if (!p->ipc && !free_one)
            free_one = p;
    }
    return free_one;
}

static void on_link(struct role *role, const struct role_link *link, int fd)
{
    struct recorder *r = (struct recorder *)role;
    struct peer *p = peer_place(r, link);

    if (!p) {
        log_error("too many senders");
        close(fd);
        return;
    }
    peer_drop(p);
    p->r = r;
    p->who = *link;
    p->ipc = ipc_new(role->loop, fd, QUEUE_MAX, peer_recv, peer_closed, p);
    if (p->ipc)
        p->sender = store_sender_new(r->store, reply, p);
    if (!p->sender)
        peer_drop(p);
    arrived(r);
}

static void on_other(struct role *role, uint32_t type, const void *body, size_t n)
{
    struct recorder *r = (struct recorder *)role;

    if (type != CTL_EVENT)
        return;
    store_recv(r->monitor, STORE_MSG_EVENT, body, n, -1);
    arrived(r);
}

static void stop_now(void *ctx)
{
    struct recorder *r = ctx;

    log_warn("not everyone has ended; their last records may be missing");
    loop_stop(r->role.loop);
}

/* The others end first: their last records are still coming. */
static void on_stop(struct role *role)
{
    struct recorder *r = (struct recorder *)role;

    r->stopping = true;
    if (!anyone_left(r) || loop_timer_in(role->loop, &r->stop_timer, STOP_US, stop_now, r))
        loop_stop(role->loop);
}

/* --- the beginning and the end ----------------------------------------------------- */

/* An id of this installation that says nothing about its persona. */
static void make_uuid(char out[37], uint64_t seed)
{
    static const char label[] = "qrassh sensor";
    uint64_t hi = hash_fixed(label, sizeof label, seed), lo = hash_fixed(label, sizeof label, hi);

    (void)str_fmt(out, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(hi >> 32),
                  (unsigned)(hi >> 16 & 0xffff), (unsigned)(hi & 0xfff),
                  (unsigned)(0x8000 | (lo >> 48 & 0x3fff)),
                  (unsigned long long)(lo & 0xffffffffffff));
}

static int open_store(struct recorder *r)
{
    struct store_conf conf = {.dir = r->folder,
                              .shown = r->role.setup->state_dir,
                              .sensor = r->host,
                              .uuid = r->uuid,
                              .clock = &r->role.clock,
                              .tty_max = r->role.setup->conf->store.tty};
    char why[512];
    int err = store_open(&conf, &r->store, why, sizeof why);

    if (err) {
        log_error("%s", why);
        return err;
    }
    r->monitor = store_sender_new(r->store, no_reply, NULL);
    return r->monitor ? 0 : ERR_NOMEM;
}

int role_recorder_main(const struct role_setup *s, unsigned index, int ctl_fd)
{
    static struct recorder r; /* one a process */
    char mime[64];
    int err = role_init(&r.role, ROLE_RECORDER, index, s, ctl_fd);

    if (err < 0)
        return 1;
    r.role.on_link = on_link;
    r.role.on_other = on_other;
    r.role.on_stop = on_stop;
    if (gethostname(r.host, sizeof r.host - 1) < 0)
        (void)str_copy(r.host, sizeof r.host, "qrassh");
    make_uuid(r.uuid, s->persona ? s->persona->seed : s->seed);
    artefact_mime("", 0, mime, sizeof mime); /* its tables lie outside the state folder */
    if (sandbox_enter(s, SANDBOX_FS_STATE, r.folder, sizeof r.folder) < 0 || open_store(&r))
        return 1;
    if (loop_timer_in(r.role.loop, &r.retain_timer, RETAIN_FIRST_US, retain, &r))
        return 1;
    err = role_run(&r.role);
    for (int i = 0; i < PEERS_MAX; i++)
        peer_drop(&r.peers[i]);
    store_close(r.store);
    role_done(&r.role);
    return err < 0 ? 1 : 0;
}
