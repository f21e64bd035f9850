/* network.c -- the network as the persona and /proc/net have it: ifconfig, ip,
 * route, arp, netstat, ss, ping.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "cmd/sys.h"
#include "vm/net.h"

typedef unsigned long long ull;

/* --- figures ------------------------------------------------------------------------ */
static uint32_t ip_of(const char *text)
{
    struct in_addr a = {0};
    return inet_pton(AF_INET, text, &a) == 1 ? ntohl(a.s_addr) : 0;
}

static const char *ip_text(struct cmd_run *r, uint32_t ip)
{
    return vm_asprintf(r->p, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

static uint32_t mask_of(const struct persona *pe)
{
    return pe->prefix4 ? UINT32_MAX << (32 - pe->prefix4) : 0;
}

/* fe80:: with the interface's EUI-64, as SLAAC makes it. */
static const char *link_local(struct cmd_run *r)
{
    char *at = sys_slurp(r, "/proc/net/if_inet6", NULL, NULL), *line, text[INET6_ADDRSTRLEN];
    uint8_t ip[16];
    while ((line = sys_line(&at)))
        if (str_starts(line, "fe80") && !hex_decode(ip, line, 16) &&
            inet_ntop(AF_INET6, ip, text, sizeof(text)))
            return vm_strdup(r->p, text);
    return NULL;
}

struct counters {
    ull rx_bytes, rx_packets, tx_bytes, tx_packets;
};

static void counters_of(struct cmd_run *r, const char *dev, struct counters *c)
{
    char *at = sys_slurp(r, "/proc/net/dev", NULL, NULL), *line, *w[18];
    *c = (struct counters){0};
    while ((line = sys_line(&at))) {
        char *colon = strchr(line, ':');
        int64_t v[18] = {0};
        if (!colon)
            continue;
        *colon = ' ';
        int n = sys_words(line, w, 18);
        if (n < 11 || strcmp(w[0], dev) != 0)
            continue;
        for (int i = 1; i < n; i++)
            if (str_int(w[i], 0, INT64_MAX, &v[i]))
                v[i] = 0;
        *c = (struct counters){(ull)v[1], (ull)v[2], (ull)v[9], (ull)v[10]};
    }
}

/* --- ifconfig ------------------------------------------------------------------------- */
static const char *human(struct cmd_run *r, ull n)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double v = (double)n;
    int i = 0;
    for (; v >= 1024 && i < 4; i++)
        v /= 1024;
    return vm_asprintf(r->p, "%.1f %s", v, units[i]);
}

static void ifconfig_counts(struct cmd_run *r, const struct counters *c)
{
    vf_printf(
        r->out,
        "        RX packets %llu  bytes %llu (%s)\n        RX errors 0  dropped 0  overruns "
        "0  frame 0\n        TX packets %llu  bytes %llu (%s)\n        TX errors 0  dropped 0 "
        "overruns 0  carrier 0  collisions 0\n\n",
        c->rx_packets, c->rx_bytes, human(r, c->rx_bytes), c->tx_packets, c->tx_bytes,
        human(r, c->tx_bytes));
}

static void ifconfig_show(struct cmd_run *r, bool lo)
{
    const struct persona *pe = vm_persona(r->p);
    struct counters c;
    counters_of(r, lo ? "lo" : pe->net_if, &c);
    if (lo) {
        vf_puts(r->out, "lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536\n        inet 127.0.0.1  "
                        "netmask 255.0.0.0\n        inet6 ::1  prefixlen 128  scopeid 0x10<host>\n"
                        "        loop  txqueuelen 1000  (Local Loopback)\n");
        ifconfig_counts(r, &c);
        return;
    }
    uint32_t ip = ip_of(pe->ip4), mask = mask_of(pe);
    const char *ll = link_local(r);
    vf_printf(r->out,
              "%s: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n        inet %s  netmask "
              "%s  broadcast %s\n",
              pe->net_if, pe->ip4, ip_text(r, mask), ip_text(r, ip | ~mask));
    if (pe->ip6[0])
        vf_printf(r->out, "        inet6 %s  prefixlen 64  scopeid 0x0<global>\n", pe->ip6);
    if (ll)
        vf_printf(r->out, "        inet6 %s  prefixlen 64  scopeid 0x20<link>\n", ll);
    vf_printf(r->out, "        ether %s  txqueuelen 1000  (Ethernet)\n", pe->mac);
    ifconfig_counts(r, &c);
}

static int ifconfig_run(struct cmd_run *r)
{
    const char *dev = NULL;
    for (int i = 0; i < r->argc; i++)
        if (!strcmp(r->argv[i], "--help") || !strcmp(r->argv[i], "-V") ||
            !strcmp(r->argv[i], "--version"))
            return sys_text(r, vm_asprintf(r->p, "ifconfig %s", r->argv[i]));
        else if (r->argv[i][0] != '-' && !dev)
            dev = r->argv[i];
        else if (r->argv[i][0] != '-') {
            if (!vm_geteuid(r->p))
                return 0;
            vf_puts(r->err, "SIOCSIFFLAGS: Operation not permitted\n");
            return 255;
        }
    bool lo = dev && !strcmp(dev, "lo");
    if (dev && !lo && strcmp(dev, vm_persona(r->p)->net_if) != 0) {
        vf_printf(r->err, "%s: error fetching interface information: Device not found\n", dev);
        return 1;
    }
    if (!lo)
        ifconfig_show(r, false);
    if (!dev || lo)
        ifconfig_show(r, true);
    return 0;
}

const struct cmd cmd_ifconfig = {.name = "ifconfig", .flags = CMD_RAW, .run = ifconfig_run};

/* --- ip ----------------------------------------------------------------------------------- */
static void ip_link(struct cmd_run *r, int index, bool addr, int family)
{
    const struct persona *pe = vm_persona(r->p);
    bool lo = index == 1;
    if (family == 0)
        vf_printf(r->out,
                  "%d: %s: <%s,UP,LOWER_UP> mtu %d qdisc %s state %s %sgroup default qlen 1000\n",
                  index, lo ? "lo" : pe->net_if, lo ? "LOOPBACK" : "BROADCAST,MULTICAST",
                  lo ? 65536 : 1500, lo ? "noqueue" : "fq_codel", lo ? "UNKNOWN" : "UP",
                  addr ? "" : "mode DEFAULT ");
    else
        vf_printf(r->out, "%d: %s: <%s,UP,LOWER_UP> mtu %d %sstate %s group default qlen 1000\n",
                  index, lo ? "lo" : pe->net_if, lo ? "LOOPBACK" : "BROADCAST,MULTICAST",
                  lo ? 65536 : 1500, family == 4 ? lo ? "qdisc noqueue " : "qdisc fq_codel " : "",
                  lo ? "UNKNOWN" : "UP");
    if (family == 0)
        vf_printf(r->out, "    link/%s %s brd %s\n", lo ? "loopback" : "ether",
                  lo ? "00:00:00:00:00:00" : pe->mac,
                  lo ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff");
    if (!addr)
        return;
    static const char forever[] = "       valid_lft forever preferred_lft forever\n";
    const char *ll = link_local(r);
    if (lo) {
        if (family != 6)
            vf_printf(r->out, "    inet 127.0.0.1/8 scope host lo\n%s", forever);
        if (family != 4)
            vf_printf(r->out, "    inet6 ::1/128 scope host noprefixroute \n%s", forever);
        return;
    }
    if (family != 6)
        vf_printf(r->out, "    inet %s/%u brd %s scope global %s\n%s", pe->ip4, pe->prefix4,
                  ip_text(r, ip_of(pe->ip4) | ~mask_of(pe)), pe->net_if, forever);
    if (family != 4 && pe->ip6[0])
        vf_printf(r->out, "    inet6 %s/64 scope global \n%s", pe->ip6, forever);
    if (family != 4 && ll)
        vf_printf(r->out, "    inet6 %s/64 scope link \n%s", ll, forever);
}

static const char *gateway_mac(struct cmd_run *r)
{
    char *at = sys_slurp(r, "/proc/net/arp", NULL, NULL), *line, *w[6];
    (void)sys_line(&at);
    while ((line = sys_line(&at)))
        if (sys_words(line, w, 6) == 6)
            return w[3];
    return "00:1c:73:00:00:01";
}

static int ip_run(struct cmd_run *r)
{
    const struct persona *pe = vm_persona(r->p);
    int i = 0, family = 0;
    bool brief = false;
    for (; i < r->argc && r->argv[i][0] == '-'; i++) {
        const char *o = r->argv[i];
        family = !strcmp(o, "-4") ? 4 : !strcmp(o, "-6") ? 6 : family;
        brief |= str_starts(o, "-br");
        if (!strcmp(o, "-V") || !strcmp(o, "-Version"))
            return sys_text(r, "ip -V");
    }
    const char *what = i < r->argc ? r->argv[i++] : "help";
    const char *verb = i < r->argc ? r->argv[i] : "show";
    size_t n = strlen(what);
    if (strcmp(what, "help") != 0 &&
        (str_starts(verb, "add") || !strcmp(verb, "set") || !strcmp(verb, "del"))) {
        if (!vm_geteuid(r->p))
            return 0;
        vf_puts(r->err, "RTNETLINK answers: Operation not permitted\n");
        return 2;
    }
    bool addr = !strncmp("address", what, n), link = !addr && !strncmp("link", what, n);
    const char *dev = i + 1 < r->argc ? r->argv[r->argc - 1] : NULL;
    if (dev && (addr || link) && strcmp(dev, "lo") != 0 && strcmp(dev, pe->net_if) != 0) {
        vf_printf(r->err, "Device \"%s\" does not exist.\n", dev);
        return 1;
    }
    if ((addr || link) && brief) {
        vf_printf(
            r->out,
            addr ? "lo               UNKNOWN        127.0.0.1/8 ::1/128 \n"
                 : "lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> \n");
        if (addr)
            vf_printf(r->out, "%-16s UP             %s/%u %s/64 \n", pe->net_if, pe->ip4,
                      pe->prefix4, link_local(r) ? link_local(r) : "");
        else
            vf_printf(r->out, "%-16s UP             %s <BROADCAST,MULTICAST,UP,LOWER_UP> \n",
                      pe->net_if, pe->mac);
        return 0;
    }
    if (addr || link) {
        for (int k = 1; k <= 2; k++)
            if (!dev || !strcmp(dev, k == 1 ? "lo" : pe->net_if))
                ip_link(r, k, addr, link ? 0 : family);
        return 0;
    }
    if (!strncmp("route", what, n)) {
        uint32_t ip = ip_of(pe->ip4), mask = mask_of(pe);
        if (family == 6) {
            vf_printf(r->out, "fe80::/64 dev %s proto kernel metric 256 pref medium\n", pe->net_if);
            return 0;
        }
        if (!strcmp(verb, "get") && i + 1 < r->argc) {
            vf_printf(r->out, "%s via %s dev %s src %s uid %u \n    cache \n", r->argv[i + 1],
                      pe->gateway4, pe->net_if, pe->ip4, vm_getuid(r->p));
            return 0;
        }
        vf_printf(
            r->out, "default via %s dev %s onlink \n%s/%u dev %s proto kernel scope link src %s \n",
            pe->gateway4, pe->net_if, ip_text(r, ip & mask), pe->prefix4, pe->net_if, pe->ip4);
        return 0;
    }
    if (!strncmp("neighbour", what, n) || !strcmp(what, "neighbor")) {
        vf_printf(r->out, "%s dev %s lladdr %s REACHABLE\n", pe->gateway4, pe->net_if,
                  gateway_mac(r));
        return 0;
    }
    if (!strcmp(what, "rule")) {
        vf_puts(r->out, "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all "
                        "lookup default\n");
        return 0;
    }
    if (!strcmp(what, "help")) {
        int rc = sys_text(r, "ip help");
        return rc < 0 ? 255 : rc;
    }
    vf_printf(r->err, "Object \"%s\" is unknown, try \"ip help\".\n", what);
    return 1;
}

const struct cmd cmd_ip = {.name = "ip", .flags = CMD_RAW | CMD_NO_TEXT, .run = ip_run};

/* --- route, arp ------------------------------------------------------------------------------ */
static int route_show(struct cmd_run *r, bool numeric)
{
    const struct persona *pe = vm_persona(r->p);
    uint32_t mask = mask_of(pe);
    vf_puts(r->out,
            "Kernel IP routing table\nDestination     Gateway         Genmask         Flags "
            "Metric Ref    Use Iface\n");
    vf_printf(r->out, "%-15s %-15s 0.0.0.0         UG    0      0        0 %s\n",
              numeric ? "0.0.0.0" : "default", pe->gateway4, pe->net_if);
    vf_printf(r->out, "%-15s 0.0.0.0         %-15s U     0      0        0 %s\n",
              ip_text(r, ip_of(pe->ip4) & mask), ip_text(r, mask), pe->net_if);
    return 0;
}

static int route_run(struct cmd_run *r)
{
    if (r->argc && vm_geteuid(r->p)) {
        vf_puts(r->err, "SIOCADDRT: Operation not permitted\n");
        return 7;
    }
    return r->argc ? 0 : route_show(r, cmd_has(r, 'n'));
}

const struct cmd cmd_route = {.name = "route", .opts = "A:CeFhnNvV46", .run = route_run};

static int arp_run(struct cmd_run *r)
{
    const struct persona *pe = vm_persona(r->p);
    if (cmd_has(r, 'a'))
        vf_printf(r->out, "? (%s) at %s [ether] on %s\n", pe->gateway4, gateway_mac(r), pe->net_if);
    else
        vf_printf(
            r->out,
            "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
            "%-23s  ether   %s   C                     %s\n",
            pe->gateway4, gateway_mac(r), pe->net_if);
    return 0;
}

const struct cmd cmd_arp = {.name = "arp", .opts = "aAevnNvDi:H:sdf:V", .run = arp_run};

/* --- netstat, ss --------------------------------------------------------------------------------
 */
struct sock {
    bool six, listens;
    const char *local, *remote;
    int lport, rport;
};

static const char *addr_text(struct cmd_run *r, const char *hex, int *port)
{
    const char *colon = strchr(hex, ':');
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t raw[16] = {0}, p[2] = {0};
    size_t n = colon ? (size_t)(colon - hex) / 2 : 0;
    if ((n != 4 && n != 16) || hex_decode(raw, hex, n) || hex_decode(p, colon + 1, 2))
        return "?";
    /* Each word is in the processor's order. */
    for (size_t w = 0; w < n; w += 4) {
        uint8_t b0 = raw[w], b1 = raw[w + 1];
        raw[w] = raw[w + 3];
        raw[w + 1] = raw[w + 2];
        raw[w + 2] = b1;
        raw[w + 3] = b0;
    }
    *port = p[0] << 8 | p[1];
    return inet_ntop(n == 4 ? AF_INET : AF_INET6, raw, text, sizeof(text)) ? vm_strdup(r->p, text)
                                                                           : "?";
}

static int sockets(struct cmd_run *r, struct sock *s, int max)
{
    static const char *const files[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    int n = 0;
    for (int f = 0; f < 2; f++) {
        char *at = sys_slurp(r, files[f], NULL, NULL), *line, *w[10];
        (void)sys_line(&at);
        while ((line = sys_line(&at)) && n < max)
            if (sys_words(line, w, 10) == 10) {
                s[n] = (struct sock){.six = f, .listens = !strcmp(w[3], "0A")};
                s[n].local = addr_text(r, w[1], &s[n].lport);
                s[n].remote = addr_text(r, w[2], &s[n].rport);
                n++;
            }
    }
    return n;
}

/* Which sshd holds a socket: the listener, or the login's own. */
static const struct vm_procinfo *owner(const struct vm_procinfo *rows, size_t n,
                                       const struct sock *s)
{
    const struct vm_procinfo *found = NULL;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(rows[i].comm, "sshd") && (!found || !s->listens))
            found = &rows[i];
    return found;
}

static const char *end_point(struct cmd_run *r, const char *ip, int port, bool numeric)
{
    const char *name = numeric ? NULL : port == 22 ? "ssh" : port == 80 ? "http" : NULL;
    if (!port)
        return vm_asprintf(r->p, "%s:*", ip);
    return name ? vm_asprintf(r->p, "%s:%s", ip, name) : vm_asprintf(r->p, "%s:%d", ip, port);
}

static int netstat_run(struct cmd_run *r)
{
    struct sock s[64];
    size_t rows_n;
    if (cmd_has(r, 'r'))
        return route_show(r, cmd_has(r, 'n'));
    if (cmd_has(r, 'V'))
        return sys_text(r, "netstat --version");
    if (cmd_has(r, 'i')) {
        const struct persona *pe = vm_persona(r->p);
        vf_puts(r->out,
                "Kernel Interface table\nIface      MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK "
                "TX-ERR TX-DRP TX-OVR Flg\n");
        for (int i = 0; i < 2; i++) {
            struct counters c;
            counters_of(r, i ? "lo" : pe->net_if, &c);
            vf_printf(r->out, "%-8s %5d %8llu      0      0 0      %8llu      0      0      0 %s\n",
                      i ? "lo" : pe->net_if, i ? 65536 : 1500, c.rx_packets, c.tx_packets,
                      i ? "LRU" : "BMRU");
        }
        return 0;
    }
    bool all = cmd_has(r, 'a'), listen = cmd_has(r, 'l'), numeric = cmd_has(r, 'n'),
         pid = cmd_has(r, 'p');
    bool tcp = cmd_has(r, 't'), udp = cmd_has(r, 'u'), un = cmd_has(r, 'x');
    bool any = !tcp && !udp && !un;
    const struct vm_procinfo *rows = sys_procs(r, &rows_n);
    if (pid && vm_geteuid(r->p))
        vf_puts(r->err,
                "(Not all processes could be identified, non-owned process info\n will not be "
                "shown, you would have to be root to see it all.)\n");
    if (tcp || udp || any) {
        vf_printf(r->out,
                  "Active Internet connections (%s)\nProto Recv-Q Send-Q Local Address           "
                  "Foreign Address         State      %s\n",
                  all      ? "servers and established"
                  : listen ? "only servers"
                           : "w/o servers",
                  pid ? " PID/Program name    " : "");
        int n = tcp || any ? sockets(r, s, 64) : 0;
        for (int i = 0; i < n; i++) {
            if (!all && s[i].listens != listen)
                continue;
            const struct vm_procinfo *p = vm_geteuid(r->p) ? NULL : owner(rows, rows_n, &s[i]);
            const char *who =
                p ? vm_asprintf(r->p, "%d/%s", p->pid, p->argv[0] ? p->argv[0] : "sshd") : "-";
            vf_printf(r->out, "tcp%-2s %6d %6d %-23s %-23s %-11s", s[i].six ? "6" : "", 0, 0,
                      end_point(r, s[i].local, s[i].lport, numeric),
                      end_point(r, s[i].remote, s[i].rport, numeric),
                      s[i].listens ? "LISTEN" : "ESTABLISHED");
            if (pid)
                vf_printf(r->out, " %-20.19s", who);
            vf_putc(r->out, '\n');
        }
    }
    if (un || any) {
        char *at = sys_slurp(r, "/proc/net/unix", NULL, NULL), *line, *w[8];
        vf_printf(r->out,
                  "Active UNIX domain sockets (%s)\nProto RefCnt Flags       Type       State     "
                  "    I-Node%s   Path\n",
                  all      ? "servers and established"
                  : listen ? "only servers"
                           : "w/o servers",
                  pid ? "   PID/Program name   " : "");
        (void)sys_line(&at);
        while ((line = sys_line(&at))) {
            if (sys_words(line, w, 8) < 8)
                continue;
            bool server = !strcmp(w[3], "00010000");
            if (!all && server != listen)
                continue;
            const char *type = !strcmp(w[4], "0001")   ? "STREAM"
                               : !strcmp(w[4], "0002") ? "DGRAM"
                                                       : "SEQPACKET";
            vf_printf(r->out, "unix  %-6d %-11s %-10s %-13s %-8s%s %s\n", 2,
                      server ? "[ ACC ]" : "[ ]", type, server ? "LISTENING" : "", w[6],
                      pid ? " 1/init              " : "", w[7]);
        }
    }
    return 0;
}

static const char *const netstat_longs[] = {
    "all=a",        "listening=l", "numeric=n",    "programs=p",   "tcp=t",
    "udp=u",        "unix=x",      "route=r",      "interfaces=i", "wide=W",
    "continuous=c", "extend=e",    "statistics=s", "version=V",    NULL};

const struct cmd cmd_netstat = {.name = "netstat",
                                .opts = "A:CFMVWacdeghilmnNoprstuvwx46ZS",
                                .longs = netstat_longs,
                                .flags = CMD_HELP_ERR,
                                .usage_status = 3,
                                .run = netstat_run};

static int ss_run(struct cmd_run *r)
{
    struct sock s[64];
    size_t rows_n;
    const struct vm_procinfo *rows = sys_procs(r, &rows_n);
    bool listen = cmd_has(r, 'l'), all = cmd_has(r, 'a'), numeric = cmd_has(r, 'n');
    bool kinds = cmd_has(r, 't') + cmd_has(r, 'u') != 1;
    if (cmd_has(r, 's')) {
        vf_puts(r->out,
                "Total: 124\nTCP:   4 (estab 1, closed 0, orphaned 0, timewait 0)\n\nTransport "
                "Total     IP        IPv6\nRAW\t  0         0         0        \nUDP\t  0         "
                "0         0        \nTCP\t  4         3         1        \nINET\t  4         3   "
                "      1        \nFRAG\t  0         0         0        \n\n");
        return 0;
    }
    vf_printf(r->out, "%sState  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n",
              kinds ? "Netid " : "");
    int n = cmd_has(r, 'u') && !kinds ? 0 : sockets(r, s, 64);
    for (int i = 0; i < n; i++) {
        if (!all && s[i].listens != listen)
            continue;
        const struct vm_procinfo *p =
            cmd_has(r, 'p') && !vm_geteuid(r->p) ? owner(rows, rows_n, &s[i]) : NULL;
        const char *local = s[i].six ? "[::]" : s[i].local;
        const char *remote = s[i].six ? "[::]" : s[i].remote;
        vf_printf(
            r->out, "%s%-6s %-6d %-6d %13s %13s %s\n", kinds ? "tcp   " : "",
            s[i].listens ? "LISTEN" : "ESTAB", 0, s[i].listens ? 128 : 0,
            end_point(r, local, s[i].lport, numeric), end_point(r, remote, s[i].rport, numeric),
            p ? vm_asprintf(r->p, "users:((\"sshd\",pid=%d,fd=%d))", p->pid, s[i].listens ? 3 : 4)
              : "");
    }
    return 0;
}

static const char *const ss_longs[] = {
    "all=a",  "listening=l", "numeric=n",  "processes=p", "tcp=t",  "udp=u",       "summary=s",
    "unix=x", "resolve=r",   "extended=e", "ipv4=4",      "ipv6=6", "no-header=H", NULL};

const struct cmd cmd_ss = {.name = "ss",
                           .opts = "aDeEhHiImnoOpPrsStuVw46xKMTZzbf:A:F:N:ld",
                           .longs = ss_longs,
                           .flags = CMD_HELP_ERR,
                           .usage_status = 255,
                           .run = ss_run};

/* --- ping
 * -------------------------------------------------------------------------------------------- */
static volatile bool *stop_flag(struct proc *p)
{
    return vm_own(p);
}

static void on_int(struct proc *p, int sig)
{
    (void)sig;
    *stop_flag(p) = true;
}

static int ping_run(struct cmd_run *r)
{
    int64_t count = INT64_MAX, size = 56;
    double gap = 1, limit = 1e9, wait = 10;
    struct vm_addr a;
    char name[256] = "";
    if (cmd_has(r, 'V'))
        return sys_text(r, "ping -V");
    if (r->argc < 1)
        return (void)vf_puts(r->err, "ping: usage error: Destination address required\n"), 1;
    if (cmd_arg(r, 'c') && str_int(cmd_arg(r, 'c'), 1, INT64_MAX, &count)) {
        cmd_warn(r, "invalid argument: '%s'", cmd_arg(r, 'c'));
        return 1;
    }
    if ((cmd_arg(r, 's') && str_int(cmd_arg(r, 's'), 0, 65507, &size)) ||
        (cmd_arg(r, 'i') && str_double(cmd_arg(r, 'i'), 0.002, 1e6, &gap)) ||
        (cmd_arg(r, 'w') && str_double(cmd_arg(r, 'w'), 0, 1e6, &limit)) ||
        (cmd_arg(r, 'W') && str_double(cmd_arg(r, 'W'), 0, 1e6, &wait))) {
        cmd_warn(r, "invalid argument");
        return 1;
    }
    const char *host = r->argv[r->argc - 1];
    int n = vm_resolve(r->p, host, cmd_has(r, '6') ? AF_INET6 : AF_INET, &a, 1);
    if (n <= 0) {
        cmd_warn(r, "%s: %s", host,
                 n < 0 ? "Temporary failure in name resolution" : "Name or service not known");
        return 2;
    }
    bool named = strcmp(host, a.text) != 0 && !cmd_has(r, 'n');
    if (named && vm_resolve_addr(r->p, &a, name, sizeof(name)) < 0)
        str_copy(name, sizeof(name), "");
    vf_printf(r->out, "PING %s (%s) %lld(%lld) bytes of data.\n", host, a.text, (long long)size,
              (long long)size + 28);
    bool *stop = vm_alloc(r->p, sizeof(*stop));
    vm_set_own(r->p, stop);
    (void)vm_signal(r->p, SIGINT, on_int, false);
    int64_t sent = 0, got = 0, start = vm_mono_us(r->p);
    double lowest = 1e12, highest = 0, sum = 0, squares = 0;
    while (sent < count && !*stop) {
        int ttl = 64;
        int64_t us = vm_ping_us(r->p, &a, &ttl);
        sent++;
        if (us >= 0) {
            double ms = (double)us / 1000;
            got++;
            lowest = ms < lowest ? ms : lowest;
            highest = ms > highest ? ms : highest;
            sum += ms;
            squares += ms * ms;
            if (!cmd_has(r, 'q'))
                vf_printf(r->out, "%lld bytes from %s%s%s%s: icmp_seq=%lld ttl=%d time=%.*f ms\n",
                          (long long)size + 8, name[0] ? name : a.text, name[0] ? " (" : "",
                          name[0] ? a.text : "", name[0] ? ")" : "", (long long)sent, ttl,
                          ms >= 100  ? 0
                          : ms >= 10 ? 1
                          : ms >= 1  ? 2
                                     : 3,
                          ms);
            (void)vf_flush(r->out);
        }
        if (sent >= count && us >= 0)
            break;
        if ((double)(vm_mono_us(r->p) - start) / 1e6 >= limit)
            break;
        double pause = sent >= count ? wait : gap;
        if (vm_sleep_us(r->p, (int64_t)(pause * 1e6)) < 0 && *stop)
            break;
    }
    int64_t took = (vm_mono_us(r->p) - start) / 1000;
    vf_printf(
        r->out,
        "\n--- %s ping statistics ---\n%lld packets transmitted, %lld received, %lld%% packet "
        "loss, time %lldms\n",
        host, (long long)sent, (long long)got, (long long)(sent ? (sent - got) * 100 / sent : 0),
        (long long)took);
    if (got) {
        double mean = sum / (double)got, var = squares / (double)got - mean * mean;
        double dev = var > 0 ? var : 0, root = dev > 0 ? dev : 0;
        for (int i = 0; i < 30 && root > 0; i++)
            root = (root + dev / root) / 2;
        vf_printf(r->out, "rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", lowest, mean, highest,
                  root);
    } else {
        vf_putc(r->out, '\n');
    }
    return got ? 0 : 1;
}

const struct cmd cmd_ping = {.name = "ping",
                             .opts = "aAbBc:dDe:fF:hHi:I:l:Lm:M:nN:OoP:p:qQ:rRs:S:t:T:UvVw:W:46",
                             .flags = CMD_HELP_ERR,
                             .usage_status = 2,
                             .run = ping_run};
