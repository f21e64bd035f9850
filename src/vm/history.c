/* history.c -- what rsyslog wrote before the attacker came: cron's runs, the
 * daily timers, and the boot, as far back as logrotate would have kept it.
 *
 * Written once per world into the disk's first layer; quiet where the image has
 * no rsyslog (no such files).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <time.h>

#include "vm/priv.h"
#include "vm/records.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
/* Each machine that is logged in to keeps its own copy of auth.log: few hours. */
enum { LOG_MODE = 0640, ADM = 4, DAYS_KEPT = 6, AUTH_HOURS = 4 };

struct logs {
    struct vm *vm;
    struct rng rng;
    int64_t now;
    struct str syslog, auth, cron, kern;
};

/* "2026-01-31T23:17:01.123456+00:00 host tag: text" */
static void line(struct logs *g, struct str *out, int64_t us, const char *tag, const char *text)
{
    char when[32];
    struct tm tm;
    time_t s = (time_t)(us / SECOND);
    if (!gmtime_r(&s, &tm) || !strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm))
        return;
    str_printf(out, "%s.%06d+00:00 %s %s: %s\n", when, (int)(us % SECOND), g->vm->hostname, tag,
               text);
}

/* Process ids grow evenly from boot to now. */
static int pid_at(struct logs *g, int64_t at)
{
    int64_t since = g->vm->world->conf.persona->boot_real_us;
    double part = g->now > since ? (double)(at - since) / (double)(g->now - since) : 0;
    return 640 + (int)(part * (g->vm->last_pid - 900)) + (int)rng_below(&g->rng, 40);
}

static void cron_run(struct logs *g, int64_t at, const char *command)
{
    char tag[32], text[160];
    int pid = pid_at(g, at);
    bool auth = at > g->now - AUTH_HOURS * HOUR;
    str_fmt(tag, sizeof(tag), "CRON[%d]", pid);
    if (auth)
        line(g, &g->auth, at, tag,
             "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)");
    if (auth)
        line(g, &g->auth, at + 9000 + (int64_t)rng_below(&g->rng, 9000), tag,
             "pam_unix(cron:session): session closed for user root");
    str_fmt(tag, sizeof(tag), "CRON[%d]", pid + 1);
    str_fmt(text, sizeof(text), "(root) CMD (%s)", command);
    line(g, &g->syslog, at + 1400, tag, text);
    line(g, &g->cron, at + 1400, tag, text);
}

static void timer_run(struct logs *g, int64_t at, const char *unit, const char *what)
{
    char text[200];
    str_fmt(text, sizeof(text), "Starting %s.service - %s...", unit, what);
    line(g, &g->syslog, at, "systemd[1]", text);
    at += rng_range(&g->rng, 30000, 900000);
    str_fmt(text, sizeof(text), "%s.service: Deactivated successfully.", unit);
    line(g, &g->syslog, at, "systemd[1]", text);
    str_fmt(text, sizeof(text), "Finished %s.service - %s.", unit, what);
    line(g, &g->syslog, at + 160, "systemd[1]", text);
}

static void boot(struct logs *g)
{
    const struct persona *pe = g->vm->world->conf.persona;
    int64_t at = pe->boot_real_us + 3 * SECOND;
    char text[512];
    const struct {
        double t;
        const char *fmt, *arg;
    } rows[] = {
        {0, "Linux version %s (debian-kernel@lists.debian.org)", pe->kernel_release},
        {0, "Command line: BOOT_IMAGE=/boot/vmlinuz-%s ro quiet", pe->kernel_release},
        {0, "DMI: %s", pe->product},
        {0, "Hypervisor detected: %s", pe->hypervisor},
        {0.31, "smpboot: CPU0: %s", pe->cpu.model_name},
        {1.87, "EXT4-fs (%s1): mounted filesystem with ordered data mode. Quota mode: none.",
         pe->disk_name},
        {2.46, "EXT4-fs (%s1): re-mounted. Quota mode: none.", pe->disk_name},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = 0;
        str_fmt(text, sizeof(text), "[%12.6f] ", rows[i].t);
        n = strlen(text);
        str_fmt(text + n, sizeof(text) - n, rows[i].fmt, rows[i].arg);
        line(g, &g->kern, at + (int64_t)i * 17, "kernel", text);
        line(g, &g->syslog, at + (int64_t)i * 17, "kernel", text);
    }
    line(g, &g->syslog, at + SECOND, "systemd[1]",
         "Started cron.service - Regular background program processing daemon.");
    line(g, &g->syslog, at + 2 * SECOND, "systemd[1]",
         "Started ssh.service - OpenBSD Secure Shell server.");
    line(g, &g->syslog, at + 2 * SECOND + 40, "systemd[1]",
         "Reached target multi-user.target - Multi-User System.");
}

static void put(struct vm *vm, const char *path, const struct str *text)
{
    size_t n;
    char *was = file_slurp(vm, path, 1 << 20, &n);
    if (was && text->n)
        (void)file_replace(vm, path, LOG_MODE, ADM, str_text(text), text->n);
    x_free(was);
}

void history_write(struct vm *vm, struct arena *a)
{
    const struct persona *pe = vm->world->conf.persona;
    struct logs g = {.vm = vm, .rng = rng_named(pe->seed, "logs"), .now = vm_real_us(vm)};
    int64_t now = g.now, from = now - DAYS_KEPT * DAY;
    str_init(&g.syslog, a);
    str_init(&g.auth, a);
    str_init(&g.cron, a);
    str_init(&g.kern, a);
    if (pe->boot_real_us > from) {
        from = pe->boot_real_us;
        boot(&g);
    }
    for (int64_t hour = from / HOUR * HOUR; hour < now; hour += HOUR) {
        int h = (int)(hour / HOUR % 24);
        int64_t at = hour + 17 * 60 * SECOND + SECOND + (int64_t)rng_below(&g.rng, 90000);
        if (h == 0 && hour > from)
            timer_run(&g, hour + (int64_t)rng_below(&g.rng, 900000), "logrotate",
                      "Rotate log files");
        if (at > from && at < now)
            cron_run(&g, at, "cd / && run-parts --report /etc/cron.hourly");
        at = hour + 25 * 60 * SECOND + SECOND + (int64_t)rng_below(&g.rng, 90000);
        if (h == 6 && at > from && at < now)
            cron_run(
                &g, at,
                "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }");
        at = hour + rng_range(&g.rng, 0, 50 * 60) * SECOND;
        if ((h == 6 || h == 18) && at > from && at < now)
            timer_run(&g, at, h == 6 ? "apt-daily-upgrade" : "apt-daily",
                      h == 6 ? "Daily apt upgrade and clean activities"
                             : "Daily apt download activities");
    }
    put(vm, "/var/log/syslog", &g.syslog);
    put(vm, "/var/log/auth.log", &g.auth);
    put(vm, "/var/log/cron.log", &g.cron);
    put(vm, "/var/log/kern.log", &g.kern);
}
