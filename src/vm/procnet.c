/* procnet.c -- /proc/net: interfaces, routes, sockets of the machine.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <arpa/inet.h>
#include <stdio.h>

#include "vm/gen.h"

typedef unsigned long long ull;

void gen_net_counters(const struct vm *vm, struct net_counters *c)
{
    const struct persona *pe = vm->world->conf.persona;
    uint64_t h = hash_fixed("net", 3, pe->seed);
    uint64_t t = (uint64_t)vm_boot_age_us(vm) / 1000;
    /* Background noise of a server on the Internet, a packet at a time. */
    c->rx_packets = 4000 + t * (1800 + h % 900) / 1000000;
    c->tx_packets = 2500 + t * (900 + (h >> 12) % 600) / 1000000;
    c->rx_bytes = c->rx_packets * (170 + (h >> 24) % 300) + t * 7 % 977;
    c->tx_bytes = c->tx_packets * (150 + (h >> 36) % 200) + t * 5 % 613;
    c->lo_packets = 300 + t / 900000;
    c->lo_bytes = c->lo_packets * 84;
}

static void n_dev(struct gen *g)
{
    struct net_counters c;
    gen_net_counters(g->vm, &c);
    const struct {
        const char *name;
        ull rb, rp, tb, tp;
    } rows[] = {
        {"lo", c.lo_bytes, c.lo_packets, c.lo_bytes, c.lo_packets},
        {g->vm->world->conf.persona->net_if, c.rx_bytes, c.rx_packets, c.tx_bytes, c.tx_packets}};
    str_puts(&g->out,
             "Inter-|   Receive                                                |  Transmit\n face "
             "|bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
             "drop fifo colls carrier compressed\n");
    for (int i = 0; i < 2; i++)
        str_printf(&g->out,
                   "%6s: %7llu %7llu %4u %4u %4u %5u %10u %9u %8llu %7llu %4u %4u %4u %5u %7u "
                   "%10u\n",
                   rows[i].name, rows[i].rb, rows[i].rp, 0u, 0u, 0u, 0u, 0u, 0u, rows[i].tb,
                   rows[i].tp, 0u, 0u, 0u, 0u, 0u, 0u);
}

static uint32_t ip_raw(const char *text)
{
    struct in_addr a = {0};
    (void)inet_pton(AF_INET, text, &a);
    return a.s_addr;
}

static void n_route(struct gen *g)
{
    const struct persona *pe = g->vm->world->conf.persona;
    uint32_t mask = pe->prefix4 ? htonl(UINT32_MAX << (32 - pe->prefix4)) : 0;
    char line[160];
    str_printf(
        &g->out, "%-127s\n",
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
    str_fmt(line, sizeof(line), "%s\t00000000\t%08X\t0003\t0\t0\t0\t00000000\t0\t0\t0", pe->net_if,
            ip_raw(pe->gateway4));
    str_printf(&g->out, "%-127s\n", line);
    str_fmt(line, sizeof(line), "%s\t%08X\t00000000\t0001\t0\t0\t0\t%08X\t0\t0\t0", pe->net_if,
            ip_raw(pe->ip4) & mask, mask);
    str_printf(&g->out, "%-127s\n", line);
}

static void n_arp(struct gen *g)
{
    const struct persona *pe = g->vm->world->conf.persona;
    uint64_t h = hash_fixed("gateway", 7, pe->seed);
    str_puts(&g->out, "IP address       HW type     Flags       HW address            Mask     "
                      "Device\n");
    str_printf(&g->out, "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *        %s\n",
               pe->gateway4, 1u, 2u, 0x00u, 0x1cu, 0x73u, (unsigned)(h & 255),
               (unsigned)(h >> 8 & 255), (unsigned)(h >> 16 & 255), pe->net_if);
}

static void tcp_row(struct gen *g, unsigned n, uint32_t la, int lp, uint32_t ra, int rp, int st,
                    uint64_t inode)
{
    char line[200];
    str_fmt(line, sizeof(line),
            "%4u: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08X %08X %5u %8d %llu %d %016llx %s", n,
            la, (unsigned)lp, ra, (unsigned)rp, (unsigned)st, 0u, 0u, st == 1 ? 2u : 0u,
            st == 1 ? 0xa7f0au : 0u, 0u, 0u, 0, (ull)inode, st == 1 ? 4 : 1,
            (ull)hash_fixed(&inode, sizeof(inode), 5) >> 32,
            st == 1 ? "20 4 30 10 -1" : "100 0 0 10 0");
    str_printf(&g->out, "%-149s\n", line);
}

static void n_tcp(struct gen *g)
{
    unsigned n = 0;
    str_printf(&g->out, "%-149s\n",
               "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
               "timeout inode");
    tcp_row(g, n++, 0, 22, 0, 0, 10, 14830);
    LIST_EACH(l, &g->vm->logins)
    {
        const struct vm_login *lo = LIST_ENTRY(l, struct vm_login, in_vm);
        if (!strchr(lo->from, ':'))
            tcp_row(g, n++, ip_raw(lo->to), lo->to_port, ip_raw(lo->from), lo->from_port, 1,
                    18000 + lo->number * 37);
    }
}

static void n_tcp6(struct gen *g)
{
    str_printf(
        &g->out, "%-149s\n",
        "  sl  local_address                         remote_address                        st "
        "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
    str_printf(
        &g->out, "%-149s\n",
        "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A "
        "00000000:00000000 00:00000000 00000000     0        0 14841 1 00000000d3a1f0c2 100 0 0 "
        "10 0");
}

static void n_udp(struct gen *g)
{
    str_printf(
        &g->out, "%-127s\n",
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout inode ref pointer drops");
}

static void n_if_inet6(struct gen *g)
{
    const struct persona *pe = g->vm->world->conf.persona;
    unsigned m[6] = {0};
    str_printf(&g->out, "00000000000000000000000000000001 01 80 10 80       lo\n");
    if (sscanf(pe->mac, "%2x:%2x:%2x:%2x:%2x:%2x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) == 6)
        str_printf(&g->out, "fe80000000000000%02x%02x%02xfffe%02x%02x%02x 02 40 20 80 %8s\n",
                   m[0] ^ 2, m[1], m[2], m[3], m[4], m[5], pe->net_if);
}

static void n_unix(struct gen *g)
{
    static const struct {
        const char *path;
        unsigned refs, flags, type, st;
    } rows[] = {{"/run/systemd/notify", 3, 0, 2, 1},
                {"/run/systemd/private", 2, 0x10000, 1, 1},
                {"/run/systemd/journal/syslog", 2, 0, 2, 1},
                {"/run/udev/control", 2, 0x10000, 5, 1},
                {"/run/systemd/journal/dev-log", 9, 0, 2, 1},
                {"/run/systemd/journal/stdout", 2, 0x10000, 1, 1},
                {"/run/systemd/journal/socket", 8, 0, 2, 1},
                {"/run/dbus/system_bus_socket", 2, 0x10000, 1, 1}};
    str_puts(&g->out, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        str_printf(&g->out, "%016llx: %08X %08X %08X %04X %02X %5u %s\n",
                   (ull)hash_fixed(rows[i].path, strlen(rows[i].path), 1) >> 32, rows[i].refs, 0u,
                   rows[i].flags, rows[i].type, rows[i].st, 11000 + i * 173, rows[i].path);
}

static void n_sockstat(struct gen *g)
{
    unsigned n = vm_logins(g->vm);
    str_printf(&g->out,
               "sockets: used %u\nTCP: inuse %u orphan 0 tw 0 alloc %u mem 1\nUDP: inuse 0 mem "
               "0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n",
               120 + n, 1 + n, 3 + n);
}

bool proc_net_text(struct gen *g, const char *name)
{
    static const struct {
        const char *name;
        void (*text)(struct gen *g);
    } rows[] = {{"net/dev", n_dev},   {"net/route", n_route},       {"net/arp", n_arp},
                {"net/tcp", n_tcp},   {"net/tcp6", n_tcp6},         {"net/udp", n_udp},
                {"net/unix", n_unix}, {"net/if_inet6", n_if_inet6}, {"net/sockstat", n_sockstat}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0) {
            rows[i].text(g);
            return true;
        }
    return false;
}
