/* server.c -- a little server around ssh/, to test it against real clients
 * before and without the rest of the program.
 *
 *   server PORT [moduli file] [home of host keys]
 *
 * Accepts the password "secret", one user with any key, and nobody else.
 * Knows the commands echo, cat, true, exit N, kill, sleep, big, and a shell
 * that echoes lines; nothing is ever executed. Prints "listening PORT" when it
 * is ready. Loopback only.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/str.h"
#include "ssh/ssh.h"

static struct loop *loop;
static struct ssh_server *server;
static struct clock clock_;
static int64_t fail_delay_us;
static const char *key_user = "root"; /* any key logs this one in */

static struct list peers;

struct peer {
    struct list link;
    int fd;
    struct loop_io *io;
    struct loop_timer timer;
    struct ssh_conn *conn;
    struct buf rest; /* read and not yet taken */
    bool dead;
};

enum mode { IDLE, CAT, FLOOD };
enum { DEAF_TAKES = 65536 };

struct proc {
    enum mode mode;
    size_t left;
    struct buf held; /* cat: read and not yet written */
    bool eof;
    bool deaf; /* does not read its input */
};

/* ---- processes ---- */

static void finish(struct ssh_channel *ch, uint32_t status)
{
    ssh_channel_eof(ch);
    ssh_channel_exit_status(ch, status);
}

static void flood(struct ssh_channel *ch)
{
    static char block[4096];
    struct proc *p = ssh_channel_ctx(ch);
    if (!block[0])
        for (size_t i = 0; i < sizeof(block); i++)
            block[i] = i % 2 ? '\n' : 'y';
    while (p->left > 0) {
        size_t n = p->left < sizeof(block) ? p->left : sizeof(block);
        size_t took = ssh_channel_output(ch, block, n, false);
        p->left -= took;
        if (took < n)
            return;
    }
    p->mode = IDLE;
    finish(ch, 0);
}

/* Input is consumed as it is written, so that a slow reader slows the writer. */
static void cat(struct ssh_channel *ch)
{
    struct proc *p = ssh_channel_ctx(ch);
    size_t n = buf_len(&p->held);
    size_t took = n > 0 ? ssh_channel_output(ch, buf_ptr(&p->held), n, false) : 0;
    buf_consume(&p->held, took);
    ssh_channel_consumed(ch, took);
    if (p->eof && buf_len(&p->held) == 0) {
        p->mode = IDLE;
        finish(ch, 0);
    }
}

static void say(struct ssh_channel *ch, const char *s)
{
    (void)!ssh_channel_output(ch, s, strlen(s), false);
}

static void run(struct ssh_channel *ch, const char *cmd)
{
    struct proc *p = ssh_channel_ctx(ch);
    if (str_starts(cmd, "echo ")) {
        say(ch, cmd + 5);
        say(ch, "\n");
        finish(ch, 0);
    } else if (str_starts(cmd, "err ")) {
        (void)!ssh_channel_output(ch, cmd + 4, strlen(cmd + 4), true);
        finish(ch, 1);
    } else if (strcmp(cmd, "cat") == 0) {
        p->mode = CAT;
    } else if (str_starts(cmd, "exit ")) {
        finish(ch, (uint32_t)strtoul(cmd + 5, NULL, 10));
    } else if (str_starts(cmd, "kill -")) { /* of itself: "kill -9 $$", "kill -TERM $$" */
        ssh_channel_eof(ch);
        ssh_channel_exit_signal(ch, cmd[6] == '9' ? "KILL" : "TERM", false);
    } else if (str_starts(cmd, "big ")) {
        p->mode = FLOOD;
        p->left = strtoul(cmd + 4, NULL, 10);
        flood(ch);
    } else if (strcmp(cmd, "true") == 0) {
        finish(ch, 0);
    } else if (strcmp(cmd, "cat > /dev/null") == 0 || strstr(cmd, "sleep ")) {
        p->mode = IDLE;
        p->deaf = strstr(cmd, "sleep ") != NULL;
    } else {
        (void)!ssh_channel_output(ch, "not found\n", 10, true);
        finish(ch, 127);
    }
}

/* ---- callbacks ---- */

static void on_auth(void *ctx, const struct ssh_auth_attempt *a)
{
    struct peer *p = ctx;
    static const struct ssh_auth_prompt prompt = {"Password: ", false};
    bool ok = false;
    if (a->method == SSH_AUTH_KBDINT_START) {
        ssh_auth_prompt(p->conn, "", "", &prompt, 1);
        return;
    }
    if (a->method == SSH_AUTH_PASSWORD)
        ok = strcmp((const char *)a->password, "secret") == 0;
    else if (a->method == SSH_AUTH_KBDINT_RESPONSE)
        ok = a->responses_n == 1 && strcmp(a->responses[0], "secret") == 0;
    else if (a->method == SSH_AUTH_PUBLICKEY || a->method == SSH_AUTH_PUBLICKEY_QUERY)
        ok = strcmp(a->user, key_user) == 0;
    else if (a->method == SSH_AUTH_NONE)
        ok = strcmp(a->user, "nobody") == 0;
    int64_t delay = a->method == SSH_AUTH_PASSWORD && !ok ? fail_delay_us : 0;
    ssh_auth_answer(p->conn, ok ? SSH_AUTH_ACCEPT : SSH_AUTH_REJECT, delay);
}

static void on_open(void *ctx, struct ssh_channel *ch, const struct ssh_channel_open *o)
{
    (void)ctx;
    struct proc *p = x_calloc(1, sizeof(*p));
    if (!p)
        return;
    buf_init(&p->held, 4 << 20);
    ssh_channel_set_ctx(ch, p);
    if (o->kind == SSH_CHANNEL_DIRECT_TCPIP) {
        if (strcmp(o->host, "127.0.0.1") != 0) {
            ssh_channel_open_answer(ch, false, 2, "Name or service not known");
        } else if (o->port == 7) {
            p->mode = CAT;
            ssh_channel_open_answer(ch, true, 0, NULL);
        } else {
            ssh_channel_open_answer(ch, false, 2, "Connection refused");
        }
    } else if (o->kind == SSH_CHANNEL_DIRECT_STREAMLOCAL) {
        ssh_channel_open_answer(ch, false, 2, NULL);
    }
}

static bool on_request(void *ctx, struct ssh_channel *ch, const struct ssh_request *r)
{
    (void)ctx;
    struct proc *p = ssh_channel_ctx(ch);
    switch (r->kind) {
    case SSH_REQ_PTY:
        return true;
    case SSH_REQ_ENV:
        return strcmp(r->name, "LANG") == 0 || str_starts(r->name, "LC_");
    case SSH_REQ_SHELL:
        p->mode = CAT;
        return true;
    case SSH_REQ_EXEC:
        run(ch, r->value);
        return true;
    case SSH_REQ_SUBSYSTEM:
        return false;
    case SSH_REQ_SIGNAL:
        if (strcmp(ssh_conn_user(ssh_channel_conn(ch)), "root") == 0)
            return false; /* as sshd, which has no separated process for root */
        ssh_channel_eof(ch);
        ssh_channel_exit_signal(ch, r->name, false);
        return true;
    default:
        return true;
    }
}

static void on_data(void *ctx, struct ssh_channel *ch, const uint8_t *d, size_t n)
{
    (void)ctx;
    struct proc *p = ssh_channel_ctx(ch);
    if (p->mode == CAT) {
        if (buf_put(&p->held, d, n) < 0)
            fprintf(stderr, "cat: more input than the window allows\n");
        cat(ch);
    } else if (!p->deaf) {
        ssh_channel_consumed(ch, n);
    } else if (p->left < DEAF_TAKES) { /* what a pipe holds */
        size_t take = n < DEAF_TAKES - p->left ? n : DEAF_TAKES - p->left;
        p->left += take;
        ssh_channel_consumed(ch, take);
    }
}

static void on_eof(void *ctx, struct ssh_channel *ch)
{
    (void)ctx;
    struct proc *p = ssh_channel_ctx(ch);
    p->eof = true;
    if (p->mode == CAT)
        cat(ch);
}

static void on_close(void *ctx, struct ssh_channel *ch)
{
    (void)ctx;
    struct proc *p = ssh_channel_ctx(ch);
    if (p->mode == CAT || ssh_channel_kind_of(ch) != SSH_CHANNEL_SESSION)
        finish(ch, 0);
}

static void on_writable(void *ctx, struct ssh_channel *ch)
{
    (void)ctx;
    struct proc *p = ssh_channel_ctx(ch);
    if (p->mode == FLOOD)
        flood(ch);
    else if (p->mode == CAT)
        cat(ch);
}

static void on_free(void *ctx, struct ssh_channel *ch)
{
    (void)ctx;
    struct proc *p = ssh_channel_ctx(ch);
    if (p)
        buf_done(&p->held);
    x_free(p);
}

static int on_forward(void *ctx, const char *host, uint32_t port)
{
    (void)ctx, (void)host;
    return port ? (int)port : 40001;
}

static int on_cancel(void *ctx, const char *host, uint32_t port)
{
    (void)ctx, (void)host, (void)port;
    return -1;
}

static void on_closed(void *ctx, const char *why, const char *we)
{
    (void)ctx;
    if (getenv("SSH_SERVER_LOG"))
        fprintf(stderr, "closed: %s (%s)\n", why, we ? we : "-");
}

static void on_kexinit(void *ctx, const struct ssh_kexinit_info *k)
{
    (void)ctx;
    if (getenv("SSH_SERVER_LOG"))
        fprintf(stderr, "hassh %s\n", k->hassh);
}

static const struct ssh_callbacks callbacks = {
    .client_kexinit = on_kexinit,
    .auth = on_auth,
    .channel_open = on_open,
    .channel_request = on_request,
    .channel_data = on_data,
    .channel_eof = on_eof,
    .channel_close = on_close,
    .channel_writable = on_writable,
    .channel_free = on_free,
    .tcpip_forward = on_forward,
    .tcpip_cancel = on_cancel,
    .closed = on_closed,
};

/* ---- sockets ---- */

static void peer_tick(void *ctx);

static void peer_free(struct peer *p)
{
    list_del(&p->link);
    loop_timer_stop(loop, &p->timer);
    loop_del(p->io);
    close(p->fd);
    buf_done(&p->rest);
    ssh_conn_abort(p->conn); /* frees the processes of its channels */
    ssh_conn_free(p->conn);
    x_free(p);
}

/* Moves bytes both ways as far as they go; then arms socket and timer. */
static void peer_update(struct peer *p)
{
    const uint8_t *out;
    size_t n;
    for (;;) {
        if (buf_len(&p->rest) > 0) {
            buf_consume(&p->rest, ssh_conn_input(p->conn, buf_ptr(&p->rest), buf_len(&p->rest)));
            buf_shrink(&p->rest);
        }
        n = ssh_conn_output(p->conn, &out);
        ssize_t w = n > 0 ? send(p->fd, out, n, MSG_NOSIGNAL) : 0;
        if (w <= 0)
            break;
        ssh_conn_output_done(p->conn, (size_t)w);
    }
    if (n > 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        p->dead = true;
    enum ssh_close how = ssh_conn_closing(p->conn);
    if (p->dead || (how != SSH_CLOSE_NOT && n == 0)) {
        struct linger l = {1, 0};
        if (how == SSH_CLOSE_RST)
            setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
        peer_free(p);
        return;
    }
    bool want = ssh_conn_wants_input(p->conn) && buf_len(&p->rest) == 0;
    if (loop_mod(p->io, (want ? LOOP_READ : 0u) | (n > 0 ? LOOP_WRITE : 0u)) < 0)
        p->dead = true;
    int64_t at = ssh_conn_deadline(p->conn);
    if (at == INT64_MAX)
        loop_timer_stop(loop, &p->timer);
    else if (loop_timer_at(loop, &p->timer, at, peer_tick, p) < 0)
        p->dead = true;
}

static void peer_tick(void *ctx)
{
    struct peer *p = ctx;
    ssh_conn_tick(p->conn);
    peer_update(p);
}

static void peer_read(struct peer *p)
{
    static uint8_t in[65536];
    ssize_t n = read(p->fd, in, sizeof(in));
    if (n > 0) {
        size_t took = ssh_conn_input(p->conn, in, (size_t)n);
        if (buf_put(&p->rest, in + took, (size_t)n - took) < 0)
            p->dead = true;
    } else if (n == 0) {
        ssh_conn_input_eof(p->conn);
    } else if (errno != EAGAIN && errno != EINTR) {
        p->dead = true;
    }
}

static void peer_io(void *ctx, int fd, unsigned events)
{
    struct peer *p = ctx;
    (void)fd;
    if ((events & (LOOP_READ | LOOP_HUP)) && buf_len(&p->rest) == 0)
        peer_read(p);
    peer_update(p);
}

static void on_accept(void *ctx, int fd, unsigned events)
{
    (void)ctx, (void)events;
    int one = 1, s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s < 0)
        return;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct peer *p = x_calloc(1, sizeof(*p));
    if (!p)
        return;
    p->fd = s;
    list_unshift(&peers, &p->link);
    buf_init(&p->rest, 65536);
    p->conn = ssh_conn_new(server, &callbacks, p);
    p->io = loop_add(loop, s, LOOP_READ, peer_io, p);
    if (p->conn && p->io)
        peer_update(p);
}

static void load_keys(struct ssh_hostkeys *keys, const char *dir)
{
    for (int t = 0; t < SSH_HOSTKEY_N; t++) {
        char path[512], text[16384];
        (void)str_fmt(path, sizeof(path), "%s/%s", dir ? dir : ".", ssh_hostkey_file(t));
        FILE *f = dir ? fopen(path, "r") : NULL;
        size_t n = f ? fread(text, 1, sizeof(text), f) : 0;
        if (f)
            fclose(f);
        if (n == 0 || ssh_hostkeys_load(keys, t, text, n) < 0) {
            struct buf out;
            buf_init(&out, 16384);
            if (ssh_hostkeys_generate(keys, t) < 0)
                exit(1);
            f = dir && ssh_hostkeys_save(keys, t, &out) == 0 ? fopen(path, "w") : NULL;
            if (f) {
                fwrite(buf_ptr(&out), 1, buf_len(&out), f);
                fclose(f);
            }
            buf_done(&out);
        }
    }
}

static void on_term(int sig)
{
    (void)sig;
    loop_stop(loop);
}

int main(int argc, char **argv)
{
    static char moduli[4 << 20];
    size_t moduli_n = 0;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    a.sin_port = htons(argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0);
    FILE *f = argc > 2 ? fopen(argv[2], "r") : NULL;
    if (f) {
        moduli_n = fread(moduli, 1, sizeof(moduli), f);
        fclose(f);
    }
    const char *version = getenv("SSH_SERVER_VERSION");
    const char *methods = getenv("SSH_SERVER_METHODS");
    const char *delay = getenv("SSH_SERVER_FAIL_MS");
    fail_delay_us = delay ? strtol(delay, NULL, 10) * 1000 : 0;
    if (getenv("SSH_SERVER_KEY_USER"))
        key_user = getenv("SSH_SERVER_KEY_USER");
    clock_init(&clock_);
    list_init(&peers);
    struct ssh_hostkeys *keys = ssh_hostkeys_new();
    if (!keys)
        return 1;
    load_keys(keys, argc > 3 ? argv[3] : NULL);
    struct ssh_config cfg = {.version =
                                 version ? version : "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10",
                             .keys = keys,
                             .clock = &clock_,
                             .moduli = moduli,
                             .moduli_n = moduli_n,
                             .auth_methods = methods};
    server = ssh_server_new(&cfg);
    loop = loop_new(&clock_);
    int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    socklen_t len = sizeof(a);
    struct loop_io *listener = NULL;
    if (!server || !loop || bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 1024) < 0 ||
        getsockname(s, (struct sockaddr *)&a, &len) < 0 ||
        !(listener = loop_add(loop, s, LOOP_READ, on_accept, NULL))) {
        perror("server");
        return 1;
    }
    signal(SIGTERM, on_term);
    printf("listening %d\n", ntohs(a.sin_port));
    fflush(stdout);
    int err = loop_run(loop);
    while (!list_empty(&peers))
        peer_free(LIST_ENTRY(peers.next, struct peer, link));
    loop_del(listener);
    loop_free(loop);
    ssh_server_free(server);
    ssh_hostkeys_free(keys);
    struct rusage ru;
    getrusage(RUSAGE_SELF, &ru);
    printf("cpu %ld us\n", (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000L +
                               ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
    return err < 0;
}
