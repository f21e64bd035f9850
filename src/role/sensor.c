/* sensor.c -- the process that attackers talk to: sessions, machines, decisions.
 *
 * One event loop. Each turn: sockets are read, machines run until they wait,
 * output is flushed. Everything that must outlive the sensor is sent away:
 * events and files to the recorder, experience to the learner. It holds its
 * sockets and pipes, and can open, connect to and execute nothing.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "policy/session.h"
#include "role/fetch_client.h"
#include "role/proto.h"
#include "role/scribe.h"
#include "role/role.h"
#include "role/sandbox.h"
#include "session/machines.h"
#include "session/session.h"
#include "session/sftp.h"
#include "session/tally.h"
#include "shell/programs.h"

enum {
    RUN_US = 4000, /* machines run this long before sockets are looked at */
    ROUNDS = 4,    /* of running and flushing in one turn */
    EXPIRE_US = 10 * 1000000,
    LEARNER_QUEUE = 4 << 20,
};

struct sensor {
    struct role role;
    struct session_host host;
    struct session_sink sink;
    struct policy_world *policy;
    const void *policy_mem; /* the snapshot in use; NULL: built in */
    size_t policy_n;
    struct ipc *learner;
    struct scribe *scribe;
    struct fetch_client *fetch;
    struct loop_timer expire;
    uint64_t transitions_lost;
};

/* --- the sink ------------------------------------------------------------------ */

static void sink_event(void *ctx, enum event_id id, const struct event_source *src,
                       const void *fields)
{
    struct sensor *s = ctx;

    scribe_event(s->scribe, id, src, fields);
}

static void sink_record_open(void *ctx, const struct event_source *src,
                             const struct session_record *r)
{
    struct sensor *s = ctx;

    scribe_tty_open(s->scribe, src, r);
}

static void sink_record_data(void *ctx, uint64_t id, char kind, const void *p, size_t n)
{
    struct sensor *s = ctx;

    scribe_tty_data(s->scribe, id, kind, p, n);
}

static void sink_record_close(void *ctx, uint64_t id)
{
    struct sensor *s = ctx;

    scribe_tty_close(s->scribe, id);
}

static bool told_by_fetcher(void *ctx, const struct event_source *src, const void *p, size_t n)
{
    struct sensor *s = ctx;

    return fetch_client_told(s->fetch, src, p, n);
}

static bool sink_artefact(void *ctx, const struct event_source *src, const char *how,
                          const char *path, const char *url, struct vnode v)
{
    struct sensor *s = ctx;
    struct scribe_file f = {.how = how, .path = path, .url = url, .node = v, .ctx = s};
    struct vfs_stat st;

    if (src && vfs_stat(v, NULL, &st) == 0 &&
        fetch_client_expects(s->fetch, src, (uint64_t)st.size))
        f.told = told_by_fetcher;
    return scribe_artefact(s->scribe, src, &f);
}

static void sink_transition(void *ctx, const struct rl_transition *t)
{
    struct sensor *s = ctx;

    if (!s->learner || ipc_send(s->learner, PROTO_TRANSITION, t, sizeof *t, -1) < 0)
        s->transitions_lost++;
}

static bool sink_fetch_start(void *ctx, const struct event_source *src, uint64_t ticket,
                             const struct vm_fetch_req *req)
{
    struct sensor *s = ctx;

    return fetch_client_start(s->fetch, src, ticket, req);
}

static void sink_fetch_more(void *ctx, uint64_t ticket)
{
    struct sensor *s = ctx;

    fetch_client_more(s->fetch, ticket);
}

static void sink_fetch_cancel(void *ctx, uint64_t ticket)
{
    struct sensor *s = ctx;

    fetch_client_cancel(s->fetch, ticket);
}

/* --- links ------------------------------------------------------------------------- */

static void use_policy(struct sensor *s, int fd)
{
    const struct rl_policy *policy;
    const void *mem, *old = s->policy_mem;
    size_t n, old_n = s->policy_n;

    if (ipc_memfd_map(fd, &mem, &n) < 0) {
        log_error("the learner's snapshot cannot be mapped");
    } else if (rl_policy_open(mem, n, &policy) < 0) {
        log_error("the learner's snapshot is damaged; keeping the policy in use");
        ipc_memfd_unmap(mem, n);
    } else {
        policy_world_use(s->policy, policy);
        s->policy_mem = mem;
        s->policy_n = n;
        if (old)
            ipc_memfd_unmap(old, old_n);
    }
}

static void learner_said(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    (void)body, (void)n;
    if (type == PROTO_POLICY && fd >= 0)
        use_policy(ctx, fd);
    if (fd >= 0)
        close(fd);
}

static void learner_closed(void *ctx)
{
    struct sensor *s = ctx;

    ipc_free(s->learner);
    s->learner = NULL;
}

static void on_link(struct role *r, const struct role_link *link, int fd)
{
    struct sensor *s = (struct sensor *)r;

    if (link->kind == ROLE_LEARNER) {
        ipc_free(s->learner);
        s->learner = ipc_new(r->loop, fd, LEARNER_QUEUE, learner_said, learner_closed, s);
    } else if (link->kind == ROLE_RECORDER) {
        scribe_link(s->scribe, fd);
    } else if (link->kind == ROLE_FETCHER) {
        fetch_client_link(s->fetch, fd);
    } else {
        close(fd);
    }
}

static void on_conn(struct role *r, const struct role_conn *conn, int fd)
{
    struct sensor *s = (struct sensor *)r;

    session_start(&s->host, fd, &conn->peer, &conn->local);
}

static void on_stop(struct role *r)
{
    struct sensor *s = (struct sensor *)r;

    session_end_all(&s->host, "server shut down");
    scribe_flush(s->scribe, 2000);
    if (s->learner && ipc_flush(s->learner, 2000) < 0)
        log_warn("the learner did not take the last transitions");
    loop_stop(r->loop);
}

/* --- the loop ------------------------------------------------------------------------ */

static int64_t idle(void *ctx)
{
    struct sensor *s = ctx;
    int64_t next = 0;

    for (int i = 0; i < ROUNDS; i++) {
        next = vm_world_run(s->host.world, RUN_US);
        if (!session_flush_dirty(&s->host))
            return next;
    }
    return 0;
}

static void on_expire(void *ctx)
{
    struct sensor *s = ctx;
    int64_t keep_us = s->host.conf->vm.keep * 1000;

    if (keep_us > 0)
        machines_expire(s->host.machines, clock_mono_us(&s->role.clock) - keep_us);
    if (loop_timer_in(s->role.loop, &s->expire, EXPIRE_US, on_expire, s) < 0)
        log_error("machines are no longer expired");
}

/* --- the beginning --------------------------------------------------------------------- */

static struct vm_world *make_world(struct sensor *s)
{
    const struct conf *c = s->role.setup->conf;
    const struct vm_program *tables[] = {cmd_programs(), shell_programs, sftp_programs, NULL};
    struct vm_world_conf w = {
        .image = s->role.setup->image,
        .persona = s->role.setup->persona,
        .tables = tables,
        .clock = &s->role.clock,
        .seed = s->role.setup->seed,
        .hooks = session_vm_hooks(&s->host),
        .limits = {.memory = (uint64_t)c->limits.memory,
                   .disk = (uint64_t)c->limits.disk,
                   .inodes = (uint64_t)c->limits.inodes,
                   .all_memory = (uint64_t)c->limits.machines,
                   .processes = (unsigned)c->limits.processes,
                   .files = (unsigned)c->limits.files,
                   .fuel = (unsigned)c->limits.fuel,
                   .output_rate = (uint64_t)c->limits.output},
    };

    return vm_world_new(&w);
}

static struct ssh_server *make_ssh(struct sensor *s)
{
    const struct conf *c = s->role.setup->conf;
    const struct vfs_image *im = s->role.setup->image;
    uint64_t moduli = im ? vfs_image_find(im, "/etc/ssh/moduli") : 0;
    char version[128];
    struct ssh_config cfg = {.version = version,
                             .keys = s->role.setup->keys,
                             .clock = &s->role.clock,
                             .max_auth_tries = (int)c->ssh.auth_tries,
                             .max_sessions = (int)c->ssh.sessions,
                             .login_grace_s = (int)(c->ssh.login_grace / 1000)};

    if (moduli)
        cfg.moduli = vfs_image_data(im, moduli, &cfg.moduli_n);
    str_fmt(version, sizeof version, "SSH-2.0-%s", s->role.setup->persona->ssh_version);
    return ssh_server_new(&cfg);
}

static struct fetch_client *make_fetch(struct sensor *s)
{
    struct fetch_client_conf conf = {.loop = s->role.loop,
                                     .clock = &s->role.clock,
                                     .mode = (enum conf_fetch_mode)s->host.conf->fetch.mode,
                                     .world = s->host.world,
                                     .scribe = s->scribe};

    return fetch_client_new(&conf);
}

static int fill_host(struct sensor *s)
{
    const struct role_setup *set = s->role.setup;
    const struct conf *c = set->conf;
    struct auth_conf auth = {.mode = (enum auth_mode)c->auth.mode,
                             .min_tries = (unsigned)c->auth.min_tries,
                             .max_tries = (unsigned)c->auth.max_tries,
                             .sources_max = (unsigned)c->auth.sources,
                             .seed = set->seed};
    struct policy_world_conf policy = {.clock = &s->role.clock,
                                       .seed = set->seed ^ s->role.index,
                                       .reward_profile = rl_reward_find(c->policy.reward),
                                       .delay_us = c->policy.delay_ms * 1000};
    struct session_host *h = &s->host;
    char name[32];

    session_host_init(h);
    h->conf = c;
    h->clock = &s->role.clock;
    h->persona = set->persona;
    h->loop = s->role.loop;
    h->sink = &s->sink;
    h->rng = rng_named(set->seed ^ s->role.index, "session");
    h->auth = auth_book_new(&auth);
    h->policy = s->policy = policy_world_new(&policy);
    h->world = make_world(s);
    h->machines = h->world ? machines_new(h->world) : NULL;
    h->tally = tally_new();
    h->ssh = make_ssh(s);
    str_fmt(name, sizeof name, "sensor %u", s->role.index);
    s->scribe = scribe_new(s->role.loop, &s->role.clock, name, (size_t)c->store.artefact, 0);
    s->fetch = make_fetch(s);
    return h->auth && h->policy && h->machines && h->tally && h->ssh && s->scribe && s->fetch
               ? 0
               : ERR_NOMEM;
}

/* Until the learner's first snapshot: agents that need no learner are built in. */
static void first_policy(struct sensor *s)
{
    const struct rl_policy *p = rl_policy_builtin(s->role.setup->conf->policy.agent);

    if (p)
        policy_world_use(s->policy, p);
}

int role_sensor_main(const struct role_setup *setup, unsigned index, int ctl_fd)
{
    static struct sensor s; /* one a process */
    char root[4096];
    int r = role_init(&s.role, ROLE_SENSOR, index, setup, ctl_fd);

    if (r < 0)
        return 1;
    s.sink = (struct session_sink){.ctx = &s,
                                   .event = sink_event,
                                   .record_open = sink_record_open,
                                   .record_data = sink_record_data,
                                   .record_close = sink_record_close,
                                   .artefact = sink_artefact,
                                   .fetch_start = sink_fetch_start,
                                   .fetch_more = sink_fetch_more,
                                   .fetch_cancel = sink_fetch_cancel,
                                   .transition = sink_transition};
    s.role.on_link = on_link;
    s.role.on_conn = on_conn;
    s.role.on_stop = on_stop;
    r = fill_host(&s);
    if (r < 0) {
        log_error("cannot start: %s", err_text(r));
        return 1;
    }
    first_policy(&s);
    loop_set_idle(s.role.loop, idle, &s);
    on_expire(&s);
    if (sandbox_enter(setup, SANDBOX_FS_NONE, root, sizeof root) < 0 || sandbox_sensor_filter() < 0)
        return 1;
    r = role_run(&s.role);
    machines_free(s.host.machines);
    tally_free(s.host.tally);
    vm_world_free(s.host.world);
    fetch_client_free(s.fetch);
    ssh_server_free(s.host.ssh);
    auth_book_free(s.host.auth);
    policy_world_free(s.policy);
    scribe_free(s.scribe);
    role_done(&s.role);
    return r < 0 ? 1 : 0;
}
