/* net.c -- names, addresses, distances and ports of the world outside.
 *
 * Everything follows from hashes of names and addresses with the persona's
 * seed: the same question always has the same answer. Well-known names lie in
 * their owners' networks, others with one of the large hosters.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vm/net.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "vm/priv.h"

enum { DIAL_MOST_US = 131000000 }; /* Linux gives up after this */

static uint64_t world_hash(const struct vm *vm, const void *p, size_t n)
{
    return hash_fixed(p, n, vm->world->conf.persona->seed ^ 0x6e657477);
}

/* --- addresses ------------------------------------------------------------------ */
static void addr_text(struct vm_addr *a)
{
    if (!inet_ntop(a->family, a->ip, a->text, sizeof(a->text)))
        a->text[0] = 0;
}

bool vm_addr_parse(const char *text, struct vm_addr *out)
{
    *out = (struct vm_addr){0};
    for (int i = 0; i < 2; i++) {
        out->family = i ? AF_INET6 : AF_INET;
        if (inet_pton(out->family, text, out->ip) == 1) {
            addr_text(out);
            return true;
        }
    }
    return false;
}

bool vm_addr_is_loopback(const struct vm_addr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return a->family == AF_INET ? a->ip[0] == 127 || (!a->ip[0] && !a->ip[1] && !a->ip[3])
                                : memcmp(a->ip, one, 16) == 0;
}

static bool is_private(const struct vm_addr *a)
{
    const uint8_t *ip = a->ip;
    return a->family == AF_INET &&
           (ip[0] == 10 || (ip[0] == 172 && ip[1] >= 16 && ip[1] < 32) ||
            (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
            (ip[0] == 100 && ip[1] >= 64 && ip[1] < 128) || ip[0] >= 224 || ip[0] == 0);
}

static bool is_own(const struct vm *vm, const struct vm_addr *a)
{
    return vm_addr_is_loopback(a) || strcmp(a->text, vm->world->conf.persona->ip4) == 0;
}

/* --- names ----------------------------------------------------------------------- */
static const struct known {
    const char *name; /* it and all below it */
    uint8_t net[3];
} known[] = {
    {"google.com", {142, 250, 74}},
    {"googleapis.com", {142, 250, 184}},
    {"youtube.com", {142, 250, 185}},
    {"github.com", {140, 82, 121}},
    {"githubusercontent.com", {185, 199, 108}},
    {"gitlab.com", {172, 65, 251}},
    {"ubuntu.com", {185, 125, 190}},
    {"cloudflare.com", {104, 16, 132}},
    {"amazonaws.com", {52, 216, 54}},
    {"microsoft.com", {20, 70, 246}},
    {"facebook.com", {157, 240, 253}},
    {"yahoo.com", {74, 6, 231}},
    {"baidu.com", {110, 242, 68}},
    {"wikipedia.org", {185, 15, 59}},
    {"example.com", {93, 184, 215}},
    {"example.org", {93, 184, 215}},
    {"pastebin.com", {104, 20, 67}},
    {"ipinfo.io", {34, 117, 59}},
    {"ifconfig.me", {34, 160, 111}},
    {"icanhazip.com", {104, 16, 185}},
    {"ipify.org", {104, 26, 12}},
    {"discord.com", {162, 159, 135}},
    {"telegram.org", {149, 154, 167}},
    {"docker.com", {141, 193, 213}},
    {"python.org", {151, 101, 64}},
    {"kernel.org", {139, 178, 84}},
};

static const uint8_t hosters[][2] = {
    {104, 21}, {172, 67}, {185, 215}, {95, 216},  {116, 203}, {51, 158}, {45, 33},   {139, 59},
    {164, 92}, {159, 65}, {167, 99},  {207, 154}, {34, 89},   {35, 198}, {52, 29},   {18, 184},
    {3, 121},  {13, 53},  {20, 113},  {45, 76},   {149, 28},  {198, 54}, {192, 210}, {194, 26},
    {91, 92},  {193, 42}, {5, 189},   {178, 128}, {46, 101},  {144, 76},
};

static bool known_tld(const char *tld)
{
    static const char *const generic =
        " com net org info biz io co me tv cc xyz top site online club shop store tech space "
        "website live pro app dev cloud link click fun icu pw ws name mobi edu gov mil int eu asia "
        "arpa one world host press work win bid loan men vip ltd sh ly gg to ";
    char want[16];
    if (strlen(tld) == 2 && tld[0] >= 'a' && tld[0] <= 'z' && tld[1] >= 'a' && tld[1] <= 'z')
        return strcmp(tld, "zz") != 0 && strcmp(tld, "xx") != 0; /* countries */
    return str_fmt(want, sizeof(want), " %s ", tld) && strstr(generic, want);
}

/* Would anybody have registered that? Long runs without a vowel and digits
 * mixed in say no. */
static bool looks_random(const char *label, size_t n)
{
    unsigned run = 0, longest = 0, digits = 0;
    for (size_t i = 0; i < n; i++) {
        bool vowel = strchr("aeiouy", label[i]) != NULL, dash = label[i] == '-';
        digits += label[i] >= '0' && label[i] <= '9';
        run = vowel || dash ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    return n > 24 || longest > 6 || (n > 12 && digits * 3 > n);
}

static bool valid_name(const char *name)
{
    size_t n = strlen(name), label = 0;
    if (!n || n > 253 || !strchr(name, '.'))
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (c == '.' ? label == 0 || label > 63 : !ok)
            return false;
        label = c == '.' ? 0 : label + 1;
    }
    return label > 0 && label < 64;
}

static bool below(const char *name, const char *parent)
{
    size_t n = strlen(name), k = strlen(parent);
    return str_ends(name, parent) && (n == k || name[n - k - 1] == '.');
}

/* The world's DNS: addresses of a name, or 0. */
static int dns(struct vm *vm, const char *name, int family, struct vm_addr *out, int max)
{
    const struct persona *pe = vm->world->conf.persona;
    char own[160];
    if (str_fmt(own, sizeof(own), "%s.%s", pe->hostname, pe->domain) && strcmp(own, name) == 0)
        return family != AF_INET6 && max > 0 && vm_addr_parse(pe->ip4, out) ? 1 : 0;
    const char *tld = strrchr(name, '.');
    if (!valid_name(name) || !known_tld(tld + 1))
        return 0;
    const char *second = tld;
    while (second > name && second[-1] != '.')
        second--;
    const struct known *k = NULL;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (below(name, known[i].name))
            k = &known[i];
    if (!k && looks_random(second, (size_t)(tld - second)))
        return 0;
    if (family == AF_INET6 || max < 1)
        return 0;
    uint64_t h = world_hash(vm, name, strlen(name)), site = world_hash(vm, second, strlen(second));
    const uint8_t *net = hosters[site % (sizeof(hosters) / sizeof(hosters[0]))];
    int n = k || site >> 60 == 0 ? 1 + (int)(site >> 8 & 1) : 1;
    for (int i = 0; i < n && i < max; i++) {
        out[i] = (struct vm_addr){.family = AF_INET};
        out[i].ip[0] = k ? k->net[0] : net[0];
        out[i].ip[1] = k ? k->net[1] : net[1];
        out[i].ip[2] = k ? k->net[2] : (uint8_t)(site >> 16 & 0xff);
        out[i].ip[3] = (uint8_t)(1 + (h >> (24 + 8 * i)) % 253);
        addr_text(&out[i]);
    }
    return n < max ? n : max;
}

/* A word of a line; *at moves behind it. */
static char *word(char **at)
{
    char *s = *at + strspn(*at, " \t");
    if (!*s || *s == '#')
        return NULL;
    *at = s + strcspn(s, " \t");
    if (**at)
        *(*at)++ = 0;
    return s;
}

static int hosts_file(struct vm *vm, const char *name, int family, struct vm_addr *out, int max)
{
    size_t len;
    char *text = file_slurp(vm, "/etc/hosts", 65536, &len), *rest = text, *line;
    int n = 0;
    while (text && (line = strsep(&rest, "\n")) != NULL && n < max) {
        struct vm_addr a;
        char *w = word(&line);
        if (!w || !vm_addr_parse(w, &a) || (family != AF_UNSPEC && a.family != family))
            continue;
        while ((w = word(&line)) != NULL)
            if (str_eqi(w, name)) {
                out[n++] = a;
                break;
            }
    }
    x_free(text);
    return n;
}

static bool has_nameserver(struct vm *vm)
{
    size_t n;
    char *text = file_slurp(vm, "/etc/resolv.conf", 16384, &n);
    bool has = text && (str_starts(text, "nameserver") || strstr(text, "\nnameserver"));
    x_free(text);
    return has;
}

int vm_resolve(struct proc *p, const char *name, int family, struct vm_addr *out, int max)
{
    struct vm *vm = p->vm;
    char lower[256];
    BURN(p, 10);
    if (max < 1 || !str_copy(lower, sizeof(lower), name))
        return 0;
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 32);
    size_t n = strlen(lower);
    if (n && lower[n - 1] == '.')
        lower[n - 1] = 0;
    if (vm_addr_parse(lower, out))
        return family == AF_UNSPEC || family == out->family;
    int got = hosts_file(vm, lower, family, out, max);
    if (got)
        return got;
    if (below(lower, "localhost"))
        return vm_addr_parse(family == AF_INET6 ? "::1" : "127.0.0.1", out);
    uint64_t h = world_hash(vm, lower, strlen(lower));
    (void)vm_sleep_us(p, 1500 + (int64_t)(h % 38000)); /* a question and its answer */
    return has_nameserver(vm) ? dns(vm, lower, family, out, max) : -EAGAIN;
}

int vm_resolve_addr(struct proc *p, const struct vm_addr *a, char *name, size_t n)
{
    const struct persona *pe = p->vm->world->conf.persona;
    if (vm_addr_is_loopback(a))
        return str_copy(name, n, "localhost") ? 0 : -ENOENT;
    if (is_own(p->vm, a))
        return str_fmt(name, n, "%s.%s", pe->hostname, pe->domain) ? 0 : -ENOENT;
    return -ENOENT;
}

/* --- distances -------------------------------------------------------------------------- */
int64_t vm_ping_us(struct proc *p, const struct vm_addr *a, int *ttl)
{
    struct vm *vm = p->vm;
    const struct persona *pe = vm->world->conf.persona;
    uint64_t noise = vm_random(p);
    *ttl = 64;
    if (is_own(vm, a))
        return 25 + (int64_t)(noise % 40);
    if (a->family == AF_INET6)
        return -ENETUNREACH;
    if (strcmp(a->text, pe->gateway4) == 0)
        return 280 + (int64_t)(noise % 420);
    if (is_private(a))
        return -ETIMEDOUT;
    uint64_t net = world_hash(vm, a->ip, 2), host = world_hash(vm, a->ip, 4);
    if (host % 100 < 12)
        return -ETIMEDOUT;
    static const uint8_t first[] = {64, 64, 64, 128, 255};
    *ttl = first[host >> 8 & 3] - 6 - (int)(net >> 20 & 7) - (int)(host >> 20 & 3);
    /* Near networks are likelier than far ones. */
    int64_t base = 1200 + (int64_t)((net % 1000) * (net % 1000) * 190 / 1000);
    return base + (int64_t)(noise % (uint64_t)(150 + base / 40)) +
           ((noise >> 32) % 40 == 0 ? (int64_t)(noise >> 40 & 8191) : 0);
}

bool vm_listens(struct proc *p, int port)
{
    return port == 22 && daemon_pid(p->vm, "sshd") > 1;
}

/* --- connections ---------------------------------------------------------------------------- */
static int dial_sshd(struct proc *p)
{
    struct vm *vm = p->vm;
    struct ofile *near, *far;
    char banner[96];
    int err = pipe_pair(vm, &near, &far, 0);
    if (err < 0)
        return err;
    pipe_hold_peer(near, far); /* it stays open as long as this end does */
    str_fmt(banner, sizeof(banner), "SSH-2.0-%s\r\n", vm->world->conf.persona->ssh_version);
    (void)far->ops->write(p, far, banner, strlen(banner));
    return fd_install(p, near, 0);
}

static void tell_audit(struct proc *p, const struct vm_addr *a, int port)
{
    const struct vm_hooks *h = &p->vm->world->conf.hooks;
    char text[80];
    if (!h->audit)
        return;
    str_fmt(text, sizeof(text), a->family == AF_INET6 ? "[%s]:%d" : "%s:%d", a->text, port);
    h->audit(h->ctx, p->vm, p->login, "connect", text);
}

/* How the world outside takes a connection: the error, and after how long. */
static int reach_outside(struct proc *p, const struct vm_addr *a, int port, int64_t *after_us)
{
    int ttl;
    bool many = (a->ip[0] >= 224 && a->ip[0] < 240) || a->ip[0] == 255; /* no stream goes there */
    if (a->family == AF_INET6 || many)
        return -ENETUNREACH;
    int64_t rtt = vm_ping_us(p, a, &ttl);
    uint8_t key[6];
    memcpy(key, a->ip, 4);
    key[4] = (uint8_t)(port >> 8);
    key[5] = (uint8_t)port;
    bool lan = is_private(a), refused = world_hash(p->vm, key, 6) % 100 < 22 && rtt > 0;
    *after_us = refused ? rtt : lan ? 3060000 : DIAL_MOST_US;
    return refused ? -ECONNREFUSED : lan ? -EHOSTUNREACH : -ETIMEDOUT;
}

int vm_reach(struct proc *p, const struct vm_addr *a, int port, int64_t *after_us)
{
    *after_us = 0;
    if (port < 0 || port > 65535)
        return -EINVAL;
    if (is_own(p->vm, a))
        return vm_listens(p, port) ? 0 : -ECONNREFUSED;
    return reach_outside(p, a, port, after_us);
}

/* Waits for it, but no longer than the caller wants to. */
static int dial_outside(struct proc *p, const struct vm_addr *a, int port, int timeout_ms)
{
    int64_t most = timeout_ms > 0 ? timeout_ms * INT64_C(1000) : DIAL_MOST_US, after = 0;
    int result = reach_outside(p, a, port, &after);
    int err = after > 0 ? vm_sleep_us(p, after < most ? after : most) : 0;
    if (err < 0)
        return err;
    return after > most ? -ETIMEDOUT : result;
}

int vm_dial(struct proc *p, const struct vm_addr *a, int port, int timeout_ms)
{
    BURN(p, 10);
    tell_audit(p, a, port);
    if (port < 1 || port > 65535)
        return -EINVAL;
    if (is_own(p->vm, a))
        return vm_listens(p, port) ? dial_sshd(p) : -ECONNREFUSED;
    return dial_outside(p, a, port, timeout_ms);
}
