/* complete.c -- the words that fit what was typed: commands, files, variables,
 * users; and the shell's side of the line editor.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/complete.h"

#include <stdlib.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/hist.h"
#include "shell/readline.h"
#include "shell/users.h"

enum { MATCHES_MAX = 20000 };

struct finder {
    struct shell *sh;
    struct arena *tmp;
    struct rl_matches *out;
    const char *word; /* unquoted */
};

static void add_typed(struct finder *f, const char *s, bool dir)
{
    struct rl_matches *m = f->out;
    if (m->n == MATCHES_MAX)
        return;
    if (m->n == m->cap) {
        int cap = m->cap ? m->cap * 2 : 32;
        m->v =
            arena_realloc(f->tmp, m->v, (size_t)m->cap * sizeof *m->v, (size_t)cap * sizeof *m->v);
        m->cap = cap;
    }
    m->v[m->n++] = arena_printf(f->tmp, "%c%s", dir ? 'd' : '-', s) + 1;
}

static void add(struct finder *f, const char *s)
{
    add_typed(f, s, false);
}

static void add_if(struct finder *f, const char *s)
{
    if (str_starts(s, f->word))
        add(f, s);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct rl_matches *m)
{
    int n = 0;
    if (m->n == 0)
        return;
    qsort(m->v, (size_t)m->n, sizeof *m->v, by_text);
    for (int i = 0; i < m->n; i++)
        if (n == 0 || strcmp(m->v[n - 1], m->v[i]) != 0)
            m->v[n++] = m->v[i];
    m->n = n;
}

static void free_names(struct proc *p, struct vm_dirent *e, int n)
{
    if (n < 0)
        return;
    for (int i = 0; i < n; i++)
        vm_release(p, e[i].name, strlen(e[i].name) + 1);
    vm_release(p, e, (size_t)(n + 1) * sizeof *e);
}

/* --- files ------------------------------------------------------------------ */
/* dir: the directory read; shown: how matches begin. */
static void files_in(struct finder *f, const char *dir, const char *begin, const char *part,
                     bool commands, bool dirs_only)
{
    struct vm_dirent *e;
    struct proc *p = f->sh->p;
    size_t len = strlen(part);
    int n = vm_readdir(p, dir, &e);
    for (int i = 0; i < n; i++) {
        struct vfs_stat st;
        if (strncmp(e[i].name, part, len) != 0)
            continue;
        vm_tick(p, 1);
        char *path = arena_printf(f->tmp, "%s/%s", strcmp(dir, "/") ? dir : "", e[i].name);
        bool there = vm_stat(p, path, &st) == 0, is_dir = there && (st.mode & S_IFMT) == S_IFDIR;
        bool runs = there && !is_dir && vm_access(p, path, 1) == 0;
        if ((commands && !is_dir && !runs) || (dirs_only && !is_dir))
            continue;
        add_typed(f, arena_printf(f->tmp, "%s%s", begin, e[i].name), is_dir);
    }
    free_names(p, e, n);
}

static void files(struct finder *f, bool commands, bool dirs_only)
{
    const char *slash = strrchr(f->word, '/'), *part = slash ? slash + 1 : f->word;
    char *begin = arena_memdup(f->tmp, f->word, (size_t)(part - f->word)), *dir = begin;
    if (*begin == '~') {
        char *user = arena_memdup(f->tmp, begin + 1, strcspn(begin + 1, "/"));
        const char *home = expand_tilde(f->sh, user);
        if (home)
            dir = arena_printf(f->tmp, "%s%s", home, begin + 1 + strlen(user));
    } else if (*begin == '$') {
        char *name = arena_memdup(f->tmp, begin + 1, strcspn(begin + 1, "/"));
        const char *value = var_get(f->sh, name);
        if (value)
            dir = arena_printf(f->tmp, "%s%s", value, begin + 1 + strlen(name));
    }
    f->out->files = true;
    files_in(f, *dir ? dir : ".", begin, part, commands, dirs_only);
    if (f->out->n == 1) { /* a directory goes on */
        struct vfs_stat st;
        const char *name = f->out->v[0] + strlen(begin);
        char *path = arena_printf(f->tmp, "%s%s%s", *dir ? dir : ".", *dir ? "" : "/", name);
        if (vm_stat(f->sh->p, path, &st) == 0 && (st.mode & S_IFMT) == S_IFDIR)
            f->out->v[0] = arena_printf(f->tmp, "-%s/", f->out->v[0]) + 1;
    }
}

/* --- commands ----------------------------------------------------------------- */
static void commands(struct finder *f)
{
    static const char *const words[] = {"if",   "then", "else",     "elif",   "fi",    "case",
                                        "esac", "for",  "select",   "while",  "until", "do",
                                        "done", "in",   "function", "time",   "{",     "}",
                                        "!",    "[[",   "]]",       "coproc", NULL};
    struct shell *sh = f->sh;
    for (int i = 0; words[i]; i++)
        add_if(f, words[i]);
    for (struct sh_alias *a = sh->aliases; a; a = a->next)
        add_if(f, a->name);
    for (size_t i = 0; i < sizeof sh->funcs / sizeof *sh->funcs; i++)
        for (struct sh_func *fn = sh->funcs[i]; fn; fn = fn->next)
            add_if(f, fn->name);
    for (const struct builtin *b = builtin_table(); b->name; b++)
        if (!builtin_disabled(sh, b->name))
            add_if(f, b->name);
    const char *path = var_get(sh, "PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        char *dir = n ? arena_memdup(f->tmp, path, n) : arena_strdup(f->tmp, ".");
        struct vm_dirent *e;
        int k = vm_readdir(sh->p, dir, &e);
        for (int i = 0; i < k; i++) {
            struct vfs_stat st;
            if (!str_starts(e[i].name, f->word))
                continue;
            vm_tick(sh->p, 1);
            char *file = arena_printf(f->tmp, "%s/%s", dir, e[i].name);
            if (vm_stat(sh->p, file, &st) == 0 && (st.mode & S_IFMT) != S_IFDIR &&
                vm_access(sh->p, file, 1) == 0)
                add(f, e[i].name);
        }
        free_names(sh->p, e, k);
        path += n + (path[n] == ':');
    }
}

static void variables(struct finder *f)
{
    bool brace = f->word[1] == '{';
    const char *part = f->word + 1 + brace;
    const struct var_table *t = &f->sh->vars;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slot[i] && str_starts(t->slot[i]->name, part) && var_get(f->sh, t->slot[i]->name))
            add(f, arena_printf(f->tmp, brace ? "${%s}" : "$%s", t->slot[i]->name));
    f->out->no_quoting = true;
}

static void users(struct finder *f)
{
    char **names = users_list(f->sh, f->word + 1);
    for (; *names; names++)
        add(f, arena_printf(f->tmp, "~%s", *names));
    sort(f->out);
    if (f->out->n == 1)
        f->out->v[0] = arena_printf(f->tmp, "-%s/", f->out->v[0]) + 1;
}

/* --- the word ------------------------------------------------------------------------ */
static bool breaks(char c)
{
    return strchr(" \t\n\"'><=;|&(:", c) != NULL; /* @ as well, but for hosts only */
}

/* Where the word before point begins, and the quote that is open there. */
static uint32_t word_start(const char *line, uint32_t point, char *quote)
{
    uint32_t start = 0;
    *quote = 0;
    for (uint32_t i = 0; i < point; i++) {
        char c = line[i];
        if (*quote) {
            if (c == '\\' && *quote == '"')
                i++;
            else if (c == *quote)
                *quote = 0;
            continue;
        }
        if (c == '\\') {
            i++;
        } else if (c == '"' || c == '\'') {
            *quote = c;
            start = i + 1;
        } else if (breaks(c) || c == '`') {
            start = i + 1;
        }
    }
    return start;
}

static char *unquoted(struct arena *a, const char *s, size_t n, char quote)
{
    struct str out;
    str_init(&out, a);
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\' && quote != '\'' && i + 1 < n)
            i++;
        str_putc(&out, (unsigned char)s[i]);
    }
    return out.s ? out.s : arena_strdup(a, "");
}

/* Is the word that begins at start the name of a command? */
static bool command_position(const char *line, uint32_t start)
{
    while (start > 0 && strchr(" \t\"'", line[start - 1]))
        start--;
    if (start == 0)
        return true;
    char c = line[start - 1];
    if (c == '&' && start > 1 && (line[start - 2] == '>' || line[start - 2] == '<'))
        return false;
    if (c == '|' && start > 1 && line[start - 2] == '>')
        return false;
    return strchr(";|&{(`\n", c) != NULL;
}

void complete_word(struct shell *sh, const char *line, uint32_t point, struct arena *tmp,
                   struct rl_matches *out)
{
    char quote;
    struct finder f = {.sh = sh, .tmp = tmp, .out = out};
    struct arena_mark mark = arena_mark(sh->tmp);
    out->start = word_start(line, point, &quote);
    out->quote = quote;
    f.word = unquoted(tmp, line + out->start, point - out->start, quote);
    bool command = command_position(line, out->start);
    if (f.word[0] == '$' && quote != '\'' && !strchr(f.word, '/'))
        variables(&f);
    else if (f.word[0] == '~' && !quote && !strchr(f.word, '/'))
        users(&f);
    else if (command && !strchr(f.word, '/')) {
        commands(&f);
        sort(out);
        if (!out->n)
            files(&f, false, true);
    } else
        files(&f, command, false);
    sort(out);
    arena_reset(sh->tmp, mark);
}
