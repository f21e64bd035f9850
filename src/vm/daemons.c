/* daemons.c -- the machine's own population: kernel threads, systemd and the
 * services of a Debian server, as rows that all machines of a world share.
 *
 * A row costs nothing per machine but the bit that says whether it was killed.
 * PID 1 and kernel threads take no signals, as on Linux.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>

#include "vm/priv.h"

enum { ROWS_MAX = 256, ARGS_MAX = 8 };

struct daemon_row {
    char comm[32];
    const char *exe, *argv[ARGS_MAX];
    int pid, ppid, nice, threads, tty1;
    uint32_t uid;
    char state;
    int64_t start_us;
    uint64_t vsz_kib, rss_kib, cpu_us_per_hour;
};

static struct daemon_row *add(struct vm_world *w, int pid, int ppid, const char *fmt, unsigned n)
{
    struct daemon_row *r = &w->daemons[w->ndaemons < ROWS_MAX ? w->ndaemons++ : ROWS_MAX - 1];
    *r = (struct daemon_row){.pid = pid, .ppid = ppid, .exe = "", .state = 'S', .threads = 1};
    (void)snprintf(r->comm, sizeof(r->comm), fmt, n); /* NOLINT: literals of this file only */
    return r;
}

/* --- kernel threads: numbered as a 6.1 kernel starts them ------------------------- */
static void kernel_threads(struct vm_world *w, struct rng *rng)
{
    static const char *const early[] = {"rcu_gp",
                                        "rcu_par_gp",
                                        "slub_flushwq",
                                        "netns",
                                        NULL,
                                        "kworker/0:0H-events_highpri",
                                        NULL,
                                        "mm_percpu_wq",
                                        "rcu_tasks_kthread",
                                        "rcu_tasks_rude_kthread",
                                        "rcu_tasks_trace_kthread",
                                        "ksoftirqd/0",
                                        "rcu_preempt",
                                        "migration/0",
                                        NULL,
                                        "cpuhp/0"};
    static const char *const late[] = {"kdevtmpfs",
                                       "inet_frag_wq",
                                       "kauditd",
                                       "khungtaskd",
                                       "oom_reaper",
                                       "writeback",
                                       "kcompactd0",
                                       "ksmd",
                                       "khugepaged",
                                       "kintegrityd",
                                       "kblockd",
                                       "blkcg_punt_bio",
                                       "tpm_dev_wq",
                                       "edac-poller",
                                       "devfreq_wq",
                                       "kworker/0:1H-kblockd",
                                       "kswapd0",
                                       NULL,
                                       NULL,
                                       "kthrotld",
                                       NULL,
                                       "acpi_thermal_pm",
                                       NULL,
                                       "mld",
                                       "ipv6_addrconf",
                                       NULL,
                                       "kstrp",
                                       "zswap-shrink"};
    static const char *const cpu[] = {"cpuhp/%u", "migration/%u", "ksoftirqd/%u",
                                      "kworker/%u:0H-events_highpri"};
    static const char *const disk[] = {"ata_sff", "scsi_eh_0", "scsi_tmf_0", "scsi_eh_1",
                                       "scsi_tmf_1"};
    const struct persona *pe = w->conf.persona;
    int pid = 2;
    struct daemon_row *r = add(w, pid++, 0, "kthreadd", 0);
    for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++, pid++)
        if (early[i]) {
            r = add(w, pid, 2, early[i], 0);
            bool wq = strchr(early[i], '_') || strcmp(early[i], "netns") == 0;
            r->state = wq && strcmp(early[i], "rcu_preempt") != 0 ? 'I' : 'S';
            if (strcmp(early[i], "rcu_preempt") == 0 || strncmp(early[i], "kworker", 7) == 0)
                r->state = 'I';
            r->nice = r->state == 'I' && strcmp(early[i], "rcu_preempt") != 0 ? -20 : 0;
        }
    for (unsigned c = 1; c < pe->cpu.count && c < 32; c++, pid++)
        for (size_t i = 0; i < 4; i++) {
            r = add(w, pid + (i == 3), 2, cpu[i], c);
            if (i == 3)
                r->state = 'I', r->nice = -20;
            pid += i < 3 ? 1 : 1;
        }
    pid += 4;
    for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++, pid++)
        if (late[i]) {
            r = add(w, pid, 2, late[i], 0);
            bool thread = strstr("kdevtmpfs kauditd khungtaskd oom_reaper kcompactd0 ksmd "
                                 "khugepaged kswapd0",
                                 late[i]) != NULL;
            r->state = thread ? 'S' : 'I';
            r->nice = strcmp(late[i], "ksmd") == 0         ? 5
                      : strcmp(late[i], "khugepaged") == 0 ? 19
                      : thread                             ? 0
                                                           : -20;
        }
    pid += 30 + (int)rng_below(rng, 40);
    for (size_t i = 0; i < sizeof(disk) / sizeof(disk[0]); i++, pid += 1 + (int)rng_below(rng, 3)) {
        r = add(w, pid, 2, disk[i], 0);
        r->state = strstr(disk[i], "eh") ? 'S' : 'I';
        r->nice = strstr(disk[i], "eh") ? 0 : -20;
    }
    pid += 10 + (int)rng_below(rng, 20);
    r = add(w, pid, 2, "jbd2/", 0);
    str_fmt(r->comm, sizeof(r->comm), "jbd2/%s1-8", pe->disk_name);
    r = add(w, pid + 1, 2, "ext4-rsv-conver", 0);
    r->state = 'I';
    r->nice = -20;
}

/* --- services ----------------------------------------------------------------------- */
static uint32_t uid_of(const struct vfs_image *im, const char *user, uint32_t fallback)
{
    size_t n, k = strlen(user);
    uint64_t ino = vfs_image_find(im, "/etc/passwd");
    const char *text = ino ? vfs_image_data(im, ino, &n) : NULL;
    for (const char *at = text; at && at < text + n;) {
        const char *end = memchr(at, '\n', (size_t)(text + n - at));
        size_t len = end ? (size_t)(end - at) : (size_t)(text + n - at);
        if (len > k + 3 && memcmp(at, user, k) == 0 && at[k] == ':') {
            uint32_t uid = 0;
            for (const char *d = at + k + 3; d < at + len && *d >= '0' && *d <= '9'; d++)
                uid = uid * 10 + (uint32_t)(*d - '0');
            return uid;
        }
        at += len + 1;
    }
    return fallback;
}

static const struct service {
    const char *comm, *exe, *needs, *user; /* needs: only if the image has this file */
    const char *argv[ARGS_MAX];
    unsigned gap, vsz, rss, threads, cpu;
    bool tty1;
} services[] = {
    {"systemd-journal",
     "/usr/lib/systemd/systemd-journald",
     NULL,
     NULL,
     {"/lib/systemd/systemd-journald"},
     30,
     33100,
     14200,
     1,
     900,
     false},
    {"systemd-udevd",
     "/usr/bin/udevadm",
     NULL,
     NULL,
     {"/lib/systemd/systemd-udevd"},
     25,
     26500,
     6900,
     1,
     90,
     false},
    {"systemd-timesyn",
     "/usr/lib/systemd/systemd-timesyncd",
     "/usr/lib/systemd/systemd-timesyncd",
     "systemd-timesync",
     {"/lib/systemd/systemd-timesyncd"},
     60,
     90080,
     6700,
     2,
     60,
     false},
    {"cron", "/usr/sbin/cron", NULL, NULL, {"/usr/sbin/cron", "-f"}, 40, 6608, 2740, 1, 40, false},
    {"dbus-daemon",
     "/usr/bin/dbus-daemon",
     NULL,
     "messagebus",
     {"/usr/bin/dbus-daemon", "--system", "--address=systemd:", "--nofork", "--nopidfile",
      "--systemd-activation", "--syslog-only"},
     1,
     9200,
     4700,
     1,
     50,
     false},
    {"rsyslogd",
     "/usr/sbin/rsyslogd",
     "/usr/sbin/rsyslogd",
     NULL,
     {"/usr/sbin/rsyslogd", "-n", "-iNONE"},
     2,
     222400,
     6000,
     4,
     80,
     false},
    {"systemd-logind",
     "/usr/lib/systemd/systemd-logind",
     NULL,
     NULL,
     {"/lib/systemd/systemd-logind"},
     1,
     49500,
     7900,
     1,
     60,
     false},
    {"agetty",
     "/usr/sbin/agetty",
     NULL,
     NULL,
     {"/sbin/agetty", "-o", "-p -- \\u", "--noclear", "-", "linux"},
     25,
     5870,
     1010,
     1,
     0,
     true},
    {"sshd",
     "/usr/sbin/sshd",
     NULL,
     NULL,
     {"sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"},
     6,
     15430,
     9360,
     1,
     120,
     false},
};

static void kworkers(struct vm_world *w, struct rng *rng)
{
    static const char *const kinds[] = {"kworker/0:1-events", "kworker/u4:2-events_unbound",
                                        "kworker/0:2-cgroup_destroy", "kworker/u4:0-flush-254:0",
                                        "kworker/1:2-mm_percpu_wq"};
    size_t n = w->conf.persona->cpu.count > 1 ? 5 : 4;
    /* Young, so just below the ids that are given out now: see world_next_pid. */
    int base = world_next_pid(w) - 400;
    for (size_t i = 0; i < n; i++) {
        struct daemon_row *r = add(w, base + (int)i * 75 + (int)rng_below(rng, 70), 2, kinds[i], 0);
        r->state = 'I';
        /* The youngest workers are minutes old, whatever the uptime: see daemon_at. */
        r->start_us = -(int64_t)(rng_below(rng, 40) + 3) * 60000000;
    }
}

void daemons_init(struct vm_world *w)
{
    const struct persona *pe = w->conf.persona;
    const struct vfs_image *im = w->conf.image;
    struct rng rng = rng_named(pe->seed, "daemons");
    w->daemons = arena_zalloc(w->arena, ROWS_MAX * sizeof(*w->daemons));
    if (!w->daemons)
        return;
    struct daemon_row *r = add(w, 1, 0, "systemd", 0);
    r->exe = "/usr/lib/systemd/systemd";
    r->argv[0] = "/sbin/init";
    r->vsz_kib = 102000 + rng_below(&rng, 600) * 4;
    r->rss_kib = 11800 + rng_below(&rng, 300) * 4;
    r->cpu_us_per_hour = 150000;
    kernel_threads(w, &rng);
    int pid = w->daemons[w->ndaemons - 1].pid + 40;
    int64_t start = 1800000;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        const struct service *s = &services[i];
        pid += (int)s->gap + (int)rng_below(&rng, 20);
        start += 150000 + (int64_t)rng_below(&rng, 700000);
        if (s->needs && !vfs_image_find(im, s->needs))
            continue;
        r = add(w, pid, 1, s->comm, 0);
        r->exe = s->exe;
        memcpy(r->argv, s->argv, sizeof(r->argv));
        r->uid = s->user ? uid_of(im, s->user, 100) : 0;
        r->start_us = start;
        r->vsz_kib = s->vsz / 4 * 4 + rng_below(&rng, 20) * 4;
        r->rss_kib = s->rss / 4 * 4 + rng_below(&rng, 100) * 4;
        r->threads = (int)s->threads;
        r->cpu_us_per_hour = s->cpu * 1000;
        r->tty1 = s->tty1;
    }
    w->first_pid = pid + 700 + (int)rng_below(&rng, 900);
    kworkers(w, &rng);
}

/* --- as rows of the table ---------------------------------------------------------------- */
static bool killed(const struct vm *vm, unsigned i)
{
    return vm->killed[i / 64] >> (i % 64) & 1;
}

bool daemon_at(struct vm *vm, unsigned i, struct vm_procinfo *out)
{
    static const char *const none[] = {NULL};
    if (i >= vm->world->ndaemons || killed(vm, i))
        return false;
    const struct daemon_row *r = &vm->world->daemons[i];
    int64_t age = vm_boot_age_us(vm), start = r->start_us < 0 ? age + r->start_us : r->start_us;
    int64_t cpu = age / 3600000 * (int64_t)r->cpu_us_per_hour / 1000;
    bool user = r->exe[0] != 0;
    *out = (struct vm_procinfo){
        .pid = r->pid,
        .ppid = r->ppid,
        .pgid = user ? r->pid : 0,
        .sid = user ? r->pid : 0,
        .tty_pgid = r->tty1 ? r->pid : -1,
        .nice = r->nice,
        .threads = r->threads,
        .uid = r->uid,
        .euid = r->uid,
        .gid = r->uid,
        .egid = r->uid,
        .state = r->state,
        .tty = "?",
        .comm = r->comm,
        .exe = r->exe,
        .argv = user ? (const char *const *)r->argv : none,
        .envp = none,
        .start_us = start > 0 ? start : 0,
        .user_us = cpu * 2 / 3,
        .sys_us = cpu / 3,
        .vsz_kib = r->vsz_kib,
        .rss_kib = r->rss_kib,
    };
    if (r->tty1) {
        str_copy(out->tty, sizeof(out->tty), "tty1");
        out->tty_rdev = 4 << 8 | 1;
    }
    return true;
}

int daemon_kill(struct vm *vm, int pid, int sig)
{
    for (unsigned i = 0; i < vm->world->ndaemons; i++) {
        const struct daemon_row *r = &vm->world->daemons[i];
        if (r->pid != pid || killed(vm, i))
            continue;
        bool ends = sig == SIGKILL || sig == SIGTERM || sig == SIGINT || sig == SIGQUIT ||
                    sig == SIGABRT || sig == SIGSEGV;
        if (r->exe[0] && pid != 1 && ends)
            vm->killed[i / 64] |= UINT64_C(1) << (i % 64);
        return 0;
    }
    return -ESRCH;
}

int daemon_row_pid(const struct vm_world *w, const char *comm)
{
    for (unsigned i = 0; i < w->ndaemons; i++)
        if (strcmp(w->daemons[i].comm, comm) == 0)
            return w->daemons[i].pid;
    return 1;
}

int daemon_pid(struct vm *vm, const char *comm)
{
    return daemon_row_pid(vm->world, comm);
}

unsigned daemon_count(const struct vm *vm)
{
    return vm->world->ndaemons;
}
