/* monitor.c -- starts the roles, watches them, hands them connections.
 *
 * The monitor holds the listening sockets and every role's control channel,
 * and never reads a byte an attacker sent. A role that ends is started again
 * after a pause that doubles with each early death; its peers get fresh
 * links. All connections of one source go to the same sensor, since its
 * machine lives there.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "role/listen.h"
#include "role/report.h"
#include "role/role.h"
#include "role/setup.h"

enum {
    SENSORS_MAX = 64,
    CHILDREN_MAX = SENSORS_MAX + 3,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 30 * 1000,
    STEADY_MS = 60 * 1000, /* a role that lived this long starts afresh at once */
    UNTOLD_MAX = 256,      /* events kept for a recorder that is away */
    STOP_MS = 5 * 1000,    /* after which a stopping role is killed */
};

struct child {
    struct monitor *m;
    enum role_kind kind;
    unsigned index;
    pid_t pid; /* 0: not running */
    struct ipc *ctl;
    int64_t started_ms, backoff_ms;
    struct loop_timer restart;
};

struct monitor {
    struct role_setup setup;
    struct clock clock;
    struct loop *loop;
    int listeners[16];
    struct loop_io *listen_io[16];
    unsigned nlisteners;
    struct child children[CHILDREN_MAX];
    unsigned nchildren;
    int sigfd;
    struct buf untold[UNTOLD_MAX];
    unsigned nuntold;
    bool stopping;
    struct loop_timer kill_timer;
    uint64_t refused; /* connections a sensor's queue would not take */
};

typedef int role_main_fn(const struct role_setup *s, unsigned index, int ctl_fd);
static role_main_fn *const role_mains[ROLE_KINDS] = {
    [ROLE_RECORDER] = role_recorder_main,
    [ROLE_LEARNER] = role_learner_main,
    [ROLE_SENSOR] = role_sensor_main,
    [ROLE_FETCHER] = role_fetcher_main,
};

/* Who talks to whom: the first of each pair and the second. */
static const enum role_kind link_kinds[][2] = {
    {ROLE_SENSOR, ROLE_RECORDER}, {ROLE_SENSOR, ROLE_LEARNER},   {ROLE_LEARNER, ROLE_RECORDER},
    {ROLE_SENSOR, ROLE_FETCHER},  {ROLE_FETCHER, ROLE_RECORDER},
};

static bool linked(enum role_kind a, enum role_kind b)
{
    for (size_t i = 0; i < sizeof link_kinds / sizeof *link_kinds; i++)
        if ((link_kinds[i][0] == a && link_kinds[i][1] == b) ||
            (link_kinds[i][0] == b && link_kinds[i][1] == a))
            return true;
    return false;
}

static struct child *recorder_of(struct monitor *m)
{
    return &m->children[0];
}

/* Sends what was to be told while the recorder was away, oldest first. */
static void tell_recorder(struct monitor *m)
{
    struct child *rec = recorder_of(m);
    unsigned sent = 0;

    while (rec->ctl && sent < m->nuntold &&
           ipc_send(rec->ctl, CTL_EVENT, buf_ptr(&m->untold[sent]), buf_len(&m->untold[sent]),
                    -1) == 0)
        buf_done(&m->untold[sent++]);
    memmove(m->untold, m->untold + sent, (m->nuntold - sent) * sizeof *m->untold);
    m->nuntold -= sent;
}

/* Tells the recorder what became of a role. */
static void report(struct child *c, const char *what, const char *reason)
{
    struct monitor *m = c->m;
    struct report r = {
        .kind = c->kind, .index = c->index, .pid = c->pid, .what = what, .reason = reason};
    struct buf b;

    log_info("%s %u: %s%s%s (pid %d)", role_name(c->kind), c->index, what, *reason ? ": " : "",
             reason, (int)c->pid);
    buf_init(&b, IPC_MAX);
    if (m->nuntold == UNTOLD_MAX || report_encode(&b, &m->clock, &r) < 0) {
        log_warn("the recorder misses an event of the monitor");
        buf_done(&b);
        return;
    }
    m->untold[m->nuntold++] = b;
    tell_recorder(m);
}

static void ctl_recv(void *ctx, uint32_t type, const void *body, size_t n, int fd)
{
    (void)ctx, (void)type, (void)body, (void)n;
    if (fd >= 0)
        close(fd);
}

static void ctl_closed(void *ctx)
{
    (void)ctx;
} /* SIGCHLD tells the rest */

static int send_link(struct child *to, const struct child *peer, int fd)
{
    struct role_link link = {.kind = peer->kind, .index = peer->index};
    return ipc_send(to->ctl, CTL_LINK, &link, sizeof link, fd);
}

/* Fresh links between c and all its running peers. */
static void link_peers(struct child *c)
{
    struct monitor *m = c->m;

    for (unsigned i = 0; i < m->nchildren; i++) {
        struct child *peer = &m->children[i];
        int fds[2];
        if (peer == c || !peer->ctl || !linked(c->kind, peer->kind))
            continue;
        if (ipc_pair(fds) < 0 || send_link(c, peer, fds[0]) < 0 || send_link(peer, c, fds[1]) < 0)
            log_error("cannot link %s to %s", role_name(c->kind), role_name(peer->kind));
        close(fds[0]);
        close(fds[1]);
    }
}

/* In a child: forget everything of the monitor but the set-up. */
static void become(struct child *c, int ctl_fd)
{
    struct monitor *m = c->m;
    int status;

    for (unsigned i = 0; i < m->nlisteners; i++)
        close(m->listeners[i]);
    for (unsigned i = 0; i < m->nchildren; i++)
        ipc_free(m->children[i].ctl);
    loop_free(m->loop);
    close(m->sigfd);
    status = role_mains[c->kind](&m->setup, c->index, ctl_fd);
    fflush(NULL);
    _exit(status);
}

static void start(void *ctx)
{
    struct child *c = ctx;
    struct monitor *m = c->m;
    int fds[2];
    pid_t pid;

    if (ipc_pair(fds) < 0) {
        log_error("cannot start the %s: %s", role_name(c->kind), strerror(errno));
        return;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        close(fds[0]);
        become(c, fds[1]);
    }
    close(fds[1]);
    if (pid < 0) {
        log_error("cannot start the %s: %s", role_name(c->kind), strerror(errno));
        close(fds[0]);
        return;
    }
    c->pid = pid;
    c->started_ms = clock_mono_ms(&m->clock);
    c->ctl = ipc_new(m->loop, fds[0], 4 << 20, ctl_recv, ctl_closed, c);
    if (!c->ctl)
        return;
    link_peers(c);
    report(c, "started", "");
}

static void describe_end(int status, char *out, size_t n)
{
    if (WIFSIGNALED(status))
        snprintf(out, n, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(out, n, "exit status %d", WEXITSTATUS(status));
}

static void child_ended(struct child *c, int status)
{
    struct monitor *m = c->m;
    int64_t lived = clock_mono_ms(&m->clock) - c->started_ms;
    char reason[80];

    describe_end(status, reason, sizeof reason);
    ipc_free(c->ctl);
    c->ctl = NULL;
    if (m->stopping) {
        c->pid = 0;
        return;
    }
    report(c, "ended", reason);
    c->pid = 0;
    if (lived > STEADY_MS || !c->backoff_ms)
        c->backoff_ms = BACKOFF_FIRST_MS;
    else
        c->backoff_ms = c->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : c->backoff_ms * 2;
    if (loop_timer_in(m->loop, &c->restart, c->backoff_ms * 1000, start, c) < 0)
        log_error("cannot plan the restart of the %s", role_name(c->kind));
}

static bool all_ended(const struct monitor *m)
{
    for (unsigned i = 0; i < m->nchildren; i++)
        if (m->children[i].pid)
            return false;
    return true;
}

static void reap(struct monitor *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (unsigned i = 0; i < m->nchildren; i++)
            if (m->children[i].pid == pid)
                child_ended(&m->children[i], status);
    if (m->stopping && all_ended(m))
        loop_stop(m->loop);
}

static void kill_rest(void *ctx)
{
    struct monitor *m = ctx;

    for (unsigned i = 0; i < m->nchildren; i++)
        if (m->children[i].pid)
            kill(m->children[i].pid, SIGKILL);
}

static void tell_all(struct monitor *m, uint32_t type, bool sensors_only)
{
    for (unsigned i = 0; i < m->nchildren; i++) {
        struct child *c = &m->children[i];
        if (c->ctl && (!sensors_only || c->kind == ROLE_SENSOR) &&
            ipc_send(c->ctl, type, NULL, 0, -1) < 0)
            log_warn("the %s does not listen", role_name(c->kind));
    }
}

/* Recorder and learner end by themselves when their last peer has gone, so
 * that nothing which sensors say at the end is lost. */
static void stop(struct monitor *m)
{
    if (m->stopping)
        return;
    m->stopping = true;
    log_info("stopping");
    for (unsigned i = 0; i < m->nlisteners; i++)
        loop_del(m->listen_io[i]);
    for (unsigned i = 0; i < m->nchildren; i++)
        loop_timer_stop(m->loop, &m->children[i].restart);
    tell_all(m, CTL_STOP, false);
    if (all_ended(m) || loop_timer_in(m->loop, &m->kill_timer, STOP_MS * 1000, kill_rest, m) < 0)
        loop_stop(m->loop);
}

static void on_signal(void *ctx, int fd, unsigned events)
{
    struct monitor *m = ctx;
    struct signalfd_siginfo si;

    (void)events;
    while (read(fd, &si, sizeof si) == sizeof si) {
        if (si.ssi_signo == SIGCHLD)
            reap(m);
        else if (si.ssi_signo == SIGHUP)
            tell_all(m, CTL_RELOAD, false);
        else
            stop(m);
    }
}

static struct child *sensor_for(struct monitor *m, const struct sockaddr_in6 *peer)
{
    uint64_t h = hash_fixed(&peer->sin6_addr, sizeof peer->sin6_addr, m->setup.seed);
    unsigned want = (unsigned)(h % m->setup.sensors);

    for (unsigned i = 0; i < m->nchildren; i++)
        if (m->children[i].kind == ROLE_SENSOR && m->children[i].index == want)
            return &m->children[i];
    return NULL;
}

static void on_accept(void *ctx, int fd, unsigned events)
{
    struct monitor *m = ctx;
    struct role_conn conn;
    int s;

    (void)events;
    /* A bounded batch: other descriptors get their turn under a flood. */
    for (int i = 0; i < 64 && (s = listen_accept(fd, &conn.peer, &conn.local)) >= 0; i++) {
        struct child *c = sensor_for(m, &conn.peer);
        if (!c || !c->ctl || ipc_send(c->ctl, CTL_CONN, &conn, sizeof conn, s) < 0)
            m->refused++;
        close(s);
    }
}

static int open_listeners(struct monitor *m)
{
    const struct conf *conf = m->setup.conf;
    char name[64];

    for (size_t i = 0; i < conf->ssh.listen.n; i++) {
        char why[256];
        int fd =
            m->nlisteners < 16 ? listen_open(conf->ssh.listen.v[i], why, sizeof why) : ERR_LIMIT;
        if (fd < 0) {
            fprintf(stderr, "qrassh: %s\n",
                    fd == ERR_LIMIT ? "more than 16 addresses in ssh.listen" : why);
            return fd;
        }
        m->listeners[m->nlisteners++] = fd;
        listen_name(fd, name, sizeof name);
        log_info("listening for SSH on %s", name);
    }
    return 0;
}

static void add_child(struct monitor *m, enum role_kind kind, unsigned index)
{
    struct child *c = &m->children[m->nchildren++];

    c->m = m;
    c->kind = kind;
    c->index = index;
}

static int watch_signals(struct monitor *m)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    m->sigfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (m->sigfd < 0 || !loop_add(m->loop, m->sigfd, LOOP_READ, on_signal, m))
        return ERR_SYS;
    return 0;
}

static int run(struct monitor *m)
{
    if (watch_signals(m) < 0)
        return ERR_SYS;
    add_child(m, ROLE_RECORDER, 0);
    add_child(m, ROLE_LEARNER, 0);
    for (unsigned i = 0; i < m->setup.sensors; i++)
        add_child(m, ROLE_SENSOR, i);
    if (m->setup.conf->fetch.mode == CONF_FETCH_ON)
        add_child(m, ROLE_FETCHER, 0);
    for (unsigned i = 0; i < m->nchildren; i++)
        start(&m->children[i]);
    for (unsigned i = 0; i < m->nlisteners; i++) {
        m->listen_io[i] = loop_add(m->loop, m->listeners[i], LOOP_READ, on_accept, m);
        if (!m->listen_io[i])
            return ERR_SYS;
    }
    return loop_run(m->loop);
}

int role_monitor_main(const struct conf *conf)
{
    static struct monitor m; /* large, and outlived by nothing */
    char why[512];
    int r;

    log_set_name("monitor");
    clock_init(&m.clock);
    r = setup_prepare(&m.setup, conf, why, sizeof why);
    if (r < 0) {
        fprintf(stderr, "qrassh: %s\n", why);
        return 2;
    }
    if (m.setup.sensors > SENSORS_MAX)
        m.setup.sensors = SENSORS_MAX;
    m.loop = loop_new(&m.clock);
    if (!m.loop) {
        fprintf(stderr, "qrassh: cannot make an event loop: %s\n", strerror(errno));
        return 1;
    }
    if (open_listeners(&m) < 0)
        return 2;
    r = run(&m);
    kill_rest(&m);
    reap(&m);
    for (unsigned i = 0; i < m.nchildren; i++)
        ipc_free(m.children[i].ctl);
    loop_free(m.loop);
    return r < 0 ? 1 : 0;
}
