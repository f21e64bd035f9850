/* option.c -- one row of options.def at run time: reading and writing values.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "conf/option.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define ROW(s, n, kind, ...)                                                                       \
    {.section = #s, .name = #n, .type = kind, .offset = offsetof(struct conf, s.n), __VA_ARGS__},

const struct option option_table[] = {
#define TOP_INT(n, d, lo, hi, t)                                                                   \
    {.section = "",                                                                                \
     .name = #n,                                                                                   \
     .type = OPTION_INT,                                                                           \
     .offset = offsetof(struct conf, n),                                                           \
     .def = #d,                                                                                    \
     .least = #lo,                                                                                 \
     .most = #hi,                                                                                  \
     .text = t},
#define SECTION(s, t)
#define END(s)
#define BOOL(s, n, d, t) ROW(s, n, OPTION_BOOL, .def = #d, .text = t)
#define INT(s, n, d, lo, hi, t)                                                                    \
    ROW(s, n, OPTION_INT, .def = #d, .least = #lo, .most = #hi, .text = t)
#define REAL(s, n, d, lo, hi, t)                                                                   \
    ROW(s, n, OPTION_REAL, .def = #d, .least = #lo, .most = #hi, .text = t)
#define TIME(s, n, d, lo, hi, t)                                                                   \
    ROW(s, n, OPTION_TIME, .def = d, .least = lo, .most = hi, .text = t)
#define SIZE(s, n, d, lo, hi, t)                                                                   \
    ROW(s, n, OPTION_SIZE, .def = d, .least = lo, .most = hi, .text = t)
#define CHOICE(s, n, d, c, t) ROW(s, n, OPTION_CHOICE, .def = d, .choices = c, .text = t)
#define WORD(s, n, d, c, t) ROW(s, n, OPTION_WORD, .def = d, .choices = c, .text = t)
#define TEXT(s, n, d, t) ROW(s, n, OPTION_TEXT, .def = d, .text = t)
#define LIST(s, n, d, lo, t) ROW(s, n, OPTION_LIST, .def = d, .least = #lo, .text = t)
#define AUTO_INT(s, n, lo, hi, t)                                                                  \
    ROW(s, n, OPTION_INT, .may_auto = true, .def = "auto", .least = #lo, .most = #hi, .text = t)
#define AUTO_REAL(s, n, lo, hi, t)                                                                 \
    ROW(s, n, OPTION_REAL, .may_auto = true, .def = "auto", .least = #lo, .most = #hi, .text = t)
#include "conf/options.def"
};
const size_t option_count = sizeof option_table / sizeof *option_table;

const struct option_section option_sections[] = {
    {"", "Options without a section come first."},
#define TOP_INT(...)
#define SECTION(s, t) {#s, t},
#define END(s)
#define BOOL(...)
#define INT(...)
#define REAL(...)
#define TIME(...)
#define SIZE(...)
#define CHOICE(...)
#define WORD(...)
#define TEXT(...)
#define LIST(...)
#define AUTO_INT(...)
#define AUTO_REAL(...)
#include "conf/options.def"
};
const size_t option_section_count = sizeof option_sections / sizeof *option_sections;

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: a value is printed in the first unit that divides it. */
static const struct unit time_units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                         {"s", 1000},     {"ms", 1},      {NULL, 0}};
static const struct unit size_units[] = {
    {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}, {NULL, 0}};

static int parse_int(const char *s, int64_t *out)
{
    if (strcmp(s, "INT64_MAX") == 0) {
        *out = INT64_MAX;
        return 0;
    }
    return str_int(s, INT64_MIN, INT64_MAX, out);
}

/* A number and a unit. Bare zero needs none; other bare times are refused, for
 * seconds and milliseconds are easily confused. */
static int parse_units(const char *s, const struct unit *units, int64_t *out)
{
    char digits[24];
    size_t n = strspn(s, "0123456789");
    int64_t v;
    if (!n || n >= sizeof digits)
        return ERR_FORMAT;
    memcpy(digits, s, n);
    digits[n] = 0;
    int err = str_int(digits, 0, INT64_MAX, &v);
    if (err)
        return err;
    if (v == 0 && !s[n]) {
        *out = 0;
        return 0;
    }
    for (const struct unit *u = units; u->name; u++) {
        if (str_eqi(s + n, u->name)) {
            if (v > INT64_MAX / u->factor)
                return ERR_RANGE;
            *out = v * u->factor;
            return 0;
        }
    }
    return ERR_FORMAT;
}

static void print_units(int64_t v, const struct unit *units, char *out, size_t n)
{
    const struct unit *u = units;
    while (u[1].name && (v % u->factor || !v))
        u++;
    str_fmt(out, n, "%" PRId64 "%s", v / u->factor, v ? u->name : "");
}

static const struct unit *units_of(const struct option *o)
{
    return o->type == OPTION_TIME ? time_units : size_units;
}

static int parse_whole(const struct option *o, const char *s, int64_t *out)
{
    return o->type == OPTION_INT ? parse_int(s, out) : parse_units(s, units_of(o), out);
}

static int set_whole(const struct option *o, int64_t *at, const char *s)
{
    int64_t v, least = 0, most = 0;
    int err = parse_whole(o, s, &v);
    if (err)
        return err;
    if (parse_whole(o, o->least, &least) || parse_whole(o, o->most, &most) || v < least || v > most)
        return ERR_RANGE;
    *at = v;
    return 0;
}

static int set_real(const struct option *o, double *at, const char *s)
{
    double least = 0, most = 0;
    if (str_double(o->least, -INFINITY, INFINITY, &least) ||
        str_double(o->most, -INFINITY, INFINITY, &most))
        return ERR_RANGE;
    return str_double(s, least, most, at);
}

static int set_bool(bool *at, const char *s)
{
    static const char *const names[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eqi(s, names[i])) {
            *at = i % 2;
            return 0;
        }
    }
    return ERR_FORMAT;
}

/* The position of a word among words separated by blanks, or -1. */
static int index_of(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (int i = 0; *words; i++) {
        size_t len = strcspn(words, " ");
        if (len == n && n && memcmp(words, word, n) == 0)
            return i;
        words += len;
        words += strspn(words, " ");
    }
    return -1;
}

static int set_text(char *at, const char *s)
{
    return str_copy(at, CONF_TEXT, s) ? 0 : ERR_RANGE;
}

/* HOST:PORT with a numeric host; IPv6 in brackets. */
static bool is_address(const char *s)
{
    char host[CONF_ADDR];
    unsigned char bin[16];
    int64_t port;
    const char *colon = strrchr(s, ':');
    if (!colon || str_int(colon + 1, 0, 65535, &port) || !isdigit((unsigned char)colon[1]))
        return false;
    size_t n = (size_t)(colon - s);
    bool v6 = n > 2 && *s == '[' && s[n - 1] == ']';
    if (!str_fmt(host, sizeof host, "%.*s", (int)(v6 ? n - 2 : n), v6 ? s + 1 : s))
        return false;
    return inet_pton(v6 ? AF_INET6 : AF_INET, host, bin) == 1;
}

static int set_list(const struct option *o, struct conf_list *at, const char *s)
{
    struct conf_list list = {0};
    int64_t least = 0;
    s += strspn(s, " \t,");
    while (*s) {
        size_t n = strcspn(s, " \t,");
        if (n >= CONF_ADDR)
            return ERR_FORMAT;
        if (list.n == CONF_LIST)
            return ERR_RANGE;
        memcpy(list.v[list.n], s, n);
        if (!is_address(list.v[list.n++]))
            return ERR_FORMAT;
        s += n;
        s += strspn(s, " \t,");
    }
    if (str_int(o->least, 0, CONF_LIST, &least) || list.n < (size_t)least)
        return ERR_RANGE;
    *at = list;
    return 0;
}

int option_set(const struct option *o, struct conf *c, const char *value)
{
    void *at = (char *)c + o->offset;
    if (o->may_auto && strcmp(value, "auto") == 0) {
        if (o->type == OPTION_REAL)
            *(double *)at = -1;
        else
            *(int64_t *)at = -1;
        return 0;
    }
    switch (o->type) {
    case OPTION_BOOL:
        return set_bool(at, value);
    case OPTION_INT:
    case OPTION_TIME:
    case OPTION_SIZE:
        return set_whole(o, at, value);
    case OPTION_REAL:
        return set_real(o, at, value);
    case OPTION_CHOICE:
    case OPTION_WORD: {
        int i = index_of(o->choices, value);
        if (i < 0)
            return ERR_FORMAT;
        if (o->type == OPTION_WORD)
            return set_text(at, value);
        *(int *)at = i;
        return 0;
    }
    case OPTION_TEXT:
        return set_text(at, value);
    case OPTION_LIST:
        return set_list(o, at, value);
    }
    return ERR_FORMAT;
}

static void print_choice(const char *words, int i, char *out, size_t n)
{
    while (i--) {
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    str_fmt(out, n, "%.*s", (int)strcspn(words, " "), words);
}

static void print_list(const struct conf_list *list, char *out, size_t n)
{
    size_t used = 0;
    *out = 0;
    for (size_t i = 0; i < list->n && used < n; i++) {
        str_fmt(out + used, n - used, "%s%s", i ? " " : "", list->v[i]);
        used += strlen(out + used);
    }
}

void option_value(const struct option *o, const struct conf *c, char *out, size_t n)
{
    const void *at = (const char *)c + o->offset;
    if (o->may_auto &&
        (o->type == OPTION_REAL ? *(const double *)at < 0 : *(const int64_t *)at < 0)) {
        str_copy(out, n, "auto");
        return;
    }
    switch (o->type) {
    case OPTION_BOOL:
        str_copy(out, n, *(const bool *)at ? "yes" : "no");
        break;
    case OPTION_INT:
        str_fmt(out, n, "%" PRId64, *(const int64_t *)at);
        break;
    case OPTION_TIME:
    case OPTION_SIZE:
        print_units(*(const int64_t *)at, units_of(o), out, n);
        break;
    case OPTION_REAL:
        str_fmt(out, n, "%.15g", *(const double *)at);
        break;
    case OPTION_CHOICE:
        print_choice(o->choices, *(const int *)at, out, n);
        break;
    case OPTION_WORD:
    case OPTION_TEXT:
        str_copy(out, n, at);
        break;
    case OPTION_LIST:
        print_list(at, out, n);
        break;
    }
}

void option_allowed(const struct option *o, char *out, size_t n)
{
    const char *or_auto = o->may_auto ? "auto, or " : "";
    switch (o->type) {
    case OPTION_BOOL:
        str_copy(out, n, "yes or no");
        break;
    case OPTION_INT:
        if (str_eq(o->most, "INT64_MAX"))
            str_fmt(out, n, "%sa whole number from %s", or_auto, o->least);
        else
            str_fmt(out, n, "%sa whole number from %s to %s", or_auto, o->least, o->most);
        break;
    case OPTION_REAL:
        str_fmt(out, n, "%sa number from %s to %s", or_auto, o->least, o->most);
        break;
    case OPTION_TIME:
        str_fmt(out, n, "a time from %s to %s (such as 500ms, 30s, 5m, 24h, 7d)", o->least,
                o->most);
        break;
    case OPTION_SIZE:
        str_fmt(out, n, "a size from %s to %s (such as 4096, 64K, 10M, 2G)", o->least, o->most);
        break;
    case OPTION_CHOICE:
    case OPTION_WORD:
        str_fmt(out, n, "one of: %s", o->choices);
        break;
    case OPTION_TEXT:
        str_fmt(out, n, "a text of at most %d bytes", CONF_TEXT - 1);
        break;
    case OPTION_LIST:
        str_fmt(out, n, "%s to %d addresses such as 0.0.0.0:2222 or [::]:2222", o->least,
                CONF_LIST);
        break;
    }
}

void option_variable(const struct option *o, char *out, size_t n)
{
    str_fmt(out, n, "QRASSH_%s%s%s", o->section, *o->section ? "_" : "", o->name);
    for (char *p = out; *p; p++)
        *p = (char)toupper((unsigned char)*p);
}

const struct option *option_find(const char *section, const char *name)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (str_eq(o->section, section) && str_eq(o->name, name))
            return o;
    }
    return NULL;
}
