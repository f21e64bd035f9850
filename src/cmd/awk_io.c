/* awk_io.c -- awk's files and pipes, kept open by name.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/awk_io.h"

#include <string.h>
#include <sys/wait.h>

struct ends {
    int from, to, other; /* descriptor that becomes to in the child; the other is closed */
};

static void setup(struct proc *child, void *arg)
{
    const struct ends *e = arg;
    vm_dup2(child, e->from, e->to);
    vm_close(child, e->from);
    vm_close(child, e->other);
}

static int start(struct cmd_run *r, const char *command, struct ends *e)
{
    char *argv[] = {"sh", "-c", vm_strdup(r->p, command), NULL};
    return vm_spawn(r->p, "/bin/sh", argv, vm_environ(r->p), e ? setup : NULL, e);
}

void awk_file_flush(struct cmd_run *r, struct awk_file *all)
{
    (void)vf_flush(r->out);
    for (struct awk_file *f = all; f; f = f->next)
        if (f->mode == '>' || f->mode == 'o')
            (void)vf_flush(f->f);
}

static struct vfile *open_pipe(struct cmd_run *r, const char *command, bool in, int *pid)
{
    int fd[2];
    if (vm_pipe(r->p, fd) < 0)
        return NULL;
    struct ends e = {.from = fd[in ? 1 : 0], .to = in ? 1 : 0, .other = fd[in ? 0 : 1]};
    *pid = start(r, command, &e);
    vm_close(r->p, e.from);
    if (*pid < 0) {
        vm_close(r->p, e.other);
        return NULL;
    }
    vm_cloexec(r->p, e.other, true);
    return vf_fdopen(r->p, e.other, in ? "r" : "w");
}

struct awk_file *awk_file_get(struct cmd_run *r, struct awk_file **all, const char *name, int mode,
                              int *err)
{
    int kind = mode == 'a' ? '>' : mode, pid = 0;
    for (struct awk_file *f = *all; f; f = f->next)
        if (f->mode == kind && !strcmp(f->name, name))
            return f;
    struct vfile *f = NULL;
    if (mode == 'i' || mode == 'o') {
        awk_file_flush(r, *all);
        f = open_pipe(r, name, mode == 'i', &pid);
    } else if (!strcmp(name, "-") || !strcmp(name, "/dev/stdout") || !strcmp(name, "/dev/stdin")) {
        f = mode == '<' ? r->in : r->out;
    } else if (!strcmp(name, "/dev/stderr")) {
        f = r->err;
    } else {
        f = vf_open(r->p, name, mode == '<' ? "re" : mode == 'a' ? "ae" : "we", err);
    }
    if (!f)
        return NULL;
    struct awk_file *new = vm_alloc(r->p, sizeof(*new));
    *new = (struct awk_file){
        .next = *all, .name = vm_strdup(r->p, name), .mode = kind, .f = f, .pid = pid};
    *all = new;
    return new;
}

int awk_file_close(struct cmd_run *r, struct awk_file **all, const char *name)
{
    int status = -1;
    for (struct awk_file **at = all; *at;) {
        struct awk_file *f = *at;
        if (strcmp(f->name, name)) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        status = 0;
        if (f->f == r->in || f->f == r->out || f->f == r->err)
            (void)vf_flush(f->f);
        else
            (void)vf_close(f->f);
        int st;
        if (f->pid > 0 && vm_wait(r->p, f->pid, &st, 0) > 0)
            status = WIFEXITED(st) ? WEXITSTATUS(st) : 256 + WTERMSIG(st);
    }
    return status;
}

int awk_system(struct cmd_run *r, const char *command)
{
    int st, pid = start(r, command, NULL);
    if (pid < 0 || vm_wait(r->p, pid, &st, 0) < 0)
        return 127;
    return WIFEXITED(st) ? WEXITSTATUS(st) : 256 + WTERMSIG(st);
}
