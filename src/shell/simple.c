/* simple.c -- simple commands: from words to something that runs.
 *
 * The gate of policy/ is asked here, with redirections in place and in the
 * process that would run the command.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/simple.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/gate.h"
#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/expand.h"
#include "shell/text.h"

/* --- the gate --------------------------------------------------------------------- */

/* May it run? False: *status is its result. */
static bool gate(struct shell *sh, enum policy_kind kind, char **argv, const char *path,
                 int *status)
{
    if (sh->gate_off)
        return true;
    int argc = 0;
    while (argv[argc])
        argc++;
    char *prefix = (char *)sh_prefix(sh);
    size_t n = strlen(prefix);
    if (n > 2)
        prefix[n - 2] = 0;
    struct policy_command c = {.kind = kind,
                               .argc = argc,
                               .argv = argv,
                               .path = path,
                               .shell = prefix,
                               .pipe_at = sh->pipe_at,
                               .pipe_len = sh->pipe_len ? sh->pipe_len : 1,
                               .depth = sh->depth + (unsigned)sh->func_depth,
                               .background = sh->background};
    out_flush(sh);
    return policy_gate(sh->p, &c, status) == POLICY_RUN;
}

/* --- words ---------------------------------------------------------------------------- */

static bool takes_assignments(struct shell *sh, const struct word *w)
{
    while (w && (strcmp(w->text, "command") == 0 || strcmp(w->text, "builtin") == 0))
        w = w->next;
    if (!w || (w->flags & WORD_QUOTED))
        return false;
    const struct builtin *b = builtin_find(sh, w->text);
    return b && (b->flags & BI_ASSIGN);
}

/* name=value as an argument: one field; compound values stay trees. */
static void declare_word(struct shell *sh, struct word *w, struct fields *f)
{
    struct assign *a = w->assign;
    if (!sh->cmd_assigns || f->n >= sh->cmd_assigns_n) {
        int n = f->n + 16;
        struct assign **grown = sh_tmp(sh, (size_t)n * sizeof *grown);
        if (sh->cmd_assigns)
            memcpy(grown, sh->cmd_assigns, (size_t)sh->cmd_assigns_n * sizeof *grown);
        sh->cmd_assigns = grown;
        sh->cmd_assigns_n = n;
    }
    const char *op = a->append ? "+=" : "=";
    if (a->is_array) {
        sh->cmd_assigns[f->n] = a;
        fields_add(sh, f, sh_tmp_strdup(sh, a->name));
        return;
    }
    const char *value = expand_assign(sh, a->value);
    if (a->sub)
        fields_add(sh, f,
                   sh_tmp_printf(sh, "%s[%s]%s%s", a->name, expand_string(sh, a->sub), op, value));
    else
        fields_add(sh, f, sh_tmp_printf(sh, "%s%s%s", a->name, op, value));
}

static void command_words(struct shell *sh, struct node *n, struct fields *f)
{
    if (!n->words)
        return;
    bool declares = !sh->dash && takes_assignments(sh, n->words);
    for (struct word *w = n->words; w; w = w->next) {
        if (declares && w->assign)
            declare_word(sh, w, f);
        else if (w->flags & WORD_ARRAYLIT)
            fields_add(sh, f, (char *)w->text);
        else
            expand_word_fields(sh, w, f);
    }
}

/* --- functions ------------------------------------------------------------------------------ */

int exec_function(struct shell *sh, struct sh_func *fn, int argc, char **argv)
{
    int64_t max;
    const char *nest = sh->dash ? NULL : var_get(sh, "FUNCNEST");
    if (nest && str_int(nest, 1, INT32_MAX, &max) == 0 && sh->func_depth >= max) {
        sh_error(sh, "%s: maximum function nesting level exceeded (%lld)", argv[0], (long long)max);
        sh->status = 1;
        sh_throw(sh, JUMP_DISCARD);
    }
    struct sh_frame *frame = sh_tmp(sh, sizeof *frame);
    *frame = (struct sh_frame){.up = sh->frame,
                               .name = fn->name,
                               .source = fn->source,
                               .call_line = sh->line,
                               .function = true};
    struct sh_args saved = sh->args;
    struct code *code = sh->code;
    int loops = sh->loops;
    char *name = sh_heap_strdup(sh, fn->name);
    frame->name = name;
    struct node *body = fn->node->body;
    sh->args = (struct sh_args){.v = argv + 1, .n = argc - 1};
    sh->frame = frame;
    sh->loops = 0;
    sh->func_depth++;
    sh->level++;
    code_hold(sh, fn->code);
    sh->code = fn->code;
    bool trace = fn->trace || sh->opt[OPT_FUNCTRACE];
    char *debug = sh->traps[SIG_DEBUG];
    if (!trace)
        sh->traps[SIG_DEBUG] = NULL;
    int status = exec_node(sh, body);
    if (sh->returning)
        status = sh->status;
    sh->returning = false;
    sh->breaking = sh->continuing = 0;
    if (sh->traps[SIG_RETURN] && trace) {
        sh->status = status;
        trap_run(sh, SIG_RETURN);
    }
    if (!trace && !sh->traps[SIG_DEBUG])
        sh->traps[SIG_DEBUG] = debug;
    var_pop(sh, sh->level);
    sh->level--;
    sh->func_depth--;
    sh->loops = loops;
    sh->frame = frame->up;
    sh_args_free(sh);
    sh->args = saved;
    sh->line = frame->call_line;
    sh->code = code;
    code_drop(sh);
    sh_heap_free(sh, name);
    return status;
}

/* --- programs --------------------------------------------------------------------------------- */

int exec_find(struct shell *sh, const char *name, const char *path_var, char **out)
{
    struct vfs_stat st;
    if (strchr(name, '/')) {
        *out = sh_tmp_strdup(sh, name);
        return 0;
    }
    const char *path = path_var ? path_var : var_get(sh, "PATH");
    int err = -ENOENT;
    if (!path)
        return err;
    while (true) {
        const char *colon = strchr(path, ':');
        size_t n = colon ? (size_t)(colon - path) : strlen(path);
        char *full =
            n ? sh_tmp_printf(sh, "%.*s%s%s", (int)n, path, path[n - 1] == '/' ? "" : "/", name)
              : sh_tmp_printf(sh, "./%s", name);
        if (vm_stat(sh->p, full, &st) == 0 && (st.mode & S_IFMT) != S_IFDIR) {
            if (vm_access(sh->p, full, 1) == 0 && (st.mode & 0111)) {
                *out = full;
                return 0;
            }
            if (err == -ENOENT) {
                *out = full;
                err = -EACCES;
            }
        }
        if (!colon)
            return err;
        path = colon + 1;
    }
}

/* Why a file could not be executed: bash's words. */
static int exec_failed(struct shell *sh, const char *name, const char *path, int err)
{
    struct vfs_stat st;
    bool there = vm_stat(sh->p, path, &st) == 0;
    if (sh->dash) {
        sh_error(sh, "%s: %s", name, err == -ENOENT ? "not found" : vm_strerror(-err));
        return err == -ENOENT ? 127 : 126;
    }
    if (there && (st.mode & S_IFMT) == S_IFDIR) {
        sh_error(sh, "%s: Is a directory", name);
        return 126;
    }
    if (err == -ENOENT && there) {
        sh_error(sh, "%s: cannot execute: required file not found", name);
        return 127;
    }
    if (err == -ENOEXEC) {
        sh_error(sh, "%s: cannot execute binary file: Exec format error", name);
        return 126;
    }
    sh_error(sh, "%s: %s", name, vm_strerror(-err));
    return err == -ENOENT ? 127 : 126;
}

int exec_program(struct shell *sh, const char *path, char **argv, char **env)
{
    char **full = env;
    int n = 0;
    while (env[n])
        n++;
    full = sh_tmp(sh, ((size_t)n + 2) * sizeof *full);
    memcpy(full, env, (size_t)n * sizeof *full);
    full[n] = sh_tmp_printf(sh, "_=%s", path);
    out_flush(sh);
    int err = vm_exec(sh->p, path, argv, full);
    if (err == -ENOEXEC && text_file(sh, path)) {
        /* a script without #!: this shell's own program runs it */
        int argc = 0;
        while (argv[argc])
            argc++;
        char **script = sh_tmp(sh, ((size_t)argc + 2) * sizeof *script);
        script[0] = sh->dash ? "sh" : "bash";
        script[1] = (char *)path;
        memcpy(script + 2, argv + 1, (size_t)argc * sizeof *script);
        err = vm_exec(sh->p, sh->dash ? "/usr/bin/dash" : "/usr/bin/bash", script, full);
    }
    return exec_failed(sh, sh->dash ? argv[0] : path, path, err);
}

static int not_found(struct shell *sh, char **argv)
{
    struct sh_func *f = sh->dash ? NULL : func_find(sh, "command_not_found_handle");
    if (f) {
        int argc = 0;
        while (argv[argc])
            argc++;
        char **v = sh_tmp(sh, ((size_t)argc + 2) * sizeof *v);
        v[0] = f->name;
        memcpy(v + 1, argv, (size_t)argc * sizeof *v);
        return exec_function(sh, f, argc + 1, v);
    }
    if (sh->dash)
        sh_error(sh, *argv[0] ? "%s: not found" : "%s: Permission denied", argv[0]);
    else {
        struct str name;
        str_init(&name, sh->tmp);
        if (text_has_control(argv[0]))
            text_quote_ansi(&name, argv[0]);
        else
            str_puts(&name, argv[0]);
        sh_error(sh, "%s: command not found", str_text(&name));
    }
    return 127;
}

/* Where a command is, by the table of hashed ones first. As exec_find. */
static int find_hashed(struct shell *sh, const char *name, const char *path_var, char **out)
{
    if (path_var || !sh->opt[OPT_HASHALL] || strchr(name, '/'))
        return exec_find(sh, name, path_var, out);
    struct sh_hashed *h = sh->hashed;
    while (h && strcmp(h->name, name) != 0)
        h = h->next;
    if (!h) {
        int err = exec_find(sh, name, NULL, out);
        if (err < 0)
            return err;
        h = arena_zalloc(sh->heap, sizeof *h);
        h->name = sh_heap_strdup(sh, name);
        h->path = sh_heap_strdup(sh, *out);
        h->next = sh->hashed;
        sh->hashed = h;
    }
    h->hits++;
    *out = h->path;
    return 0;
}

/* In the process that shall become the program. */
static int become(struct shell *sh, char **argv, const char *path_var)
{
    char *path = NULL;
    int status = 0, err = find_hashed(sh, argv[0], path_var, &path);
    struct vfs_stat st;
    bool slash = strchr(argv[0], '/') != NULL;
    int missing = slash ? vm_stat(sh->p, path, &st) : err;
    if (!*argv[0] || (missing < 0 && missing != -EACCES)) {
        if (!gate(sh, POLICY_NOTFOUND, argv, NULL, &status))
            return status;
        if (slash && *argv[0])
            return exec_failed(sh, argv[0], argv[0], missing);
        return not_found(sh, argv);
    }
    if (!gate(sh, is_script(sh, path) ? POLICY_SCRIPT : POLICY_PROGRAM, argv, path, &status))
        return status;
    if (err < 0)
        return exec_failed(sh, sh->dash ? argv[0] : path, path, err);
    return exec_program(sh, path, argv, var_environ(sh));
}

static int child_program(struct shell *sh, void *arg)
{
    struct node *n = arg;
    if (n && !redir_apply(sh, n->redirs))
        return sh->dash ? 2 : 1;
    for (const struct assign *a = n ? n->assigns : NULL; a; a = a->next)
        if (!assign_one(sh, a, -2, true))
            return 1;
    redir_keep(sh, 0);
    return become(sh, sh->child_argv, sh->child_path);
}

static int run_program(struct shell *sh, struct node *n, char **argv, bool no_fork,
                       const char *path_var)
{
    sh->child_path = path_var;
    if (no_fork) {
        sh->child_argv = argv;
        return child_program(sh, n);
    }
    char *hashed;
    struct sh_child c = {.fn = child_program, .arg = n, .argv = argv, .in = -1, .out = -1};
    if (!(n && n->assigns))
        (void)find_hashed(sh, argv[0], path_var, &hashed);
    int pid = sh_fork(sh, &c);
    sh->child_path = NULL;
    const char *text = "";
    if (sh->interactive || true) {
        struct str s;
        str_init(&s, sh->tmp);
        if (n)
            print_command(&s, n);
        text = str_text(&s);
    }
    return job_wait_fg(sh, &pid, 1, text);
}

/* --- builtins ------------------------------------------------------------------------------------
 */

static int run_builtin(struct shell *sh, const struct builtin *b, int argc, char **argv)
{
    int status;
    const char *outer = sh->builtin;
    if (!(b->flags & BI_NO_GATE) && !gate(sh, POLICY_BUILTIN, argv, NULL, &status))
        return status;
    sh->builtin = argv[0];
    status = b->fn(sh, argc, argv);
    int err = out_flush(sh);
    if (err < 0) {
        if (sh->dash)
            sh_berror(sh, "%s: I/O error", sh->builtin);
        else
            sh_berror(sh, "write error: %s", vm_strerror(-err));
        if (b->fn == bi_echo || b->fn == bi_printf || status == 0)
            status = 1;
    }
    sh->builtin = outer;
    return status;
}

/* A function or builtin by name; false if there is none. */
static bool run_inside(struct shell *sh, int argc, char **argv, bool functions, int *status)
{
    struct sh_func *f = functions ? func_find(sh, argv[0]) : NULL;
    const struct builtin *b = builtin_find(sh, argv[0]);
    if (f && !(b && (sh->dash || sh->opt[OPT_POSIX]) && (b->flags & BI_SPECIAL))) {
        if (gate(sh, POLICY_FUNCTION, argv, NULL, status))
            *status = exec_function(sh, f, argc, argv);
        return true;
    }
    if (!b)
        return false;
    *status = run_builtin(sh, b, argc, argv);
    return true;
}

int exec_words(struct shell *sh, int argc, char **argv, bool no_functions, const char *path_var)
{
    int status;
    const char *outer = sh->builtin;
    sh->builtin = NULL;
    if (!run_inside(sh, argc, argv, !no_functions, &status))
        status = run_program(sh, NULL, argv, false, path_var);
    sh->builtin = outer;
    return status;
}

/* --- all together
 * ------------------------------------------------------------------------------------ */

void trap_debug(struct shell *sh, const struct node *n)
{
    if (!sh->in_trap) /* a trap still sees the command it interrupted */
        sh->command_node = n;
    if (sh->traps[SIG_DEBUG] && !sh->in_err_trap && (!sh->trap_kept || sh->trap_here[0]))
        trap_run(sh, SIG_DEBUG);
}

static int assignments_only(struct shell *sh, struct node *n)
{
    int mark = sh->undo_n;
    for (const struct assign *a = n->assigns; a; a = a->next) {
        if (assign_one(sh, a, -1, false))
            continue;
        sh->status = 1;
        if (sh->dash)
            sh_exit(sh, 2);
        if (sh->opt[OPT_POSIX] && !sh->interactive)
            sh_exit(sh, 127);
        sh_throw(sh, JUMP_DISCARD);
    }
    bool ok = !n->redirs || redir_apply(sh, n->redirs);
    redir_undo(sh, mark);
    if (!ok)
        return sh->dash ? 2 : 1;
    return sh->cmdsub_status >= 0 ? sh->cmdsub_status : 0;
}

/* Assignments before a function become its locals, before a builtin temporaries. */
static bool temp_assigns(struct shell *sh, struct node *n, bool function, bool keep)
{
    if (function && n->assigns) {
        sh->level++;
        for (const struct assign *a = n->assigns; a; a = a->next)
            if (!assign_one(sh, a, sh->level, true)) {
                var_pop(sh, sh->level--);
                return false;
            }
        sh->level--;
        return true;
    }
    for (const struct assign *a = n->assigns; a; a = a->next)
        if (!assign_one(sh, a, keep ? -1 : -3, !keep))
            return false;
    return true;
}

static int run_command(struct shell *sh, struct node *n, struct fields *f, bool no_fork)
{
    int mark = sh->undo_n, status = 0;
    size_t temps = sh->vars.ntemps;
    struct sh_func *fn = func_find(sh, f->v[0]);
    const struct builtin *b = builtin_find(sh, f->v[0]);
    if (!fn && !b) {
        if (sh->restricted && strchr(f->v[0], '/')) {
            sh_error(sh, "%s: restricted: cannot specify `/' in command names", f->v[0]);
            return 127;
        }
        return run_program(sh, n, f->v, no_fork, NULL);
    }
    bool posix = sh->dash || sh->opt[OPT_POSIX];
    bool special = b && posix && (b->flags & BI_SPECIAL);
    if (!redir_apply(sh, n->redirs)) {
        out_flush(sh);
        redir_undo(sh, mark);
        if (special)
            sh_exit(sh, 2);
        if (b && b->fn == bi_exec && !sh->interactive && f->n == 1)
            return 1;
        return sh->dash ? 2 : 1;
    }
    bool ok = temp_assigns(sh, n, fn != NULL && !special, special);
    if (ok) {
        (void)run_inside(sh, f->n, f->v, true, &status);
    } else {
        status = 1;
        if (sh->dash)
            sh_exit(sh, 2);
    }
    var_temp_pop(sh, temps);
    out_flush(sh);
    if (sh->keep_redirs)
        redir_keep(sh, mark);
    else
        redir_undo(sh, mark);
    sh->keep_redirs = false;
    return status;
}

static void set_last_arg(struct shell *sh, const char *s)
{
    if (sh->last_arg && strcmp(sh->last_arg, s) == 0)
        return;
    sh_heap_free(sh, sh->last_arg);
    sh->last_arg = sh_heap_strdup(sh, s);
}

int exec_simple(struct shell *sh, struct node *n)
{
    struct arena_mark m = arena_mark(sh->tmp);
    bool no_fork = sh->no_fork;
    int procs = sh->proc_n, status;
    struct fields f = {0};
    vm_tick(sh->p, 2);
    sh->no_fork = false;
    sh->line = n->line;
    if (sh->has_pending)
        trap_pending(sh);
    trap_debug(sh, n);
    sh->cmdsub_status = -1;
    sh->cmd_assigns = NULL;
    sh->cmd_assigns_n = 0;
    command_words(sh, n, &f);
    if (f.n == 0) {
        status = assignments_only(sh, n);
    } else {
        struct assign **mine = sh->cmd_assigns;
        int mine_n = sh->cmd_assigns_n;
        if (sh->opt[OPT_XTRACE])
            trace_command(sh, n, f.v, f.n);
        char *last = sh_tmp_strdup(sh, f.v[f.n - 1]);
        sh->cmd_assigns = mine;
        sh->cmd_assigns_n = mine_n;
        status = run_command(sh, n, &f, no_fork);
        set_last_arg(sh, last);
        if (!sh->gate_off)
            policy_ended(sh->p, status);
    }
    while (sh->proc_n > procs)
        (void)vm_close(sh->p, sh->proc_fds[--sh->proc_n]);
    arena_reset(sh->tmp, m);
    if (sh->returning)
        return sh->status;
    sh->status = status;
    sh->pipestatus[0] = status;
    sh->pipe_n = 1;
    if (status)
        exec_check(sh, status);
    return sh->status = status;
}
