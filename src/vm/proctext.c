/* proctext.c -- the machine's own texts in /proc, as Debian's 6.1 kernel words
 * them.
 *
 * Figures that move are functions of the time since boot and of what runs, so
 * that they move the same way for everybody who looks.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <math.h>
#include <stdio.h>

#include "vm/gen.h"
#include "vm/skel.h"

typedef unsigned long long ull;

static const struct persona *persona_of(const struct vm *vm)
{
    return vm->world->conf.persona;
}

/* A slow wave between lo and hi, different for each name. */
static double wave(const struct vm *vm, const char *name, double lo, double hi)
{
    uint64_t h = hash_fixed(name, strlen(name), persona_of(vm)->seed);
    double t = (double)vm_boot_age_us(vm) / 1e6;
    double a = sin(t / (311.0 + (double)(h % 400)) + (double)(h % 628) / 100);
    double b = sin(t / (37.0 + (double)(h >> 20 & 63)) + (double)(h >> 32 & 511) / 100);
    return lo + (hi - lo) * (0.5 + 0.35 * a + 0.15 * b);
}

void gen_memory(const struct vm *vm, struct gen_memory *m)
{
    uint64_t total = persona_of(vm)->mem_kib, held = vm->prog.used / 1024;
    uint64_t h = hash_fixed("memory", 6, persona_of(vm)->seed);
    double t = (double)total;
    m->total = total;
    m->used = (uint64_t)(110000 + t * (0.05 + (double)(h % 100) / 700) + wave(vm, "used", 0, 9000));
    m->used += held;
    m->cached = (uint64_t)(t * (0.25 + (double)(h >> 10 & 127) / 500) + wave(vm, "cache", 0, 4000));
    m->buffers = (uint64_t)(t * 0.012 + (double)(h >> 20 & 16383));
    m->slab = (uint64_t)(60000 + t * 0.015);
    m->shmem = 600 + (h >> 34 & 4095);
    if (m->used + m->cached + m->buffers + m->slab > total * 96 / 100)
        m->cached = total / 5;
    m->free = total - m->used - m->cached - m->buffers - m->slab;
    m->available = m->free + (m->cached - m->shmem) * 9 / 10 + m->slab / 3 + m->buffers;
    m->swap_free = persona_of(vm)->swap_kib - (persona_of(vm)->swap_kib ? h >> 44 & 8191 : 0);
    uint64_t *all[] = {&m->free, &m->available, &m->buffers, &m->cached,
                       &m->slab, &m->shmem,     &m->used,    &m->swap_free};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        *all[i] &= ~UINT64_C(3);
}

static void t_meminfo(struct gen *g)
{
    struct gen_memory m;
    gen_memory(g->vm, &m);
    uint64_t anon = m.used / 2 & ~UINT64_C(3), file = (m.cached - m.shmem) & ~UINT64_C(3);
    uint64_t active = file * 2 / 5 & ~UINT64_C(3), swap = persona_of(g->vm)->swap_kib;
    const struct {
        const char *name;
        uint64_t kib;
    } rows[] = {{"MemTotal", m.total},
                {"MemFree", m.free},
                {"MemAvailable", m.available},
                {"Buffers", m.buffers},
                {"Cached", m.cached},
                {"SwapCached", 0},
                {"Active", active + m.shmem},
                {"Inactive", anon + file - active},
                {"Active(anon)", m.shmem},
                {"Inactive(anon)", anon},
                {"Active(file)", active},
                {"Inactive(file)", file - active},
                {"Unevictable", 0},
                {"Mlocked", 0},
                {"SwapTotal", swap},
                {"SwapFree", m.swap_free},
                {"Zswap", 0},
                {"Zswapped", 0},
                {"Dirty", (uint64_t)wave(g->vm, "dirty", 0, 300) & ~UINT64_C(3)},
                {"Writeback", 0},
                {"AnonPages", anon},
                {"Mapped", m.cached / 5 & ~UINT64_C(3)},
                {"Shmem", m.shmem},
                {"KReclaimable", m.slab * 3 / 5 & ~UINT64_C(3)},
                {"Slab", m.slab},
                {"SReclaimable", m.slab * 3 / 5 & ~UINT64_C(3)},
                {"SUnreclaim", m.slab - (m.slab * 3 / 5 & ~UINT64_C(3))},
                {"KernelStack", 1800 + 16 * g->vm->nprocs},
                {"PageTables", 2400 + 60 * g->vm->nprocs},
                {"SecPageTables", 0},
                {"NFS_Unstable", 0},
                {"Bounce", 0},
                {"WritebackTmp", 0},
                {"CommitLimit", (m.total / 2 + swap) & ~UINT64_C(3)},
                {"Committed_AS", (anon * 5 + 200000) & ~UINT64_C(3)},
                {"VmallocTotal", 34359738367},
                {"VmallocUsed", 15320},
                {"VmallocChunk", 0},
                {"Percpu", 512 * persona_of(g->vm)->cpu.count},
                {"HardwareCorrupted", 0},
                {"AnonHugePages", 0},
                {"ShmemHugePages", 0},
                {"ShmemPmdMapped", 0},
                {"FileHugePages", 0},
                {"FilePmdMapped", 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char label[24];
        str_fmt(label, sizeof(label), "%s:", rows[i].name);
        str_printf(&g->out, "%-16s%8llu kB\n", label, (ull)rows[i].kib);
    }
    uint64_t map4k = 120000 & ~UINT64_C(3), whole = (m.total / 1048576 + 1) * 1048576;
    str_printf(
        &g->out,
        "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\n"
        "HugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n"
        "DirectMap4k:    %8llu kB\nDirectMap2M:    %8llu kB\n",
        (ull)map4k, (ull)(whole - map4k - 1024));
}

static void t_cpuinfo(struct gen *g)
{
    const struct persona_cpu *c = &persona_of(g->vm)->cpu;
    bool amd = strcmp(c->vendor, "AuthenticAMD") == 0;
    unsigned cores = c->count / (c->threads_per_core ? c->threads_per_core : 1);
    for (unsigned i = 0; i < c->count; i++) {
        str_printf(&g->out,
                   "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel "
                   "name\t: %s\nstepping\t: %u\nmicrocode\t: %s\ncpu MHz\t\t: %.3f\ncache size\t: "
                   "%u KB\nphysical id\t: %u\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n"
                   "apicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\n"
                   "cpuid level\t: %u\nwp\t\t: yes\nflags\t\t: %s\n",
                   i, c->vendor, c->family, c->model, c->model_name, c->stepping, c->microcode,
                   c->mhz, c->cache_kib, 0u, c->count,
                   i / (c->threads_per_core ? c->threads_per_core : 1), cores, i, i,
                   amd ? 16u : 13u, c->flags);
        str_printf(
            &g->out, "bugs\t\t: %s\nbogomips\t: %.2f\n",
            amd ? "sysret_ss_attrs null_seg spectre_v1 spectre_v2 spec_store_bypass retbleed "
                  "smt_rsb srso"
                : "spectre_v1 spectre_v2 spec_store_bypass swapgs itlb_multihit "
                  "mmio_stale_data retbleed eibrs_pbrsb gds bhi",
            c->bogomips);
        if (amd)
            str_puts(&g->out, "TLB size\t: 1024 4K pages\n");
        str_puts(&g->out, "clflush size\t: 64\ncache_alignment\t: 64\naddress sizes\t: 40 bits "
                          "physical, 48 bits virtual\npower management:\n\n");
    }
}

static void t_uptime(struct gen *g)
{
    double up = (double)vm_boot_age_us(g->vm) / 1e6;
    double idle = up * persona_of(g->vm)->cpu.count * (0.955 + wave(g->vm, "idle", 0, 0.001));
    str_printf(&g->out, "%.2f %.2f\n", up, idle);
}

double gen_load(const struct vm *vm, int which)
{
    static const char *const names[] = {"load1", "load5", "load15"};
    double base = wave(vm, names[which], 0.0, 0.32 - 0.1 * which) - 0.06 + 0.02 * which;
    unsigned busy = 0;
    LIST_EACH(l, &vm->procs)
    {
        const struct proc *p = LIST_ENTRY(l, struct proc, table);
        busy += p->state == P_READY;
    }
    static const double share[] = {0.5, 0.15, 0.05};
    base += busy * share[which];
    return base < 0 ? 0 : base;
}

static void t_loadavg(struct gen *g)
{
    unsigned runs = 0, n = g->vm->nprocs + daemon_count(g->vm);
    LIST_EACH(l, &g->vm->procs)
    {
        const struct proc *p = LIST_ENTRY(l, struct proc, table);
        runs += p->state == P_READY || p->state == P_RUN;
    }
    str_printf(&g->out, "%.2f %.2f %.2f %u/%u %d\n", gen_load(g->vm, 0), gen_load(g->vm, 1),
               gen_load(g->vm, 2), runs ? runs : 1, n + 20, g->vm->last_pid);
}

static void t_stat(struct gen *g)
{
    const struct persona *pe = persona_of(g->vm);
    double ticks = (double)vm_boot_age_us(g->vm) / 1e4;
    double user = ticks * 0.0121, sys = ticks * 0.0087, wait = ticks * 0.0011,
           soft = ticks * 0.0004;
    unsigned n = pe->cpu.count;
    for (int i = -1; i < (int)n; i++) {
        char name[16] = "cpu ";
        if (i >= 0)
            str_fmt(name, sizeof(name), "cpu%d", i);
        double k = i < 0 ? n : 1 + 0.04 * ((i * 7 % 5) - 2);
        double all = ticks * (i < 0 ? n : 1);
        str_printf(&g->out, "%s %llu %llu %llu %llu %llu 0 %llu %llu 0 0\n", name, (ull)(user * k),
                   (ull)(ticks * 0.0002 * k), (ull)(sys * k),
                   (ull)(all - (user + sys + wait + soft) * k), (ull)(wait * k), (ull)(soft * k),
                   (ull)(ticks * 0.0003 * k));
    }
    str_printf(&g->out, "intr %llu", (ull)(ticks * 3.1 + (double)g->vm->steps));
    for (int i = 0; i < 24; i++)
        str_printf(&g->out, " %llu",
                   i == 0    ? 36ULL
                   : i == 1  ? 9ULL
                   : i == 8  ? 0ULL
                   : i == 12 ? 15ULL
                             : 0ULL);
    str_printf(&g->out,
               "\nctxt %llu\nbtime %lld\nprocesses %d\nprocs_running %u\nprocs_blocked 0\nsoftirq "
               "%llu 0 %llu 5 %llu %llu 0 %llu %llu 0 %llu\n",
               (ull)(ticks * 4.2 + g->vm->slices), (long long)(pe->boot_real_us / 1000000),
               g->vm->last_pid, 1u, (ull)(ticks * 1.9), (ull)(ticks * 0.6), (ull)(ticks * 0.1),
               (ull)(ticks * 0.05), (ull)(ticks * 0.02), (ull)(ticks * 0.5), (ull)(ticks * 0.63));
}

static void t_version(struct gen *g)
{
    const struct persona *pe = persona_of(g->vm);
    str_printf(
        &g->out,
        "Linux version %s (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) "
        "12.2.0, GNU ld (GNU Binutils for Debian) 2.40) %s\n",
        pe->kernel_release, pe->kernel_version);
}

static void t_cmdline(struct gen *g)
{
    const struct persona *pe = persona_of(g->vm);
    str_printf(&g->out, "BOOT_IMAGE=/boot/vmlinuz-%s root=UUID=%s ro quiet\n", pe->kernel_release,
               pe->root_uuid);
}

struct disk_row {
    char name[16];
    unsigned maj, min;
    uint64_t kib;
};

static unsigned disk_rows(const struct persona *pe, struct disk_row *rows)
{
    unsigned maj = persona_disk_major(pe), n = pe->swap_kib ? 3 : 2;
    uint64_t all = pe->disk_bytes / 1024, swap = pe->swap_kib ? pe->swap_kib + 1028 : 0;
    for (unsigned i = 0; i < n; i++) {
        rows[i] = (struct disk_row){.maj = maj, .min = i};
        rows[i].kib = i == 0 ? all : i == 1 ? all - 1024 - swap : pe->swap_kib + 4;
        if (i)
            str_fmt(rows[i].name, sizeof(rows[i].name), "%s%s%u", pe->disk_name,
                    maj == 259 ? "p" : "", i);
        else
            str_copy(rows[i].name, sizeof(rows[i].name), pe->disk_name);
    }
    return n;
}

static void t_partitions(struct gen *g)
{
    struct disk_row rows[3];
    unsigned n = disk_rows(persona_of(g->vm), rows);
    str_puts(&g->out, "major minor  #blocks  name\n\n");
    for (unsigned i = 0; i < n; i++)
        str_printf(&g->out, "%4u  %7u %10llu %s\n", rows[i].maj, rows[i].min, (ull)rows[i].kib,
                   rows[i].name);
    str_puts(&g->out, "  11        0    1048575 sr0\n");
}

static void t_diskstats(struct gen *g)
{
    struct disk_row rows[3];
    unsigned n = disk_rows(persona_of(g->vm), rows);
    double t = (double)vm_boot_age_us(g->vm) / 1e6;
    for (unsigned i = 0; i < n; i++) {
        double k = i == 2 ? 0 : 1;
        str_printf(&g->out,
                   "%4u %7u %s %llu %llu %llu %llu %llu %llu %llu %llu 0 %llu %llu 0 0 0 0 %llu "
                   "%llu\n",
                   rows[i].maj, rows[i].min, rows[i].name, (ull)(24000 + t * 0.02 * k),
                   (ull)(5100 * k), (ull)(1500000 + t * 2.1 * k), (ull)(9000 + t * 0.01),
                   (ull)(t * 0.9 * k), (ull)(t * 0.7 * k), (ull)(t * 21 * k), (ull)(t * 0.8 * k),
                   (ull)(t * 0.5 * k + 7000), (ull)(t * 1.1 * k + 9000), (ull)(t * 0.2 * k),
                   (ull)(t * 0.1 * k));
    }
    str_puts(&g->out, "  11       0 sr0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
}

static void t_swaps(struct gen *g)
{
    const struct persona *pe = persona_of(g->vm);
    struct gen_memory m;
    gen_memory(g->vm, &m);
    str_puts(&g->out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    if (!pe->swap_kib)
        return;
    char name[24];
    str_fmt(name, sizeof(name), "/dev/%s%s2", pe->disk_name,
            str_starts(pe->disk_name, "nvme") ? "p" : "");
    str_printf(&g->out, "%-40spartition\t%llu\t\t%llu\t\t-2\n", name, (ull)pe->swap_kib,
               (ull)(pe->swap_kib - m.swap_free));
}

static void t_interrupts(struct gen *g)
{
    static const struct {
        const char *irq, *what;
        double rate;
    } rows[] = {{"  0", "IO-APIC    2-edge      timer", 0},
                {"  1", "IO-APIC    1-edge      i8042", 0},
                {"  8", "IO-APIC    8-edge      rtc0", 0},
                {"  9", "IO-APIC    9-fasteoi   acpi", 0},
                {" 12", "IO-APIC   12-edge      i8042", 0},
                {" 24", "PCI-MSI 65536-edge      virtio0-config", 0},
                {" 25", "PCI-MSI 65537-edge      virtio0-input.0", 2.1},
                {" 26", "PCI-MSI 65538-edge      virtio0-output.0", 1.4},
                {"NMI", "Non-maskable interrupts", 0},
                {"LOC", "Local timer interrupts", 31},
                {"RES", "Rescheduling interrupts", 1.8},
                {"CAL", "Function call interrupts", 0.9},
                {"TLB", "TLB shootdowns", 0.2}};
    unsigned n = persona_of(g->vm)->cpu.count;
    double t = (double)vm_boot_age_us(g->vm) / 1e6;
    str_puts(&g->out, "           ");
    for (unsigned c = 0; c < n; c++)
        str_printf(&g->out, "CPU%-8u", c);
    str_putc(&g->out, '\n');
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        str_printf(&g->out, "%s: ", rows[i].irq);
        for (unsigned c = 0; c < n; c++)
            str_printf(&g->out, "%10llu ", (ull)(t * rows[i].rate * (1 + 0.1 * c)));
        str_printf(&g->out, "  %s\n", rows[i].what);
    }
    str_printf(&g->out, "ERR: %10u\nMIS: %10u\n", 0u, 0u);
}

static void t_modules(struct gen *g)
{
    static const char *const rows[] = {
        "tls 139264 0 - Live",
        "binfmt_misc 28672 1 - Live",
        "intel_rapl_msr 20480 0 - Live",
        "intel_rapl_common 32768 1 intel_rapl_msr, Live",
        "ghash_clmulni_intel 16384 0 - Live",
        "sha512_ssse3 49152 0 - Live",
        "sha512_generic 16384 1 sha512_ssse3, Live",
        "sha256_ssse3 32768 0 - Live",
        "sha1_ssse3 32768 0 - Live",
        "aesni_intel 393216 0 - Live",
        "crypto_simd 16384 1 aesni_intel, Live",
        "cryptd 28672 2 ghash_clmulni_intel,crypto_simd, Live",
        "rapl 20480 0 - Live",
        "iTCO_wdt 16384 0 - Live",
        "pcspkr 16384 0 - Live",
        "virtio_balloon 24576 0 - Live",
        "virtio_console 40960 0 - Live",
        "button 24576 0 - Live",
        "evdev 28672 2 - Live",
        "serio_raw 20480 0 - Live",
        "sg 40960 0 - Live",
        "joydev 28672 0 - Live",
        "fuse 176128 1 - Live",
        "loop 32768 0 - Live",
        "efi_pstore 16384 0 - Live",
        "dm_mod 184320 0 - Live",
        "configfs 57344 1 - Live",
        "qemu_fw_cfg 20480 0 - Live",
        "ip_tables 36864 0 - Live",
        "x_tables 61440 1 ip_tables, Live",
        "autofs4 53248 2 - Live",
        "ext4 983040 1 - Live",
        "crc16 16384 1 ext4, Live",
        "mbcache 16384 1 ext4, Live",
        "jbd2 167936 1 ext4, Live",
        "crc32c_generic 16384 0 - Live",
        "sr_mod 28672 0 - Live",
        "cdrom 81920 1 sr_mod, Live",
        "virtio_net 73728 0 - Live",
        "net_failover 24576 1 virtio_net, Live",
        "failover 16384 1 net_failover, Live",
        "ata_generic 16384 0 - Live",
        "ata_piix 40960 0 - Live",
        "virtio_blk 28672 2 - Live",
        "libata 401408 2 ata_generic,ata_piix, Live",
        "crct10dif_pclmul 16384 1 - Live",
        "crc32_pclmul 16384 0 - Live",
        "crc32c_intel 24576 2 - Live",
        "scsi_mod 286720 3 sg,sr_mod,libata, Live",
        "scsi_common 16384 3 sg,sr_mod,scsi_mod, Live",
        "psmouse 184320 0 - Live",
        "virtio_pci 24576 0 - Live",
        "virtio_pci_legacy_dev 16384 1 virtio_pci, Live",
        "virtio_pci_modern_dev 20480 1 virtio_pci, Live",
        "virtio 16384 5 virtio_balloon,virtio_console,virtio_net,virtio_blk,virtio_pci, Live",
        "virtio_ring 45056 5 virtio_balloon,virtio_console,virtio_net,virtio_blk,virtio_pci, Live",
        "i2c_piix4 28672 0 - Live",
        "floppy 114688 0 - Live"};
    bool root = !g->asker || g->asker->cred.uid == 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        str_printf(&g->out, "%s 0x%016llx\n", rows[i],
                   root ? 0xffffffffc0000000ULL + (ull)i * 0x21000ULL : 0ULL);
}

static void t_hostname(struct gen *g)
{
    str_printf(&g->out, "%s\n", g->vm->hostname);
}

static void t_uuid(struct gen *g)
{
    uint8_t b[16];
    rng_fill(&g->vm->rng, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 15) | 0x40);
    b[8] = (uint8_t)((b[8] & 63) | 0x80);
    for (int i = 0; i < 16; i++)
        str_printf(&g->out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
    str_putc(&g->out, '\n');
}

static void t_file_nr(struct gen *g)
{
    str_printf(&g->out, "%u\t0\t9223372036854775807\n", 1056 + 32 * (g->vm->nprocs / 4));
}

static void t_vmstat(struct gen *g)
{
    struct gen_memory m;
    gen_memory(g->vm, &m);
    double t = (double)vm_boot_age_us(g->vm) / 1e6;
    str_printf(&g->out,
               "nr_free_pages %llu\nnr_inactive_anon %llu\nnr_active_anon %llu\nnr_inactive_file "
               "%llu\nnr_active_file %llu\nnr_dirty 12\nnr_writeback 0\npgpgin %llu\npgpgout "
               "%llu\npswpin 0\npswpout 0\npgfault %llu\npgmajfault %llu\n",
               (ull)m.free / 4, (ull)m.used / 8, (ull)m.shmem / 4, (ull)m.cached / 8,
               (ull)m.cached / 8, (ull)(750000 + t), (ull)(t * 10), (ull)(t * 230),
               (ull)(2000 + t * 0.01));
}

/* --- mounts ---------------------------------------------------------------------- */
/* What systemd mounts besides: only seen here, folders of /sys and /dev in truth. */
static const char *const believed[] = {
    "securityfs /sys/kernel/security securityfs rw,nosuid,nodev,noexec,relatime",
    "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,"
    "memory_recursiveprot",
    "pstore /sys/fs/pstore pstore rw,nosuid,nodev,noexec,relatime",
    "bpf /sys/fs/bpf bpf rw,nosuid,nodev,noexec,relatime,mode=700",
    "systemd-1 /proc/sys/fs/binfmt_misc autofs rw,relatime,fd=30,pgrp=1,timeout=0,minproto=5,"
    "maxproto=5,direct,pipe_ino=1371",
    "hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M",
    "mqueue /dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime",
    "debugfs /sys/kernel/debug debugfs rw,nosuid,nodev,noexec,relatime",
    "tracefs /sys/kernel/tracing tracefs rw,nosuid,nodev,noexec,relatime",
    "configfs /sys/kernel/config configfs rw,nosuid,nodev,noexec,relatime",
    "fusectl /sys/fs/fuse/connections fusectl rw,nosuid,nodev,noexec,relatime",
};
enum { NBELIEVED = sizeof(believed) / sizeof(believed[0]) };

struct mount_row {
    char source[128], target[256], type[16], options[256];
    unsigned dev;
};

/* Row i as Debian's boot orders them: early file systems, the disk, the rest. */
static bool mount_row(const struct vm *vm, size_t i, struct mount_row *r)
{
    const struct vfs_tree *t = &vm->tree;
    enum { EARLY = 5, FIXED = 8 }; /* mounts of mounts.c: before the disk; in all */
    size_t at;
    if (i < EARLY)
        at = i + 1;
    else if (i == EARLY)
        at = 0;
    else if (i == EARLY + 1 || (i > EARLY + 3 && i < EARLY + 3 + NBELIEVED)) {
        const char *text = believed[i == EARLY + 1 ? 0 : i - EARLY - 3];
        r->dev = 24 + (unsigned)i;
        return sscanf(text, "%127s %255s %15s %255s", r->source, r->target, r->type, r->options) ==
               4;
    } else if (i <= EARLY + 3)
        at = i - 1; /* /dev/shm, /run/lock */
    else
        at = FIXED + (i - EARLY - 3 - NBELIEVED);
    if (at >= t->nmounts)
        return false;
    const struct vfs_mount *m = &t->mounts[at];
    str_copy(r->source, sizeof(r->source), m->source);
    str_copy(r->target, sizeof(r->target), m->target);
    str_copy(r->type, sizeof(r->type), m->fs->ops->type);
    str_copy(r->options, sizeof(r->options), m->options);
    if (str_starts(r->source, "udev"))
        str_copy(r->type, sizeof(r->type), "devtmpfs");
    else if (str_starts(r->source, "tmpfs"))
        str_copy(r->type, sizeof(r->type), "tmpfs");
    r->dev = (unsigned)m->fs->dev;
    return true;
}

void gen_mounts(struct gen *g)
{
    struct mount_row r;
    for (size_t i = 0; mount_row(g->vm, i, &r); i++)
        str_printf(&g->out, "%s %s %s %s 0 0\n", r.source, r.target, r.type, r.options);
}

void gen_mountinfo(struct gen *g)
{
    struct mount_row r;
    for (size_t i = 0; mount_row(g->vm, i, &r); i++) {
        /* Options of the mount itself come first, those of the file system last. */
        const char *own = strstr(r.options, ",relatime");
        size_t n = own ? (size_t)(own - r.options) + 9 : strlen(r.options);
        const char *rest = r.options[n] == ',' ? r.options + n : "";
        str_printf(&g->out, "%zu %d %u:%u / %s %.*s shared:%zu - %s %s rw%s\n", 21 + i,
                   i == 5 ? 1 : 26, r.dev >> 8, r.dev & 255, r.target, (int)n, r.options, i + 1,
                   r.type, r.source, rest);
    }
}

void gen_mountstats(struct gen *g)
{
    struct mount_row r;
    for (size_t i = 0; mount_row(g->vm, i, &r); i++)
        str_printf(&g->out, "device %s mounted on %s with fstype %s\n", r.source, r.target, r.type);
}

static const struct {
    const char *name;
    void (*text)(struct gen *g);
} texts[] = {
    {"meminfo", t_meminfo},
    {"cpuinfo", t_cpuinfo},
    {"uptime", t_uptime},
    {"loadavg", t_loadavg},
    {"stat", t_stat},
    {"version", t_version},
    {"cmdline", t_cmdline},
    {"partitions", t_partitions},
    {"diskstats", t_diskstats},
    {"swaps", t_swaps},
    {"interrupts", t_interrupts},
    {"modules", t_modules},
    {"hostname", t_hostname},
    {"uuid", t_uuid},
    {"file-nr", t_file_nr},
    {"vmstat", t_vmstat},
};

bool proc_text(struct gen *g, const char *name)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(texts[i].name, name) == 0) {
            texts[i].text(g);
            return true;
        }
    return false;
}
