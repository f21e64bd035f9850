/* hardware.c -- the hardware as the persona has it: lscpu, lspci, lsusb,
 * dmidecode, lsblk, lsmod, dmesg.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/sys.h"

typedef unsigned long long ull;

/* --- lscpu ------------------------------------------------------------------------- */
/* A tree on terminals, long lines folded; flat otherwise. */
enum { TREE = 29, FLAT = 41 };

static void line(struct cmd_run *r, int level, const char *name, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static void line(struct cmd_run *r, int level, const char *name, const char *fmt, ...)
{
    bool tree = vm_isatty(r->p, 1);
    int width = tree ? TREE : FLAT, cols = tree ? sys_columns(r) : 0, at = 0;
    struct str b;
    va_list ap;
    str_init(&b, r->arena);
    va_start(ap, fmt);
    str_vprintf(&b, fmt, ap);
    va_end(ap);
    const char *text = str_text(&b),
               *label = vm_asprintf(r->p, "%*s%s", tree ? 2 * level : 0, "", name);
    int room = cols > width + 20 ? cols - width : (int)b.n + 1, n = (int)b.n;
    do {
        int take = n - at < room ? n - at : room;
        vf_printf(r->out, "%-*s%.*s\n", width, at ? "" : label, take, text + at);
        at += take;
    } while (at < n);
}

/* The heading of a branch: the flat form has none. */
static void heading(struct cmd_run *r, const char *name)
{
    if (vm_isatty(r->p, 1))
        vf_printf(r->out, "%-*s\n", TREE, name);
}

static const char *cache(struct cmd_run *r, unsigned kib, unsigned instances)
{
    unsigned all = kib * instances;
    const char *size = all >= 1024 && all % 512 == 0 ? vm_asprintf(r->p, "%g MiB", all / 1024.0)
                                                     : vm_asprintf(r->p, "%u KiB", all);
    return vm_asprintf(r->p, "%s (%u instance%s)", size, instances, instances > 1 ? "s" : "");
}

static void lscpu_bugs(struct cmd_run *r, bool amd)
{
    static const char *const intel[][2] = {
        {"Gather data sampling", "Unknown: Dependent on hypervisor status"},
        {"Indirect target selection", "Not affected"},
        {"Itlb multihit", "KVM: Mitigation: VMX unsupported"},
        {"L1tf", "Not affected"},
        {"Mds", "Not affected"},
        {"Meltdown", "Not affected"},
        {"Mmio stale data",
         "Vulnerable: Clear CPU buffers attempted, no microcode; SMT Host state unknown"},
        {"Reg file data sampling", "Not affected"},
        {"Retbleed", "Mitigation; Enhanced IBRS"},
        {"Spec rstack overflow", "Not affected"},
        {"Spec store bypass", "Mitigation; Speculative Store Bypass disabled via prctl"},
        {"Spectre v1", "Mitigation; usercopy/swapgs barriers and __user pointer sanitization"},
        {"Spectre v2", "Mitigation; Enhanced / Automatic IBRS; IBPB conditional; PBRSB-eIBRS SW "
                       "sequence; BHI SW loop, KVM SW loop"},
        {"Srbds", "Not affected"},
        {"Tsx async abort", "Not affected"}};
    static const char *const rome[][2] = {
        {"Gather data sampling", "Not affected"},
        {"Indirect target selection", "Not affected"},
        {"Itlb multihit", "Not affected"},
        {"L1tf", "Not affected"},
        {"Mds", "Not affected"},
        {"Meltdown", "Not affected"},
        {"Mmio stale data", "Not affected"},
        {"Reg file data sampling", "Not affected"},
        {"Retbleed", "Mitigation; untrained return thunk; SMT disabled"},
        {"Spec rstack overflow", "Mitigation; SMT disabled"},
        {"Spec store bypass", "Mitigation; Speculative Store Bypass disabled via prctl"},
        {"Spectre v1", "Mitigation; usercopy/swapgs barriers and __user pointer sanitization"},
        {"Spectre v2", "Mitigation; Retpolines; IBPB conditional; STIBP disabled; RSB filling; "
                       "PBRSB-eIBRS Not affected; BHI Not affected"},
        {"Srbds", "Not affected"},
        {"Tsx async abort", "Not affected"}};
    bool tree = vm_isatty(r->p, 1);
    heading(r, "Vulnerabilities:");
    for (size_t i = 0; i < 15; i++)
        line(r, 1,
             vm_asprintf(r->p, "%s%s:", tree ? "" : "Vulnerability ",
                         amd ? rome[i][0] : intel[i][0]),
             "%s", amd ? rome[i][1] : intel[i][1]);
}

static int lscpu_run(struct cmd_run *r)
{
    const struct persona *pe = vm_persona(r->p);
    const struct persona_cpu *c = &pe->cpu;
    bool amd = !strcmp(c->vendor, "AuthenticAMD");
    unsigned threads = c->threads_per_core ? c->threads_per_core : 1, cores = c->count / threads;
    bool tree = vm_isatty(r->p, 1);
    const char *list = c->count == 2  ? "0,1"
                       : c->count > 1 ? vm_asprintf(r->p, "0-%u", c->count - 1)
                                      : "0";
    if (cmd_has(r, 'p')) {
        vf_puts(r->out, "# The following is the parsable format, which can be fed to other\n# "
                        "programs. Each different item in every column has an unique ID\n# "
                        "starting usually from zero.\n# CPU,Core,Socket,Node,,L1d,L1i,L2,L3\n");
        for (unsigned i = 0; i < c->count; i++)
            vf_printf(r->out, "%u,%u,0,0,,%u,%u,%u,0\n", i, i / threads, i / threads, i / threads,
                      i / threads);
        return 0;
    }
    line(r, 0, "Architecture:", "x86_64");
    line(r, 1, "CPU op-mode(s):", "32-bit, 64-bit");
    line(r, 1, "Address sizes:", "40 bits physical, 48 bits virtual");
    line(r, 1, "Byte Order:", "Little Endian");
    line(r, 0, "CPU(s):", "%u", c->count);
    line(r, 1, "On-line CPU(s) list:", "%s", list);
    line(r, 0, "Vendor ID:", "%s", c->vendor);
    line(r, 1, "BIOS Vendor ID:", "%s", pe->sys_vendor);
    line(r, 1, "Model name:", "%s", c->model_name);
    line(r, 2, "BIOS Model name:", "%s  CPU @ 2.0GHz", pe->product);
    line(r, 2, "BIOS CPU family:", "1");
    line(r, 2, "CPU family:", "%u", c->family);
    line(r, 2, "Model:", "%u", c->model);
    line(r, 2, "Thread(s) per core:", "%u", threads);
    line(r, 2, "Core(s) per socket:", "%u", cores);
    line(r, 2, "Socket(s):", "1");
    line(r, 2, "Stepping:", "%u", c->stepping);
    line(r, 2, "BogoMIPS:", "%.2f", c->bogomips);
    line(r, 2, "Flags:", "%s", c->flags);
    heading(r, "Virtualization features:");
    if (strstr(c->flags, " vmx"))
        line(r, 1, "Virtualization:", "VT-x");
    line(r, 1, "Hypervisor vendor:", "%s", pe->hypervisor);
    line(r, 1, "Virtualization type:", "full");
    heading(r, "Caches (sum of all):");
    line(r, 1, tree ? "L1d:" : "L1d cache:", "%s", cache(r, 32, cores));
    line(r, 1, tree ? "L1i:" : "L1i cache:", "%s", cache(r, 32, cores));
    line(r, 1, tree ? "L2:" : "L2 cache:", "%s", cache(r, amd ? 512 : 4096, cores));
    line(r, 1, tree ? "L3:" : "L3 cache:", "%s", cache(r, 16384, 1));
    heading(r, "NUMA:");
    line(r, 1, "NUMA node(s):", "1");
    line(r, 1, "NUMA node0 CPU(s):", "%s", list);
    lscpu_bugs(r, amd);
    return 0;
}

static const char *const lscpu_longs[] = {
    "all=a",    "online=b",   "bytes=B", "caches?=C",  "offline=c",     "json=J", "extended?=e",
    "parse?=p", "sysroot:=s", "hex=x",   "physical=y", "output-all=\1", NULL};

const struct cmd cmd_lscpu = {
    .name = "lscpu", .opts = "aBbC::ce::hJp::s:xyV", .longs = lscpu_longs, .run = lscpu_run};

/* --- lspci --------------------------------------------------------------------------- */
static const char *const pci_kvm[] = {
    "00:00.0 Host bridge: Intel Corporation 440FX - 82441FX PMC [Natoma] (rev 02)",
    "00:01.0 ISA bridge: Intel Corporation 82371SB PIIX3 ISA [Natoma/Triton II]",
    "00:01.1 IDE interface: Intel Corporation 82371SB PIIX3 IDE [Natoma/Triton II]",
    "00:01.2 USB controller: Intel Corporation 82371SB PIIX3 USB [Natoma/Triton II] (rev 01)",
    "00:01.3 Bridge: Intel Corporation 82371AB/EB/MB PIIX4 ACPI (rev 03)",
    "00:02.0 VGA compatible controller: Cirrus Logic GD 5446",
    "00:03.0 Ethernet controller: Red Hat, Inc. Virtio network device",
    "00:04.0 SCSI storage controller: Red Hat, Inc. Virtio block device",
    "00:05.0 Unclassified device [00ff]: Red Hat, Inc. Virtio memory balloon",
    NULL};
static const char *const pci_q35[] = {
    "00:00.0 Host bridge: Intel Corporation 82G33/G31/P35/P31 Express DRAM Controller",
    "00:01.0 VGA compatible controller: Device 1234:1111 (rev 02)",
    "00:1a.0 USB controller: Intel Corporation 82801I (ICH9 Family) USB UHCI Controller #4 (rev "
    "03)",
    "00:1f.0 ISA bridge: Intel Corporation 82801IB (ICH9) LPC Interface Controller (rev 02)",
    "00:1f.2 SATA controller: Intel Corporation 82801IR/IO/IH (ICH9R/DO/DH) 6 port SATA Controller "
    "[AHCI mode] (rev 02)",
    "00:1f.3 SMBus: Intel Corporation 82801I (ICH9 Family) SMBus Controller (rev 02)",
    "05:01.0 SCSI storage controller: Red Hat, Inc. Virtio SCSI",
    "06:12.0 Ethernet controller: Red Hat, Inc. Virtio network device",
    NULL};
static const char *const pci_vmware[] = {
    "00:00.0 Host bridge: Intel Corporation 440BX/ZX/DX - 82443BX/ZX/DX Host bridge (rev 01)",
    "00:01.0 PCI bridge: Intel Corporation 440BX/ZX/DX - 82443BX/ZX/DX AGP bridge (rev 01)",
    "00:07.0 ISA bridge: Intel Corporation 82371AB/EB/MB PIIX4 ISA (rev 08)",
    "00:07.1 IDE interface: Intel Corporation 82371AB/EB/MB PIIX4 IDE (rev 01)",
    "00:07.3 Bridge: Intel Corporation 82371AB/EB/MB PIIX4 ACPI (rev 08)",
    "00:07.7 System peripheral: VMware Virtual Machine Communication Interface (rev 10)",
    "00:0f.0 VGA compatible controller: VMware SVGA II Adapter",
    "03:00.0 Serial Attached SCSI controller: VMware PVSCSI SCSI Controller (rev 02)",
    "0b:00.0 Ethernet controller: VMware VMXNET3 Ethernet Controller (rev 01)",
    NULL};

static int lspci_run(struct cmd_run *r)
{
    const struct persona *pe = vm_persona(r->p);
    const char *const *rows = str_starts(pe->sys_vendor, "VMware") ? pci_vmware
                              : strstr(pe->product, "Q35")         ? pci_q35
                                                                   : pci_kvm;
    if (cmd_has(r, '\1'))
        return sys_text(r, "lspci --version");
    for (; *rows; rows++)
        vf_printf(r->out, "%s\n", *rows);
    return 0;
}

static const char *const lspci_longs[] = {"version=\1", NULL};

const struct cmd cmd_lspci = {
    .name = "lspci", .opts = "mvkxbDqQts:d:i:pAO:nMFH:", .longs = lspci_longs, .run = lspci_run};

static int lsusb_run(struct cmd_run *r)
{
    vf_puts(r->out,
            str_starts(vm_persona(r->p)->sys_vendor, "VMware")
                ? "Bus 001 Device 001: ID 1d6b:0002 Linux Foundation 2.0 root hub\nBus 002 "
                  "Device 003: ID 0e0f:0002 VMware, Inc. Virtual USB Hub\nBus 002 Device "
                  "002: ID 0e0f:0003 VMware, Inc. Virtual Mouse\nBus 002 Device 001: ID "
                  "1d6b:0001 Linux Foundation 1.1 root hub\n"
                : "Bus 001 Device 002: ID 0627:0001 Adomax Technology Co., Ltd QEMU USB "
                  "Tablet\nBus 001 Device 001: ID 1d6b:0001 Linux Foundation 1.1 root hub\n");
    return 0;
}

const struct cmd cmd_lsusb = {.name = "lsusb", .opts = "vs:d:D:tVh", .run = lsusb_run};

/* --- dmidecode -------------------------------------------------------------------------- */
static int dmidecode_run(struct cmd_run *r)
{
    const struct persona *pe = vm_persona(r->p);
    const struct {
        const char *key, *value;
    } words[] = {
        {"bios-vendor", pe->bios_vendor},           {"bios-version", pe->bios_version},
        {"bios-release-date", pe->bios_date},       {"system-manufacturer", pe->sys_vendor},
        {"system-product-name", pe->product},       {"system-version", "Not Specified"},
        {"system-serial-number", "Not Specified"},  {"system-uuid", pe->machine_id},
        {"chassis-manufacturer", pe->sys_vendor},   {"baseboard-manufacturer", "Not Specified"},
        {"processor-manufacturer", pe->sys_vendor}, {"processor-version", pe->product}};
    const char *s = cmd_arg(r, 's');
    if (vm_geteuid(r->p)) {
        vf_puts(r->out, s ? "" : "# dmidecode 3.4\nScanning /dev/mem for entry point.\n");
        vf_puts(r->err,
                s ? "/sys/firmware/dmi/tables/smbios_entry_point: Permission denied\n" : "");
        vf_puts(r->err, "/dev/mem: Permission denied\n");
        return 1;
    }
    if (s) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (!strcmp(words[i].key, s)) {
                vf_printf(r->out, "%s\n", words[i].value);
                return 0;
            }
        vf_printf(r->err, "Invalid string keyword: %s\n", s);
        return 2;
    }
    vf_puts(r->out, "# dmidecode 3.4\nGetting SMBIOS data from sysfs.\nSMBIOS 2.8 present.\n");
    const char *t = cmd_arg(r, 't');
    if (!t || !strcmp(t, "0") || !strcmp(t, "bios"))
        vf_printf(
            r->out,
            "\nHandle 0x0000, DMI type 0, 24 bytes\nBIOS Information\n\tVendor: %s\n\tVersion: "
            "%s\n\tRelease Date: %s\n\tAddress: 0xE8000\n\tRuntime Size: 96 kB\n\tROM Size: 64 "
            "kB\n\tCharacteristics:\n\t\tBIOS characteristics not supported\n\t\tTargeted "
            "content distribution is supported\n\tBIOS Revision: 0.0\n",
            pe->bios_vendor, pe->bios_version, pe->bios_date);
    const char *id = pe->machine_id;
    if (!t || !strcmp(t, "1") || !strcmp(t, "system"))
        vf_printf(
            r->out,
            "\nHandle 0x0100, DMI type 1, 27 bytes\nSystem Information\n\tManufacturer: "
            "%s\n\tProduct Name: %s\n\tVersion: Not Specified\n\tSerial Number: Not "
            "Specified\n\tUUID: %.8s-%.4s-%.4s-%.4s-%.12s\n\tWake-up Type: Power Switch\n\tSKU "
            "Number: Not Specified\n\tFamily: Not Specified\n",
            pe->sys_vendor, pe->product, id, id + 8, id + 12, id + 16, id + 20);
    if (!t || !strcmp(t, "4") || !strcmp(t, "processor"))
        for (unsigned i = 0; i < pe->cpu.count; i++)
            vf_printf(
                r->out,
                "\nHandle 0x%04X, DMI type 4, 42 bytes\nProcessor Information\n\tSocket "
                "Designation: CPU %u\n\tType: Central Processor\n\tFamily: Other\n\tManufacturer: "
                "%s\n\tVersion: %s\n\tVoltage: Unknown\n\tExternal Clock: Unknown\n\tMax Speed: "
                "2000 MHz\n\tCurrent Speed: 2000 MHz\n\tStatus: Populated, Enabled\n\tCore "
                "Count: 1\n\tThread Count: 1\n",
                0x400 + i, i, pe->sys_vendor, pe->product);
    ull mib = (pe->mem_kib + 1048575) / 1048576 * 1024;
    if (!t || !strcmp(t, "17") || !strcmp(t, "memory"))
        vf_printf(
            r->out,
            "\nHandle 0x1100, DMI type 17, 40 bytes\nMemory Device\n\tArray Handle: "
            "0x1000\n\tSize: %llu GB\n\tForm Factor: DIMM\n\tSet: None\n\tLocator: DIMM 0\n\tType: "
            "RAM\n\tManufacturer: %s\n",
            mib / 1024, pe->sys_vendor);
    vf_putc(r->out, '\n');
    return 0;
}

static const char *const dmidecode_longs[] = {"string:=s", "type:=t", "quiet=q", NULL};

const struct cmd cmd_dmidecode = {
    .name = "dmidecode", .opts = "d:hqs:t:H:uV", .longs = dmidecode_longs, .run = dmidecode_run};

/* --- lsblk, lsmod ------------------------------------------------------------------------- */
static const char *size_text(struct cmd_run *r, ull kib)
{
    static const char units[] = "KMGT";
    double v = (double)kib;
    int i = 0;
    for (; v >= 1024 && i < 3; i++)
        v /= 1024;
    bool whole = str_ends(vm_asprintf(r->p, "%.1f", v), ".0");
    return vm_asprintf(r->p, whole ? "%.0f%c" : "%.1f%c", v, units[i]);
}

static int lsblk_run(struct cmd_run *r)
{
    const struct persona *pe = vm_persona(r->p);
    char *at = sys_slurp(r, "/proc/partitions", NULL, NULL), *s, *w[4];
    size_t disk = strlen(pe->disk_name);
    unsigned total = 0, seen = 0;
    const char *rows[32][4];
    while ((s = sys_line(&at)) && total < 32)
        if (sys_words(s, w, 4) == 4 && *w[0] >= '0' && *w[0] <= '9') {
            for (int i = 0; i < 4; i++)
                rows[total][i] = w[i];
            total++;
        }
    vf_puts(r->out, "NAME   MAJ:MIN RM  SIZE RO TYPE MOUNTPOINTS\n");
    for (unsigned i = 0; i < total; i++) {
        int64_t kib;
        const char *name = rows[i][3];
        bool rom = str_starts(name, "sr");
        bool part = !strncmp(name, pe->disk_name, disk) && name[disk];
        if (str_int(rows[i][2], 0, INT64_MAX, &kib))
            continue;
        seen += part;
        bool more = i + 1 < total && !strncmp(rows[i + 1][3], pe->disk_name, disk);
        const char *shown = !part            ? name
                            : cmd_utf8(r->p) ? vm_asprintf(r->p, "%s%s", more ? "├─" : "└─", name)
                                             : vm_asprintf(r->p, "%s%s", more ? "|-" : "`-", name);
        const char *mount = !part ? "" : seen == 1 ? "/" : "[SWAP]";
        int wide = part && cmd_utf8(r->p) ? 10 : 6;
        vf_printf(r->out, "%-*s %3s:%-3s %2d %5s %2d %-4s %s\n", wide, shown, rows[i][0],
                  rows[i][1], rom, rom ? "1024M" : size_text(r, (ull)kib), 0,
                  rom    ? "rom"
                  : part ? "part"
                         : "disk",
                  mount);
    }
    return 0;
}

static const char *const lsblk_longs[] = {
    "all=a", "bytes=b", "fs=f", "json=J", "list=l", "noheadings=n", "output:=o", "paths=p", NULL};

const struct cmd cmd_lsblk = {
    .name = "lsblk", .opts = "abdDfhilJmno:OpPrsStTVx:z", .longs = lsblk_longs, .run = lsblk_run};

static int lsmod_run(struct cmd_run *r)
{
    char *at = sys_slurp(r, "/proc/modules", NULL, NULL), *s, *w[6];
    if (strcmp(cmd_base(r->name), "lsmod") != 0) {
        /* kmod's other names: modprobe, insmod, rmmod, depmod, modinfo. */
        if (!strcmp(cmd_base(r->name), "modprobe") && r->argc) {
            vf_printf(r->err, "modprobe: FATAL: Module %s not found in directory /lib/modules/%s\n",
                      r->argv[r->argc - 1], vm_persona(r->p)->kernel_release);
        } else if (r->argc) {
            vf_printf(r->err, "%s: ERROR: could not load module %s: No such file or directory\n",
                      r->name, r->argv[r->argc - 1]);
        } else {
            vf_printf(r->err, "%s: ERROR: missing module or filename.\n", r->name);
        }
        return 1;
    }
    vf_puts(r->out, "Module                  Size  Used by\n");
    while ((s = sys_line(&at)))
        if (sys_words(s, w, 6) >= 4) {
            size_t n = strlen(w[3]);
            if (n && w[3][n - 1] == ',')
                w[3][n - 1] = '\0';
            bool none = !strcmp(w[3], "-");
            vf_printf(r->out, "%-19s %8s  %s%s%s\n", w[0], w[1], w[2], none ? "" : " ",
                      none ? "" : w[3]);
        }
    return 0;
}

const struct cmd cmd_lsmod = {.name = "lsmod", .flags = CMD_RAW, .run = lsmod_run};

/* --- dmesg -------------------------------------------------------------------------------- */
static int dmesg_run(struct cmd_run *r)
{
    const struct persona *pe = vm_persona(r->p);
    if (vm_geteuid(r->p)) {
        vf_puts(r->err, "dmesg: read kernel buffer failed: Operation not permitted\n");
        return 1;
    }
    if (cmd_has(r, 'C'))
        return 0;
    const char *first = sys_first(r, "/proc/version"), *cmdline = sys_first(r, "/proc/cmdline");
    const struct {
        double at;
        const char *text;
    } rows[] = {
        {0, first},
        {0, vm_asprintf(r->p, "Command line: %s", cmdline)},
        {0, "BIOS-provided physical RAM map:"},
        {0, "BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable"},
        {0, "BIOS-e820: [mem 0x0000000000100000-0x00000000bffdbfff] usable"},
        {0, "NX (Execute Disable) protection: active"},
        {0, vm_asprintf(r->p, "DMI: %s %s, BIOS %s %s", pe->sys_vendor, pe->product,
                        pe->bios_version, pe->bios_date)},
        {0, vm_asprintf(r->p, "Hypervisor detected: %s", pe->hypervisor)},
        {0.000002, "tsc: Fast TSC calibration using PIT"},
        {0.052214, vm_asprintf(r->p, "Memory: %lluK/%lluK available", (ull)pe->mem_kib - 91204,
                               (ull)pe->mem_kib)},
        {0.130411,
         vm_asprintf(r->p, "smpboot: CPU0: %s (family: 0x%x, model: 0x%x, stepping: 0x%x)",
                     pe->cpu.model_name, pe->cpu.family, pe->cpu.model, pe->cpu.stepping)},
        {0.131002, vm_asprintf(r->p, "smp: Brought up 1 node, %u CPU%s", pe->cpu.count,
                               pe->cpu.count > 1 ? "s" : "")},
        {0.402113, "PCI: Using configuration type 1 for base access"},
        {0.911235, "Freeing unused kernel image (initmem) memory: 2796K"},
        {0.940124, "Run /init as init process"},
        {1.410233, vm_asprintf(r->p,
                               "EXT4-fs (%s1): mounted filesystem with ordered data mode. Quota "
                               "mode: none.",
                               pe->disk_name)},
        {1.620412, "systemd[1]: Detected virtualization kvm."},
        {1.620455, "systemd[1]: Detected architecture x86-64."},
        {1.640212, vm_asprintf(r->p, "systemd[1]: Hostname set to <%s>.", pe->hostname)},
        {2.910332, "input: PC Speaker as /devices/platform/pcspkr/input/input5"},
        {3.301931, vm_asprintf(r->p, "%s: renamed from eth0", pe->net_if)}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        vf_printf(r->out, "[%12.6f] %s\n", rows[i].at, rows[i].text);
    return 0;
}

static const char *const dmesg_longs[] = {"clear=C",  "human=H",  "ctime=T", "follow=w",
                                          "level:=l", "color?=L", NULL};

const struct cmd cmd_dmesg = {.name = "dmesg",
                              .opts = "CcDdEeF:f:HhkL::l:n:PprSs:TtuVWwx",
                              .longs = dmesg_longs,
                              .run = dmesg_run};
