/* proctree.c -- the files of /proc that exist whatever runs.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/priv.h"
#include "vm/skel.h"

static void sys_kernel(struct maker *k, const struct persona *pe)
{
    static const struct {
        const char *path, *value;
    } fixed[] = {{"acct", "4\t2\t30"},
                 {"cap_last_cap", "40"},
                 {"core_pattern", "core"},
                 {"core_uses_pid", "0"},
                 {"ctrl-alt-del", "0"},
                 {"dmesg_restrict", "1"},
                 {"domainname", "(none)"},
                 {"ftrace_enabled", "1"},
                 {"hotplug", ""},
                 {"kptr_restrict", "0"},
                 {"modprobe", "/sbin/modprobe"},
                 {"modules_disabled", "0"},
                 {"msgmax", "8192"},
                 {"msgmnb", "16384"},
                 {"msgmni", "32000"},
                 {"ngroups_max", "65536"},
                 {"nmi_watchdog", "0"},
                 {"overflowgid", "65534"},
                 {"overflowuid", "65534"},
                 {"panic", "0"},
                 {"panic_on_oops", "0"},
                 {"perf_event_paranoid", "3"},
                 {"pid_max", "4194304"},
                 {"printk", "4\t4\t1\t7"},
                 {"randomize_va_space", "2"},
                 {"sched_rt_runtime_us", "950000"},
                 {"sem", "32000\t1024000000\t500\t32000"},
                 {"shmall", "18446744073692774399"},
                 {"shmmax", "18446744073692774399"},
                 {"shmmni", "4096"},
                 {"sysrq", "438"},
                 {"tainted", "0"},
                 {"unprivileged_bpf_disabled", "2"},
                 {"unprivileged_userns_clone", "1"},
                 {"watchdog", "0"},
                 {"random/entropy_avail", "256"},
                 {"random/poolsize", "256"},
                 {"random/write_wakeup_threshold", "256"},
                 {"yama/ptrace_scope", "0"}};
    char path[96];
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        str_fmt(path, sizeof(path), "/sys/kernel/%s", fixed[i].path);
        mk_text(k, path, 0644, "%s\n", fixed[i].value);
    }
    mk_text(k, "/sys/kernel/ostype", 0444, "Linux\n");
    mk_text(k, "/sys/kernel/osrelease", 0444, "%s\n", pe->kernel_release);
    mk_text(k, "/sys/kernel/version", 0444, "%s\n", pe->kernel_version);
    mk_text(k, "/sys/kernel/threads-max", 0644, "%llu\n", (unsigned long long)pe->mem_kib / 64);
    mk_text(k, "/sys/kernel/random/boot_id", 0444, "%s\n", pe->boot_id);
    mk_live(k, "/sys/kernel/random/uuid", 0444, "uuid");
    mk_live(k, "/sys/kernel/hostname", 0644, "hostname");
}

static void sys_rest(struct maker *k, const struct persona *pe)
{
    static const struct {
        const char *path, *value;
    } fixed[] = {{"vm/swappiness", "60"},
                 {"vm/overcommit_memory", "0"},
                 {"vm/overcommit_ratio", "50"},
                 {"vm/max_map_count", "65530"},
                 {"vm/nr_hugepages", "0"},
                 {"vm/dirty_ratio", "20"},
                 {"vm/dirty_background_ratio", "10"},
                 {"vm/drop_caches", "0"},
                 {"vm/vfs_cache_pressure", "100"},
                 {"vm/panic_on_oom", "0"},
                 {"vm/mmap_min_addr", "65536"},
                 {"fs/file-max", "9223372036854775807"},
                 {"fs/nr_open", "1048576"},
                 {"fs/pipe-max-size", "1048576"},
                 {"fs/protected_hardlinks", "1"},
                 {"fs/protected_symlinks", "1"},
                 {"fs/protected_fifos", "1"},
                 {"fs/protected_regular", "2"},
                 {"fs/suid_dumpable", "0"},
                 {"fs/inotify/max_user_watches", "65536"},
                 {"fs/inotify/max_user_instances", "128"},
                 {"fs/binfmt_misc/status", "enabled"},
                 {"net/core/somaxconn", "4096"},
                 {"net/core/rmem_max", "212992"},
                 {"net/core/wmem_max", "212992"},
                 {"net/core/default_qdisc", "fq_codel"},
                 {"net/ipv4/ip_forward", "0"},
                 {"net/ipv4/ip_local_port_range", "32768\t60999"},
                 {"net/ipv4/ip_default_ttl", "64"},
                 {"net/ipv4/tcp_syncookies", "1"},
                 {"net/ipv4/tcp_congestion_control", "cubic"},
                 {"net/ipv4/tcp_fin_timeout", "60"},
                 {"net/ipv4/tcp_tw_reuse", "2"},
                 {"net/ipv4/tcp_max_syn_backlog", "512"},
                 {"net/ipv4/icmp_echo_ignore_all", "0"},
                 {"net/ipv4/conf/all/rp_filter", "0"},
                 {"net/ipv4/conf/all/forwarding", "0"},
                 {"net/ipv4/conf/all/accept_redirects", "1"},
                 {"net/ipv4/conf/default/rp_filter", "0"},
                 {"net/ipv6/conf/all/disable_ipv6", "0"},
                 {"net/ipv6/conf/all/forwarding", "0"},
                 {"net/ipv6/conf/default/disable_ipv6", "0"},
                 {"user/max_user_namespaces", "15000"},
                 {"abi/vsyscall32", "1"},
                 {"debug/exception-trace", "1"},
                 {"dev/cdrom/info", "CD-ROM information, Id: cdrom.c 3.20 2003/12/17"}};
    char path[96];
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        str_fmt(path, sizeof(path), "/sys/%s", fixed[i].path);
        mk_text(k, path, 0644, "%s\n", fixed[i].value);
    }
    mk_text(k, "/sys/vm/min_free_kbytes", 0644, "%llu\n", (unsigned long long)pe->mem_kib / 90);
    mk_live(k, "/sys/fs/file-nr", 0444, "file-nr");
    mk_text(k, "/sys/fs/binfmt_misc/register", 0200, "%s", "");
}

static void net_files(struct maker *k)
{
    static const char *const live[] = {"dev", "route",    "arp",      "tcp", "tcp6",
                                       "udp", "if_inet6", "sockstat", "unix"};
    static const char *const head[] = {
        "udp6",
        "  sl  local_address                         remote_address                        "
        "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n",
        "raw",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout inode ref pointer drops\n",
        "wireless",
        "Inter-| sta-|   Quality        |   Discarded packets               | Missed | "
        "WE\n face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon "
        "| 22\n",
        "packet",
        "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n",
        "fib_trie",
        "Main:\n",
        "ptype",
        "Type Device      Function\n0800          ip_rcv\n0806       "
        "   arp_rcv\n86dd          ipv6_rcv\n",
        "dev_mcast",
        "",
        "igmp",
        "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"};
    char path[64], name[64];
    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
        str_fmt(path, sizeof(path), "/net/%s", live[i]);
        str_fmt(name, sizeof(name), "net/%s", live[i]);
        mk_live(k, path, 0444, name);
    }
    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i += 2) {
        str_fmt(path, sizeof(path), "/net/%s", head[i]);
        mk_text(k, path, 0444, "%s", head[i + 1]);
    }
}

void proc_tree(struct maker *k, struct vm_world *w)
{
    static const char *const live[] = {"meminfo",    "cpuinfo", "uptime",     "loadavg",   "stat",
                                       "version",    "cmdline", "partitions", "diskstats", "swaps",
                                       "interrupts", "modules", "vmstat"};
    static const char *const dirs[] = {"/acpi",    "/bus/pci",    "/driver",   "/fs/ext4", "/irq",
                                       "/sysvipc", "/tty/driver", "/pressure", "/asound"};
    char path[64];
    mk_dir(k, "/", 0555);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) - 1; i++)
        mk_dir(k, dirs[i], 0555);
    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
        str_fmt(path, sizeof(path), "/%s", live[i]);
        mk_live(k, path, 0444, live[i]);
    }
    mk_link(k, "/mounts", "self/mounts");
    mk_text(
        k, "/filesystems", 0444,
        "nodev\tsysfs\nnodev\ttmpfs\nnodev\tbdev\nnodev\tproc\nnodev\tcgroup\nnodev\tcgroup2\n"
        "nodev\tcpuset\nnodev\tdevtmpfs\nnodev\tdebugfs\nnodev\ttracefs\nnodev\tsecurityfs\n"
        "nodev\tsockfs\nnodev\tbpf\nnodev\tpipefs\nnodev\tramfs\nnodev\thugetlbfs\nnodev\tdevpts\n"
        "nodev\tmqueue\nnodev\tpstore\n\text3\n\text2\n\text4\nnodev\tautofs\nnodev\tconfigfs\n"
        "nodev\tefivarfs\n\tfuseblk\nnodev\tfuse\nnodev\tfusectl\nnodev\tbinfmt_misc\n");
    mk_text(k, "/devices", 0444,
            "Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 tty\n  4 ttyS\n  5 /dev/tty\n  5 "
            "/dev/console\n  5 /dev/ptmx\n  7 vcs\n 10 misc\n 13 input\n 21 sg\n 29 fb\n108 "
            "ppp\n128 ptm\n136 pts\n180 usb\n189 usb_device\n204 ttyMAX\n226 drm\n248 aux\n249 "
            "rtc\n254 gpiochip\n\nBlock devices:\n  7 loop\n  8 sd\n  9 md\n 11 sr\n 65 sd\n 66 "
            "sd\n253 device-mapper\n254 virtblk\n259 blkext\n");
    mk_text(
        k, "/crypto", 0444, "%s",
        "name         : crc32c\ndriver       : crc32c-intel\nmodule       : "
        "crc32c_intel\npriority     : 200\nrefcnt       : 4\nselftest     : passed\ninternal     "
        ": no\ntype         : shash\nblocksize    : 1\ndigestsize   : 4\n\n");
    mk_text(k, "/consoles", 0444, "tty0                 -WU (EC p  )    4:1\n");
    mk_text(k, "/execdomains", 0444, "0-0\tLinux           \t[kernel]\n");
    mk_text(k, "/dma", 0444, " 4: cascade\n");
    mk_text(k, "/fb", 0444, "%s", "");
    mk_text(k, "/misc", 0444,
            "122 vmci\n235 autofs\n234 btrfs-control\n125 cpu_dma_latency\n126 userfaultfd\n228 "
            "hpet\n144 nvram\n237 loop-control\n231 snapshot\n236 device-mapper\n 63 vga_arbiter\n "
            " 1 psaux\n");
    mk_text(k, "/locks", 0444, "%s", "");
    mk_text(k, "/kmsg", 0400, "%s", "");
    mk_text(k, "/kcore", 0400, "%s", "");
    mk_text(k, "/kallsyms", 0444, "%s", "");
    mk_text(k, "/sysrq-trigger", 0200, "%s", "");
    mk_text(
        k, "/cgroups", 0444,
        "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t62\t1\ncpu\t0\t62\t1\n"
        "cpuacct\t0\t62\t1\nblkio\t0\t62\t1\nmemory\t0\t62\t1\ndevices\t0\t62\t1\nfreezer\t0\t"
        "62\t1\nnet_cls\t0\t62\t1\nperf_event\t0\t62\t1\nnet_prio\t0\t62\t1\nhugetlb\t0\t62\t1\n"
        "pids\t0\t62\t1\nrdma\t0\t62\t1\nmisc\t0\t62\t1\n");
    net_files(k);
    sys_kernel(k, w->conf.persona);
    sys_rest(k, w->conf.persona);
}
