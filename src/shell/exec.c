/* exec.c -- running trees: lists, pipelines, compound commands.
 *
 * break, continue and return travel as counters in the shell: every loop and
 * list looks at exec_leaving() behind each command. Frames are kept small, as
 * functions recurse through here on a fiber's stack.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shell/arith.h"
#include "shell/builtin.h"
#include "shell/cond.h"
#include "shell/expand.h"
#include "shell/simple.h"

bool exec_leaving(struct shell *sh)
{
    return sh->breaking || sh->continuing || sh->returning || sh->int_pending;
}

static int done(struct shell *sh, int status)
{
    sh->status = status;
    return status;
}

void exec_check(struct shell *sh, int status)
{
    if (status == 0 || sh->no_errexit || sh->returning)
        return;
    if (sh->traps[SIG_ERR_] && !sh->in_err_trap &&
        (!sh->trap_kept || sh->trap_here[SIG_ERR_ - SIG_DEBUG]) &&
        (!sh->level || sh->opt[OPT_ERRTRACE]))
        trap_run(sh, SIG_ERR_);
    if (sh->opt[OPT_ERREXIT])
        sh_exit(sh, status);
}

/* --- pipelines -------------------------------------------------------------------- */

struct pipe_run {
    int pids[64];
    int n;
};

static char *node_text(struct shell *sh, const struct node *n)
{
    struct str s;
    str_init(&s, sh->tmp);
    print_command(&s, n);
    return s.s ? s.s : sh_tmp_strdup(sh, "");
}

/* lastpipe: the last element runs here, reading from in. */
static int run_here(struct shell *sh, struct node *n, int in)
{
    int mark = sh->undo_n;
    struct redir r = {.op = REDIR_DUP_IN, .fd = 0};
    struct seg s = {.kind = SEG_LIT, .text = sh_tmp_printf(sh, "%d", in)};
    s.n = strlen(s.text);
    struct word w = {.segs = &s, .text = s.text, .flags = WORD_PLAIN};
    r.target = &w;
    int status = 1;
    if (redir_apply(sh, &r)) {
        (void)vm_close(sh->p, in);
        status = exec_node(sh, n);
    }
    out_flush(sh);
    redir_undo(sh, mark);
    return status;
}

static int exec_pipe_items(struct shell *sh, struct node *n)
{
    int count = 0;
    for (struct item *i = n->items; i; i = i->next)
        count++;
    int *pids = sh_tmp(sh, (size_t)(count + 1) * sizeof *pids), k = 0, prev = -1;
    bool last_here = sh->shopt[SHOPT_LASTPIPE] && !sh->job_control;
    int status = 0, here_status = 0;
    unsigned at = sh->pipe_at, len = sh->pipe_len;
    sh->pipe_len = (unsigned)count;
    struct item *i = n->items;
    for (; i; i = i->next) {
        if (!i->next && last_here)
            break;
        int fds[2] = {-1, -1};
        if (i->next && vm_pipe(sh->p, fds) < 0) {
            sh_error(sh, "pipe error: Too many open files");
            break;
        }
        struct sh_child c = {.node = i->node,
                             .in = prev,
                             .out = fds[1],
                             .err_to_out = i->op == '&',
                             .pgrp = k ? pids[0] : 0,
                             .background = sh->background};
        c.close_fd[0] = fds[0];
        sh->pipe_at = (unsigned)k;
        if (i->node->kind == NODE_SIMPLE)
            trap_debug(sh, i->node); /* here, not in the child */
        pids[k++] = sh_fork(sh, &c);
        if (prev >= 0)
            (void)vm_close(sh->p, prev);
        if (fds[1] >= 0)
            (void)vm_close(sh->p, fds[1]);
        prev = fds[0];
    }
    sh->pipe_at = at;
    sh->pipe_len = len;
    if (i && last_here)
        here_status = run_here(sh, i->node, prev);
    else if (prev >= 0)
        (void)vm_close(sh->p, prev);
    if (k)
        status = job_wait_fg(sh, pids, k, sh->interactive ? node_text(sh, n) : "");
    if (i && last_here) {
        status = here_status;
        if (sh->pipe_n < 64)
            sh->pipestatus[sh->pipe_n++] = here_status;
    }
    if (sh->opt[OPT_PIPEFAIL]) {
        status = 0;
        for (int j = 0; j < sh->pipe_n; j++)
            if (sh->pipestatus[j])
                status = sh->pipestatus[j];
    }
    return status;
}

static void one_status(struct shell *sh, int status)
{
    sh->pipestatus[0] = status;
    sh->pipe_n = 1;
}

static int exec_timed(struct shell *sh, struct node *n)
{
    struct vm_times a, b;
    int64_t from = vm_mono_us(sh->p);
    vm_gettimes(sh->p, &a);
    int status = 0;
    if (n->items && !n->items->next)
        status = exec_node(sh, n->items->node);
    else if (n->items)
        status = exec_pipe_items(sh, n);
    vm_gettimes(sh->p, &b);
    print_times(sh, vm_mono_us(sh->p) - from,
                b.user_us + b.child_user_us - a.user_us - a.child_user_us,
                b.sys_us + b.child_sys_us - a.sys_us - a.child_sys_us, n->time_posix);
    return status;
}

static int exec_pipe(struct shell *sh, struct node *n)
{
    int status = 0;
    struct arena_mark m = arena_mark(sh->tmp);
    sh->no_errexit += n->bang;
    sh->line = n->line;
    if (n->timed)
        status = exec_timed(sh, n);
    else if (n->items && !n->items->next)
        status = exec_node(sh, n->items->node);
    else if (n->items)
        status = exec_pipe_items(sh, n);
    sh->no_errexit -= n->bang;
    arena_reset(sh->tmp, m);
    if (n->bang && !sh->returning)
        return done(sh, !status);
    done(sh, status);
    if (n->items && n->items->next && !n->bang)
        exec_check(sh, status);
    return sh->status = status;
}

/* --- lists ------------------------------------------------------------------------------ */

static void start_background(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    struct sh_child c = {.node = n, .in = -1, .out = -1, .background = true};
    bool was = sh->background;
    sh->background = true;
    int pid = sh_fork(sh, &c);
    sh->background = was;
    sh->last_bg = pid;
    struct job *j = job_add(sh, &pid, 1, node_text(sh, n), true);
    if (sh->interactive) {
        char *t = sh_tmp_printf(sh, "[%d] %d\n", j->id, pid);
        (void)vm_write_all(sh->p, 2, t, strlen(t));
    }
    sh->status = 0;
    one_status(sh, 0);
    arena_reset(sh->tmp, m);
}

static int exec_list(struct shell *sh, struct node *n, bool last)
{
    for (struct item *i = n->items; i; i = i->next) {
        if (i->op == '&')
            start_background(sh, i->node);
        else if (last && !i->next)
            exec_last(sh, i->node);
        else
            exec_node(sh, i->node);
        if (sh->has_pending)
            trap_pending(sh);
        if (exec_leaving(sh))
            break;
    }
    return sh->status;
}

static int exec_andor(struct shell *sh, struct node *n)
{
    int status = 0;
    for (struct item *i = n->items; i; i = i->next) {
        if ((i->op == '&' && status != 0) || (i->op == '|' && status == 0))
            continue;
        sh->no_errexit += i->next != NULL;
        status = exec_node(sh, i->node);
        sh->no_errexit -= i->next != NULL;
        if (exec_leaving(sh))
            break;
    }
    return sh->status = status;
}

/* --- compound commands ----------------------------------------------------------------------- */

/* Behind a loop's body: true when the loop must end. */
static bool loop_over(struct shell *sh)
{
    if (sh->has_pending)
        trap_pending(sh);
    if (sh->returning || sh->int_pending)
        return true;
    if (sh->breaking) {
        sh->breaking--;
        return true;
    }
    if (sh->continuing) {
        sh->continuing--;
        return sh->continuing > 0;
    }
    return false;
}

static int condition(struct shell *sh, struct node *n)
{
    sh->no_errexit++;
    int status = exec_node(sh, n);
    sh->no_errexit--;
    return status;
}

static int exec_if(struct shell *sh, struct node *n)
{
    for (struct item *i = n->items; i; i = i->next) {
        if (!i->cond)
            return exec_node(sh, i->node);
        int status = condition(sh, i->cond);
        if (exec_leaving(sh))
            return sh->status;
        if (status == 0)
            return exec_node(sh, i->node);
    }
    return done(sh, 0);
}

static int exec_while(struct shell *sh, struct node *n)
{
    int status = 0;
    bool until = n->kind == NODE_UNTIL;
    sh->loops++;
    for (;;) {
        vm_tick(sh->p, 1);
        int c = condition(sh, n->cond);
        if (exec_leaving(sh)) {
            if (loop_over(sh)) {
                if (!sh->breaking && !sh->returning)
                    status = sh->breaking ? status : sh->returning ? c : status;
                break;
            }
            continue;
        }
        if ((c == 0) == until)
            break;
        status = exec_node(sh, n->body);
        if (loop_over(sh))
            break;
    }
    sh->loops--;
    return done(sh, sh->returning ? sh->status : status);
}

static bool set_loop_var(struct shell *sh, const char *name, char *value)
{
    struct var *v = var_find(sh, name);
    if (v && (v->flags & VAR_NAMEREF) && !sh->dash) {
        if (var_readonly(sh, v))
            return false;
        var_clear(sh, v);
        v->flags &= ~(unsigned)VAR_NAMEREF;
        bool ok = var_assign(sh, v, value, false);
        v->flags |= VAR_NAMEREF;
        return ok;
    }
    return var_set(sh, name, value);
}

static void loop_words(struct shell *sh, struct node *n, struct fields *f)
{
    if (n->has_in)
        expand_words(sh, n->words, f);
    else
        for (int i = 0; i < sh->args.n; i++)
            fields_add(sh, f, sh_tmp_strdup(sh, sh->args.v[i]));
}

static int exec_for(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    struct fields f = {0};
    int status = 0;
    sh->line = n->line;
    if (!lex_is_name(n->name, strlen(n->name))) {
        sh_error(sh, "`%s': not a valid identifier", n->name);
        return done(sh, 1);
    }
    loop_words(sh, n, &f);
    sh->loops++;
    for (int i = 0; i < f.n; i++) {
        vm_tick(sh->p, 1);
        sh->line = n->line;
        if (sh->opt[OPT_XTRACE] && !sh->dash)
            trace_for(sh, n, f.v, f.n);
        trap_debug(sh, n);
        if (!set_loop_var(sh, n->name, f.v[i])) {
            status = 1;
            break;
        }
        status = exec_node(sh, n->body);
        if (loop_over(sh))
            break;
    }
    sh->loops--;
    arena_reset(sh->tmp, m);
    return done(sh, sh->returning ? sh->status : status);
}

static int64_t loop_arith(struct shell *sh, struct word *w, int64_t empty, bool *ok)
{
    trap_debug(sh, sh->command_node);
    char *text = expand_arith(sh, w);
    if (!text[strspn(text, " \t\n")])
        return empty;
    if (sh->opt[OPT_XTRACE])
        trace_arith(sh, text);
    sh->builtin = "((";
    int64_t v = arith_eval(sh, text, ok);
    sh->builtin = NULL;
    return v;
}

static int exec_cfor(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    int status = 0;
    bool ok = true;
    sh->line = n->line;
    loop_arith(sh, n->init, 0, &ok);
    sh->loops++;
    while (ok) {
        vm_tick(sh->p, 1);
        arena_reset(sh->tmp, m);
        sh->line = n->line;
        if (!loop_arith(sh, n->test, 1, &ok) || !ok)
            break;
        status = exec_node(sh, n->body);
        if (loop_over(sh))
            break;
        sh->line = n->line;
        loop_arith(sh, n->step, 0, &ok);
    }
    sh->loops--;
    arena_reset(sh->tmp, m);
    return done(sh, sh->returning ? sh->status : ok ? status : 1);
}

static int exec_case(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    sh->line = n->line;
    trap_debug(sh, n);
    char *subject = expand_string(sh, n->words);
    if (sh->opt[OPT_XTRACE] && !sh->dash)
        trace_case(sh, n->words->text);
    int status = 0;
    for (struct clause *c = n->clauses; c; c = c->next) {
        bool hit = false;
        for (struct word *w = c->patterns; w && !hit; w = w->next)
            hit = sh_match(sh, expand_pattern(sh, w), subject);
        while (hit) {
            status = c->body ? exec_node(sh, c->body) : done(sh, 0);
            if (c->end == ';' || exec_leaving(sh) || !c->next)
                goto out;
            if (c->end == 't')
                break;
            c = c->next;
        }
    }
out:
    arena_reset(sh->tmp, m);
    return done(sh, sh->returning ? sh->status : status);
}

static int run_subshell(struct shell *sh, void *arg)
{
    struct node *n = arg;
    if (!redir_apply(sh, n->redirs))
        return 1;
    return exec_last(sh, n->body);
}

static int exec_subshell(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    sh->line = n->line;
    struct sh_child c = {.fn = run_subshell, .arg = n, .node = n, .in = -1, .out = -1};
    int pid = sh_fork(sh, &c);
    int status = job_wait_fg(sh, &pid, 1, sh->interactive ? node_text(sh, n) : "");
    arena_reset(sh->tmp, m);
    done(sh, status);
    exec_check(sh, status);
    return sh->status = status;
}

static int exec_arith(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    bool ok = true;
    sh->line = n->line;
    trap_debug(sh, n);
    char *text = expand_arith(sh, n->test);
    if (sh->opt[OPT_XTRACE])
        trace_arith(sh, text);
    sh->builtin = "((";
    int64_t v = arith_eval(sh, text, &ok);
    sh->builtin = NULL;
    arena_reset(sh->tmp, m);
    int status = done(sh, ok && v ? 0 : 1);
    one_status(sh, status);
    exec_check(sh, status);
    return sh->status = status;
}

static int exec_cond(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    sh->line = n->line;
    trap_debug(sh, n);
    int status = done(sh, cond_eval(sh, n->expr));
    arena_reset(sh->tmp, m);
    one_status(sh, status);
    exec_check(sh, status);
    return sh->status = status;
}

static int exec_func_def(struct shell *sh, struct node *n)
{
    struct sh_func *f = func_find(sh, n->name);
    if (f && f->readonly_) {
        sh_error(sh, "%s: readonly function", n->name);
        return done(sh, 1);
    }
    const struct builtin *b = sh->opt[OPT_POSIX] ? builtin_find(sh, n->name) : NULL;
    if (b && (b->flags & BI_SPECIAL)) {
        sh_error(sh, "`%s': is a special builtin", n->name);
        sh_exit(sh, 2);
    }
    if (strchr(n->name, '$') || (sh->opt[OPT_POSIX] && !lex_is_name(n->name, strlen(n->name)))) {
        sh_error(sh, "`%s': not a valid identifier", n->name);
        return done(sh, 1);
    }
    func_set(sh, n->name, n);
    return done(sh, 0);
}

static int exec_coproc(struct shell *sh, struct node *n)
{
    int in[2], out[2];
    if (vm_pipe(sh->p, in) < 0 || vm_pipe(sh->p, out) < 0)
        return done(sh, 1);
    struct sh_child c = {.node = n->body, .in = in[0], .out = out[1], .background = true};
    c.close_fd[0] = in[1];
    c.close_fd[1] = out[0];
    int pid = sh_fork(sh, &c);
    (void)vm_close(sh->p, in[0]);
    (void)vm_close(sh->p, out[1]);
    int fds[2] = {vm_dup(sh->p, out[0], 60), vm_dup(sh->p, in[1], 60)};
    (void)vm_close(sh->p, out[0]);
    (void)vm_close(sh->p, in[1]);
    for (int i = 0; i < 2; i++) {
        (void)vm_cloexec(sh->p, fds[i], true);
        var_set_elem(sh, n->name, i ? "1" : "0", sh_tmp_printf(sh, "%d", fds[i]), false);
    }
    var_set_int(sh, sh_tmp_printf(sh, "%s_PID", n->name), pid);
    sh->last_bg = pid;
    job_add(sh, &pid, 1, node_text(sh, n), true);
    return done(sh, 0);
}

static int dispatch(struct shell *sh, struct node *n)
{
    switch (n->kind) {
    case NODE_SIMPLE:
        return exec_simple(sh, n);
    case NODE_PIPE:
        return exec_pipe(sh, n);
    case NODE_ANDOR:
        return exec_andor(sh, n);
    case NODE_LIST:
        return exec_list(sh, n, false);
    case NODE_SUBSHELL:
        return exec_subshell(sh, n);
    case NODE_GROUP:
        return exec_node(sh, n->body);
    case NODE_IF:
        return exec_if(sh, n);
    case NODE_WHILE:
    case NODE_UNTIL:
        return exec_while(sh, n);
    case NODE_FOR:
        return exec_for(sh, n);
    case NODE_CFOR:
        return exec_cfor(sh, n);
    case NODE_SELECT:
        return exec_select(sh, n);
    case NODE_CASE:
        return exec_case(sh, n);
    case NODE_FUNC:
        return exec_func_def(sh, n);
    case NODE_ARITH:
        return exec_arith(sh, n);
    case NODE_COND:
        return exec_cond(sh, n);
    case NODE_COPROC:
        return exec_coproc(sh, n);
    }
    return 1;
}

static int with_redirs(struct shell *sh, struct node *n)
{
    int mark = sh->undo_n, status;
    sh->line = n->line;
    if (redir_apply(sh, n->redirs)) {
        status = dispatch(sh, n);
    } else {
        status = done(sh, sh->dash ? 2 : 1);
    }
    out_flush(sh);
    redir_undo(sh, mark);
    if (n->redirs && status && !exec_leaving(sh) && sh->undo_n == mark && status != sh->status)
        sh->status = status;
    return status;
}

int exec_node(struct shell *sh, struct node *n)
{
    if (!n)
        return done(sh, 0);
    if (n->kind != NODE_SIMPLE)
        sh->no_fork = false;
    if (sh->opt[OPT_NOEXEC] && !sh->interactive)
        return done(sh, 0);
    if (vm_deep(sh->p))
        vm_exit_signal(sh->p, SIGSEGV);
    if (n->redirs && n->kind != NODE_SIMPLE && n->kind != NODE_SUBSHELL)
        return with_redirs(sh, n);
    return dispatch(sh, n);
}

int exec_last(struct shell *sh, struct node *n)
{
    if (!n)
        return done(sh, 0);
    if (n->kind == NODE_LIST && !n->redirs)
        return exec_list(sh, n, true);
    if (n->kind == NODE_SIMPLE) {
        bool traps = false;
        for (int i = 0; i < SIG_SLOTS; i++)
            traps |= sh->traps[i] && *sh->traps[i] && !sh->trap_kept;
        sh->no_fork = !traps && !sh->interactive;
    }
    return exec_node(sh, n);
}
