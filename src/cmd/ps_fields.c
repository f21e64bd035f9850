/* ps_fields.c -- each column of ps: its header, its width, how it is made.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/ps.h"

typedef const struct vm_procinfo row;
#define TEXT(name) static const char *name(struct ps_view *v, row *p)
#define KEY(name) static int64_t name(struct ps_view *v, row *p)
#define FMT(...) vm_asprintf(v->r->p, __VA_ARGS__)

enum { PAGE_KIB = 4 };

struct user_cache {
    struct user_cache *next;
    uint32_t uid;
    const char *name;
};

const char *ps_user(struct ps_view *v, uint32_t uid)
{
    for (struct user_cache *c = v->users; c; c = c->next)
        if (c->uid == uid)
            return c->name;
    struct user_cache *c = vm_alloc(v->r->p, sizeof(*c));
    const char *name = cmd_user_name(v->r, uid);
    *c = (struct user_cache){v->users, uid, name ? name : FMT("%u", uid)};
    v->users = c;
    return c->name;
}

static int64_t cpu_s(row *p)
{
    return (p->user_us + p->sys_us) / 1000000;
}

static int64_t age_us(struct ps_view *v, row *p)
{
    int64_t age = v->uptime_us - p->start_us;
    return age > 0 ? age : 0;
}

/* Tenths of a percent of one processor since the start. */
static int64_t pcpu(struct ps_view *v, row *p)
{
    int64_t age = age_us(v, p) / 1000000;
    return age ? (p->user_us + p->sys_us) / 1000 / age : 0;
}

KEY(k_pid)
{
    (void)v;
    return p->pid;
}
KEY(k_ppid)
{
    (void)v;
    return p->ppid;
}
KEY(k_pgid)
{
    (void)v;
    return p->pgid;
}
KEY(k_sid)
{
    (void)v;
    return p->sid;
}
KEY(k_uid)
{
    (void)v;
    return p->euid;
}
KEY(k_ruid)
{
    (void)v;
    return p->uid;
}
KEY(k_gid)
{
    (void)v;
    return p->egid;
}
KEY(k_nice)
{
    (void)v;
    return p->nice;
}
KEY(k_vsz)
{
    (void)v;
    return (int64_t)p->vsz_kib;
}
KEY(k_rss)
{
    (void)v;
    return (int64_t)p->rss_kib;
}
KEY(k_sz)
{
    (void)v;
    return (int64_t)p->vsz_kib / PAGE_KIB;
}
KEY(k_threads)
{
    (void)v;
    return p->threads;
}
KEY(k_start)
{
    (void)v;
    return p->start_us;
}
KEY(k_time)
{
    (void)v;
    return p->user_us + p->sys_us;
}
KEY(k_etimes)
{
    return age_us(v, p) / 1000000;
}
KEY(k_times)
{
    (void)v;
    return cpu_s(p);
}
KEY(k_tpgid)
{
    (void)v;
    return p->tty_rdev ? p->tty_pgid : -1;
}
KEY(k_pri60)
{
    (void)v;
    return 80 + p->nice;
}
KEY(k_pri)
{
    (void)v;
    return 19 - p->nice;
}
KEY(k_priority)
{
    (void)v;
    return 20 + p->nice;
}
KEY(k_psr)
{
    (void)v;
    return p->pid % (int)vm_persona(v->r->p)->cpu.count;
}
KEY(k_zero)
{
    (void)v;
    (void)p;
    return 0;
}
KEY(k_flags)
{
    (void)v;
    return !*p->exe ? 1 : p->ppid <= 1 || p->pid == p->sid ? 4 : 0;
}
KEY(k_pcpu)
{
    return pcpu(v, p);
}
KEY(k_pmem)
{
    return v->mem_kib ? (int64_t)(p->rss_kib * 1000 / v->mem_kib) : 0;
}
KEY(k_c)
{
    int64_t c = pcpu(v, p) / 10;
    return c > 99 ? 99 : c;
}

/* The columns that are plain numbers. */
#define NUMBER(key, text)                                                                          \
    TEXT(text)                                                                                     \
    {                                                                                              \
        return FMT("%lld", (long long)key(v, p));                                                  \
    }
NUMBER(k_pid, t_pid)
NUMBER(k_ppid, t_ppid)
NUMBER(k_pgid, t_pgid)
NUMBER(k_sid, t_sid)
NUMBER(k_uid, t_uid)
NUMBER(k_ruid, t_ruid)
NUMBER(k_gid, t_gid)
NUMBER(k_nice, t_nice)
NUMBER(k_vsz, t_vsz)
NUMBER(k_rss, t_rss)
NUMBER(k_sz, t_sz)
NUMBER(k_threads, t_threads)
NUMBER(k_tpgid, t_tpgid)
NUMBER(k_pri60, t_pri60)
NUMBER(k_pri, t_pri)
NUMBER(k_priority, t_priority)
NUMBER(k_psr, t_psr)
NUMBER(k_zero, t_zero)
NUMBER(k_flags, t_flags)
NUMBER(k_c, t_c)
NUMBER(k_etimes, t_etimes)
NUMBER(k_times, t_times)

TEXT(t_dash)
{
    (void)v;
    (void)p;
    return "-";
}
TEXT(t_state)
{
    return FMT("%c", p->state);
}
TEXT(t_class)
{
    (void)v;
    (void)p;
    return "TS";
}
TEXT(t_tty)
{
    (void)v;
    return p->tty;
}
TEXT(t_comm)
{
    return FMT(p->state == 'Z' ? "%s%s <defunct>" : "%s%s", v->branch, p->comm);
}
TEXT(t_exe)
{
    (void)v;
    return *p->exe ? p->exe : "-";
}
TEXT(t_user)
{
    return ps_user(v, p->euid);
}
TEXT(t_ruser)
{
    return ps_user(v, p->uid);
}

TEXT(t_group)
{
    const char *g = cmd_group_name(v->r, p->egid);
    return g ? g : FMT("%u", p->egid);
}

TEXT(t_stat)
{
    return FMT("%c%s%s%s%s", p->state,
               p->nice < 0   ? "<"
               : p->nice > 0 ? "N"
                             : "",
               p->sid == p->pid ? "s" : "", p->threads > 1 ? "l" : "",
               p->tty_rdev && p->tty_pgid == p->pgid ? "+" : "");
}

static const char *tenths(struct ps_view *v, int64_t t)
{
    return t > 999 ? FMT("%lld", (long long)t / 10)
                   : FMT("%lld.%lld", (long long)t / 10, (long long)t % 10);
}

TEXT(t_pcpu)
{
    return tenths(v, pcpu(v, p));
}
TEXT(t_pmem)
{
    return tenths(v, k_pmem(v, p));
}

/* [DD-]HH:MM:SS */
TEXT(t_time)
{
    long long s = cpu_s(p);
    return s >= 86400
               ? FMT("%lld-%02lld:%02lld:%02lld", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60)
               : FMT("%02lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

TEXT(t_bsdtime)
{
    long long s = cpu_s(p);
    return FMT("%lld:%02lld", s / 60, s % 60);
}

TEXT(t_etime)
{
    long long s = age_us(v, p) / 1000000;
    if (s >= 86400)
        return FMT("%lld-%02lld:%02lld:%02lld", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
    if (s >= 3600)
        return FMT("%02lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    return FMT("%02lld:%02lld", s / 60, s % 60);
}

static void start_tm(struct ps_view *v, row *p, int64_t *at, struct tm *tm)
{
    *at = v->now - age_us(v, p) / 1000000;
    tz_local(v->zone, *at, tm);
}

static const char *when(struct ps_view *v, const struct tm *tm, const char *fmt)
{
    char text[40];
    return strftime(text, sizeof(text), fmt, tm) ? vm_strdup(v->r->p, text) : "";
}

TEXT(t_stime)
{
    struct tm tm, today;
    int64_t at;
    start_tm(v, p, &at, &tm);
    tz_local(v->zone, v->now, &today);
    return when(v, &tm,
                tm.tm_year != today.tm_year   ? "%Y"
                : tm.tm_yday != today.tm_yday ? "%b%d"
                                              : "%H:%M");
}

TEXT(t_lstart)
{
    struct tm tm;
    int64_t at;
    start_tm(v, p, &at, &tm);
    return when(v, &tm, "%a %b %e %H:%M:%S %Y");
}

TEXT(t_start)
{
    struct tm tm;
    int64_t at;
    start_tm(v, p, &at, &tm);
    return when(v, &tm, v->now - at >= 86400 ? "  %b %d" : "%H:%M:%S");
}

TEXT(t_bsdstart)
{
    struct tm tm;
    int64_t at;
    start_tm(v, p, &at, &tm);
    return when(v, &tm, v->now - at > 86400 ? "%b %e" : " %H:%M");
}

TEXT(t_args)
{
    const char *args = sys_args(v->r, p);
    if (!v->environ || !p->envp || !p->envp[0])
        return FMT("%s%s", v->branch, args);
    struct str b;
    str_init(&b, v->r->arena);
    str_printf(&b, "%s%s", v->branch, args);
    for (size_t i = 0; p->envp[i]; i++)
        str_printf(&b, " %s", p->envp[i]);
    return str_text(&b);
}

TEXT(t_cgroup)
{
    if (!*p->exe)
        return "-";
    const char *line = sys_first(v->r, FMT("/proc/%d/cgroup", p->pid));
    return *line ? line : "-";
}

TEXT(t_unit)
{
    const char *c = t_cgroup(v, p), *last = strrchr(c, '/');
    return last && strchr(last, '.') ? last + 1 : "-";
}

static const struct ps_field fields[] = {
    {"%cpu", "%CPU", 4, PS_RIGHT, t_pcpu, k_pcpu},
    {"%mem", "%MEM", 4, PS_RIGHT, t_pmem, k_pmem},
    {"addr", "ADDR", 4, PS_RIGHT, t_dash, k_zero},
    {"addr_1", "ADDR", 1, PS_LEFT, t_dash, k_zero},
    {"args", "COMMAND", 27, PS_REST, t_args, NULL},
    {"blocked", "BLOCKED", 16, PS_RIGHT, t_zero, k_zero},
    {"bsdstart", "START", 6, PS_RIGHT, t_bsdstart, k_start},
    {"bsdtime", "TIME", 6, PS_RIGHT, t_bsdtime, k_time},
    {"c", "C", 2, PS_RIGHT, t_c, k_c},
    {"cgroup", "CGROUP", 27, PS_REST, t_cgroup, NULL},
    {"class", "CLS", 3, PS_LEFT, t_class, k_zero},
    {"cls", "CLS", 3, PS_LEFT, t_class, k_zero},
    {"cmd", "CMD", 27, PS_REST, t_args, NULL},
    {"comm", "COMMAND", 15, PS_REST, t_comm, NULL},
    {"command", "COMMAND", 27, PS_REST, t_args, NULL},
    {"cp", "CP", 3, PS_RIGHT, t_c, k_pcpu},
    {"cputime", "TIME", 8, PS_RIGHT, t_time, k_time},
    {"cputimes", "TIME", 8, PS_RIGHT, t_times, k_times},
    {"egid", "EGID", 5, PS_RIGHT, t_gid, k_gid},
    {"egroup", "EGROUP", 8, PS_USER, t_group, NULL},
    {"etime", "ELAPSED", 11, PS_RIGHT, t_etime, k_etimes},
    {"etimes", "ELAPSED", 7, PS_RIGHT, t_etimes, k_etimes},
    {"euid", "EUID", 5, PS_RIGHT, t_uid, k_uid},
    {"euser", "EUSER", 8, PS_USER, t_user, NULL},
    {"exe", "EXE", 27, PS_REST, t_exe, NULL},
    {"f", "F", 1, PS_RIGHT, t_flags, k_flags},
    {"flag", "F", 1, PS_RIGHT, t_flags, k_flags},
    {"flags", "F", 1, PS_RIGHT, t_flags, k_flags},
    {"gid", "GID", 5, PS_RIGHT, t_gid, k_gid},
    {"group", "GROUP", 8, PS_USER, t_group, NULL},
    {"label", "LABEL", 31, PS_LEFT, t_dash, NULL},
    {"lstart", "STARTED", 24, PS_RIGHT, t_lstart, k_start},
    {"lwp", "LWP", 7, PS_RIGHT, t_pid, k_pid},
    {"maj_flt", "MAJFL", 6, PS_RIGHT, t_zero, k_zero},
    {"majflt", "MAJFLT", 6, PS_RIGHT, t_zero, k_zero},
    {"min_flt", "MINFL", 6, PS_RIGHT, t_zero, k_zero},
    {"minflt", "MINFLT", 6, PS_RIGHT, t_zero, k_zero},
    {"ni", "NI", 3, PS_RIGHT, t_nice, k_nice},
    {"nice", "NI", 3, PS_RIGHT, t_nice, k_nice},
    {"nlwp", "NLWP", 4, PS_RIGHT, t_threads, k_threads},
    {"opri", "PRI", 3, PS_RIGHT, t_pri60, k_pri60},
    {"pcpu", "%CPU", 4, PS_RIGHT, t_pcpu, k_pcpu},
    {"pgid", "PGID", 7, PS_RIGHT, t_pgid, k_pgid},
    {"pgrp", "PGRP", 7, PS_RIGHT, t_pgid, k_pgid},
    {"pid", "PID", 7, PS_RIGHT, t_pid, k_pid},
    {"pmem", "%MEM", 4, PS_RIGHT, t_pmem, k_pmem},
    {"ppid", "PPID", 7, PS_RIGHT, t_ppid, k_ppid},
    {"pri", "PRI", 3, PS_RIGHT, t_pri, k_pri},
    {"priority", "PRI", 3, PS_RIGHT, t_priority, k_priority},
    {"psr", "PSR", 3, PS_RIGHT, t_psr, k_psr},
    {"rgid", "RGID", 5, PS_RIGHT, t_gid, k_gid},
    {"rgroup", "RGROUP", 8, PS_USER, t_group, NULL},
    {"rss", "RSS", 5, PS_RIGHT, t_rss, k_rss},
    {"rssize", "RSS", 5, PS_RIGHT, t_rss, k_rss},
    {"rsz", "RSZ", 5, PS_RIGHT, t_rss, k_rss},
    {"rtprio", "RTPRIO", 6, PS_RIGHT, t_dash, k_zero},
    {"ruid", "RUID", 5, PS_RIGHT, t_ruid, k_ruid},
    {"ruser", "RUSER", 8, PS_USER, t_ruser, NULL},
    {"s", "S", 1, PS_LEFT, t_state, NULL},
    {"sess", "SESS", 7, PS_RIGHT, t_sid, k_sid},
    {"session", "SESS", 7, PS_RIGHT, t_sid, k_sid},
    {"sid", "SID", 7, PS_RIGHT, t_sid, k_sid},
    {"size", "SIZE", 5, PS_RIGHT, t_rss, k_rss},
    {"spid", "SPID", 7, PS_RIGHT, t_pid, k_pid},
    {"start", "STARTED", 8, PS_RIGHT, t_start, k_start},
    {"start_time", "START", 5, PS_RIGHT, t_stime, k_start},
    {"stat", "STAT", 4, PS_LEFT, t_stat, NULL},
    {"state", "S", 1, PS_LEFT, t_state, NULL},
    {"stime", "STIME", 5, PS_RIGHT, t_stime, k_start},
    {"sz", "SZ", 5, PS_RIGHT, t_sz, k_sz},
    {"thcount", "THCNT", 5, PS_RIGHT, t_threads, k_threads},
    {"tid", "TID", 7, PS_RIGHT, t_pid, k_pid},
    {"time", "TIME", 8, PS_RIGHT, t_time, k_time},
    {"tname", "TTY", 8, PS_LEFT, t_tty, NULL},
    {"tpgid", "TPGID", 7, PS_RIGHT, t_tpgid, k_tpgid},
    {"tt", "TT", 8, PS_LEFT, t_tty, NULL},
    {"tty", "TT", 8, PS_LEFT, t_tty, NULL},
    {"ucmd", "CMD", 15, PS_REST, t_comm, NULL},
    {"ucomm", "COMMAND", 15, PS_REST, t_comm, NULL},
    {"uid", "UID", 5, PS_RIGHT, t_uid, k_uid},
    {"uname", "USER", 8, PS_USER, t_user, NULL},
    {"unit", "UNIT", 31, PS_LEFT, t_unit, NULL},
    {"user", "USER", 8, PS_USER, t_user, NULL},
    {"vsize", "VSZ", 6, PS_RIGHT, t_vsz, k_vsz},
    {"vsz", "VSZ", 6, PS_RIGHT, t_vsz, k_vsz},
    {"wchan", "WCHAN", 6, PS_LEFT, t_dash, NULL},
    /* Headers that formats of options ask for. */
    {"UID", "UID", 8, PS_USER, t_user, NULL},
    {"TTY", "TTY", 8, PS_LEFT, t_tty, NULL},
};

const struct ps_field *ps_field_find(const char *name)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!strcmp(fields[i].name, name))
            return &fields[i];
    return NULL;
}
