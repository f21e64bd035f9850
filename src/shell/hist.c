/* hist.c -- the history list, history expansion, the builtins history and fc.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/hist.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/input.h"

enum { HIST_CAP = 4000 };

struct hist {
    char **v;
    int cap;     /* of v: it grows with the list, idle sessions are many */
    int n, base; /* base: number of the first entry */
    int loaded;  /* entries that came from the file */
    bool read;
};

static struct hist *list(struct shell *sh)
{
    if (!sh->hist) {
        sh->hist = arena_zalloc(sh->heap, sizeof *sh->hist);
        sh->hist->base = 1;
    }
    return sh->hist;
}

struct hist *hist_clone(struct shell *to, const struct shell *from)
{
    if (!from->hist || !from->hist->n)
        return NULL;
    struct hist *h = arena_zalloc(to->heap, sizeof *h);
    *h = *from->hist;
    h->cap = h->n;
    h->v = arena_zalloc(to->heap, (size_t)h->cap * sizeof *h->v);
    for (int i = 0; i < h->n; i++)
        h->v[i] = sh_heap_strdup(to, from->hist->v[i]);
    return h;
}

static void drop_at(struct shell *sh, struct hist *h, int i)
{
    sh_heap_free(sh, h->v[i]);
    memmove(h->v + i, h->v + i + 1, (size_t)(h->n - i - 1) * sizeof *h->v);
    h->n--;
}

static void push(struct shell *sh, const char *line)
{
    struct hist *h = list(sh);
    int64_t max = 500;
    const char *size = var_get(sh, "HISTSIZE");
    if (size && str_int(size, -1, INT32_MAX, &max) != 0)
        max = 500;
    if (max < 0 || max >= HIST_CAP)
        max = HIST_CAP - 1;
    while (h->n && h->n >= max) {
        drop_at(sh, h, 0);
        h->base++;
    }
    if (h->n == h->cap) {
        int cap = h->cap ? h->cap * 2 : 16;
        h->v = arena_realloc(sh->heap, h->v, (size_t)h->cap * sizeof *h->v,
                             (size_t)cap * sizeof *h->v);
        h->cap = cap;
    }
    if (max > 0)
        h->v[h->n++] = sh_heap_strdup(sh, line);
}

void hist_add(struct shell *sh, const char *line)
{
    const char *control = var_get(sh, "HISTCONTROL");
    struct hist *h = list(sh);
    if (!*line)
        return;
    bool space = control && (strstr(control, "ignorespace") || strstr(control, "ignoreboth"));
    bool dups = control && (strstr(control, "ignoredups") || strstr(control, "ignoreboth"));
    if ((space && *line == ' ') || (dups && h->n && strcmp(h->v[h->n - 1], line) == 0))
        return;
    push(sh, line);
}

int hist_count(struct shell *sh)
{
    return list(sh)->n;
}

const char *hist_get(struct shell *sh, int i)
{
    struct hist *h = list(sh);
    return i >= 0 && i < h->n ? h->v[i] : NULL;
}

void hist_load(struct shell *sh)
{
    struct hist *h = list(sh);
    const char *file = var_get(sh, "HISTFILE"), *home = var_get(sh, "HOME");
    size_t n;
    if (!file && !h->read) {
        var_set(sh, "HISTFILE", sh_tmp_printf(sh, "%s/.bash_history", home ? home : ""));
        if (!var_get(sh, "HISTSIZE"))
            var_set(sh, "HISTSIZE", "500");
        if (!var_get(sh, "HISTFILESIZE"))
            var_set(sh, "HISTFILESIZE", "500");
        h->read = true;
        return;
    }
    if (!file || h->loaded)
        return;
    int fd = vm_open(sh->p, file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    char *text = read_whole(sh, sh->heap, fd, &n), *s = text;
    (void)vm_close(sh->p, fd);
    while (*s) {
        char *nl = strchr(s, '\n');
        if (nl)
            *nl = 0;
        if (*s && *s != '#')
            push(sh, s);
        s = nl ? nl + 1 : s + strlen(s);
    }
    h->loaded = h->n;
}

void hist_save(struct shell *sh)
{
    struct hist *h = sh->hist;
    const char *file = var_get(sh, "HISTFILE");
    if (!h || !file || !*file || h->n <= h->loaded)
        return;
    int fd = vm_open(sh->p, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    struct str s;
    str_init(&s, sh->tmp);
    for (int i = h->loaded; i < h->n; i++)
        str_printf(&s, "%s\n", h->v[i]);
    (void)vm_write_all(sh->p, fd, s.s, s.n);
    (void)vm_close(sh->p, fd);
}

void shell_at_exit(struct shell *sh)
{
    if (!sh->dash && sh->opt[OPT_HISTORY])
        hist_save(sh);
}

/* --- expansion ------------------------------------------------------------------------------ */

static const char *event(struct shell *sh, const char **s)
{
    struct hist *h = list(sh);
    const char *t = *s;
    if (*t == '!') {
        *s = t + 1;
        return h->n ? h->v[h->n - 1] : NULL;
    }
    bool back = *t == '-';
    if (back || (*t >= '0' && *t <= '9')) {
        char *end;
        long k = strtol(t + back, &end, 10);
        *s = end;
        long i = back ? h->n - k : k - h->base;
        return i >= 0 && i < h->n ? h->v[i] : NULL;
    }
    bool inside = *t == '?';
    size_t n = strcspn(t + inside, inside ? "?\n" : " \t\n:;&()|<>$^*");
    char *want = sh_tmp_strndup(sh, t + inside, n);
    *s = t + inside + n + (inside && t[inside + n] == '?');
    for (int i = h->n - 1; i >= 0; i--)
        if (inside ? strstr(h->v[i], want) != NULL : strncmp(h->v[i], want, n) == 0)
            return h->v[i];
    return NULL;
}

/* Word number of a line, counted from 0; -1: the last. */
static char *word_of(struct shell *sh, const char *line, int from, int to)
{
    struct fields f = {0};
    while (*line) {
        line += strspn(line, " \t");
        size_t n = 0;
        char quote = 0;
        for (; line[n] && (quote || !strchr(" \t", line[n])); n++) {
            if (quote)
                quote = line[n] == quote ? 0 : quote;
            else if (line[n] == '\'' || line[n] == '"')
                quote = line[n];
        }
        if (n)
            fields_add(sh, &f, sh_tmp_strndup(sh, line, n));
        line += n;
    }
    if (from < 0)
        from = f.n - 1;
    if (to < 0)
        to = f.n - 1;
    struct str s;
    str_init(&s, sh->tmp);
    for (int i = from; i <= to && i < f.n; i++)
        str_printf(&s, "%s%s", i > from ? " " : "", f.v[i]);
    return s.s ? s.s : sh_tmp_strdup(sh, "");
}

static const char *designator(struct shell *sh, const char *line, const char **s)
{
    const char *t = *s;
    if (*t == ':' && t[1] && strchr("$^*0123456789", t[1]))
        t++;
    else if (!*t || !strchr("$^*", *t))
        return line;
    int c = *t++;
    if (c == '$') {
        *s = t;
        return word_of(sh, line, -1, -1);
    }
    if (c == '^') {
        *s = t;
        return word_of(sh, line, 1, 1);
    }
    if (c == '*') {
        *s = t;
        return word_of(sh, line, 1, -1);
    }
    int from = c - '0', to;
    while (*t >= '0' && *t <= '9')
        from = from * 10 + (*t++ - '0');
    to = from;
    if (*t == '-' && t[1] >= '0' && t[1] <= '9') {
        t++;
        to = 0;
        while (*t >= '0' && *t <= '9')
            to = to * 10 + (*t++ - '0');
    } else if (*t == '*') {
        t++;
        to = -1;
    }
    *s = t;
    return word_of(sh, line, from, to);
}

static char *quick_substitute(struct shell *sh, const char *line)
{
    struct hist *h = list(sh);
    const char *old = line + 1, *mid = strchr(old, '^');
    if (!mid || !h->n)
        return NULL;
    const char *end = strchr(mid + 1, '^');
    char *from = sh_tmp_strndup(sh, old, (size_t)(mid - old));
    char *to = sh_tmp_strndup(sh, mid + 1, end ? (size_t)(end - mid - 1) : strlen(mid + 1));
    const char *last = h->v[h->n - 1], *at = strstr(last, from);
    if (!at)
        return NULL;
    return sh_tmp_printf(sh, "%.*s%s%s%s", (int)(at - last), last, to, at + strlen(from),
                         end ? end + 1 : "");
}

char *hist_expand(struct shell *sh, const char *line, bool *changed)
{
    struct str out;
    char quote = 0;
    *changed = false;
    str_init(&out, sh->tmp);
    if (*line == '^') {
        char *s = quick_substitute(sh, line);
        if (s) {
            *changed = true;
            return s;
        }
        sh_error(sh, ":s%s: substitution failed", line);
        return NULL;
    }
    for (const char *s = line; *s;) {
        if (*s == '\\' && s[1] && quote != '\'') {
            str_add(&out, s, 2);
            s += 2;
            continue;
        }
        if (*s == '\'' && quote != '"')
            quote = quote ? 0 : '\'';
        else if (*s == '"' && quote != '\'')
            quote = quote ? 0 : '"';
        bool here = *s == '!' && quote != '\'' && s[1] && !strchr(" \t\n=(", s[1]) &&
                    !(quote == '"' && s[1] == '"') && !(s > line && (s[-1] == '$' || s[-1] == '{'));
        if (!here) {
            str_putc(&out, *s++);
            continue;
        }
        const char *from = s++, *found;
        if (strchr("$^*:", *s))
            found = hist_count(sh) ? hist_get(sh, hist_count(sh) - 1) : NULL;
        else
            found = event(sh, &s);
        if (!found) {
            sh_error(sh, "%.*s: event not found", (int)(s - from), from);
            return NULL;
        }
        str_puts(&out, designator(sh, found, &s));
        *changed = true;
    }
    return *changed ? out.s : (char *)line;
}

/* --- builtins ------------------------------------------------------------------------------------
 */

int bi_history(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c;
    int64_t n = INT32_MAX;
    struct hist *h = list(sh);
    while ((c = opts_next(sh, &o, argc, argv, "acd:nprsw")) != -1) {
        if (c == '?')
            return 1;
        if (c == 'c') {
            while (h->n)
                drop_at(sh, h, h->n - 1);
            h->base = 1;
            h->loaded = 0;
            return 0;
        }
        if (c == 'd') {
            int64_t k;
            if (!legal_number(o.arg, &k) || k < h->base || k >= h->base + h->n) {
                sh_berror(sh, "%s: history position out of range", o.arg);
                return 1;
            }
            drop_at(sh, h, (int)(k - h->base));
            return 0;
        }
        if (c == 'w' || c == 'a') {
            if (c == 'w')
                h->loaded = 0;
            hist_save(sh);
            h->loaded = h->n;
            return 0;
        }
        if (c == 's') {
            if (o.i < argc)
                push(sh, argv[o.i]);
            return 0;
        }
        if (c == 'r' || c == 'n')
            return 0;
    }
    if (o.i < argc && (!legal_number(argv[o.i], &n) || n < 0)) {
        sh_berror(sh, "%s: numeric argument required", argv[o.i]);
        return 1;
    }
    for (int i = n < h->n ? h->n - (int)n : 0; i < h->n; i++)
        out_printf(sh, "%5d  %s\n", h->base + i, h->v[i]);
    return 0;
}

int bi_fc(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c;
    bool l = false, n = false, r = false, s = false;
    struct hist *h = list(sh);
    while ((c = opts_next(sh, &o, argc, argv, "e:lnrs")) != -1) {
        if (c == '?')
            return 2;
        l |= c == 'l';
        n |= c == 'n';
        r |= c == 'r';
        s |= c == 's';
    }
    if (s) {
        if (h->n < 2)
            return 1;
        char *line = sh_tmp_strdup(sh, h->v[h->n - 2]);
        out_printf(sh, "%s\n", line);
        out_flush(sh);
        return run_string(sh, line, "fc", sh->line);
    }
    if (!l || !h->n)
        return l ? 0 : 1;
    int64_t from = -16, to = -1, top = h->base + h->n - 1;
    if (o.i < argc && !legal_number(argv[o.i], &from))
        from = -16;
    if (o.i + 1 < argc && !legal_number(argv[o.i + 1], &to))
        to = -1;
    if (from < 0)
        from = top + from + (sh->interactive ? 0 : 1);
    if (to < 0)
        to = top + to + (sh->interactive ? 0 : 1);
    if (from < h->base)
        from = h->base;
    if (to > top)
        to = top;
    for (int64_t i = r ? to : from; r ? i >= from : i <= to; i += r ? -1 : 1) {
        if (n)
            out_printf(sh, "\t %s\n", h->v[i - h->base]);
        else
            out_printf(sh, "%lld\t %s\n", (long long)i, h->v[i - h->base]);
    }
    return 0;
}
