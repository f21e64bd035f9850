/* learner.c -- the process that trains: transitions in, policy snapshots out.
 *
 * rl/learner does the learning; this is its body: sockets, files, and the
 * sense of time. It trains only when no message waits, so that sensors are
 * always read first, and keeps everything in one checkpoint, so that a restart
 * goes on where it was.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "rl/learner.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "event/event.h"
#include "role/proto.h"
#include "role/role.h"
#include "role/sandbox.h"
#include "store/proto.h"

enum {
    SENSORS_MAX = 64,
    CHECKPOINT_MAX = 256 << 20,
};

struct peer {
    struct learner *l;
    unsigned index;
    struct ipc *ipc; /* NULL: not there now */
};

struct learner {
    struct role role;
    struct rl_learner *rl;
    struct peer sensors[SENSORS_MAX];
    struct peer recorder;
    struct buf snapshot; /* the newest, for sensors that come later */
    char folder[4096];
    uint64_t seen_at_save;
    struct loop_timer save_timer, publish_timer;
    int64_t published_us;
    bool stopping;
};

/* --- what goes out ------------------------------------------------------------ */

static void send_snapshot(struct peer *p, int memfd)
{
    if (p->ipc && ipc_send(p->ipc, PROTO_POLICY, NULL, 0, memfd) < 0)
        log_warn("sensor %u missed a policy", p->index);
}

static void tell_recorder(struct learner *l)
{
    struct rl_learner_stats st;
    struct event_policy_published e;
    struct buf b;

    if (!l->recorder.ipc)
        return;
    rl_learner_get_stats(l->rl, &st);
    e = (struct event_policy_published){.version = st.version,
                                        .agent = event_s(l->role.setup->conf->policy.agent),
                                        .loss = st.agent.loss_mean,
                                        .epsilon = st.agent.epsilon,
                                        .steps = (int64_t)st.agent.steps,
                                        .seen = (int64_t)st.accepted,
                                        .replay = (int64_t)st.agent.size,
                                        .reward_mean = st.reward_mean};
    buf_init(&b, IPC_MAX);
    if (event_encode(&b, EVENT_POLICY_PUBLISHED, NULL, clock_real_us(&l->role.clock), &e) < 0 ||
        ipc_send(l->recorder.ipc, STORE_MSG_EVENT, buf_ptr(&b), buf_len(&b), -1) < 0)
        log_warn("the recorder missed a policy event");
    buf_done(&b);
}

static void publish(struct learner *l)
{
    int fd, r = rl_learner_snapshot(l->rl, &l->snapshot);

    l->published_us = clock_mono_us(&l->role.clock);
    if (r < 0) {
        log_error("no snapshot: %s", err_text(r));
        return;
    }
    fd = ipc_memfd("policy", buf_ptr(&l->snapshot), buf_len(&l->snapshot));
    if (fd < 0) {
        log_error("no snapshot: %s", strerror(errno));
        return;
    }
    for (unsigned i = 0; i < SENSORS_MAX; i++)
        send_snapshot(&l->sensors[i], fd);
    close(fd);
    tell_recorder(l);
}

/* --- the checkpoint ----------------------------------------------------------- */

static bool checkpoint_path(const struct learner *l, char *out, size_t n)
{
    return str_fmt(out, n, "%s/model/%s.safetensors", strcmp(l->folder, "/") == 0 ? "" : l->folder,
                   l->role.setup->conf->policy.agent);
}

static void save(struct learner *l)
{
    struct rl_learner_stats st;
    char path[4200];
    struct buf b;
    int r;

    rl_learner_get_stats(l->rl, &st);
    if (st.accepted == l->seen_at_save || !checkpoint_path(l, path, sizeof path))
        return;
    buf_init(&b, CHECKPOINT_MAX);
    r = rl_learner_save(l->rl, &b);
    if (r == 0)
        r = file_write(path, buf_ptr(&b), buf_len(&b), 0600);
    if (r < 0)
        log_error("cannot keep the checkpoint %s: %s", path, err_text(r));
    else
        l->seen_at_save = st.accepted;
    buf_done(&b);
}

static void load(struct learner *l)
{
    char path[4200], why[200], aside[4300];
    struct buf b;
    int r;

    if (!checkpoint_path(l, path, sizeof path))
        return;
    buf_init(&b, CHECKPOINT_MAX);
    r = file_read(path, &b);
    if (r == 0) {
        r = rl_learner_load(l->rl, buf_ptr(&b), buf_len(&b), why, sizeof why);
        if (r == 0) {
            struct rl_learner_stats st;
            rl_learner_get_stats(l->rl, &st);
            l->seen_at_save = st.accepted;
            log_info("going on from %s: version %u, %llu transitions", path, st.version,
                     (unsigned long long)st.accepted);
        } else if (str_fmt(aside, sizeof aside, "%s.refused", path)) {
            (void)rename(path, aside);
            log_warn("%s is refused (%s), kept as %s; starting afresh", path, why, aside);
        }
    } else if (r != ERR_NOTFOUND) {
        log_warn("cannot read %s: %s", path, strerror(errno));
    }
    buf_done(&b);
}

static void on_save(void *ctx)
{
    struct learner *l = ctx;
    int64_t every_us = l->role.setup->conf->learner.save * 1000;

    save(l);
    if (loop_timer_in(l->role.loop, &l->save_timer, every_us, on_save, l) < 0)
        log_error("cannot plan the next checkpoint");
}

/* Publishes what is due, but no more often than the configuration says. */
static void publish_if_due(void *ctx)
{
    struct learner *l = ctx;
    int64_t at = l->published_us + l->role.setup->conf->learner.publish * 1000;

    if (!rl_learner_due(l->rl))
        return;
    if (clock_mono_us(&l->role.clock) >= at)
        publish(l);
    else if (!l->publish_timer.slot &&
             loop_timer_at(l->role.loop, &l->publish_timer, at, publish_if_due, l) < 0)
        log_error("cannot plan the next policy");
}

/* --- what comes in -------------------------------------------------------------- */

static void sensor_said(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    struct peer *p = ctx;

    if (fd >= 0)
        close(fd);
    if (type != PROTO_TRANSITION || n != sizeof(struct rl_transition) ||
        rl_learner_add(p->l->rl, body) < 0)
        log_warn("sensor %u sent nonsense", p->index);
}

static void sensor_closed(void *ctx)
{
    struct peer *p = ctx;

    ipc_free(p->ipc);
    p->ipc = NULL;
    if (p->l->stopping) {
        for (unsigned i = 0; i < SENSORS_MAX; i++)
            if (p->l->sensors[i].ipc)
                return;
        loop_stop(p->l->role.loop);
    }
}

static void recorder_said(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    (void)ctx, (void)type, (void)body, (void)n;
    if (fd >= 0)
        close(fd);
}

static void recorder_closed(void *ctx)
{
    struct peer *p = ctx;

    ipc_free(p->ipc);
    p->ipc = NULL;
}

static void on_link(struct role *r, const struct role_link *link, int fd)
{
    struct learner *l = (struct learner *)r;
    bool sensor = link->kind == ROLE_SENSOR && link->index < SENSORS_MAX;
    struct peer *p = sensor ? &l->sensors[link->index] : &l->recorder;

    ipc_free(p->ipc);
    p->l = l;
    p->index = link->index;
    p->ipc = ipc_new(r->loop, fd, 16 << 20, sensor ? sensor_said : recorder_said,
                     sensor ? sensor_closed : recorder_closed, p);
    if (sensor && buf_len(&l->snapshot) > 0) {
        int memfd = ipc_memfd("policy", buf_ptr(&l->snapshot), buf_len(&l->snapshot));
        if (memfd >= 0) {
            send_snapshot(p, memfd);
            close(memfd);
        }
    }
}

static void on_stop(struct role *r)
{
    struct learner *l = (struct learner *)r;
    bool any = false;

    /* The sensors end their sessions first; their last transitions count. */
    l->stopping = true;
    for (unsigned i = 0; i < SENSORS_MAX; i++)
        any |= l->sensors[i].ipc != NULL;
    if (!any)
        loop_stop(r->loop);
}

static int64_t idle(void *ctx)
{
    struct learner *l = ctx;
    bool more = rl_learner_step(l->rl);

    publish_if_due(l);
    return more ? 0 : INT64_MAX;
}

/* --- the beginning and the end ------------------------------------------------------ */

static struct rl_learner *make_learner(const struct role_setup *s, char *why, size_t n)
{
    struct rl_learner_config c = {0};

    if (proto_learner_config(s->conf, s->seed, &c) < 0) {
        str_fmt(why, n, "there is no agent '%s' with profile '%s'", s->conf->policy.agent,
                s->conf->learner.profile);
        return NULL;
    }
    return rl_learner_new(&c, why, n);
}

int role_learner_main(const struct role_setup *s, unsigned index, int ctl_fd)
{
    static struct learner l; /* one a process */
    char why[200];
    int r = role_init(&l.role, ROLE_LEARNER, index, s, ctl_fd);

    if (r < 0)
        return 1;
    l.role.on_link = on_link;
    l.role.on_stop = on_stop;
    buf_init(&l.snapshot, 64 << 20);
    l.rl = make_learner(s, why, sizeof why);
    if (!l.rl) {
        log_error("%s", why);
        return 1;
    }
    if (sandbox_enter(s, SANDBOX_FS_STATE, l.folder, sizeof l.folder) < 0)
        return 1;
    load(&l);
    publish(&l);
    loop_set_idle(l.role.loop, idle, &l);
    on_save(&l);
    r = role_run(&l.role);
    save(&l);
    rl_learner_free(l.rl);
    buf_done(&l.snapshot);
    role_done(&l.role);
    return r < 0 ? 1 : 0;
}
