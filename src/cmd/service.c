/* service.c -- what runs and what is mounted: systemctl, service, mount,
 * umount, iptables, apt.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cmd/privilege.h"
#include "cmd/sys.h"
#include "cmd/tz.h"

/* --- units -------------------------------------------------------------------------- */
/* The services of the machine: known by the process that runs for them. */
static const struct unit {
    const char *name, *comm, *text;
} units[] = {{"cron", "cron", "Regular background program processing daemon"},
             {"dbus", "dbus-daemon", "D-Bus System Message Bus"},
             {"getty@tty1", "agetty", "Getty on tty1"},
             {"rsyslog", "rsyslogd", "System Logging Service"},
             {"ssh", "sshd", "OpenBSD Secure Shell server"},
             {"systemd-journald", "systemd-journal", "Journal Service"},
             {"systemd-logind", "systemd-logind", "User Login Management"},
             {"systemd-timesyncd", "systemd-timesyn", "Network Time Synchronization"},
             {"systemd-udevd", "systemd-udevd", "Rule-based Manager for Device Events and Files"},
             {"networking", NULL, "Raise network interfaces"},
             {"apparmor", NULL, "Load AppArmor profiles"}};
enum { UNITS = sizeof(units) / sizeof(units[0]) };

static const struct unit *unit_find(struct cmd_run *r, const char *name)
{
    size_t n = strlen(name);
    if (str_ends(name, ".service"))
        n -= 8;
    if (n == 4 && !strncmp(name, "sshd", 4))
        n = 3;
    (void)r;
    for (size_t i = 0; i < UNITS; i++)
        if (strlen(units[i].name) == n && !strncmp(units[i].name, name, n))
            return &units[i];
    return NULL;
}

static bool unit_process(struct cmd_run *r, const struct unit *u, struct vm_procinfo *out)
{
    size_t n;
    const struct vm_procinfo *rows = sys_procs(r, &n);
    for (size_t i = 0; u->comm && i < n; i++)
        if (!strcmp(rows[i].comm, u->comm)) {
            *out = rows[i];
            return true;
        }
    return false;
}

static bool unit_active(struct cmd_run *r, const struct unit *u)
{
    struct vm_procinfo p;
    return !u->comm || unit_process(r, u, &p);
}

static const char *ago(struct cmd_run *r, int64_t s)
{
    long long n = s;
    if (n >= 86400 * 7)
        return vm_asprintf(r->p, "%lld week%s %lld days", n / 604800, n / 604800 > 1 ? "s" : "",
                           n / 86400 % 7);
    if (n >= 86400)
        return vm_asprintf(r->p, "%lld day%s", n / 86400, n / 86400 > 1 ? "s" : "");
    if (n >= 3600)
        return vm_asprintf(r->p, "%lldh %lldmin", n / 3600, n / 60 % 60);
    return vm_asprintf(r->p, "%lldmin %llds", n / 60, n % 60);
}

static int unit_status(struct cmd_run *r, const char *name)
{
    const struct unit *u = unit_find(r, name);
    struct vm_procinfo p = {0};
    if (!u) {
        vf_printf(r->err, "Unit %s%s could not be found.\n", name,
                  strchr(name, '.') ? "" : ".service");
        return 4;
    }
    bool running = unit_process(r, u, &p), active = running || !u->comm;
    struct tm tm;
    char when[48];
    int64_t start = sys_boot_time(r) + (running ? p.start_us / 1000000 : 3);
    tz_local(tz_of(r->p, NULL), start, &tm);
    (void)strftime(when, sizeof(when), "%a %Y-%m-%d %H:%M:%S %Z", &tm);
    vf_printf(r->out,
              "%s %s.service - %s\n     Loaded: loaded (/lib/systemd/system/%s.service; enabled; "
              "preset: enabled)\n",
              cmd_utf8(r->p) ? (active ? "●" : "○") : "*", u->name, u->text, u->name);
    if (!active) {
        vf_puts(r->out, "     Active: inactive (dead)\n");
        return 3;
    }
    vf_printf(r->out, "     Active: active (%s) since %s; %s ago\n", running ? "running" : "exited",
              when, ago(r, vm_now(r->p).tv_sec - start));
    if (running)
        vf_printf(
            r->out,
            "   Main PID: %d (%s)\n      Tasks: %d (limit: %llu)\n     Memory: %.1fM\n        "
            "CPU: %lldms\n     CGroup: /system.slice/%s.service\n             %s%d %s\n",
            p.pid, p.comm, p.threads, (unsigned long long)vm_persona(r->p)->mem_kib / 864,
            (double)p.rss_kib / 1024, (long long)(p.user_us + p.sys_us) / 1000, u->name,
            cmd_utf8(r->p) ? "└─" : "`-", p.pid, sys_args(r, &p));
    return 0;
}

static int unit_change(struct cmd_run *r, const char *verb, const char *name)
{
    const struct unit *u = unit_find(r, name);
    struct vm_procinfo p;
    const char *dot = strchr(name, '.') ? "" : ".service";
    if (vm_geteuid(r->p)) {
        vf_printf(r->err, "Failed to %s %s%s: Interactive authentication required.\n", verb, name,
                  dot);
        return 1;
    }
    bool lasting = !strcmp(verb, "enable") || !strcmp(verb, "disable") || !strcmp(verb, "mask") ||
                   !strcmp(verb, "unmask");
    if (!u) {
        if (lasting)
            vf_printf(r->err, "Failed to %s unit: Unit file %s%s does not exist.\n", verb, name,
                      dot);
        else if (!strcmp(verb, "stop"))
            vf_printf(r->err, "Failed to stop %s%s: Unit %s%s not loaded.\n", name, dot, name, dot);
        else
            vf_printf(r->err, "Failed to %s %s%s: Unit %s%s not found.\n", verb, name, dot, name,
                      dot);
        return lasting ? 1 : 5;
    }
    if (!strcmp(verb, "stop") && strcmp(u->name, "ssh") != 0 && unit_process(r, u, &p))
        (void)vm_kill(r->p, p.pid, SIGTERM);
    else if (!strcmp(verb, "disable"))
        vf_printf(r->err, "Removed \"/etc/systemd/system/multi-user.target.wants/%s.service\".\n",
                  u->name);
    return 0;
}

static int list_units(struct cmd_run *r)
{
    unsigned n = 0;
    vf_puts(r->out, "  UNIT                      LOAD   ACTIVE SUB     DESCRIPTION\n");
    for (size_t i = 0; i < UNITS; i++) {
        if (!unit_active(r, &units[i]))
            continue;
        n++;
        vf_printf(r->out, "  %-25s loaded active %-7s %s\n",
                  vm_asprintf(r->p, "%s.service", units[i].name),
                  units[i].comm ? "running" : "exited", units[i].text);
    }
    vf_printf(
        r->out,
        "\nLOAD   = Reflects whether the unit definition was properly loaded.\nACTIVE = The "
        "high-level unit activation state, i.e. generalization of SUB.\nSUB    = The low-level "
        "unit activation state, values depend on unit type.\n%u loaded units listed. Pass --all "
        "to see loaded but inactive units, too.\nTo show all installed unit files use 'systemctl "
        "list-unit-files'.\n",
        n);
    return 0;
}

static int systemctl_run(struct cmd_run *r)
{
    const char *name = cmd_base(r->name);
    static const char *const changes[] = {
        "start",  "stop",        "restart",           "reload", "enable", "disable", "mask",
        "unmask", "try-restart", "reload-or-restart", "kill"};
    if (strcmp(name, "systemctl") != 0)
        return privilege_shutdown(r);
    const char *verb = r->argc ? r->argv[0] : "list-units";
    if (!strcmp(verb, "reboot") || !strcmp(verb, "poweroff") || !strcmp(verb, "halt")) {
        r->name = verb;
        return privilege_shutdown(r);
    }
    if (!strcmp(verb, "is-system-running")) {
        vf_puts(r->out, "running\n");
        return 0;
    }
    if (!strcmp(verb, "list-units") || !strcmp(verb, "list-unit-files"))
        return list_units(r);
    if (!strcmp(verb, "daemon-reload") || !strcmp(verb, "daemon-reexec") ||
        !strcmp(verb, "reset-failed"))
        return 0;
    if (!strcmp(verb, "get-default")) {
        vf_puts(r->out, "graphical.target\n");
        return 0;
    }
    bool active = !strcmp(verb, "is-active"), enabled = !strcmp(verb, "is-enabled");
    bool change = false,
         show = !strcmp(verb, "status") || !strcmp(verb, "show") || !strcmp(verb, "cat");
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        change |= !strcmp(verb, changes[i]);
    if (!active && !enabled && !change && !show) {
        vf_printf(r->err, "Unknown command verb %s.\n", verb);
        return 1;
    }
    if (r->argc < 2) {
        if (show)
            return list_units(r);
        vf_puts(r->err, "Too few arguments.\n");
        return 1;
    }
    int status = 0;
    for (int i = 1; i < r->argc; i++) {
        const struct unit *u = unit_find(r, r->argv[i]);
        int rc = 0;
        if (active) {
            bool on = u && unit_active(r, u);
            vf_puts(r->out, on ? "active\n" : "inactive\n");
            rc = on ? 0 : 3;
        } else if (enabled) {
            if (u)
                vf_puts(r->out, "enabled\n");
            else
                vf_printf(r->err,
                          "Failed to get unit file state for %s.service: No such file or "
                          "directory\n",
                          r->argv[i]);
            rc = u ? 0 : 1;
        } else {
            rc = show ? unit_status(r, r->argv[i]) : unit_change(r, verb, r->argv[i]);
        }
        status = rc ? rc : status;
    }
    return status;
}

static const char *const systemctl_longs[] = {
    "all=a",        "no-pager=\1", "now=\1",  "quiet=q",     "type:=t",  "state:=\2", "full=l",
    "no-legend=\1", "user=\1",     "force=f", "no-block=\1", "lines:=n", NULL};

const struct cmd cmd_systemctl = {.name = "systemctl",
                                  .opts = "t:ap:qfln:o:H:M:rhPkwdi",
                                  .longs = systemctl_longs,
                                  .run = systemctl_run};

static int service_run(struct cmd_run *r)
{
    if (r->argc && !strcmp(r->argv[0], "--status-all")) {
        static const char *const names[] = {"apparmor",
                                            "console-setup.sh",
                                            "cron",
                                            "dbus",
                                            "keyboard-setup.sh",
                                            "kmod",
                                            "networking",
                                            "procps",
                                            "rsyslog",
                                            "ssh",
                                            "sudo",
                                            "udev"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const struct unit *u = unit_find(r, names[i]);
            bool on = u ? unit_active(r, u) : strcmp(names[i], "sudo") != 0 && names[i][0] != 'c';
            vf_printf(r->out, " [ %c ]  %s\n", on ? '+' : '-', names[i]);
        }
        return 0;
    }
    if (r->argc < 2) {
        vf_puts(r->err, "Usage: service < option > | --status-all | [ service_name [ command | "
                        "--full-restart ] ]\n");
        return 1;
    }
    const char *name = r->argv[0], *verb = r->argv[1];
    if (!unit_find(r, name)) {
        if (!strcmp(verb, "status")) {
            vf_printf(r->err, "Unit %s.service could not be found.\n", name);
            return 4;
        }
        vf_printf(r->err, "Failed to %s %s.service: Unit %s.service not %s.\n", verb, name, name,
                  !strcmp(verb, "stop") ? "loaded" : "found");
        return 5;
    }
    return !strcmp(verb, "status") ? unit_status(r, name) : unit_change(r, verb, name);
}

const struct cmd cmd_service = {.name = "service", .flags = CMD_RAW, .run = service_run};

/* --- mount, umount ----------------------------------------------------------------------- */
static int mount_run(struct cmd_run *r)
{
    if (!r->argc) {
        char *at = sys_slurp(r, "/proc/mounts", NULL, NULL), *line, *w[6];
        const char *type = cmd_arg(r, 't');
        while ((line = sys_line(&at)))
            if (sys_words(line, w, 6) >= 4 && (!type || !strcmp(type, w[2])))
                vf_printf(r->out, "%s on %s type %s (%s)\n", w[0], w[1], w[2], w[3]);
        return 0;
    }
    const char *target = r->argv[r->argc - 1], *options = cmd_arg(r, 'o');
    const char *type = cmd_arg(r, 't');
    if (cmd_has(r, 'B') || cmd_has(r, '\1'))
        type = "bind";
    if (vm_geteuid(r->p)) {
        vf_printf(r->err,
                  "mount: %s: must be superuser to use mount.\n       dmesg(1) may have more "
                  "information after failed mount system call.\n",
                  target);
        return 32;
    }
    if (options && strstr(options, "remount"))
        return 0;
    if (options && strstr(options, "bind"))
        type = "bind";
    if (r->argc < 2) {
        vf_printf(r->err, "mount: %s: can't find in /etc/fstab.\n", target);
        return 1;
    }
    int err = vm_mount(r->p, r->argv[0], target, type ? type : "ext4", options ? options : "");
    if (err == -ENOENT)
        vf_printf(r->err, "mount: %s: mount point does not exist.\n", target);
    else if (err == -ENODEV && type)
        vf_printf(r->err, "mount: %s: unknown filesystem type '%s'.\n", target, type);
    else if (err < 0)
        vf_printf(r->err, "mount: %s: special device %s does not exist.\n", target, r->argv[0]);
    if (err < 0)
        vf_puts(r->err,
                "       dmesg(1) may have more information after failed mount system call.\n");
    return err < 0 ? 32 : 0;
}

static const char *const mount_longs[] = {"all=a",    "bind=B",      "options:=o", "types:=t",
                                          "rbind=\1", "read-only=r", "verbose=v",  NULL};

const struct cmd cmd_mount = {
    .name = "mount", .opts = "aBfFhiLlMno:O:RrsT:t:U:vVw", .longs = mount_longs, .run = mount_run};

static int umount_run(struct cmd_run *r)
{
    int status = 0;
    if (!r->argc) {
        cmd_warn(r, "bad usage");
        return cmd_usage(r);
    }
    for (int i = 0; i < r->argc; i++) {
        int err = vm_geteuid(r->p) ? -EPERM : vm_umount(r->p, r->argv[i]);
        if (err < 0) {
            vf_printf(r->err, "umount: %s: %s.\n", r->argv[i],
                      err == -EPERM    ? "must be superuser to unmount"
                      : err == -EBUSY  ? "target is busy"
                      : err == -ENOENT ? "no mount point specified"
                                       : "not mounted");
            status = 32;
        }
    }
    return status;
}

const struct cmd cmd_umount = {.name = "umount", .opts = "aAdfhilnO:Rrt:vV", .run = umount_run};

/* --- firewall -------------------------------------------------------------------------------- */
static int iptables_run(struct cmd_run *r)
{
    static const char *const filter[] = {"INPUT", "FORWARD", "OUTPUT"};
    const char *name = cmd_base(r->name);
    bool list = false, spec = strstr(name, "-save") != NULL;
    const char *table = "filter";
    if (strstr(name, "restore"))
        return 0;
    for (int i = 0; i < r->argc; i++) {
        const char *a = r->argv[i];
        if (!strcmp(a, "-V") || !strcmp(a, "--version") || !strcmp(a, "-h") || !strcmp(a, "--help"))
            return sys_text(r, vm_asprintf(r->p, "iptables --%s",
                                           a[1] == 'V' || a[2] == 'v' ? "version" : "help")) < 0;
        list |= a[0] == '-' && (a[1] == '-' ? str_starts(a, "--list") : strchr(a, 'L') != NULL);
        spec |= !strcmp(a, "-S") || !strcmp(a, "--list-rules");
        if (!strcmp(a, "-t") && i + 1 < r->argc)
            table = r->argv[i + 1];
    }
    if (vm_geteuid(r->p)) {
        vf_printf(
            r->err,
            "%s v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied "
            "(you must be root)\n",
            name);
        return 4;
    }
    if (!r->argc && !spec) {
        vf_printf(
            r->err,
            "%s v1.8.9 (nf_tables): no command specified\nTry `%s -h' or '%s --help' for more "
            "information.\n",
            name, name, name);
        return 2;
    }
    if (strstr(name, "-save"))
        return 0;
    bool nat = !strcmp(table, "nat");
    if (spec)
        vf_puts(
            r->out,
            nat ? "-P PREROUTING ACCEPT\n-P INPUT ACCEPT\n-P OUTPUT ACCEPT\n-P POSTROUTING ACCEPT\n"
                : "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n");
    else if (list)
        for (int i = 0; i < 3; i++)
            vf_printf(r->out,
                      "%sChain %s (policy ACCEPT)\ntarget     prot opt source               "
                      "destination         \n",
                      i ? "\n" : "", filter[i]);
    return 0;
}

const struct cmd cmd_iptables = {
    .name = "iptables", .flags = CMD_RAW | CMD_NO_TEXT, .run = iptables_run};
const struct cmd cmd_xtables_nft_multi = {
    .name = "xtables-nft-multi", .flags = CMD_RAW | CMD_NO_TEXT, .run = iptables_run};

/* --- packages ----------------------------------------------------------------------------------
 */
static bool installed(struct cmd_run *r, const char *name)
{
    struct vfs_stat st;
    return vm_stat(r->p, vm_asprintf(r->p, "/var/lib/dpkg/info/%s.list", name), &st) == 0 ||
           vm_stat(r->p, vm_asprintf(r->p, "/var/lib/dpkg/info/%s:amd64.list", name), &st) == 0;
}

/* One "Hit" for each archive that the machine's own sources.list names. */
static int apt_update(struct cmd_run *r)
{
    char *text = sys_slurp(r, "/etc/apt/sources.list", NULL, NULL);
    int hits = 0;

    for (char *line; text && (line = sys_line(&text));) {
        if (!str_starts(line, "deb "))
            continue;
        size_t url = strcspn(line + 4, " "), suite = 0;
        const char *rest = line + 4 + url;
        while (*rest == ' ')
            rest++;
        suite = strcspn(rest, " ");
        vf_printf(r->out, "Hit:%d %.*s %.*s InRelease\n", ++hits, (int)url, line + 4, (int)suite,
                  rest);
        (void)vf_flush(r->out);
        (void)vm_sleep_us(r->p, 180000);
    }
    vf_puts(r->out, "Reading package lists...\n");
    if (strcmp(cmd_base(r->name), "apt") == 0)
        vf_puts(r->out,
                "Building dependency tree...\nReading state information...\nAll packages are up to "
                "date.\n");
    return 0;
}

static int apt_run(struct cmd_run *r)
{
    const char *verb = r->argc ? r->argv[0] : "";
    bool apt = !strcmp(cmd_base(r->name), "apt");
    if (!*verb)
        return sys_text(r, vm_asprintf(r->p, "%s --help", cmd_base(r->name))) < 0;
    bool change = !strcmp(verb, "install") || !strcmp(verb, "remove") || !strcmp(verb, "purge") ||
                  !strcmp(verb, "upgrade") || !strcmp(verb, "dist-upgrade") ||
                  !strcmp(verb, "full-upgrade") || !strcmp(verb, "autoremove");
    if (apt && !vm_isatty(r->p, 1))
        vf_puts(r->err, "\nWARNING: apt does not have a stable CLI interface. Use with caution in "
                        "scripts.\n\n");
    if (vm_geteuid(r->p) && (change || !strcmp(verb, "update"))) {
        vf_puts(r->err,
                change
                    ? "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: "
                      "Permission denied)\nE: Unable to acquire the dpkg frontend lock "
                      "(/var/lib/dpkg/lock-frontend), are you root?\n"
                    : "Reading package lists...\nE: Could not open lock file "
                      "/var/lib/apt/lists/lock - open (13: Permission denied)\nE: Unable to lock "
                      "directory /var/lib/apt/lists/\n");
        return 100;
    }
    if (!strcmp(verb, "update"))
        return apt_update(r);
    if (!strcmp(verb, "clean") || !strcmp(verb, "autoclean"))
        return 0;
    if (!change) {
        vf_printf(r->err, "E: Invalid operation %s\n", verb);
        return 100;
    }
    vf_puts(
        r->out,
        "Reading package lists...\nBuilding dependency tree...\nReading state information...\n");
    for (int i = 1; i < r->argc; i++) {
        bool here = installed(r, r->argv[i]);
        if (!strcmp(verb, "install") && !here) {
            vf_printf(r->err, "E: Unable to locate package %s\n", r->argv[i]);
            return 100;
        }
        if (here && !strcmp(verb, "install"))
            vf_printf(r->out, "%s is already the newest version.\n", r->argv[i]);
        else if (!here)
            vf_printf(r->out, "Package '%s' is not installed, so not removed\n", r->argv[i]);
    }
    vf_puts(r->out, "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n");
    return 0;
}

static const char *const apt_longs[] = {"yes=y",
                                        "assume-yes=y",
                                        "quiet?=q",
                                        "fix-broken=f",
                                        "purge=\1",
                                        "no-install-recommends=\1",
                                        "allow-unauthenticated=\1",
                                        "force-yes=\1",
                                        "reinstall=\1",
                                        "option:=o",
                                        NULL};

const struct cmd cmd_apt = {
    .name = "apt", .opts = "yqfdsmubo:c:t:hvV", .longs = apt_longs, .run = apt_run};
const struct cmd cmd_apt_get = {
    .name = "apt-get", .opts = "yqfdsmubo:c:t:hvV", .longs = apt_longs, .run = apt_run};
