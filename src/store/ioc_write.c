/* ioc_write.c -- indicators in the formats that other tools read.
 *
 * Ids are made from the values, so that two reports of the same indicator
 * carry the same id and importers merge them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "base/json.h"
#include "store/ioc.h"

/* A UUID of version 5's shape from any text. */
static void make_uuid(char out[37], const char *space, const char *text)
{
    uint8_t d[32];
    char hex[65];
    struct arena_budget budget = {.max = 1 << 20};
    struct arena *a = arena_new(&budget, 0);
    const char *all = a ? arena_printf(a, "qrassh %s %s", space, text) : NULL;

    hash_sha256(d, all ? all : text, strlen(all ? all : text));
    arena_free(a);
    d[6] = (uint8_t)((d[6] & 0x0f) | 0x50);
    d[8] = (uint8_t)((d[8] & 0x3f) | 0x80);
    hex_encode(hex, d, 32);
    (void)str_fmt(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static void kv(struct str *s, const char *key, const char *value)
{
    json_key(s, key);
    json_cstr(s, value);
}

/* user and password of a login: the first part's length. */
static size_t user_length(const struct ioc *i)
{
    return strcspn(i->value, "\n");
}

static const char *password(const struct ioc *i)
{
    size_t n = user_length(i);

    return i->value[n] ? i->value + n + 1 : "";
}

/* --- JSON lines and CSV --------------------------------------------------------------- */

static void put_json(struct str *s, const struct ioc *i)
{
    json_open(s, '{');
    kv(s, "type", ioc_kind_name(i->kind));
    if (i->kind == IOC_LOGIN) {
        json_key(s, "username");
        json_str(s, i->value, user_length(i));
        kv(s, "password", password(i));
    } else {
        kv(s, "value", i->value);
    }
    json_key(s, "count");
    json_int(s, (int64_t)i->count);
    json_key(s, "sessions");
    json_int(s, (int64_t)i->sessions);
    kv(s, "first_seen", i->first);
    kv(s, "last_seen", i->last);
    json_close(s, '}');
    str_putc(s, '\n');
}

/* Quoted; a value that a spreadsheet would take for a formula gets a quote in
 * front. */
static void csv_text(struct str *s, const char *v)
{
    str_putc(s, '"');
    if (*v && strchr("=+-@\t\r", *v))
        str_putc(s, '\'');
    for (; *v; v++) {
        if (*v == '"')
            str_putc(s, '"');
        str_putc(s, *v == '\n' ? ':' : *v);
    }
    str_putc(s, '"');
}

static void put_csv(struct str *s, const struct ioc *i)
{
    str_printf(s, "%s,", ioc_kind_name(i->kind));
    csv_text(s, i->value);
    str_printf(s, ",%llu,%llu,%s,%s\n", (unsigned long long)i->count,
               (unsigned long long)i->sessions, i->first, i->last);
}

/* --- STIX 2.1 ----------------------------------------------------------------------------- */

/* A string of the pattern language. */
static void pattern_text(struct str *s, const char *v, size_t n)
{
    str_putc(s, '\'');
    for (size_t i = 0; i < n; i++) {
        if (v[i] == '\'' || v[i] == '\\')
            str_putc(s, '\\');
        str_putc(s, v[i]);
    }
    str_putc(s, '\'');
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* False for kinds that STIX has no object for: they are described instead. */
static bool pattern(struct str *s, const struct ioc *i)
{
    static const char *const paths[IOC_KINDS] = {
        [IOC_DOMAIN] = "domain-name:value",
        [IOC_URL] = "url:value",
        [IOC_SHA256] = "file:hashes.'SHA-256'",
        [IOC_FILENAME] = "file:name",
    };
    const char *v = i->kind == IOC_FILENAME ? file_name(i->value) : i->value;
    const char *path = paths[i->kind];

    if (i->kind == IOC_ADDRESS || i->kind == IOC_CONTACT)
        path = strchr(v, ':') ? "ipv6-addr:value" : "ipv4-addr:value";
    if (i->kind == IOC_LOGIN) {
        str_puts(s, "[user-account:user_id = ");
        pattern_text(s, v, user_length(i));
        str_puts(s, " AND user-account:credential = ");
        pattern_text(s, password(i), strlen(password(i)));
        str_putc(s, ']');
        return true;
    }
    if (!path || !*v)
        return false;
    str_printf(s, "[%s = ", path);
    pattern_text(s, v, strlen(v));
    str_putc(s, ']');
    return true;
}

static void stix_identity(struct str *s, char id[64], const char *now)
{
    char uuid[37];

    make_uuid(uuid, "identity", "qrassh");
    (void)str_fmt(id, 64, "identity--%s", uuid);
    json_open(s, '{');
    kv(s, "type", "identity");
    kv(s, "spec_version", "2.1");
    kv(s, "id", id);
    kv(s, "created", now);
    kv(s, "modified", now);
    kv(s, "name", "qrassh honeypot");
    kv(s, "identity_class", "system");
    json_close(s, '}');
}

static void stix_indicator(struct str *s, const struct ioc *i, const char *identity,
                           struct arena *a)
{
    char uuid[37], text[160];
    struct str p;

    str_init(&p, a);
    if (!pattern(&p, i))
        return;
    make_uuid(uuid, ioc_kind_name(i->kind), i->value);
    json_open(s, '{');
    kv(s, "type", "indicator");
    kv(s, "spec_version", "2.1");
    (void)str_fmt(text, sizeof text, "indicator--%s", uuid);
    kv(s, "id", text);
    kv(s, "created_by_ref", identity);
    kv(s, "created", i->first);
    kv(s, "modified", i->last);
    (void)str_fmt(text, sizeof text, "%s seen by an SSH honeypot", ioc_kind_name(i->kind));
    kv(s, "name", text);
    (void)str_fmt(text, sizeof text, "seen %llu times in %llu sessions",
                  (unsigned long long)i->count, (unsigned long long)i->sessions);
    kv(s, "description", text);
    json_key(s, "indicator_types");
    json_open(s, '[');
    json_cstr(s, "malicious-activity");
    json_close(s, ']');
    json_key(s, "pattern");
    json_str(s, str_text(&p), p.n);
    kv(s, "pattern_type", "stix");
    kv(s, "valid_from", i->first);
    json_close(s, '}');
}

/* --- MISP ------------------------------------------------------------------------------------ */

static const struct {
    const char *type, *category;
    bool to_ids;
} misp[IOC_KINDS] = {
    [IOC_ADDRESS] = {"ip-src", "Network activity", true},
    [IOC_CONTACT] = {"ip-dst", "Network activity", true},
    [IOC_DOMAIN] = {"domain", "Network activity", true},
    [IOC_URL] = {"url", "Network activity", true},
    [IOC_SHA256] = {"sha256", "Payload delivery", true},
    [IOC_FILENAME] = {"filename", "Payload delivery", false},
    [IOC_LOGIN] = {"text", "Other", false},
    [IOC_KEY] = {"ssh-fingerprint", "Network activity", false},
    [IOC_HASSH] = {"hassh-md5", "Network activity", false},
    [IOC_CLIENT] = {"text", "Other", false},
};

static void misp_attribute(struct str *s, const struct ioc *i, struct arena *a)
{
    char uuid[37], text[160];
    const char *value = i->value;

    if (i->kind == IOC_LOGIN)
        value = arena_printf(a, "%.*s:%s", (int)user_length(i), i->value, password(i));
    else if (i->kind == IOC_FILENAME)
        value = file_name(value);
    if (!value || !*value)
        return;
    make_uuid(uuid, ioc_kind_name(i->kind), i->value);
    json_open(s, '{');
    kv(s, "uuid", uuid);
    kv(s, "type", misp[i->kind].type);
    kv(s, "category", misp[i->kind].category);
    json_key(s, "to_ids");
    json_bool(s, misp[i->kind].to_ids);
    kv(s, "value", value);
    (void)str_fmt(text, sizeof text, "%s, seen %llu times in %llu sessions", ioc_kind_name(i->kind),
                  (unsigned long long)i->count, (unsigned long long)i->sessions);
    kv(s, "comment", text);
    kv(s, "first_seen", i->first);
    kv(s, "last_seen", i->last);
    json_close(s, '}');
}

static void misp_begin(struct str *s, const char *now)
{
    char uuid[37], day[11];

    make_uuid(uuid, "report", now);
    (void)str_fmt(day, sizeof day, "%.10s", now);
    str_puts(s, "{\"Event\":{");
    kv(s, "uuid", uuid);
    kv(s, "info", "Indicators of an SSH honeypot");
    kv(s, "date", day);
    kv(s, "threat_level_id", "3");
    kv(s, "analysis", "2");
    kv(s, "distribution", "0");
    json_key(s, "Attribute");
    json_open(s, '[');
}

/* --- all ----------------------------------------------------------------------------------------
 */

static void flush(struct str *s, FILE *out)
{
    fwrite(str_text(s), 1, s->n, out);
    str_trunc(s, 0);
}

static int write_lines(const struct map *iocs, FILE *out, struct arena *a, bool csv)
{
    const char *key;
    void *value;
    struct str s;

    str_init(&s, a);
    if (csv)
        str_puts(&s, "type,value,count,sessions,first_seen,last_seen\n");
    for (struct map_iter it = {0}; map_next(iocs, &it, &key, &value);) {
        if (csv)
            put_csv(&s, value);
        else
            put_json(&s, value);
        flush(&s, out);
    }
    return s.bad ? ERR_NOMEM : 0;
}

/* One document: kept whole in s, for commas depend on what stands before. */
static int write_document(const struct map *iocs, const char *now, FILE *out, struct arena *a,
                          bool stix)
{
    char uuid[37], id[64], identity[64];
    const char *key;
    void *value;
    struct str s;

    str_init(&s, a);
    if (stix) {
        make_uuid(uuid, "bundle", now);
        (void)str_fmt(id, sizeof id, "bundle--%s", uuid);
        json_open(&s, '{');
        kv(&s, "type", "bundle");
        kv(&s, "id", id);
        json_key(&s, "objects");
        json_open(&s, '[');
        stix_identity(&s, identity, now);
    } else {
        misp_begin(&s, now);
    }
    for (struct map_iter it = {0}; map_next(iocs, &it, &key, &value);) {
        if (stix)
            stix_indicator(&s, value, identity, a);
        else
            misp_attribute(&s, value, a);
    }
    str_puts(&s, stix ? "]}\n" : "]}}\n");
    flush(&s, out);
    return s.bad ? ERR_NOMEM : 0;
}

int ioc_write(const char *format, const struct map *iocs, const char *now, FILE *out)
{
    struct arena_budget budget = {.max = (size_t)1 << 30};
    struct arena *a = arena_new(&budget, 64 * 1024);
    int err;

    if (!a)
        return ERR_NOMEM;
    if (strcmp(format, "json") == 0 || strcmp(format, "csv") == 0)
        err = write_lines(iocs, out, a, format[0] == 'c');
    else if (strcmp(format, "stix") == 0 || strcmp(format, "misp") == 0)
        err = write_document(iocs, now, out, a, format[0] == 's');
    else
        err = ERR_NOTFOUND;
    arena_free(a);
    return err;
}
