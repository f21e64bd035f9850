/* redir.c -- redirections, and taking them back.
 *
 * What a redirection replaces is kept on a descriptor from 10 up, close-on-exec,
 * on the shell's undo stack.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/expand.h"
#include "vm/net.h"

enum { SAVED_FROM = 10, HERE_PIPE = 4096 };

static void save(struct shell *sh, int fd)
{
    if (sh->undo_n == sh->undo_cap) {
        int cap = sh->undo_cap ? sh->undo_cap * 2 : 8;
        sh->undo = arena_realloc(sh->heap, sh->undo, (size_t)sh->undo_cap * sizeof *sh->undo,
                                 (size_t)cap * sizeof *sh->undo);
        sh->undo_cap = cap;
    }
    int saved = vm_dup(sh->p, fd, SAVED_FROM);
    if (saved >= 0)
        (void)vm_cloexec(sh->p, saved, true);
    sh->undo[sh->undo_n++] = (struct sh_undo){fd, saved < 0 ? -1 : saved};
}

void redir_undo(struct shell *sh, int mark)
{
    while (sh->undo_n > mark) {
        struct sh_undo u = sh->undo[--sh->undo_n];
        if (u.saved < 0) {
            (void)vm_close(sh->p, u.fd);
        } else {
            (void)vm_dup2(sh->p, u.saved, u.fd);
            (void)vm_close(sh->p, u.saved);
        }
    }
}

void redir_keep(struct shell *sh, int mark)
{
    while (sh->undo_n > mark) {
        struct sh_undo u = sh->undo[--sh->undo_n];
        if (u.saved >= 0)
            (void)vm_close(sh->p, u.saved);
    }
}

static bool fail(struct shell *sh, const struct redir *r, const char *name, int err)
{
    if (sh->dash) {
        bool out = r->op != REDIR_IN;
        const char *text =
            err == -ENOENT ? (out ? "Directory nonexistent" : "No such file") : vm_strerror(-err);
        sh_error(sh, "cannot %s %s: %s", out ? "create" : "open", name, text);
    } else {
        sh_error(sh, "%s: %s", name, vm_strerror(-err));
    }
    return false;
}

/* The file name a redirection names; NULL after a message. */
static char *file_name(struct shell *sh, const struct redir *r)
{
    if (sh->dash)
        return expand_string(sh, r->target);
    struct fields f = {0};
    expand_word_fields(sh, r->target, &f);
    if (f.n == 1)
        return f.v[0];
    sh_error(sh, "%s: ambiguous redirect", r->target->text);
    return NULL;
}

static int open_network(struct shell *sh, const char *name)
{
    bool tcp = str_starts(name, "/dev/tcp/");
    if (!tcp && !str_starts(name, "/dev/udp/"))
        return -ENOENT;
    const char *host = name + 9, *port = strchr(host, '/');
    if (!port || !port[1])
        return -ENOENT;
    if (!tcp) { /* a datagram socket always connects */
        int fds[2];
        int err = vm_socketpair(sh->p, fds);
        if (err < 0)
            return err;
        return fds[0];
    }
    struct vm_addr at;
    char *h = sh_tmp_printf(sh, "%.*s", (int)(port - host), host);
    int64_t number;
    int err = vm_resolve(sh->p, h, AF_UNSPEC, &at, 1);
    if (err < 1) {
        sh_error(sh, "%s: %s", h,
                 err == -EAGAIN ? "Temporary failure in name resolution"
                                : "Name or service not known");
        return -EINVAL;
    }
    if (!legal_number(port + 1, &number) || number < 0 || number > 65535) {
        sh_error(sh, "%s: Servname not supported for ai_socktype", port + 1);
        return -EINVAL;
    }
    err = vm_dial(sh->p, &at, (int)number, 0);
    if (err < 0) { /* bash names no line here: it is perror speaking */
        char *text = sh_tmp_printf(sh, "%s: connect: %s\n", sh->arg0, vm_strerror(-err));
        (void)vm_write_all(sh->p, 2, text, strlen(text));
    }
    return err;
}

static int open_target(struct shell *sh, const struct redir *r, const char *name)
{
    int flags = 0;
    switch (r->op) {
    case REDIR_IN:
        flags = O_RDONLY;
        break;
    case REDIR_RDWR:
        flags = O_RDWR | O_CREAT;
        break;
    case REDIR_APPEND:
    case REDIR_BOTH_APPEND:
        flags = O_WRONLY | O_CREAT | O_APPEND;
        break;
    default:
        flags = O_WRONLY | O_CREAT | O_TRUNC;
    }
    struct vfs_stat st;
    bool clobber = r->op == REDIR_OUT || r->op == REDIR_BOTH || r->op == REDIR_DUP_OUT;
    if (clobber && sh->opt[OPT_NOCLOBBER] && vm_stat(sh->p, name, &st) == 0 &&
        (st.mode & S_IFMT) == S_IFREG)
        return -EEXIST;
    int fd = vm_open(sh->p, name, flags, 0666);
    if (fd == -ENOENT && str_starts(name, "/dev/") && !sh->dash) {
        int net = open_network(sh, name);
        if (net != -ENOENT)
            return net;
    }
    return fd;
}

/* A descriptor to read text from. */
static int here_text(struct shell *sh, const char *text, size_t n)
{
    int fds[2], err;
    if (n <= HERE_PIPE) {
        if ((err = vm_pipe(sh->p, fds)) < 0)
            return err;
        (void)vm_write_all(sh->p, fds[1], text, n);
        (void)vm_close(sh->p, fds[1]);
        return fds[0];
    }
    char path[64];
    (void)str_fmt(path, sizeof path, "/tmp/sh-thd.%06llx",
                  (unsigned long long)(vm_random(sh->p) & 0xffffff));
    int fd = vm_open(sh->p, path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return fd;
    (void)vm_write_all(sh->p, fd, text, n);
    int in = vm_open(sh->p, path, O_RDONLY, 0);
    (void)vm_unlink(sh->p, path);
    (void)vm_close(sh->p, fd);
    return in;
}

/* Moves the open descriptor from to fd (kept to be taken back). */
static void place(struct shell *sh, int from, int fd)
{
    if (from == fd) { /* opened exactly there: it was closed before */
        if (sh->undo_n == sh->undo_cap)
            save(sh, -1), sh->undo_n--;
        sh->undo[sh->undo_n++] = (struct sh_undo){fd, -1};
        return;
    }
    save(sh, fd);
    (void)vm_dup2(sh->p, from, fd);
    (void)vm_close(sh->p, from);
}

/* {var}>...: the descriptor's number goes into the variable. */
static bool place_var(struct shell *sh, const struct redir *r, int from)
{
    int fd = vm_dup(sh->p, from, SAVED_FROM);
    (void)vm_close(sh->p, from);
    if (fd < 0) {
        sh_error(sh, "%s", vm_strerror(-fd));
        return false;
    }
    const char *open = strchr(r->var, '[');
    char num[16];
    (void)str_fmt(num, sizeof num, "%d", fd);
    if (open) {
        char *name = sh_tmp_strndup(sh, r->var, (size_t)(open - r->var));
        char *sub = sh_tmp_strndup(sh, open + 1, strlen(open) - 2);
        return var_set_elem(sh, name, sub, num, false);
    }
    if (var_set(sh, r->var, num))
        return true;
    sh_error(sh, "%s: cannot assign fd to variable", r->var);
    (void)vm_close(sh->p, fd);
    return false;
}

static bool close_var(struct shell *sh, const struct redir *r)
{
    const char *val = param_by_text(sh, r->var);
    int64_t fd;
    if (!val || str_int(val, 0, 1 << 20, &fd) != 0) {
        sh_error(sh, "%s: Bad file descriptor", r->var);
        return false;
    }
    (void)vm_close(sh->p, (int)fd);
    return true;
}

static bool both(struct shell *sh, const struct redir *r, const char *name)
{
    int fd = open_target(sh, r, name);
    if (fd == -EEXIST) {
        sh_error(sh, "%s: cannot overwrite existing file", name);
        return false;
    }
    if (fd < 0)
        return fail(sh, r, name, fd);
    place(sh, fd, 1);
    save(sh, 2);
    (void)vm_dup2(sh->p, 1, 2);
    return true;
}

static bool duplicate(struct shell *sh, const struct redir *r)
{
    int fd = r->fd >= 0 ? r->fd : r->op == REDIR_DUP_IN ? 0 : 1;
    struct fields f = {0};
    expand_word_fields(sh, r->target, &f);
    if (f.n != 1) {
        sh_error(sh, "%s: ambiguous redirect", r->target->text);
        return false;
    }
    const char *t = f.v[0];
    size_t digits = strspn(t, "0123456789"), n = strlen(t);
    if (strcmp(t, "-") == 0) {
        if (r->var)
            return close_var(sh, r);
        save(sh, fd);
        (void)vm_close(sh->p, fd);
        return true;
    }
    bool move = digits && digits + 1 == n && t[digits] == '-';
    if (!digits || digits > 9 || (digits != n && !move)) {
        if (r->op == REDIR_DUP_OUT && r->fd < 0 && !sh->dash && !r->var)
            return both(sh, r, t);
        if (sh->dash) {
            sh->line = r->line;
            sh_error(sh, "Syntax error: Bad fd number");
            sh_fatal(sh, 2);
        } else {
            sh_error(sh, "%s: ambiguous redirect", t);
        }
        return false;
    }
    int64_t from = 0;
    (void)!str_int(sh_tmp_strndup(sh, t, digits), 0, 1 << 30, &from);
    if (vm_fd_flags(sh->p, (int)from) < 0 || from >= SAVED_FROM + 1000) {
        if (from == fd && move)
            return true;
        sh_error(sh, "%s: Bad file descriptor", sh->dash ? t : r->target->text);
        return false;
    }
    if (r->var) {
        int copy = vm_dup(sh->p, (int)from, SAVED_FROM);
        return copy >= 0 && place_var(sh, r, copy);
    }
    if (from != fd) {
        save(sh, fd);
        (void)vm_dup2(sh->p, (int)from, fd);
        if (move) {
            save(sh, (int)from);
            (void)vm_close(sh->p, (int)from);
        }
    }
    return true;
}

static bool apply_one(struct shell *sh, const struct redir *r)
{
    int from;
    switch (r->op) {
    case REDIR_DUP_IN:
    case REDIR_DUP_OUT:
        return duplicate(sh, r);
    case REDIR_HERE:
    case REDIR_HERE_TABS:
    case REDIR_STRING: {
        char *text =
            r->op == REDIR_STRING ? expand_string(sh, r->target) : expand_heredoc(sh, r->target);
        size_t n = strlen(text);
        if (r->op == REDIR_STRING) {
            text = sh_tmp_printf(sh, "%s\n", text);
            n++;
        }
        from = here_text(sh, text, n);
        if (from < 0) {
            sh_error(sh, "cannot create temp file for here-document: %s", vm_strerror(-from));
            return false;
        }
        break;
    }
    default: {
        char *name = file_name(sh, r);
        if (!name)
            return false;
        if (sh->restricted && r->op != REDIR_IN) {
            sh_error(sh, "%s: restricted: cannot redirect output", name);
            return false;
        }
        if (r->op == REDIR_BOTH || r->op == REDIR_BOTH_APPEND)
            return both(sh, r, name);
        from = open_target(sh, r, name);
        if (from == -EEXIST && !sh->dash) {
            sh_error(sh, "%s: cannot overwrite existing file", name);
            return false;
        }
        if (from < 0)
            return fail(sh, r, name, from);
    }
    }
    if (r->var)
        return place_var(sh, r, from);
    int fd = r->fd >= 0                                                              ? r->fd
             : r->op == REDIR_OUT || r->op == REDIR_APPEND || r->op == REDIR_CLOBBER ? 1
                                                                                     : 0;
    place(sh, from, fd);
    return true;
}

bool redir_apply(struct shell *sh, const struct redir *r)
{
    out_flush(sh);
    for (; r; r = r->next)
        if (!apply_one(sh, r))
            return false;
    return true;
}
