/* when.c -- dates as people write them.
 *
 * Words are taken one after another; each sets a field of the date or adds to
 * the distance from it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/when.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct when {
    struct tm tm;
    int64_t add[6]; /* years, months, days, hours, minutes, seconds */
    bool has_time, has_date, has_zone;
    int zone; /* seconds east */
    int wday; /* -1: none */
    long nsec;
};

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};
static const char *const days[] = {"sunday",   "monday", "tuesday", "wednesday",
                                   "thursday", "friday", "saturday"};

/* The index of a word in a list by its first three letters or the whole; -1. */
static int word_in(const char *w, size_t n, const char *const *list, int count)
{
    for (int i = 0; i < count; i++)
        if (n >= 3 && n <= strlen(list[i]) && !strncasecmp(list[i], w, n) &&
            (n == 3 || n == strlen(list[i]) || (n == 4 && list[i][0] == 's')))
            return i;
    return -1;
}

/* A unit of time: its place in add and how many of it. */
static bool unit(const char *w, size_t n, int *at, int *times)
{
    static const struct {
        const char *name;
        int at, times;
    } units[] = {{"year", 0, 1},   {"month", 1, 1}, {"fortnight", 2, 14}, {"week", 2, 7},
                 {"day", 2, 1},    {"hour", 3, 1},  {"minute", 4, 1},     {"min", 4, 1},
                 {"second", 5, 1}, {"sec", 5, 1}};
    if (n && (w[n - 1] | 32) == 's' && n > 3)
        n--;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (strlen(units[i].name) == n && !strncasecmp(units[i].name, w, n)) {
            *at = units[i].at;
            *times = units[i].times;
            return true;
        }
    return false;
}

static bool zone_offset(const char **s, int *out)
{
    int sign = **s == '-' ? -1 : 1;
    const char *p = *s + 1;
    size_t n = strspn(p, "0123456789");
    if (n != 2 && n != 4)
        return false;
    int v = (int)strtol(p, NULL, 10), h = n == 4 ? v / 100 : v, m = n == 4 ? v % 100 : 0;
    p += n;
    if (n == 2 && *p == ':') {
        m = (int)strtol(p + 1, NULL, 10);
        p += 3;
    }
    *out = sign * (h * 3600 + m * 60);
    *s = p;
    return true;
}

/* "10:30", "10:30:05.5 pm" at s. */
static bool take_time(struct when *w, const char **s)
{
    char *end;
    w->tm.tm_hour = (int)strtol(*s, &end, 10);
    if (*end != ':')
        return false;
    w->tm.tm_min = (int)strtol(end + 1, &end, 10);
    w->tm.tm_sec = 0;
    if (*end == ':') {
        w->tm.tm_sec = (int)strtol(end + 1, &end, 10);
        if (*end == '.' || *end == ',') {
            long scale = 100000000;
            for (end++; *end >= '0' && *end <= '9'; end++, scale /= 10)
                w->nsec += (*end - '0') * scale;
        }
    }
    const char *p = end + strspn(end, " ");
    if (!strncasecmp(p, "pm", 2) || !strncasecmp(p, "am", 2)) {
        w->tm.tm_hour = w->tm.tm_hour % 12 + ((*p | 32) == 'p' ? 12 : 0);
        end = (char *)(uintptr_t)(p + 2);
    }
    *s = end;
    if ((**s == '+' || **s == '-') && (*s)[1] >= '0' && (*s)[1] <= '9' && zone_offset(s, &w->zone))
        w->has_zone = true;
    if (w->tm.tm_hour > 24 || w->tm.tm_min > 59 || w->tm.tm_sec > 60)
        return false;
    return w->has_time = true;
}

/* Something that begins with a digit (or a sign). */
static bool take_number(struct when *w, const char **s)
{
    char *end;
    const char *p = *s;
    long v = strtol(p, &end, 10);
    size_t digits = strspn(p, "0123456789");
    if (digits && *end == ':')
        return take_time(w, s);
    if (digits == 4 && *end == '-') {
        w->tm.tm_year = (int)v - 1900;
        w->tm.tm_mon = (int)strtol(end + 1, &end, 10) - 1;
        if (*end != '-')
            return false;
        w->tm.tm_mday = (int)strtol(end + 1, &end, 10);
        *s = *end == 'T' ? end + 1 : end;
        if (w->tm.tm_mon < 0 || w->tm.tm_mon > 11 || w->tm.tm_mday < 1 || w->tm.tm_mday > 31)
            return false;
        return w->has_date = true;
    }
    if (digits && *end == '/') {
        if (digits == 4) {
            w->tm.tm_year = (int)v - 1900;
            w->tm.tm_mon = (int)strtol(end + 1, &end, 10) - 1;
            w->tm.tm_mday = *end == '/' ? (int)strtol(end + 1, &end, 10) : 1;
        } else {
            w->tm.tm_mon = (int)v - 1;
            w->tm.tm_mday = (int)strtol(end + 1, &end, 10);
            if (*end == '/') {
                long y = strtol(end + 1, &end, 10);
                w->tm.tm_year = (int)(y < 69 ? y + 100 : y < 100 ? y : y - 1900);
            }
        }
        *s = end;
        if (w->tm.tm_mon < 0 || w->tm.tm_mon > 11 || w->tm.tm_mday < 1 || w->tm.tm_mday > 31)
            return false;
        return w->has_date = true;
    }
    const char *u = end + strspn(end, " ");
    size_t n = strspn(u, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    int at, times, m;
    if (n && unit(u, n, &at, &times)) {
        const char *ago = u + n + strspn(u + n, " ");
        bool back = !strncasecmp(ago, "ago", 3);
        w->add[at] += (back ? -v : v) * times;
        *s = back ? ago + 3 : u + n;
        return true;
    }
    if (digits && n && (m = word_in(u, n, months, 12)) >= 0) { /* 2 Jan [2024] */
        w->tm.tm_mon = m;
        w->tm.tm_mday = (int)v;
        *s = u + n;
        return w->has_date = true;
    }
    if (digits == 8) {
        w->tm.tm_year = (int)(v / 10000) - 1900;
        w->tm.tm_mon = (int)(v / 100 % 100) - 1;
        w->tm.tm_mday = (int)(v % 100);
        *s = end;
        if (w->tm.tm_mon < 0 || w->tm.tm_mon > 11 || w->tm.tm_mday < 1 || w->tm.tm_mday > 31)
            return false;
        return w->has_date = true;
    }
    if (digits == 4 && w->has_date) {
        w->tm.tm_year = (int)v - 1900;
        *s = end;
        return true;
    }
    if (digits && digits <= 2 && !w->has_time && v < 24) { /* an hour */
        w->tm.tm_hour = (int)v;
        w->tm.tm_min = w->tm.tm_sec = 0;
        *s = end;
        if (!strncasecmp(u, "pm", 2) || !strncasecmp(u, "am", 2)) {
            w->tm.tm_hour = (int)(v % 12) + ((*u | 32) == 'p' ? 12 : 0);
            *s = u + 2;
        }
        return w->has_time = true;
    }
    if (!digits && zone_offset(s, &w->zone))
        return w->has_zone = true;
    return false;
}

static bool take_word(struct when *w, const char **s)
{
    const char *p = *s;
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    int at, times, i;
    *s = p + n;
    if (!n)
        return false;
    static const struct {
        const char *name;
        int days;
    } near[] = {{"now", 0}, {"today", 0}, {"yesterday", -1}, {"tomorrow", 1}};
    for (i = 0; i < 4; i++)
        if (strlen(near[i].name) == n && !strncasecmp(near[i].name, p, n)) {
            w->add[2] += near[i].days;
            return true;
        }
    if ((n == 4 && (!strncasecmp(p, "next", 4) || !strncasecmp(p, "last", 4) ||
                    !strncasecmp(p, "this", 4)))) {
        const char *u = *s + strspn(*s, " ");
        size_t k = strspn(u, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        int by = (*p | 32) == 'n' ? 1 : (*p | 32) == 'l' ? -1 : 0;
        *s = u + k;
        if (unit(u, k, &at, &times)) {
            w->add[at] += by * times;
            return true;
        }
        i = word_in(u, k, days, 7);
        if (i < 0)
            return false;
        w->wday = i;
        w->add[2] += by < 0 ? -7 : 0;
        return true;
    }
    if (unit(p, n, &at, &times)) {
        const char *ago = *s + strspn(*s, " ");
        bool back = !strncasecmp(ago, "ago", 3);
        if (back)
            *s = ago + 3;
        w->add[at] += back ? -times : times;
        return true;
    }
    if ((i = word_in(p, n, months, 12)) >= 0) {
        char *end;
        const char *d = *s + strspn(*s, " .");
        long v = strtol(d, &end, 10);
        w->tm.tm_mon = i;
        w->tm.tm_mday = 1;
        if (end != d && end - d <= 2 && *end != ':') {
            w->tm.tm_mday = (int)v;
            *s = *end == ',' ? end + 1 : end;
        }
        return w->has_date = true;
    }
    if ((i = word_in(p, n, days, 7)) >= 0) {
        w->wday = i;
        return true;
    }
    if ((n == 3 && (!strncasecmp(p, "utc", 3) || !strncasecmp(p, "gmt", 3))) ||
        (n == 1 && (*p | 32) == 'z')) {
        w->zone = 0;
        return w->has_zone = true;
    }
    if (n == 8 && !strncasecmp(p, "midnight", 8))
        return w->tm.tm_hour = w->tm.tm_min = w->tm.tm_sec = 0, w->has_time = true;
    if (n == 4 && !strncasecmp(p, "noon", 4))
        return w->tm.tm_hour = 12, w->tm.tm_min = w->tm.tm_sec = 0, w->has_time = true;
    return false;
}

bool when_parse(const struct tz *z, const char *s, struct timespec now, struct timespec *out)
{
    struct when w = {.wday = -1};
    while (*s == ' ' || *s == '\t' || *s == '\n')
        s++;
    if (*s == '@') {
        char *end;
        double frac = 0;
        out->tv_sec = strtoll(s + 1, &end, 10);
        if (end == s + 1)
            return false;
        if (*end == '.')
            frac = strtod(end, &end);
        out->tv_nsec = (long)(frac * 1e9);
        return !*end;
    }
    tz_local(z, now.tv_sec, &w.tm);
    bool any = false;
    for (;; any = true) {
        s += strspn(s, " \t\n,");
        if (!*s)
            break;
        bool digit = *s >= '0' && *s <= '9', sign = *s == '+' || *s == '-';
        if (!(digit || sign ? take_number(&w, &s) : take_word(&w, &s)))
            return false;
    }
    if ((w.has_date || w.wday >= 0 || !any) && !w.has_time)
        w.tm.tm_hour = w.tm.tm_min = w.tm.tm_sec = 0;
    else if (!w.has_time)
        w.nsec = now.tv_nsec;
    if (w.wday >= 0 && !w.has_date)
        w.add[2] += (w.wday - w.tm.tm_wday + 7) % 7;
    w.tm.tm_year += (int)w.add[0];
    w.tm.tm_mon += (int)w.add[1];
    w.tm.tm_mday += (int)w.add[2];
    w.tm.tm_isdst = -1;
    if (w.has_zone) {
        struct tz utc = {0};
        out->tv_sec = tz_make(&utc, &w.tm) - w.zone;
    } else {
        out->tv_sec = tz_make(z, &w.tm);
    }
    out->tv_sec += w.add[3] * 3600 + w.add[4] * 60 + w.add[5];
    out->tv_nsec = w.nsec;
    return true;
}
