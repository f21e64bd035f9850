/* persona.c -- one coherent description of the server that does not exist.
 *
 * Facts that belong together are drawn together: a processor comes with its
 * own flags, a hypervisor with its firmware, disk names and the address prefix
 * of its network cards.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/persona.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "base/str.h"

/* --- what is drawn from ------------------------------------------------------ */
#define FLAGS_BASE                                                                                 \
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr "    \
    "sse sse2 "
#define FLAGS_SKYLAKE                                                                              \
    FLAGS_BASE                                                                                     \
    "ss syscall nx pdpe1gb rdtscp lm constant_tsc rep_good nopl xtopology cpuid tsc_known_freq "   \
    "pni pclmulqdq ssse3 fma cx16 pcid sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes "  \
    "xsave avx f16c rdrand hypervisor lahf_lm abm 3dnowprefetch cpuid_fault invpcid_single pti "   \
    "ssbd ibrs ibpb fsgsbase tsc_adjust bmi1 hle avx2 smep bmi2 erms invpcid rtm mpx avx512f "     \
    "avx512dq rdseed adx smap clflushopt clwb avx512cd avx512bw avx512vl xsaveopt xsavec xgetbv1 " \
    "xsaves arat pku ospke md_clear"
#define FLAGS_CASCADE                                                                              \
    FLAGS_BASE                                                                                     \
    "ss syscall nx pdpe1gb rdtscp lm constant_tsc arch_perfmon rep_good nopl xtopology cpuid "     \
    "tsc_known_freq pni pclmulqdq vmx ssse3 fma cx16 pdcm pcid sse4_1 sse4_2 x2apic movbe popcnt " \
    "tsc_deadline_timer aes xsave avx f16c rdrand hypervisor lahf_lm abm 3dnowprefetch "           \
    "cpuid_fault invpcid_single ssbd ibrs ibpb stibp ibrs_enhanced tpr_shadow vnmi flexpriority "  \
    "ept vpid ept_ad fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms invpcid mpx avx512f avx512dq "   \
    "rdseed adx smap clflushopt clwb avx512cd avx512bw avx512vl xsaveopt xsavec xgetbv1 xsaves "   \
    "arat umip pku ospke avx512_vnni md_clear arch_capabilities"
#define FLAGS_BROADWELL                                                                            \
    FLAGS_BASE                                                                                     \
    "ss syscall nx rdtscp lm constant_tsc rep_good nopl xtopology cpuid tsc_known_freq pni "       \
    "pclmulqdq ssse3 fma cx16 pcid sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes "      \
    "xsave avx f16c rdrand hypervisor lahf_lm abm 3dnowprefetch cpuid_fault invpcid_single pti "   \
    "ssbd ibrs ibpb fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms invpcid rdseed adx smap "         \
    "xsaveopt arat md_clear"
#define FLAGS_ROME                                                                                 \
    FLAGS_BASE                                                                                     \
    "ht syscall nx mmxext fxsr_opt pdpe1gb rdtscp lm rep_good nopl xtopology cpuid extd_apicid "   \
    "tsc_known_freq pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe popcnt "               \
    "tsc_deadline_timer aes xsave avx f16c rdrand hypervisor lahf_lm cmp_legacy cr8_legacy abm "   \
    "sse4a misalignsse 3dnowprefetch osvw topoext perfctr_core ssbd ibrs ibpb stibp vmmcall "      \
    "fsgsbase tsc_adjust bmi1 avx2 smep bmi2 rdseed adx smap clflushopt clwb sha_ni xsaveopt "     \
    "xsavec xgetbv1 xsaves clzero xsaveerptr wbnoinvd arat umip rdpid"

static const struct cpu_model {
    const char *vendor, *name, *flags;
    unsigned family, model, stepping, cache_kib;
    unsigned mhz_lo, mhz_hi; /* in kHz/1000 steps: the nominal clock differs by host */
    const char *microcode;
} cpus[] = {
    {"GenuineIntel", "Intel Xeon Processor (Skylake, IBRS)", FLAGS_SKYLAKE, 6, 85, 4, 16384, 2095,
     2295, "0x1"},
    {"GenuineIntel", "Intel Xeon Processor (Cascadelake)", FLAGS_CASCADE, 6, 85, 6, 16384, 2394,
     2594, "0x1"},
    {"GenuineIntel", "Intel Core Processor (Broadwell, IBRS)", FLAGS_BROADWELL, 6, 61, 2, 16384,
     2094, 2594, "0x1"},
    {"GenuineIntel", "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", FLAGS_CASCADE, 6, 85, 7, 28160,
     2494, 2495, "0x5003604"},
    {"GenuineIntel", "Intel(R) Xeon(R) CPU E5-2650 v4 @ 2.20GHz", FLAGS_BROADWELL, 6, 79, 1, 30720,
     2194, 2200, "0xb000040"},
    {"AuthenticAMD", "AMD EPYC-Rome Processor", FLAGS_ROME, 23, 49, 0, 512, 2245, 2445,
     "0x1000065"},
    {"AuthenticAMD", "AMD EPYC 7402P 24-Core Processor", FLAGS_ROME, 23, 49, 0, 512, 2794, 2799,
     "0x830107c"},
};

static const struct platform {
    const char *hypervisor, *sys_vendor, *product, *bios_vendor, *bios_version, *bios_date;
    const char *disk, *net_if, *oui;
} platforms[] = {
    {"KVM", "QEMU", "Standard PC (i440FX + PIIX, 1996)", "SeaBIOS", "1.16.2-debian-1.16.2-1",
     "04/01/2014", "vda", "ens3", "52:54:00"},
    {"KVM", "QEMU", "Standard PC (Q35 + ICH9, 2009)", "SeaBIOS",
     "rel-1.16.3-0-ga6ed6b701f0a-prebuilt", "04/01/2014", "sda", "ens18", "bc:24:11"},
    {"KVM", "QEMU", "Standard PC (i440FX + PIIX, 1996)", "SeaBIOS",
     "rel-1.16.1-0-g3208b098f51a-prebuilt", "04/01/2014", "sda", "eth0", "52:54:00"},
    {"VMware", "VMware, Inc.", "VMware Virtual Platform", "Phoenix Technologies LTD", "6.00",
     "11/12/2020", "sda", "ens192", "00:50:56"},
    {"VMware", "VMware, Inc.", "VMware7,1", "VMware, Inc.", "VMW71.00V.21100432.B64.2301110304",
     "01/11/2023", "sda", "ens33", "00:0c:29"},
    {"KVM", "OpenStack Foundation", "OpenStack Nova", "SeaBIOS", "1.15.0-1", "04/01/2014", "vda",
     "ens3", "fa:16:3e"},
};

/* Releases of Debian 12, for images that do not say which they are. */
static const struct release {
    const char *debian, *kernel, *version, *ssh;
} releases[] = {
    {"12.9", "6.1.0-30-amd64", "6.1.124-1 (2025-01-12)", "OpenSSH_9.2p1 Debian-2+deb12u4"},
    {"12.10", "6.1.0-34-amd64", "6.1.135-1 (2025-04-25)", "OpenSSH_9.2p1 Debian-2+deb12u6"},
    {"12.11", "6.1.0-37-amd64", "6.1.140-1 (2025-05-22)", "OpenSSH_9.2p1 Debian-2+deb12u6"},
    {"12.12", "6.1.0-40-amd64", "6.1.153-1 (2025-09-20)", "OpenSSH_9.2p1 Debian-2+deb12u7"},
};

static const char *const roles[] = {"web",  "app",   "db",    "srv",  "mail", "node",  "vps",
                                    "prod", "files", "proxy", "mon",  "git",  "ns",    "build",
                                    "www",  "api",   "cache", "edge", "host", "backup"};
static const char *const domains[] = {"internal", "local", "lan", "localdomain", "corp", "net"};
static const char *const users[] = {"admin",  "debian", "deploy", "alex",   "thomas", "sysop",
                                    "martin", "peter",  "anna",   "daniel", "webadm", "ops"};
static const char *const zones[] = {"Etc/UTC",      "Europe/Berlin",    "Europe/Amsterdam",
                                    "Europe/Paris", "America/New_York", "Europe/London",
                                    "Etc/UTC",      "Etc/UTC",          "Asia/Singapore"};
#define PICK(r, list) (&(list)[rng_below((r), sizeof(list) / sizeof((list)[0]))])
#define SET(field, ...) ((void)str_fmt((field), sizeof(field), __VA_ARGS__))

/* --- drawing ------------------------------------------------------------------------ */
static void draw_uuid(struct rng *r, char *out, size_t n)
{
    uint8_t b[16];
    rng_fill(r, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)str_fmt(out, n, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                  b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                  b[13], b[14], b[15]);
}

/* A yescrypt hash of a password that nobody knows: salt and digest in crypt's
 * alphabet, with the parameters of Debian 12. */
static void draw_hash(struct rng *r, char *out, size_t n)
{
    static const char alphabet[] =
        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char salt[23] = {0}, digest[44] = {0};
    for (int i = 0; i < 22; i++)
        salt[i] = alphabet[rng_below(r, i == 21 ? 4 : 64)];
    for (int i = 0; i < 43; i++)
        digest[i] = alphabet[rng_below(r, i == 42 ? 16 : 64)];
    (void)str_fmt(out, n, "$y$j9T$%s$%s", salt, digest);
}

static void draw_cpu(struct persona *p, struct rng *r)
{
    const struct cpu_model *m = PICK(r, cpus);
    struct persona_cpu *c = &p->cpu;
    SET(c->vendor, "%s", m->vendor);
    SET(c->model_name, "%s", m->name);
    SET(c->flags, "%s", m->flags);
    SET(c->microcode, "%s", m->microcode);
    c->family = m->family;
    c->model = m->model;
    c->stepping = m->stepping;
    c->cache_kib = m->cache_kib;
    c->threads_per_core = 1;
    static const unsigned counts[] = {1, 2, 2, 2, 4, 4, 4, 8};
    c->count = *PICK(r, counts);
    c->mhz = (double)rng_range(r, m->mhz_lo * INT64_C(1000), m->mhz_hi * INT64_C(1000)) / 1000;
    c->bogomips = (double)(int64_t)(c->mhz * 200) / 100;
}

static void draw_size(struct persona *p, struct rng *r)
{
    /* What the kernel keeps for itself is missing from MemTotal. */
    uint64_t gib = (uint64_t)p->cpu.count * (rng_below(r, 3) ? 2 : 4);
    p->mem_kib = gib * 1048576 - gib * 9000 - 24000 - rng_below(r, 9000);
    p->mem_kib &= ~UINT64_C(3);
    p->swap_kib = rng_below(r, 3) ? 0 : 1048576 - 4;
    static const unsigned disks[] = {20, 25, 40, 40, 50, 80, 80, 100, 160};
    uint64_t disk = *PICK(r, disks);
    p->disk_bytes = disk << 30;
    p->root_used_bytes = ((UINT64_C(2) << 30) + rng_below(r, (disk / 4) << 30)) & ~UINT64_C(4095);
}

static void draw_net(struct persona *p, const struct platform *pl, struct rng *r)
{
    SET(p->net_if, "%s", pl->net_if);
    SET(p->mac, "%s:%02x:%02x:%02x", pl->oui, (unsigned)rng_below(r, 256),
        (unsigned)rng_below(r, 256), (unsigned)rng_below(r, 256));
    unsigned a, b, c;
    switch (rng_below(r, 3)) {
    case 0:
        a = 10, b = (unsigned)rng_below(r, 256), c = (unsigned)rng_below(r, 256);
        break;
    case 1:
        a = 172, b = 16 + (unsigned)rng_below(r, 16), c = (unsigned)rng_below(r, 256);
        break;
    default:
        a = 192, b = 168, c = (unsigned)rng_below(r, 256);
    }
    p->prefix4 = 24;
    SET(p->ip4, "%u.%u.%u.%u", a, b, c, 5 + (unsigned)rng_below(r, 240));
    SET(p->gateway4, "%u.%u.%u.1", a, b, c);
    if (rng_below(r, 2))
        SET(p->dns4, "%s", p->gateway4);
    else
        SET(p->dns4, "%s", rng_below(r, 2) ? "1.1.1.1" : "8.8.8.8");
    p->ip6[0] = 0;
}

/* One property of the image, its last line end cut off; false if it has none. */
static bool property(const struct vfs_image *im, const char *key, char *out, size_t n)
{
    size_t len;
    const char *t = im ? vfs_image_text(im, key, &len) : NULL;
    if (!t || !*t)
        return false;
    (void)str_fmt(out, n, "%.*s", (int)strcspn(t, "\n"), t);
    return true;
}

static void draw_versions(struct persona *p, const struct vfs_image *im, struct rng *r)
{
    char text[256];
    const struct release *rel = PICK(r, releases);
    if (!property(im, "property:debian-version", p->debian_version, sizeof(p->debian_version)))
        SET(p->debian_version, "%s", rel->debian);
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
        if (strcmp(p->debian_version, releases[i].debian) == 0)
            rel = &releases[i];
    if (property(im, "property:sshd-version", text, sizeof(text)))
        SET(p->ssh_version, "OpenSSH_%.50s", text);
    else
        SET(p->ssh_version, "%s", rel->ssh);
    SET(p->kernel_release, "%s", rel->kernel);
    SET(p->kernel_version, "#1 SMP PREEMPT_DYNAMIC Debian %s", rel->version);
    /* "6.1.0-37-amd64 (maintainer) #1 SMP ... Debian 6.1.140-1 (date)" */
    const char *from;
    if (property(im, "property:kernel-string", text, sizeof(text)) && (from = strchr(text, '#')) &&
        property(im, "property:kernel", p->kernel_release, sizeof(p->kernel_release)))
        SET(p->kernel_version, "%.127s", from);
}

/* The disk says when it was installed; the machine came up after that. */
static void draw_times(struct persona *p, const struct vfs_image *im, int64_t now, struct rng *r)
{
    const int64_t day = INT64_C(86400000000);
    char text[32];
    int64_t made;
    p->boot_real_us = now - rng_range(r, 3 * day, 120 * day);
    p->install_real_us = p->boot_real_us - rng_range(r, 20 * day, 300 * day);
    if (!property(im, "property:installed", text, sizeof(text)) ||
        str_int(text, 1, INT64_MAX / 1000000, &made) < 0)
        return;
    made *= 1000000;
    if (made + day < now) {
        p->install_real_us = made;
        int64_t earliest = made + (now - made) / 3;
        if (p->boot_real_us < earliest)
            p->boot_real_us = earliest + rng_range(r, 0, (now - earliest) / 2);
    }
}

void persona_draw(struct persona *p, uint64_t seed, int64_t now_real_us, const struct vfs_image *im)
{
    struct rng r = rng_named(seed, "persona");
    memset(p, 0, sizeof(*p));
    p->seed = seed;
    const struct platform *pl = PICK(&r, platforms);
    unsigned n = 1 + (unsigned)rng_below(&r, 12);
    switch (rng_below(&r, 4)) {
    case 0:
        SET(p->hostname, "%s%02u", *PICK(&r, roles), n);
        break;
    case 1:
        SET(p->hostname, "%s-%02u", *PICK(&r, roles), n);
        break;
    case 2:
        SET(p->hostname, "%s%u", *PICK(&r, roles), n);
        break;
    default:
        SET(p->hostname, "%s-%s%u", *PICK(&r, roles), *PICK(&r, roles), n);
    }
    SET(p->domain, "%s", *PICK(&r, domains));
    char id[37];
    draw_uuid(&r, id, sizeof(id));
    for (size_t i = 0, k = 0; id[i]; i++)
        if (id[i] != '-')
            p->machine_id[k++] = id[i];
    draw_uuid(&r, p->boot_id, sizeof(p->boot_id));
    draw_uuid(&r, p->root_uuid, sizeof(p->root_uuid));
    draw_uuid(&r, p->swap_uuid, sizeof(p->swap_uuid));
    draw_versions(p, im, &r);
    SET(p->timezone, "%s", *PICK(&r, zones));
    SET(p->locale, "en_US.UTF-8");
    draw_cpu(p, &r);
    draw_size(p, &r);
    SET(p->disk_name, "%s", pl->disk);
    draw_net(p, pl, &r);
    SET(p->hypervisor, "%s", pl->hypervisor);
    SET(p->product, "%s", pl->product);
    SET(p->sys_vendor, "%s", pl->sys_vendor);
    SET(p->bios_vendor, "%s", pl->bios_vendor);
    SET(p->bios_version, "%.31s", pl->bios_version);
    SET(p->bios_date, "%s", pl->bios_date);
    draw_times(p, im, now_real_us, &r);
    draw_hash(&r, p->root_hash, sizeof(p->root_hash));
    SET(p->user, "%s", *PICK(&r, users));
    draw_hash(&r, p->user_hash, sizeof(p->user_hash));
}

/* --- text form -------------------------------------------------------------------------- */
enum field_type { F_TEXT, F_UINT, F_U64, F_I64, F_DOUBLE };

#define TEXT(name)                                                                                 \
    {                                                                                              \
#name, F_TEXT, offsetof(struct persona, name), sizeof(((struct persona *)0)->name)         \
    }
#define CPU_TEXT(name)                                                                             \
    {                                                                                              \
        "cpu_" #name, F_TEXT, offsetof(struct persona, cpu.name),                                  \
            sizeof(((struct persona *)0)->cpu.name)                                                \
    }
#define NUM(name, type)                                                                            \
    {                                                                                              \
#name, type, offsetof(struct persona, name), 0                                             \
    }
#define CPU_NUM(name, type)                                                                        \
    {                                                                                              \
        "cpu_" #name, type, offsetof(struct persona, cpu.name), 0                                  \
    }

static const struct field {
    const char *key;
    enum field_type type;
    size_t at, size;
} fields[] = {
    NUM(seed, F_U64),
    TEXT(hostname),
    TEXT(domain),
    TEXT(machine_id),
    TEXT(boot_id),
    TEXT(kernel_release),
    TEXT(kernel_version),
    TEXT(debian_version),
    TEXT(ssh_version),
    TEXT(timezone),
    TEXT(locale),
    CPU_TEXT(vendor),
    CPU_TEXT(model_name),
    CPU_NUM(family, F_UINT),
    CPU_NUM(model, F_UINT),
    CPU_NUM(stepping, F_UINT),
    CPU_NUM(count, F_UINT),
    CPU_NUM(threads_per_core, F_UINT),
    CPU_NUM(mhz, F_DOUBLE),
    CPU_NUM(cache_kib, F_UINT),
    CPU_TEXT(flags),
    CPU_TEXT(microcode),
    CPU_NUM(bogomips, F_DOUBLE),
    NUM(mem_kib, F_U64),
    NUM(swap_kib, F_U64),
    TEXT(disk_name),
    NUM(disk_bytes, F_U64),
    NUM(root_used_bytes, F_U64),
    TEXT(root_uuid),
    TEXT(swap_uuid),
    TEXT(net_if),
    TEXT(mac),
    TEXT(ip4),
    TEXT(gateway4),
    TEXT(dns4),
    NUM(prefix4, F_UINT),
    TEXT(ip6),
    TEXT(hypervisor),
    TEXT(product),
    TEXT(sys_vendor),
    TEXT(bios_vendor),
    TEXT(bios_version),
    TEXT(bios_date),
    NUM(boot_real_us, F_I64),
    NUM(install_real_us, F_I64),
    TEXT(root_hash),
    TEXT(user),
    TEXT(user_hash),
};

enum { NFIELDS = sizeof(fields) / sizeof(fields[0]) };

unsigned persona_disk_major(const struct persona *p)
{
    return str_starts(p->disk_name, "nvme") ? 259 : p->disk_name[0] == 'v' ? 254 : 8;
}

int persona_print(const struct persona *p, char *out, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < NFIELDS; i++) {
        const struct field *f = &fields[i];
        const char *v = (const char *)p + f->at;
        char num[32] = "";
        unsigned u;
        uint64_t u64;
        int64_t i64;
        double d;
        switch (f->type) {
        case F_TEXT:
            break;
        case F_UINT:
            memcpy(&u, v, sizeof(u));
            SET(num, "%u", u);
            break;
        case F_U64:
            memcpy(&u64, v, sizeof(u64));
            SET(num, "%llu", (unsigned long long)u64);
            break;
        case F_I64:
            memcpy(&i64, v, sizeof(i64));
            SET(num, "%lld", (long long)i64);
            break;
        case F_DOUBLE:
            memcpy(&d, v, sizeof(d));
            SET(num, "%.3f", d);
            break;
        }
        if (!str_fmt(out + at, n - at, "%s = %s\n", f->key, f->type == F_TEXT ? v : num))
            return ERR_LIMIT;
        at += strlen(out + at);
    }
    return 0;
}

static int field_set(struct persona *p, const struct field *f, const char *text)
{
    char *to = (char *)p + f->at;
    int64_t v;
    double d;
    int err;
    switch (f->type) {
    case F_TEXT:
        return str_copy(to, f->size, text) ? 0 : ERR_RANGE;
    case F_DOUBLE:
        err = str_double(text, 0, 1e6, &d);
        if (err == 0)
            memcpy(to, &d, sizeof(d));
        return err;
    case F_U64: { /* a seed may use all 64 bits */
        uint64_t u = 0;
        if (!*text)
            return ERR_FORMAT;
        for (const char *c = text; *c; c++) {
            if (*c < '0' || *c > '9')
                return ERR_FORMAT;
            if (__builtin_mul_overflow(u, 10, &u) || __builtin_add_overflow(u, *c - '0', &u))
                return ERR_RANGE;
        }
        memcpy(to, &u, sizeof(u));
        return 0;
    }
    case F_UINT:
        err = str_int(text, 0, 1 << 30, &v);
        if (err == 0)
            memcpy(to, &(unsigned){(unsigned)v}, sizeof(unsigned));
        return err;
    default:
        err = str_int(text, INT64_MIN, INT64_MAX, &v);
        if (err == 0)
            memcpy(to, &v, sizeof(v));
        return err;
    }
}

/* Values that other code relies on. */
static const char *check(const struct persona *p)
{
    unsigned char ip[16];
    unsigned m[6];
    if (!p->hostname[0] || strpbrk(p->hostname, " /\t"))
        return "hostname";
    if (p->cpu.count < 1 || p->cpu.count > 512)
        return "cpu_count";
    if (p->mem_kib < 65536)
        return "mem_kib";
    if (p->disk_bytes < UINT64_C(1) << 30 || p->root_used_bytes >= p->disk_bytes)
        return "disk_bytes";
    if (inet_pton(AF_INET, p->ip4, ip) != 1 || inet_pton(AF_INET, p->gateway4, ip) != 1 ||
        p->prefix4 > 32)
        return "ip4";
    if (sscanf(p->mac, "%2x:%2x:%2x:%2x:%2x:%2x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6 ||
        (m[0] & 1))
        return "mac";
    if (strlen(p->machine_id) != 32)
        return "machine_id";
    if (!p->disk_name[0] || strchr(p->disk_name, '/') || !p->net_if[0] || strchr(p->net_if, '/'))
        return "disk_name";
    return NULL;
}

int persona_parse(struct persona *p, const char *text, char *why, size_t why_n)
{
    struct persona got = {0};
    bool seen[NFIELDS] = {0};
    int line_no = 0;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        char line[2048];
        line_no++;
        if (!str_fmt(line, sizeof(line), "%.*s", (int)len, at)) {
            (void)str_fmt(why, why_n, "line %d is too long", line_no);
            return ERR_RANGE;
        }
        at += len + (at[len] == '\n');
        if (!line[0] || line[0] == '#')
            continue;
        char *eq = strchr(line, '=');
        size_t key_n = eq ? (size_t)(eq - line) : 0;
        while (key_n && line[key_n - 1] == ' ')
            key_n--;
        size_t i = 0;
        while (i < NFIELDS &&
               (strlen(fields[i].key) != key_n || memcmp(fields[i].key, line, key_n) != 0))
            i++;
        if (!eq || i == NFIELDS) {
            (void)str_fmt(why, why_n, "line %d: unknown key", line_no);
            return ERR_FORMAT;
        }
        int err = field_set(&got, &fields[i], eq + 1 + strspn(eq + 1, " "));
        if (err < 0) {
            (void)str_fmt(why, why_n, "line %d: bad value of %s", line_no, fields[i].key);
            return err;
        }
        seen[i] = true;
    }
    for (size_t i = 0; i < NFIELDS; i++)
        if (!seen[i]) {
            (void)str_fmt(why, why_n, "%s is missing", fields[i].key);
            return ERR_FORMAT;
        }
    const char *bad = check(&got);
    if (bad) {
        (void)str_fmt(why, why_n, "the value of %s makes no sense", bad);
        return ERR_RANGE;
    }
    *p = got;
    return 0;
}
