/* records.c -- the traces of logins in the machine's own files.
 *
 * auth.log is written only where it exists (a server without rsyslog has none).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/records.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <utmp.h>

#include "vm/priv.h"

enum { UTMP_SLOTS_MAX = 256 };

static const struct vfs_cred ROOT = {0};

/* The node of an existing regular file; false if there is none. */
static bool find_file(struct vm *vm, const char *path, struct vnode *v, struct vfs_stat *st)
{
    struct vnode top = {vm->disk, vm->disk->root};
    struct vfs_walk w = {.tree = &vm->tree, .cred = &ROOT, .root = top, .cwd = top};
    return vfs_walk(&w, path, 0, v) == 0 && vfs_stat(*v, NULL, st) == 0 && S_ISREG(st->mode);
}

static void write_at(struct vm *vm, const char *path, const void *p, size_t n, int64_t off)
{
    struct vnode v;
    struct vfs_stat st;
    if (!find_file(vm, path, &v, &st))
        return;
    ssize_t put = vfs_write(v, NULL, p, n, off < 0 ? st.size : off);
    (void)put; /* a full disk loses its records */
}

static void log_auth(struct vm *vm, int64_t us, int pid, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void log_auth(struct vm *vm, int64_t us, int pid, const char *fmt, ...)
{
    char line[512], text[320], when[32];
    struct tm tm;
    time_t s = (time_t)(us / 1000000);
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (!gmtime_r(&s, &tm) || !strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm))
        return;
    str_fmt(line, sizeof(line), "%s.%06d+00:00 %s sshd[%d]: %s\n", when, (int)(us % 1000000),
            vm->hostname, pid, text);
    write_at(vm, "/var/log/auth.log", line, strlen(line), -1);
}

void records_login(struct vm_login *l)
{
    log_auth(l->vm, l->since_us, l->monitor->pid, "Accepted password for %s from %s port %d ssh2",
             l->user, l->from, l->from_port);
    log_auth(l->vm, l->since_us + 3100, l->monitor->pid,
             "pam_unix(sshd:session): session opened for user %s(uid=%u) by (uid=0)", l->user,
             l->uid);
}

void records_logout(struct vm_login *l)
{
    int pid = l->monitor ? l->monitor->pid : 0;
    int64_t now = vm_real_us(l->vm);
    log_auth(l->vm, now, pid, "Received disconnect from %s port %d:11: disconnected by user",
             l->from, l->from_port);
    log_auth(l->vm, now + 90, pid, "Disconnected from user %s %s port %d", l->user, l->from,
             l->from_port);
    log_auth(l->vm, now + 410, pid, "pam_unix(sshd:session): session closed for user %s", l->user);
}

/* --- utmp, wtmp, lastlog ------------------------------------------------------------ */
/* utmp fields are filled to the brim without a NUL; the rest stays zero. */
static void put_field(char *to, size_t n, const char *text)
{
    memcpy(to, text, strnlen(text, n));
}
#define FIELD(field, text) put_field((field), sizeof(field), (text))

static void entry(struct utmp *u, int type, int pid, const char *line, const char *user,
                  const char *host, int64_t us)
{
    memset(u, 0, sizeof(*u));
    u->ut_type = (short)type;
    u->ut_pid = pid;
    FIELD(u->ut_line, line);
    FIELD(u->ut_user, user);
    FIELD(u->ut_host, host);
    if (str_starts(line, "pts/"))
        str_fmt(u->ut_id, sizeof(u->ut_id), "ts/%s", line + 4);
    u->ut_tv.tv_sec = (int32_t)(us / 1000000);
    u->ut_tv.tv_usec = (int32_t)(us % 1000000);
    struct in_addr a;
    if (inet_pton(AF_INET, host, &a) == 1)
        u->ut_addr_v6[0] = (int32_t)a.s_addr;
}

/* Puts an entry into /run/utmp where its line stands, or behind the others. */
static void utmp_put(struct vm *vm, const struct utmp *u)
{
    struct vnode v;
    struct vfs_stat st;
    struct utmp old;
    int64_t off = 0;
    if (!find_file(vm, "/run/utmp", &v, &st))
        return;
    for (int i = 0; i < UTMP_SLOTS_MAX && off + (int64_t)sizeof(old) <= st.size; i++) {
        if (vfs_read(v, NULL, &old, sizeof(old), off) != sizeof(old))
            break;
        if (memcmp(old.ut_line, u->ut_line, sizeof(old.ut_line)) == 0)
            break;
        off += (int64_t)sizeof(old);
    }
    write_at(vm, "/run/utmp", u, sizeof(*u), off);
}

void records_tty_start(struct vm_login *l, int pid, unsigned tty)
{
    struct utmp u;
    char line[UT_LINESIZE];
    struct lastlog ll = {0};
    int64_t now = vm_real_us(l->vm);
    str_fmt(line, sizeof(line), "pts/%u", tty);
    entry(&u, USER_PROCESS, l->session ? l->session->pid : pid, line, l->user, l->from, now);
    utmp_put(l->vm, &u);
    write_at(l->vm, "/var/log/wtmp", &u, sizeof(u), -1);
    ll.ll_time = (int32_t)(now / 1000000);
    FIELD(ll.ll_line, line);
    FIELD(ll.ll_host, l->from);
    if (l->uid < 65536)
        write_at(l->vm, "/var/log/lastlog", &ll, sizeof(ll), (int64_t)(l->uid * sizeof(ll)));
}

void records_tty_end(struct vm_login *l, int pid, unsigned tty)
{
    struct utmp u;
    char line[UT_LINESIZE];
    str_fmt(line, sizeof(line), "pts/%u", tty);
    entry(&u, DEAD_PROCESS, l->session ? l->session->pid : pid, line, "", "", vm_real_us(l->vm));
    utmp_put(l->vm, &u);
    write_at(l->vm, "/var/log/wtmp", &u, sizeof(u), -1);
}

/* --- greeting --------------------------------------------------------------------------- */
static void tty_text(struct vm_tty *t, const char *text)
{
    for (; *text; text++)
        tty_print(t, (uint8_t)*text);
}

static void show_file(struct vm_tty *t, const char *path)
{
    size_t n;
    char *text = file_slurp(t->vm, path, 8192, &n);
    if (text)
        tty_text(t, text);
    x_free(text);
}

void records_greet(struct vm_login *l, struct vm_tty *t)
{
    struct vm *vm = l->vm;
    struct vnode v;
    struct vfs_stat st;
    struct lastlog ll = {0};
    char hush[VFS_PATH_MAX];
    struct user u;
    if (user_by_name(vm, l->user, &u) < 0)
        return;
    str_fmt(hush, sizeof(hush), "%s/.hushlogin", u.home);
    if (find_file(vm, hush, &v, &st))
        return;
    show_file(t, "/run/motd.dynamic");
    show_file(t, "/etc/motd");
    if (!find_file(vm, "/var/log/lastlog", &v, &st) ||
        vfs_read(v, NULL, &ll, sizeof(ll), (int64_t)(l->uid * sizeof(ll))) != sizeof(ll) ||
        !ll.ll_time)
        return;
    char when[40], line[400];
    struct tm tm;
    time_t s = ll.ll_time;
    if (!gmtime_r(&s, &tm) || !strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm))
        return;
    str_fmt(line, sizeof(line), "Last login: %s%s%.*s\n", when, ll.ll_host[0] ? " from " : "",
            (int)sizeof(ll.ll_host), ll.ll_host);
    tty_text(t, line);
}

/* --- before the attacker came -------------------------------------------------------------- */
static void earlier_session(struct vm *vm, struct rng *r, struct str *out, int64_t at, int64_t len)
{
    const struct persona *pe = vm->world->conf.persona;
    const char *user = rng_below(r, 3) ? pe->user : "root";
    char host[16];
    struct utmp u;
    struct lastlog ll = {.ll_time = (int32_t)(at / 1000000)};
    int pid = vm->last_pid - (int)rng_below(r, 600);
    const char *dot = strrchr(pe->ip4, '.');
    str_fmt(host, sizeof(host), "%.*s.%d", (int)(dot ? dot - pe->ip4 : 0), pe->ip4,
            (int)(20 + pe->seed % 60 + rng_below(r, 2)));
    entry(&u, USER_PROCESS, pid, "pts/0", user, host, at);
    str_add(out, &u, sizeof(u));
    entry(&u, DEAD_PROCESS, pid, "pts/0", "", "", at + len);
    str_add(out, &u, sizeof(u));
    FIELD(ll.ll_line, "pts/0");
    FIELD(ll.ll_host, host);
    if (strcmp(user, "root") == 0) /* an ordinary account's place is far into the file */
        write_at(vm, "/var/log/lastlog", &ll, sizeof(ll), 0);
}

void records_history(struct vm *vm, struct arena *a)
{
    const struct persona *pe = vm->world->conf.persona;
    struct rng r = rng_named(pe->seed, "history");
    int64_t now = vm_real_us(vm), span = now - pe->boot_real_us;
    struct utmp u;
    struct str wtmp;
    str_init(&wtmp, a);
    entry(&u, BOOT_TIME, 0, "~", "reboot", pe->kernel_release, pe->boot_real_us + 9000000);
    FIELD(u.ut_id, "~~");
    str_add(&wtmp, &u, sizeof(u));
    entry(&u, RUN_LVL, 53, "~", "runlevel", pe->kernel_release, pe->boot_real_us + 19000000);
    FIELD(u.ut_id, "~~");
    str_add(&wtmp, &u, sizeof(u));
    entry(&u, LOGIN_PROCESS, daemon_pid(vm, "agetty"), "tty1", "LOGIN", "",
          pe->boot_real_us + 19500000);
    FIELD(u.ut_id, "tty1");
    str_add(&wtmp, &u, sizeof(u));
    unsigned n = 2 + (unsigned)rng_below(&r, 2); /* few: each machine keeps its copy */
    for (unsigned i = 0; i < n; i++) {
        int64_t at = pe->boot_real_us + span * (i + 1) / (n + 1);
        earlier_session(vm, &r, &wtmp, at, rng_range(&r, 120, 5400) * 1000000);
    }
    write_at(vm, "/var/log/wtmp", str_text(&wtmp), wtmp.n, 0);
}
