/* core.c -- memory, messages, throwing and catching, code units, clones.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/hist.h"
#include "shell/shell.h"

/* --- memory ---------------------------------------------------------------------- */

void *sh_tmp(struct shell *sh, size_t n)
{
    return arena_zalloc(sh->tmp, n ? n : 1);
}

char *sh_tmp_strndup(struct shell *sh, const char *s, size_t n)
{
    return arena_memdup(sh->tmp, s, n);
}

char *sh_tmp_strdup(struct shell *sh, const char *s)
{
    return arena_memdup(sh->tmp, s, strlen(s));
}

char *sh_tmp_printf(struct shell *sh, const char *fmt, ...)
{
    struct str s;
    str_init(&s, sh->tmp);
    va_list ap;
    va_start(ap, fmt);
    str_vprintf(&s, fmt, ap);
    va_end(ap);
    return s.s ? s.s : sh_tmp_strdup(sh, "");
}

char *sh_heap_strdup(struct shell *sh, const char *s)
{
    size_t n = strlen(s) + 1;
    char *d = arena_alloc(sh->heap, n);
    memcpy(d, s, n);
    return d;
}

void sh_heap_free(struct shell *sh, char *s)
{
    if (s)
        arena_release(sh->heap, s, strlen(s) + 1);
}

/* --- messages ----------------------------------------------------------------------- */

const char *sh_prefix(struct shell *sh)
{
    const char *name = sh->arg0;
    if (sh->dash)
        return sh_tmp_printf(sh, "%s: %d: ", name, sh->line);
    if (sh->interactive || sh->was_interactive)
        return sh_tmp_printf(sh, "%s: ", name);
    if (sh->frame) {
        for (struct sh_frame *f = sh->frame; f; f = f->up)
            if (f->source) {
                name = *f->source ? f->source : f->function ? "environment" : name;
                break;
            }
    }
    return sh_tmp_printf(sh, "%s: line %d: ", name, sh->line);
}

const char *sh_running(const struct shell *sh)
{
    if (sh->eval_depth)
        return "eval";
    for (const struct sh_frame *f = sh->frame; f; f = f->up)
        if (!f->function && f->source && *f->source)
            return f->source;
    return NULL;
}

static void say(struct shell *sh, const char *middle, const char *fmt, va_list ap)
{
    struct str s;
    str_init(&s, sh->tmp);
    str_puts(&s, sh_prefix(sh));
    if (sh->dash && !sh->builtin)
        middle = sh_running(sh);
    if (middle)
        str_printf(&s, "%s: ", middle);
    str_vprintf(&s, fmt, ap);
    str_putc(&s, '\n');
    out_flush(sh);
    (void)vm_write_all(sh->p, 2, s.s, s.n);
}

void sh_error(struct shell *sh, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(sh, NULL, fmt, ap);
    va_end(ap);
}

void sh_berror(struct shell *sh, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(sh, sh->builtin, fmt, ap);
    va_end(ap);
}

void sh_out(struct shell *sh, const char *s, size_t n)
{
    (void)vm_write_all(sh->p, 1, s, n);
}

/* --- throwing -------------------------------------------------------------------------- */

static void hold_release(struct shell *sh, int mark)
{
    while (sh->held_n > mark)
        code_unref(sh->held[--sh->held_n]);
}

void code_hold(struct shell *sh, struct code *c)
{
    if (sh->held_n == sh->held_cap) {
        int cap = sh->held_cap ? sh->held_cap * 2 : 16;
        sh->held = arena_realloc(sh->heap, sh->held, (size_t)sh->held_cap * sizeof *sh->held,
                                 (size_t)cap * sizeof *sh->held);
        sh->held_cap = cap;
    }
    sh->held[sh->held_n++] = code_ref(c);
}

void code_drop(struct shell *sh)
{
    hold_release(sh, sh->held_n - 1);
}

void sh_throw(struct shell *sh, enum sh_jump kind)
{
    if (!sh->catcher)
        sh_exit(sh, sh->status ? sh->status : 1);
    longjmp(sh->catcher->at, kind);
}

void sh_fatal(struct shell *sh, int status)
{
    if (sh->subshell && !sh->dash)
        status = 1;
    sh->status = sh->interactive && !sh->dash ? 1 : status;
    if (sh->interactive)
        sh_throw(sh, JUMP_DISCARD);
    sh_exit(sh, status);
}

void sh_args_set(struct shell *sh, char **v, int n)
{
    char **mem = arena_alloc(sh->heap, ((size_t)n + 1) * sizeof *mem);
    for (int i = 0; i < n; i++)
        mem[i] = sh_heap_strdup(sh, v[i]);
    mem[n] = NULL;
    sh_args_free(sh);
    sh->args = (struct sh_args){.v = mem, .n = n, .mem = mem, .mem_n = n};
}

void sh_args_free(struct shell *sh)
{
    struct sh_args *a = &sh->args;
    if (!a->mem)
        return;
    for (int i = 0; i < a->mem_n; i++)
        sh_heap_free(sh, a->mem[i]);
    arena_release(sh->heap, a->mem, ((size_t)a->mem_n + 1) * sizeof *a->mem);
    *a = (struct sh_args){0};
}

enum sh_jump sh_catch_run(struct shell *sh, void (*fn)(struct shell *, void *), void *arg)
{
    struct sh_catch c = {.up = sh->catcher,
                         .tmp = arena_mark(sh->tmp),
                         .level = sh->level,
                         .loops = sh->loops,
                         .source_depth = sh->source_depth,
                         .redir_mark = sh->undo_n,
                         .frame = sh->frame,
                         .args = sh->args,
                         .held = sh->held_n,
                         .temps = sh->vars.ntemps,
                         .func_depth = sh->func_depth,
                         .no_errexit = sh->no_errexit,
                         .code = sh->code};
    sh->catcher = &c;
    int kind = setjmp(c.at);
    if (kind == 0) {
        fn(sh, arg);
        sh->catcher = c.up;
        return JUMP_NONE;
    }
    sh->catcher = c.up;
    if (sh->level > c.level) {
        var_pop(sh, c.level + 1);
        sh->level = c.level;
        sh->args = c.args;
    }
    var_temp_pop(sh, c.temps);
    sh->loops = c.loops;
    sh->source_depth = c.source_depth;
    sh->frame = c.frame;
    sh->func_depth = c.func_depth;
    sh->no_errexit = c.no_errexit;
    sh->code = c.code;
    sh->builtin = NULL;
    sh->in_trap = false;
    hold_release(sh, c.held);
    redir_undo(sh, c.redir_mark);
    arena_reset(sh->tmp, c.tmp);
    sh->breaking = sh->continuing = 0;
    sh->returning = false;
    return (enum sh_jump)kind;
}

void sh_exit(struct shell *sh, int status)
{
    out_flush(sh);
    sh->exiting = true;
    if (sh->traps[SIG_EXIT] && *sh->traps[SIG_EXIT] && !sh->exit_trap_done && !sh->trap_kept) {
        sh->exit_trap_done = true;
        sh->status = status & 255;
        status = trap_exit(sh);
    }
    if (sh->interactive)
        shell_at_exit(sh);
    out_flush(sh);
    vm_exit(sh->p, status & 255);
}

/* --- code units --------------------------------------------------------------------------- */

static void code_limit(void *ctx)
{
    struct shell *sh = ctx;
    if (!sh)
        return;
    static const char text[] = "bash: xmalloc: cannot allocate memory\n";
    (void)vm_write_all(sh->p, 2, text, sizeof text - 1);
    vm_exit(sh->p, 2);
}

struct code *code_new(struct shell *sh)
{
    struct code *c = x_calloc(1, sizeof *c);
    if (!c)
        vm_exit_signal(sh->p, SIGKILL);
    c->refs = 1;
    c->budget = (struct arena_budget){.max = 16u << 20, .on_limit = code_limit, .ctx = sh};
    c->arena = arena_new(&c->budget, 1024);
    if (!c->arena) {
        x_free(c);
        vm_exit_signal(sh->p, SIGKILL);
    }
    return c;
}

struct code *code_ref(struct code *c)
{
    if (c)
        c->refs++;
    return c;
}

void code_unref(struct code *c)
{
    if (!c || --c->refs)
        return;
    arena_free(c->arena);
    x_free(c);
}

/* The process is gone: trees it held may go too. */
static void released(void *ctx)
{
    struct shell *sh = ctx;
    hold_release(sh, 0);
    for (size_t i = 0; i < sizeof sh->funcs / sizeof *sh->funcs; i++)
        for (struct sh_func *f = sh->funcs[i]; f; f = f->next)
            code_unref(f->code);
}

void sh_register(struct shell *sh)
{
    (void)!arena_on_free(sh->heap, released, sh);
}

/* --- clones ------------------------------------------------------------------------------------
 */

static void clone_lists(struct shell *to, const struct shell *from)
{
    struct sh_alias **at = &to->aliases;
    for (const struct sh_alias *a = from->aliases; a; a = a->next) {
        *at = vm_alloc(to->p, sizeof **at);
        (*at)->name = sh_heap_strdup(to, a->name);
        (*at)->value = sh_heap_strdup(to, a->value);
        at = &(*at)->next;
    }
    *at = NULL;
    for (size_t i = 0; i < sizeof from->funcs / sizeof *from->funcs; i++) {
        struct sh_func **f = &to->funcs[i];
        for (const struct sh_func *g = from->funcs[i]; g; g = g->next) {
            *f = vm_alloc(to->p, sizeof **f);
            **f = *g;
            (*f)->name = sh_heap_strdup(to, g->name);
            code_ref(g->code);
            f = &(*f)->next;
        }
        *f = NULL;
    }
    for (int i = 0; i < SIG_SLOTS; i++)
        if (from->traps[i])
            to->traps[i] = sh_heap_strdup(to, from->traps[i]);
    struct sh_hashed **hs = &to->hashed;
    for (const struct sh_hashed *h = from->hashed; h; h = h->next) {
        *hs = vm_alloc(to->p, sizeof **hs);
        **hs = *h;
        (*hs)->name = sh_heap_strdup(to, h->name);
        (*hs)->path = sh_heap_strdup(to, h->path);
        hs = &(*hs)->next;
    }
    *hs = NULL;
    to->dirstack = NULL;
    if (from->dirs) {
        to->dirstack = vm_alloc(to->p, (size_t)from->dirs * sizeof *to->dirstack);
        for (int i = 0; i < from->dirs; i++)
            to->dirstack[i] = sh_heap_strdup(to, from->dirstack[i]);
    }
    struct sh_frame **fr = &to->frame;
    for (const struct sh_frame *f = from->frame; f; f = f->up) {
        *fr = vm_alloc(to->p, sizeof **fr);
        **fr = *f;
        (*fr)->name = sh_heap_strdup(to, f->name);
        (*fr)->args = NULL;
        if (f->source)
            (*fr)->source = sh_heap_strdup(to, f->source);
        fr = &(*fr)->up;
    }
    *fr = NULL;
}

struct shell *sh_clone(struct shell *from, struct proc *child)
{
    struct shell *to = vm_alloc(child, sizeof *to);
    *to = *from;
    to->p = child;
    to->heap = vm_arena(child);
    to->tmp = vm_arena_new(child);
    to->catcher = NULL;
    to->held = NULL;
    to->held_n = to->held_cap = 0;
    to->undo = NULL;
    to->undo_n = to->undo_cap = 0;
    to->jobs = to->current_job = to->previous_job = NULL;
    to->proc_fds = NULL;
    to->proc_n = to->proc_cap = 0;
    to->out = (struct str){0};
    str_init(&to->out, to->heap);
    to->input = NULL;
    to->arg0 = sh_heap_strdup(to, from->arg0);
    to->dollar0 = sh_heap_strdup(to, from->dollar0);
    to->last_arg = from->last_arg ? sh_heap_strdup(to, from->last_arg) : NULL;
    to->script = from->script ? sh_heap_strdup(to, from->script) : NULL;
    to->exec_string = NULL;
    to->command_text = NULL;
    to->builtin = NULL;
    to->hist = hist_clone(to, from);
    to->editor = NULL;
    to->bad_line = NULL;
    to->args = (struct sh_args){0};
    to->disabled = NULL;
    clone_lists(to, from);
    var_clone(to, from);
    sh_args_set(to, from->args.v, from->args.n);
    if (from->code)
        code_hold(to, from->code);
    sh_register(to);
    return to;
}
