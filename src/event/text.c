/* text.c -- events as JSON lines and as sentences.
 *
 * Keys stand in the order envelope, own fields. A field with the name of an
 * envelope key takes that key's place (dst_ip of forwarding events), but never
 * those of session and source.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "event/event.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/json.h"

static const char hex_digits[] = "0123456789abcdef";

static void add_hex_escape(struct str *out, unsigned char c)
{
    str_puts(out, "\\x");
    str_putc(out, hex_digits[c >> 4]);
    str_putc(out, hex_digits[c & 15]);
}

static void add_escaped(struct str *out, struct event_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\\')
            str_puts(out, "\\\\");
        else if (c >= 0x20 && c <= 0x7e)
            str_putc(out, c);
        else
            add_hex_escape(out, c);
    }
}

static void add_hex(struct str *out, struct event_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        str_putc(out, hex_digits[(unsigned char)s.p[i] >> 4]);
        str_putc(out, hex_digits[(unsigned char)s.p[i] & 15]);
    }
}

/* As Python's repr of bytes: single quotes unless only single ones are inside. */
static void add_repr(struct str *out, struct event_str s)
{
    int quote = memchr(s.p, '\'', s.n) && !memchr(s.p, '"', s.n) ? '"' : '\'';

    str_putc(out, 'b');
    str_putc(out, quote);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\t' || c == '\n' || c == '\r') {
            str_putc(out, '\\');
            str_putc(out, c == '\t' ? 't' : c == '\n' ? 'n' : 'r');
        } else if (c == '\\' || c == quote) {
            str_putc(out, '\\');
            str_putc(out, c);
        } else if (c >= 0x20 && c <= 0x7e) {
            str_putc(out, c);
        } else {
            add_hex_escape(out, c);
        }
    }
    str_putc(out, quote);
}

void event_text(struct str *out, enum event_type type, struct event_str s)
{
    if (!s.p)
        return;
    if (type == EVENT_ESC)
        add_escaped(out, s);
    else if (type == EVENT_HEX)
        add_hex(out, s);
    else if (type == EVENT_REPR || !utf8_valid(s.p, s.n))
        add_repr(out, s);
    else
        str_add(out, s.p, s.n);
}

/* Digits by hand: this runs for every event. */
static void two(char *at, int v)
{
    at[0] = (char)('0' + v / 10);
    at[1] = (char)('0' + v % 10);
}

void event_time(char out[32], int64_t real_us)
{
    int64_t s = real_us / 1000000, us = real_us % 1000000;
    int64_t z = s / 86400 + 719468, tod = s % 86400;
    /* The proleptic Gregorian calendar in eras of 400 years, years from March. */
    int64_t era = z / 146097, doe = z % 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int mp = (int)((5 * doy + 2) / 153);
    int day = (int)(doy - (153 * mp + 2) / 5 + 1), month = mp < 10 ? mp + 3 : mp - 9;
    int year = (int)(yoe + era * 400 + (month <= 2));

    memcpy(out, "0000-00-00T00:00:00.000000Z", 28);
    two(out, year / 100);
    two(out + 2, year % 100);
    two(out + 5, month);
    two(out + 8, day);
    two(out + 11, (int)(tod / 3600));
    two(out + 14, (int)(tod / 60 % 60));
    two(out + 17, (int)(tod % 60));
    two(out + 20, (int)(us / 10000));
    two(out + 22, (int)(us / 100 % 100));
    two(out + 24, (int)(us % 100));
}

/* --- sentences ----------------------------------------------------------------- */

static void message_field(struct str *out, int type, const void *at)
{
    switch (type) {
    case EVENT_INT:
        str_printf(out, "%" PRId64, *(const int64_t *)at);
        break;
    case EVENT_BOOL:
        str_puts(out, *(const bool *)at ? "true" : "false");
        break;
    case EVENT_DBL:
        str_printf(out, "%.6g", *(const double *)at);
        break;
    case EVENT_STRS:
    case EVENT_NUMS: /* no sentence names a list */
        break;
    default:
        event_text(out, type, *(const struct event_str *)at);
    }
}

static void message_envelope(struct str *out, const struct event_source *s, const char *name)
{
    if (strcmp(name, "src_ip") == 0)
        str_puts(out, s->src_ip);
    else if (strcmp(name, "src_port") == 0)
        str_printf(out, "%u", s->src_port);
    else if (strcmp(name, "dst_ip") == 0)
        str_puts(out, s->dst_ip);
    else if (strcmp(name, "dst_port") == 0)
        str_printf(out, "%u", s->dst_port);
    else if (strcmp(name, "session") == 0)
        str_puts(out, s->session);
}

void event_message(struct str *out, const struct event *e)
{
    const struct event_desc *d = event_desc(e->id);
    const char *m = d->message, *open;
    char name[32];

    while ((open = strchr(m, '<'))) {
        size_t n = strcspn(open + 1, ">");
        str_add(out, m, (size_t)(open - m));
        if (n >= sizeof name)
            n = sizeof name - 1;
        memcpy(name, open + 1, n);
        name[n] = '\0';
        const struct event_field *f = event_field(d, name);
        if (f)
            message_field(out, f->type, (const char *)&e->u + f->offset);
        else
            message_envelope(out, &e->source, name);
        m = open + n + 2;
    }
    str_puts(out, m);
}

/* --- JSON ------------------------------------------------------------------------- */

/* What was a float is written with as few digits as bring it back: 0.2 rather
 * than 0.200000002980232. */
static void json_number(struct str *out, double v)
{
    char text[40];
    bool is_float = isfinite(v) && fabs(v) < 1e30 && (double)(float)v == v;
    int digits = is_float ? 6 : 15;

    if (!isfinite(v)) {
        json_raw(out, "null");
        return;
    }
    (void)str_fmt(text, sizeof text, "%.*g", digits, v);
    while (is_float && digits < 9 && strtof(text, NULL) != (float)v)
        (void)str_fmt(text, sizeof text, "%.*g", ++digits, v);
    json_raw(out, text);
}

static void json_text(struct str *out, int type, struct event_str s)
{
    struct str t;

    if (type == EVENT_STR && utf8_valid(s.p, s.n)) {
        json_str(out, s.p, s.n);
        return;
    }
    str_init(&t, out->arena);
    event_text(&t, type, s);
    json_str(out, str_text(&t), t.n);
    str_release(&t);
}

static void json_strs(struct str *out, struct event_strs l)
{
    json_open(out, '[');
    for (size_t i = 0; i < l.n; i++)
        json_text(out, EVENT_STR, l.v[i]);
    json_close(out, ']');
}

static void json_nums(struct str *out, struct event_nums l)
{
    json_open(out, '[');
    for (size_t i = 0; i < l.n; i++)
        json_number(out, (double)l.v[i]);
    json_close(out, ']');
}

static void json_field(struct str *out, const struct event_field *f, const void *at)
{
    if (f->type <= EVENT_REPR && !((const struct event_str *)at)->p)
        return;
    json_key(out, f->name);
    switch (f->type) {
    case EVENT_INT:
        json_int(out, *(const int64_t *)at);
        break;
    case EVENT_BOOL:
        json_bool(out, *(const bool *)at);
        break;
    case EVENT_DBL:
        json_number(out, *(const double *)at);
        break;
    case EVENT_STRS:
        json_strs(out, *(const struct event_strs *)at);
        break;
    case EVENT_NUMS:
        json_nums(out, *(const struct event_nums *)at);
        break;
    default:
        json_text(out, f->type, *(const struct event_str *)at);
    }
}

static void json_kv(struct str *out, const char *key, const char *value)
{
    json_key(out, key);
    json_cstr(out, value);
}

static void json_source(struct str *out, const struct event_source *s, const struct event_desc *d)
{
    if (!s->session[0])
        return;
    json_kv(out, "session", s->session);
    json_kv(out, "src_ip", s->src_ip);
    json_key(out, "src_port");
    json_int(out, s->src_port);
    if (!event_field(d, "dst_ip"))
        json_kv(out, "dst_ip", s->dst_ip);
    if (!event_field(d, "dst_port")) {
        json_key(out, "dst_port");
        json_int(out, s->dst_port);
    }
    json_kv(out, "protocol", event_protocol_name(s->protocol));
}

void event_json(struct str *out, const struct event *e, const struct event_json_conf *conf)
{
    const struct event_desc *d = event_desc(e->id);
    struct str message;
    char time[32];

    json_open(out, '{');
    json_kv(out, "eventid", d->name);
    json_source(out, &e->source, d);
    if (conf->sensor)
        json_kv(out, "sensor", conf->sensor);
    if (conf->uuid)
        json_kv(out, "uuid", conf->uuid);
    event_time(time, e->real_us);
    json_kv(out, "timestamp", time);
    str_init(&message, out->arena);
    event_message(&message, e);
    json_key(out, "message");
    json_str(out, str_text(&message), message.n);
    str_release(&message);
    for (size_t i = 0; i < d->nfields; i++)
        json_field(out, &d->fields[i], (const char *)&e->u + d->fields[i].offset);
    if (e->source.late) {
        json_key(out, "late");
        json_bool(out, true);
    }
    if (conf->epoch) {
        json_key(out, "epoch");
        json_int(out, e->real_us / 1000);
    }
    json_close(out, '}');
}
