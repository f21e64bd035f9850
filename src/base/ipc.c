/* ipc.c -- messages between the roles, over SOCK_SEQPACKET pairs.
 *
 * A packet is a header of 16 bytes (the type, then zeros, so that the body
 * stays aligned where it lands) and the body. An empty packet is the end of
 * the stream. Anything else that a well-behaved role does not send -- too
 * short, cut off, more than one descriptor -- is treated as the end too: the
 * peer may have been taken over.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"

enum {
    HEADER = 16,
    RECV_BATCH = 64, /* packets per wake-up, for fairness to other descriptors */
    SOCKET_BUFFER = 1024 * 1024,
};

struct message {
    struct message *next;
    size_t n;
    int fd;
    unsigned char packet[]; /* header and body */
};

struct ipc {
    struct loop *loop;
    struct loop_io *io;
    int sock;
    bool dead;    /* the socket is of no more use */
    bool refused; /* since the queue was last below half */
    bool *gone;   /* set by ipc_free during a callback */
    size_t queued, queue_max;
    struct message *first, **end;
    ipc_recv_fn *recv;
    ipc_closed_fn *closed;
    ipc_drained_fn *drained;
    void *ctx;
    unsigned char *in; /* HEADER + IPC_MAX */
};

int ipc_pair(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
        return ERR_SYS;
    return 0;
}

/* 0, ERR_AGAIN, ERR_CLOSED or ERR_RANGE. */
static int send_packet(int sock, void *packet, size_t n, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec iov = {packet, n};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    for (;;) {
        if (sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno == EINTR)
            continue;
        /* ETOOMANYREFS: descriptors in flight, which the peer will take. */
        if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
            return ERR_AGAIN;
        return errno == EMSGSIZE ? ERR_RANGE : ERR_CLOSED;
    }
}

static void drop_first(struct ipc *c)
{
    struct message *m = c->first;
    c->first = m->next;
    if (!c->first)
        c->end = &c->first;
    c->queued -= m->n;
    if (m->fd >= 0)
        close(m->fd);
    x_free(m);
}

static int watch(struct ipc *c)
{
    return loop_mod(c->io, LOOP_READ | (c->first && !c->dead ? LOOP_WRITE : 0u));
}

static void send_queued(struct ipc *c)
{
    while (c->first && !c->dead) {
        struct message *m = c->first;
        int err = send_packet(c->sock, m->packet, m->n, m->fd);
        if (err == ERR_AGAIN)
            break;
        if (err == ERR_CLOSED) {
            c->dead = true; /* reading finds the end and tells */
            break;
        }
        drop_first(c);
    }
}

/* Closes the descriptors of a message but the first; that one, or -1. */
static int take_fds(struct msghdr *msg)
{
    int taken = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (taken < 0)
                taken = fd;
            else
                close(fd);
        }
    }
    return taken;
}

/* One packet: 0, ERR_AGAIN or ERR_CLOSED. */
static int recv_packet(struct ipc *c)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {c->in, HEADER + IPC_MAX};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = CMSG_LEN(sizeof(int))};
    ssize_t n;
    do
        n = recvmsg(c->sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? ERR_AGAIN : ERR_CLOSED;
    int fd = take_fds(&msg);
    if (n < HEADER || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        if (fd >= 0)
            close(fd);
        return ERR_CLOSED;
    }
    uint32_t type;
    memcpy(&type, c->in, sizeof type);
    c->recv(c->ctx, type, c->in + HEADER, (size_t)n - HEADER, fd);
    return 0;
}

static void on_ready(void *ctx, int fd, unsigned events)
{
    struct ipc *c = ctx;
    bool gone = false;
    (void)fd;
    c->gone = &gone;
    if (events & LOOP_WRITE)
        send_queued(c);
    if (c->refused && c->queued <= c->queue_max / 2) {
        c->refused = false;
        if (c->drained)
            c->drained(c->ctx);
        if (gone)
            return;
    }
    int err = 0;
    for (int i = 0; i < RECV_BATCH && !err && (events & (LOOP_READ | LOOP_HUP)); i++) {
        err = recv_packet(c);
        if (gone)
            return;
    }
    c->gone = NULL;
    if (err != ERR_CLOSED && !watch(c))
        return;
    c->dead = true;
    loop_del(c->io);
    c->io = NULL;
    c->closed(c->ctx); /* may free c: nothing after this */
}

struct ipc *ipc_new(struct loop *l, int sock, size_t queue_max, ipc_recv_fn *recv,
                    ipc_closed_fn *closed, void *ctx)
{
    struct ipc *c = x_calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct ipc){.loop = l,
                      .sock = sock,
                      .queue_max = queue_max,
                      .recv = recv,
                      .closed = closed,
                      .ctx = ctx};
    c->end = &c->first;
    c->in = x_malloc(HEADER + IPC_MAX);
    /* As large as the host allows; the default still carries IPC_MAX. */
    int size = SOCKET_BUFFER;
    if (setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof size))
        size = 0;
    c->io = c->in ? loop_add(l, sock, LOOP_READ, on_ready, c) : NULL;
    if (!c->io) {
        x_free(c->in);
        x_free(c);
        return NULL;
    }
    return c;
}

void ipc_free(struct ipc *c)
{
    if (!c)
        return;
    if (c->gone)
        *c->gone = true;
    while (c->first)
        drop_first(c);
    loop_del(c->io);
    close(c->sock);
    x_free(c->in);
    x_free(c);
}

void ipc_on_drained(struct ipc *c, ipc_drained_fn *fn)
{
    c->drained = fn;
}

static int enqueue(struct ipc *c, const void *header, const void *body, size_t n, int fd)
{
    if (c->queued + HEADER + n > c->queue_max) {
        c->refused = true;
        return ERR_LIMIT;
    }
    struct message *m = x_malloc(sizeof *m + HEADER + n);
    if (!m)
        return ERR_LIMIT;
    m->next = NULL;
    m->n = HEADER + n;
    m->fd = -1;
    if (fd >= 0 && (m->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0) {
        x_free(m);
        return ERR_LIMIT;
    }
    memcpy(m->packet, header, HEADER);
    if (n)
        memcpy(m->packet + HEADER, body, n);
    *c->end = m;
    c->end = &m->next;
    c->queued += m->n;
    return watch(c) ? ERR_CLOSED : 0;
}

int ipc_send(struct ipc *c, uint32_t type, const void *body, size_t n, int fd)
{
    if (n > IPC_MAX)
        return ERR_RANGE;
    if (c->dead)
        return ERR_CLOSED;
    unsigned char packet[HEADER + 2048];
    memset(packet, 0, HEADER);
    memcpy(packet, &type, sizeof type);
    if (c->first || n > sizeof packet - HEADER) {
        int err = enqueue(c, packet, body, n, fd);
        if (!err && c->first && !c->first->next)
            send_queued(c); /* it was alone: no need to wait for the loop */
        return err;
    }
    if (n)
        memcpy(packet + HEADER, body, n);
    int err = send_packet(c->sock, packet, HEADER + n, fd);
    return err == ERR_AGAIN ? enqueue(c, packet, body, n, fd) : err;
}

size_t ipc_queued(const struct ipc *c)
{
    return c->queued;
}

int ipc_flush(struct ipc *c, int ms)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
    for (;;) {
        send_queued(c);
        if (c->dead)
            return ERR_CLOSED;
        if (!c->first)
            return 0;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t left = end - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
        struct pollfd p = {.fd = c->sock, .events = POLLOUT};
        if (left <= 0)
            return ERR_TIMEOUT;
        if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
            return ERR_SYS;
    }
}

int ipc_memfd(const char *name, const void *p, size_t n)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return ERR_SYS;
    if (file_write_all(fd, p, n)) {
        close(fd);
        return ERR_IO;
    }
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) {
        close(fd);
        return ERR_SYS;
    }
    return fd;
}

int ipc_memfd_map(int fd, const void **p, size_t *n)
{
    enum { WANTED = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & WANTED) != WANTED)
        return ERR_DENIED;
    if (fstat(fd, &st))
        return ERR_SYS;
    if (st.st_size == 0) {
        *p = "";
        *n = 0;
        return 0;
    }
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return ERR_SYS;
    *p = map;
    *n = (size_t)st.st_size;
    return 0;
}

void ipc_memfd_unmap(const void *p, size_t n)
{
    munmap((void *)(uintptr_t)p, n);
}
