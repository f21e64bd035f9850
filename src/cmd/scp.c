/* scp.c -- scp's far end (-t receives, -f sends: the old protocol over exec),
 * and the clients scp, sftp and ssh, which find nobody.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/sys.h"
#include "vm/net.h"

enum { LINE = 4096, BLOCK = 16384, DEEP = 20 };

struct sink {
    struct cmd_run *r;
    bool recurse, times;
    int errors;
};

static void ack(struct sink *s)
{
    (void)vm_write_all(s->r->p, 1, "", 1);
}

static void nack(struct sink *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void nack(struct sink *s, const char *fmt, ...)
{
    struct str b;
    va_list ap;
    str_init(&b, s->r->arena);
    str_puts(&b, "\001scp: ");
    va_start(ap, fmt);
    str_vprintf(&b, fmt, ap);
    va_end(ap);
    str_putc(&b, '\n');
    (void)vm_write_all(s->r->p, 1, str_text(&b), b.n);
    s->errors++;
}

/* One line of the protocol without its end: false at the end of input. */
static bool read_line(struct sink *s, char *line)
{
    size_t n = 0;
    char c;
    while (n + 1 < LINE && vm_read(s->r->p, 0, &c, 1) == 1) {
        if (c == '\n') {
            line[n] = '\0';
            return true;
        }
        line[n++] = c;
    }
    return false;
}

static bool read_ack(struct sink *s)
{
    char c, line[LINE];
    if (vm_read(s->r->p, 0, &c, 1) != 1)
        return false;
    if (c == 0)
        return true;
    (void)read_line(s, line);
    s->errors++;
    return c == 1;
}

/* "C0644 12 name": the body follows, then its acknowledgement. */
static bool receive_file(struct sink *s, const char *path, uint32_t mode, int64_t size)
{
    struct proc *p = s->r->p;
    char *block = vm_alloc(p, BLOCK), c;
    int fd = vm_open(p, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode | 0200), err = 0;
    if (fd < 0) {
        nack(s, "%s: %s", path, vm_strerror(-fd));
        return true;
    }
    ack(s);
    while (size > 0) {
        ssize_t n = vm_read(p, 0, block, size < BLOCK ? (size_t)size : BLOCK);
        if (n <= 0)
            return false;
        ssize_t put = err ? 0 : vm_write_all(p, fd, block, (size_t)n);
        if (put < 0)
            err = (int)-put;
        size -= n;
    }
    vm_release(p, block, BLOCK);
    (void)vm_fchmod(p, fd, mode & 07777);
    (void)vm_close(p, fd);
    if (vm_read(p, 0, &c, 1) != 1)
        return false;
    if (err)
        nack(s, "%s: %s", path, vm_strerror(err));
    else
        ack(s);
    return true;
}

static bool is_dir(struct sink *s, const char *path)
{
    struct vfs_stat st;
    return vm_stat(s->r->p, path, &st) == 0 && S_ISDIR(st.mode);
}

static bool receive(struct sink *s, const char *target, int depth)
{
    char line[LINE];
    ack(s);
    while (read_line(s, line)) {
        if (line[0] == 'E') {
            ack(s);
            return true;
        }
        if (line[0] == 'T') {
            ack(s);
            continue;
        }
        if (line[0] != 'C' && line[0] != 'D') {
            nack(s, "%s", line[0] == 1 || line[0] == 2 ? line + 1 : "expected control record");
            return false;
        }
        char *w[3] = {line + 1, strchr(line, ' '), NULL};
        int64_t size;
        uint32_t mode = 0;
        if (w[1])
            *w[1]++ = '\0';
        w[2] = w[1] ? strchr(w[1], ' ') : NULL;
        if (w[2])
            *w[2]++ = '\0';
        for (const char *d = w[0]; *d >= '0' && *d <= '7'; d++)
            mode = mode * 8 + (uint32_t)(*d - '0');
        if (!w[2] || str_int(w[1], 0, INT64_MAX, &size) || strchr(w[2], '/') ||
            !strcmp(w[2], "..") || !*w[2]) {
            nack(s, "error: unexpected filename: %s", w[2] ? w[2] : "");
            return false;
        }
        const char *path = is_dir(s, target) ? cmd_path_join(s->r, target, w[2]) : target;
        if (line[0] == 'C') {
            if (!receive_file(s, path, mode & 07777, size))
                return false;
            continue;
        }
        if (!s->recurse || depth >= DEEP || vm_deep(s->r->p)) {
            nack(s, "received directory without -r");
            return false;
        }
        int err = is_dir(s, path) ? 0 : vm_mkdir(s->r->p, path, mode & 07777);
        if (err < 0)
            nack(s, "%s: %s", path, vm_strerror(-err));
        if (!receive(s, path, depth + 1))
            return false;
    }
    return depth == 0;
}

static bool send_file(struct sink *s, const char *path, int depth)
{
    struct proc *p = s->r->p;
    struct vfs_stat st;
    char head[LINE];
    int err = vm_stat(p, path, &st);
    if (err < 0) {
        nack(s, "%s: %s", path, vm_strerror(-err));
        return true;
    }
    if (S_ISDIR(st.mode)) {
        struct vm_dirent *e;
        if (!s->recurse || depth >= DEEP || vm_deep(p)) {
            nack(s, "%s: not a regular file", path);
            return true;
        }
        str_fmt(head, sizeof(head), "D%04o 0 %s\n", st.mode & 07777, cmd_base(path));
        if (vm_write_all(p, 1, head, strlen(head)) < 0 || !read_ack(s))
            return false;
        int n = vm_readdir(p, path, &e);
        for (int i = 0; i < n; i++)
            if (!send_file(s, cmd_path_join(s->r, path, e[i].name), depth + 1))
                return false;
        return vm_write_all(p, 1, "E\n", 2) == 2 && read_ack(s);
    }
    int fd = vm_open(p, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 || !S_ISREG(st.mode)) {
        nack(s, "%s: %s", path, fd < 0 ? vm_strerror(-fd) : "not a regular file");
        return true;
    }
    str_fmt(head, sizeof(head), "C%04o %lld %s\n", st.mode & 07777, (long long)st.size,
            cmd_base(path));
    if (vm_write_all(p, 1, head, strlen(head)) < 0 || !read_ack(s))
        return false;
    (void)cmd_copy(p, fd, 1, &err);
    (void)vm_close(p, fd);
    ack(s);
    return read_ack(s);
}

/* "[user@]host:path": where a client wants to go, or NULL. */
static const char *host_of(struct cmd_run *r, const char *arg)
{
    const char *colon = strchr(arg, ':'), *slash = strchr(arg, '/'), *at;
    if (!colon || (slash && slash < colon))
        return NULL;
    char *host = vm_asprintf(r->p, "%.*s", (int)(colon - arg), arg);
    at = strrchr(host, '@');
    return at ? at + 1 : host;
}

/* What OpenSSH's client says when nobody answers: its status. */
static int nobody(struct cmd_run *r, const char *host, int port)
{
    struct vm_addr a;
    if (vm_resolve(r->p, host, 0, &a, 1) <= 0) {
        vf_printf(r->err, "ssh: Could not resolve hostname %s: Name or service not known\r\n",
                  host);
        return 255;
    }
    int fd = vm_dial(r->p, &a, port, 0);
    if (fd >= 0) {
        (void)vm_close(r->p, fd);
        vf_puts(r->err, "Host key verification failed.\r\n");
    } else {
        vf_printf(r->err, "ssh: connect to host %s port %d: %s\r\n", host, port, vm_strerror(-fd));
    }
    return 255;
}

static int port_of(const char *text)
{
    int64_t port;
    return text && !str_int(text, 1, 65535, &port) ? (int)port : 22;
}

static int scp_run(struct cmd_run *r)
{
    struct sink s = {.r = r, .recurse = cmd_has(r, 'r'), .times = cmd_has(r, 'p')};
    if (cmd_has(r, 't')) {
        if (r->argc != 1)
            return sys_text(r, "scp") < 0 ? 1 : 1;
        if (cmd_has(r, 'd') && !is_dir(&s, r->argv[0])) {
            struct vfs_stat st;
            int err = vm_stat(r->p, r->argv[0], &st);
            nack(&s, "%s: %s", r->argv[0], vm_strerror(err < 0 ? -err : ENOTDIR));
            return 1;
        }
        return receive(&s, r->argv[0], 0) && !s.errors ? 0 : 1;
    }
    if (cmd_has(r, 'f')) {
        if (!read_ack(&s))
            return 1;
        for (int i = 0; i < r->argc; i++)
            if (!send_file(&s, r->argv[i], 0))
                return 1;
        return s.errors ? 1 : 0;
    }
    for (int i = 0; i < r->argc; i++) {
        const char *host = host_of(r, r->argv[i]);
        if (!host || r->argc < 2)
            continue;
        (void)nobody(r, host, port_of(cmd_arg(r, 'P')));
        vf_puts(r->err, i + 1 < r->argc ? "" : "lost connection\n");
        vf_puts(r->err, i + 1 < r->argc ? "scp: Connection closed\r\n" : "");
        return 255;
    }
    if (sys_text(r, "scp --help") < 0)
        vf_puts(r->err,
                "usage: scp [-346ABCOpqRrsTv] [-c cipher] [-i identity_file] source ... target\n");
    return 1;
}

const struct cmd cmd_scp = {.name = "scp",
                            .opts = "12346ABCTdfOpqRrstvD:F:J:M:P:S:c:i:l:o:X:",
                            .flags = CMD_NO_TEXT,
                            .run = scp_run};

static int ssh_run(struct cmd_run *r)
{
    if (cmd_has(r, 'V')) {
        vf_printf(r->err, "%s, OpenSSL 3.0.17 1 Jul 2025\n", vm_persona(r->p)->ssh_version);
        return 0;
    }
    if (!r->argc) {
        int rc = sys_text(r, "ssh --help");
        return rc < 0 ? 255 : rc;
    }
    const char *host = strrchr(r->argv[0], '@') ? strrchr(r->argv[0], '@') + 1 : r->argv[0];
    return nobody(r, host, port_of(cmd_arg(r, 'p')));
}

const struct cmd cmd_ssh = {
    .name = "ssh",
    .opts = "+1246AB:CD:E:F:GI:J:KL:MNO:PQ:R:S:TVXYW:ab:c:e:fgi:kl:m:no:p:qstvw:xy",
    .flags = CMD_NO_TEXT,
    .usage_status = 255,
    .run = ssh_run};
