/* base64.c -- base64 and base32, both ways.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/cmd.h"

enum { BLOCK = 61440 }; /* a multiple of 3 and of 5 */

struct code {
    const char *alphabet;
    unsigned bits;  /* a character */
    size_t in, out; /* bytes and characters of a group */
};

static const struct code base64 = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6, 3, 4};
static const struct code base32 = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 5, 8};

struct wrap {
    struct vfile *out;
    uint64_t width, at;
};

static void put(struct wrap *w, const char *s, size_t n)
{
    while (n) {
        size_t k = w->width && w->width - w->at < n ? (size_t)(w->width - w->at) : n;
        vf_write(w->out, s, k);
        s += k;
        n -= k;
        w->at += k;
        if (w->width && w->at == w->width) {
            vf_putc(w->out, '\n');
            w->at = 0;
        }
    }
}

static void encode_group(const struct code *c, const uint8_t *in, size_t n, char *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < c->in; i++)
        v = v << 8 | (i < n ? in[i] : 0);
    size_t used = (n * 8 + c->bits - 1) / c->bits;
    for (size_t i = 0; i < c->out; i++) {
        unsigned shift = (unsigned)(c->out - 1 - i) * c->bits;
        out[i] = i < used ? c->alphabet[v >> shift & ((1u << c->bits) - 1)] : '=';
    }
}

static int encode(struct cmd_run *r, const struct code *c, struct vfile *in, uint64_t width)
{
    uint8_t *block = vm_alloc(r->p, BLOCK);
    char *text = vm_alloc(r->p, BLOCK / 3 * 5);
    struct wrap w = {.out = r->out, .width = width};
    for (size_t n; (n = vf_read(in, block, BLOCK));) {
        size_t k = 0;
        for (size_t i = 0; i < n; i += c->in, k += c->out)
            encode_group(c, block + i, n - i < c->in ? n - i : c->in, text + k);
        put(&w, text, k);
        vm_tick(r->p, 256);
    }
    if (w.width && w.at)
        vf_putc(r->out, '\n');
    return 0;
}

static int decode(struct cmd_run *r, const struct code *c, struct vfile *in, bool garbage)
{
    uint8_t value[256];
    char *block = vm_alloc(r->p, BLOCK);
    uint64_t v = 0;
    size_t have = 0, pad = 0;
    memset(value, 255, sizeof(value));
    for (size_t i = 0; c->alphabet[i]; i++)
        value[(unsigned char)c->alphabet[i]] = (uint8_t)i;
    bool bad = false;
    for (size_t n; !bad && (n = vf_read(in, block, BLOCK));) {
        for (size_t i = 0; i < n && !bad; i++) {
            unsigned char ch = (unsigned char)block[i];
            if (ch == '\n')
                continue;
            if (ch == '=' && have)
                pad++;
            else if (value[ch] == 255 || pad) {
                bad = !(garbage && value[ch] == 255);
                continue;
            }
            v = v << c->bits | (pad ? 0 : value[ch]);
            if (++have < c->out)
                continue;
            size_t bytes = (c->out - pad) * c->bits / 8;
            for (size_t k = 0; k < bytes; k++)
                vf_putc(r->out, (int)(v >> 8 * (c->in - 1 - k) & 255));
            have = pad = 0;
            v = 0;
        }
        vm_tick(r->p, 256);
    }
    /* A group that was cut off is written as far as it goes. */
    if (have) {
        size_t bytes = (have - pad) * c->bits / 8;
        v <<= (c->out - have) * c->bits;
        for (size_t k = 0; k < bytes; k++)
            vf_putc(r->out, (int)(v >> 8 * (c->in - 1 - k) & 255));
        bad = true;
    }
    if (bad)
        cmd_warn(r, "invalid input");
    return bad;
}

static int base_run(struct cmd_run *r)
{
    const struct code *c = strcmp(r->cmd->name, "base32") ? &base64 : &base32;
    uint64_t width = 76;
    const char *w = cmd_arg(r, 'w');
    if (r->argc > 1)
        return cmd_extra(r, r->argv[1]);
    if (w && cmd_number(w, "", &width)) {
        cmd_warn(r, "invalid wrap size: %s", cmd_quotel(r, w));
        return 1;
    }
    struct vfile *in = cmd_stream(r, r->argc ? r->argv[0] : "-");
    if (!in)
        return 1;
    int status = cmd_has(r, 'd') ? decode(r, c, in, cmd_has(r, 'i')) : encode(r, c, in, width);
    if (vf_error(in)) {
        cmd_warn_err(r, vf_error(in), "read error");
        return 1;
    }
    return status;
}

static const char *const base_longs[] = {"decode=d", "wrap:=w", "ignore-garbage=i", NULL};

const struct cmd cmd_base64 = {
    .name = "base64", .opts = "diw:", .longs = base_longs, .run = base_run};
const struct cmd cmd_base32 = {
    .name = "base32", .opts = "diw:", .longs = base_longs, .run = base_run};
