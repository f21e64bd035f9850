/* run.c -- running text: the loop of parsing one command and executing it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/input.h"

/* --- the parser's host ------------------------------------------------------------- */

static const char *host_alias(void *ctx, const char *name)
{
    struct shell *sh = ctx;
    return sh->shopt[SHOPT_EXPAND_ALIASES] || sh->dash ? alias_find(sh, name) : NULL;
}

static void host_warn(void *ctx, const char *text, int line)
{
    struct shell *sh = ctx;
    int saved = sh->line;
    sh->line = line > 1 ? line - 1 : line;
    if (!sh->dash)
        sh_error(sh, "warning: %s", text);
    sh->line = saved;
}

static bool host_deep(void *ctx)
{
    return vm_deep(((struct shell *)ctx)->p);
}

static void host_tick(void *ctx, unsigned n)
{
    vm_tick(((struct shell *)ctx)->p, n);
}

void sh_parse_host(struct shell *sh, struct parse_host *h)
{
    *h = (struct parse_host){.ctx = sh,
                             .alias = host_alias,
                             .warn = host_warn,
                             .deep = host_deep,
                             .tick = host_tick,
                             .dash = sh->dash,
                             .posix = false,
                             .extglob = &sh->shopt[SHOPT_EXTGLOB]};
}

/* --- syntax errors ------------------------------------------------------------------------ */

static void say_error(struct shell *sh, struct parser *p, const char *what)
{
    if (!*p->error)
        return;
    struct str s;
    if (!p->error[0]) /* Ctrl-C dropped the command */
        return;
    str_init(&s, sh->tmp);
    int line = sh->line;
    sh->line = p->error_line;
    if (sh->dash) {
        const char *x = sh_prefix(sh), *in = sh_running(sh);
        str_printf(&s, "%s%s%sSyntax error: %s\n", x, in ? in : "", in ? ": " : "", p->error);
    } else {
        char *x = (char *)sh_prefix(sh);
        if (what && !sh->interactive) {
            struct str y;
            char *at = strstr(x, ": line ");
            str_init(&y, sh->tmp);
            if (at)
                str_printf(&y, "%.*s: %s%s", (int)(at - x), x, what, at);
            else
                str_puts(&y, x);
            x = y.s;
        }
        const char *e = p->error, *nl;
        while ((nl = strchr(e, '\n'))) {
            str_printf(&s, "%s%.*s\n", x, (int)(nl - e), e);
            e = nl + 1;
        }
        str_printf(&s, "%s%s\n", x, e);
        if (p->error_show && p->error_text && !(sh->interactive && p->host.more))
            str_printf(&s, "%s`%s'\n", x, p->error_text);
    }
    sh->line = line;
    (void)vm_write_all(sh->p, 2, s.s, s.n);
}

/* --- one command -------------------------------------------------------------------------------
 */

static void run_tree(struct shell *sh, void *arg)
{
    exec_node(sh, arg);
}

static void run_tree_last(struct shell *sh, void *arg)
{
    exec_last(sh, arg);
}

/* Runs a tree behind a catch. False: the loop that reads commands must end. */
static bool run_caught(struct shell *sh, struct node *n, bool last)
{
    enum sh_jump j = sh_catch_run(sh, last ? run_tree_last : run_tree, n);
    if (j == JUMP_NONE)
        return true;
    if (!sh->status)
        sh->status = 1;
    if (j == JUMP_INTERRUPT)
        sh->status = 130;
    if (j == JUMP_ABORT) {
        if (sh->catcher)
            sh_throw(sh, JUMP_ABORT);
        if (sh->from_c)
            sh_exit(sh, sh->status);
    }
    if (sh->opt[OPT_ERREXIT] && !sh->interactive && !sh->no_errexit)
        sh_exit(sh, sh->status);
    if (sh->subshell && !sh->interactive)
        sh_exit(sh, sh->status);
    return true;
}

/* Nothing but blanks, newlines and comments is left. */
static bool at_end(struct parser *p)
{
    if (p->host.more)
        return false;
    for (size_t i = p->pos; i < p->src.n; i++)
        if (!strchr(" \t\n", p->src.s[i]))
            return false;
    return true;
}

int run_parser(struct shell *sh, struct parser *p, const char *what, bool may_exec)
{
    int ran = 0;
    struct arena_mark tmp = arena_mark(sh->tmp);
    for (;;) {
        struct node *n;
        struct code *code = code_new(sh), *outer = sh->code;
        code_hold(sh, code);
        code_unref(code); /* held now */
        enum parse_result r = parse_command(p, code->arena, &n);
        code->budget.ctx = NULL;
        if (r == PARSE_EOF) {
            code_drop(sh);
            break;
        }
        if (r == PARSE_ERROR) {
            say_error(sh, p, what);
            code_drop(sh);
            /* bash takes an error inside [[ ]] for the end of the input */
            if (p->error[0] && (!p->error_cond || (what && strcmp(what, "eval") == 0)))
                sh->status = 2;
            if (sh->dash && !sh->interactive)
                sh_exit(sh, 2);
            if (sh->interactive && p->host.more) {
                input_reset(sh, p);
                continue;
            }
            return sh->status;
        }
        if (r == PARSE_OK) {
            int breaking = sh->breaking;
            (void)breaking;
            sh->code = code;
            ran++;
            bool go_on = run_caught(sh, n, may_exec && at_end(p));
            sh->code = outer;
            if (!go_on) {
                code_drop(sh);
                return sh->status;
            }
        }
        code_drop(sh);
        arena_reset(sh->tmp, tmp);
        if (sh->has_pending)
            trap_pending(sh);
        if (sh->int_pending) {
            if (!sh->interactive) {
                sh->int_pending = false;
            } else if (!p->host.more) {
                return sh->status = 130;
            } else {
                sh->int_pending = false;
                sh->status = 130;
                sh->breaking = sh->continuing = 0;
            }
        }
        if (sh->returning || (sh->breaking | sh->continuing)) {
            if (!p->host.more || sh->source_depth || sh->func_depth)
                break;
            sh->returning = false;
            sh->breaking = sh->continuing = 0;
        }
        parse_forget(p);
        if (sh->opt[OPT_ONECMD] && ran && !sh->source_depth)
            sh_exit(sh, sh->status);
    }
    if (!ran && !p->host.more && !sh->trap_running)
        sh->status = 0;
    return sh->status;
}

int run_string(struct shell *sh, const char *text, const char *what, int line)
{
    struct parser *p = arena_zalloc(sh->heap, sizeof *p);
    struct parse_host host;
    sh_parse_host(sh, &host);
    if (vm_deep(sh->p))
        vm_exit_signal(sh->p, SIGSEGV);
    parse_init(p, sh->heap, &host);
    p->line = line > 0 ? line : 1;
    parse_feed(p, text, strlen(text));
    if (!str_ends(text, "\\") && !sh->dash)
        parse_feed(p, "\n", 1);
    int status = run_parser(sh, p, what, false);
    str_release(&p->src);
    arena_release(sh->heap, p, sizeof *p);
    return status;
}

/* --- files ---------------------------------------------------------------------------------------
 */

char *read_whole(struct shell *sh, struct arena *a, int fd, size_t *n)
{
    enum { MAX = 16 << 20 };
    struct str s;
    char part[4096];
    ssize_t k;
    str_init(&s, a);
    while (s.n < MAX && (k = vm_read(sh->p, fd, part, sizeof part)) != 0) {
        if (k == -EINTR)
            continue;
        if (k < 0)
            break;
        str_add(&s, part, (size_t)k);
    }
    str_add(&s, "", 1);
    *n = s.n - 1;
    return s.s;
}

int run_file(struct shell *sh, const char *path, const char *shown)
{
    int fd = vm_open(sh->p, path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    size_t n;
    struct arena *own = vm_arena_new(sh->p); /* the text goes when it has been run */
    char *text = read_whole(sh, own, fd, &n);
    (void)vm_close(sh->p, fd);
    struct sh_frame *frame = sh_tmp(sh, sizeof *frame);
    *frame = (struct sh_frame){.up = sh->frame,
                               .name = "source",
                               .source = sh_heap_strdup(sh, shown),
                               .call_line = sh->line};
    int line = sh->line, loops = sh->loops;
    sh->frame = frame;
    sh->source_depth++;
    sh->loops = 0;
    struct parser *p = arena_zalloc(own, sizeof *p);
    struct parse_host host;
    sh_parse_host(sh, &host);
    parse_init(p, own, &host);
    parse_feed(p, text, n);
    int func_depth = sh->func_depth;
    sh->func_depth = func_depth;
    run_parser(sh, p, NULL, false);
    if (sh->traps[SIG_RETURN] && !sh->in_err_trap)
        trap_run(sh, SIG_RETURN);
    sh->returning = false;
    vm_arena_drop(sh->p, own);
    sh->frame = frame->up;
    sh->source_depth--;
    sh->line = line;
    sh->loops = loops;
    return sh->status;
}
