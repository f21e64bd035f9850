/* top.c -- emulated top of procps: batch mode, and a screen that refreshes
 * until q.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "cmd/ps.h"
#include "cmd/utmp.h"

typedef unsigned long long ull;

struct top {
    struct cmd_run *r;
    struct ps_view view;
    bool screen, full;
    int only[20], nonly;
    const char *user;
};

static const char *left(struct top *t, const char *name, int width)
{
    int n = (int)strlen(name);
    return n <= width ? name : vm_asprintf(t->r->p, "%.*s+", width - 1, name);
}

static const char *kib(struct top *t, ull v, int width)
{
    static const char units[] = "mgtp";
    char *text = vm_asprintf(t->r->p, "%llu", v);
    double d = (double)v;
    for (int i = 0; (int)strlen(text) > width && units[i]; i++)
        text = vm_asprintf(t->r->p, "%.1f%c", d /= 1024, units[i]);
    return text;
}

static void put(struct top *t, const char *text)
{
    int cols = t->screen ? sys_columns(t->r) : 0;
    if (cols && (int)strlen(text) > cols)
        text = vm_asprintf(t->r->p, "%.*s", cols, text);
    vf_printf(t->r->out, t->screen ? "%s\033[K\r\n" : "%s\n", text);
}

static void summary(struct top *t, const struct vm_procinfo *rows, size_t n)
{
    struct cmd_run *r = t->r;
    unsigned run = 0, stopped = 0, zombie = 0;
    for (size_t i = 0; i < n; i++) {
        run += rows[i].state == 'R';
        stopped += rows[i].state == 'T';
        zombie += rows[i].state == 'Z';
    }
    put(t, vm_asprintf(r->p, "top -%s", utmp_uptime(r)));
    put(t,
        vm_asprintf(r->p, "Tasks: %3zu total, %3u running, %3zu sleeping, %3u stopped, %3u zombie",
                    n, run, n - run - stopped - zombie, stopped, zombie));
    char *stat = sys_slurp(r, "/proc/stat", NULL, NULL), *w[9] = {NULL};
    char *first = sys_line(&stat);
    double v[8] = {0}, all = 0;
    int words = first ? sys_words(first, w, 9) : 0;
    for (int i = 1; i < words; i++) {
        int64_t x = 0;
        if (!str_int(w[i], 0, INT64_MAX, &x))
            all += v[i - 1] = (double)x;
    }
    for (int i = 0; i < 8 && all > 0; i++)
        v[i] = v[i] * 100 / all;
    put(t, vm_asprintf(r->p,
                       "%%Cpu(s): %4.1f us, %4.1f sy, %4.1f ni,%5.1f id, %4.1f wa, %4.1f hi, %4.1f "
                       "si, %4.1f st ",
                       v[0], v[2], v[1], v[3], v[4], v[5], v[6], v[7]));
    const char *m = sys_slurp(r, "/proc/meminfo", NULL, NULL);
    double total = (double)sys_figure(m, "MemTotal") / 1024,
           free = (double)sys_figure(m, "MemFree") / 1024,
           avail = (double)sys_figure(m, "MemAvailable") / 1024,
           cache = (double)(sys_figure(m, "Cached") + sys_figure(m, "Buffers") +
                            sys_figure(m, "SReclaimable")) /
                   1024,
           swap = (double)sys_figure(m, "SwapTotal") / 1024,
           swap_free = (double)sys_figure(m, "SwapFree") / 1024;
    put(t, vm_asprintf(r->p, "MiB Mem : %8.1f total, %8.1f free, %8.1f used, %8.1f buff/cache     ",
                       total, free, total - avail, cache));
    put(t, vm_asprintf(r->p, "MiB Swap: %8.1f total, %8.1f free, %8.1f used. %8.1f avail Mem ",
                       swap, swap_free, swap - swap_free, avail));
    put(t, "");
}

/* Tenths of a percent since the start, which is what the first screen shows. */
static int64_t cpu_share(const struct top *t, const struct vm_procinfo *p)
{
    int64_t age = (t->view.uptime_us - p->start_us) / 1000000;
    return age > 0 ? (p->user_us + p->sys_us) / 1000 / age : 0;
}

static void row(struct top *t, const struct vm_procinfo *p)
{
    struct cmd_run *r = t->r;
    int64_t cpu = cpu_share(t, p), hundredths = (p->user_us + p->sys_us) / 10000;
    ull mem = t->view.mem_kib ? p->rss_kib * 1000 / t->view.mem_kib : 0,
        shared = p->rss_kib * 5 / 8 & ~3ULL;
    put(t, vm_asprintf(
               r->p, "%7d %-8s %3d %3d %7s %6s %6s %c %3lld.%lld %3llu.%llu %3lld:%02lld.%02lld %s",
               p->pid, left(t, ps_user(&t->view, p->euid), 8), 20 + p->nice, p->nice,
               kib(t, p->vsz_kib, 7), kib(t, p->rss_kib, 6), kib(t, shared, 6), p->state,
               (long long)cpu / 10, (long long)cpu % 10, mem / 10, mem % 10,
               (long long)hundredths / 6000, (long long)hundredths / 100 % 60,
               (long long)hundredths % 100, t->full ? sys_args(r, p) : p->comm));
}

static bool shown(struct top *t, const struct vm_procinfo *p)
{
    bool yes = !t->nonly;
    for (int i = 0; i < t->nonly; i++)
        yes |= t->only[i] == p->pid;
    return yes && (!t->user || !strcmp(t->user, ps_user(&t->view, p->euid)));
}

static void sample(struct top *t)
{
    struct cmd_run *r = t->r;
    size_t n;
    struct winsize ws = {.ws_row = 24};
    struct vm_procinfo *rows = sys_procs(r, &n);
    t->view.uptime_us = vm_uptime_us(r->p);
    if (t->screen)
        vf_puts(r->out, "\033[H");
    summary(t, rows, n);
    const char *head =
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND";
    put(t, t->screen ? vm_asprintf(r->p, "\033[7m%-*s\033[m", sys_columns(r), head) : head);
    /* The busiest first: few are not idle, so insertion is cheap. */
    for (size_t i = 1; i < n; i++) {
        struct vm_procinfo v = rows[i];
        size_t k = i;
        for (; k && cpu_share(t, &rows[k - 1]) < cpu_share(t, &v); k--)
            rows[k] = rows[k - 1];
        rows[k] = v;
    }
    size_t most = SIZE_MAX;
    if (t->screen && vm_getwinsize(r->p, 1, &ws) == 0)
        most = ws.ws_row > 8 ? ws.ws_row - 8 : 1;
    for (size_t i = 0; i < n && most; i++)
        if (shown(t, &rows[i])) {
            row(t, &rows[i]);
            most--;
        }
    if (t->screen)
        vf_puts(r->out, "\033[J");
    (void)vf_flush(r->out);
}

/* Waits for a key: false when it is time to leave. */
static bool wait_key(struct top *t, int64_t delay_us)
{
    struct pollfd f = {.fd = 0, .events = POLLIN};
    int n = vm_poll(t->r->p, &f, 1, (int)(delay_us / 1000));
    char c;
    if (n < 0)
        return false;
    if (!n)
        return true;
    if (vm_read(t->r->p, 0, &c, 1) != 1)
        return false;
    if (c == 'c')
        t->full = !t->full;
    return c != 'q' && c != 3;
}

static int interactive(struct top *t, int64_t delay_us)
{
    struct termios old, raw;
    struct cmd_run *r = t->r;
    if (vm_tcgetattr(r->p, 0, &old) < 0 || !vm_isatty(r->p, 1)) {
        vf_puts(r->err, "top: failed tty get\n");
        return 1;
    }
    raw = old;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    (void)vm_tcsetattr(r->p, 0, TCSAFLUSH, &raw);
    t->screen = true;
    vf_puts(r->out, "\033[?1h\033=\033[?25l\033[H\033[2J");
    do
        sample(t);
    while (wait_key(t, delay_us));
    struct winsize ws = {.ws_row = 24};
    (void)vm_getwinsize(r->p, 1, &ws);
    vf_printf(r->out, "\033[?1l\033>\033[%d;1H\r\n\033[?12l\033[?25h\033[K", ws.ws_row);
    (void)vf_flush(r->out);
    (void)vm_tcsetattr(r->p, 0, TCSAFLUSH, &old);
    return 0;
}

static int top_run(struct cmd_run *r)
{
    struct top t = {.r = r, .full = cmd_has(r, 'c'), .user = cmd_arg(r, 'u')};
    double delay = 3;
    int64_t times = INT64_MAX, pid;
    if (cmd_has(r, 'v') || cmd_has(r, 'V') || cmd_has(r, 'h'))
        return sys_text(r, cmd_has(r, 'h') ? "top -h" : "top --version");
    if (cmd_arg(r, 'd') && str_double(cmd_arg(r, 'd'), 0, 1e6, &delay)) {
        vf_printf(r->err, "top: bad delay interval '%s'\n", cmd_arg(r, 'd'));
        return 1;
    }
    if (cmd_arg(r, 'n') && str_int(cmd_arg(r, 'n'), 1, INT32_MAX, &times)) {
        vf_printf(r->err, "top: bad iterations argument '%s'\n", cmd_arg(r, 'n'));
        return 1;
    }
    for (size_t i = 0; r->opt[i]; i++)
        if (r->opt[i] == 'p' && t.nonly < 20 && !str_int(r->optarg[i], 0, INT32_MAX, &pid))
            t.only[t.nonly++] = (int)pid;
    t.view = (struct ps_view){.r = r, .branch = "", .mem_kib = vm_persona(r->p)->mem_kib};
    if (!cmd_has(r, 'b'))
        return interactive(&t, (int64_t)(delay * 1e6));
    for (; times > 0; times--) {
        sample(&t);
        if (times == 1 || vf_error(r->out) || vm_sleep_us(r->p, (int64_t)(delay * 1e6) + 1000) < 0)
            break;
        vf_putc(r->out, '\n');
    }
    return 0;
}

const struct cmd cmd_top = {
    .name = "top", .opts = "bcd:E:e:Hhin:Oo:p:SsU:u:Vvw::1", .flags = CMD_HELP_ERR, .run = top_run};
