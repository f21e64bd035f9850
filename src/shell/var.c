/* var.c -- the table of variables and its scopes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/var.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "shell/arith.h"
#include "shell/shell.h"

/* --- the table ------------------------------------------------------------------ */

static size_t slot_of(const struct var_table *t, const char *name, uint32_t h)
{
    size_t i = h & (t->cap - 1);
    while (t->slot[i] && (t->hash[i] != h || strcmp(t->slot[i]->name, name) != 0))
        i = (i + 1) & (t->cap - 1);
    return i;
}

static void table_grow(struct shell *sh, struct var_table *t, size_t cap)
{
    struct var_table old = *t;
    t->slot = arena_zalloc(sh->heap, cap * sizeof *t->slot);
    t->hash = arena_zalloc(sh->heap, cap * sizeof *t->hash);
    t->cap = cap;
    for (size_t i = 0; i < old.cap; i++) {
        if (!old.slot[i])
            continue;
        size_t j = slot_of(t, old.slot[i]->name, old.hash[i]);
        t->slot[j] = old.slot[i];
        t->hash[j] = old.hash[i];
    }
    arena_release(sh->heap, old.slot, old.cap * sizeof *old.slot);
    arena_release(sh->heap, old.hash, old.cap * sizeof *old.hash);
}

struct var *var_find(struct shell *sh, const char *name)
{
    struct var_table *t = &sh->vars;
    return t->slot[slot_of(t, name, (uint32_t)hash_str(name))];
}

/* Pushes a new, empty binding of name. */
static struct var *push(struct shell *sh, const char *name, int level)
{
    struct var_table *t = &sh->vars;
    if ((t->n + 1) * 4 > t->cap * 3)
        table_grow(sh, t, t->cap * 2);
    uint32_t h = (uint32_t)hash_str(name);
    size_t i = slot_of(t, name, h);
    struct var *v = arena_zalloc(sh->heap, sizeof *v);
    v->name = sh_heap_strdup(sh, name);
    v->level = level;
    v->shadow = t->slot[i];
    if (!t->slot[i])
        t->n++;
    t->slot[i] = v;
    t->hash[i] = h;
    if (level > 0) {
        if (t->nlocals == t->locals_cap) {
            size_t cap = t->locals_cap ? t->locals_cap * 2 : 16;
            t->locals = arena_realloc(sh->heap, t->locals, t->locals_cap * sizeof *t->locals,
                                      cap * sizeof *t->locals);
            t->locals_cap = cap;
        }
        t->locals[t->nlocals++] = v;
        v->flags |= VAR_LOCAL;
    }
    return v;
}

static void remove_slot(struct var_table *t, size_t i)
{
    size_t mask = t->cap - 1;
    t->slot[i] = NULL;
    t->n--;
    for (size_t j = (i + 1) & mask; t->slot[j]; j = (j + 1) & mask) {
        size_t want = t->hash[j] & mask;
        if (((j - want) & mask) < ((j - i) & mask))
            continue;
        t->slot[i] = t->slot[j];
        t->hash[i] = t->hash[j];
        t->slot[j] = NULL;
        i = j;
    }
}

static void free_value(struct shell *sh, struct var *v)
{
    if (v->val)
        arena_release(sh->heap, v->val, v->cap);
    v->val = NULL;
    v->len = v->cap = 0;
    if (v->arr)
        array_free(sh, v->arr, v->flags & VAR_ASSOC);
    v->arr = NULL;
}

/* Takes the binding v out of its name's stack and frees it. */
static void drop(struct shell *sh, struct var *v)
{
    struct var_table *t = &sh->vars;
    size_t i = slot_of(t, v->name, (uint32_t)hash_str(v->name));
    struct var **at = &t->slot[i];
    while (*at && *at != v)
        at = &(*at)->shadow;
    if (*at)
        *at = v->shadow;
    if (!t->slot[i])
        remove_slot(t, i);
    free_value(sh, v);
    sh_heap_free(sh, v->name);
    arena_release(sh->heap, v, sizeof *v);
}

void var_clear(struct shell *sh, struct var *v)
{
    bool assoc = v->flags & VAR_ASSOC, arr = v->flags & VAR_ARRAY;
    free_value(sh, v);
    if (assoc || arr)
        v->arr = array_new(sh);
}

struct var *var_local(struct shell *sh, const char *name, int level)
{
    struct var *v = var_find(sh, name);
    if (v && v->level >= level)
        return v;
    return push(sh, name, level);
}

struct var *var_make(struct shell *sh, const char *name)
{
    struct var *v = var_find(sh, name);
    return v ? v : push(sh, name, 0);
}

struct var *var_global(struct shell *sh, const char *name)
{
    struct var *v = var_find(sh, name);
    if (!v)
        return push(sh, name, 0);
    while (v->shadow && v->level > 0)
        v = v->shadow;
    if (v->level == 0)
        return v;
    struct var *g = arena_zalloc(sh->heap, sizeof *g);
    g->name = sh_heap_strdup(sh, name);
    v->shadow = g;
    return g;
}

void var_pop(struct shell *sh, int level)
{
    struct var_table *t = &sh->vars;
    while (t->nlocals && t->locals[t->nlocals - 1]->level >= level)
        drop(sh, t->locals[--t->nlocals]);
}

struct var *var_temp_push(struct shell *sh, const char *name)
{
    struct var_table *t = &sh->vars;
    struct var *old = var_find(sh, name), *v = push(sh, name, 0);
    v->level = old ? old->level : 0;
    v->flags |= VAR_TEMP | VAR_EXPORT;
    if (t->ntemps == t->temps_cap) {
        size_t cap = t->temps_cap ? t->temps_cap * 2 : 8;
        t->temps = arena_realloc(sh->heap, t->temps, t->temps_cap * sizeof *t->temps,
                                 cap * sizeof *t->temps);
        t->temps_cap = cap;
    }
    t->temps[t->ntemps++] = v;
    return v;
}

void var_temp_pop(struct shell *sh, size_t mark)
{
    struct var_table *t = &sh->vars;
    while (t->ntemps > mark)
        drop(sh, t->temps[--t->ntemps]);
}

/* --- reading ------------------------------------------------------------------------ */

struct var *var_deref(struct shell *sh, const char **name, const char **sub)
{
    if (sub)
        *sub = NULL;
    struct var *v = var_find(sh, *name);
    const char *start = *name;
    for (int hops = 0; v && (v->flags & VAR_NAMEREF) && v->val && *v->val; hops++) {
        if (hops > 8) {
            sh_error(sh, "warning: %s: circular name reference", start);
            return NULL;
        }
        const char *target = v->val, *open = strchr(target, '[');
        if (open && target[v->len - 1] == ']') {
            char *base = sh_tmp_strndup(sh, target, (size_t)(open - target));
            if (sub)
                *sub = sh_tmp_strndup(sh, open + 1, v->len - (size_t)(open - target) - 2);
            *name = base;
            return var_find(sh, base);
        }
        struct var *next = var_find(sh, target);
        if (next == v) { /* a local reference to an outer variable of its own name */
            next = v->shadow;
            *name = target;
            return next;
        }
        *name = target;
        v = next;
    }
    return v;
}

struct array *var_array(struct shell *sh, struct var *v)
{
    if ((v->flags & VAR_DYNAMIC) && (v->flags & (VAR_ARRAY | VAR_ASSOC)))
        return dynvar_array(sh, v);
    return v->arr;
}

const char *var_value(struct shell *sh, struct var *v)
{
    if (v->flags & (VAR_ARRAY | VAR_ASSOC)) {
        struct array *a = var_array(sh, v);
        if (!a)
            return NULL;
        return v->flags & VAR_ASSOC ? assoc_get(a, "0") : array_get(a, 0);
    }
    if (v->flags & VAR_DYNAMIC)
        return dynvar_value(sh, v);
    return v->val;
}

const char *var_get(struct shell *sh, const char *name)
{
    const char *sub;
    struct var *v = var_deref(sh, &name, &sub);
    if (!v)
        return NULL;
    if (sub) {
        struct array *a = var_array(sh, v);
        if (!a)
            return strcmp(sub, "0") == 0 ? v->val : NULL;
        if (v->flags & VAR_ASSOC)
            return assoc_get(a, sub);
        int64_t i = arith_index(sh, sub);
        return array_get(a, i < 0 ? i + array_next_index(a) : i);
    }
    return var_value(sh, v);
}

bool var_is_set(struct shell *sh, struct var *v)
{
    if (v->flags & (VAR_ARRAY | VAR_ASSOC)) {
        struct array *a = var_array(sh, v);
        return a && a->n;
    }
    return (v->flags & VAR_DYNAMIC) || v->val;
}

/* --- writing --------------------------------------------------------------------------- */

bool var_readonly(struct shell *sh, struct var *v)
{
    if (!v || !(v->flags & VAR_READONLY))
        return false;
    if (sh->dash)
        sh_error(sh, "%s: is read only", v->name);
    else
        sh_error(sh, "%s: readonly variable", v->name);
    return true;
}

/* The value with the variable's attributes applied, in scratch memory if changed. */
static const char *attributed(struct shell *sh, struct var *v, const char *value, const char *old,
                              bool append)
{
    if (v->flags & VAR_INTEGER) {
        bool ok = true;
        int64_t n = arith_eval(sh, value, &ok);
        if (append && old)
            n = (int64_t)((uint64_t)n + (uint64_t)arith_eval(sh, old, &ok));
        return sh_tmp_printf(sh, "%lld", (long long)n);
    }
    if (append && old && *old)
        value = sh_tmp_printf(sh, "%s%s", old, value);
    if (v->flags & (VAR_LOWER | VAR_UPPER | VAR_CAPITAL)) {
        char *s = sh_tmp_strdup(sh, value);
        for (size_t i = 0; s[i]; i++) {
            int c = (unsigned char)s[i];
            s[i] = (char)(v->flags & VAR_LOWER || (v->flags & VAR_CAPITAL && i) ? tolower(c)
                                                                                : toupper(c));
        }
        return s;
    }
    return value;
}

static void store(struct shell *sh, struct var *v, const char *value)
{
    size_t n = strlen(value);
    if (n + 1 > v->cap || (v->cap > 256 && n + 1 < v->cap / 4)) {
        size_t cap = n + 1 > v->cap && v->cap ? n + n / 4 + 1 : n + 1;
        cap = (cap + 15) & ~(size_t)15;
        char *mem = arena_alloc(sh->heap, cap);
        memcpy(mem, value, n + 1);
        if (v->val)
            arena_release(sh->heap, v->val, v->cap);
        v->val = mem;
        v->cap = cap;
    } else {
        memmove(v->val, value, n + 1);
    }
    v->len = n;
}

static void changed(struct shell *sh, struct var *v)
{
    if (sh->opt[OPT_ALLEXPORT] && !(v->flags & VAR_ARRAY))
        v->flags |= VAR_EXPORT;
    const char *n = v->name;
    if (n[0] == 'P' && strcmp(n, "PATH") == 0)
        sh->hashed = NULL;
    else if (n[0] == 'O' && strcmp(n, "OPTIND") == 0)
        sh->optpos = 0;
    else if (n[0] == 'P' && strcmp(n, "POSIXLY_CORRECT") == 0)
        sh->opt[OPT_POSIX] = true;
}

bool var_assign(struct shell *sh, struct var *v, const char *value, bool append)
{
    if (var_readonly(sh, v))
        return false;
    if ((v->flags & VAR_DYNAMIC) && dynvar_assign(sh, v, value))
        return true;
    if (v->flags & (VAR_ARRAY | VAR_ASSOC))
        return var_assign_elem(sh, v, "0", value, append);
    if (append && v->val && !(v->flags & (VAR_INTEGER | VAR_LOWER | VAR_UPPER | VAR_CAPITAL))) {
        size_t n = strlen(value); /* in place: x+=y in loops stays linear */
        if (v->len + n + 1 > v->cap) {
            size_t cap = (v->len + n + 1) * 2;
            v->val = arena_realloc(sh->heap, v->val, v->cap, cap);
            v->cap = cap;
        }
        memmove(v->val + v->len, value, n);
        v->len += n;
        v->val[v->len] = 0;
    } else {
        store(sh, v, attributed(sh, v, value, v->val, append));
    }
    changed(sh, v);
    return true;
}

bool var_make_array(struct shell *sh, struct var *v, bool assoc)
{
    unsigned want = assoc ? VAR_ASSOC : VAR_ARRAY;
    if (v->flags & want)
        return true;
    if (v->flags & (VAR_ARRAY | VAR_ASSOC))
        return false;
    struct array *a = array_new(sh);
    if (v->val) {
        if (assoc)
            assoc_set(sh, a, "0", v->val);
        else
            array_set(sh, a, 0, v->val);
        arena_release(sh->heap, v->val, v->cap);
        v->val = NULL;
        v->len = v->cap = 0;
    }
    v->arr = a;
    v->flags |= want;
    return true;
}

bool var_assign_elem(struct shell *sh, struct var *v, const char *sub, const char *value,
                     bool append)
{
    if (var_readonly(sh, v))
        return false;
    if (v->flags & VAR_DYNAMIC)
        return true;
    if (!(v->flags & (VAR_ARRAY | VAR_ASSOC)))
        var_make_array(sh, v, false);
    if (v->flags & VAR_ASSOC) {
        if (!*sub && v->arr) {
            sh_error(sh, "%s[%s]: bad array subscript", v->name, sub);
            return false;
        }
        value = attributed(sh, v, value, append ? assoc_get(v->arr, sub) : NULL, append);
        assoc_set(sh, v->arr, sub, value);
        return true;
    }
    int64_t i = arith_index(sh, sub);
    if (i < 0)
        i += array_next_index(v->arr);
    if (i < 0) {
        sh_error(sh, "%s[%s]: bad array subscript", v->name, sub);
        return false;
    }
    value = attributed(sh, v, value, append ? array_get(v->arr, i) : NULL, append);
    array_set(sh, v->arr, i, value);
    return true;
}

static bool set(struct shell *sh, const char *name, const char *value, bool append)
{
    const char *sub, *asked = name;
    struct var *v = var_deref(sh, &name, &sub);
    if (!v && name != asked && !lex_is_name(name, strlen(name))) {
        sh_error(sh, "`%s': not a valid identifier", name);
        return false;
    }
    if (v && (v->flags & VAR_NAMEREF) && !(v->val && *v->val) && !sub) {
        if (!lex_is_name(value, strcspn(value, "["))) {
            sh_error(sh, "`%s': not a valid identifier", value);
            return false;
        }
        store(sh, v, value);
        return true;
    }
    if (!v)
        v = push(sh, name, 0);
    if (sub)
        return var_assign_elem(sh, v, sub, value, append);
    return var_assign(sh, v, value, append);
}

bool var_set(struct shell *sh, const char *name, const char *value)
{
    return set(sh, name, value, false);
}

bool var_append(struct shell *sh, const char *name, const char *value)
{
    return set(sh, name, value, true);
}

bool var_set_elem(struct shell *sh, const char *name, const char *sub, const char *value,
                  bool append)
{
    struct var *v = var_deref(sh, &name, NULL);
    if (!v)
        v = push(sh, name, 0);
    return var_assign_elem(sh, v, sub, value, append);
}

void var_set_int(struct shell *sh, const char *name, int64_t n)
{
    char text[24];
    (void)str_fmt(text, sizeof text, "%lld", (long long)n);
    (void)var_set(sh, name, text);
}

void var_export(struct shell *sh, const char *name)
{
    var_make(sh, name)->flags |= VAR_EXPORT;
}

int var_unset(struct shell *sh, const char *name)
{
    struct var *v = var_find(sh, name);
    if (!v)
        return 0;
    if (v->flags & VAR_READONLY) {
        if (sh->dash)
            sh_berror(sh, "%s: is read only", name);
        else
            sh_berror(sh, "%s: cannot unset: readonly variable", name);
        return 1;
    }
    if (v->flags & VAR_NOUNSET) {
        sh_berror(sh, "%s: cannot unset", name);
        return 1;
    }
    if (v->level > 0 && v->level == sh->level && !(v->flags & VAR_TEMP)) {
        free_value(sh, v); /* stays local, and unset */
        v->flags = VAR_LOCAL;
        return 0;
    }
    struct var_table *t = &sh->vars;
    for (size_t i = 0; i < t->nlocals; i++)
        if (t->locals[i] == v) {
            memmove(t->locals + i, t->locals + i + 1, (--t->nlocals - i) * sizeof *t->locals);
            break;
        }
    for (size_t i = 0; i < t->ntemps; i++)
        if (t->temps[i] == v) {
            memmove(t->temps + i, t->temps + i + 1, (--t->ntemps - i) * sizeof *t->temps);
            break;
        }
    bool path = strcmp(name, "PATH") == 0;
    drop(sh, v);
    if (path)
        sh->hashed = NULL;
    return 0;
}

int var_unset_elem(struct shell *sh, struct var *v, const char *sub)
{
    if (var_readonly(sh, v))
        return 1;
    if (!v->arr) {
        if (strcmp(sub, "0") == 0 && v->val) {
            var_clear(sh, v);
            return 0;
        }
        sh_berror(sh, "%s: not an array variable", v->name);
        return 1;
    }
    if (v->flags & VAR_ASSOC) {
        assoc_unset(sh, v->arr, sub);
        return 0;
    }
    if (strcmp(sub, "*") == 0 || strcmp(sub, "@") == 0) {
        var_clear(sh, v);
        return 0;
    }
    int64_t i = arith_index(sh, sub);
    if (i < 0)
        i += array_next_index(v->arr);
    if (i < 0) {
        sh_berror(sh, "[%s]: bad array subscript", sub);
        return 1;
    }
    array_unset(sh, v->arr, i);
    return 0;
}

/* --- lists ------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct var *const *)a)->name, (*(struct var *const *)b)->name);
}

struct var **var_sorted(struct shell *sh, const char *prefix, size_t *n)
{
    struct var_table *t = &sh->vars;
    struct var **out = sh_tmp(sh, (t->n + 1) * sizeof *out);
    size_t k = 0, len = strlen(prefix);
    for (size_t i = 0; i < t->cap; i++)
        if (t->slot[i] && strncmp(t->slot[i]->name, prefix, len) == 0)
            out[k++] = t->slot[i];
    qsort(out, k, sizeof *out, by_name);
    *n = k;
    return out;
}

char **var_environ(struct shell *sh)
{
    struct var_table *t = &sh->vars;
    int nf = 0;
    struct sh_func **f = func_sorted(sh, &nf);
    char **out = sh_tmp(sh, (t->n + (size_t)nf + 2) * sizeof *out);
    size_t k = 0;
    for (size_t i = 0; i < t->cap; i++) {
        struct var *v = t->slot[i];
        while (v && !(v->flags & VAR_EXPORT) && (v->flags & VAR_LOCAL) && !v->val && !v->arr)
            v = v->shadow; /* a local without value does not hide an exported one */
        if (!v || !(v->flags & VAR_EXPORT) || (v->flags & (VAR_ARRAY | VAR_ASSOC)))
            continue;
        const char *val = var_value(sh, v);
        if (strcmp(v->name, "_") == 0)
            continue;
        if (val)
            out[k++] = sh_tmp_printf(sh, "%s=%s", v->name, val);
    }
    for (int i = 0; i < nf; i++) {
        if (!f[i]->exported)
            continue;
        struct str s;
        str_init(&s, sh->tmp);
        str_printf(&s, "BASH_FUNC_%s%%%%=() ", f[i]->name);
        struct str body;
        str_init(&body, sh->tmp);
        print_function(&body, f[i]->node);
        const char *brace = strchr(str_text(&body), '{');
        str_puts(&s, brace ? brace : "{ :; }");
        while (s.n && s.s[s.n - 1] == '\n')
            str_trunc(&s, s.n - 1);
        out[k++] = s.s;
    }
    return out;
}

static struct var *clone_var(struct shell *to, const struct var *v)
{
    struct var *c = arena_alloc(to->heap, sizeof *c);
    *c = *v;
    c->name = sh_heap_strdup(to, v->name);
    if (v->val) {
        c->val = arena_alloc(to->heap, v->cap);
        memcpy(c->val, v->val, v->len + 1);
    }
    if (v->arr) {
        c->arr = array_new(to);
        for (size_t i = 0; i < v->arr->n; i++) {
            if (v->flags & VAR_ASSOC)
                assoc_set(to, c->arr, v->arr->e[i].key, v->arr->e[i].val);
            else
                array_set(to, c->arr, v->arr->e[i].index, v->arr->e[i].val);
        }
    }
    return c;
}

void var_clone(struct shell *to, const struct shell *from)
{
    const struct var_table *f = &from->vars;
    struct var_table *t = &to->vars;
    *t = (struct var_table){.n = f->n, .cap = f->cap};
    t->slot = arena_zalloc(to->heap, t->cap * sizeof *t->slot);
    t->hash = arena_alloc(to->heap, t->cap * sizeof *t->hash);
    memcpy(t->hash, f->hash, t->cap * sizeof *t->hash);
    t->locals_cap = f->nlocals;
    t->locals = f->nlocals ? arena_zalloc(to->heap, f->nlocals * sizeof *t->locals) : NULL;
    for (size_t i = 0; i < f->cap; i++) {
        struct var **at = &t->slot[i];
        for (const struct var *v = f->slot[i]; v; v = v->shadow) {
            *at = clone_var(to, v);
            for (size_t k = 0; v->level > 0 && k < f->nlocals; k++)
                if (f->locals[k] == v)
                    t->locals[k] = *at;
            at = &(*at)->shadow;
        }
        *at = NULL;
    }
    t->nlocals = f->nlocals;
}

void var_init(struct shell *sh)
{
    table_grow(sh, &sh->vars, 256);
}
