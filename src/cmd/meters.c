/* meters.c -- how the machine does: free, uptime, w, vmstat of procps.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/utmp.h"

typedef unsigned long long ull;

/* --- free ---------------------------------------------------------------------- */
struct memory {
    ull total, used, free, shared, buffers, cache, available, swap_total, swap_free, committed,
        limit;
};

static void memory_read(struct cmd_run *r, struct memory *m)
{
    const char *t = sys_slurp(r, "/proc/meminfo", NULL, NULL);
    *m = (struct memory){.total = sys_figure(t, "MemTotal"),
                         .free = sys_figure(t, "MemFree"),
                         .shared = sys_figure(t, "Shmem"),
                         .buffers = sys_figure(t, "Buffers"),
                         .cache = sys_figure(t, "Cached") + sys_figure(t, "SReclaimable"),
                         .available = sys_figure(t, "MemAvailable"),
                         .swap_total = sys_figure(t, "SwapTotal"),
                         .swap_free = sys_figure(t, "SwapFree"),
                         .committed = sys_figure(t, "Committed_AS"),
                         .limit = sys_figure(t, "CommitLimit")};
    m->used = m->total > m->available ? m->total - m->available : m->total - m->free;
}

enum { UNIT_B = 1, UNIT_KILO, UNIT_MEGA, UNIT_GIGA, UNIT_TERA, UNIT_PETA, UNIT_TEBI, UNIT_PEBI };

static const char *scale_human(struct cmd_run *r, ull kib, bool si)
{
    static const char units[] = "BKMGTPE";
    double base = si ? 1000 : 1024, bytes = (double)kib * 1024, step = 1;
    size_t room = si ? 4 : 5;
    char *text = vm_asprintf(r->p, "%lluB", kib * 1024);
    if (strlen(text) <= 4)
        return text;
    for (int i = 1; units[i]; i++) {
        step *= base;
        const char *end = si ? "" : "i";
        text = vm_asprintf(r->p, "%.1f%c%s", bytes / step, units[i], end);
        if (strlen(text) <= room)
            return text;
        text = vm_asprintf(r->p, "%lld%c%s", (long long)(bytes / step), units[i], end);
        if (strlen(text) <= room)
            return text;
    }
    return text;
}

static const char *scale(struct cmd_run *r, ull kib)
{
    static const struct {
        char opt;
        double unit;
    } units[] = {{'b', 1},
                 {'k', 1024},
                 {'m', 1048576},
                 {'g', 1073741824},
                 {UNIT_TEBI, 1099511627776.0},
                 {UNIT_PEBI, 1125899906842624.0},
                 {UNIT_KILO, 1e3},
                 {UNIT_MEGA, 1e6},
                 {UNIT_GIGA, 1e9},
                 {UNIT_TERA, 1e12},
                 {UNIT_PETA, 1e15}};
    bool si = cmd_has(r, UNIT_B);
    if (cmd_has(r, 'h'))
        return scale_human(r, kib, si);
    int o = cmd_latest(r, "bkmg\2\3\4\5\6\7\10");
    for (size_t i = 0; o && i < sizeof(units) / sizeof(units[0]); i++)
        if (units[i].opt == o) {
            double unit = units[i].unit;
            if (si && o >= 'a')
                unit = o == 'k' ? 1e3 : o == 'm' ? 1e6 : o == 'g' ? 1e9 : 1;
            return vm_asprintf(r->p, "%llu", (ull)((double)kib * 1024 / unit));
        }
    return vm_asprintf(r->p, "%llu", si ? kib * 1024 / 1000 : kib);
}

static void free_row(struct cmd_run *r, const char *name, const ull *v, int n)
{
    vf_printf(r->out, "%-8s", name);
    for (int i = 0; i < n; i++)
        vf_printf(r->out, "%12s", scale(r, v[i]));
    vf_putc(r->out, '\n');
}

static void free_show(struct cmd_run *r)
{
    struct memory m;
    memory_read(r, &m);
    bool wide = cmd_has(r, 'w');
    ull used = m.swap_total - m.swap_free;
    vf_puts(r->out, wide
                        ? "               total        used        free      shared     buffers    "
                          "   cache   available\n"
                        : "               total        used        free      shared  buff/cache   "
                          "available\n");
    if (wide)
        free_row(r, "Mem:",
                 (ull[]){m.total, m.used, m.free, m.shared, m.buffers, m.cache, m.available}, 7);
    else
        free_row(r, "Mem:",
                 (ull[]){m.total, m.used, m.free, m.shared, m.buffers + m.cache, m.available}, 6);
    if (cmd_has(r, 'l')) {
        free_row(r, "Low:", (ull[]){m.total, m.total - m.free, m.free}, 3);
        free_row(r, "High:", (ull[]){0, 0, 0}, 3);
    }
    free_row(r, "Swap:", (ull[]){m.swap_total, used, m.swap_free}, 3);
    if (cmd_has(r, 't'))
        free_row(r, "Total:", (ull[]){m.total + m.swap_total, m.used + used, m.free + m.swap_free},
                 3);
    if (cmd_has(r, 'v'))
        free_row(r, "Comm:", (ull[]){m.limit, m.committed, m.limit - m.committed}, 3);
}

/* "-s 1.5": microseconds; 0: bad. */
static int64_t delay_us(const char *text)
{
    double d;
    return text && !str_double(text, 0.0001, 1e9, &d) ? (int64_t)(d * 1e6) : 0;
}

static int free_run(struct cmd_run *r)
{
    const char *s = cmd_arg(r, 's'), *c = cmd_arg(r, 'c');
    int64_t times = s ? INT64_MAX : 1, us = 1000000;
    if (s && !(us = delay_us(s))) {
        cmd_warn(r, "seconds argument failed: '%s': Invalid argument", s);
        return 1;
    }
    if (c && str_int(c, 1, INT32_MAX, &times)) {
        cmd_warn(r, "failed to parse count argument: '%s'", c);
        return 1;
    }
    for (;;) {
        free_show(r);
        if (!--times || vm_sleep_us(r->p, us) < 0 || vf_error(r->out))
            return 0;
        vf_putc(r->out, '\n');
    }
}

static const char *const free_longs[] = {
    "bytes=b", "kibi=k",     "mebi=m",   "gibi=g",  "tebi=\7",     "pebi=\10", "kilo=\2",
    "mega=\3", "giga=\4",    "tera=\5",  "peta=\6", "human=h",     "si=\1",    "lohi=l",
    "total=t", "seconds:=s", "count:=c", "wide=w",  "committed=v", NULL};

const struct cmd cmd_free = {.name = "free",
                             .opts = "bkmghltvc:ws:V",
                             .longs = free_longs,
                             .flags = CMD_HELP_ERR,
                             .run = free_run};

/* --- uptime ------------------------------------------------------------------------ */
const char *utmp_uptime(struct cmd_run *r)
{
    struct tm tm;
    tz_local(tz_of(r->p, NULL), vm_now(r->p).tv_sec, &tm);
    int64_t up = vm_uptime_us(r->p) / 1000000;
    int days = (int)(up / 86400), hours = (int)(up / 3600 % 24), minutes = (int)(up / 60 % 60);
    unsigned users = utmp_users(r);
    struct str b;
    str_init(&b, r->arena);
    str_printf(&b, " %02d:%02d:%02d up ", tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (days)
        str_printf(&b, "%d %s, ", days, days > 1 ? "days" : "day");
    if (hours)
        str_printf(&b, "%2d:%02d, ", hours, minutes);
    else
        str_printf(&b, "%d min, ", minutes);
    char *load = vm_strdup(r->p, sys_first(r, "/proc/loadavg")), *word[3] = {NULL};
    (void)sys_words(load, word, 3);
    str_printf(&b, "%2u %s,  load average: %s, %s, %s", users, users > 1 ? "users" : "user",
               word[0] ? word[0] : "0.00", word[1] ? word[1] : "0.00", word[2] ? word[2] : "0.00");
    return str_text(&b);
}

static void uptime_pretty(struct cmd_run *r)
{
    int64_t up = vm_uptime_us(r->p) / 1000000;
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"decade", 315360000}, {"year", 31536000}, {"week", 604800},
                 {"day", 86400},        {"hour", 3600},     {"minute", 60}};
    bool any = false;
    vf_puts(r->out, "up");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        long long n = up / units[i].seconds;
        up %= units[i].seconds;
        if (!n && (i < 5 || any))
            continue;
        vf_printf(r->out, "%s %lld %s%s", any ? "," : "", n, units[i].name, n == 1 ? "" : "s");
        any = true;
    }
    vf_putc(r->out, '\n');
}

static int uptime_run(struct cmd_run *r)
{
    struct tm tm;
    switch (cmd_latest(r, "psVh")) {
    case 'p':
        uptime_pretty(r);
        return 0;
    case 's':
        tz_local(tz_of(r->p, NULL), sys_boot_time(r), &tm);
        vf_printf(r->out, "%04d-%02d-%02d %02d:%02d:%02d\n", tm.tm_year + 1900, tm.tm_mon + 1,
                  tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        return 0;
    case 'V':
        return sys_text(r, "uptime --version");
    case 'h':
        return sys_text(r, "uptime --help");
    default:
        break;
    }
    if (r->argc)
        return cmd_usage(r);
    vf_printf(r->out, "%s\n", utmp_uptime(r));
    return 0;
}

static const char *const uptime_longs[] = {"pretty=p", "since=s", NULL};

const struct cmd cmd_uptime = {.name = "uptime",
                               .opts = "pshV",
                               .longs = uptime_longs,
                               .flags = CMD_HELP_ERR,
                               .run = uptime_run};

/* --- w --------------------------------------------------------------------------------- */
static const char *seven(struct cmd_run *r, int64_t us)
{
    long long s = us / 1000000;
    if (us < 0)
        return "   ?   ";
    if (s >= 48 * 3600)
        return vm_asprintf(r->p, " %2llddays", s / 86400);
    if (s >= 3600)
        return vm_asprintf(r->p, " %2lld:%02lldm", s / 3600, s / 60 % 60);
    if (s > 60)
        return vm_asprintf(r->p, " %2lld:%02lld ", s / 60, s % 60);
    return vm_asprintf(r->p, " %2lld.%02llds", s, (long long)us / 10000 % 100);
}

static const char *w_login(struct cmd_run *r, int64_t at)
{
    const struct tz *z = tz_of(r->p, NULL);
    struct tm then, today;
    char day[8] = "";
    int64_t now = vm_now(r->p).tv_sec;
    tz_local(z, at, &then);
    tz_local(z, now, &today);
    if (now - at <= 12 * 3600 || then.tm_yday == today.tm_yday)
        return vm_asprintf(r->p, " %02d:%02d  ", then.tm_hour, then.tm_min);
    (void)strftime(day, sizeof(day), now - at > 6 * 86400 ? "%b" : "%a", &then);
    if (now - at > 6 * 86400)
        return vm_asprintf(r->p, " %02d%3s%02d", then.tm_mday, day, then.tm_year % 100);
    return vm_asprintf(r->p, " %3s%02d  ", day, then.tm_hour);
}

static void w_row(struct cmd_run *r, const struct utmp *u, const struct vm_procinfo *rows, size_t n)
{
    const char *line = UTMP_TEXT(r, u->ut_line), *host = UTMP_TEXT(r, u->ut_host);
    const char *tty = vm_asprintf(r->p, "/dev/%s", line);
    struct vfs_stat st;
    int64_t jcpu = 0, idle = -1;
    const struct vm_procinfo *best = NULL;
    struct timespec now = vm_now(r->p);
    if (vm_stat(r->p, tty, &st) == 0) {
        idle = now.tv_sec - st.atime.tv_sec;
        idle = idle < 0 ? 0 : idle * 1000000;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].tty, line) != 0)
            continue;
        jcpu += rows[i].user_us + rows[i].sys_us;
        if (rows[i].pgid == rows[i].tty_pgid && (!best || rows[i].start_us >= best->start_us))
            best = &rows[i];
    }
    vf_printf(r->out, "%-8.8s %-9.8s", UTMP_TEXT(r, u->ut_user), line);
    bool brief = cmd_has(r, 's');
    if (!cmd_has(r, 'f'))
        vf_printf(r->out, "%-16.16s", *host ? host : "-");
    if (!brief)
        vf_puts(r->out, w_login(r, u->ut_tv.tv_sec));
    vf_puts(r->out, seven(r, idle));
    if (!brief) {
        vf_puts(r->out, seven(r, jcpu));
        vf_puts(r->out, best ? seven(r, best->user_us + best->sys_us) : "   ?   ");
    }
    const char *what = best ? sys_args(r, best) : "-";
    struct winsize ws;
    int left = vm_getwinsize(r->p, 1, &ws) == 0 && ws.ws_col > 60 ? ws.ws_col : 512;
    left -= 26 + (cmd_has(r, 'f') ? 0 : 16) + (brief ? 0 : 21);
    vf_printf(r->out, " %.*s\n", left, what);
}

static int w_run(struct cmd_run *r)
{
    size_t n = 0, rows_n;
    if (cmd_has(r, 'V'))
        return sys_text(r, "w --version");
    bool from = !cmd_has(r, 'f'), brief = cmd_has(r, 's');
    if (!cmd_has(r, 'h'))
        vf_printf(r->out, "%s\nUSER     TTY      %s%s  IDLE%s WHAT\n", utmp_uptime(r),
                  from ? "FROM             " : " ", brief ? "" : "LOGIN@ ",
                  brief ? "" : "   JCPU   PCPU");
    struct utmp *u = utmp_read(r, "/run/utmp", &n, NULL);
    const struct vm_procinfo *rows = sys_procs(r, &rows_n);
    for (size_t i = 0; i < n; i++)
        if (u[i].ut_type == USER_PROCESS &&
            (!r->argc || !strcmp(UTMP_TEXT(r, u[i].ut_user), r->argv[0])))
            w_row(r, &u[i], rows, rows_n);
    return 0;
}

static const char *const w_longs[] = {"no-header=h", "no-current=u", "short=s", "from=f",
                                      "old-style=o", "ip-addr=i",    NULL};

const struct cmd cmd_w = {
    .name = "w", .opts = "husfoiV", .longs = w_longs, .flags = CMD_HELP_ERR, .run = w_run};

/* --- vmstat -------------------------------------------------------------------------------- */
struct counts {
    ull user, nice, sys, idle, wait, irq, soft, steal, intr, ctxt, in, out, running;
};

static void counts_read(struct cmd_run *r, struct counts *c)
{
    char *t = sys_slurp(r, "/proc/stat", NULL, NULL), *word[9] = {NULL};
    const char *v = sys_slurp(r, "/proc/vmstat", NULL, NULL);
    *c = (struct counts){.intr = sys_figure(t, "intr"),
                         .ctxt = sys_figure(t, "ctxt"),
                         .running = sys_figure(t, "procs_running"),
                         .in = sys_figure(v, "pgpgin"),
                         .out = sys_figure(v, "pgpgout")};
    char *line = sys_line(&t);
    ull *to[] = {&c->user, &c->nice, &c->sys, &c->idle, &c->wait, &c->irq, &c->soft, &c->steal};
    int n = line ? sys_words(line, word, 9) : 0;
    for (int i = 1; i < n; i++) {
        int64_t x;
        *to[i - 1] = str_int(word[i], 0, INT64_MAX, &x) ? 0 : (ull)x;
    }
}

static void vmstat_row(struct cmd_run *r, const struct counts *a, const struct counts *b,
                       double seconds)
{
    struct memory m;
    memory_read(r, &m);
    ull unit = 1;
    const char *s = cmd_arg(r, 'S');
    if (s)
        unit = *s == 'm' || *s == 'M' ? 1024 : 1;
    double user = (double)(b->user + b->nice - a->user - a->nice),
           idle = (double)(b->idle - a->idle),
           sys = (double)(b->sys + b->irq + b->soft - a->sys - a->irq - a->soft),
           wait = (double)(b->wait - a->wait), steal = (double)(b->steal - a->steal),
           all = user + idle + sys + wait + steal;
    if (all < 1)
        idle = all = 1;
#define SHARE(x) ((int)((x)*100 / all + 0.5))
#define RATE(x) ((ull)((double)(b->x - a->x) / seconds))
    vf_printf(
        r->out,
        "%2llu %2d %6llu %6llu %6llu %6llu %4d %4d %5llu %5llu %4llu %4llu %2d %2d %2d %2d %2d\n",
        b->running, 0, (m.swap_total - m.swap_free) / unit, m.free / unit, m.buffers / unit,
        m.cache / unit, 0, 0, RATE(in), RATE(out), RATE(intr), RATE(ctxt), SHARE(user), SHARE(sys),
        SHARE(idle), SHARE(wait), SHARE(steal));
#undef SHARE
#undef RATE
}

static void vmstat_head(struct cmd_run *r)
{
    vf_puts(r->out,
            "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n"
            " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n");
}

static int vmstat_run(struct cmd_run *r)
{
    int64_t delay = 0, times = 1;
    if (r->argc > 2)
        return cmd_usage(r);
    if (r->argc && str_int(r->argv[0], 1, 1000000, &delay)) {
        cmd_warn(r, "failed to parse argument: '%s'", r->argv[0]);
        return 1;
    }
    if (r->argc)
        times = INT64_MAX;
    if (r->argc > 1 && str_int(r->argv[1], 1, INT32_MAX, &times)) {
        cmd_warn(r, "failed to parse argument: '%s'", r->argv[1]);
        return 1;
    }
    struct counts old = {0}, now;
    double seconds = (double)vm_uptime_us(r->p) / 1e6;
    vmstat_head(r);
    for (int64_t i = 0; i < times; i++) {
        if (i && (vm_sleep_us(r->p, delay * 1000000) < 0 || vf_error(r->out)))
            return 0;
        counts_read(r, &now);
        if (i && i % 21 == 0 && !cmd_has(r, 'n'))
            vmstat_head(r);
        vmstat_row(r, &old, &now, seconds > 1 ? seconds : 1);
        (void)vf_flush(r->out);
        old = now;
        seconds = (double)delay;
    }
    return 0;
}

static const char *const vmstat_longs[] = {"active=a",    "forks=f",    "one-header=n",
                                           "stats=s",     "unit:=S",    "wide=w",
                                           "timestamp=t", "no-first=y", NULL};

const struct cmd cmd_vmstat = {.name = "vmstat",
                               .opts = "afmnsdDp:S:wtyhV",
                               .longs = vmstat_longs,
                               .flags = CMD_HELP_ERR,
                               .run = vmstat_run};
