/* login.c -- an attacker's session on a machine: the sshd processes above it,
 * the channels below it, and how they end.
 *
 * A login is counted: processes started in it may outlive the connection and
 * still name it. The sshd rows are processes without a fiber.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdio.h>

#include "vm/priv.h"
#include "vm/records.h"

/* One channel's process. Lives until it has ended and the host was told. */
struct login_run {
    struct list link; /* in the login's runs, or in the world's ended */
    struct vm_login *login;
    struct login_run *next; /* of the same process (never more than one today) */
    int pid, status, tty;   /* tty: index, or -1 */
    void (*ended)(void *ctx, int status);
    void *ctx;
};

void login_ref(struct vm_login *l)
{
    l->refs++;
}

void login_unref(struct vm_login *l)
{
    if (--l->refs)
        return;
    struct vm *vm = l->vm;
    k_strfree(vm, l->user);
    k_strfree(vm, l->from);
    k_strfree(vm, l->to);
    k_free(vm, l, sizeof(*l));
}

/* --- sshd's rows ----------------------------------------------------------------- */
static void set_title(struct proc *p, const char *title)
{
    char *argv[] = {(char *)(uintptr_t)title, NULL}, *envp[] = {NULL};
    struct program *g = program_new(p->vm, "/usr/sbin/sshd", argv, envp);
    if (!g)
        return;
    program_unref(p->vm, p->prog);
    p->prog = g;
}

static struct proc *sshd_row(struct vm_login *l, struct proc *parent, uint32_t uid, uint32_t gid)
{
    struct proc *p = proc_new(l->vm, parent, daemon_pid(l->vm, "sshd"));
    if (!p)
        return NULL;
    p->fixed = true;
    p->state = P_SLEEP;
    p->cred.uid = p->ruid = uid;
    p->cred.gid = p->rgid = gid;
    str_copy(p->comm, sizeof(p->comm), "sshd");
    if (!p->login) {
        p->login = l;
        login_ref(l);
    }
    return p;
}

/* "sshd: root@pts/0,pts/2", as sshd keeps it up to date. */
static void retitle(struct vm_login *l)
{
    char title[256];
    size_t n;
    bool any = false;
    str_fmt(title, sizeof(title), "sshd: %s@", l->user);
    LIST_EACH(link, &l->runs)
    {
        struct login_run *r = LIST_ENTRY(link, struct login_run, link);
        n = strlen(title);
        if (r->tty >= 0) {
            str_fmt(title + n, sizeof(title) - n, "%spts/%d", any ? "," : "", r->tty);
            any = true;
        }
    }
    n = strlen(title);
    if (!any)
        str_fmt(title + n, sizeof(title) - n, "notty");
    if (l->session)
        set_title(l->session, title);
}

int vm_login_new(struct vm *vm, const struct vm_login_conf *conf, struct vm_login **out)
{
    struct user u;
    int err = user_by_name(vm, conf->user, &u);
    if (err < 0)
        return err;
    struct vm_login *l = k_alloc(vm, sizeof(*l));
    if (!l)
        return -ENOMEM;
    *l = (struct vm_login){.vm = vm,
                           .refs = 1,
                           .id = conf->id,
                           .policy = conf->policy,
                           .owner = conf->owner,
                           .from_port = conf->from_port,
                           .to_port = conf->to_port,
                           .uid = u.uid,
                           .gid = u.gid,
                           .since_us = vm_real_us(vm),
                           .number = ++vm->sessions};
    list_init(&l->runs);
    list_init(&l->in_vm);
    l->user = k_strdup(vm, conf->user);
    l->from = k_strdup(vm, conf->from ? conf->from : "0.0.0.0");
    l->to = k_strdup(vm, conf->to ? conf->to : vm->world->conf.persona->ip4);
    l->monitor = sshd_row(l, NULL, 0, 0);
    if (l->monitor && u.uid) {
        char title[128];
        str_fmt(title, sizeof(title), "sshd: %s [priv]", u.name);
        set_title(l->monitor, title);
        l->session = sshd_row(l, l->monitor, u.uid, u.gid);
    } else {
        l->session = l->monitor;
    }
    list_push(&vm->logins, &l->in_vm);
    if (!l->user || !l->from || !l->to || !l->session) {
        vm_login_end(l);
        return -ENOMEM;
    }
    retitle(l);
    records_login(l);
    *out = l;
    return 0;
}

void vm_login_end(struct vm_login *l)
{
    if (!l || l->over)
        return;
    l->over = true;
    l->policy = l->owner = NULL;
    l->vm->last_used_us = clock_mono_us(l->vm->world->clock);
    while (!list_empty(&l->runs)) {
        struct login_run *r = LIST_ENTRY(l->runs.next, struct login_run, link);
        struct proc *p = proc_find(l->vm, r->pid);
        if (r->tty >= 0)
            records_tty_end(l, r->pid, (unsigned)r->tty);
        list_del(&r->link);
        if (p && p->runs == r)
            p->runs = NULL;
        k_free(l->vm, r, sizeof(*r));
        login_unref(l);
    }
    LIST_EACH_SAFE(link, &l->vm->world->ended)
    {
        struct login_run *r = LIST_ENTRY(link, struct login_run, link);
        if (r->login == l) {
            list_del(&r->link);
            k_free(l->vm, r, sizeof(*r));
            login_unref(l);
        }
    }
    records_logout(l);
    struct proc *session = l->session, *monitor = l->monitor;
    l->session = l->monitor = NULL;
    if (session)
        proc_die(session, 0);
    if (monitor && monitor != session)
        proc_die(monitor, 0);
    list_del(&l->in_vm);
    login_unref(l);
}

void login_forget_machine(struct vm *vm)
{
    LIST_EACH_SAFE(link, &vm->world->ended)
    {
        struct login_run *r = LIST_ENTRY(link, struct login_run, link);
        if (r->login->vm == vm)
            list_del(&r->link);
    }
}

uint64_t vm_login_id(const struct vm_login *l)
{
    return l->id;
}

void *vm_login_policy(const struct vm_login *l)
{
    return l ? l->policy : NULL;
}

void *vm_login_owner(const struct vm_login *l)
{
    return l ? l->owner : NULL;
}

const char *vm_login_from(const struct vm_login *l)
{
    return l->from;
}

struct vm *vm_login_vm(const struct vm_login *l)
{
    return l->vm;
}

/* --- a channel's process ------------------------------------------------------------- */
struct env_list {
    struct arena *a;
    char *v[64];
    size_t n;
};

static void env_add(struct env_list *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void env_add(struct env_list *e, const char *fmt, ...)
{
    struct str s;
    va_list ap;
    if (e->n + 1 >= sizeof(e->v) / sizeof(e->v[0]))
        return;
    str_init(&s, e->a);
    va_start(ap, fmt);
    str_vprintf(&s, fmt, ap);
    va_end(ap);
    char *eq = s.bad || !s.s ? NULL : strchr(s.s, '=');
    if (!eq)
        return;
    size_t i = 0, name = (size_t)(eq - s.s) + 1; /* a later value replaces an earlier one */
    while (i < e->n && strncmp(e->v[i], s.s, name) != 0)
        i++;
    e->v[i] = s.s;
    e->n += i == e->n;
}

/* The environment in the order in which sshd and PAM set it. */
static void env_fill(struct env_list *e, const struct vm_login *l, const struct vm_run *run,
                     const struct user *u, const struct vm_tty *tty)
{
    const struct persona *pe = l->vm->world->conf.persona;
    bool root = u->uid == 0;
    for (size_t i = 0; run->env && run->env[i] && i < 20; i++)
        env_add(e, "%s", run->env[i]);
    env_add(e, "USER=%s", u->name);
    env_add(e, "LOGNAME=%s", u->name);
    env_add(e, "HOME=%s", u->home);
    env_add(e, "PATH=%s",
            root ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                 : "/usr/local/bin:/usr/bin:/bin:/usr/games");
    env_add(e, "SHELL=%s", u->shell);
    if (tty)
        env_add(e, "TERM=%s", run->term ? run->term : "");
    env_add(e, "LANG=%s", pe->locale); /* of PAM: it overrides the client's */
    env_add(e, "XDG_SESSION_ID=%u", l->number);
    env_add(e, "XDG_RUNTIME_DIR=/run/user/%u", u->uid);
    env_add(e, "XDG_SESSION_TYPE=tty");
    env_add(e, "XDG_SESSION_CLASS=user");
    if (tty && !run->command)
        env_add(e, "MOTD_SHOWN=pam");
    env_add(e, "SSH_CLIENT=%s %d %d", l->from, l->from_port, l->to_port);
    env_add(e, "SSH_CONNECTION=%s %d %s %d", l->from, l->from_port, l->to, l->to_port);
    if (tty)
        env_add(e, "SSH_TTY=/dev/pts/%u", tty->index);
    e->v[e->n] = NULL;
}

static int std_files(struct proc *p, struct ofile *in, struct ofile *out, struct ofile *err)
{
    struct ofile *f[] = {in, out, err};
    for (int i = 0; i < 3; i++)
        if (!f[i] || fd_put_at(p, f[i], i) < 0)
            return -ENOMEM;
    return 0;
}

static int connect_tty(struct proc *p, const struct vm_run *run, uint32_t uid, struct vm_port **io,
                       struct vm_tty **out)
{
    struct vm *vm = p->vm;
    struct vm_tty *t;
    int err = tty_new(vm, uid, &t);
    if (err < 0)
        return err;
    t->size = run->size;
    if (run->modes)
        t->t = *run->modes;
    struct vm_port *port = port_new(vm, &run->events);
    if (!port) {
        tty_unref(t);
        return -ENOMEM;
    }
    port->tty = t;
    t->port = port;
    *io = port;
    *out = t;
    t->sid = t->pgrp = p->pid;
    t->refs++;
    p->tty = t;
    struct ofile *f = tty_open_file(t, O_RDWR);
    if (!f)
        return -ENOMEM;
    char path[32];
    str_fmt(path, sizeof(path), "/dev/pts/%u", t->index);
    f->path = k_strdup(vm, path);
    f->refs = 3;
    return std_files(p, f, f, f);
}

static int connect_pipes(struct proc *p, const struct vm_run *run, struct vm_port **io,
                         struct vm_port **err)
{
    struct vm *vm = p->vm;
    struct pipe *in = pipe_new(vm), *out = pipe_new(vm), *er = pipe_new(vm);
    struct vm_port *a = port_new(vm, &run->events), *b = port_new(vm, &run->err_events);
    if (!in || !out || !er || !a || !b)
        return -ENOMEM; /* the machine is full; its arena has the pieces */
    pipe_hold(in, true);
    pipe_hold(out, false);
    pipe_hold(er, false);
    a->in = in;
    a->out = out;
    b->out = er;
    in->writer_port = a;
    out->reader_port = a;
    er->reader_port = b;
    *io = a;
    *err = b;
    return std_files(p, pipe_end(vm, in, false, 0), pipe_end(vm, out, true, 0),
                     pipe_end(vm, er, true, 0));
}

static int run_exec(struct proc *p, struct vm_login *l, const struct vm_run *run,
                    const struct user *u, const struct vm_tty *tty)
{
    struct env_list env = {.a = p->arena};
    const char *base = strrchr(u->shell, '/');
    char arg0[64];
    str_fmt(arg0, sizeof(arg0), "%s%s", run->command ? "" : "-", base ? base + 1 : u->shell);
    char *login_argv[] = {arg0, NULL};
    char *cmd_argv[] = {arg0, (char *)(uintptr_t) "-c", (char *)(uintptr_t)run->command, NULL};
    struct program *g;
    env_fill(&env, l, run, u, tty);
    int err = exec_prepare(p, u->shell, run->command ? cmd_argv : login_argv, env.v, &g);
    if (err < 0)
        return err;
    exec_commit(p, g);
    if (vm_chdir(p, u->home) < 0)
        (void)vm_chdir(p, "/");
    return 0;
}

int vm_login_run(struct vm_login *l, const struct vm_run *run, int *pid, struct vm_port **io,
                 struct vm_port **err_port)
{
    struct vm *vm = l->vm;
    struct user u;
    *io = *err_port = NULL;
    if (l->over)
        return -EIO;
    if (user_by_name(vm, l->user, &u) < 0)
        return -ENOENT;
    if (vm->nprocs >= vm->world->conf.limits.processes) {
        limit_hit(vm, l->session, LIMIT_PROCESSES);
        return -EAGAIN;
    }
    struct login_run *r = k_alloc(vm, sizeof(*r));
    struct proc *p = r ? proc_new(vm, l->session, 0) : NULL;
    if (!p) {
        k_free(vm, r, sizeof(*r));
        return -ENOMEM;
    }
    p->pgid = p->sid = p->pid;
    p->cred.uid = p->ruid = u.uid;
    p->cred.gid = p->rgid = u.gid;
    user_groups(vm, u.name, u.gid, &p->cred);
    struct vm_tty *tty = NULL;
    int err = run->tty ? connect_tty(p, run, u.uid, io, &tty) : connect_pipes(p, run, io, err_port);
    if (err == 0)
        err = run_exec(p, l, run, &u, tty);
    if (err < 0) {
        vm_port_close(*io);
        vm_port_close(*err_port);
        *io = *err_port = NULL;
        p->parent = NULL;
        proc_die(p, SIGKILL);
        k_free(vm, r, sizeof(*r));
        return err;
    }
    *r = (struct login_run){.login = l,
                            .pid = p->pid,
                            .tty = tty ? (int)tty->index : -1,
                            .ended = run->ended,
                            .ctx = run->ctx};
    login_ref(l);
    list_push(&l->runs, &r->link);
    p->runs = r;
    retitle(l);
    if (tty) {
        if (!run->command)
            records_greet(l, tty);
        records_tty_start(l, p->pid, tty->index);
    }
    *pid = p->pid;
    proc_launch(p);
    return 0;
}

void login_proc_ended(struct proc *p)
{
    struct login_run *r = p->runs;
    if (!r)
        return;
    p->runs = NULL;
    r->status = p->status;
    if (r->tty >= 0)
        records_tty_end(r->login, r->pid, (unsigned)r->tty);
    list_del(&r->link);
    retitle(r->login);
    list_push(&p->vm->world->ended, &r->link);
}

void login_flush_ended(struct vm_world *w)
{
    while (!list_empty(&w->ended)) {
        /* Its last output first; that may make the host forget it. */
        port_flush_all(w);
        if (list_empty(&w->ended))
            return;
        struct login_run *r = LIST_ENTRY(w->ended.next, struct login_run, link);
        struct vm_login *l = r->login;
        list_del(&r->link);
        void (*ended)(void *, int) = r->ended;
        void *ctx = r->ctx;
        int status = r->status;
        k_free(l->vm, r, sizeof(*r));
        login_unref(l);
        if (ended)
            ended(ctx, status);
    }
}

void vm_login_forget(struct vm_login *l, int pid)
{
    struct list *lists[] = {&l->runs, &l->vm->world->ended};
    for (int i = 0; i < 2; i++)
        LIST_EACH(link, lists[i])
        {
            struct login_run *r = LIST_ENTRY(link, struct login_run, link);
            if (r->login == l && r->pid == pid)
                r->ended = NULL;
        }
}

int vm_login_signal(struct vm_login *l, int pid, int sig)
{
    LIST_EACH(link, &l->runs)
    {
        struct login_run *r = LIST_ENTRY(link, struct login_run, link);
        if (r->pid == pid && sig > 0 && sig <= NSIG_MAX) {
            signal_group(l->vm, pid, sig);
            return 0;
        }
    }
    return -ESRCH;
}

/* --- agents --------------------------------------------------------------------------- */
struct proc *vm_agent_new(struct vm_login *l)
{
    struct user u;
    if (user_by_name(l->vm, l->user, &u) < 0)
        return NULL;
    struct proc *p = proc_new(l->vm, l->session, 0);
    if (!p)
        return NULL;
    p->agent = true;
    p->state = P_SLEEP;
    p->pgid = p->sid = p->pid;
    p->cred.uid = p->ruid = u.uid;
    p->cred.gid = p->rgid = u.gid;
    user_groups(l->vm, u.name, u.gid, &p->cred);
    str_copy(p->comm, sizeof(p->comm), "sftp-server");
    if (vm_chdir(p, u.home) < 0)
        (void)vm_chdir(p, "/");
    return p;
}

void vm_agent_free(struct proc *p)
{
    if (!p)
        return;
    p->agent = false;
    p->parent = NULL;
    list_del(&p->siblings);
    proc_die(p, 0);
}
