/* net.h -- the small virtual network: names, connections, round-trip times, and
 * downloads.
 *
 * One deterministic world per persona: a name has the same believable public
 * addresses on every machine and every day; nonsense does not resolve.
 * Nothing here touches the real network. Only a download may be carried out,
 * by the host's fetcher, through the fetch hook of vm_hooks; without one it
 * fails like a network that lets nothing out.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_NET_H
#define VM_NET_H

#include "vm/host.h"

struct vm_addr {
    int family; /* AF_INET or AF_INET6 */
    uint8_t ip[16];
    char text[46];
};

/* --- names ----------------------------------------------------------------- */
/* As getaddrinfo: /etc/hosts, then the world's DNS. family: AF_UNSPEC, AF_INET,
 * AF_INET6; numeric addresses are understood. How many of max were filled; 0:
 * no such name; -EAGAIN: temporary failure (no name server configured). Takes
 * some virtual milliseconds for DNS. */
int vm_resolve(struct proc *p, const char *name, int family, struct vm_addr *out, int max);
/* The other way: 0 and the name, or -ENOENT. */
int vm_resolve_addr(struct proc *p, const struct vm_addr *a, char *name, size_t n);
bool vm_addr_parse(const char *text, struct vm_addr *out);
bool vm_addr_is_loopback(const struct vm_addr *a);

/* --- connections -------------------------------------------------------------- */
/* Connects a stream socket: a descriptor, or -ECONNREFUSED, -ETIMEDOUT (after
 * timeout_ms, at most Linux's two minutes), -ENETUNREACH, -EHOSTUNREACH,
 * -EINTR. The machine's own services answer (sshd sends its version); in the
 * world outside ports are filtered or refused. */
int vm_dial(struct proc *p, const struct vm_addr *a, int port, int timeout_ms);
/* What connecting would come to, for callers that cannot wait: 0 if a service of
 * the machine answers, else the error as vm_dial says it, *after_us from now. */
int vm_reach(struct proc *p, const struct vm_addr *a, int port, int64_t *after_us);
/* Round-trip time of the host in us, or -ETIMEDOUT (answers nothing),
 * -ENETUNREACH. The same host keeps its distance, with a little jitter. *ttl as
 * it arrives. */
int64_t vm_ping_us(struct proc *p, const struct vm_addr *a, int *ttl);
/* Is a service of the machine listening? (for ss, netstat, nc -z) */
bool vm_listens(struct proc *p, int port);

/* --- downloads ------------------------------------------------------------------ */
enum vm_fetch_error {
    VM_FETCH_OK,
    VM_FETCH_RESOLVE,     /* no such host */
    VM_FETCH_REFUSED,     /* connection refused */
    VM_FETCH_TIMEOUT,     /* connecting or waiting took too long */
    VM_FETCH_UNREACHABLE, /* no route to host */
    VM_FETCH_TLS,         /* certificate or handshake */
    VM_FETCH_BROKEN,      /* the connection ended early */
    VM_FETCH_UNSUPPORTED, /* a scheme the fetcher does not speak */
    VM_FETCH_DENIED,      /* by policy: shown as a time-out */
};

struct vm_fetch_req {
    const char *tool;           /* "wget", "curl", "tftp", ... */
    const char *method;         /* "GET", "HEAD", "POST", "PUT" */
    const char *url;            /* whole, with scheme: http https ftp tftp */
    const char *const *headers; /* "Name: value" lines, NULL-ended; may be NULL */
    const void *body;           /* of POST and PUT */
    size_t body_n;
    const char *user_agent; /* NULL: none */
    unsigned max_redirects; /* 0: the caller follows Location itself */
    bool insecure;          /* do not check certificates */
    int timeout_ms;         /* for connecting; 0: the tool's default */
};

/* What came back. Strings are owned by the fetch. */
struct vm_fetch_info {
    enum vm_fetch_error error;
    int status;                 /* 200; 226 for ftp; 0 for tftp */
    const char *effective_url;  /* after redirects */
    const char *const *headers; /* as received, without line ends, status line first; NULL-ended */
    int64_t length;             /* Content-Length, -1 if unknown */
    struct vm_addr addr;        /* that was connected to */
    int port;
    int64_t connect_us; /* until connected, for progress displays */
};

struct vm_fetch;
/* Starts a request and waits for its headers: 0 (then look at vm_fetch_info:
 * also failures are there) or -EINTR, -ENOMEM. The address family and name
 * resolution are done inside; tools that print "Resolving ..." call vm_resolve
 * first, which answers alike. The fetch is gone with the process. */
int vm_fetch_open(struct proc *p, const struct vm_fetch_req *req, struct vm_fetch **out);
const struct vm_fetch_info *vm_fetch_info(const struct vm_fetch *f);
/* The body: bytes read, 0 at its end, -EINTR, or -EPIPE if it broke off. */
ssize_t vm_fetch_read(struct vm_fetch *f, void *buf, size_t n);
void vm_fetch_close(struct vm_fetch *f);

/* --- the host's side ---------------------------------------------------------------- */
/* The hook (vm_hooks.fetch_start) is told of every request, even of those that
 * will fail, so that the URL is recorded. If it returns true it takes the job
 * on and later calls vm_fetch_headers, vm_fetch_body (as often as needed) and
 * vm_fetch_end, from the sensor's loop, not from inside the hook. Returning
 * false lets the request fail. ticket names the fetch; calls for one that has
 * gone meanwhile are ignored. */
struct vm_fetch_result {
    enum vm_fetch_error error;
    int status;
    const char *effective_url;
    const char *headers; /* raw header block, lines ended by \r\n or \n; NULL */
    int64_t length;
    const char *addr; /* text of the peer's address; NULL: as resolved */
    int port;
};
void vm_fetch_headers(struct vm_world *w, uint64_t ticket, const struct vm_fetch_result *r);
/* Bytes taken: fewer than n when the program reads slowly; the hook's caller is
 * told through vm_hooks.fetch_more when there is room again. */
size_t vm_fetch_body(struct vm_world *w, uint64_t ticket, const void *p, size_t n);
void vm_fetch_end(struct vm_world *w, uint64_t ticket, enum vm_fetch_error error);

#endif
