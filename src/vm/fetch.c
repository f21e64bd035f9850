/* fetch.c -- downloads: a program asks, the host's fetcher may bring.
 *
 * A fetch is an open file of its process, so that it ends with it. The host
 * names it by a ticket and never holds a pointer.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <sys/socket.h>

#include "vm/net.h"
#include "vm/priv.h"

enum { BODY_MAX = 65536, HEADERS_MAX = 64, GIVE_UP_US = 130000000 };

struct vm_fetch {
    struct list in_world;
    struct proc *p;
    struct vm *vm;
    uint64_t ticket;
    int fd;
    bool answered, ended, taken, starved; /* taken: by the host; starved: it waits for room */
    enum vm_fetch_error end_error;
    struct ring body;
    struct waitq q;
    struct vm_fetch_info info;
    char *url, *block; /* effective URL; headers, each ended by a NUL */
    size_t block_n;
    const char *lines[HEADERS_MAX + 1];
};

/* The host need not go on. */
static void release_host(struct vm_fetch *f)
{
    const struct vm_hooks *h = &f->vm->world->conf.hooks;
    if (f->taken && !f->ended && h->fetch_cancel)
        h->fetch_cancel(h->ctx, f->ticket);
    f->taken = false;
}

static void fetch_free(struct vm *vm, struct ofile *of)
{
    struct vm_fetch *f = of->obj;
    list_del(&f->in_world);
    release_host(f);
    ring_done(vm, &f->body);
    k_strfree(vm, f->url);
    k_free(vm, f->block, f->block_n);
    k_free(vm, f, sizeof(*f));
}

static void fetch_name(const struct ofile *of, char *out, size_t n)
{
    const struct vm_fetch *f = of->obj;
    str_fmt(out, n, "socket:[%llu]", (unsigned long long)(20000 + f->ticket));
}

static const struct ofile_ops fetch_ops = {.close = fetch_free, .name = fetch_name};

static struct vm_fetch *find(struct vm_world *w, uint64_t ticket)
{
    LIST_EACH(l, &w->fetches)
    {
        struct vm_fetch *f = LIST_ENTRY(l, struct vm_fetch, in_world);
        if (f->ticket == ticket)
            return f;
    }
    return NULL;
}

void fetch_forget_machine(struct vm *vm)
{
    LIST_EACH_SAFE(l, &vm->world->fetches)
    {
        struct vm_fetch *f = LIST_ENTRY(l, struct vm_fetch, in_world);
        if (f->vm == vm)
            list_del(&f->in_world);
    }
}

/* --- URLs --------------------------------------------------------------------- */
/* Host and port of a URL; false if it is not one. */
static bool url_host(const char *url, char *host, size_t n, int *port)
{
    const char *at = strstr(url, "://");
    if (!at)
        return false;
    size_t scheme = (size_t)(at - url);
    *port = scheme == 5 ? 443 : scheme == 3 ? 21 : 80;
    if (strncmp(url, "tftp", 4) == 0)
        *port = 69;
    at += 3;
    size_t len = strcspn(at, "/?#");
    const char *user = memchr(at, '@', len);
    if (user) {
        len -= (size_t)(user + 1 - at);
        at = user + 1;
    }
    const char *colon = at[0] == '[' ? memchr(at, ']', len) : at;
    colon = colon ? memchr(colon, ':', len - (size_t)(colon - at)) : NULL;
    if (colon) {
        char digits[8];
        int64_t v;
        str_fmt(digits, sizeof(digits), "%.*s",
                (int)(at + len - colon - 1 > 7 ? 7 : at + len - colon - 1), colon + 1);
        if (str_int(digits, 1, 65535, &v) == 0)
            *port = (int)v;
        len = (size_t)(colon - at);
    }
    if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
        at++;
        len -= 2;
    }
    return len > 0 && str_fmt(host, n, "%.*s", (int)len, at);
}

/* --- a program's side ---------------------------------------------------------------- */
static void fail(struct vm_fetch *f, enum vm_fetch_error error)
{
    f->info.error = error;
    f->answered = f->ended = true;
}

/* A network that lets nothing out. */
static int fail_slowly(struct proc *p, struct vm_fetch *f, const struct vm_fetch_req *req)
{
    struct vm_addr *a = &f->info.addr;
    char host[256];
    if (!url_host(req->url, host, sizeof(host), &f->info.port)) {
        fail(f, VM_FETCH_UNSUPPORTED);
        return 0;
    }
    int n = vm_resolve(p, host, AF_INET, a, 1);
    if (n < 1) {
        fail(f, VM_FETCH_RESOLVE);
        return 0;
    }
    int fd = vm_dial(p, a, f->info.port, req->timeout_ms ? req->timeout_ms : 21000);
    if (fd >= 0)
        (void)vm_close(p, fd);
    if (fd == -EINTR)
        return fd;
    fail(f, fd == -ECONNREFUSED || fd >= 0              ? VM_FETCH_REFUSED
            : fd == -EHOSTUNREACH || fd == -ENETUNREACH ? VM_FETCH_UNREACHABLE
                                                        : VM_FETCH_TIMEOUT);
    return 0;
}

/* Does the URL lead to this machine itself? No fetcher is asked for that. */
static bool is_local(struct proc *p, const char *url)
{
    char host[256];
    int port;
    struct vm_addr a;
    return url_host(url, host, sizeof(host), &port) &&
           (str_eqi(host, "localhost") || str_eqi(host, p->vm->hostname) ||
            (vm_addr_parse(host, &a) &&
             (vm_addr_is_loopback(&a) || strcmp(a.text, vm_persona(p)->ip4) == 0)));
}

static int wait_answer(struct proc *p, struct vm_fetch *f, const struct vm_fetch_req *req)
{
    int64_t most = req->timeout_ms > 0 ? req->timeout_ms * INT64_C(1000) : GIVE_UP_US;
    int64_t until = vm_mono_us(p) + most;
    while (!f->answered) {
        proc_wait_on(p, &f->q, NULL);
        int err = proc_sleep(p, until, false);
        if (err == -ETIMEDOUT) {
            release_host(f);
            fail(f, VM_FETCH_TIMEOUT);
        } else if (err < 0)
            return err;
    }
    if (f->info.error == VM_FETCH_DENIED)
        f->info.error = VM_FETCH_TIMEOUT;
    return 0;
}

int vm_fetch_open(struct proc *p, const struct vm_fetch_req *req, struct vm_fetch **out)
{
    struct vm *vm = p->vm;
    const struct vm_hooks *h = &vm->world->conf.hooks;
    struct vm_fetch *f = k_alloc(vm, sizeof(*f));
    struct ofile *of = f ? ofile_new(vm, &fetch_ops, O_RDWR) : NULL;
    BURN(p, 20);
    if (!of) {
        k_free(vm, f, sizeof(*f));
        return -ENOMEM;
    }
    of->obj = f;
    f->p = p;
    f->vm = vm;
    f->ticket = ++vm->world->tickets;
    f->info.length = -1;
    list_push(&vm->world->fetches, &f->in_world);
    f->url = k_strdup(vm, req->url);
    f->info.effective_url = f->url ? f->url : "";
    f->fd = fd_install(p, of, 3);
    if (f->fd < 0)
        return f->fd;
    p->fds[f->fd].cloexec = true;
    f->taken = h->fetch_start && h->fetch_start(h->ctx, vm, p->login, f->ticket, req);
    if (is_local(p, req->url))
        release_host(f);
    int64_t start = vm_mono_us(p);
    int err = f->taken ? wait_answer(p, f, req) : fail_slowly(p, f, req);
    if (err < 0) {
        (void)vm_close(p, f->fd);
        return err;
    }
    f->info.connect_us = vm_mono_us(p) - start;
    *out = f;
    return 0;
}

const struct vm_fetch_info *vm_fetch_info(const struct vm_fetch *f)
{
    return &f->info;
}

ssize_t vm_fetch_read(struct vm_fetch *f, void *buf, size_t n)
{
    struct vm_world *w = f->vm->world;
    const struct vm_hooks *h = &w->conf.hooks;
    BURN(f->p, 1 + n / 1024);
    while (!f->body.len) {
        if (f->ended)
            return f->end_error == VM_FETCH_OK ? 0 : -EPIPE;
        proc_wait_on(f->p, &f->q, NULL);
        int err = proc_sleep(f->p, clock_mono_us(w->clock) + GIVE_UP_US, true);
        if (err == -ETIMEDOUT)
            return -EPIPE;
        if (err < 0)
            return err;
    }
    size_t got = ring_get(f->vm, &f->body, buf, n);
    if (f->starved && f->body.len <= BODY_MAX / 2) {
        f->starved = false;
        if (h->fetch_more)
            h->fetch_more(h->ctx, f->ticket);
    }
    return (ssize_t)got;
}

void vm_fetch_close(struct vm_fetch *f)
{
    if (f)
        (void)vm_close(f->p, f->fd);
}

/* --- the host's side --------------------------------------------------------------------- */
static void keep_headers(struct vm_fetch *f, const char *raw)
{
    size_t n = 0;
    if (!raw)
        return;
    f->block_n = strlen(raw) + 1;
    f->block = k_alloc(f->vm, f->block_n);
    if (!f->block)
        return;
    memcpy(f->block, raw, f->block_n);
    char *rest = f->block, *line;
    while ((line = strsep(&rest, "\n")) != NULL && n < HEADERS_MAX) {
        size_t k = strlen(line);
        if (k && line[k - 1] == '\r')
            line[--k] = 0;
        if (k)
            f->lines[n++] = line;
    }
    f->lines[n] = NULL;
}

void vm_fetch_headers(struct vm_world *w, uint64_t ticket, const struct vm_fetch_result *r)
{
    struct vm_fetch *f = find(w, ticket);
    if (!f || f->answered)
        return;
    f->info.error = r->error;
    f->info.status = r->status;
    f->info.length = r->length;
    f->info.port = r->port;
    if (r->effective_url) {
        k_strfree(f->vm, f->url);
        f->url = k_strdup(f->vm, r->effective_url);
        f->info.effective_url = f->url ? f->url : "";
    }
    if (r->addr && !vm_addr_parse(r->addr, &f->info.addr))
        f->info.addr = (struct vm_addr){0};
    keep_headers(f, r->headers);
    f->info.headers = f->lines;
    f->answered = true;
    if (r->error != VM_FETCH_OK)
        f->ended = true;
    waitq_wake(&f->q);
}

size_t vm_fetch_body(struct vm_world *w, uint64_t ticket, const void *p, size_t n)
{
    struct vm_fetch *f = find(w, ticket);
    if (!f || f->ended)
        return n; /* nobody wants it: swallowed */
    size_t k = ring_put(f->vm, &f->body, p, n, BODY_MAX);
    f->starved = k < n;
    waitq_wake(&f->q);
    return k;
}

void vm_fetch_end(struct vm_world *w, uint64_t ticket, enum vm_fetch_error error)
{
    struct vm_fetch *f = find(w, ticket);
    if (!f || f->ended)
        return;
    if (!f->answered)
        f->info.error = error == VM_FETCH_OK ? VM_FETCH_BROKEN : error;
    f->answered = f->ended = true;
    f->end_error = error;
    waitq_wake(&f->q);
}
