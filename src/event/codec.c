/* codec.c -- events as bytes between processes.
 *
 *     version u8 | late u8 | protocol u8 | id u32 | time u64
 *     session, src_ip, dst_ip: strings | src_port u32 | dst_port u32
 *     then each field in the order of its descriptor
 *
 * A text is a present byte and a string; a list is a count and its elements.
 * The writer keeps every event below EVENT_MAX by clipping texts; the reader
 * believes nothing: it checks each length, range and character set, and that
 * no byte is left over.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "event/event.h"

#include <stdio.h>

#include "base/rng.h"

enum {
    VERSION = 1,
    MARKER_MAX = 32,    /* "...[+18446744073709551615 bytes]" and room */
    FIELD_RESERVE = 96, /* bytes kept for each field still to come */
    HEX_MAX = 256,
    ITEM_MAX = 256,
};
static const int64_t TIME_MAX_US = INT64_C(253402300799999999); /* the end of the year 9999 */

/* --- writing ------------------------------------------------------------------ */

static int put_head(struct buf *b, unsigned id, const struct event_source *s, int64_t us)
{
    int err = 0;

    us = us < 0 ? 0 : us > TIME_MAX_US ? TIME_MAX_US : us;
    if ((err = buf_put_u8(b, VERSION)) || (err = buf_put_bool(b, s->late)) ||
        (err = buf_put_u8(b, s->protocol)) || (err = buf_put_u32(b, id)) ||
        (err = buf_put_u64(b, (uint64_t)us)) || (err = buf_put_cstring(b, s->session)) ||
        (err = buf_put_cstring(b, s->src_ip)) || (err = buf_put_cstring(b, s->dst_ip)) ||
        (err = buf_put_u32(b, s->src_port)) || (err = buf_put_u32(b, s->dst_port)))
        return err;
    return 0;
}

/* A string of at most max bytes, marker included. */
static int put_clipped(struct buf *b, struct event_str s, size_t max)
{
    char marker[MARKER_MAX];
    size_t keep = max > MARKER_MAX ? max - MARKER_MAX : 0;
    uint8_t *room;
    int n, err;

    if (s.n <= max)
        return buf_put_string(b, s.p, s.n);
    n = snprintf(marker, sizeof marker, "...[+%zu bytes]", s.n - keep);
    if ((err = buf_put_u32(b, (uint32_t)(keep + (size_t)n))) ||
        (err = buf_reserve(b, keep + (size_t)n, &room)))
        return err;
    memcpy(room, s.p, keep);
    memcpy(room + keep, marker, (size_t)n);
    buf_commit(b, keep + (size_t)n);
    return 0;
}

static int put_text(struct buf *b, int type, struct event_str s, size_t room)
{
    size_t max = room < EVENT_STR_MAX ? room : EVENT_STR_MAX;
    int err = buf_put_bool(b, s.p != NULL);

    if (err || !s.p)
        return err;
    if (type == EVENT_HEX)
        return buf_put_string(b, s.p, s.n < HEX_MAX ? s.n : HEX_MAX);
    return put_clipped(b, s, max);
}

static int put_strs(struct buf *b, struct event_strs l, size_t room)
{
    size_t max = room / (ITEM_MAX + 4);
    size_t n = l.n < EVENT_ITEMS / 8 ? l.n : EVENT_ITEMS / 8;
    int err;

    n = n < max ? n : max;
    err = buf_put_u32(b, (uint32_t)n);
    for (size_t i = 0; i < n && !err; i++)
        err = put_clipped(b, l.v[i], ITEM_MAX);
    return err;
}

static int put_nums(struct buf *b, struct event_nums l, size_t room)
{
    size_t n = l.n < EVENT_ITEMS / 8 ? l.n : EVENT_ITEMS / 8;
    int err;

    n = n < room / 4 ? n : room / 4;
    err = buf_put_u32(b, (uint32_t)n);
    for (size_t i = 0; i < n && !err; i++) {
        uint32_t bits;
        memcpy(&bits, &l.v[i], 4);
        err = buf_put_u32(b, bits);
    }
    return err;
}

static int put_field(struct buf *b, int type, const void *at, size_t room)
{
    uint64_t bits;

    switch (type) {
    case EVENT_INT:
        return buf_put_u64(b, (uint64_t) * (const int64_t *)at);
    case EVENT_BOOL:
        return buf_put_bool(b, *(const bool *)at);
    case EVENT_DBL:
        memcpy(&bits, at, 8);
        return buf_put_u64(b, bits);
    case EVENT_STRS:
        return put_strs(b, *(const struct event_strs *)at, room);
    case EVENT_NUMS:
        return put_nums(b, *(const struct event_nums *)at, room);
    default:
        return put_text(b, type, *(const struct event_str *)at, room);
    }
}

int event_encode(struct buf *b, enum event_id id, const struct event_source *source,
                 int64_t real_us, const void *fields)
{
    static const struct event_source nobody;
    const struct event_desc *d = event_desc(id);
    size_t start = buf_len(b);
    int err;

    if (!d || (d->nfields && !fields))
        return ERR_RANGE;
    err = put_head(b, id, source ? source : &nobody, real_us);
    for (size_t i = 0; i < d->nfields && !err; i++) {
        size_t used = buf_len(b) - start + (d->nfields - i) * FIELD_RESERVE;
        size_t room = used < EVENT_MAX ? EVENT_MAX - used : MARKER_MAX;
        err = put_field(b, d->fields[i].type, (const char *)fields + d->fields[i].offset, room);
    }
    if (err)
        buf_trim(b, buf_len(b) - start);
    return err;
}

/* --- reading -------------------------------------------------------------------- */

static bool all_of(const char *s, const char *set)
{
    return s[strspn(s, set)] == '\0';
}

static int get_text(struct buf *b, char *out, size_t max, const char *set)
{
    const uint8_t *p;
    size_t n;

    if (buf_get_string(b, &p, &n) || n >= max || memchr(p, 0, n))
        return ERR_FORMAT;
    memcpy(out, p, n);
    out[n] = '\0';
    return all_of(out, set) ? 0 : ERR_FORMAT;
}

static int get_head(struct buf *b, struct event *e)
{
    static const char address[] = "0123456789abcdefABCDEF:.";
    struct event_source *s = &e->source;
    uint8_t version;
    uint32_t id, src_port, dst_port;
    uint64_t us;

    if (buf_get_u8(b, &version) || version != VERSION || buf_get_bool(b, &s->late) ||
        buf_get_u8(b, &s->protocol) || buf_get_u32(b, &id) || buf_get_u64(b, &us) ||
        get_text(b, s->session, sizeof s->session, "0123456789abcdef") ||
        get_text(b, s->src_ip, sizeof s->src_ip, address) ||
        get_text(b, s->dst_ip, sizeof s->dst_ip, address) || buf_get_u32(b, &src_port) ||
        buf_get_u32(b, &dst_port))
        return ERR_FORMAT;
    if (s->session[0] && strlen(s->session) != 12)
        return ERR_FORMAT;
    if (s->protocol > EVENT_TELNET || us > (uint64_t)TIME_MAX_US || src_port > 65535 ||
        dst_port > 65535 || !event_desc(id))
        return ERR_RANGE;
    s->src_port = (uint16_t)src_port;
    s->dst_port = (uint16_t)dst_port;
    e->real_us = (int64_t)us;
    e->id = id;
    return 0;
}

/* How much of the event's lists is taken. */
struct pool {
    size_t strs, nums;
};

static int get_strs(struct buf *b, struct event *e, struct pool *pool, struct event_strs *out)
{
    uint32_t n;

    if (buf_get_u32(b, &n) || n > EVENT_ITEMS - pool->strs)
        return ERR_FORMAT;
    out->v = e->strs + pool->strs;
    out->n = n;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *p;
        size_t len;
        if (buf_get_string(b, &p, &len) || len > ITEM_MAX)
            return ERR_FORMAT;
        e->strs[pool->strs++] = event_sn(p, len);
    }
    return 0;
}

static int get_nums(struct buf *b, struct event *e, struct pool *pool, struct event_nums *out)
{
    uint32_t n, bits;

    if (buf_get_u32(b, &n) || n > EVENT_ITEMS - pool->nums)
        return ERR_FORMAT;
    out->v = e->nums + pool->nums;
    out->n = n;
    for (uint32_t i = 0; i < n; i++) {
        if (buf_get_u32(b, &bits))
            return ERR_FORMAT;
        memcpy(&e->nums[pool->nums++], &bits, 4);
    }
    return 0;
}

static int get_str(struct buf *b, struct event_str *out)
{
    const uint8_t *p;
    size_t n;
    bool present;

    if (buf_get_bool(b, &present))
        return ERR_FORMAT;
    if (!present)
        return 0;
    if (buf_get_string(b, &p, &n) || n > EVENT_STR_MAX)
        return ERR_FORMAT;
    *out = event_sn(n ? (const char *)p : "", n);
    return 0;
}

static int get_field(struct buf *b, struct event *e, const struct event_field *f, struct pool *pool)
{
    void *at = (char *)&e->u + f->offset;
    uint64_t bits;

    switch (f->type) {
    case EVENT_INT:
        if (buf_get_u64(b, &bits))
            return ERR_FORMAT;
        *(int64_t *)at = (int64_t)bits;
        return 0;
    case EVENT_BOOL:
        return buf_get_bool(b, at) ? ERR_FORMAT : 0;
    case EVENT_DBL:
        if (buf_get_u64(b, &bits))
            return ERR_FORMAT;
        memcpy(at, &bits, 8);
        return 0;
    case EVENT_STRS:
        return get_strs(b, e, pool, at);
    case EVENT_NUMS:
        return get_nums(b, e, pool, at);
    default:
        return get_str(b, at);
    }
}

int event_decode(struct event *out, const void *p, size_t n)
{
    struct buf b = buf_wrap(p, n);
    struct pool pool = {0};
    int err;

    if (n > EVENT_MAX)
        return ERR_FORMAT;
    if ((err = get_head(&b, out)))
        return err;
    memset(&out->u, 0, sizeof out->u);
    const struct event_desc *d = event_desc(out->id);
    for (size_t i = 0; i < d->nfields; i++)
        if ((err = get_field(&b, out, &d->fields[i], &pool)))
            return err;
    return buf_len(&b) ? ERR_FORMAT : 0;
}

int event_session_id(char out[13])
{
    uint8_t raw[6];
    int err = rng_secret(raw, sizeof raw);

    if (!err)
        hex_encode(out, raw, sizeof raw);
    return err;
}
