/* tz.c -- local time of a virtual machine, read from its own zoneinfo files.
 *
 * Files are TZif (RFC 8536): the version 2 block's transitions, then the
 * footer's rule ("CET-1CEST,M3.5.0,M10.5.0/3") for the time after them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/tz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { FILE_MAX = 65536, DAY = 86400 };

int64_t tz_days(int64_t y, int month, int day)
{
    y += month / 12;
    month %= 12;
    if (month < 0) {
        month += 12;
        y--;
    }
    /* Years that begin in March: the leap day is the last. */
    int64_t m = month + 1;
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 + day - 1;
}

static void from_days(int64_t z, struct tm *out)
{
    out->tm_wday = (int)(((z + 4) % 7 + 7) % 7);
    int64_t days = z;
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    out->tm_mday = (int)(doy - (153 * mp + 2) / 5 + 1);
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    int64_t year = yoe + era * 400 + (month <= 2);
    out->tm_mon = month - 1;
    out->tm_year = (int)(year - 1900);
    out->tm_yday = (int)(days - tz_days(year, 0, 1));
}

/* --- POSIX rules -------------------------------------------------------------- */

static const char *take_name(const char *s, char out[8])
{
    size_t n = 0;
    bool angle = *s == '<';
    for (s += angle; *s; s++) {
        bool letter = (*s | 32) >= 'a' && (*s | 32) <= 'z';
        if (angle ? *s == '>' : !letter)
            break;
        if (n < 7)
            out[n++] = *s;
    }
    out[n] = '\0';
    if (angle && *s == '>')
        s++;
    return n >= 3 ? s : NULL;
}

static const char *take_seconds(const char *s, int *out)
{
    int sign = *s == '-' ? -1 : 1, v[3] = {0};
    if (*s == '-' || *s == '+')
        s++;
    if (*s < '0' || *s > '9')
        return NULL;
    for (int i = 0; i < 3; i++) {
        while (*s >= '0' && *s <= '9' && v[i] < 1000)
            v[i] = v[i] * 10 + (*s++ - '0');
        if (*s != ':')
            break;
        s++;
    }
    *out = sign * (v[0] * 3600 + v[1] * 60 + v[2]);
    return s;
}

static const char *take_date(const char *s, int date[3], int *seconds)
{
    if (s[0] != ',' || s[1] != 'M')
        return NULL;
    s += 2;
    for (int i = 0; i < 3; i++) {
        char *end;
        date[i] = (int)strtol(s, &end, 10);
        if (end == s)
            return NULL;
        s = end + (*end == '.' && i < 2);
    }
    *seconds = 7200;
    return *s == '/' ? take_seconds(s + 1, seconds) : s;
}

/* "EST5EDT,M3.2.0,M11.1.0": false if it is not of this kind. */
static bool parse_posix(struct tz *z, const char *s)
{
    int west;
    struct tz_rule *std = &z->yearly[0], *dst = &z->yearly[1];
    if (!(s = take_name(s, std->name)) || !(s = take_seconds(s, &west)))
        return false;
    std->offset = -west;
    if (!*s || *s == '\n')
        return true;
    if (!(s = take_name(s, dst->name)))
        return false;
    dst->dst = true;
    dst->offset = std->offset + 3600;
    if (*s && *s != ',' && *s != '\n') {
        if (!(s = take_seconds(s, &west)))
            return false;
        dst->offset = -west;
    }
    if (*s != ',')
        s = ",M3.2.0,M11.1.0";
    if (!(s = take_date(s, z->start, &z->start_s)) || !take_date(s, z->end, &z->end_s))
        return false;
    z->has_dst = true;
    return true;
}

/* The local second at which a rule's date falls in a year. */
static int64_t change_at(int64_t year, const int date[3], int seconds)
{
    int64_t first = tz_days(year, date[0] - 1, 1);
    int wday = (int)(((first + 4) % 7 + 7) % 7);
    int64_t day = first + (date[2] - wday + 7) % 7 + 7 * (date[1] - 1);
    int64_t next = tz_days(year, date[0], 1);
    while (day >= next)
        day -= 7;
    return day * DAY + seconds;
}

static const struct tz_rule *yearly_at(const struct tz *z, int64_t t)
{
    if (!z->has_dst)
        return &z->yearly[0];
    struct tm tm;
    from_days((t + z->yearly[0].offset) / DAY, &tm);
    int64_t year = tm.tm_year + 1900;
    int64_t start = change_at(year, z->start, z->start_s) - z->yearly[0].offset;
    int64_t end = change_at(year, z->end, z->end_s) - z->yearly[1].offset;
    bool dst = start < end ? t >= start && t < end : !(t >= end && t < start);
    return &z->yearly[dst];
}

/* --- files ----------------------------------------------------------------------- */

static int64_t big(const unsigned char *s, int n)
{
    uint64_t v = s[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | s[i];
    return (int64_t)v;
}

static bool parse_file(struct proc *p, struct tz *z, const unsigned char *s, size_t n)
{
    if (n < 44 || memcmp(s, "TZif", 4) || s[4] < '2')
        return false;
    size_t c[6];
    const unsigned char *end = s + n;
    for (int pass = 0; pass < 2; pass++) {
        if (end - s < 44)
            return false;
        for (int i = 0; i < 6; i++)
            c[i] = (size_t)big(s + 20 + 4 * i, 4) & 0xffffff;
        size_t width = pass ? 8 : 4;
        size_t body = c[3] * width + c[3] + c[4] * 6 + c[5] + c[2] * (width + 4) + c[1] + c[0];
        if ((size_t)(end - s) < 44 + body)
            return false;
        if (!pass)
            s += 44 + body;
    }
    /* c: isut, isstd, leap, times, types, chars */
    const unsigned char *times = s + 44, *index = times + c[3] * 8, *types = index + c[3];
    const unsigned char *chars = types + c[4] * 6;
    const unsigned char *footer = chars + c[5] + c[2] * 12 + c[1] + c[0];
    if (!c[4])
        return false;
    z->rule = vm_alloc(p, (c[3] + 1) * sizeof(*z->rule));
    for (size_t i = 0; i <= c[3]; i++) {
        size_t type = i ? index[i - 1] : 0;
        if (type >= c[4])
            return false;
        const unsigned char *t = types + type * 6;
        struct tz_rule *rule = &z->rule[z->n++];
        rule->from = i ? big(times + (i - 1) * 8, 8) : INT64_MIN;
        rule->offset = (int32_t)big(t, 4);
        rule->dst = t[4];
        if (t[5] < c[5])
            str_fmt(rule->name, sizeof(rule->name), "%s", (const char *)chars + t[5]);
    }
    char text[64] = "";
    if (footer < end && *footer == '\n') {
        size_t len = 0;
        while (footer + 1 + len < end && footer[1 + len] != '\n' && len < sizeof(text) - 1)
            text[len] = (char)footer[1 + len], len++;
    }
    if (!*text || !parse_posix(z, text)) {
        z->yearly[0] = z->rule[z->n - 1];
        z->has_dst = false;
    }
    return true;
}

static bool load(struct proc *p, struct tz *z, const char *path)
{
    int fd = vm_open(p, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    unsigned char *text = vm_alloc(p, FILE_MAX);
    size_t n = 0;
    for (ssize_t k; n < FILE_MAX && (k = vm_read(p, fd, text + n, FILE_MAX - n)) > 0;)
        n += (size_t)k;
    vm_close(p, fd);
    bool ok = parse_file(p, z, text, n);
    vm_release(p, text, FILE_MAX);
    return ok;
}

const struct tz *tz_of(struct proc *p, const char *name)
{
    struct tz *z = vm_alloc(p, sizeof(*z));
    if (!name)
        name = vm_getenv(p, "TZ");
    bool ok;
    if (!name) {
        ok = load(p, z, "/etc/localtime");
    } else {
        name += *name == ':';
        ok = *name &&
             (load(p, z, *name == '/' ? name : vm_asprintf(p, "/usr/share/zoneinfo/%s", name)) ||
              parse_posix(z, name));
        /* An unknown zone is UTC under the name that was asked for. */
        if (!ok && *name && strcmp(name, "UTC"))
            take_name(name, z->yearly[0].name);
    }
    if (!ok && !*z->yearly[0].name)
        str_fmt(z->yearly[0].name, sizeof(z->yearly[0].name), "UTC");
    return z;
}

static const struct tz_rule *rule_at(const struct tz *z, int64_t t)
{
    if (z->n < 2 || t >= z->rule[z->n - 1].from)
        return yearly_at(z, t);
    size_t lo = 0, hi = z->n;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (z->rule[mid].from <= t)
            lo = mid;
        else
            hi = mid;
    }
    return &z->rule[lo];
}

void tz_local(const struct tz *z, int64_t t, struct tm *out)
{
    const struct tz_rule *rule = rule_at(z, t);
    int64_t local = t + rule->offset, day = local / DAY, s = local % DAY;
    if (s < 0) {
        s += DAY;
        day--;
    }
    memset(out, 0, sizeof(*out));
    from_days(day, out);
    out->tm_hour = (int)(s / 3600);
    out->tm_min = (int)(s / 60 % 60);
    out->tm_sec = (int)(s % 60);
    out->tm_isdst = rule->dst;
    out->tm_gmtoff = rule->offset;
    out->tm_zone = rule->name;
}

int64_t tz_make(const struct tz *z, struct tm *tm)
{
    int64_t local = tz_days(tm->tm_year + 1900LL, tm->tm_mon, 1) + tm->tm_mday - 1;
    local = local * DAY + tm->tm_hour * 3600LL + tm->tm_min * 60LL + tm->tm_sec;
    int64_t t = local;
    struct tm is;
    for (int i = 0; i < 3; i++) {
        tz_local(z, t, &is);
        if (t + is.tm_gmtoff == local)
            break;
        t = local - is.tm_gmtoff;
    }
    tz_local(z, t, tm);
    return t;
}
