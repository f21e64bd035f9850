/* who.c -- who was and is here: who, users, last, lastb, lastlog.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "cmd/utmp.h"

struct utmp *utmp_read(struct cmd_run *r, const char *path, size_t *n, int *err)
{
    size_t bytes = 0;
    *n = 0;
    void *text = sys_slurp(r, path, &bytes, err);
    if (!text)
        return NULL;
    *n = bytes / sizeof(struct utmp);
    struct utmp *u = vm_alloc(r->p, (*n + 1) * sizeof(*u));
    memcpy(u, text, *n * sizeof(*u));
    return u;
}

const char *utmp_field(struct cmd_run *r, const char *field, size_t size)
{
    return vm_asprintf(r->p, "%.*s", (int)strnlen(field, size), field);
}

unsigned utmp_users(struct cmd_run *r)
{
    size_t n = 0;
    unsigned users = 0;
    struct utmp *u = utmp_read(r, "/run/utmp", &n, NULL);
    for (size_t i = 0; i < n; i++)
        users += u[i].ut_type == USER_PROCESS && u[i].ut_user[0];
    return users;
}

static const char *stamp(struct cmd_run *r, int64_t at, const char *fmt)
{
    struct tm tm;
    char text[40];
    tz_local(tz_of(r->p, NULL), at, &tm);
    return strftime(text, sizeof(text), fmt, &tm) ? vm_strdup(r->p, text) : "";
}

/* --- who ------------------------------------------------------------------------ */
static const char *who_idle(struct cmd_run *r, const char *line)
{
    struct vfs_stat st;
    if (vm_stat(r->p, vm_asprintf(r->p, "/dev/%s", line), &st) < 0)
        return "  ?  ";
    long long idle = vm_now(r->p).tv_sec - st.atime.tv_sec;
    if (idle < 60)
        return "  .  ";
    return idle >= 86400 ? " old "
                         : vm_asprintf(r->p, "%02lld:%02lld", idle / 3600, idle / 60 % 60);
}

static void who_row(struct cmd_run *r, const struct utmp *u)
{
    const char *line = UTMP_TEXT(r, u->ut_line), *host = UTMP_TEXT(r, u->ut_host);
    const char *when = stamp(r, u->ut_tv.tv_sec, "%Y-%m-%d %H:%M");
    bool all = cmd_has(r, 'a');
    struct vfs_stat st;
    switch (u->ut_type) {
    case USER_PROCESS: {
        if (!all && *r->opt && !strpbrk(r->opt, "umHTsw\1"))
            return;
        char mesg = vm_stat(r->p, vm_asprintf(r->p, "/dev/%s", line), &st) < 0 ? '?'
                    : st.mode & 020                                            ? '+'
                                                                               : '-';
        vf_printf(r->out, "%-8s ", UTMP_TEXT(r, u->ut_user));
        if (all || cmd_has(r, 'T'))
            vf_printf(r->out, "%c ", mesg);
        vf_printf(r->out, "%-12s %s", line, when);
        if (all || cmd_has(r, 'u'))
            vf_printf(r->out, " %s %11d", who_idle(r, line), u->ut_pid);
        vf_printf(r->out, *host ? " (%s)\n" : "\n", host);
        break;
    }
    case BOOT_TIME:
        if (all || cmd_has(r, 'b'))
            vf_printf(r->out, "%s system boot  %s\n", all ? "          " : "        ", when);
        break;
    case RUN_LVL:
        if (all || cmd_has(r, 'r'))
            vf_printf(r->out, "%s run-level %c  %s\n", all ? "          " : "        ",
                      u->ut_pid & 255 ? u->ut_pid & 255 : '?', when);
        break;
    case LOGIN_PROCESS:
        if (all || cmd_has(r, 'l'))
            vf_printf(r->out, "LOGIN    %s%-12s %s %17d id=%s\n", all ? "  " : "", line, when,
                      u->ut_pid, UTMP_TEXT(r, u->ut_id));
        break;
    case DEAD_PROCESS:
        if (all || cmd_has(r, 'd'))
            vf_printf(r->out, "%s%-12s %s %17d id=%s  term=0 exit=0\n",
                      all ? "           " : "         ", line, when, u->ut_pid,
                      UTMP_TEXT(r, u->ut_id));
        break;
    default:
        break;
    }
}

static int who_run(struct cmd_run *r)
{
    size_t n = 0;
    char tty[64] = "";
    if (r->argc > 2)
        return cmd_extra(r, r->argv[2]);
    bool mine = cmd_has(r, 'm') || r->argc == 2;
    if (mine && vm_ttyname(r->p, 0, tty, sizeof(tty)) < 0)
        return 0;
    int err = 0;
    const char *file = r->argc == 1 ? r->argv[0] : "/run/utmp";
    struct utmp *u = utmp_read(r, file, &n, &err);
    if (!u && r->argc == 1) {
        cmd_warn_err(r, err, "%s", cmd_quotef(r, file));
        return 1;
    }
    if (cmd_has(r, 'q')) {
        unsigned users = 0;
        for (size_t i = 0; i < n; i++)
            if (u[i].ut_type == USER_PROCESS)
                vf_printf(r->out, "%s%s", users++ ? " " : "", UTMP_TEXT(r, u[i].ut_user));
        vf_printf(r->out, "\n# users=%u\n", users);
        return 0;
    }
    if (cmd_has(r, 'H'))
        vf_puts(r->out, cmd_has(r, 'u')
                            ? "NAME     LINE         TIME             IDLE          PID COMMENT\n"
                            : "NAME     LINE         TIME             COMMENT\n");
    for (size_t i = 0; i < n; i++)
        if (!mine || (u[i].ut_type == USER_PROCESS && !strcmp(UTMP_TEXT(r, u[i].ut_line), tty + 5)))
            who_row(r, &u[i]);
    return 0;
}

static const char *const who_longs[] = {"all=a",     "boot=b",    "count=q",    "dead=d",
                                        "heading=H", "login=l",   "lookup=\1",  "message=T",
                                        "mesg=T",    "process=p", "runlevel=r", "short=s",
                                        "time=t",    "users=u",   "writable=T", NULL};

const struct cmd cmd_who = {
    .name = "who", .opts = "abdlmpqrstuwHT", .longs = who_longs, .run = who_run};

static int users_run(struct cmd_run *r)
{
    size_t n = 0, k = 0;
    if (r->argc > 1)
        return cmd_extra(r, r->argv[1]);
    struct utmp *u = utmp_read(r, r->argc ? r->argv[0] : "/run/utmp", &n, NULL);
    const char **name = vm_alloc(r->p, (n + 1) * sizeof(*name));
    for (size_t i = 0; i < n; i++) {
        if (u[i].ut_type != USER_PROCESS || !u[i].ut_user[0])
            continue;
        const char *s = UTMP_TEXT(r, u[i].ut_user);
        size_t at = k++;
        for (; at && strcmp(name[at - 1], s) > 0; at--)
            name[at] = name[at - 1];
        name[at] = s;
    }
    for (size_t i = 0; i < k; i++)
        vf_printf(r->out, "%s%s", i ? " " : "", name[i]);
    if (k)
        vf_putc(r->out, '\n');
    return 0;
}

const struct cmd cmd_users = {.name = "users", .opts = "", .run = users_run};

/* --- last --------------------------------------------------------------------------- */
struct last {
    struct cmd_run *r;
    int64_t left; /* lines */
    bool full, host_last, wide, numeric;
};

static void last_line(struct last *l, const struct utmp *u, const char *end, const char *len)
{
    struct cmd_run *r = l->r;
    const char *user = UTMP_TEXT(r, u->ut_user), *line = UTMP_TEXT(r, u->ut_line);
    const char *host = UTMP_TEXT(r, u->ut_host);
    char addr[INET_ADDRSTRLEN];
    if (l->numeric && inet_ntop(AF_INET, u->ut_addr_v6, addr, sizeof(addr)))
        host = addr;
    for (int i = 0; i < r->argc; i++)
        if (!strcmp(r->argv[i], user) || !strcmp(r->argv[i], line))
            break;
        else if (i + 1 == r->argc)
            return;
    if (l->left == 0)
        return;
    l->left--;
    if (u->ut_type == BOOT_TIME)
        line = "system boot";
    else if (u->ut_type == RUN_LVL)
        line = vm_asprintf(r->p, "(to lvl %c)", u->ut_pid & 255 ? u->ut_pid & 255 : '?');
    const char *when =
        stamp(r, u->ut_tv.tv_sec, l->full ? "%a %b %e %H:%M:%S %Y" : "%a %b %e %H:%M");
    struct str b;
    str_init(&b, r->arena);
    str_printf(&b, "%-8.*s %-12.12s ", l->wide ? 32 : 8, user, line);
    if (!l->host_last && !cmd_has(r, 'R'))
        str_printf(&b, "%-16.*s ", l->wide ? 256 : 16, host);
    str_printf(&b, "%s %-*s %-12.12s", when, l->full ? 26 : 7, end, len);
    if (l->host_last)
        str_printf(&b, " %s", host);
    while (b.n && b.s[b.n - 1] == ' ')
        str_trunc(&b, b.n - 1);
    vf_printf(r->out, "%s\n", str_text(&b));
}

static const char *last_length(struct cmd_run *r, long long s)
{
    if (s < 0)
        s = 0;
    return s >= 86400
               ? vm_asprintf(r->p, "(%lld+%02lld:%02lld)", s / 86400, s / 3600 % 24, s / 60 % 60)
               : vm_asprintf(r->p, " (%02lld:%02lld)", s / 3600, s / 60 % 60);
}

/* How a login ended: by its own logout, by a boot after it, or not at all. */
static void last_login(struct last *l, const struct utmp *u, size_t n, size_t i, bool bad)
{
    struct cmd_run *r = l->r;
    const struct utmp *end = bad ? &u[i] : NULL;
    for (size_t k = i + 1; k < n && !end; k++)
        if (u[k].ut_type == BOOT_TIME ||
            ((u[k].ut_type == DEAD_PROCESS || u[k].ut_type == USER_PROCESS) &&
             !strncmp(u[k].ut_line, u[i].ut_line, sizeof(u[i].ut_line))))
            end = &u[k];
    if (!end) {
        size_t rows = 0;
        bool here = false;
        const struct vm_procinfo *p = sys_procs(r, &rows);
        for (size_t k = 0; k < rows; k++)
            here |= p[k].pid == u[i].ut_pid;
        if (here)
            last_line(l, &u[i], "  still", "logged in");
        else
            last_line(l, &u[i], "   gone", "- no logout");
        return;
    }
    const char *text =
        end->ut_type == BOOT_TIME
            ? "- crash"
            : stamp(r, end->ut_tv.tv_sec, l->full ? "- %a %b %e %H:%M:%S %Y" : "- %H:%M");
    last_line(l, &u[i], text, last_length(r, end->ut_tv.tv_sec - u[i].ut_tv.tv_sec));
}

static int last_show(struct cmd_run *r, const char *file, bool bad)
{
    struct last l = {.r = r,
                     .left = INT64_MAX,
                     .full = cmd_has(r, 'F'),
                     .host_last = cmd_has(r, 'a'),
                     .wide = cmd_has(r, 'w'),
                     .numeric = cmd_has(r, 'i')};
    size_t n = 0;
    int err = 0;
    const char *limit = cmd_arg(r, 'n');
    for (const char *o = r->opt; *o; o++)
        if (*o >= '0' && *o <= '9')
            l.left = (l.left == INT64_MAX ? 0 : l.left * 10) + *o - '0';
    if (limit && str_int(limit, 0, INT32_MAX, &l.left)) {
        cmd_warn(r, "failed to parse number: '%s'", limit);
        return 1;
    }
    if (cmd_arg(r, 'f'))
        file = cmd_arg(r, 'f');
    struct utmp *u = utmp_read(r, file, &n, &err);
    if (!u) {
        cmd_warn_err(r, err, "cannot open %s", file);
        return 1;
    }
    bool more = cmd_has(r, 'x');
    for (size_t i = n; i-- > 0 && l.left;) {
        const struct utmp *next_boot = NULL;
        switch (u[i].ut_type) {
        case BOOT_TIME:
            for (size_t k = i + 1; k < n && !next_boot; k++)
                if (u[k].ut_type == BOOT_TIME)
                    next_boot = &u[k];
            if (!next_boot)
                last_line(&l, &u[i], "  still", "running");
            else
                last_line(&l, &u[i], stamp(r, next_boot->ut_tv.tv_sec, "- %H:%M"),
                          last_length(r, next_boot->ut_tv.tv_sec - u[i].ut_tv.tv_sec));
            break;
        case RUN_LVL:
            if (more)
                last_line(&l, &u[i], "  still", "running");
            break;
        case USER_PROCESS:
            last_login(&l, u, n, i, bad);
            break;
        case LOGIN_PROCESS:
            if (bad)
                last_login(&l, u, n, i, true);
            break;
        default:
            break;
        }
        vm_tick(r->p, 50);
    }
    struct vfs_stat st;
    int64_t begins = n ? u[0].ut_tv.tv_sec : vm_stat(r->p, file, &st) == 0 ? st.ctime.tv_sec : 0;
    vf_printf(r->out, "\n%s begins %s\n", cmd_base(file), stamp(r, begins, "%a %b %e %H:%M:%S %Y"));
    return 0;
}

static int last_run(struct cmd_run *r)
{
    return last_show(r, "/var/log/wtmp", false);
}

static int lastb_run(struct cmd_run *r)
{
    return last_show(r, "/var/log/btmp", true);
}

static const char *const last_longs[] = {
    "hostlast=a",  "dns=d",        "file:=f",         "fulltimes=F", "ip=i",
    "limit:=n",    "nohostname=R", "since:=s",        "until:=t",    "present:=p",
    "fullnames=w", "system=x",     "time-format:=\1", NULL};
#define LAST_OPTS "0123456789adf:Fin:Rs:t:p:wx"

const struct cmd cmd_last = {
    .name = "last", .opts = LAST_OPTS, .longs = last_longs, .run = last_run};
const struct cmd cmd_lastb = {
    .name = "lastb", .opts = LAST_OPTS, .longs = last_longs, .run = lastb_run};

/* --- lastlog --------------------------------------------------------------------------- */
static int lastlog_run(struct cmd_run *r)
{
    size_t n = 0;
    char *log = sys_slurp(r, "/var/log/lastlog", &n, NULL);
    char *at = sys_slurp(r, "/etc/passwd", NULL, NULL), *line, *field[7];
    const char *only = cmd_arg(r, 'u');
    vf_puts(r->out,
            "Username         Port     From                                       Latest\n");
    while ((line = sys_line(&at))) {
        int64_t uid;
        struct lastlog ll = {0};
        if (sys_fields(line, ':', field, 7) < 4 || str_int(field[2], 0, UINT32_MAX, &uid))
            continue;
        if (only && strcmp(only, field[0]) != 0)
            continue;
        if (log && (size_t)(uid + 1) <= n / sizeof(ll))
            memcpy(&ll, log + (size_t)uid * sizeof(ll), sizeof(ll));
        vf_printf(r->out, "%-16s %-8.8s %-42.42s%s\n", field[0], UTMP_TEXT(r, ll.ll_line),
                  UTMP_TEXT(r, ll.ll_host),
                  ll.ll_time ? stamp(r, ll.ll_time, "%a %b %e %H:%M:%S %z %Y")
                             : "**Never logged in**");
    }
    return 0;
}

static const char *const lastlog_longs[] = {"before:=b", "clear=C", "root:=R", "set=S",
                                            "time:=t",   "user:=u", NULL};

const struct cmd cmd_lastlog = {.name = "lastlog",
                                .opts = "b:ChR:St:u:",
                                .longs = lastlog_longs,
                                .flags = CMD_HELP_ERR,
                                .run = lastlog_run};
