/* conf.c -- reading the configuration: defaults, file, environment.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "conf/conf.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/option.h"

extern char **environ;

static const char default_path[] = "/etc/qrassh/qrassh.conf";
static const char prefix[] = "QRASSH_";

void conf_defaults(struct conf *c)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < option_count; i++) {
        int err = option_set(&option_table[i], c, option_table[i].def);
        assert(!err); /* a row of options.def contradicts itself */
        (void)err;
    }
}

/* How many letters must change to make b of a (Levenshtein, short words). */
static unsigned distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    unsigned row[LONGEST + 1];
    size_t n = strlen(b);
    if (n > LONGEST)
        return LONGEST;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

struct nearest {
    const char *word;
    unsigned best;
};

static void consider(struct nearest *near, const char *word, const char *candidate)
{
    unsigned d = distance(word, candidate);
    if (!near->word || d < near->best)
        *near = (struct nearest){candidate, d};
}

/* "did you mean ...?", or nothing if no name is like this one. */
static void suggest(const struct nearest *near, const char *word, char *out, size_t n)
{
    *out = 0;
    if (near->word && near->best <= strlen(word) / 2 + 1)
        str_fmt(out, n, "; did you mean %s?", near->word);
}

static int unknown_section(const char *where, const char *name, char *why, size_t n)
{
    struct nearest near = {0};
    char hint[80];
    for (size_t i = 1; i < option_section_count; i++)
        consider(&near, name, option_sections[i].name);
    suggest(&near, name, hint, sizeof hint);
    str_fmt(why, n, "%s: there is no section [%s]%s", where, name, hint);
    return ERR_NOTFOUND;
}

static int unknown_option(const char *where, const char *section, const char *name, char *why,
                          size_t n)
{
    struct nearest near = {0};
    char hint[80];
    for (size_t i = 0; i < option_count; i++) {
        if (str_eq(option_table[i].section, section))
            consider(&near, name, option_table[i].name);
    }
    suggest(&near, name, hint, sizeof hint);
    if (*section)
        str_fmt(why, n, "%s: section [%s] has no option %s%s", where, section, name, hint);
    else
        str_fmt(why, n, "%s: no option %s without a section%s", where, name, hint);
    return ERR_NOTFOUND;
}

static int set(const struct option *o, struct conf *c, const char *where, const char *value,
               char *why, size_t n)
{
    int err = option_set(o, c, value);
    if (err) {
        char allowed[300];
        option_allowed(o, allowed, sizeof allowed);
        str_fmt(why, n, "%s: %s%s%s = %.60s: must be %s", where, o->section, *o->section ? "." : "",
                o->name, value, allowed);
    }
    return err;
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    size_t n = strlen(s);
    while (n && strchr(" \t\r\n", s[n - 1]))
        n--;
    s[n] = 0;
    return s;
}

static bool has_section(const char *name)
{
    for (size_t i = 1; i < option_section_count; i++) {
        if (str_eq(option_sections[i].name, name))
            return true;
    }
    return false;
}

struct reader {
    struct conf *c;
    const char *path;
    unsigned line;
    char section[40];
    char *why;
    size_t n;
};

static int read_line(struct reader *r, char *line)
{
    char where[300];
    str_fmt(where, sizeof where, "%s:%u", r->path, r->line);
    line = trim(line);
    size_t len = strlen(line);
    if (!*line || *line == '#' || *line == ';')
        return 0;
    if (*line == '[' && line[len - 1] == ']') {
        line[len - 1] = 0;
        char *name = trim(line + 1);
        if (!has_section(name) || !str_copy(r->section, sizeof r->section, name))
            return unknown_section(where, name, r->why, r->n);
        return 0;
    }
    char *equals = strchr(line, '=');
    if (!equals) {
        str_fmt(r->why, r->n, "%s: neither [section] nor name = value", where);
        return ERR_FORMAT;
    }
    *equals = 0;
    char *name = trim(line), *value = trim(equals + 1);
    const struct option *o = option_find(r->section, name);
    if (!o)
        return unknown_option(where, r->section, name, r->why, r->n);
    return set(o, r->c, where, value, r->why, r->n);
}

static int read_file(struct conf *c, const char *path, char *why, size_t n)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        str_fmt(why, n, "%s: cannot be read: %s", path, strerror(errno));
        return ERR_IO;
    }
    struct reader r = {.c = c, .path = path, .why = why, .n = n};
    char line[2048];
    int err = 0;
    while (!err && fgets(line, sizeof line, f)) {
        r.line++;
        if (!strchr(line, '\n') && !feof(f)) {
            str_fmt(why, n, "%s:%u: the line is longer than %zu bytes", path, r.line,
                    sizeof line - 2);
            err = ERR_FORMAT;
            break;
        }
        err = read_line(&r, line);
    }
    if (!err && ferror(f)) {
        str_fmt(why, n, "%s: cannot be read: %s", path, strerror(errno));
        err = ERR_IO;
    }
    fclose(f);
    return err;
}

static int read_environment(struct conf *c, char *why, size_t n)
{
    for (size_t i = 0; i < option_count; i++) {
        char name[100];
        option_variable(&option_table[i], name, sizeof name);
        const char *value = getenv(name);
        int err = value ? set(&option_table[i], c, name, value, why, n) : 0;
        if (err)
            return err;
    }
    return 0;
}

static bool is_variable(const char *name, size_t len)
{
    if (len == strlen("QRASSH_CONFIG") && memcmp(name, "QRASSH_CONFIG", len) == 0)
        return true;
    for (size_t i = 0; i < option_count; i++) {
        char known[100];
        option_variable(&option_table[i], known, sizeof known);
        if (strlen(known) == len && memcmp(known, name, len) == 0)
            return true;
    }
    return false;
}

static void warn_of_unknown_variables(void)
{
    for (char **e = environ; *e; e++) {
        size_t len = strcspn(*e, "=");
        if (!str_starts(*e, prefix) || is_variable(*e, len))
            continue;
        char name[100], hint[120];
        static char known[100]; /* near keeps a pointer to it */
        struct nearest near = {0};
        str_fmt(name, sizeof name, "%.*s", (int)len, *e);
        for (size_t i = 0; i < option_count; i++) {
            char candidate[100];
            option_variable(&option_table[i], candidate, sizeof candidate);
            unsigned d = distance(name + strlen(prefix), candidate + strlen(prefix));
            if (!near.word || d < near.best) {
                str_copy(known, sizeof known, candidate);
                near = (struct nearest){known, d};
            }
        }
        suggest(&near, name + strlen(prefix), hint, sizeof hint);
        log_warn("environment: %s is no option%s", name, hint);
    }
}

/* What no single option can tell. */
static int check(const struct conf *c, char *why, size_t n)
{
    if (c->auth.min_tries > c->auth.max_tries) {
        str_fmt(why, n, "auth.min_tries must not be above auth.max_tries");
        return ERR_RANGE;
    }
    if (c->limits.disk > c->limits.memory) {
        str_fmt(why, n, "limits.disk must not be above limits.memory, which includes it");
        return ERR_RANGE;
    }
    if (c->limits.memory > c->limits.machines) {
        str_fmt(why, n, "limits.memory must not be above limits.machines, which includes it");
        return ERR_RANGE;
    }
    return 0;
}

int conf_load(struct conf *c, const char *path, char *why, size_t n)
{
    conf_defaults(c);
    if (!path)
        path = getenv("QRASSH_CONFIG");
    FILE *f = path ? NULL : fopen(default_path, "re");
    if (f) {
        fclose(f);
        path = default_path;
    }
    int err = path ? read_file(c, path, why, n) : 0;
    if (!err)
        err = read_environment(c, why, n);
    if (!err)
        err = check(c, why, n);
    if (!err)
        warn_of_unknown_variables();
    return err;
}

int conf_set(struct conf *c, const char *name, const char *value, char *why, size_t n)
{
    char section[40] = "";
    const char *dot = strchr(name, '.');
    if (dot && !str_fmt(section, sizeof section, "%.*s", (int)(dot - name), name))
        return unknown_section(name, section, why, n);
    if (dot && !has_section(section))
        return unknown_section(name, section, why, n);
    const struct option *o = option_find(section, dot ? dot + 1 : name);
    if (!o)
        return unknown_option(name, section, dot ? dot + 1 : name, why, n);
    return set(o, c, "command line", value, why, n);
}
