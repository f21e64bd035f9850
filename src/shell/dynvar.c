/* dynvar.c -- variables that are computed when read: RANDOM, LINENO, FUNCNAME ...
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>

#include "shell/arith.h"
#include "shell/builtin.h"

static const struct {
    const char *name;
    int dyn;
    unsigned flags;
} table[] = {{"RANDOM", DYN_RANDOM, VAR_INTEGER},
             {"SRANDOM", DYN_SRANDOM, VAR_INTEGER},
             {"SECONDS", DYN_SECONDS, VAR_INTEGER},
             {"LINENO", DYN_LINENO, 0},
             {"BASHPID", DYN_BASHPID, VAR_INTEGER},
             {"EPOCHSECONDS", DYN_EPOCHSECONDS, 0},
             {"EPOCHREALTIME", DYN_EPOCHREALTIME, 0},
             {"BASH_SUBSHELL", DYN_SUBSHELL, 0},
             {"BASH_COMMAND", DYN_COMMAND, 0},
             {"HISTCMD", DYN_HISTCMD, 0},
             {"BASH_ARGV0", DYN_ARGV0, 0},
             {"SHELLOPTS", DYN_SHELLOPTS, VAR_READONLY},
             {"BASHOPTS", DYN_BASHOPTS, VAR_READONLY},
             {"_", DYN_UNDERSCORE, 0},
             {"FUNCNAME", DYN_FUNCNAME, VAR_ARRAY},
             {"BASH_SOURCE", DYN_SOURCE, VAR_ARRAY},
             {"BASH_LINENO", DYN_BASH_LINENO, VAR_ARRAY},
             {"PIPESTATUS", DYN_PIPESTATUS, VAR_ARRAY},
             {"DIRSTACK", DYN_DIRSTACK, VAR_ARRAY},
             {"GROUPS", DYN_GROUPS, VAR_ARRAY},
             {"BASH_ARGC", DYN_ARGC, VAR_ARRAY},
             {"BASH_ARGV", DYN_ARGV, VAR_ARRAY},
             {"BASH_ALIASES", DYN_ALIASES, VAR_ASSOC},
             {"BASH_CMDS", DYN_CMDS, VAR_ASSOC}};

void dynvar_init(struct shell *sh)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (sh->dash && strcmp(table[i].name, "_") != 0)
            continue;
        struct var *v = var_make(sh, table[i].name);
        v->flags |= table[i].flags | VAR_DYNAMIC;
        v->dyn = table[i].dyn;
    }
}

/* bash's generator: Park and Miller's minimal standard, folded. */
static uint32_t next_random(struct shell *sh)
{
    if (!sh->random)
        sh->random = (uint32_t)vm_random(sh->p) | 1;
    uint32_t x = sh->random == 0 ? 123459876 : sh->random;
    int64_t h = x / 127773, l = x % 127773, t = 16807 * l - 2836 * h;
    sh->random = (uint32_t)(t < 0 ? t + 0x7fffffff : t);
    return ((sh->random >> 16) ^ (sh->random & 0xffff)) & 32767;
}

static const char *list_options(struct shell *sh, const char *const *names, const bool *on, int n)
{
    struct str s;
    str_init(&s, sh->tmp);
    for (int i = 0; i < n; i++)
        if (on[i])
            str_printf(&s, "%s%s", s.n ? ":" : "", names[i]);
    return s.s ? s.s : "";
}

const char *dynvar_value(struct shell *sh, struct var *v)
{
    struct timespec now;
    switch (v->dyn) {
    case DYN_RANDOM:
        return sh_tmp_printf(sh, "%u", next_random(sh));
    case DYN_SRANDOM:
        return sh_tmp_printf(sh, "%u", (uint32_t)vm_random(sh->p));
    case DYN_SECONDS:
        return sh_tmp_printf(
            sh, "%lld",
            (long long)((vm_now(sh->p).tv_sec) - sh->start_us / 1000000 + sh->seconds_base));
    case DYN_LINENO:
        return sh_tmp_printf(sh, "%d", sh->line);
    case DYN_BASHPID:
        return sh_tmp_printf(sh, "%d", sh->bashpid);
    case DYN_EPOCHSECONDS:
        return sh_tmp_printf(sh, "%lld", (long long)vm_now(sh->p).tv_sec);
    case DYN_EPOCHREALTIME:
        now = vm_now(sh->p);
        return sh_tmp_printf(sh, "%lld.%06ld", (long long)now.tv_sec, now.tv_nsec / 1000);
    case DYN_SUBSHELL:
        return sh_tmp_printf(sh, "%d", sh->subshell);
    case DYN_COMMAND: {
        struct str s;
        str_init(&s, sh->tmp);
        if (sh->command_node)
            print_command(&s, sh->command_node);
        return str_text(&s);
    }
    case DYN_HISTCMD:
        return "1";
    case DYN_ARGV0:
        return sh->dollar0;
    case DYN_SHELLOPTS:
        return list_options(sh, sh_opt_names, sh->opt, OPT_COUNT);
    case DYN_BASHOPTS:
        return list_options(sh, sh_shopt_names, sh->shopt, SHOPT_COUNT);
    case DYN_UNDERSCORE:
        return sh->last_arg ? sh->last_arg : "";
    default:
        return NULL;
    }
}

static void push(struct shell *sh, struct array *a, const char *s)
{
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 16;
        struct elem *e = sh_tmp(sh, cap * sizeof *e);
        if (a->n)
            memcpy(e, a->e, a->n * sizeof *e);
        a->e = e;
        a->cap = cap;
    }
    a->e[a->n] = (struct elem){.index = (int64_t)a->n, .val = (char *)s};
    a->n++;
}

static void frames(struct shell *sh, struct array *a, int dyn)
{
    const char *main_source = sh->script ? sh->script : "";
    bool any = false, function = false;
    for (struct sh_frame *f = sh->frame; f; f = f->up) {
        function |= f->function;
        any = true;
        if (dyn == DYN_FUNCNAME)
            push(sh, a, f->name);
        else if (dyn == DYN_SOURCE)
            push(sh, a,
                 f->source && *f->source ? f->source
                 : f->function           ? (sh->script ? sh->script : "environment")
                                         : main_source);
        else
            push(sh, a, sh_tmp_printf(sh, "%d", f->call_line));
    }
    if (dyn == DYN_FUNCNAME) {
        if (any && sh->script)
            push(sh, a, "main");
        if (!function)
            a->n = 0;
    } else if (sh->script) {
        push(sh, a, dyn == DYN_SOURCE ? main_source : "0");
    }
}

static void groups(struct shell *sh, struct array *a)
{
    const struct vfs_cred *c = vm_cred(sh->p);
    push(sh, a, sh_tmp_printf(sh, "%u", c->gid));
    for (unsigned i = 0; i < c->ngroups; i++)
        if (c->groups[i] != c->gid)
            push(sh, a, sh_tmp_printf(sh, "%u", c->groups[i]));
}

struct array *dynvar_array(struct shell *sh, struct var *v)
{
    struct array *a = sh_tmp(sh, sizeof *a);
    switch (v->dyn) {
    case DYN_FUNCNAME:
    case DYN_SOURCE:
    case DYN_BASH_LINENO:
        frames(sh, a, v->dyn);
        break;
    case DYN_PIPESTATUS:
        for (int i = 0; i < sh->pipe_n; i++)
            push(sh, a, sh_tmp_printf(sh, "%d", sh->pipestatus[i]));
        break;
    case DYN_DIRSTACK: {
        const char *pwd = var_get(sh, "PWD");
        push(sh, a, pwd ? sh_tmp_strdup(sh, pwd) : "");
        for (int i = 0; i < sh->dirs; i++)
            push(sh, a, sh->dirstack[i]);
        break;
    }
    case DYN_GROUPS:
        groups(sh, a);
        break;
    case DYN_ALIASES: {
        struct array *b = array_new(sh);
        for (struct sh_alias *l = sh->aliases; l; l = l->next)
            assoc_set(sh, b, l->name, l->value);
        return b;
    }
    case DYN_CMDS: {
        struct array *b = array_new(sh);
        for (struct sh_hashed *h = sh->hashed; h; h = h->next)
            assoc_set(sh, b, h->name, h->path);
        return b;
    }
    default:
        break;
    }
    return a;
}

bool dynvar_assign(struct shell *sh, struct var *v, const char *value)
{
    switch (v->dyn) {
    case DYN_RANDOM:
        sh->random = (uint32_t)arith_eval(sh, value, NULL);
        if (!sh->random)
            sh->random = 123459876;
        return true;
    case DYN_SECONDS:
        sh->seconds_base = arith_eval(sh, value, NULL);
        sh->start_us = (int64_t)vm_now(sh->p).tv_sec * 1000000;
        return true;
    case DYN_ARGV0:
        sh->dollar0 = sh_heap_strdup(sh, value);
        sh->arg0 = sh->dollar0;
        return true;
    case DYN_LINENO:
        return true;
    case DYN_UNDERSCORE:
        return true;
    default:
        return true;
    }
}
