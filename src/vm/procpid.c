/* procpid.c -- the texts of /proc/PID.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <sys/resource.h>

#include "vm/gen.h"

/* --- texts of a process ------------------------------------------------------------------------
 */
static bool is_kthread(const struct vm_procinfo *i)
{
    return !i->exe[0] && i->state != 'Z';
}

static const char *state_name(char s)
{
    switch (s) {
    case 'R':
        return "R (running)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    case 'I':
        return "I (idle)";
    case 'D':
        return "D (disk sleep)";
    default:
        return "S (sleeping)";
    }
}

static void status_memory(struct str *o, const struct vm_procinfo *i)
{
    unsigned long long vsz = i->vsz_kib, rss = i->rss_kib;
    str_printf(
        o,
        "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8u kB\nVmPin:\t%8u kB\nVmHWM:\t%8llu "
        "kB\nVmRSS:\t%8llu kB\nRssAnon:\t%8llu kB\nRssFile:\t%8llu kB\nRssShmem:\t%8u "
        "kB\nVmData:\t%8llu kB\nVmStk:\t%8u kB\nVmExe:\t%8llu kB\nVmLib:\t%8u "
        "kB\nVmPTE:\t%8u kB\nVmSwap:\t%8u kB\nHugetlbPages:\t%8u kB\nCoreDumping:\t0\n"
        "THP_enabled:\t1\n",
        vsz, vsz, 0, 0, rss, rss, rss / 4 / 4 * 4, rss - rss / 4 / 4 * 4, 0, vsz / 8 / 4 * 4, 132,
        vsz / 16 / 4 * 4, 1664, 52, 0, 0);
}

void pid_status(struct gen *g, const struct vm_procinfo *i)
{
    struct str *o = &g->out;
    struct proc *q = proc_find(g->vm, i->pid);
    str_printf(o, "Name:\t%s\n", i->comm);
    if (i->state != 'Z')
        str_printf(o, "Umask:\t%04o\n", q ? q->umask : 022);
    str_printf(o,
               "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n"
               "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t",
               state_name(i->state), i->pid, i->pid, i->ppid, i->uid, i->euid, i->euid, i->euid,
               i->gid, i->egid, i->egid, i->egid, q && q->nfds > 64 ? 256 : 64);
    for (unsigned k = 0; q && k < q->cred.ngroups; k++)
        str_printf(o, "%u ", q->cred.groups[k]);
    str_printf(o, "%s\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n",
               q && q->cred.ngroups ? "" : " ", i->pid, i->pid, i->pgid, i->sid);
    if (!is_kthread(i) && i->state != 'Z')
        status_memory(o, i);
    uint64_t caught = 0;
    for (int s = 0; q && q->actions && s < NSIG_MAX; s++)
        if (q->actions[s].fn)
            caught |= UINT64_C(1) << s;
    const char *caps = i->euid ? "0000000000000000" : "000001ffffffffff";
    unsigned n = g->vm->world->conf.persona->cpu.count;
    unsigned mask = n >= 32 ? 0xffffffffu : (1u << n) - 1;
    str_printf(o,
               "Threads:\t%d\nSigQ:\t0/%llu\nSigPnd:\t%016llx\nShdPnd:\t0000000000000000\n"
               "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n"
               "CapInh:\t0000000000000000\nCapPrm:\t%s\nCapEff:\t%s\nCapBnd:\t000001ffffffffff\n"
               "CapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n"
               "Speculation_Store_Bypass:\tthread vulnerable\n"
               "SpeculationIndirectBranch:\tconditional enabled\nCpus_allowed:\t%x\n"
               "Cpus_allowed_list:\t%s%u\nMems_allowed:\t00000000,00000001\nMems_allowed_list:\t0\n"
               "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
               i->threads, (unsigned long long)(g->vm->world->conf.persona->mem_kib / 128),
               q ? (unsigned long long)q->sig_pending : 0,
               q ? (unsigned long long)q->sig_blocked : 0,
               q ? (unsigned long long)q->sig_ignored : 0, (unsigned long long)caught, caps, caps,
               mask, n > 1 ? "0-" : "", n - 1, q ? (unsigned long long)q->steps / 50 + 1 : 400,
               q ? (unsigned long long)q->steps / 2000 : 12);
}

void pid_stat(struct gen *g, const struct vm_procinfo *i)
{
    int tty = i->tty_rdev ? (int)(i->tty_rdev >> 8 << 8 | (i->tty_rdev & 0xff)) : 0;
    uint64_t h = hash_fixed(i->comm, strlen(i->comm), g->vm->world->conf.persona->seed);
    bool kt = is_kthread(i) || i->state == 'Z';
    unsigned long long code = kt ? 0 : 0x550000000000 + (h & 0xfffffff000);
    str_printf(&g->out,
               "%d (%s) %c %d %d %d %d %d %u %llu 0 0 0 %lld %lld 0 0 %d %d %d 0 %lld %llu %lld "
               "18446744073709551615 %llu %llu %llu 0 0 0 %d %d %d 0 0 0 17 %u 0 0 0 0 0 %llu %llu "
               "%llu %llu %llu %llu %llu %d\n",
               i->pid, i->comm, i->state, i->ppid, i->pgid, i->sid, tty, tty ? i->tty_pgid : -1,
               kt ? 2129984u : 4194304u, kt ? 0ULL : 100 + (unsigned long long)(h % 900),
               (long long)i->user_us / 10000, (long long)i->sys_us / 10000, 20 + i->nice, i->nice,
               i->threads, (long long)(i->start_us / 10000), (unsigned long long)i->vsz_kib * 1024,
               (long long)i->rss_kib / 4, kt ? 0 : code, kt ? 0 : code + 400000,
               kt ? 0 : 0x7ffc00000000 + (unsigned long long)(h >> 40) * 16, 0, 4096, 65536,
               (unsigned)(i->pid % (int)g->vm->world->conf.persona->cpu.count),
               kt ? 0 : code + 480000, kt ? 0 : code + 500000, kt ? 0 : code + 20000000,
               kt ? 0 : 0x7ffc00000100ULL, kt ? 0 : 0x7ffc00000110ULL, kt ? 0 : 0x7ffc00000110ULL,
               kt ? 0 : 0x7ffc00000ff0ULL, 0);
}

void pid_statm(struct gen *g, const struct vm_procinfo *i)
{
    unsigned long long v = i->vsz_kib / 4, r = i->rss_kib / 4;
    str_printf(&g->out, "%llu %llu %llu %llu 0 %llu 0\n", v, r, r - r / 4, v / 16, v / 8 + 33);
}

void pid_cmdline(struct gen *g, const struct vm_procinfo *i)
{
    for (const char *const *a = i->argv; *a; a++)
        str_add(&g->out, *a, strlen(*a) + 1);
}

void pid_environ(struct gen *g, const struct vm_procinfo *i)
{
    for (const char *const *a = i->envp; *a; a++)
        str_add(&g->out, *a, strlen(*a) + 1);
}

void pid_comm(struct gen *g, const struct vm_procinfo *i)
{
    str_printf(&g->out, "%s\n", i->comm);
}

void pid_maps(struct gen *g, const struct vm_procinfo *i)
{
    if (is_kthread(i) || i->state == 'Z')
        return;
    uint64_t h = hash_fixed(&i->start_us, sizeof(i->start_us), (uint64_t)i->pid);
    unsigned long long code = 0x550000000000 + (h & 0xfffffff) * 4096;
    unsigned long long lib = 0x7f0000000000 + (h >> 28 & 0xfffffff) * 4096;
    unsigned long long stack = 0x7ffc00000000 + (h >> 44 & 0xfffff) * 4096;
    static const struct {
        unsigned from, to;
        const char *perm;
    } parts[] = {{0, 0x4, "r--p"}, {0x4, 0x18, "r-xp"}, {0x18, 0x20, "r--p"}, {0x20, 0x22, "rw-p"}};
    const char *const files[] = {i->exe, "/usr/lib/x86_64-linux-gnu/libc.so.6",
                                 "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"};
    for (unsigned f = 0; f < 3; f++) {
        unsigned long long base = f == 0 ? code : lib + f * 0x200000ULL;
        for (unsigned k = 0; k < 4; k++) {
            size_t at = g->out.n;
            str_printf(&g->out, "%012llx-%012llx %s %08x %02x:01 %u",
                       base + parts[k].from * 4096ULL, base + parts[k].to * 4096ULL, parts[k].perm,
                       parts[k].from * 4096, persona_disk_major(g->vm->world->conf.persona),
                       (unsigned)(hash_fixed(files[f], strlen(files[f]), 3) % 90000 + 1000));
            str_fill(&g->out, ' ', 73 > g->out.n - at ? 73 - (g->out.n - at) : 1);
            str_printf(&g->out, "%s\n", files[f]);
        }
        if (f == 0)
            str_printf(&g->out, "%012llx-%012llx rw-p 00000000 00:00 0 %26s[heap]\n",
                       code + 0x1000000, code + 0x1021000, "");
    }
    str_printf(&g->out, "%012llx-%012llx rw-p 00000000 00:00 0 %26s[stack]\n", stack,
               stack + 0x21000, "");
    str_printf(&g->out, "%012llx-%012llx r--p 00000000 00:00 0 %26s[vvar]\n", stack + 0x50000,
               stack + 0x54000, "");
    str_printf(&g->out, "%012llx-%012llx r-xp 00000000 00:00 0 %26s[vdso]\n", stack + 0x54000,
               stack + 0x56000, "");
}

void pid_cgroup(struct gen *g, const struct vm_procinfo *i)
{
    struct proc *q = proc_find(g->vm, i->pid);
    if (q && q->login)
        str_printf(&g->out, "0::/user.slice/user-%u.slice/session-%u.scope\n", q->login->uid,
                   q->login->number);
    else if (i->pid == 1)
        str_puts(&g->out, "0::/init.scope\n");
    else if (is_kthread(i))
        str_puts(&g->out, "0::/\n");
    else if (strcmp(i->comm, "sshd") == 0)
        str_puts(&g->out, "0::/system.slice/ssh.service\n");
    else
        str_printf(&g->out, "0::/system.slice/%s.service\n", i->comm);
}

void pid_limits(struct gen *g, const struct vm_procinfo *i)
{
    static const struct {
        const char *name, *unit;
        int which;
    } rows[] = {{"Max cpu time", "seconds", RLIMIT_CPU},
                {"Max file size", "bytes", RLIMIT_FSIZE},
                {"Max data size", "bytes", RLIMIT_DATA},
                {"Max stack size", "bytes", RLIMIT_STACK},
                {"Max core file size", "bytes", RLIMIT_CORE},
                {"Max resident set", "bytes", RLIMIT_RSS},
                {"Max processes", "processes", RLIMIT_NPROC},
                {"Max open files", "files", RLIMIT_NOFILE},
                {"Max locked memory", "bytes", RLIMIT_MEMLOCK},
                {"Max address space", "bytes", RLIMIT_AS},
                {"Max file locks", "locks", RLIMIT_LOCKS},
                {"Max pending signals", "signals", RLIMIT_SIGPENDING},
                {"Max msgqueue size", "bytes", RLIMIT_MSGQUEUE},
                {"Max nice priority", "", RLIMIT_NICE},
                {"Max realtime priority", "", RLIMIT_RTPRIO},
                {"Max realtime timeout", "us", RLIMIT_RTTIME}};
    struct proc stand_in = {.vm = g->vm}, *q = proc_find(g->vm, i->pid);
    str_printf(&g->out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        uint64_t v[2];
        char text[2][24];
        if (vm_getrlimit(q ? q : &stand_in, rows[k].which, &v[0], &v[1]) < 0)
            continue;
        for (int s = 0; s < 2; s++) {
            if (v[s] == UINT64_MAX)
                str_copy(text[s], sizeof(text[s]), "unlimited");
            else
                str_fmt(text[s], sizeof(text[s]), "%llu", (unsigned long long)v[s]);
        }
        str_printf(&g->out, "%-25s %-20s %-20s %-10s\n", rows[k].name, text[0], text[1],
                   rows[k].unit);
    }
}

void pid_io(struct gen *g, const struct vm_procinfo *i)
{
    unsigned long long k = (unsigned long long)(i->user_us + i->sys_us) / 10 + 4000;
    str_printf(&g->out,
               "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\nread_bytes: 0\nwrite_bytes: "
               "0\ncancelled_write_bytes: 0\n",
               k * 7, k, k / 90, k / 300);
}

void pid_mounts(struct gen *g, const struct vm_procinfo *i)
{
    (void)i;
    gen_mounts(g);
}

void pid_mountinfo(struct gen *g, const struct vm_procinfo *i)
{
    (void)i;
    gen_mountinfo(g);
}

void pid_mountstats(struct gen *g, const struct vm_procinfo *i)
{
    (void)i;
    gen_mountstats(g);
}

void pid_sched(struct gen *g, const struct vm_procinfo *i)
{
    str_printf(&g->out, "%s (%d, #threads: %d)\n", i->comm, i->pid, i->threads);
    str_fill(&g->out, '-', 67);
    str_printf(&g->out, "\n%-45s:%21.6f\n%-45s:%21.6f\n%-45s:%21d\n%-45s:%21d\n", "se.exec_start",
               (double)vm_boot_age_us(g->vm) / 1000, "se.sum_exec_runtime",
               (double)(i->user_us + i->sys_us) / 1000, "policy", 0, "prio", 120 + i->nice);
}

void pid_loginuid(struct gen *g, const struct vm_procinfo *i)
{
    struct proc *q = proc_find(g->vm, i->pid);
    str_printf(&g->out, "%u", q && q->login ? q->login->uid : 4294967295u);
}

void pid_wchan(struct gen *g, const struct vm_procinfo *i)
{
    str_puts(&g->out, i->state == 'R' ? "0" : "do_epoll_wait");
}
