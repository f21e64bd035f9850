/* func.c -- tables of functions, aliases, and hashed commands.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>

#include "shell/shell.h"

static struct sh_func **bucket(struct shell *sh, const char *name)
{
    return &sh->funcs[hash_str(name) % (sizeof sh->funcs / sizeof *sh->funcs)];
}

struct sh_func *func_find(struct shell *sh, const char *name)
{
    for (struct sh_func *f = *bucket(sh, name); f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

void func_set(struct shell *sh, const char *name, struct node *n)
{
    struct sh_func *f = func_find(sh, name);
    if (!f) {
        struct sh_func **b = bucket(sh, name);
        f = arena_zalloc(sh->heap, sizeof *f);
        f->name = sh_heap_strdup(sh, name);
        f->next = *b;
        *b = f;
    }
    code_ref(sh->code);
    code_unref(f->code);
    f->code = sh->code;
    f->node = n;
    f->source = sh->frame && sh->frame->source ? sh_heap_strdup(sh, sh->frame->source)
                : sh->script                   ? sh->script
                                               : "";
}

bool func_unset(struct shell *sh, const char *name)
{
    for (struct sh_func **at = bucket(sh, name); *at; at = &(*at)->next) {
        struct sh_func *f = *at;
        if (strcmp(f->name, name) != 0)
            continue;
        *at = f->next;
        code_unref(f->code);
        sh_heap_free(sh, f->name);
        arena_release(sh->heap, f, sizeof *f);
        return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct sh_func *const *)a)->name, (*(struct sh_func *const *)b)->name);
}

struct sh_func **func_sorted(struct shell *sh, int *n)
{
    int k = 0;
    for (size_t i = 0; i < sizeof sh->funcs / sizeof *sh->funcs; i++)
        for (struct sh_func *f = sh->funcs[i]; f; f = f->next)
            k++;
    struct sh_func **out = sh_tmp(sh, ((size_t)k + 1) * sizeof *out);
    k = 0;
    for (size_t i = 0; i < sizeof sh->funcs / sizeof *sh->funcs; i++)
        for (struct sh_func *f = sh->funcs[i]; f; f = f->next)
            out[k++] = f;
    qsort(out, (size_t)k, sizeof *out, by_name);
    *n = k;
    return out;
}

const char *alias_find(struct shell *sh, const char *name)
{
    for (struct sh_alias *a = sh->aliases; a; a = a->next)
        if (strcmp(a->name, name) == 0)
            return a->value;
    return NULL;
}
