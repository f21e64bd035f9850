/* bi_flow.c -- builtins that steer: break, return, exit, eval, source, exec, trap ...
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "shell/arith.h"
#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/text.h"

int bi_colon(struct shell *sh, int argc, char **argv)
{
    (void)sh, (void)argc, (void)argv;
    return 0;
}

int bi_true(struct shell *sh, int argc, char **argv)
{
    return bi_colon(sh, argc, argv);
}

int bi_false(struct shell *sh, int argc, char **argv)
{
    (void)sh, (void)argc, (void)argv;
    return 1;
}

/* The loop count of break and continue; 0 after a message. */
static int levels(struct shell *sh, int argc, char **argv, int *status)
{
    int64_t n = 1;
    *status = 0;
    if (argc > 1 && strcmp(argv[1], "--") == 0)
        argc--, argv++;
    if (!sh->loops && !(sh->dash && argc > 1 && !legal_number(argv[1], &n))) {
        if (!sh->dash)
            sh_berror(sh, "only meaningful in a `for', `while', or `until' loop");
        return 0;
    }
    if (argc > 1 && !legal_number(argv[1], &n)) {
        if (sh->dash) {
            sh_berror(sh, "Illegal number: %s", argv[1]);
            sh_exit(sh, 2);
        }
        sh_berror(sh, "%s: numeric argument required", argv[1]);
        sh_exit(sh, 128);
    }
    if (argc > 2) {
        sh_berror(sh, "too many arguments");
        sh->breaking = sh->loops;
        *status = 1;
        return 0;
    }
    if (n <= 0) {
        if (sh->dash) {
            sh_berror(sh, "Illegal number: %s", argv[1]);
            sh_exit(sh, 2);
        }
        sh_berror(sh, "%s: loop count out of range", argv[1]);
        sh->breaking = sh->loops;
        *status = 1;
        return 0;
    }
    return n > sh->loops ? sh->loops : (int)n;
}

int bi_break(struct shell *sh, int argc, char **argv)
{
    int status, n = levels(sh, argc, argv, &status);
    if (n)
        sh->breaking = n;
    return status;
}

int bi_continue(struct shell *sh, int argc, char **argv)
{
    int status, n = levels(sh, argc, argv, &status);
    if (n)
        sh->continuing = n;
    return status;
}

/* The status operand of exit and return. */
static int status_operand(struct shell *sh, int argc, char **argv, int deflt, bool *bad)
{
    int64_t n;
    *bad = false;
    if (argc > 1 && strcmp(argv[1], "--") == 0)
        argc--, argv++;
    if (argc < 2)
        return deflt;
    if (!legal_number(argv[1], &n) || (sh->dash && n < 0)) {
        if (sh->dash) {
            sh_berror(sh, "Illegal number: %s", argv[1]);
            sh_exit(sh, 2);
        }
        sh_berror(sh, "%s: numeric argument required", argv[1]);
        return 2;
    }
    if (argc > 2 && !sh->dash) {
        sh_berror(sh, "too many arguments");
        sh->status = 1;
        sh_throw(sh, JUMP_ABORT);
    }
    return (int)(n & 255);
}

int bi_exit(struct shell *sh, int argc, char **argv)
{
    bool bad;
    if (sh->interactive && !sh->dash) {
        const char *t = sh->login ? "logout\n" : "exit\n";
        (void)vm_write_all(sh->p, 2, t, strlen(t));
        for (struct job *j = sh->jobs; j; j = j->next)
            if (job_stopped(j) && !sh->warned_stopped) {
                static const char stopped[] = "There are stopped jobs.\n";
                sh->warned_stopped = true;
                (void)vm_write_all(sh->p, 2, stopped, sizeof stopped - 1);
                return 1;
            }
    }
    int status = status_operand(sh, argc, argv, sh->status, &bad);
    if (bad)
        return 1;
    sh->builtin = NULL;
    sh_exit(sh, status);
}

int bi_logout(struct shell *sh, int argc, char **argv)
{
    if (!sh->login) {
        sh_berror(sh, "not login shell: use `exit'");
        return 1;
    }
    return bi_exit(sh, argc, argv);
}

int bi_return(struct shell *sh, int argc, char **argv)
{
    bool bad;
    if (!sh->func_depth && !sh->source_depth && !sh->dash) {
        sh_berror(sh, "can only `return' from a function or sourced script");
        return 2;
    }
    int status = status_operand(sh, argc, argv, sh->status, &bad);
    if (!sh->func_depth && !sh->source_depth)
        sh_exit(sh, status);
    sh->returning = true;
    return sh->status = status;
}

int bi_eval(struct shell *sh, int argc, char **argv)
{
    struct str s;
    int i = 1;
    str_init(&s, sh->tmp);
    if (argc > 1 && strcmp(argv[1], "--") == 0)
        i++;
    else if (argc > 1 && argv[1][0] == '-' && argv[1][1] && !sh->dash) {
        sh_berror(sh, "-%c: invalid option", argv[1][1]);
        return usage(sh);
    }
    for (; i < argc; i++)
        str_printf(&s, "%s%s", argv[i], i + 1 < argc ? " " : "");
    if (!s.n)
        return 0;
    const char *name = sh->builtin;
    sh->builtin = NULL;
    sh->eval_depth++;
    int status = run_string(sh, s.s, sh->dash ? NULL : "eval", sh->line);
    sh->eval_depth--;
    sh->builtin = name;
    return status;
}

int bi_source(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    if (!sh->dash && opts_next(sh, &o, argc, argv, "") == '?')
        return 2;
    int i = o.i ? o.i : 1;
    if (i >= argc) {
        if (sh->dash)
            return 0;
        sh_berror(sh, "filename argument required");
        return usage(sh);
    }
    char *path = argv[i];
    struct vfs_stat st;
    if (!strchr(path, '/') && sh->shopt[SHOPT_SOURCEPATH]) {
        const char *dirs = var_get(sh, "PATH");
        while (dirs) {
            const char *colon = strchr(dirs, ':');
            size_t n = colon ? (size_t)(colon - dirs) : strlen(dirs);
            char *full = sh_tmp_printf(sh, "%.*s/%s", (int)n, dirs, path);
            if (n && vm_stat(sh->p, full, &st) == 0 && (st.mode & S_IFMT) == S_IFREG &&
                vm_access(sh->p, full, 4) == 0) {
                path = full;
                break;
            }
            dirs = colon ? colon + 1 : NULL;
        }
    }
    int err = vm_stat(sh->p, path, &st);
    if (err == 0 && (st.mode & S_IFMT) == S_IFDIR) {
        sh_berror(sh, "%s: is a directory", path);
        return 1;
    }
    if (err == 0 && vm_access(sh->p, path, 4) != 0)
        err = -EACCES;
    if (err < 0) {
        if (sh->dash) {
            if (strchr(argv[i], '/'))
                sh_error(sh, ".: cannot open %s: %s", path,
                         err == -ENOENT ? "No such file" : vm_strerror(-err));
            else
                sh_error(sh, ".: %s: not found", argv[i]);
            sh_exit(sh, 2);
        }
        sh_error(sh, "%s: %s", path, vm_strerror(-err));
        return 1;
    }
    struct sh_args saved = sh->args;
    bool args = argc > i + 1;
    if (args)
        sh->args = (struct sh_args){.v = argv + i + 1, .n = argc - i - 1};
    const char *name = sh->builtin;
    sh->builtin = NULL;
    int status = run_file(sh, path, path);
    sh->builtin = name;
    if (args && !sh->args.mem)
        sh->args = saved; /* unless the file has set its own */
    return status < 0 ? 1 : status;
}

int bi_exec(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c;
    bool clean = false, login = false;
    const char *name = NULL;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "" : "cla:")) != -1) {
        if (c == '?')
            return 2;
        clean |= c == 'c';
        login |= c == 'l';
        if (c == 'a')
            name = o.arg;
    }
    if (o.i >= argc) {
        sh->keep_redirs = true;
        return 0;
    }
    char **v = argv + o.i, *path;
    if (sh->restricted) {
        sh_berror(sh, "restricted");
        return 1;
    }
    int err = exec_find(sh, v[0], NULL, &path), status;
    const char *file = v[0];
    char **av = sh_tmp(sh, (size_t)(argc - o.i + 1) * sizeof *av);
    memcpy(av, v, (size_t)(argc - o.i) * sizeof *av);
    if (name)
        av[0] = (char *)name;
    if (login)
        av[0] = sh_tmp_printf(sh, "-%s", av[0]);
    struct vfs_stat st;
    if (err == -ENOENT || (strchr(file, '/') && vm_stat(sh->p, path, &st) != 0)) {
        if (strchr(file, '/') && !sh->dash)
            sh_error(sh, "%s: No such file or directory", file);
        else
            sh_berror(sh, "%s: not found", file);
        status = 127;
    } else if (err < 0) {
        if (!sh->dash)
            sh_error(sh, "%s: %s", path, vm_strerror(-err));
        sh_berror(sh, sh->dash ? "%s: %s" : "%s: cannot execute: %s", path, vm_strerror(-err));
        status = 126;
    } else {
        char *none[] = {NULL};
        char **env = clean ? none : var_environ(sh);
        sh->builtin = NULL;
        status = exec_program(sh, path, av, env);
        sh->builtin = "exec";
        if (status == 126 && vm_stat(sh->p, path, &st) == 0 && (st.mode & S_IFMT) == S_IFDIR)
            sh_berror(sh, "%s: cannot execute: Is a directory", file);
    }
    if (sh->interactive || sh->shopt[SHOPT_EXECFAIL])
        return status;
    sh->builtin = NULL;
    sh_exit(sh, status);
}

int bi_shift(struct shell *sh, int argc, char **argv)
{
    int64_t n = 1;
    if (argc > 1 && strcmp(argv[1], "--") == 0)
        argc--, argv++;
    if (argc > 1 && !legal_number(argv[1], &n)) {
        if (sh->dash) {
            sh_berror(sh, "Illegal number: %s", argv[1]);
            sh_exit(sh, 2);
        }
        sh_berror(sh, "%s: numeric argument required", argv[1]);
        return 1;
    }
    if (argc > 2 && !sh->dash) {
        sh_berror(sh, "too many arguments");
        return 1;
    }
    if (n < 0) {
        sh_berror(sh, "%s: shift count out of range", argv[1]);
        return 1;
    }
    if (n > sh->args.n) {
        if (sh->dash) {
            sh_berror(sh, "can't shift that many");
            sh_exit(sh, 2);
        }
        if (sh->shopt[SHOPT_SHIFT_VERBOSE])
            sh_berror(sh, "%s: shift count out of range", argv[1]);
        return 1;
    }
    sh->args.v += n;
    sh->args.n -= (int)n;
    return 0;
}

int bi_let(struct shell *sh, int argc, char **argv)
{
    int64_t v = 0;
    if (argc > 1 && strcmp(argv[1], "--") == 0)
        argc--, argv++;
    if (argc < 2) {
        sh_berror(sh, "expression expected");
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        bool ok = true;
        v = arith_eval(sh, argv[i], &ok);
        if (!ok)
            return 1;
    }
    return v ? 0 : 1;
}

int bi_caller(struct shell *sh, int argc, char **argv)
{
    int64_t k = 0;
    if (argc > 1 && !legal_number(argv[1], &k)) {
        sh_berror(sh, "%s: invalid number", argv[1]);
        return usage(sh);
    }
    struct sh_frame *f = sh->frame;
    for (int64_t i = 0; f && i < k; i++)
        f = f->up;
    if (!f)
        return 1;
    const char *main_source = sh->script ? sh->script : "environment";
    const char *source = f->up && f->up->source && *f->up->source ? f->up->source : main_source;
    if (argc > 1)
        out_printf(sh, "%d %s %s\n", f->call_line, f->up ? f->up->name : "main", source);
    else
        out_printf(sh, "%d %s\n", f->call_line, f->function || sh->script ? source : "NULL");
    return 0;
}

/* --- trap ------------------------------------------------------------------------------- */

static void print_trap(struct shell *sh, int sig)
{
    if (!sh->traps[sig])
        return;
    struct str s;
    str_init(&s, sh->tmp);
    str_puts(&s, "trap -- ");
    text_quote_single(&s, sh->traps[sig]);
    const char *name = trap_signal_name(sig);
    str_printf(&s, " %s\n", sh->dash && str_starts(name, "SIG") ? name + 3 : name);
    out_add(sh, s.s, s.n);
}

static void list_signals(struct shell *sh)
{
    int col = 0;
    for (int i = 1; i <= 64; i++) {
        const char *n = trap_signal_name(i);
        if (!n)
            continue;
        out_printf(sh, "%2d) %s%s", i, n, ++col % 5 == 0 ? "\n" : "\t");
    }
    if (col % 5)
        out_puts(sh, "\n");
}

int bi_trap(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool print = false, list = false;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "" : "lp")) != -1) {
        if (c == '?')
            return 2;
        print |= c == 'p';
        list |= c == 'l';
    }
    int i = o.i;
    if (list) {
        list_signals(sh);
        return 0;
    }
    if (i >= argc) {
        print_trap(sh, SIG_EXIT);
        for (int s = 1; s < SIG_SLOTS; s++)
            print_trap(sh, s);
        return 0;
    }
    if (print) {
        for (; i < argc; i++) {
            int sig = trap_signal_number(sh, argv[i]);
            if (sig < 0) {
                sh_berror(sh, "%s: invalid signal specification", argv[i]);
                status = 1;
            } else {
                print_trap(sh, sig);
            }
        }
        return status;
    }
    const char *action = argv[i];
    int64_t n;
    bool reset = strcmp(action, "-") == 0;
    if (argc - i == 1 || (legal_number(action, &n) && n >= 0 && n < 65)) {
        if (argc - i == 1 && trap_signal_number(sh, action) < 0) {
            if (sh->dash) {
                dash_complain(sh, "%s: bad trap", action);
                return 1;
            }
            if (reset || !*action)
                return usage(sh);
            sh_berror(sh, "%s: invalid signal specification", action);
            return 1;
        }
        action = NULL;
    } else {
        i++;
        if (reset)
            action = NULL;
    }
    if (sh->trap_kept) { /* a subshell's own traps replace the inherited list */
        for (int s = 0; s < SIG_SLOTS; s++)
            if (sh->traps[s] && *sh->traps[s])
                sh->traps[s] = NULL;
        sh->trap_kept = false;
    }
    for (; i < argc; i++) {
        int sig = trap_signal_number(sh, argv[i]);
        if (sig < 0) {
            if (sh->dash)
                dash_complain(sh, "%s: bad trap", argv[i]);
            else
                sh_berror(sh, "%s: invalid signal specification", argv[i]);
            status = 1;
            continue;
        }
        if (sig > 0 && sig <= 64 && (sh->ignored_at_start & (1ull << (sig - 1))) &&
            !sh->interactive)
            continue;
        trap_set(sh, sig, action);
    }
    return status;
}

int bi_suspend(struct shell *sh, int argc, char **argv)
{
    (void)argc, (void)argv;
    if (!sh->job_control) {
        sh_berror(sh, "cannot suspend: no job control");
        return 1;
    }
    (void)vm_kill(sh->p, vm_getpid(sh->p), SIGSTOP);
    return 0;
}

int bi_times(struct shell *sh, int argc, char **argv)
{
    struct vm_times t;
    (void)argc, (void)argv;
    vm_gettimes(sh->p, &t);
    int64_t v[4] = {t.user_us, t.sys_us, t.child_user_us, t.child_sys_us};
    for (int i = 0; i < 4; i++)
        out_printf(sh, sh->dash ? "%lldm%lld.%06llds%s" : "%lldm%lld.%03llds%s",
                   (long long)(v[i] / 60000000), (long long)(v[i] / 1000000 % 60),
                   (long long)(sh->dash ? v[i] % 1000000 : v[i] % 1000000 / 1000),
                   i % 2 ? "\n" : " ");
    return 0;
}
