/* sysfs.c -- /sys and /dev/pts.
 *
 * /sys is an image made once per world and read through; only counters and the
 * like are generated (files that begin with \1, as in /proc).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <dirent.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "vm/gen.h"
#include "vm/skel.h"

/* --- the tree ------------------------------------------------------------------ */
static void net_class(struct maker *k, const char *name, const char *mac, unsigned index, bool lo)
{
    const struct {
        const char *file, *value;
    } fixed[] = {{"address", mac},
                 {"addr_len", "6"},
                 {"broadcast", lo ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff"},
                 {"carrier", "1"},
                 {"dormant", "0"},
                 {"flags", lo ? "0x9" : "0x1003"},
                 {"mtu", lo ? "65536" : "1500"},
                 {"operstate", lo ? "unknown" : "up"},
                 {"tx_queue_len", "1000"},
                 {"type", lo ? "772" : "1"},
                 {"link_mode", "0"},
                 {"netdev_group", "0"},
                 {"proto_down", "0"}};
    static const char *const counters[] = {"rx_bytes", "rx_packets", "tx_bytes", "tx_packets"};
    static const char *const zeros[] = {"collisions", "multicast", "rx_dropped",   "rx_errors",
                                        "tx_dropped", "tx_errors", "rx_crc_errors"};
    char path[160], live[64], base[96];
    str_fmt(base, sizeof(base), "/devices/%s/net/%s",
            lo ? "virtual" : "pci0000:00/0000:00:03.0/virtio0", name);
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        str_fmt(path, sizeof(path), "%s/%s", base, fixed[i].file);
        mk_text(k, path, 0444, "%s\n", fixed[i].value);
    }
    str_fmt(path, sizeof(path), "%s/ifindex", base);
    mk_text(k, path, 0444, "%u\n", index);
    if (!lo) {
        str_fmt(path, sizeof(path), "%s/speed", base);
        mk_text(k, path, 0444, "-1\n");
        str_fmt(path, sizeof(path), "%s/duplex", base);
        mk_text(k, path, 0444, "unknown\n");
    }
    for (size_t i = 0; i < 4; i++) {
        str_fmt(path, sizeof(path), "%s/statistics/%s", base, counters[i]);
        str_fmt(live, sizeof(live), "%s/%s", lo ? "lo" : "if", counters[i]);
        mk_live(k, path, 0444, live);
    }
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++) {
        str_fmt(path, sizeof(path), "%s/statistics/%s", base, zeros[i]);
        mk_text(k, path, 0444, "0\n");
    }
    str_fmt(path, sizeof(path), "/class/net/%s", name);
    str_fmt(live, sizeof(live), "../..%s", base);
    mk_link(k, path, live);
}

static void dmi(struct maker *k, const struct persona *pe)
{
    uint64_t h = hash_fixed("dmi", 3, pe->seed);
    const struct {
        const char *file, *value;
        uint32_t mode;
    } rows[] = {{"bios_date", pe->bios_date, 0444},
                {"bios_release", "0.0", 0444},
                {"bios_vendor", pe->bios_vendor, 0444},
                {"bios_version", pe->bios_version, 0444},
                {"chassis_type", "1", 0444},
                {"chassis_vendor", pe->sys_vendor, 0444},
                {"chassis_version", "pc-i440fx-7.2", 0444},
                {"product_family", "", 0444},
                {"product_name", pe->product, 0444},
                {"product_sku", "", 0444},
                {"product_version", "pc-i440fx-7.2", 0444},
                {"sys_vendor", pe->sys_vendor, 0444},
                {"board_vendor", pe->sys_vendor, 0444},
                {"board_name", "", 0444},
                {"chassis_serial", "", 0400},
                {"product_serial", "", 0400},
                {"board_serial", "", 0400}};
    char path[96];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        str_fmt(path, sizeof(path), "/devices/virtual/dmi/id/%s", rows[i].file);
        mk_text(k, path, rows[i].mode, "%s\n", rows[i].value);
    }
    mk_text(k, "/devices/virtual/dmi/id/product_uuid", 0400, "%08x-%04x-4%03x-a%03x-%012llx\n",
            (unsigned)h, (unsigned)(h >> 32 & 0xffff), (unsigned)(h >> 48 & 0xfff),
            (unsigned)(h >> 12 & 0xfff), (unsigned long long)(h * 31 & 0xffffffffffff));
    mk_text(k, "/devices/virtual/dmi/id/modalias", 0444, "dmi:bvn%s:bvr%s:bd%s:svn%s:pn%s:\n",
            pe->bios_vendor, pe->bios_version, pe->bios_date, pe->sys_vendor, pe->product);
    mk_link(k, "/class/dmi/id", "../../devices/virtual/dmi/id");
    mk_text(k, "/hypervisor/type", 0444, "%s\n", pe->hypervisor);
}

static void disks(struct maker *k, const struct persona *pe)
{
    char base[80], path[160], target[160];
    unsigned maj = persona_disk_major(pe);
    unsigned long long sectors = pe->disk_bytes / 512;
    str_fmt(base, sizeof(base), "/devices/pci0000:00/0000:00:04.0/virtio1/block/%s", pe->disk_name);
#define FILE_OF(name, ...)                                                                         \
    do {                                                                                           \
        str_fmt(path, sizeof(path), "%s/%s", base, name);                                          \
        mk_text(k, path, 0444, __VA_ARGS__);                                                       \
    } while (0)
    FILE_OF("size", "%llu\n", sectors);
    FILE_OF("dev", "%u:0\n", maj);
    FILE_OF("ro", "0\n");
    FILE_OF("removable", "0\n");
    FILE_OF("alignment_offset", "0\n");
    FILE_OF("queue/rotational", "%d\n", pe->disk_name[0] == 's');
    FILE_OF("queue/logical_block_size", "512\n");
    FILE_OF("queue/physical_block_size", "512\n");
    FILE_OF("queue/scheduler", "[mq-deadline] none\n");
    FILE_OF("queue/nr_requests", "256\n");
    FILE_OF("device/vendor", "0x1af4\n");
    FILE_OF("uevent", "MAJOR=%u\nMINOR=0\nDEVNAME=%s\nDEVTYPE=disk\n", maj, pe->disk_name);
    unsigned long long swap = pe->swap_kib ? (pe->swap_kib + 1028) * 2 : 0;
    const char *sep = pe->disk_name[0] == 'n' ? "p" : "";
    for (unsigned i = 1; i <= (swap ? 2u : 1u); i++) {
        char name[48];
        str_fmt(name, sizeof(name), "%s%s%u/size", pe->disk_name, sep, i);
        FILE_OF(name, "%llu\n", i == 1 ? sectors - 2048 - swap : (pe->swap_kib + 4) * 2ULL);
        str_fmt(name, sizeof(name), "%s%s%u/partition", pe->disk_name, sep, i);
        FILE_OF(name, "%u\n", i);
        str_fmt(name, sizeof(name), "%s%s%u/start", pe->disk_name, sep, i);
        FILE_OF(name, "%llu\n", i == 1 ? 2048ULL : sectors - swap);
        str_fmt(name, sizeof(name), "%s%s%u/dev", pe->disk_name, sep, i);
        FILE_OF(name, "%u:%u\n", maj, i);
        str_fmt(path, sizeof(path), "/class/block/%s%s%u", pe->disk_name, sep, i);
        str_fmt(target, sizeof(target), "../..%s/%s%s%u", base, pe->disk_name, sep, i);
        mk_link(k, path, target);
    }
    str_fmt(path, sizeof(path), "/block/%s", pe->disk_name);
    str_fmt(target, sizeof(target), "..%s", base);
    mk_link(k, path, target);
    str_fmt(path, sizeof(path), "/class/block/%s", pe->disk_name);
    str_fmt(target, sizeof(target), "../..%s", base);
    mk_link(k, path, target);
#undef FILE_OF
}

static void processors(struct maker *k, const struct persona *pe)
{
    static const struct {
        const char *name, *intel, *amd;
    } bugs[] = {
        {"itlb_multihit", "KVM: Mitigation: VMX unsupported", "Not affected"},
        {"l1tf", "Not affected", "Not affected"},
        {"mds", "Not affected", "Not affected"},
        {"meltdown", "Not affected", "Not affected"},
        {"mmio_stale_data",
         "Vulnerable: Clear CPU buffers attempted, no microcode; SMT Host state unknown",
         "Not affected"},
        {"retbleed", "Mitigation; Enhanced IBRS",
         "Mitigation; untrained return thunk; SMT disabled"},
        {"spec_store_bypass", "Mitigation; Speculative Store Bypass disabled via prctl",
         "Mitigation; Speculative Store Bypass disabled via prctl"},
        {"spectre_v1", "Mitigation; usercopy/swapgs barriers and __user pointer sanitization",
         "Mitigation; usercopy/swapgs barriers and __user pointer sanitization"},
        {"spectre_v2", "Mitigation; Enhanced / Automatic IBRS; IBPB conditional; RSB filling",
         "Mitigation; Retpolines; IBPB conditional; IBRS_FW; STIBP disabled; RSB filling"},
        {"srbds", "Not affected", "Not affected"},
        {"tsx_async_abort", "Not affected", "Not affected"}};
    bool amd = strcmp(pe->cpu.vendor, "AuthenticAMD") == 0;
    unsigned n = pe->cpu.count;
    char path[96], range[16];
    str_fmt(range, sizeof(range), n > 1 ? "0-%u" : "%u", n - 1);
    static const char *const lists[] = {"online", "possible", "present"};
    for (size_t i = 0; i < 3; i++) {
        str_fmt(path, sizeof(path), "/devices/system/cpu/%s", lists[i]);
        mk_text(k, path, 0444, "%s\n", range);
    }
    mk_text(k, "/devices/system/cpu/offline", 0444, "\n");
    mk_text(k, "/devices/system/cpu/kernel_max", 0444, "8191\n");
    mk_text(k, "/devices/system/cpu/isolated", 0444, "\n");
    mk_text(k, "/devices/system/cpu/smt/active", 0444, "0\n");
    mk_text(k, "/devices/system/cpu/smt/control", 0644, "notsupported\n");
    mk_text(k, "/devices/system/node/node0/cpulist", 0444, "%s\n", range);
    mk_text(k, "/devices/system/node/online", 0444, "0\n");
    for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
        str_fmt(path, sizeof(path), "/devices/system/cpu/vulnerabilities/%s", bugs[i].name);
        mk_text(k, path, 0444, "%s\n", amd ? bugs[i].amd : bugs[i].intel);
    }
    for (unsigned c = 0; c < n; c++) {
        str_fmt(path, sizeof(path), "/devices/system/cpu/cpu%u/topology/core_id", c);
        mk_text(k, path, 0444, "%u\n", c);
        str_fmt(path, sizeof(path), "/devices/system/cpu/cpu%u/topology/physical_package_id", c);
        mk_text(k, path, 0444, "0\n");
        str_fmt(path, sizeof(path), "/devices/system/cpu/cpu%u/topology/thread_siblings_list", c);
        mk_text(k, path, 0444, "%u\n", c);
        if (c) {
            str_fmt(path, sizeof(path), "/devices/system/cpu/cpu%u/online", c);
            mk_text(k, path, 0644, "1\n");
        }
    }
}

void sys_tree(struct maker *k, struct vm_world *w)
{
    const struct persona *pe = w->conf.persona;
    static const char *const dirs[] = {"/block",
                                       "/bus/pci/devices",
                                       "/bus/usb",
                                       "/class/net",
                                       "/class/tty",
                                       "/class/thermal",
                                       "/class/power_supply",
                                       "/dev/block",
                                       "/dev/char",
                                       "/firmware/acpi",
                                       "/fs/cgroup",
                                       "/fs/ext4",
                                       "/fs/bpf",
                                       "/fs/pstore",
                                       "/fs/fuse/connections",
                                       "/kernel/debug",
                                       "/kernel/mm",
                                       "/kernel/security",
                                       "/kernel/tracing",
                                       "/kernel/config",
                                       "/module",
                                       "/power"};
    mk_dir(k, "/", 0555);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        mk_dir(k, dirs[i], 0755);
    net_class(k, "lo", "00:00:00:00:00:00", 1, true);
    net_class(k, pe->net_if, pe->mac, 2, false);
    dmi(k, pe);
    disks(k, pe);
    processors(k, pe);
    mk_text(k, "/kernel/mm/transparent_hugepage/enabled", 0644, "[always] madvise never\n");
    mk_text(k, "/kernel/uevent_seqnum", 0444, "1543\n");
    mk_text(k, "/power/state", 0644, "freeze mem disk\n");
    mk_text(k, "/fs/cgroup/cgroup.controllers", 0444,
            "cpuset cpu io memory hugetlb pids rdma misc\n");
    mk_text(k, "/fs/cgroup/cgroup.subtree_control", 0644, "cpuset cpu io memory pids\n");
    mk_dir(k, "/fs/cgroup/init.scope", 0755);
    mk_dir(k, "/fs/cgroup/system.slice", 0755);
    mk_dir(k, "/fs/cgroup/user.slice", 0755);
    mk_text(k, "/devices/system/clocksource/clocksource0/current_clocksource", 0644, "kvm-clock\n");
    mk_text(k, "/devices/system/clocksource/clocksource0/available_clocksource", 0444,
            "kvm-clock tsc acpi_pm\n");
}

/* --- operations ------------------------------------------------------------------------ */
static struct vfs_fs *shared(struct vfs_fs *fs)
{
    return ((struct gen_fs *)fs)->vm->world->skel->sys;
}

static int sys_lookup(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name, size_t n,
                      uint64_t *ino)
{
    return shared(fs)->ops->lookup(shared(fs), ctx, dir, name, n, ino);
}

static int sys_stat(struct vfs_fs *fs, void *ctx, uint64_t ino, struct vfs_stat *st)
{
    int err = shared(fs)->ops->stat(shared(fs), ctx, ino, st);
    if (err < 0)
        return err;
    st->dev = fs->dev;
    st->size = S_ISREG(st->mode) ? 4096 : 0;
    st->blocks = 0;
    return 0;
}

static int sys_readdir(struct vfs_fs *fs, void *ctx, uint64_t dir, uint64_t *cookie,
                       struct vfs_dirent *e)
{
    return shared(fs)->ops->readdir(shared(fs), ctx, dir, cookie, e);
}

static ssize_t sys_readlink(struct vfs_fs *fs, void *ctx, uint64_t ino, char *out, size_t n)
{
    return shared(fs)->ops->readlink(shared(fs), ctx, ino, out, n);
}

static uint64_t counter(const struct vm *vm, const char *name)
{
    struct net_counters c;
    gen_net_counters(vm, &c);
    bool lo = str_starts(name, "lo/"), bytes = str_ends(name, "_bytes");
    if (lo)
        return bytes ? c.lo_bytes : c.lo_packets;
    if (strstr(name, "/rx_"))
        return bytes ? c.rx_bytes : c.rx_packets;
    return bytes ? c.tx_bytes : c.tx_packets;
}

static ssize_t sys_read(struct vfs_fs *fs, void *ctx, uint64_t ino, void *p, size_t n, int64_t off)
{
    char text[64];
    ssize_t got = shared(fs)->ops->read(shared(fs), ctx, ino, text, sizeof(text) - 1, 0);
    if (got <= 0 || text[0] != 1)
        return got < 0 ? got : shared(fs)->ops->read(shared(fs), ctx, ino, p, n, off);
    text[got] = 0;
    char out[32];
    str_fmt(out, sizeof(out), "%llu\n",
            (unsigned long long)counter(((struct gen_fs *)fs)->vm, text + 1));
    return gen_slice(out, strlen(out), p, n, off);
}

/* Settings take any value and keep their own. */
static ssize_t sys_write(struct vfs_fs *fs, void *ctx, uint64_t ino, const void *p, size_t n,
                         int64_t off)
{
    (void)fs;
    (void)ctx;
    (void)ino;
    (void)p;
    (void)off;
    return (ssize_t)n;
}

const struct vfs_ops sys_ops = {
    .type = "sysfs",
    .lookup = sys_lookup,
    .stat = sys_stat,
    .readdir = sys_readdir,
    .readlink = sys_readlink,
    .read = sys_read,
    .write = sys_write,
};

/* --- /dev/pts ------------------------------------------------------------------------------ */
enum { PTS_ROOT = 1, PTS_PTMX = 2, PTS_FIRST = 3 };

static struct vm_tty *pts_tty(struct vfs_fs *fs, uint64_t ino)
{
    return ino < PTS_FIRST ? NULL
                           : tty_by_index(((struct gen_fs *)fs)->vm, (unsigned)(ino - PTS_FIRST));
}

static int pts_lookup(struct vfs_fs *fs, void *ctx, uint64_t dir, const char *name, size_t n,
                      uint64_t *ino)
{
    char text[16];
    int64_t index;
    (void)ctx;
    if (dir != PTS_ROOT)
        return -ENOTDIR;
    if (n >= sizeof(text))
        return -ENOENT;
    memcpy(text, name, n);
    text[n] = 0;
    if (strcmp(text, "..") == 0)
        *ino = PTS_ROOT;
    else if (strcmp(text, "ptmx") == 0)
        *ino = PTS_PTMX;
    else if (str_int(text, 0, 100000, &index) == 0 && pts_tty(fs, (uint64_t)index + PTS_FIRST))
        *ino = (uint64_t)index + PTS_FIRST;
    else
        return -ENOENT;
    return 0;
}

static struct timespec spec(int64_t us)
{
    return (struct timespec){us / 1000000, us % 1000000 * 1000};
}

static int pts_stat(struct vfs_fs *fs, void *ctx, uint64_t ino, struct vfs_stat *st)
{
    (void)ctx;
    struct vm *vm = ((struct gen_fs *)fs)->vm;
    struct vm_tty *t = pts_tty(fs, ino);
    int64_t boot = vm->world->conf.persona->boot_real_us;
    *st = (struct vfs_stat){.dev = fs->dev, .ino = ino, .nlink = 1, .blksize = 1024};
    st->atime = st->mtime = st->ctime = spec(boot);
    if (ino == PTS_ROOT) {
        st->mode = S_IFDIR | 0755;
        st->nlink = 2;
    } else if (ino == PTS_PTMX) {
        st->mode = S_IFCHR;
        st->rdev = makedev(5, 2);
    } else if (t) {
        st->mode = S_IFCHR | (t->mode ? t->mode : 0620);
        st->rdev = makedev(136, t->index);
        st->uid = t->uid;
        st->gid = t->gid;
        st->atime = spec(t->atime_us);
        st->mtime = spec(t->mtime_us);
        st->ctime = spec(t->ctime_us);
    } else {
        return -ENOENT;
    }
    return 0;
}

static int pts_setattr(struct vfs_fs *fs, void *ctx, uint64_t ino, const struct vfs_setattr *a)
{
    (void)ctx;
    struct vm_tty *t = pts_tty(fs, ino);
    if (!t)
        return -EPERM;
    if (a->what & VFS_SET_MODE)
        t->mode = a->mode & 07777;
    if (a->what & VFS_SET_UID)
        t->uid = a->uid;
    if (a->what & VFS_SET_GID)
        t->gid = a->gid;
    return 0;
}

static int pts_readdir(struct vfs_fs *fs, void *ctx, uint64_t dir, uint64_t *cookie,
                       struct vfs_dirent *e)
{
    static _Thread_local char name[16];
    (void)ctx;
    if (dir != PTS_ROOT)
        return -ENOTDIR;
    if (*cookie == 0) {
        *cookie = PTS_FIRST;
        *e = (struct vfs_dirent){.ino = PTS_PTMX, .type = DT_CHR, .name = "ptmx", .name_len = 4};
        return 1;
    }
    const struct vm *vm = ((struct gen_fs *)fs)->vm;
    const struct vm_tty *next = NULL; /* with the lowest index from the cookie on */
    LIST_EACH(l, &vm->ttys)
    {
        const struct vm_tty *t = LIST_ENTRY(l, struct vm_tty, in_vm);
        if (t->index + PTS_FIRST >= *cookie && (!next || t->index < next->index))
            next = t;
    }
    if (!next)
        return 0;
    *cookie = next->index + PTS_FIRST + 1;
    str_fmt(name, sizeof(name), "%u", next->index);
    *e = (struct vfs_dirent){
        .ino = next->index + PTS_FIRST, .type = DT_CHR, .name = name, .name_len = strlen(name)};
    return 1;
}

const struct vfs_ops pts_ops = {
    .type = "devpts",
    .lookup = pts_lookup,
    .stat = pts_stat,
    .readdir = pts_readdir,
    .setattr = pts_setattr,
};
