/* glob.c -- path names from patterns.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shell/expand.h"
#include "shell/pattern.h"
#include "shell/shell.h"

struct glob {
    struct shell *sh;
    struct fields *out;
    unsigned flags;
    int found;
    const char *ignore; /* GLOBIGNORE */
};

static void tick(void *ctx, unsigned n)
{
    vm_tick(ctx, n);
}

static bool ignored(struct glob *g, const char *path)
{
    if (!g->ignore || !*g->ignore)
        return false;
    const char *s = g->ignore;
    for (;;) {
        const char *colon = strchr(s, ':');
        size_t n = colon ? (size_t)(colon - s) : strlen(s);
        if (n && sh_match(g->sh, sh_tmp_strndup(g->sh, s, n), path))
            return true;
        if (!colon)
            return false;
        s = colon + 1;
    }
}

static void found(struct glob *g, const char *path)
{
    if (ignored(g, path))
        return;
    fields_add(g->sh, g->out, sh_tmp_strdup(g->sh, path));
    g->found++;
}

static bool is_dir(struct glob *g, const char *path)
{
    struct vfs_stat st;
    return vm_stat(g->sh->p, path, &st) == 0 && (st.mode & S_IFMT) == S_IFDIR;
}

static void walk(struct glob *g, const char *base, const char *rest);

static char *join(struct glob *g, const char *base, const char *name)
{
    return sh_tmp_printf(g->sh, "%s%s", base, name);
}

/* ** : this directory and all below it. */
static void walk_star(struct glob *g, const char *base, const char *rest, int depth)
{
    struct vm_dirent *e;
    bool last = !*rest;
    if (depth > 40)
        return;
    if (!last)
        walk(g, base, rest);
    int n = vm_readdir(g->sh->p, *base ? base : ".", &e);
    for (int i = 0; i < n; i++) {
        vm_tick(g->sh->p, 1);
        if (e[i].name[0] == '.' && !g->sh->shopt[SHOPT_DOTGLOB])
            continue;
        char *path = join(g, base, e[i].name);
        struct vfs_stat st;
        bool dir = vm_lstat(g->sh->p, path, &st) == 0 && (st.mode & S_IFMT) == S_IFDIR;
        if (last)
            found(g, path);
        if (dir)
            walk_star(g, sh_tmp_printf(g->sh, "%s/", path), rest, depth + 1);
    }
}

/* base ends in '/' or is empty; rest is the pattern still to match. */
static void walk(struct glob *g, const char *base, const char *rest)
{
    struct shell *sh = g->sh;
    if (vm_deep(sh->p))
        return;
    if (!*rest) {
        found(g, base);
        return;
    }
    const char *end = rest;
    int depth = 0;
    bool bracket = false;
    for (; *end && (*end != '/' || depth); end++) {
        if (*end == '\\' && end[1])
            end++;
        else if ((g->flags & PAT_EXTGLOB) && end[1] == '(' && strchr("?*+@!", *end))
            depth++, end++;
        else if (*end == ')' && depth)
            depth--;
    }
    (void)bracket;
    size_t slashes = strspn(end, "/");
    char *part = sh_tmp_strndup(sh, rest, (size_t)(end - rest));
    const char *next = end + slashes;
    char *sep = sh_tmp_strndup(sh, end, slashes ? 1 : 0);
    if (sh->shopt[SHOPT_GLOBSTAR] && strcmp(part, "**") == 0) {
        if (!slashes && *base)
            found(g, base);
        if (slashes && !*next) { /* double star and a slash: directories only */
            if (*base)
                found(g, base);
            struct fields all = {0}, *out = g->out;
            g->out = &all;
            int n = g->found;
            walk_star(g, base, "", 0);
            g->out = out;
            g->found = n;
            for (int i = 0; i < all.n; i++)
                if (is_dir(g, all.v[i]))
                    found(g, join(g, all.v[i], "/"));
            return;
        }
        walk_star(g, base, next, 0);
        return;
    }
    if (!pattern_has_magic(part, g->flags & PAT_EXTGLOB) && !(g->flags & PAT_NOCASE)) {
        pattern_unquote(part);
        char *path = sh_tmp_printf(sh, "%s%s%.*s", base, part, (int)slashes, end);
        struct vfs_stat st;
        if (*next) {
            walk(g, path, next);
        } else if (vm_lstat(sh->p, path, &st) == 0) {
            found(g, path);
        }
        return;
    }
    struct pattern *p = pattern_compile(sh->tmp, part, g->flags);
    struct vm_dirent *e;
    int n = vm_readdir(sh->p, *base ? base : ".", &e);
    if (n < 0 || !p)
        return;
    pattern_set_tick(p, tick, sh->p);
    bool dots = part[0] == '.' || (part[0] == '\\' && part[1] == '.') || sh->shopt[SHOPT_DOTGLOB] ||
                (g->ignore && *g->ignore);
    bool ext_dot = (g->flags & PAT_EXTGLOB) && strchr("?*+@!", part[0]) && part[1] == '(' &&
                   (part[2] == '.' || strstr(part, "|."));
    for (int i = 0; i < n; i++) {
        const char *name = e[i].name;
        vm_tick(sh->p, 1);
        if (name[0] == '.' && !dots && !ext_dot)
            continue;
        if (!pattern_match(p, name, strlen(name)))
            continue;
        char *path = join(g, base, name);
        if (!slashes) {
            found(g, path);
        } else if (is_dir(g, path)) {
            char *down = sh_tmp_printf(sh, "%s%s", path, sep);
            walk(g, down, next);
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int glob_expand(struct shell *sh, const char *pattern, struct fields *out)
{
    struct glob g = {.sh = sh, .out = out, .flags = sh_pattern_flags(sh, false)};
    if (!sh->dash)
        g.ignore = var_get(sh, "GLOBIGNORE");
    int from = out->n;
    if (*pattern == '/') {
        size_t k = strspn(pattern, "/");
        walk(&g, sh_tmp_strndup(sh, pattern, k), pattern + k);
    } else {
        walk(&g, "", pattern);
    }
    if (g.found > 1) {
        qsort(out->v + from, (size_t)g.found, sizeof *out->v, by_text);
        int k = from + 1; /* "**" may find a name twice */
        for (int i = from + 1; i < out->n; i++)
            if (strcmp(out->v[i], out->v[k - 1]) != 0)
                out->v[k++] = out->v[i];
        out->n = k;
        out->v[k] = NULL;
    }
    return g.found;
}
